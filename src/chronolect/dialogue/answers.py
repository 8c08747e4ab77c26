"""Yes or no at the head of a reply."""

import re
from typing import Literal

_HEAD_SEGMENTS = 4  # of the reply, between marks: "Good question, Ana: no, ..." answers in the third
_YES = re.compile(r"(?:yes|yep|yeah|yup)\b")
_NO = re.compile(r"(?:no|nope|nah)\b(?! (?:problem|worries|doubt|need|matter|wonder|rush|trouble|hurry|pressure)\b)")
_AUXILIARY = "(?:is|are|was|were|does|do|did|has|have|had|will|would|can|could|should|must)"
_SUBJECT = r"(?:it|that|this|they|you|we|he|she|there|i)"
_LIKE_YES = re.compile(
    rf"(?:that's right|that is right|correct|indeed|absolutely|definitely|certainly|exactly|of course|right|true)$|{_SUBJECT} {_AUXILIARY}$"
)
_LIKE_NO = re.compile(
    rf"not (?:yet|quite|any ?more|really|at all|today|now|exactly)\b|unfortunately,? not\b|i'm afraid not\b|sadly not\b|never\b|"
    rf"{_SUBJECT} (?:{_AUXILIARY}n't|{_AUXILIARY} not|can't|won't|cannot)\b|(?:it|that|he|she|there)'s not\b|(?:you|they|we)'re not\b"
)


def yes_or_no(text: str) -> Literal["yes", "no"] | None:
    """What a reply answers at its head; None where it says neither.

    Args:
        text: A text as `spoken` gives it.

    >>> yes_or_no("good question, ana: no, it's closed."), yes_or_no("it is not."), yes_or_no("the shop closed.")
    ('no', 'no', None)
    """
    segments = [part.strip() for part in re.split(r"[,.!?;:\n]| - ", text) if part.strip()][:_HEAD_SEGMENTS]
    for yes, no in ((_YES, _NO), (_LIKE_YES, _LIKE_NO)):
        for segment in segments:
            if no.match(segment):
                return "no"
            if yes.match(segment):
                return "yes"
    return None
