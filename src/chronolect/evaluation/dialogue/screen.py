"""The result of `eval dialogue` as a table for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 34  # of the first column


def screen(results: Mapping[str, Any]) -> str:
    """Right replies by kind, a column for each model, and each model against the one before it."""
    models: Sequence[Mapping[str, Any]] = results["models"]
    widths = [max(len(model["name"]), 18) for model in models]
    rows: list[tuple[str, list[str]]] = [
        ("", [model["name"] for model in models]),
        ("all", [share_in_words(model["all"]) for model in models]),
    ]
    for kind in results["tests"]["by_kind"]:
        rows.append((kind, [share_in_words(model["by_kind"].get(kind)) for model in models]))
        for sort in sorted({sort for model in models for sort in model["by_kind"].get(kind, {}).get("by_wanted", ())}):
            cells = [share_in_words(model["by_kind"].get(kind, {}).get("by_wanted", {}).get(sort)) for model in models]
            rows.append((f"  {sort} wanted", cells))
        fixed = results["fixed_replies"][kind]
        rows.append(("  always the same reply", [_percent(fixed["accuracy"])] + [""] * (len(models) - 1)))
    for wording in ("seen", "unseen"):
        if any(wording in model["by_wording"] for model in models):
            rows.append((f"{wording} wordings", [share_in_words(model["by_wording"].get(wording)) for model in models]))
    if any(model["silence"]["kept"]["n"] for model in models):
        rows.append(("silent where it should be", [share_in_words(model["silence"]["kept"]) for model in models]))
        rows.append(("spoke where it should", [share_in_words(model["silence"]["spoke"]) for model in models]))
    lines = [
        f"{head:<{WIDTH}}" + "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        for head, cells in rows
    ]
    lines = [line.rstrip() for line in lines]
    following = [one for one in results["comparisons"] if one["follows"]]
    if following:
        lines += ["", "Each against the one before it, on the same dialogues:"]
        lines += [f"  {one['second']} - {one['first']}: {_change(one)}" for one in following]
    unanswered = [f"{model['name']}: {model['unanswered']}" for model in models if model["unanswered"]]
    if unanswered:
        lines += ["", f"Without an answer, and not counted: {', '.join(unanswered)}; run again to ask them again"]
    return "\n".join(lines)


def _change(one: Mapping[str, Any]) -> str:
    difference = one["difference"]
    if difference["value"] is None:
        return "no dialogue that both answered"
    ends = f"{100 * difference['low']:+.1f}, {100 * difference['high']:+.1f}"
    return f"{100 * difference['value']:+.1f} points [{ends}], p = {one['p']:.2g}, n = {difference['n']:,}"


def share_in_words(part: Mapping[str, Any] | None) -> str:
    """A share with its interval and n, in per cent."""
    if not part or not part["n"]:
        return "-"
    return f"{_percent(part['accuracy'])} [{100 * part['low']:.0f}, {100 * part['high']:.0f}] of {part['n']:,}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"
