"""The stage `export gguf`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chronolect.artifacts import is_current, read_json
from chronolect.errors import UserError
from chronolect.export.gguf import export_gguf
from chronolect.models.opening import open_model

QUANTS = ["f32", "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q4_k_m", "q4_k_s", "q3_k_m", "q3_k_s", "q2_k"]


def test_every_quant_is_written_loaded_and_compared(
    wide_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = export_gguf(wide_llama, out=tmp_path / "out", quant=QUANTS)["files"]  # type: ignore[arg-type]
    assert list(files) == QUANTS
    for kind, entry in files.items():
        file = tmp_path / "out" / f"model-{kind}.gguf"
        assert entry["file"] == file.name
        assert entry["bytes"] == file.stat().st_size
        assert entry["fallbacks"] == []
        assert entry["comparison"]["token_ids"]["equal"] == 1000
        assert entry["comparison"]["perplexity"]["ratio"] == pytest.approx(1, abs=0.3)
        model = open_model(file, threads=1)
        assert model.loglikelihoods([("The river", " rises")])[0].logprob < 0
        model.close()
    errors = {kind: entry["comparison"]["relative_logit_error"] for kind, entry in files.items()}
    assert errors["f32"] < errors["f16"] < errors["q8_0"] < errors["q6_k"]
    assert errors["q6_k"] < errors["q5_k_s"] < errors["q4_k_m"] < errors["q3_k_m"] < errors["q2_k"]
    sizes = {kind: entry["bytes"] for kind, entry in files.items()}
    assert sizes["f16"] > sizes["q8_0"] > sizes["q6_k"] > sizes["q5_k_m"] > sizes["q4_k_m"] > sizes["q4_k_s"]
    assert sizes["q5_k_m"] > sizes["q5_k_s"] > sizes["q4_k_m"]
    assert sizes["q4_k_s"] > sizes["q3_k_m"] > sizes["q3_k_s"] > sizes["q2_k"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["manifest.json", *(f"model-{kind}.gguf" for kind in QUANTS)]
    )
    assert read_json(tmp_path / "out" / "manifest.json")["counts"]["files"] == json.loads(json.dumps(files))
    assert "model-q4_k_m.gguf: token ids equal 1,000 of 1,000" in capsys.readouterr().err


def test_fallbacks_are_said(llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = export_gguf(llama, out=tmp_path / "out", quant=["q4_k_m"], verify=False)["files"]
    assert len(files["q4_k_m"]["fallbacks"]) == 15
    assert "15 of 20 tensors have rows that the type's blocks do not divide" in capsys.readouterr().err


def test_an_export_killed_midway_ends_the_same(wide_llama: Path, tmp_path: Path) -> None:
    quants = ["f16", "q8_0", "q4_k_m"]
    export_gguf(wide_llama, out=tmp_path / "whole", quant=quants, name="x")  # type: ignore[arg-type]
    code = (
        "import sys; from pathlib import Path; from chronolect.export.gguf import export_gguf;"
        f"export_gguf(Path(sys.argv[1]), out=Path(sys.argv[2]), quant={quants}, name='x')"
    )
    killed, partial = tmp_path / "killed", tmp_path / ".killed.partial"
    process = subprocess.Popen([sys.executable, "-c", code, str(wide_llama), str(killed)], stderr=subprocess.DEVNULL)
    while not (partial / "model-q8_0.gguf").exists():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not killed.exists()
    export_gguf(wide_llama, out=killed, quant=quants, name="x")  # type: ignore[arg-type]
    assert not partial.exists()
    for kind in quants:
        name = f"model-{kind}.gguf"
        assert (killed / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), kind


def test_the_manifest_says_whether_it_is_current(llama: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_gguf(llama, out=out, quant=["f16"], verify=False)
    manifest = read_json(out / "manifest.json")
    assert is_current(out, command="export gguf", config=manifest["config"], inputs=[llama])
    assert not is_current(out, command="export gguf", config=manifest["config"] | {"quant": ["q8_0"]}, inputs=[llama])


def test_one_file_of_a_given_name(wide_llama: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "merged.gguf"
    files = export_gguf(wide_llama, out=out)["files"]
    assert list(files) == ["q4_k_m"]
    assert files["q4_k_m"]["file"] == "merged.gguf"
    assert files["q4_k_m"]["bytes"] == out.stat().st_size
    export_gguf(wide_llama, out=tmp_path / "folder", quant=["q4_k_m"], verify=False)
    assert out.read_bytes() == (tmp_path / "folder" / "model-q4_k_m.gguf").read_bytes()
    assert read_json(out.parent / "merged.manifest.json")["config"]["quant"] == ["q4_k_m"]
    assert sorted(path.name for path in out.parent.iterdir() if not path.name.endswith(".lock")) == [
        "merged.gguf",
        "merged.manifest.json",
    ]
    export_gguf(wide_llama, out=out, quant=["q8_0"], verify=False)
    assert out.stat().st_size > files["q4_k_m"]["bytes"]
    with pytest.raises(
        UserError, match=r"merged\.gguf: one file for 2 types \(q8_0, f16\); give a folder, or one --quant"
    ):
        export_gguf(wide_llama, out=out, quant=["q8_0", "f16"])


def test_the_model_of_a_run_is_named_after_the_run(make_model: Callable[..., Path], tmp_path: Path) -> None:
    from gguf import GGUFReader

    (tmp_path / "locked").mkdir()
    folder = make_model().rename(tmp_path / "locked" / "final")
    export_gguf(folder, out=tmp_path / "out", quant=["f16"], verify=False, licence="apache-2.0")
    name = GGUFReader(tmp_path / "out" / "model-f16.gguf").get_field("general.name")
    assert name is not None
    assert name.contents() == "locked"


def test_bad_input_is_named(llama: Path, tmp_path: Path) -> None:
    for quant, message in (
        (["q8"], r'--quant q8: unknown; .*\(did you mean "q8_0"\?\)'),
        ([], "--quant: give at least one"),
    ):
        with pytest.raises(UserError, match=message):
            export_gguf(llama, out=tmp_path / "out", quant=quant)
    with pytest.raises(UserError, match=r"config\.json"):
        export_gguf(tmp_path, out=tmp_path / "out")
    with pytest.raises(UserError, match=r"--llama-cpp-path .*: no convert_hf_to_gguf.py in it"):
        export_gguf(llama, out=tmp_path / "out", llama_cpp_path=tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_checkout_of_llama_cpp_writes_other_architectures(
    llama: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    """With a stand-in for the checkout's script: what it is called with, and what its failure says."""
    export_gguf(llama, out=tmp_path / "ready", quant=["f16"], verify=False)
    (tmp_path / "convert_hf_to_gguf.py").write_text(
        "import argparse, shutil, sys\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('model'); parser.add_argument('--outfile'); parser.add_argument('--outtype')\n"
        "given = parser.parse_args()\n"
        "if given.outtype == 'bf16': sys.exit('no such type here')\n"
        f"shutil.copy({str(tmp_path / 'ready' / 'model-f16.gguf')!r}, given.outfile)\n"
    )
    other = make_model("mistral")
    with pytest.raises(UserError, match=r"no writer for model_type mistral.*--llama-cpp-path"):
        export_gguf(other, out=tmp_path / "out", verify=False)
    files = export_gguf(other, out=tmp_path / "out", quant=["f16", "q4_k_m"], llama_cpp_path=tmp_path, verify=False)[
        "files"
    ]
    assert files["f16"]["types"] == {"F16": 15, "F32": 5}
    with pytest.raises(UserError, match=r"cannot convert .*: no such type here"):
        export_gguf(other, out=tmp_path / "out", quant=["bf16"], llama_cpp_path=tmp_path, verify=False)
