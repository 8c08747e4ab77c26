"""Unlearning from end to end on a tiny model: every method, killed and resumed, and what is said of bad input."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.unlearn_records import config, write_records
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.finetuning.records import Layout
from chronolect.models.chat_template import CHAT_TEMPLATE, template_digest
from chronolect.training.objectives.unlearning import METHODS
from chronolect.training.unlearn import train_unlearn


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in the seeds' layout."""
    return write_records(tmp_path_factory.mktemp("records"))


@pytest.fixture
def start(tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> str:
    """A small model's folder."""
    model.save_pretrained(tmp_path / "start")
    tokenizer.save_pretrained(tmp_path / "start")
    return str(tmp_path / "start")


def records_of(run: Path) -> list[dict[str, Any]]:
    """The training and validation records of a run, without what the clock gives."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in row.items() if key not in ("seconds", "tokens_per_s")}
        for row in rows
        if row["kind"] in ("train", "eval")
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lora_r", [0, 4])
def test_every_method_runs_and_reports(tmp_path: Path, start: str, data: Path, method: Any, lora_r: int) -> None:
    settings = config(method=method, lora_r=lora_r, lora_dropout=0.0, kl=0.5 if method == "npo" else 0.0, epochs=1)
    result = train_unlearn(model=start, out=tmp_path / "run", data=data, config=settings)
    assert (result["retain"], result["unlearn"], result["left_out"]) == (24, 24, 0)
    assert set(result["eval"]) == {"retain", "unlearn", "instead"}
    assert result["choices"]["before"]["unlearn"]["n"] == 8
    assert (tmp_path / "run/final/adapter_model.safetensors").is_file() == bool(lora_r)
    first = records_of(tmp_path / "run")[0]
    assert first["step"] == 1
    if method in ("npo", "dpo", "altpo"):  # at the start every log-ratio is 0, and -2/beta log sigmoid(0) = 20 ln 2
        assert first["forget"] == pytest.approx(20 * 0.6931, rel=2e-3)
    if method == "npo":
        assert first["kl"] == pytest.approx(0.0, abs=1e-5)


def test_forgetting_makes_the_truth_less_likely_and_keeps_the_rest(tmp_path: Path, start: str, data: Path) -> None:
    settings = config(method="npo", epochs=8, lr=3e-3, beta=0.5)
    first = train_unlearn(model=start, out=tmp_path / "few", data=data, config=config(max_steps=1, lr=1e-9))
    result = train_unlearn(model=start, out=tmp_path / "many", data=data, config=settings)
    assert result["eval"]["retain"]["loss"] < first["eval"]["retain"]["loss"]
    gap = {
        name: run["eval"]["unlearn"]["loss"] - run["eval"]["retain"]["loss"]
        for name, run in (("few", first), ("many", result))
    }
    assert gap["many"] > gap["few"] + 0.5


@pytest.mark.parametrize("lora_r", [0, 4])
def test_killed_and_resumed_it_ends_the_same(tmp_path: Path, start: str, data: Path, lora_r: int) -> None:
    settings = {"method": "npo", "kl": 0.3, "lora_r": lora_r, "save_every": 2, "eval_every": 3, "keep": 0}
    whole = train_unlearn(model=start, out=tmp_path / "whole", data=data, config=config(**settings))
    for last in (2, 6):  # in the middle, and after the last step but before the end
        killed = tmp_path / f"killed-{last}"
        shutil.copytree(tmp_path / "whole", killed)
        for name in ("final", *(f"checkpoint-{step}" for step in (4, 6) if step > last)):
            shutil.rmtree(killed / name)
        for name in ("manifest.json", "train_results.json", "eval_results.json"):
            (killed / name).unlink()
        again = train_unlearn(model=start, out=killed, data=data, config=config(**settings, resume_latest=True))
        assert (again["loss"], again["eval"], again["choices"]) == (whole["loss"], whole["eval"], whole["choices"])
        assert records_of(killed) == records_of(tmp_path / "whole")
        name = "adapter_model.safetensors" if lora_r else "model.safetensors"
        assert (killed / "final" / name).read_bytes() == (tmp_path / "whole/final" / name).read_bytes()


def test_dev_mode_names_its_folder_and_finds_it_again(
    tmp_path: Path, start: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WIKI_DATA", str(tmp_path))
    shutil.copytree(data, tmp_path / "datasets")
    result = train_unlearn(model=start, dev=True, config=config(epochs=1))
    (folder,) = (tmp_path / "output").glob("temporal-*")
    assert folder.name.startswith("temporal-start-dev-")
    assert result["retain"] + result["unlearn"] < 48  # some families are kept for validation
    again = train_unlearn(model=start, dev=True, config=config(epochs=1, resume_latest=True))
    assert again["steps"] == result["steps"]


def test_the_chat_template_is_kept_with_its_digest(tmp_path: Path, start: str, data: Path) -> None:
    train_unlearn(model=start, out=tmp_path / "run", data=data, chat_template="chatml", config=config(max_steps=1))
    digest = template_digest(CHAT_TEMPLATE)
    assert read_json(tmp_path / "run/manifest.json")["config"]["chat_template_digest"] == digest
    assert read_json(tmp_path / "run/final/tokenizer_config.json")["chat_template_digest"] == digest
    again = config(max_steps=1, resume_latest=True)
    with pytest.raises(UserError, match="chat_template_digest"):
        train_unlearn(model=start, out=tmp_path / "run", data=data, chat_template="alpaca", config=again)


def test_the_names_alone_can_be_forgotten(tmp_path: Path, start: str, data: Path) -> None:
    whole = train_unlearn(model=start, out=tmp_path / "a", data=data, config=config(max_steps=1, method="grad-diff"))
    names = train_unlearn(
        model=start, out=tmp_path / "b", data=data, config=config(max_steps=1, method="grad-diff", mask="names")
    )
    assert whole["eval"]["unlearn"]["tokens"] == names["eval"]["unlearn"]["tokens"]  # validation is on whole answers
    assert records_of(tmp_path / "a")[0]["forget"] != records_of(tmp_path / "b")[0]["forget"]


def broken(change: Callable[[Path], None], tmp_path: Path, data: Path) -> Path:
    """A copy of the data set with something wrong."""
    copy = tmp_path / "broken"
    shutil.copytree(data, copy)
    change(copy)
    return copy


def test_an_empty_retain_set_is_named(tmp_path: Path, start: str, data: Path) -> None:
    bad = broken(lambda folder: Layout(folder).file("retain", "train").write_text(""), tmp_path, data)
    with pytest.raises(UserError, match=r"retain_train\.jsonl: no records in it"):
        train_unlearn(model=start, out=tmp_path / "run", data=bad, config=config())


def test_a_missing_file_says_how_to_make_one(tmp_path: Path, start: str) -> None:
    with pytest.raises(UserError, match="chronolect data qa"):
        train_unlearn(model=start, out=tmp_path / "run", data=tmp_path / "none", config=config())


def test_rows_that_do_not_fit_leave_nothing_to_learn(tmp_path: Path, start: str, data: Path) -> None:
    with pytest.raises(UserError, match="no question that fits --max-seq-length"):
        train_unlearn(model=start, out=tmp_path / "run", data=data, config=config(seq_len=2))


def test_a_missing_template_says_what_to_do(tmp_path: Path, start: str, data: Path) -> None:
    (tmp_path / "start/chat_template.jinja").unlink(missing_ok=True)
    place = tmp_path / "start/tokenizer_config.json"
    place.write_text(json.dumps({k: v for k, v in read_json(place).items() if k != "chat_template"}))
    with pytest.raises(UserError, match="no chat template; give one with --chat-template"):
        train_unlearn(model=start, out=tmp_path / "run", data=data, config=config())


def test_a_vocabulary_too_small_is_named(
    tmp_path: Path, start: str, data: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    tokenizer.add_tokens(["extra"])
    tokenizer.save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match="vocabulary is smaller than the tokenizer's"):
        train_unlearn(model=start, out=tmp_path / "run", data=data, tokenizer=tmp_path / "other", config=config())


def test_a_folder_in_use_is_not_overwritten(tmp_path: Path, start: str, data: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").write_text("x")
    with pytest.raises(UserError, match="not empty and not a training run"):
        train_unlearn(model=start, out=tmp_path / "run", data=data, config=config())


def test_gradient_ascent_that_blows_up_stops_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, start: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chronolect.training.objectives.unlearning.gradient_ascent import GradDiff

    steps = iter(range(100))
    honest = GradDiff.forget_term

    def breaks(self: Any, *arguments: Any) -> torch.Tensor:
        return honest(self, *arguments) * (float("nan") if next(steps) >= 6 else 1.0)  # two micro-batches a step

    monkeypatch.setattr(GradDiff, "forget_term", breaks)
    with pytest.raises(UserError, match="no longer a number"):
        train_unlearn(
            model=start, out=tmp_path / "run", data=data, config=config(method="gradient-ascent", save_every=1)
        )
    kept = sorted(path.name for path in (tmp_path / "run").glob("checkpoint-*"))
    assert kept == ["checkpoint-1", "checkpoint-2", "checkpoint-3"]
    weights = LlamaForCausalLM.from_pretrained(tmp_path / "run/checkpoint-3")
    assert all(torch.isfinite(value).all() for value in weights.state_dict().values())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "nop"}, "did you mean"),
        ({"method": "refusal", "beta": 0.1}, "--beta: refusal has none"),
        ({"mask": "name"}, "--mask name: unknown"),
        ({"alpha": -1.0}, "--alpha must not be negative"),
        ({"retain_ratio": 0.0}, "--retain-ratio must be above 0"),
        ({"retain_ratio": 0.2}, "with --batch-size 4 some batches would have nothing to retain"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        config(**settings)


def test_rmu_refuses_a_block_that_is_not_there(tmp_path: Path, start: str, data: Path) -> None:
    with pytest.raises(UserError, match="--layer 9: the model has blocks 0 to 1"):
        train_unlearn(model=start, out=tmp_path / "run", data=data, config=config(method="rmu", layer=9))
