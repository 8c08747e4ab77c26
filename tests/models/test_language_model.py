from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.models.dummy import DummyModel
from chronolect.models.hf import HfModel
from chronolect.models.language_model import short_name
from chronolect.models.opening import open_model


def test_a_folder_and_the_dummy_open(model_folder: Path) -> None:
    assert isinstance(open_model("dummy"), DummyModel)
    model = open_model(model_folder, device="cpu")
    assert isinstance(model, HfModel)
    assert model.loglikelihoods([("Who", " was")])[0].num_tokens > 0
    model.close()


def test_what_is_no_model_is_refused_with_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such model; give a Hugging Face folder, a \.gguf file"):
        open_model(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(UserError, match=r'notes\.txt: not a model; .* or "dummy"'):
        open_model(tmp_path / "notes.txt")
    with pytest.raises(UserError, match=r"no config\.json"):
        open_model(tmp_path)
    with pytest.raises(UserError, match="no such GGUF file"):
        open_model(tmp_path / "missing.gguf")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("runs/locked/final", "locked"),
        ("runs/locked/checkpoint-100", "locked"),
        ("runs/gguf/locked.q8_0.gguf", "locked.q8_0"),
        ("output/merged.gguf", "merged"),
        ("model", "model"),
        ("final", "final"),
        ("dummy", "dummy"),
    ],
)
def test_short_names(spec: str, name: str) -> None:
    assert short_name(spec) == name
