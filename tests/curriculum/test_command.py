"""The curriculum on a tiny Qwen3: what the phases make of one another, killed anywhere, and what is refused."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from tests.curriculum.conftest import records, talk, weights

from chronolect.artifacts import read_json
from chronolect.curriculum.command import train_curriculum
from chronolect.dialogue.files import phase_list_bytes
from chronolect.errors import UserError
from chronolect.models.loading import load_model, load_tokenizer

Keywords = Callable[..., dict[str, Any]]


def test_each_phase_starts_from_the_merged_model_of_the_one_before(whole: tuple[Path, dict[str, Any]]) -> None:
    out, found = whole
    assert [phase["phase"] for phase in found["phases"]] == [1, 2, 3, 4]
    assert [phase["steps"] for phase in found["phases"]] == [3, 3, 2, 6]
    for number in (1, 2, 3):
        record = read_json(out / f"phase{number + 1}/config.json")["config"]
        assert record["model"] == str(out / f"phase{number}-model")
        adapter = read_json(out / f"phase{number + 1}/final/adapter_config.json")
        assert (adapter["r"], adapter["lora_alpha"]) == (8, 32)
        assert weights(out / f"phase{number}-model") != weights(out / f"phase{number + 1}-model")
    assert found["model"] == str(out / "phase4-model")
    held_out = [phase["eval_loss"] for phase in found["phases"]]
    assert held_out[0] > held_out[1] > held_out[2]
    assert held_out[3] is None
    assert read_json(out / "curriculum.json")["phases"][0]["losses"][0][0] == 1
    assert "checkpoint 6" in (out / "curriculum.html").read_text()


def test_a_merged_model_is_the_start_and_what_was_learned(whole: tuple[Path, dict[str, Any]]) -> None:
    out, _ = whole
    before, after = (load_file(out / f"phase{number}-model/model.safetensors") for number in (1, 2))
    adapter = load_file(out / "phase2/final/adapter_model.safetensors")
    name = "model.layers.1.mlp.up_proj"
    factors = [adapter[f"base_model.model.{name}.lora_{part}.weight"] for part in "BA"]
    learned = factors[0] @ factors[1] * 32 / 8
    assert learned.abs().max() > 1e-3
    torch.testing.assert_close(after[f"{name}.weight"], before[f"{name}.weight"] + learned)


def test_the_tokenizer_carries_the_template_with_every_thought(whole: tuple[Path, dict[str, Any]]) -> None:
    tokenizer = load_tokenizer(whole[0] / "phase4-model")
    messages = [*talk(1, random.Random(1)), {"role": "user", "content": "", "timestamp": "2024-04-01T09:00:00"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert "<think>" in text
    assert text.endswith("<time>2024-04-01T09:00:00</time>\n<|im_end|>\n<|im_start|>assistant\n")


def test_a_step_of_phase_4_is_an_epoch_and_its_loss_that_before_the_update(whole: tuple[Path, dict[str, Any]]) -> None:
    found = [record for record in records(whole[0] / "phase4") if record["kind"] == "train"]
    assert [record["epoch"] for record in found] == [1, 2, 3, 4, 5, 6]
    assert found[0]["lr"] == 0
    assert found[0]["loss"] == pytest.approx(found[1]["loss"], abs=1e-5)  # the first step changes nothing
    assert found[2]["loss"] < found[1]["loss"] - 0.1
    assert [(whole[0] / f"phase4/checkpoint-{step}").is_dir() for step in range(1, 7)] == [True] * 6


def test_ending_early_chooses_the_same_weights(
    tmp_path: Path, whole: tuple[Path, dict[str, Any]], keywords: Keywords
) -> None:
    losses = dict(whole[1]["phases"][3]["losses"])
    assert losses[4] < 3.4 < losses[3]
    start = str(whole[0] / "phase3-model")
    runs = {}
    for early in (True, False):
        name = "early" if early else "late"
        given = keywords(model=start, phases=[4], stop_below=3.4, stop_early=early)
        runs[name] = train_curriculum(out=tmp_path / name, **given)["phases"][0]
    assert [(run["chosen_step"], run["threshold_met"]) for run in runs.values()] == [(4, True), (4, True)]
    assert [run["steps"] for run in runs.values()] == [4, 6]
    assert runs["early"]["losses"] == runs["late"]["losses"][:4]  # the learning rate decays as if to step 6
    assert weights(tmp_path / "early/phase4-model") == weights(tmp_path / "late/phase4-model")
    assert weights(tmp_path / "late/phase4-model") != weights(whole[0] / "phase4-model")


def test_a_finished_curriculum_trains_and_merges_nothing_again(
    whole: tuple[Path, dict[str, Any]], keywords: Keywords
) -> None:
    out, found = whole
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    assert len(times) > 10
    again = train_curriculum(out=out, **keywords())
    assert json.dumps(again["phases"]) == json.dumps(found["phases"])
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}


def test_a_phase_alone_goes_on_from_what_is_there(
    tmp_path: Path, whole: tuple[Path, dict[str, Any]], keywords: Keywords
) -> None:
    out = tmp_path / "parts"
    first = train_curriculum(out=out, **keywords(phases=[1]))
    assert first["model"] == str(out / "phase1-model")
    train_curriculum(out=out, **keywords(phases=[2]))
    assert weights(out / "phase2-model") == weights(whole[0] / "phase2-model")
    with pytest.raises(UserError, match=r"phase2: cannot resume, .* lr \(was 0.01, now 0.02\)"):
        train_curriculum(out=out, **keywords("lr=2e-2", phases=[2]))
    train_curriculum(out=out, **keywords("lr=2e-2", phases=[2], overwrite=True))
    assert weights(out / "phase2-model") != weights(whole[0] / "phase2-model")
    assert weights(out / "phase1-model") == weights(whole[0] / "phase1-model")


@pytest.mark.parametrize("lora_r", [0, 4])
def test_a_model_in_bfloat16_stays_one(tmp_path: Path, chat_folder: Path, keywords: Keywords, lora_r: int) -> None:
    start = tmp_path / "start"
    load_model(chat_folder, dtype="bfloat16").save_pretrained(start)
    load_tokenizer(chat_folder).save_pretrained(start)
    train_curriculum(out=tmp_path / "out", **keywords(f"lora_r={lora_r}", "lr=1e-3", model=str(start), phases=[1]))
    with safe_open(tmp_path / "out/phase1-model/model.safetensors", framework="pt") as file:
        assert file.get_slice("model.layers.0.mlp.up_proj.weight").get_dtype() == "BF16"
    assert weights(tmp_path / "out/phase1-model") != weights(start)


def test_quantised_weights_and_moments_are_merged_into_the_plain_model(tmp_path: Path, keywords: Keywords) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra [quant] is not installed")
    changes = ("optimizer=adamw-8bit", "lora_r=64", "phase4.max_steps=2")
    found = train_curriculum(out=tmp_path / "out", **keywords(*changes, use_4bit=True, phases=[4]))
    moments = load_file(tmp_path / "out/phase4/checkpoint-2/optimizer.safetensors")
    assert torch.uint8 in {value.dtype for name, value in moments.items() if name.endswith("state1")}
    assert sum(name.endswith("qmap1") for name in moments) > 1
    merged = load_file(tmp_path / "out/phase4-model/model.safetensors")
    assert {value.dtype for value in merged.values()} == {torch.float32}
    assert found["phases"][0]["steps"] == 2


@pytest.mark.slow
def test_the_last_model_in_fp8_is_named_after_the_curriculum(
    tmp_path: Path, whole: tuple[Path, dict[str, Any]], keywords: Keywords
) -> None:
    given = keywords(model=str(whole[0] / "phase3-model"), phases=[4], fp8=True)
    found = train_curriculum(out=tmp_path / "time-tiny", **given)
    assert found["fp8"] == str(tmp_path / "time-tiny/time-tiny-FP8-Dynamic")
    assert read_json(Path(found["fp8"]) / "config.json")["quantization_config"]["quant_method"] == "compressed-tensors"


def put(folder: Path, number: int, conversations: list[Any]) -> Path:
    """A folder with one phase to train on."""
    folder.mkdir()
    (folder / f"phase{number}_train.json").write_bytes(phase_list_bytes(conversations))
    return folder


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda talk: talk[1].update(content="So. <think> 28 days."), "phase2_train.json.*2.*think"),
        (lambda talk: talk[1].update(role="user"), 'phase2_train.json.*"user" where "assistant" is next'),
        (lambda talk: talk.clear(), "phase2_train.json.*empty"),
        (lambda talk: talk[0].update(content="long " * 600), "phase 2: its longest conversation has .* context"),
    ],
)
def test_dialogues_out_of_order_are_refused_before_anything_is_trained(
    tmp_path: Path, keywords: Keywords, spoil: Callable[[Any], None], said: str
) -> None:
    source = random.Random(2)
    conversations = [talk(1, source) for _ in range(3)]
    spoil(conversations[1])
    data = put(tmp_path / "data", 2, conversations)
    with pytest.raises(UserError, match=said) as caught:
        train_curriculum(out=tmp_path / "out", **keywords(data=data, phases=[2]))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"phases": [3, 5]}, "--phases 5: there are phases 1, 2, 3 and 4"),
        ({"model": None}, "say what to train: --model FOLDER, or --preset"),
        ({"data": None}, "as --data the folder that"),
        ({"preset": "qwen3-4"}, "--preset qwen3-4: unknown"),
        ({"stop_below": -1.0}, "--stop-below must not be negative"),
        ({"plan_for": "h1000"}, "--device h1000: unknown"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, keywords: Keywords, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        train_curriculum(out=tmp_path / "out", **keywords(**changes))
    assert not (tmp_path / "out").exists()


def test_a_missing_file_says_what_writes_it(tmp_path: Path, keywords: Keywords) -> None:
    data = put(tmp_path / "data", 1, [talk(1, random.Random(3))])
    with pytest.raises(UserError, match=r"phase2_train.json: no such file; `chronolect dialogue split` writes it"):
        train_curriculum(out=tmp_path / "out", **keywords(data=data))


def test_under_torchrun_it_is_refused(tmp_path: Path, keywords: Keywords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="leave torchrun out"):
        train_curriculum(out=tmp_path / "out", **keywords())
