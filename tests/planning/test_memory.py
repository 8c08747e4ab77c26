import re
from pathlib import Path
from typing import Any

import pytest
from benchmarks.memory_plan import run_case

from chronolect.planning.devices import find_device
from chronolect.planning.memory import Memory, Step, plan_memory
from chronolect.planning.shapes import find_shape
from chronolect.training.config import TrainingConfig

REPORT = Path(__file__).parents[2] / "benchmarks" / "training_h200_2026-11-26.md"


def planned(
    model: str = "124m", *, device: str = "h100", gpus: int = 1, stage: str = "pretrain", **settings: Any
) -> Memory:
    step = Step(
        shape=find_shape(model), config=TrainingConfig(**settings), device=find_device(device), gpus=gpus, stage=stage
    )
    return plan_memory(step)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dtype": "float32"},
        {"accumulate": 2, "attention": "eager"},
        {"gradient_checkpointing": True},
        {"gradient_checkpointing": True, "recompute": "cheap"},
        {"lora_r": 8, "lora_dropout": 0.1},
    ],
    ids=str,
)
def test_a_real_step_takes_what_was_planned(settings: dict[str, Any]) -> None:
    case = {"preset": "1m", "vocab": 1024, "batch_size": 4, "seq_len": 384, **settings}
    found = run_case(case, "cpu")
    assert found["planned"] == pytest.approx(found["measured"], rel=0.12)


@pytest.mark.parametrize("settings", [{"use_4bit": True}, {"use_8bit": True, "gradient_checkpointing": True}], ids=str)
def test_a_real_step_on_quantised_weights_takes_what_was_planned(settings: dict[str, Any]) -> None:
    pytest.importorskip("bitsandbytes")
    case = {"preset": "1m", "vocab": 1024, "batch_size": 4, "seq_len": 384, "lora_r": 8, **settings}
    found = run_case(case, "cpu")
    assert found["planned"] == pytest.approx(found["measured"], rel=0.12)


def test_the_h200_took_what_was_planned() -> None:
    rows = re.findall(
        r"\| (\S+) \| (\d+) × ([\d,]+) \| [\d,]+ \| \S+ % \| (\S+) \| [\d,]+ \| \S+ % \| (\S+) \|", REPORT.read_text()
    )
    assert len(rows) == 3
    for preset, batch, length, plain, compiled in rows:
        for flag, measured in ((False, plain), (True, compiled)):
            config = TrainingConfig(seq_len=int(length.replace(",", "")), batch_size=int(batch), compile=flag)
            step = Step(shape=find_shape(preset, vocab_size=32_000), config=config, device=find_device("h200"))
            assert plan_memory(step).allocated / 1e9 == pytest.approx(float(measured), rel=0.03 if flag else 0.01)


def test_states_by_part() -> None:
    weights = find_shape("124m").num_parameters
    full = planned(accumulate=2).parts
    assert (full["weights"], full["gradients"], full["optimizer"]) == (4 * weights, 4 * weights, 8 * weights)
    shape = find_shape("Qwen2.5-1.5B-Instruct")
    in_blocks = shape.layers * shape.block_weights
    adapted = planned(shape.name, lora_r=16).parts
    four, eight = (planned(shape.name, lora_r=16, **{flag: True}).parts for flag in ("use_4bit", "use_8bit"))
    assert adapted["weights"] == 4 * shape.num_parameters
    rest = 4 * (shape.num_parameters - in_blocks)
    assert four["weights"] - rest == pytest.approx(0.516 * in_blocks, rel=0.001)
    assert eight["weights"] - rest == in_blocks
    assert adapted["optimizer"] == 2 * adapted["adapters"]
    in_8_bits = planned(shape.name, lora_r=16, optimizer="adamw-8bit").parts
    assert in_8_bits["optimizer"] == pytest.approx(0.51 * adapted["adapters"], rel=0.01)


def test_sharding_divides_the_states() -> None:
    alone, shared = planned("tinyllama-1.1b", accumulate=2), planned("tinyllama-1.1b", accumulate=2, gpus=4)
    for part in ("weights", "optimizer"):
        assert shared.parts[part] == alone.parts[part] / 4
    assert planned("tinyllama-1.1b", gpus=4, shard="none").parts["weights"] == alone.parts["weights"]
    replicated = planned("tinyllama-1.1b", accumulate=2, gpus=4, shard="none").parts
    assert replicated["exchange"] == replicated["gradients"] == alone.parts["gradients"]
    assert shared.parts["activations"] < alone.parts["activations"]  # the residual stream is in bfloat16


def test_what_saves_memory_saves_it() -> None:
    base = planned("tinyllama-1.1b", seq_len=2048)
    smaller = [
        planned("tinyllama-1.1b", seq_len=1024),
        planned("tinyllama-1.1b", seq_len=2048, batch_size=4),
        planned("tinyllama-1.1b", seq_len=2048, compile=True),
        planned("tinyllama-1.1b", seq_len=2048, gradient_checkpointing=True, recompute="every-2"),
        planned("tinyllama-1.1b", seq_len=2048, gradient_checkpointing=True, recompute="cheap"),
    ]
    assert all(other.total < base.total for other in smaller)
    recomputed = planned("tinyllama-1.1b", seq_len=2048, gradient_checkpointing=True)
    assert all(recomputed.total < other.total for other in smaller[3:])
    assert planned("tinyllama-1.1b", seq_len=2048, attention="eager").total > base.total
    assert planned("tinyllama-1.1b", seq_len=2048, device="mi300x").total > base.total  # eager by default there


def test_the_highest_moment_is_named() -> None:
    assert planned(seq_len=1024).moment == "end of the forward pass"
    small = planned("Llama-3.2-1B-Instruct", seq_len=128, batch_size=1)
    assert small.moment in ("backward pass of the embedding", "end of the backward pass", "optimizer step")
    assert max(small.moments.values()) == small.allocated
