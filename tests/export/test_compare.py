"""The comparison of a GGUF file with its original."""

from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.export.compare import Original, compare_gguf
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf


@pytest.fixture(scope="module")
def f16(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = read_source(llama)
    file = tmp_path_factory.mktemp("gguf") / "model.gguf"
    vocabulary = read_vocabulary(llama, config=source.config)
    write_gguf(source, vocabulary, file, file_type="f16", name="x", licence="")
    return file


def test_an_f16_file_is_its_original(llama: Path, f16: Path) -> None:
    result = compare_gguf(llama, f16)
    assert result["token_ids"] == {"equal": 1000, "n": 1000, "differing": []}
    assert result["greedy"]["n"] > 300
    assert result["greedy"]["equal"] >= result["greedy"]["n"] - 2
    assert result["relative_logit_error"] < 2e-3
    assert abs(result["kl_divergence"]) < 1e-4
    assert result["perplexity"]["ratio"] == pytest.approx(1, abs=1e-3)
    assert result["perplexity"]["n"] == result["greedy"]["n"] - 12  # nothing foretells the first token of a passage


def test_another_model_is_told_apart(wide_llama: Path, f16: Path) -> None:
    result = compare_gguf(wide_llama, f16)
    assert result["relative_logit_error"] > 0.5
    assert result["greedy"]["equal"] < result["greedy"]["n"] / 2
    assert result["kl_divergence"] > 0.1


def test_own_text(llama: Path, f16: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("The river is long.\n\nThe king is dead.\n")
    original = Original(llama, text=tmp_path / "text.txt")
    assert 10 < original.compare(f16)["perplexity"]["n"] < 60
    for content, message in ((b"\n \n", "no text in it"), (b"\xff", "not UTF-8")):
        (tmp_path / "bad.txt").write_bytes(content)
        with pytest.raises(UserError, match=message):
            Original(llama, text=tmp_path / "bad.txt")
    with pytest.raises(UserError, match="no such text file"):
        Original(llama, text=tmp_path / "absent.txt")
