"""The training config refuses what cannot be meant, and is flags and keys at once."""

from typing import Any

import cyclopts
import pytest

from chronolect.errors import UserError
from chronolect.training.config import CONFIG_KEYS, FREE_KEYS, TrainingConfig
from chronolect.training.pretrain import train_pretrain


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seq_len": 0}, "--seq-len must be at least 1"),
        ({"lr": -1.0}, "--lr must be above 0"),
        ({"warmup_steps": -1}, "--warmup-steps must not be negative"),
        ({"min_lr_ratio": 2.0}, "--min-lr-ratio must be between 0 and 1"),
        ({"beta2": 1.0}, "--beta2 must be at least 0 and below 1"),
        ({"schedule": "cosin"}, r'--schedule cosin: unknown.*did you mean "cosine"'),
        ({"dtype": "bf16"}, "--dtype bf16: unknown"),
        ({"shard": "fdsp"}, r'--shard fdsp: unknown.*did you mean "fsdp"'),
        ({"recompute": "every-0"}, "--recompute every-0: unknown; one of all, cheap, every-2"),
        ({"shard": "fsdp", "use_4bit": True, "lora_r": 8}, "--shard fsdp: weights of 4 or 8 bits are not sharded"),
    ],
)
def test_bad_values_name_their_flag(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TrainingConfig(**change)


def test_every_field_is_a_documented_flag() -> None:
    documented = str(TrainingConfig.__doc__)
    assert all(f"        {key}: " in documented for key in CONFIG_KEYS)
    assert set(CONFIG_KEYS) > FREE_KEYS


def test_the_command_line_reads_flags_into_it() -> None:
    app = cyclopts.App()
    app.command(train_pretrain, name="pretrain")
    _, bound, _ = app.parse_args(
        ["pretrain", "packed", "--out", "run", "--preset", "1m", "--seq-len", "64", "--lora-r", "8", "--compile"]
    )
    config = bound.arguments["config"]
    assert (config.seq_len, config.lora_r, config.compile, config.lr) == (64, 8, True, TrainingConfig().lr)
    assert bound.arguments["preset"] == "1m"
