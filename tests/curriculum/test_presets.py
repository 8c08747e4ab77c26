"""Settings of the phases: the published ones, changes to them, and what is refused."""

import pytest

from chronolect.curriculum.presets import Sizes, curricula, make_phases
from chronolect.errors import UserError

SIZES = Sizes(conversations=128, longest=1379, mean=735.8)


def test_the_published_settings() -> None:
    phases = make_phases("qwen3-8b")
    config = phases[2].config(Sizes(conversations=5291, longest=3795, mean=483.4))
    assert (config.seq_len, config.batch_size, config.accumulate, config.epochs) == (3795, 8, 4, 3)
    assert (config.lr, config.schedule, config.warmup_steps, config.min_lr_ratio) == (2e-5, "linear", 100, 0)
    assert (config.optimizer, config.weight_decay, config.clip, config.beta2) == ("adamw-8bit", 0.01, 1.0, 0.999)
    assert (config.lora_r, config.lora_alpha, config.lora_dropout, len(config.lora_targets)) == (32, 32, 0.05, 7)
    assert (config.use_4bit, config.gradient_checkpointing, config.seed, config.log_every) == (True, True, 3407, 10)
    config = phases[4].config(SIZES)
    assert (config.batch_size, config.accumulate, config.max_steps, config.epochs) == (8, 16, 40, None)
    assert (config.lr, config.warmup_steps, config.log_every, config.save_every, config.keep) == (1.5e-4, 6, 1, 1, 0)


def test_the_horizons_of_phase_4() -> None:
    names = curricula()["presets"]
    assert {name: make_phases(name)[4].config(SIZES).max_steps for name in names} == {
        "qwen3-4b": 46,
        "qwen3-8b": 40,
        "qwen3-14b": 36,
        "qwen3-32b": 35,
    }


def test_without_a_preset_nothing_is_needed_that_small_machines_lack() -> None:
    config = make_phases(None)[1].config(SIZES)
    assert (config.use_4bit, config.optimizer, config.lora_r) == (False, "adamw", 32)


@pytest.mark.parametrize(("conversations", "accumulate"), [(128, 16), (130, 17), (5, 1), (8, 1)])
def test_a_full_batch_is_as_many_parts_as_it_takes(conversations: int, accumulate: int) -> None:
    sizes = Sizes(conversations=conversations, longest=100, mean=50.0)
    assert make_phases(None)[4].config(sizes).accumulate == accumulate


def test_changes_go_to_the_phases_they_name_and_the_last_one_wins() -> None:
    changes = ["lr=1e-3", "phase4.lr=5e-4", "phase1-3.epochs=2", "phase2.epochs=1", "lora-targets=[q_proj, v_proj]"]
    changes += ["phase4.full_batch=false", "phase4.gradient_accumulation_steps=3", "phase1.seq_len=64"]
    configs = {number: phase.config(SIZES) for number, phase in make_phases("qwen3-4b", changes=changes).items()}
    assert [configs[number].lr for number in (1, 2, 3, 4)] == [1e-3, 1e-3, 1e-3, 5e-4]
    assert [configs[number].epochs for number in (1, 2, 3, 4)] == [2, 1, 2, None]
    assert configs[3].lora_targets == ["q_proj", "v_proj"]
    assert configs[4].accumulate == 3
    assert [configs[number].seq_len for number in (1, 2)] == [64, 1379]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("lr", "expected KEY=VALUE"),
        ("phase5.lr=1", "expected KEY=VALUE"),
        ("phase1.lerning_rate=1", "no setting of that name.*did you mean"),
        ("lr=fast", "fast is no value for lr"),
        ("lr=-1", "phase 1: --lr must be above 0"),
        ("phase3.schedule=linaer", "phase 3: --schedule linaer: unknown"),
        ("seed=3", "seed is a flag of its own"),
        ("overwrite=true", "overwrite is a flag of its own"),
        ("lora_targets=[q", "is no value for lora_targets"),
    ],
)
def test_a_wrong_change_is_refused(change: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_phases(None, changes=[change])


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(UserError, match=r"--preset qwen3-8: unknown; one of qwen3-4b.*did you mean"):
        make_phases("qwen3-8")
