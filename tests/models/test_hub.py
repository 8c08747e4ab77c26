"""Models of the hub, from a cache made here: there is no network in a test."""

from pathlib import Path

import huggingface_hub.constants
import pytest

from chronolect.corpus import CorpusWriter, Document
from chronolect.corpus.packing import pack_corpus
from chronolect.errors import UserError
from chronolect.evaluation.generations import model_identity
from chronolect.models.hub import is_hub_name, local_folder
from chronolect.models.opening import open_model

NAME = "somebody/small-1.5B"


@pytest.fixture
def cached(model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    snapshot = tmp_path / "hub" / f"models--{NAME.replace('/', '--')}" / "snapshots" / ("a" * 40)
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(model_folder)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return snapshot


def test_what_reads_as_a_hub_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_hub_name("Qwen/Qwen2.5-1.5B-Instruct")
    for name in ("runs/locked/final", "./model", "/models/small", "small", "a/b.c d", "../small"):
        assert not is_hub_name(name)
    (tmp_path / "runs" / "locked").mkdir(parents=True)
    assert not is_hub_name("runs/locked")
    assert local_folder("runs/locked") == Path("runs/locked")


def test_a_cached_model_is_opened_told_apart_and_packed_with(cached: Path, model_folder: Path, tmp_path: Path) -> None:
    assert local_folder(NAME) == cached
    scored = open_model(NAME, device="cpu").loglikelihoods([("Who", " was")])
    assert scored == open_model(model_folder, device="cpu").loglikelihoods([("Who", " was")])
    assert model_identity(NAME) == model_identity(str(model_folder))
    with CorpusWriter(tmp_path / "corpus") as writer:
        for number in range(40):
            writer.write(Document(id=f"{number}", text=f"Number {number} is a number like others."))
    pack_corpus(tmp_path / "corpus", out=tmp_path / "packed", tokenizer=Path(NAME), val_ratio=0.2)
    assert (tmp_path / "packed" / "tokenizer" / "tokenizer.json").is_file()


def test_one_that_is_nowhere_is_refused_in_one_line(cached: Path) -> None:
    with pytest.raises(
        UserError, match=r"^nobody/nothing: no such folder, and no model that the hub gives .*; give a folder$"
    ):
        open_model("nobody/nothing")
