"""The horizon of a model: how well it knows dated facts of the real world, by year, and where its knowledge ends."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from chronolect.artifacts import stage, write_json
from chronolect.chronicle.facts import load_facts
from chronolect.chronicle.probes import Probe, Split, build_probes, read_probes
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.answers import SCORINGS, Answer, Scoring, ask, complete
from chronolect.models.language_model import DType, short_name
from chronolect.models.opening import open_model
from chronolect.statistics import FEWEST, against_chance, change_point, difference, wilson
from chronolect.timeline import Cutoff, Span, Verdict
from chronolect.timeline.calendar import civil, year_end, year_start
from chronolect.timeline.notation import write_day

HEADLINE: Scoring = "calibrated"
_SIDES = {Verdict.BEFORE: "before", Verdict.AFTER: "after", Verdict.STRADDLES: "straddling", Verdict.UNDATED: "undated"}


@dataclass(frozen=True)
class Graded:
    """An answered probe with its place in time. `side` is before, after, straddling or undated; `day` the middle of its date."""

    probe: Probe
    answer: Answer
    side: str
    day: int | None
    year: int | None
    type: str

    def right(self, scoring: Scoring = HEADLINE) -> bool:
        """Whether the right option was picked."""
        return self.answer.picks[scoring] == 0


def eval_horizon(
    models: list[str],
    *,
    out: Path,
    cutoff: str,
    probes: Path | None = None,
    names: list[str] | None = None,
    bin_years: int = 10,
    bootstrap: int = 1000,
    references: int | None = None,
    splits: list[Split] | None = None,
    limit: int | None = None,
    generate: int = 0,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    model_name: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Ask models dated four-choice probes and find out up to when they know the world.

    Writes `horizon.json` (every share with its n and 95 % interval) and `answers.jsonl` (one line per model and probe, from which the grading can
    be done again).

    Args:
        models: What to ask: Hugging Face folders, .gguf files, http(s) addresses or "dummy". All get the same probes.
        out: Folder to write to.
        cutoff: The last day the first model may know, such as 1969-07-20.
        probes: JSONL file of probes; by default those of the embedded chronicle.
        names: What to call the models, in their order.
        bin_years: Width of the bins of the curve, in years.
        bootstrap: Resamples for the change point's interval, and shuffles for its p-value.
        references: Prompts to calibrate on for each probe; by default all it has.
        splits: Ask only these kinds of probes: heldout, seen, control, trap.
        limit: Ask a random sample of this many probes only.
        generate: Also let the models finish this many held-out cloze prompts from each side of the cutoff by themselves.
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads.
        model_name: Name of the model on an OpenAI-compatible server.
        seed: Seed of the sample and of resampling.

    Raises:
        UserError: For a missing model, a broken probe, names that do not fit, or a cutoff that is no date.
    """
    line = Cutoff.parse(cutoff)
    called = model_names(models, names)
    for key, value, least in (
        ("--bin-years", bin_years, 1),
        ("--bootstrap", bootstrap, 1),
        ("--generate", generate, 0),
    ):
        if value < least:
            raise UserError(f"{key} {value}: at least {least}")
    facts = load_facts()
    every = read_probes(probes) if probes else build_probes(facts)
    asked = _sample([probe for probe in every if not splits or probe.split in splits], limit, seed)
    if not asked:
        raise UserError(f"{probes or 'the embedded chronicle'}: no probes of --splits {' '.join(splits or [])} in it")
    types = {fact.id: str(fact.type) for fact in facts}
    aliases = {fact.id: fact.aliases for fact in facts}
    times = [locate(probe, line) for probe in asked]
    config = {
        "models": models,
        "names": called,
        "cutoff": str(line),
        "probes": str(probes) if probes else "embedded",
        "bin_years": bin_years,
        "bootstrap": bootstrap,
        "references": references,
        "splits": splits,
        "limit": limit,
        "generate": generate,
        "dtype": dtype,
        "seed": seed,
    }
    inputs = [path for path in (*map(Path, models), *([probes] if probes else [])) if path.exists()]
    with stage(out, command="eval horizon", config=config, inputs=inputs) as work:
        results = []
        with open(work.folder / "answers.jsonl", "w", encoding="utf-8") as file:
            for spec, name in zip(models, called, strict=True):
                model = open_model(spec, model_name=model_name, dtype=dtype, device=device, threads=threads, seed=seed)
                try:
                    graded = []
                    for probe, (side, day, year), answer in zip(
                        asked, times, ask(model, name, asked, references=references), strict=True
                    ):
                        file.write(answer.line(probe))
                        graded.append(Graded(probe, answer, side, day, year, types.get(probe.fact, "unknown")))
                    file.flush()
                    result = grade(graded, bin_years=bin_years, bootstrap=bootstrap, seed=seed)
                    if generate:
                        result["completions"] = _completions(model, graded, aliases, generate, seed)
                finally:
                    model.close()
                say(f"{name}: {headline_text(result['headline'])}")
                results.append({"name": name, "spec": spec, **result})
        sides = Counter(side for side, _, _ in times)
        found = {
            "cutoff": str(line),
            "seed": seed,
            "scoring": HEADLINE,
            "level": 0.95,
            "fewest": FEWEST,
            "probes": {
                "total": len(asked),
                "by_split": dict(Counter(probe.split for probe in asked)),
                **{side: sides[side] for side in _SIDES.values()},
            },
            "models": results,
        }
        write_json(work.folder / "horizon.json", found)
        work.counts = {
            "probes": len(asked),
            "models": {result["name"]: result["headline"] for result in results},
        }
    return work.counts


