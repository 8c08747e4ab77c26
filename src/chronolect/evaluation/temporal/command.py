"""`eval temporal`: does a model answer what lies before the cutoff and decline what lies after it?"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from chronolect import __version__
from chronolect.artifacts import digest_file, exclusive, stage, sync_directory
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.generations import Asker, Generations, Settings, ask_missing, model_identity
from chronolect.evaluation.grading.phrases import says_a_listed_phrase
from chronolect.evaluation.temporal.expected import grade_record
from chronolect.evaluation.temporal.metrics import SIDES, Graded, Tally
from chronolect.evaluation.temporal.questions import Questions, RecordFile, choose_questions
from chronolect.evaluation.temporal.screen import screen
from chronolect.evaluation.temporal.targets import assess
from chronolect.finetuning.records import Layout, Record, Side
from chronolect.models.chat_template import read_template, template_digest
from chronolect.models.language_model import DType, LanguageModel, short_name
from chronolect.models.opening import open_model
from chronolect.timeline import Cutoff


def eval_temporal(
    *,
    model_path: str | None = None,
    use_lmstudio: bool = False,
    lmstudio_url: str | None = None,
    lmstudio_model: str | None = None,
    test_file: Path | None = None,
    retain_val: Path | None = None,
    unlearn_val: Path | None = None,
    max_tokens: int = 256,
    output: Path = Path("evaluation_results.json"),
    verbose: bool = False,
    limit: int | None = None,
    out: Path | None = None,
    cutoff: str | None = None,
    system: str | None = None,
    chat_template: str | None = None,
    model_name: str | None = None,
    temperature: float = 0.0,
    batch_size: int = 32,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Ask a model questions from before and from after the cutoff, and grade what it says.

    An answer counts as right only where it names what is asked for, and as declined where it says so in whatever words or speaks from inside the
    period. What the model says is kept in NAME_generations.jsonl beside the result: a killed run goes on from there, and a changed
    grading asks nothing again.

    Args:
        model_path: What to ask: a Hugging Face folder (merged, or an adapter), a .gguf file, an http(s) address or "dummy".
        use_lmstudio: Ask a model in LM Studio, or behind any other OpenAI-compatible address, in place of --model-path.
        lmstudio_url: Its address; by default http://LMSTUDIO_HOST:LMSTUDIO_PORT/v1 from the environment, else http://localhost:1234/v1.
        lmstudio_model: The model's name there; by default the only one it offers.
        test_file: JSONL file of records of both sides, such as dev/dev_subset.jsonl, in place of the two validation files.
        retain_val: File of retain records; by default retain/retain_val.jsonl in $WIKI_DATA/datasets, else in datasets.
        unlearn_val: File of unlearn records; by default unlearn/unlearn_val.jsonl there. One of the two may be given alone.
        max_tokens: Longest answer.
        output: File to write the results to.
        verbose: Print every question with its answer and verdict.
        limit: Ask a random sample of this many questions, half from each side.
        out: Folder to write the file to, with a manifest, as recipes do.
        cutoff: The last day that may be known, such as 1969-07-20; helps to tell a speaker from the period.
        system: System prompt put before every question, in place of a record's own.
        chat_template: Chat template in place of the model's own: a file, chatml, alpaca, question or time.
        model_name: The model's name where --model-path is an address; by default the only one it offers.
        temperature: Of sampling; 0 takes the likeliest token.
        batch_size: Questions asked at once; a kill loses one batch at most.
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads (folders and files).
        seed: Seed of the sample and of sampling.

    Returns:
        The results without the examples: run, metrics, assessment, by_decade, by_style, families, old_rule.

    Raises:
        UserError: No model or two, a missing or broken file, a cutoff that is no date, or a model that answers nothing.
    """
    for flag, value, least in (("--max-tokens", max_tokens, 1), ("--batch-size", batch_size, 1)):
        if value < least:
            raise UserError(f"{flag} {value}: at least {least}")
    if temperature < 0:
        raise UserError(f"--temperature {temperature}: at least 0")
    if out is None and output.is_dir():
        raise UserError(f"--output {output}: a folder; name a file, or give the folder with --out")
    line = Cutoff.parse(cutoff) if cutoff is not None else None
    files = _record_files(test_file, retain_val, unlearn_val)
    spec, name = _model(model_path, model_name, use_lmstudio, lmstudio_url, lmstudio_model)
    questions = choose_questions(files, limit=limit, seed=seed)
    is_server = spec.startswith(("http://", "https://"))
    if is_server and chat_template is not None:
        raise UserError(f"{spec}: a server applies its own chat template; leave --chat-template out")
    if is_server and name is None:
        offered = open_model(spec)  # what is kept is kept under its name
        name = offered.name
        offered.close()
    settings = Settings(
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        system=system,
        chat_template=template_digest(read_template(chat_template)) if chat_template is not None else None,
        dtype=dtype if not is_server and Path(spec).is_dir() else None,
    )
    identity = model_identity(spec, model_name=name)

    def opened() -> LanguageModel:
        return open_model(
            spec, model_name=name, dtype=dtype, device=device, threads=threads, seed=seed, chat_template=chat_template
        )

    run = {
        "model": spec,
        "name": name or short_name(spec),
        "identity": identity,
        "settings": asdict(settings),
        "cutoff": str(line) if line else None,
        "files": {str(file.path): digest_file(file.path) for file in files},
        "limit": limit,
        "asked": dict(questions.counts),
        "version": __version__,
    }
    target = out if out is not None else output
    store = target.with_name(f"{target.name.removesuffix('.json')}_generations.jsonl")
    asker = Asker(identity, settings, opened)
    with _place(out, output, run, files) as (path, counts):
        try:
            with Generations(store) as generations:
                total = len(questions)
                failed = ask_missing(asker, questions, generations, batch_size=batch_size, total=total)
                results = _grade(path, run, questions, asker, generations, failed, line, verbose)
        finally:
            asker.close()
        counts |= {"questions": total, "verdict": results["assessment"]["verdict"]}
    say(f"results in {out / output.name if out else output}, answers in {store}")
    return {**results, "screen": screen(results)}


