"""Reading GGUF files back."""

from pathlib import Path

import pytest

from chronolect.export.gguf import quantize
from chronolect.export.gguf_check import check_file, inspect_file
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf


@pytest.mark.parametrize("name", ["llama", "wide_llama"])
def test_fallbacks_are_the_matrices_of_another_type(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder: Path = request.getfixturevalue(name)
    source = read_source(folder)
    vocabulary = read_vocabulary(folder, config=source.config)
    write_gguf(source, vocabulary, tmp_path / "f16.gguf", file_type="f16", name="x", licence="")
    quantize(tmp_path / "f16.gguf", tmp_path / "q4.gguf", "q4_k_m")
    report = inspect_file(tmp_path / "q4.gguf", quant="q4_k_m")
    check_file(report, source, vocabulary)
    matrices = sum("norm" not in tensor for tensor in source.names)
    assert report.types["F32"] == len(source.names) - matrices
    if name == "wide_llama":
        assert report.fallbacks == []
        assert report.types["Q4_K"] + report.types["Q6_K"] == matrices
    else:
        assert len(report.fallbacks) == matrices
        assert all("_k)" not in fallback for fallback in report.fallbacks)
    assert inspect_file(tmp_path / "f16.gguf", quant="f16").fallbacks == []


def test_a_file_unlike_its_model_is_a_bug(llama: Path, wide_llama: Path, tmp_path: Path) -> None:
    source = read_source(llama)
    vocabulary = read_vocabulary(llama, config=source.config)
    write_gguf(source, vocabulary, tmp_path / "f16.gguf", file_type="f16", name="x", licence="")
    report = inspect_file(tmp_path / "f16.gguf", quant="f16")
    assert (report.architecture, report.vocab_size, report.tensors) == ("llama", 400, 20)
    with pytest.raises(AssertionError):
        check_file(report, read_source(wide_llama), vocabulary)
