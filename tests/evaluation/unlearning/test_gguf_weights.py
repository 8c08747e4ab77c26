"""What a file stores, read back."""

from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.evaluation.unlearning.gguf_weights import gguf_weights
from chronolect.evaluation.unlearning.memorisation import measure_memory
from chronolect.export.gguf import export_gguf
from chronolect.finetuning.records import read_records
from chronolect.models.hf import HfModel


def test_memory_of_a_file_is_that_of_its_model(model_folder: Path, data_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("cyllama")
    export_gguf(model_folder, out=tmp_path / "gguf", quant=["f16", "q8_0"], verify=False)
    records = read_records(data_folder / "unlearn" / "unlearn_val.jsonl")
    original = measure_memory(HfModel(model_folder, chat_template="question"), records)
    changed = []
    for kind in ("f16", "q8_0"):
        file = tmp_path / "gguf" / f"model-{kind}.gguf"
        with gguf_weights(file, str(model_folder), device="cpu", chat_template="question") as model:
            found = measure_memory(model, records)
        assert found["probability"] == pytest.approx(original["probability"], rel=0.2)
        changed.append(
            sum(abs(found["truth_share"][family] - share) for family, share in original["truth_share"].items())
        )
    assert changed[0] < changed[1]  # eight bits round more than sixteen


def test_what_is_no_gguf_file_is_said(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(64))
    with (
        pytest.raises(UserError, match="cannot read its weights back"),
        gguf_weights(tmp_path / "model.gguf", str(model_folder), device="cpu", chat_template=None),
    ):
        pass
