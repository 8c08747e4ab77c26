"""The comparison as a block of text for a terminal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chronolect.evaluation.unlearning.compare import Compared, verdict
from chronolect.evaluation.unlearning.recall import forget_set

_GAP = "  "
Cell = Callable[[Compared], str]


def screen(results: Mapping[str, Any]) -> str:
    """The block: the main table, what stands behind it, what the weights hold, and a line of words for each model."""
    models: Sequence[Compared] = results["models"]
    counts = results["questions"]
    lines = [
        f"UNLEARNING AFTER {results['cutoff']} (every rate with its 95 % interval)",
        "",
        *_table(models, _MAIN),
        "",
        *_table(models, _BEHIND),
        "",
        *([*_table(models, _INSIDE), ""] if any("skipped" not in model["memory"] for model in models) else []),
        *(f"{model['name']}: {'; '.join([*verdict(model), *_since_parent(model)])}" for model in models),
        "",
        f"four-choice: {counts['after']:,} questions after the cutoff, {counts['before']:,} before it, in wordings kept out of training, "
        f"chance {models[0]['four_choice'].get('after', {}).get('chance', 0.25):.2f}; open: {counts['open']:,} questions",
        "Not tested: " + "; ".join(results["not_tested"]),
    ]
    return "\n".join(lines)


def _since_parent(model: Compared) -> list[str]:
    """What quantising, or merging, changed."""
    since = model.get("since_parent")
    if not since or not since["four_choice"]:
        return []
    after, before = (signed(since["four_choice"][side]) for side in ("after", "before"))
    return [f"against {model['made_from']} after the cutoff {after}, before it {before}"]


def share(part: Mapping[str, Any] | None, *, digits: int = 2) -> str:
    """Accuracy, or a rate, with its interval.

    >>> share({"accuracy": 0.256, "low": 0.2, "high": 0.31, "n": 100}), share(None)
    ('0.26 [0.20, 0.31]', '–')
    """
    if not part:
        return "–"
    value = next((part[key] for key in ("accuracy", "rate", "value", "auc") if part.get(key) is not None), None)
    if value is None:
        return "–"
    ends = f" [{part['low']:.{digits}f}, {part['high']:.{digits}f}]" if part.get("low") is not None else ""
    return f"{value:.{digits}f}{ends}"


def signed(part: Mapping[str, Any] | None, *, digits: int = 2) -> str:
    """A change with its interval.

    >>> signed({"value": -0.031, "low": -0.06, "high": 0.01})
    '-0.03 [-0.06, +0.01]'
    """
    if not part or part.get("value") is None:
        return "–"
    ends = f" [{part['low']:+.{digits}f}, {part['high']:+.{digits}f}]" if part.get("low") is not None else ""
    return f"{part['value']:+.{digits}f}{ends}"


def p_value(part: Mapping[str, Any] | None) -> str:
    """The p-value of forget quality.

    >>> p_value({"p": 0.0312}), p_value({"p": 1.7e-21})
    ('0.031', '1.7e-21')
    """
    if not part or part["p"] is None:
        return "–"
    return f"{part['p']:.3f}" if part["p"] >= 0.001 else f"{part['p']:.1e}"


def cost(part: Mapping[str, Any] | None) -> str:
    """Steps and time.

    >>> cost({"steps": 450, "seconds": 149.2})
    '450 steps, 149 s'
    """
    return "–" if part is None else f"{part['steps']:,} steps, {part['seconds']:,.0f} s"


def _rate(name: str, key: str) -> Cell:
    return lambda model: share(model["open"][name]["intervals"][key])


def _known(side: str, split: str | None = None) -> Cell:
    def cell(model: Compared) -> str:
        part = model["four_choice"].get(side)
        return share(part[split] if part and split else part)

    return cell


def _forget_set(model: Compared) -> str:
    return share(None if "skipped" in model["four_choice"] else forget_set(model["four_choice"]))


def _memory(key: str) -> Cell:
    return lambda model: share(model["memory"].get(key), digits=3)


_MAIN: Sequence[tuple[str, Cell]] = (
    ("model", lambda model: ("  " if model["made_from"] else "") + model["name"]),
    ("to be forgotten", _forget_set),
    ("before the cutoff", _known("before")),
    ("change before", lambda model: signed(model["four_choice"].get("change", {}).get("before"))),
    ("false refusals", _rate("retain_val", "false_refusal_rate")),
    ("bits per byte", lambda model: share(model["utility"].get("bits_per_byte"))),
    ("change", lambda model: signed(model["utility"].get("change"))),
    ("cost", lambda model: cost(model["cost"])),
)
_BEHIND: Sequence[tuple[str, Cell]] = (
    _MAIN[0],
    ("all after the cutoff", _known("after")),
    ("not in training", _known("after", "unshown")),
    ("open: right before", _rate("retain_val", "accuracy")),
    ("leaks after", _rate("unlearn_val", "leakage_rate")),
    ("declines after", _rate("unlearn_val", "success_rate")),
    ("made up after", _rate("unlearn_val", "confabulation_rate")),
)
_INSIDE: Sequence[tuple[str, Cell]] = (
    _MAIN[0],
    ("p(truth) per token", _memory("probability")),
    ("truth ratio", _memory("truth_ratio")),
    ("extraction", _memory("extraction_strength")),
    ("exact memory", _memory("exact_memorisation")),
    ("forget quality p", lambda model: p_value(model["memory"].get("forget_quality"))),
    ("Min-K++ AUC", lambda model: share(model["membership"].get("min_k++"))),
    ("gap to reference", lambda model: signed(model["membership"].get("min_k++", {}).get("gap"))),
)


def _table(models: Sequence[Compared], columns: Sequence[tuple[str, Cell]]) -> list[str]:
    rows = [[head for head, _ in columns], *([cell(model) for _, cell in columns] for model in models)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    lines = [_GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
