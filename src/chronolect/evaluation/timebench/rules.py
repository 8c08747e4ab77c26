"""The judge by rule: scenarios whose objective can be computed carry a check, and a reply passes or it does not."""

from collections.abc import Mapping

from chronolect.dialogue.checks import Check, judge
from chronolect.evaluation.timebench.records import UNJUDGED, Record, scenario_id
from chronolect.evaluation.timebench.verdicts import Verdict


def rule(record: Record, checks: Mapping[str, Check], where: str) -> Verdict:
    """Hold the answer of a run to its check.

    Args:
        record: The run, with an answer.
        checks: Of scenarios, by id; a scenario that is not among them is held to the check its record carries.
        where: What an error names, such as the file and the number of the run.

    Raises:
        UserError: Where the record's check is none.
    """
    check = checks.get(scenario_id(record))
    if check is None and record.get("check") is not None:
        check = Check.from_dict(record["check"], where)
    if check is None:
        return Verdict(UNJUDGED, "no rule for this scenario")
    ruling = judge(record["response"], check)
    return Verdict(int(ruling.passed), ruling.reason)
