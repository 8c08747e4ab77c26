"""`eval unlearning`: models before and after unlearning, and their exported files, side by side."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chronolect.artifacts import read_json, stage, write_bytes, write_json
from chronolect.chronicle.facts import load_facts
from chronolect.chronicle.probes import build_probes, read_probes
from chronolect.console import say
from chronolect.errors import UserError, did_you_mean
from chronolect.evaluation.generations import Generations, Settings
from chronolect.evaluation.horizon import HEADLINE, model_names
from chronolect.evaluation.unlearning.compare import compare, verdict
from chronolect.evaluation.unlearning.measuring import Job
from chronolect.evaluation.unlearning.membership import unseen_records
from chronolect.evaluation.unlearning.open_answers import read_sets
from chronolect.evaluation.unlearning.origins import parents, training_costs
from chronolect.evaluation.unlearning.recall import choose_questions
from chronolect.evaluation.unlearning.table import screen
from chronolect.evaluation.unlearning.utility import neutral_texts
from chronolect.models.chat_template import read_template, template_digest
from chronolect.models.language_model import DType
from chronolect.models.opening import Opening
from chronolect.report.page import render
from chronolect.report.unlearning import some_answers, unlearning_page
from chronolect.statistics import FEWEST
from chronolect.timeline import Cutoff

_NEVER_TESTED = ("attacks: prefixes, best of n, supplied context", "relearning: whether a few steps bring it back")


def eval_unlearning(
    models: list[str],
    *,
    out: Path,
    cutoff: str,
    data: Path,
    names: list[str] | None = None,
    start: str | None = None,
    reference: str | None = None,
    probes: Path | None = None,
    neutral: Path | None = None,
    unseen: Path | None = None,
    runs: list[Path] | None = None,
    chat_template: str | None = None,
    model_name: str | None = None,
    references: int = 16,
    limit: int | None = 200,
    documents: int = 500,
    max_tokens: int = 48,
    bootstrap: int = 1000,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Compare models before and after unlearning: what is gone, what went with it, at what cost, and what comes back in a quantised file.

    Writes `unlearning.json` (every rate with its n and 95 % interval), `unlearning.html` (a page to read, with charts), and in `models/` what was
    measured of each model, with its graded answers.
    What models say is kept in NAME_generations.jsonl beside the folder; a killed run goes on with the model it was at.

    Args:
        models: Hugging Face folders, adapters, .gguf files, http(s) addresses or "dummy"; a quantised file is compared with the model it was made
            from, too, where that is among them.
        out: Folder to write to.
        cutoff: The last day that may be known, such as 1969-07-20.
        data: Folder of records as `data qa` writes it, the one that the models were trained with.
        names: What to call the models, in their order.
        start: Name of the model before unlearning; by default the first.
        reference: Name of a model that has never read what was to be forgotten, trained otherwise the same way.
        probes: JSONL file of four-choice probes; by default those of the embedded chronicle.
        neutral: Folder of a corpus that unlearning should leave alone, for utility in bits per byte.
        unseen: Records that no model has read, for membership attacks: a JSONL file, or a folder as `data qa` writes it. Those whose facts are in
            `data`, too, are left out; the others must be like those to be forgotten.
        runs: Run folders of `train unlearn`, for what each model cost.
        chat_template: Chat template in place of the models' own: a file, chatml, alpaca, question or time.
        model_name: Name of the model on an OpenAI-compatible server.
        references: Prompts that each four-choice question is calibrated on.
        limit: Records asked openly from each of the four files, drawn at random; without it all of them.
        documents: Documents of the neutral corpus to score, drawn at random.
        max_tokens: Longest open answer.
        bootstrap: Resamples for intervals of changes.
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads.
        seed: Seed of the samples and of resampling.

    Returns:
        Counts, what each model amounts to in words, and the table under `screen`.

    Raises:
        UserError: For a missing model or file, a broken line, names that do not fit, or a cutoff that is no date.
    """
    line = Cutoff.parse(cutoff)
    called = model_names(models, names)
    for key, value, least in (
        ("--references", references, 0),
        ("--limit", limit, 1),
        ("--documents", documents, 1),
        ("--max-tokens", max_tokens, 1),
        ("--bootstrap", bootstrap, 1),
    ):
        if value is not None and value < least:
            raise UserError(f"{key} {value}: at least {least}")
    first = _place(called, start, "--start") if start is not None else 0
    never_read = _place(called, reference, "--reference") if reference is not None else None
    costs = training_costs(models, runs or [])
    sets, families = read_sets(data, limit=limit, seed=seed)
    every = read_probes(probes) if probes else build_probes(load_facts())
    questions = choose_questions(every, line, families)
    counts = Counter(question.group for question in questions)
    for side in ("before", "after"):
        if not counts[side]:
            raise UserError(f"{probes or 'the embedded chronicle'}: no held-out probe of a fact {side} {line}")
    settings = Settings(
        max_tokens=max_tokens,
        seed=seed,
        chat_template=template_digest(read_template(chat_template)) if chat_template is not None else None,
        dtype=dtype,
    )
    job = Job(
        questions=questions,
        references=references,
        sets=sets,
        settings=settings,
        cutoff=line,
        neutral=neutral_texts(neutral, number=documents, seed=seed) if neutral else [],
        forget=[record for one in sets if one.name == "unlearn_train" for record in one.questions],
        unseen=unseen_records(unseen, data, limit=limit, seed=seed) if unseen else [],
        opening=Opening(model_name, dtype, device, threads, seed, chat_template),
    )
    config = {
        "models": models,
        "names": called,
        "cutoff": str(line),
        "data": str(data),
        "start": called[first],
        "reference": reference,
        "probes": str(probes) if probes else "embedded",
        "neutral": str(neutral) if neutral else None,
        "unseen": str(unseen) if unseen else None,
        "runs": [str(run) for run in runs or []],
        "model_name": model_name,
        "references": references,
        "limit": limit,
        "documents": documents,
        "bootstrap": bootstrap,
        "settings": asdict(settings),
        "seed": seed,
    }
    given = (*map(Path, models), data, *(path for path in (probes, neutral, unseen) if path), *(runs or []))
    inputs = [path for path in given if path.exists()]
    store = out.with_name(f"{out.name}_generations.jsonl")
    with (
        stage(out, command="eval unlearning", config=config, inputs=inputs, resume=True) as work,
        Generations(store) as generations,
    ):
        (work.folder / "models").mkdir(exist_ok=True)
        measured = []
        for number, (spec, name) in enumerate(zip(models, called, strict=True), start=1):
            path = work.folder / "models" / f"{number:02d}.json"
            if path.is_file():  # of a run that was killed
                measured.append(read_json(path))
                continue
            measured.append(job.measure(spec, name, store=generations, path=path))
        compared = compare(
            measured,
            questions,
            start=first,
            reference=never_read,
            parents=parents(models),
            costs=costs,
            resamples=bootstrap,
            seed=seed,
        )
        asked = sum(len(one.questions) for one in sets)
        results = {
            "cutoff": str(line),
            "seed": seed,
            "scoring": HEADLINE,
            "level": 0.95,
            "fewest": FEWEST,
            "start": called[first],
            "reference": reference,
            "questions": {**{group: counts[group] for group in ("before", "after", "control", "trap")}, "open": asked},
            "models": compared,
            "not_tested": _not_tested(neutral=neutral, unseen=unseen, reference=never_read),
        }
        write_json(work.folder / "unlearning.json", results)
        page = unlearning_page(results, some_answers(work.folder / "models"), name=out.name)
        write_bytes(work.folder / "unlearning.html", render(page).encode())
        work.counts = {
            "questions": results["questions"],
            "models": {model["name"]: "; ".join(verdict(model)) for model in compared},
        }
    say(f"results in {out / 'unlearning.html'}, answers in {store}")
    return {**work.counts, "screen": screen(results)}


def _place(names: list[str], name: str, flag: str) -> int:
    if name not in names:
        raise UserError(f"{flag} {name}: no model of that name among {', '.join(names)}{did_you_mean(name, names)}")
    return names.index(name)


def _not_tested(*, neutral: Path | None, unseen: Path | None, reference: int | None) -> list[str]:
    missing = [] if neutral else ["utility on neutral text (--neutral)"]
    missing += [] if reference is not None else ["forget quality against a retain-only model (--reference)"]
    missing += [] if unseen else ["membership attacks (--unseen)"]
    return [*missing, *_NEVER_TESTED]