def grade(graded: Sequence[Graded], *, bin_years: int = 10, bootstrap: int = 1000, seed: int = 0) -> dict[str, Any]:
    """What the answers of one model amount to.

    The headline and the curves count held-out wordings of facts that cannot be guessed (`guess` low or medium).
    """
    by_split = {split: [g for g in graded if g.probe.split == split] for split in get_args(Split)}
    heldout = [g for g in by_split["heldout"] if g.probe.guess != "high"]
    dated = [g for g in heldout if g.side in ("before", "after") and g.day is not None]
    step = change_point(
        [float(g.day) for g in dated if g.day is not None], [g.right() for g in dated], resamples=bootstrap, seed=seed
    )
    point = {
        **asdict(step),
        **{
            key: None if value is None else _decimal_year(value)
            for key, value in (("year", step.position), ("low", step.low), ("high", step.high))
        },
        **{
            key: None if value is None else write_day(round(value))
            for key, value in (
                ("date", step.position),
                ("last_before", step.last_before),
                ("first_after", step.first_after),
            )
        },
    }
    del point["position"]
    return {
        "headline": _headline(heldout, point),
        "splits": {
            **{split: _sides(by_split[split], _accuracy) for split in ("heldout", "seen")},
            **{split: _accuracy(by_split[split]) for split in ("control", "trap")},
        },
        "change_point": point,
        "by_bin": _curve(dated, bin_years),
        "by_year": _curve(dated, 1),
        "tags": _sides(heldout, _wrong_tags),
        "by_form": _by(heldout, lambda g: g.probe.form),
        "by_type": _by(heldout, lambda g: g.type),
        "by_guess": _by(by_split["heldout"], lambda g: g.probe.guess),
        "by_scoring": {how: _sides(heldout, lambda some, how=how: _accuracy(some, how)) for how in SCORINGS},  # type: ignore[misc]
        "left_out": {
            "guess_high": len(by_split["heldout"]) - len(heldout),
            "straddling": sum(g.side == "straddling" for g in heldout),
            "undated": sum(g.side == "undated" for g in heldout),
        },
    }


def headline_text(headline: dict[str, Any]) -> str:
    """The headline in one line."""

    def share(part: dict[str, Any]) -> str:
        if not part["n"]:
            return "not asked"
        return f"{part['accuracy']:.2f} [{part['low']:.2f}, {part['high']:.2f}] (n = {part['n']})"

    point = headline["change_point"]
    step = f"{point['year']:.1f} [{point['low']:.1f}, {point['high']:.1f}]" if point["found"] else "none"
    return f"before {share(headline['before'])}, after {share(headline['after'])}, change point {step}"


