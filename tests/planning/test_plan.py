import json
from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.planning.advice import fits, largest_batch
from chronolect.planning.devices import find_device
from chronolect.planning.memory import Step
from chronolect.planning.plan import plan
from chronolect.planning.published import tables
from chronolect.planning.shapes import find_shape
from chronolect.training.config import TrainingConfig

GUIDE = Path(__file__).parents[2] / "docs" / "planning.md"


def test_the_production_run_of_the_seeds() -> None:
    found = plan(
        "tinyllama-1.1b", device="h200", tokens="1.94B", epochs=5, seq_len=2048, batch_size=4, accumulate=32,
        gradient_checkpointing=True,
    )  # fmt: skip
    assert found["model"]["parameters"] == 1_100_048_384
    assert found["run"]["tokens"] == 9.7e9
    assert found["run"]["tokens_per_step"] == 262_144
    assert found["run"]["steps"] == pytest.approx(37_003, abs=1)
    assert found["data"]["chinchilla_epochs"] == pytest.approx(11.3, abs=0.1)
    assert found["memory"]["fits"]
    assert not found["advice"]
    hours = found["run"]["tokens"] / found["speed"]["tokens_per_s"] / 3600
    assert found["run"]["days"] == pytest.approx(hours / 24)
    assert found["run"]["cost"] == pytest.approx(hours * found["run"]["price_per_hour"])
    assert "fits" in found["screen"]
    assert "1.1B weights" in found["screen"]


def test_the_largest_batch_is_the_last_that_fits() -> None:
    found = plan("Qwen2.5-1.5B-Instruct", stage="unlearn", device="rtx-4090")
    most = found["memory"]["largest_batch"]
    assert plan("Qwen2.5-1.5B-Instruct", stage="unlearn", device="rtx-4090", batch_size=most)["memory"]["fits"]
    assert not plan("Qwen2.5-1.5B-Instruct", stage="unlearn", device="rtx-4090", batch_size=most + 1)["memory"]["fits"]


def test_advice_ends_where_it_fits() -> None:
    found = plan("Mistral-7B-Instruct-v0.3", stage="sft", device="rtx-4090", seq_len=2048)
    assert not found["memory"]["fits"]
    assert [change["fits"] for change in found["advice"]] == [False] * (len(found["advice"]) - 1) + [True]
    changes = [change["change"] for change in found["advice"]]
    assert any("--use-4bit" in change for change in changes)
    assert "--gradient-checkpointing" in changes
    sizes = [change["gb"] for change in found["advice"]]
    assert sizes == sorted(sizes, reverse=True)
    assert "To make it fit" in found["screen"]


def test_sharded_weights_are_not_told_to_be_quantised() -> None:
    found = plan(
        "Mistral-7B-Instruct-v0.3", stage="sft", device="rtx-4090", gpus=2, shard="fsdp", seq_len=2048, batch_size=8
    )
    assert found["advice"]
    assert not any("4bit" in change["change"] for change in found["advice"])


def test_pretraining_is_not_told_to_use_adapters() -> None:
    found = plan("Mistral-7B-Instruct-v0.3", device="h100", seq_len=2048)
    assert not any("lora" in change["change"] for change in found["advice"])
    assert found["advice"][-1]["change"].endswith("devices, sharded")


def test_nothing_helps_a_device_that_is_far_too_small() -> None:
    found = plan("Mistral-7B-Instruct-v0.3", stage="unlearn", device="a4000", memory_gib=2)
    assert found["memory"]["largest_batch"] == 0
    assert not found["advice"][-1]["fits"]
    assert "a larger device or a smaller model" in found["screen"]


def test_largest_batch_of_a_step() -> None:
    step = Step(shape=find_shape("5m"), config=TrainingConfig(), device=find_device("h200"))
    most = largest_batch(step)
    assert most > 100
    assert fits(Step(shape=step.shape, config=TrainingConfig(batch_size=most), device=step.device))


def test_unlearning_has_its_own_defaults_and_rows() -> None:
    sft = plan("Qwen2.5-0.5B-Instruct", stage="sft", lora_r=16, batch_size=4)
    npo = plan("Qwen2.5-0.5B-Instruct", stage="unlearn")
    dpo = plan("Qwen2.5-0.5B-Instruct", stage="unlearn", method="dpo")
    assert npo["settings"]["lora_r"] == 16
    assert npo["settings"]["batch_size"] == 4
    assert npo["run"]["tokens_per_step"] == 4 * 4 * 2 * 512
    assert dpo["run"]["tokens_per_step"] == 4 * 4 * 3 * 512
    assert npo["memory"]["parts"]["activations"] > sft["memory"]["parts"]["activations"]
    whole = plan("Qwen2.5-0.5B-Instruct", stage="unlearn", lora_r=0, method="rmu")
    assert whole["memory"]["parts"]["start model"] == 4 * whole["model"]["parameters"]


def test_a_packed_corpus_says_tokens_and_vocabulary(tmp_path: Path) -> None:
    counts = {"vocab_size": 1234, "splits": {"train": {"tokens": 50_000_000}, "val": {"tokens": 5}}}
    (tmp_path / "manifest.json").write_text(json.dumps({"counts": counts}))
    found = plan("5m", device="cpu", corpus=tmp_path, epochs=2)
    assert found["data"]["tokens"] == 50_000_000
    assert found["model"]["by_part"]["embedding"] == 1234 * 256
    assert found["run"]["tokens"] == 100_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "h20"}, "did you mean"),
        ({"model": "5mm"}, "neither a preset"),
        ({"tokens": "lots"}, "--tokens"),
        ({"gpus": 0}, "--gpus"),
        ({"mfu": 1.5}, "--mfu"),
        ({"method": "npo"}, "--for unlearn"),
        ({"use_4bit": True}, "--lora-r"),
        ({"batch_size": 0}, "--batch-size"),
        ({"model": "SmolLM2-360M", "lora_r": 4, "lora_targets": ["q_prj"]}, "q_prj"),
        ({"seq_len": 512, "corpus": Path("nowhere")}, "not a packed corpus"),
        ({"corpus": Path("nowhere"), "tokens": "1B"}, "leave one of them out"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan(**arguments)


def test_the_guide_shows_the_tables_as_they_come_out() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for table in tables().split("\n\n"):
        assert table in text
