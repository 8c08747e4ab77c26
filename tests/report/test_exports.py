from pathlib import Path

from tests.report.report_runs import gguf_counts, write_stage

from chronolect.report.exports import exports_section
from chronolect.report.gather import gather
from chronolect.report.page import Table, Words


def test_files_and_fallbacks(run: Path) -> None:
    section = exports_section(gather([run]))
    assert section is not None
    table, note = section.blocks
    assert isinstance(table, Table)
    assert isinstance(note, Words)
    assert table.rows[0] == [
        "gguf/model-q8_0.gguf",
        "5.4 MB",
        "44 q8_0, 13 f32",
        "1,000 of 1,000",
        "388 of 401",
        "0.0041",
        "1.0003",
    ]
    assert "1 of 57 tensors could not be stored as q4_k_m" in note.text


def test_files_that_were_not_compared(tmp_path: Path) -> None:
    counts = gguf_counts()
    del counts["files"]["q8_0"]["comparison"]
    write_stage(tmp_path / "gguf", "export gguf", {}, counts)
    section = exports_section(gather([tmp_path]))
    assert section is not None
    assert any("not loaded and compared" in block.text for block in section.blocks if isinstance(block, Words))


def test_merged_adapters(tmp_path: Path) -> None:
    counts = {
        "modules": 14,
        "parameters": 5_000_000,
        "relative_logit_error": 1.2e-6,
        "top_tokens": {"equal": 99, "n": 100},
    }
    write_stage(tmp_path / "merged", "export merge", {}, counts)
    section = exports_section(gather([tmp_path]))
    assert section is not None
    (table,) = section.blocks
    assert isinstance(table, Table)
    assert table.rows == [["merged", "14", "5,000,000", "99 of 100", "1.2e-06"]]


def test_without_any(run: Path) -> None:
    assert exports_section(gather([run / "horizon"])) is None
