"""GGUF files for llama.cpp, LM Studio and Ollama: written here or by a llama.cpp checkout, then loaded in llama.cpp and compared."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from cyclopts import Parameter
from gguf import LlamaFileType

from chronolect.artifacts import MANIFEST, stage, sync_directory
from chronolect.console import say
from chronolect.errors import UserError, did_you_mean
from chronolect.export.compare import Original
from chronolect.export.gguf_check import FileReport, check_file, inspect_file
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf
from chronolect.export.naming import published_name
from chronolect.models.gguf_file import load_cyllama
from chronolect.models.loading import check_model_folder

Quant = Literal[
    "f32", "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q4_k_m", "q4_k_s", "q3_k_m", "q3_k_s", "q2_k"
]

_K_QUANTS = {
    "q6_k": LlamaFileType.MOSTLY_Q6_K,
    "q5_k_m": LlamaFileType.MOSTLY_Q5_K_M,
    "q5_k_s": LlamaFileType.MOSTLY_Q5_K_S,
    "q4_k_m": LlamaFileType.MOSTLY_Q4_K_M,
    "q4_k_s": LlamaFileType.MOSTLY_Q4_K_S,
    "q3_k_m": LlamaFileType.MOSTLY_Q3_K_M,
    "q3_k_s": LlamaFileType.MOSTLY_Q3_K_S,
    "q2_k": LlamaFileType.MOSTLY_Q2_K,
}


def export_gguf(
    model: Annotated[Path, Parameter(alias="--model-path")],
    *,
    out: Annotated[Path, Parameter(alias="--output-path")],
    quant: Annotated[Sequence[Quant] | None, Parameter(alias="--quant-type")] = None,
    llama_cpp_path: Path | None = None,
    verify: bool = True,
    text: Path | None = None,
    name: str = "",
    licence: str = "",
    threads: int | None = None,
) -> dict[str, Any]:
    """Write a model as GGUF files `model-<quant>.gguf`, or as one file of a given name, load them in llama.cpp and compare them with the original.

    Llama, Qwen2 and Qwen3 models with a BPE tokenizer of bytes (or Llama 2's SentencePiece) are written here. f32, f16, bf16 and q8_0 need
    nothing else; the K-quants and the comparison need llama.cpp, which the `gguf` extra brings.

    Args:
        model: Model folder in the Hugging Face form, such as `final` of a run.
        out: Folder to write the files to; or, where it ends in .gguf, the one file to write, with its manifest beside it
            (`<name>.manifest.json`).
        quant: Types of the files: f32, f16, bf16, q8_0, q6_k, q5_k_m, q5_k_s, q4_k_m, q4_k_s, q3_k_m, q3_k_s, q2_k; by default q8_0 and
            q4_k_m, for one file q4_k_m.
        llama_cpp_path: Checkout of llama.cpp whose convert_hf_to_gguf.py writes the file, for other architectures and tokenizers.
        verify: Whether to load each file in llama.cpp and compare it with the original.
        text: Text file for the perplexities; by default some built-in sentences.
        name: The model's name in the file; by default that of its folder.
        licence: Licence of the weights as an SPDX name, such as apache-2.0.
        threads: Processor threads; by default CHRONOLECT_THREADS or all.

    Returns:
        For each quant under "files": file, bytes, tensors, types (number of tensors of each storage type), fallbacks (matrices that
        could not get the type asked for) and, where verified, "comparison" (see `compare_gguf`).

    Raises:
        UserError: For an unknown quant, architecture or tokenizer, a damaged model, or without llama.cpp where it is needed.
    """
    single = out.suffix == ".gguf"
    quants = _check_quants(quant if quant is not None else ("q4_k_m",) if single else ("q8_0", "q4_k_m"))
    if single and len(quants) > 1:
        raise UserError(f"{out}: one file for {len(quants)} types ({', '.join(quants)}); give a folder, or one --quant")
    check_model_folder(model)
    if verify or any(kind in _K_QUANTS for kind in quants):
        load_cyllama()
    config = {
        "model": str(model),
        "quant": quants,
        "llama_cpp_path": llama_cpp_path and str(llama_cpp_path),
        "verify": verify,
        "text": text and str(text),
        "name": name,
        "licence": licence,
    }
    inputs = [model, *([text] if text else [])]
    folder = out.with_name(f".{out.name}.parts") if single else out
    with stage(folder, command="export gguf", config=config, inputs=inputs) as work:
        if llama_cpp_path:
            write, lossless = _external_writer(model, llama_cpp_path), "auto"
        else:
            source = read_source(model)
            vocabulary = read_vocabulary(model, config=source.config)
            title = name or published_name(model)

            def write(kind: str, file: Path) -> None:
                write_gguf(source, vocabulary, file, file_type=kind, name=title, licence=licence)

            lossless = source.dtype
        original = Original(model, text=text, threads=threads) if verify else None
        intermediate = work.folder / f".{lossless}.gguf"
        files: dict[str, Any] = {}
        for kind in quants:
            file = work.folder / (out.name if single else f"model-{kind}.gguf")
            say(f"writing {out if single else out / file.name}")
            if kind in _K_QUANTS:
                if not intermediate.is_file():
                    write(lossless, intermediate)
                quantize(intermediate, file, kind, threads=threads)
            else:
                write(kind, file)
            report = inspect_file(file, quant=kind)
            if not llama_cpp_path:
                check_file(report, source, vocabulary)
            _say_fallbacks(file.name, report)
            facts = asdict(report) | {"chat_template": report.chat_template is not None}
            files[kind] = {"file": file.name, "bytes": file.stat().st_size, **facts}
            if original:
                files[kind]["comparison"] = original.compare(file)
                _say_comparison(file.name, files[kind]["comparison"])
        intermediate.unlink(missing_ok=True)
        work.counts = {"files": files}
    if single:
        _move_out(folder, out)
    return work.counts


def _move_out(folder: Path, out: Path) -> None:
    """Move the file that a stage wrote, and its manifest, from the stage's folder to where they belong."""
    os.replace(folder / out.name, out)
    os.replace(folder / MANIFEST, out.with_name(f"{out.stem}.{MANIFEST}"))
    sync_directory(out.parent)
    shutil.rmtree(folder)


def quantize(source: Path, out: Path, quant: str, *, threads: int | None = None) -> None:
    """Make a K-quant from a GGUF file in f32, f16 or bf16, by llama.cpp's own quantiser."""
    llama = load_cyllama()
    params = llama.LlamaModelQuantizeParams()
    params.ftype = int(_K_QUANTS[quant])
    params.nthread = threads or 0
    llama.model_quantize(str(source), str(out), params)


def _check_quants(quants: Sequence[str]) -> list[str]:
    known = get_args(Quant)
    for kind in quants:
        if kind not in known:
            raise UserError(f"--quant {kind}: unknown; choose from {', '.join(known)}{did_you_mean(kind, known)}")
    if not quants:
        raise UserError(f"--quant: give at least one of {', '.join(known)}")
    return list(dict.fromkeys(quants))


def _external_writer(model: Path, checkout: Path) -> Callable[[str, Path], None]:
    script = checkout / "convert_hf_to_gguf.py"
    if not script.is_file():
        raise UserError(f"--llama-cpp-path {checkout}: no convert_hf_to_gguf.py in it; give a checkout of llama.cpp")

    def write(kind: str, file: Path) -> None:
        command = [sys.executable, str(script), str(model), "--outfile", str(file), "--outtype", kind]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not file.is_file():
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise UserError(f"{script}: cannot convert {model}: {lines[-1] if lines else 'no message'}")

    return write


def _say_fallbacks(file: str, report: FileReport) -> None:
    if report.fallbacks:
        say(
            f"{file}: {len(report.fallbacks)} of {report.tensors} tensors have rows that the type's blocks do not divide and got another type, "
            f"such as {report.fallbacks[0]}; widths that are multiples of 256 avoid it"
        )


def _say_comparison(file: str, result: dict[str, Any]) -> None:
    ids, greedy = result["token_ids"], result["greedy"]
    say(
        f"{file}: token ids equal {ids['equal']:,} of {ids['n']:,}, greedy tokens {greedy['equal']:,} of {greedy['n']:,}, "
        f"relative logit error {result['relative_logit_error']:.4f}, perplexity ratio {result['perplexity']['ratio']:.4f}"
    )
    for example in ids["differing"]:
        say(f"{file}: other token ids for {example!r}")