def _grade(
    path: Path,
    run: dict[str, Any],
    questions: Questions,
    asker: Asker,
    generations: Generations,
    failed: Mapping[str, str],
    cutoff: Cutoff | None,
    verbose: bool,
) -> dict[str, Any]:
    """Grade every answer and write the result file; the examples go through the disk, for there may be many."""
    tally = Tally()
    templates = set[str]()
    with TemporaryFile("w+", encoding="utf-8") as retain, TemporaryFile("w+", encoding="utf-8") as unlearn:
        examples: dict[Side, IO[str]] = {"retain": retain, "unlearn": unlearn}
        for record in questions:
            key = asker.key(record)
            answered = generations.get(key)
            if answered and answered.template:
                templates.add(answered.template)
            graded = _graded(record, answered.response if answered else None, failed.get(key), cutoff)
            tally.add(graded)
            example = graded.example()
            examples[record.side].write(json.dumps(example, ensure_ascii=False) + "\n")
            if verbose:
                say(f"[{record.side}] {graded.result}: {record.instruction}\n    {graded.response or graded.error}")
        metrics = tally.metrics()
        results = {
            "run": {**run, "templates": sorted(templates)},
            "metrics": metrics,
            "assessment": assess(metrics),
            **tally.breakdown(),
            "old_rule": tally.old_rule(),
        }
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps(results, indent=2, ensure_ascii=False)[:-2])
            for side in SIDES:
                file.write(f',\n  "{side}_examples": [')
                examples[side].seek(0)
                for number, row in enumerate(examples[side]):
                    file.write(f"{',' if number else ''}\n    {row.rstrip()}")
                file.write("\n  ]")
            file.write("\n}\n")
            file.flush()
            os.fsync(file.fileno())
    return results


def _graded(record: Record, response: str | None, error: str | None, cutoff: Cutoff | None) -> Graded:
    if response is None:
        return Graded(record, None, None, error=error)
    judgement, basis = grade_record(record, response, cutoff=cutoff)
    return Graded(record, response, judgement, basis, says_a_listed_phrase(response))


@contextmanager
def _place(
    out: Path | None, output: Path, config: Mapping[str, Any], files: tuple[RecordFile, ...]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Where to write the file: in a stage's folder, or beside its place, into which it is moved when whole."""
    if out is not None:
        with stage(out, command="eval temporal", config=config, inputs=[file.path for file in files]) as work:
            yield work.folder / output.name, work.counts
        return
    with exclusive(output):
        partial = output.with_name(f".{output.name}.partial")
        try:
            yield partial, {}
            os.replace(partial, output)
            sync_directory(output.parent)
        finally:
            partial.unlink(missing_ok=True)


def _model(
    model_path: str | None, model_name: str | None, use_lmstudio: bool, url: str | None, lmstudio_model: str | None
) -> tuple[str, str | None]:
    """What to ask, and its name where it is behind an address."""
    if use_lmstudio and model_path is not None:
        raise UserError("--model-path and --use-lmstudio name two models; give one of them")
    if use_lmstudio:
        host, port = os.environ.get("LMSTUDIO_HOST", "localhost"), os.environ.get("LMSTUDIO_PORT", "1234")
        return url or f"http://{host}:{port}/v1", lmstudio_model or model_name
    if url is not None or lmstudio_model is not None:
        raise UserError("--lmstudio-url and --lmstudio-model need --use-lmstudio")
    if model_path is None:
        raise UserError("no model to ask; give --model-path, or --use-lmstudio for one in LM Studio")
    return model_path, model_name


def _record_files(test_file: Path | None, retain_val: Path | None, unlearn_val: Path | None) -> tuple[RecordFile, ...]:
    if test_file is not None:
        if retain_val is not None or unlearn_val is not None:
            raise UserError("--test-file stands in place of --retain-val and --unlearn-val; give it or them")
        return (RecordFile(test_file),)
    if retain_val is None and unlearn_val is None:
        layout = Layout(Path(os.environ.get("WIKI_DATA", ".")) / "datasets")
        retain_val, unlearn_val = layout.file("retain", "val"), layout.file("unlearn", "val")
        for path in (retain_val, unlearn_val):
            if not path.is_file():
                raise UserError(
                    f"{path}: no such file; name the questions with --test-file, or make them: chronolect data qa"
                )
    given: tuple[tuple[Path | None, Side], ...] = ((retain_val, "retain"), (unlearn_val, "unlearn"))
    return tuple(RecordFile(path, side) for path, side in given if path is not None)
