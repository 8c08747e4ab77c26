"""A sweep: its grid, what it chooses, and a real one that is killed and goes on."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.training.unlearn_records import config, write_records
from transformers import PreTrainedTokenizerFast

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.models.presets import Shape, new_model
from chronolect.sweep import choose, grid
from chronolect.training.unlearn import train_unlearn
from chronolect.training.unlearn_config import UnlearnConfig


def test_the_grid_is_every_combination() -> None:
    points = grid(["lr=1e-5,3e-4", "method=npo,altpo"], UnlearnConfig())
    assert [tuple(point.values()) for point in points] == [
        (1e-5, "npo"),
        (1e-5, "altpo"),
        (3e-4, "npo"),
        (3e-4, "altpo"),
    ]
    assert grid(["compile=true,false", "lora-r=8"], UnlearnConfig()) == [
        {"compile": True, "lora_r": 8},
        {"compile": False, "lora_r": 8},
    ]


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("mehtod=npo", "no setting of that name .did you mean .method"),
        ("lr", "say which values"),
        ("method=nop", "--method nop: unknown"),
        ("method=refusal,npo", None),
        ("overwrite=true", "no setting of that name"),
        ("lr=1e-5,fast", "fast is no value for it"),
        ("lora_r=[8", "is no value for it"),
    ],
)
def test_a_wrong_axis_is_refused_before_anything_is_trained(axis: str, said: str | None) -> None:
    if said is None:
        assert len(grid([axis], UnlearnConfig())) == 2
        return
    with pytest.raises(UserError, match=said):
        grid([axis], UnlearnConfig())


def point(forget: float, keep: float) -> dict[str, Any]:
    """A measured point; the start kept 0.8."""
    return {
        "forget": {"accuracy": forget, "chance": 0.25},
        "keep": {"accuracy": keep},
        "keep_before": {"accuracy": 0.8},
    }


def test_it_chooses_what_forgets_most_and_keeps() -> None:
    assert choose([point(0.1, 0.2), point(0.3, 0.76), point(0.5, 0.8)]) == 1
    assert choose([point(0.1, 0.76), point(0.24, 0.79)]) == 1  # below chance is no better than at it
    assert choose([point(0.9, 0.7), point(0.3, 0.6)]) == 1  # nothing keeps: the largest difference


def test_a_sweep_compares_its_points_and_goes_on_where_it_was(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    new_model(Shape(layers=1, hidden=32, heads=2, kv_heads=1, intermediate=64, context=64), tokenizer).save_pretrained(
        tmp_path / "start"
    )
    tokenizer.save_pretrained(tmp_path / "start")
    data = write_records(tmp_path / "data")
    settings: dict[str, Any] = {"model": str(tmp_path / "start"), "out": tmp_path / "sweep", "data": data}
    axes = ["method=npo,grad-diff", "lr=1e-3,1e-2"]
    found = train_unlearn(**settings, sweep=axes, config=config(epochs=1))
    assert found["size"] == 4
    assert found["chosen"] in found["front"] or len(found["front"]) < 4
    folder = next(p["folder"] for p in found["points"] if p["name"] == found["chosen"])
    chosen = tmp_path / "sweep/points" / folder / "final/model.safetensors"
    assert (tmp_path / "sweep/final/model.safetensors").read_bytes() == chosen.read_bytes()
    assert read_json(tmp_path / "sweep/sweep.json")["points"][0]["forget"]["n"] == 8
    page = (tmp_path / "sweep/sweep.html").read_text()
    assert "method=npo lr=0.001" in page
    (tmp_path / "sweep/manifest.json").unlink()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep/points").rglob("*.safetensors")}
    again = train_unlearn(**settings, sweep=axes, config=config(epochs=1))
    assert json.dumps(again, default=str) == json.dumps(found, default=str)
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep/points").rglob("*.safetensors")}
    with pytest.raises(UserError, match="not empty and not a sweep"):
        train_unlearn(**{**settings, "out": tmp_path / "sweep/points" / folder}, sweep=axes, config=config(epochs=1))
    assert chosen.is_file()


def test_questions_without_alternatives_are_told_of_before_anything_is_trained(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    tokenizer.save_pretrained(tmp_path / "start")
    data = write_records(tmp_path / "data")
    file = data / "retain/retain_val.jsonl"
    file.write_text(file.read_text().replace('"alternatives"', '"others"'))
    with pytest.raises(UserError, match="points cannot be compared"):
        train_unlearn(
            model=str(tmp_path / "start"), out=tmp_path / "sweep", data=data, sweep=["lr=1e-3,1e-2"], config=config()
        )
    assert not (tmp_path / "sweep").exists()
