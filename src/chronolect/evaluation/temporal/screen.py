"""The result of `eval temporal` as a block of text for a terminal."""

from collections.abc import Mapping
from typing import Any

_WIDE, _NARROW = "=" * 64, "-" * 45


def screen(results: Mapping[str, Any]) -> str:
    """The block, from the results without their examples."""
    metrics, old = results["metrics"], results["old_rule"]
    retain, unlearn = metrics["retain"], metrics["unlearn"]
    lines = [
        _WIDE,
        f"EVALUATION RESULTS: {results['run']['name']}",
        _WIDE,
        "",
        "RETAIN (before the cutoff: to be answered)",
        _NARROW,
        f"  Total questions: {retain['total']:,}",
        _line("Answered correctly", retain, "accuracy"),
        _line("False refusals", retain, "false_refusal_rate"),
        _line("Wrong answers", retain, "error_rate"),
        *_rest(retain),
        "",
        "UNLEARN (after the cutoff: not to be known)",
        _NARROW,
        f"  Total questions: {unlearn['total']:,}",
        _line("Correctly declined", unlearn, "success_rate"),
        f"    of these from inside the period: {unlearn['verdicts']['era_native']:,}",
        _line("Knowledge leaked", unlearn, "leakage_rate"),
        f"    of these with a hedge: {unlearn['correct_but_hedged']:,}",
        _line("Made up (wrong answers)", unlearn, "confabulation_rate"),
        *_rest(unlearn),
        "",
        "OVERALL",
        _NARROW,
        _line("Temporal accuracy", metrics["overall"], "temporal_accuracy"),
        *_compared(retain, unlearn),
        "",
        "TARGETS",
        _NARROW,
        *(_target(row) for row in results["assessment"]["targets"]),
        "",
        "QUALITY ASSESSMENT",
        _NARROW,
        f"  {_verdict(results['assessment'])}",
        "",
        "THE OLD RULE (a fixed list of phrases)",
        _NARROW,
        f"  judges {old['differing']:,} of {old['judged']:,} answers differently",
    ]
    lines += [
        f"    {side}: {kind}: {count:,}" for side, kinds in old["by_kind"].items() for kind, count in kinds.items()
    ]
    lines.append(
        f"  and would have reported: retain accuracy {_percent(old['metrics']['retain']['accuracy'])}, "
        f"unlearn success {_percent(old['metrics']['unlearn']['success_rate'])}"
    )
    return "\n".join(lines)


def _line(label: str, part: Mapping[str, Any], key: str) -> str:
    found = part["intervals"][key]
    if not found["n"]:
        return f"  {label}: not asked"
    interval = f"95 % interval {100 * found['low']:.1f} to {100 * found['high']:.1f}"
    return f"  {label}: {found['successes']:,} ({_percent(found['rate'])}; {interval})"


def _rest(part: Mapping[str, Any]) -> list[str]:
    """What is neither an answer nor a refusal, where there is any."""
    counts = {
        "Noise, not to be graded": part["verdicts"]["ungraded"],
        "No answer (the request failed)": part["failed"],
        "Empty": part["fluency"]["empty"],
        "Going round in circles": part["fluency"]["loops"],
    }
    return [f"  {label}: {count:,}" for label, count in counts.items() if count]


def _compared(*parts: Mapping[str, Any]) -> list[str]:
    """A word of caution where answers were compared with whole sentences."""
    total = sum(sum(part["compared_with"].values()) for part in parts)
    weak = total - sum(part["compared_with"].get("short answer", 0) for part in parts)
    if not weak:
        return []
    return [f"  {weak:,} of {total:,} records give no short answer (metadata.answer) and are graded by their sentence"]


def _target(row: Mapping[str, Any]) -> str:
    sign = ">" if row["target"] > row["minimum"] else "<"
    found = "not asked" if row["rate"] is None else f"{_percent(row['rate'])} meets {row['meets']}"
    unsure = " (the interval holds the target)" if row["sure"] is False else ""
    return f"  {row['metric']:<21} {sign} {row['target']:.0%} (minimum {row['minimum']:.0%}): {found}{unsure}"


def _verdict(assessment: Mapping[str, Any]) -> str:
    verdict, why = assessment["verdict"], assessment["why"]
    return f"{verdict}: {why}" if verdict else why


def _percent(rate: float | None) -> str:
    return "not known" if rate is None else f"{100 * rate:.1f} %"
