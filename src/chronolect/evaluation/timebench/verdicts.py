"""What a judge is asked, and what its answer says: the prompt and the strict reading of scores."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from chronolect.evaluation.timebench.records import UNJUDGED

PROMPT_VERSION = "timebench-judge-1"
_SCORE = re.compile(r"<score>((?:(?!<score>).)*?)</score>", re.DOTALL)
_REASON = re.compile(r"<scoring_reason>((?:(?!<scoring_reason>).)*?)</scoring_reason>", re.DOTALL)


@dataclass(frozen=True)
class Verdict:
    """A judge's word on one response.

    Attributes:
        score: 1 passed, 0 failed, -1 where nobody could tell.
        reason: Why.
        fingerprint: What tells the judge's configuration, where its server sends that.
    """

    score: int
    reason: str
    fingerprint: str | None = None

    @property
    def is_judged(self) -> bool:
        """Whether it counts."""
        return self.score != UNJUDGED


def judging_prompt(response: str, objective: str) -> str:
    """What the judge reads: its task, then the response and the objective, each in double quotes between lines of a mark.

    The mark is a digest of the response, which therefore cannot hold it: no words of a response end the quotation.
    """
    response = response.encode(errors="replace").decode()  # half of an emoji is no text
    mark = sha256(response.encode()).hexdigest()[:12]
    return (
        f"{_instructions()}\n\n"
        f'The response, between the two lines with the mark {mark}:\n[{mark}]\n"{response}"\n[{mark}]\n\n'
        f'The objective:\n"{objective.strip()}"'
    )


def read_verdict(answer: str) -> tuple[int, str] | None:
    """Score and reason of a judge's answer: the last of each, where the score is exactly 0 or 1 and the reason follows it and is not empty.

    >>> read_verdict("Hm. <score>0</score> No: <score>1</score><scoring_reason> It names the day. </scoring_reason>")
    (1, 'It names the day.')
    >>> read_verdict("<score>0.5</score><scoring_reason>Half.</scoring_reason>") is None
    True
    """
    scores = list(_SCORE.finditer(answer))
    if not scores:
        return None
    reasons = list(_REASON.finditer(answer, scores[-1].end()))
    score, reason = scores[-1][1].strip(), reasons[-1][1].strip() if reasons else ""
    return (int(score), reason) if score in ("0", "1") and reason else None


@cache
def _instructions() -> str:
    return (files("chronolect") / "data" / "prompts" / f"{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()
