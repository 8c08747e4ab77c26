"""`eval timebench judge`: does each response do what its objective asks for? A model says so, or a rule."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import exclusive
from chronolect.errors import UserError
from chronolect.evaluation.timebench.judging import Judge, judged_key, judged_keys
from chronolect.evaluation.timebench.records import UNJUDGED, Record, has_answer, read_records, write_records
from chronolect.evaluation.timebench.rules import rule
from chronolect.evaluation.timebench.scenarios import read_scenarios
from chronolect.evaluation.timebench.seeds import SEED
from chronolect.evaluation.timebench.verdicts import Verdict
from chronolect.models.server import ServerModel

RULES = "rules"
_ADDRESS = ("http://", "https://")
_SHOWN = 5  # unjudged runs that the result names
_VERDICT_KEYS = ("score", "scoring_reason", "judge_system_fingerprint")


def eval_timebench_judge(
    output: Path,
    *,
    judge: str,
    judge_model: str | None = None,
    then: str | None = None,
    scenarios: Path | None = None,
    out: Path | None = None,
    attempts: int = 5,
    seed: int = SEED,
    reasoning_effort: str | None = None,
    concurrency: int = 8,
) -> dict[str, Any]:
    """Give every run of a benchmark file its score: 1 where the response does what the objective asks for, else 0.

    A judge model sees the whole response, think blocks included, and the objective, never the conversation; it answers at temperature 0. Where it
    gives no score in any attempt, or the run got no answer, the score is -1, which no mean counts. What it says is kept in a .jsonl file beside
    the result: a killed run goes on from there, and nothing is paid for twice. The rules judge by computation alone, where a scenario has a check.

    Args:
        output: File of runs (`*_output.json`); scores that stand in it already are kept, unless the rules judge.
        judge: Address of an OpenAI-compatible server with the judge, or "rules".
        judge_model: The judge's name on its server; by default the only one it offers.
        then: With --judge rules: address of a judge model for the scenarios without a rule.
        scenarios: File of scenarios whose checks the rules go by; by default the project's own, and else those in the file of runs.
        out: File to write; by default `*_output_judged.json` beside it, and `*_output_ruled.json` where the rules judge.
        attempts: How often a judge is asked whose answer holds no score, each time with another seed.
        seed: Seed of the judge's first attempt; the next ones count up from there.
        reasoning_effort: How much a judge that reasons is to reason, such as none or low; by default it is not told.
        concurrency: Requests in flight at once.

    Returns:
        out, from_before (scores kept from an earlier judging), runs, judged, passed, passed_percent (of judged runs), unjudged, why_unjudged (how
        often each reason), unjudged_runs (the first few) and by_category.

    Raises:
        UserError: A broken file, a judge that is none, a server that is gone.
    """
    if attempts < 1 or concurrency < 1:
        raise UserError(f"--attempts {attempts}, --concurrency {concurrency}: each at least 1")
    address = then if judge == RULES else judge
    if judge != RULES and then is not None:
        raise UserError("--then goes with --judge rules: it judges what no rule can")
    if address is not None and not address.startswith(_ADDRESS):
        raise UserError(f'{address}: no judge; give the http(s)://…/v1 address of a server, or "{RULES}"')
    by_rule = judge == RULES
    records = read_records(output)
    target = out or _default_out(output, by_rule)
    verdicts = {
        place: Verdict(UNJUDGED, "no answer to judge") for place, one in enumerate(records) if not _is_whole(one)
    }
    if by_rule:
        checks = {one.id: one.check for one in read_scenarios(scenarios) if one.check is not None}
        for place in _open(records, verdicts):
            found = rule(records[place], checks, f"{output}, run {place + 1}")
            if found.is_judged or then is None:
                verdicts[place] = found
    before = 0
    with exclusive(target):
        journal = target.with_suffix(".jsonl")
        if not by_rule:
            verdicts |= _stored(records, output, target, journal)
            before = sum(found.is_judged for found in verdicts.values())
        if address is not None and len(verdicts) < len(records):
            server = ServerModel(address, judge_model)
            try:
                panel = Judge(server, attempts=attempts, seed=seed, reasoning_effort=reasoning_effort)
                some = {place: records[place] for place in _open(records, verdicts)}
                found_now, known = panel.judge_all(some, journal, concurrency=concurrency)
            finally:
                server.close()
            verdicts, before = verdicts | found_now, before + known
        write_records(target, [_scored(record, verdicts[place]) for place, record in enumerate(records)])
    return {"out": str(target), "from_before": before, **_counts(records, verdicts)}


def _default_out(output: Path, by_rule: bool) -> Path:
    stem = output.stem.removesuffix("_judged")
    return output.with_name(f"{stem}_{'ruled' if by_rule else 'judged'}.json")


def _is_whole(record: Record) -> bool:
    return has_answer(record) and isinstance(record.get("objective"), str)


def _open(records: Sequence[Record], verdicts: Mapping[int, Verdict]) -> list[int]:
    return [place for place in range(len(records)) if place not in verdicts]


def _stored(records: Sequence[Record], output: Path, target: Path, journal: Path) -> dict[int, Verdict]:
    """Scores that stand in the file of runs itself, or in a judged file that was made elsewhere: that no journal of ours tells of."""
    sources = dict(enumerate(records))
    if target != output and target.exists():
        ours = judged_keys(journal)
        there = {judged_key(one): one for one in read_records(target) if _is_whole(one)}
        sources |= {
            place: there[key]
            for place, record in sources.items()
            if _is_whole(record) and (key := judged_key(record)) in there and key not in ours
        }
    return {
        place: Verdict(record["score"], record["scoring_reason"], record.get("judge_system_fingerprint"))
        for place, record in sources.items()
        if record.get("score") in (0, 1) and isinstance(record.get("scoring_reason"), str)
    }


def _scored(record: Record, verdict: Verdict) -> Record:
    bare = {key: value for key, value in record.items() if key not in _VERDICT_KEYS}
    scored = {**bare, "score": verdict.score, "scoring_reason": verdict.reason}
    if verdict.fingerprint is not None:
        scored["judge_system_fingerprint"] = verdict.fingerprint
    return scored


def _counts(records: Sequence[Record], verdicts: Mapping[int, Verdict]) -> dict[str, Any]:
    by_category = defaultdict[str, list[int]](list)
    for place, record in enumerate(records):
        by_category[str(record.get("category"))].append(verdicts[place].score)
    unjudged = [place for place, found in sorted(verdicts.items()) if not found.is_judged]
    return {
        **_share([found.score for found in verdicts.values()]),
        "why_unjudged": dict(Counter(verdicts[place].reason for place in unjudged).most_common()),
        "unjudged_runs": [
            {"run": place + 1, "seed": records[place].get("seed"), "why": verdicts[place].reason}
            for place in unjudged[:_SHOWN]
        ],
        "by_category": {category: _share(scores) for category, scores in by_category.items()},
    }


def _share(scores: Sequence[int]) -> dict[str, Any]:
    judged, passed = sum(score != UNJUDGED for score in scores), sum(score == 1 for score in scores)
    return {
        "runs": len(scores),
        "judged": judged,
        "passed": passed,
        "passed_percent": round(100 * passed / judged, 2) if judged else None,
        "unjudged": len(scores) - judged,
    }
