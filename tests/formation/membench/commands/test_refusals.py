"""What a run from a configuration cannot do is said in a line before it starts."""

from pathlib import Path
from typing import Any

import pytest
from tests.formation.membench.commands.small_runs import TINY, gated, small

from chronolect.errors import UserError
from chronolect.formation.membench.commands.train import quick, train


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train(config="nowhere.yaml"), "nowhere.yaml: no such configuration"),
        (lambda: quick("gema"), "quick knows gemma-2b, llama-3-8b, tiny"),
        (lambda: train(config="tiny", set=["model.tipe=x"]), 'did you mean "model.type"'),
        (lambda: quick("gemma-2b", offline=True), "google/gemma-2b: not in the hub's cache here, and --offline"),
        (
            lambda: quick("llama-3-8b", offline=True, set=["model.source=local"]),
            "models/llama-3-8b: no such folder; put the weights there, or set model.source: huggingface",
        ),
        (
            lambda: quick("tiny", set=["environment.platform=colab"]),
            "environment.colab.drive_path /content/drive/MyDrive: not there; mount the drive",
        ),
        (lambda: quick("tiny", data=[Path("nowhere.jsonl")]), "nowhere.jsonl: no such file or folder"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    call: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as found:
        call()
    assert message in str(found.value)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "outputs" / "chrono").exists()


def test_too_little_memory_is_said_before_training(text: dict[str, str], tmp_path: Path) -> None:
    changes = small(text, experiment__max_memory_gb=0.0001, **TINY)
    with pytest.raises(UserError, match=r"experiment.max_memory_gb 0.0001: this run is reckoned to take 0.0\d+ GB"):
        quick("tiny", output_dir=tmp_path / "chrono", offline=True, set=changes)
    assert not (tmp_path / "chrono").exists()


def test_rows_longer_than_the_context_are_refused(text: dict[str, str], model_folder: Path, tmp_path: Path) -> None:
    folder = gated("llama-3-8b", tmp_path / "weights", model_folder)
    settings = {"model__source": "local", "model__paths__llama-3-8b__local": str(folder)}
    with pytest.raises(UserError, match=r"dataset.max_length 128: longer than the context of .* \(64 tokens\)"):
        quick("llama-3-8b", output_dir=tmp_path / "chrono", set=small(text, dataset__max_length=128, **settings))


def test_what_the_loop_refuses_is_said_in_keys(text: dict[str, str], tmp_path: Path) -> None:
    changes = small(text, chrono__route_sae__layers=[9], **TINY)
    with pytest.raises(UserError, match="layer 9: this model has blocks 0 to 1"):
        quick("tiny", output_dir=tmp_path / "chrono", set=changes)
    changes = small(text, chrono__temporal_purity__probe_tokens=10**6, **TINY)
    with pytest.raises(UserError, match=r"lower chrono\.temporal_purity\.probe_tokens"):
        quick("tiny", output_dir=tmp_path / "chrono", set=changes)