def model_names(models: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """What to call the models; `UserError` where the names do not fit them or are not different."""
    if not models:
        raise UserError("no model to ask; give at least one")
    called = list(names) if names else [short_name(model) for model in models]
    if len(called) != len(models):
        raise UserError(f"--names: {len(called)} for {len(models)} models; give one for each")
    for name, count in Counter(called).items():
        if count > 1:
            raise UserError(f'two models are called "{name}"; tell them apart with --names')
    return called


def _sample(probes: list[Probe], limit: int | None, seed: int) -> list[Probe]:
    if limit is None or limit >= len(probes):
        return probes
    if limit < 1:
        raise UserError(f"--limit {limit}: at least 1")
    return [probes[place] for place in sorted(random.Random(seed).sample(range(len(probes)), limit))]


def locate(probe: Probe, cutoff: Cutoff) -> tuple[str, int | None, int | None]:
    """Side of the cutoff, middle day and its year."""
    try:
        span = Span.parse(probe.date) if probe.date else Span()
    except UserError as error:
        raise UserError(f"probe {probe.id}: {error}") from None
    year = span.middle_year
    day = None if span.earliest is None or span.latest is None else (span.earliest + span.latest) // 2
    return _SIDES[cutoff.judge(span)], day, year


def _headline(heldout: Sequence[Graded], point: dict[str, Any]) -> dict[str, Any]:
    sides = _sides(heldout, _accuracy)
    before, after = sides["before"], sides["after"]
    drop = difference(wilson(before["correct"], before["n"]), wilson(after["correct"], after["n"]))
    enough = after["n"] >= FEWEST
    return {
        "before": before,
        "after": after,
        "drop": drop.as_dict(),
        "change_point": {key: point[key] for key in ("found", "year", "date", "low", "high", "p", "n")},
        # not above chance: the interval reaches down to it
        "at_chance_after": after["low"] <= after["chance"] if enough else None,
    }


def _accuracy(graded: Sequence[Graded], scoring: Scoring = HEADLINE) -> dict[str, Any]:
    n = len(graded)
    correct = sum(g.right(scoring) for g in graded)
    chance = sum(1 / len(g.probe.options) for g in graded) / n if n else 0.25
    return {**wilson(correct, n).as_accuracy(), "chance": chance, "p_chance": against_chance(correct, n, chance)}


def _sides(graded: Sequence[Graded], measure: Callable[[list[Graded]], dict[str, Any]]) -> dict[str, Any]:
    return {side: measure([g for g in graded if g.side == side]) for side in ("before", "after")}


def _by(graded: Sequence[Graded], key: Callable[[Graded], str]) -> dict[str, Any]:
    return {value: _sides([g for g in graded if key(g) == value], _accuracy) for value in sorted(set(map(key, graded)))}


def _wrong_tags(graded: Iterable[Graded]) -> dict[str, Any]:
    """Of the wrong picks, how many were past, future or irrelevant; and how often each was on offer there."""
    wrong = [g for g in graded if not g.right()]
    picked = Counter(g.probe.options[g.answer.picks[HEADLINE]].tag for g in wrong)
    offered = Counter(option.tag for g in wrong for option in g.probe.options[1:])
    return {
        "wrong": len(wrong),
        **{
            tag: {**asdict(wilson(picked[tag], len(wrong))), "offered": offered[tag]}
            for tag in ("past", "future", "irrelevant")
        },
    }


def _curve(graded: Sequence[Graded], width: int) -> list[dict[str, Any]]:
    bins: dict[int, list[Graded]] = defaultdict(list)
    for g in graded:
        assert g.year is not None
        bins[g.year - g.year % width].append(g)
    return [{"first": first, "last": first + width - 1, **_accuracy(bins[first])} for first in sorted(bins)]


def _decimal_year(day: float) -> float:
    year = civil(int(day))[0]
    return round(year + (day - year_start(year)) / (year_end(year) - year_start(year) + 1), 2)


def _completions(
    model: Any, graded: Sequence[Graded], aliases: dict[str, tuple[str, ...]], count: int, seed: int
) -> dict[str, Any]:
    """Held-out cloze prompts finished by the model itself: the share that names the answer, on each side of the cutoff."""
    found: dict[str, Any] = {}
    for side in ("before", "after"):
        probes = [
            g.probe
            for g in graded
            if (g.side, g.probe.split, g.probe.form) == (side, "heldout", "cloze") and g.probe.guess != "high"
        ]
        chosen = random.Random(seed).sample(probes, min(count, len(probes)))
        texts = complete(model, chosen, aliases=aliases)
        found[side] = {**wilson(sum(text["exact"] for text in texts), len(texts)).as_accuracy(), "texts": texts}
    return found
