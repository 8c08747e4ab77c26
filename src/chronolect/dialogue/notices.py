"""Whether a text says what there is to notice about time: a date that does not exist, a clock that ran backwards, a long silence."""

import re
from typing import Literal, get_args

from chronolect.dialogue.durations import DAY, stated_durations
from chronolect.dialogue.spoken import is_denied

Notice = Literal["invalid", "backwards", "gap", "long_gap", "quick", "same_time"]
NOTICES: tuple[Notice, ...] = get_args(Notice)

_LONG_GAP = 28 * DAY  # a stated time that has passed counts as a long one from here on
_BESIDE = 25  # characters between such a time and the words that say that it has passed

_UNIT = "(?:second|minute|hour|day|night|week|fortnight|month|year|decade|centur(?:y|ie)|millenni(?:um|a))s?"
_LONG_UNIT = "(?:months|years|decades|centur(?:y|ies)|millenni(?:um|a))"
_WHAT = "(?:time ?stamp|time tag|stamp|tag|date|day|time|hour|minute|second|moment|month|clock)"
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_NOT = "(?: not|n't| never)"
_WRONG = (
    r"(?:wrong|off|incorrect|mistaken|broken|garbled|malformed|corrupt(?:ed)?|faulty|bogus|nonsens\w+|unusual|strange|odd|in error"
    r"|an? (?:mistake|error|typo|glitch)|mistyped)"
)
_SEEMS = "(?:is|was|seems?|looks?|appears?|must be|may be|might be|could be|sounds?|reads?|has)"
_GAP_SIZE = "(?:long|big|large|huge|vast|giant|enormous|massive|great|considerable|extraordinary|unusual|remarkable|strange|odd|sizeable)"
_LAST = "(?:last|previous|first|earlier|prior|message|chat|conversation|question|note|one|reply|turn|stamp|timestamp|post|time|talk)"

_SAID: dict[Notice, tuple[str, ...]] = {  # these do not count where they are denied: "that date is not impossible"
    "invalid": (
        r"\b(?:invalid|impossible|non-?existent|malformed)\b",
        rf"\b{_WHAT}(?: \w+){{0,3}}? {_SEEMS}(?: to be| to have| like| a bit| a little| rather| quite| slightly)* {_WRONG}\b",
        rf"\b(?:wrong|incorrect|mistaken|garbled|faulty|bogus|broken) {_WHAT}\b",
        rf"\b(?:typo|mistake|error|glitch|mix-?up|slip|bug) (?:in|with|of|on) (?:\w+ )?{_WHAT}\b|\b{_WHAT} (?:typo|error|glitch|mix-?up)\b",
        rf"\b(?:wrong|off|odd|amiss) (?:with|about) (?:\w+ )?{_WHAT}\b",
        r"\b(?:only|just) (?:has|have|had|got|goes?|went|runs?)\b|\b(?:has|have|had|goes?|ends?|stops?|runs?) (?:only|just) \d",
        r"\b(?:goes?|ends?|stops?|runs?) (?:only )?(?:up to|to|at|with|on|from) (?:the )?(?:28|29|30|31|12|23|24|59)",
        rf"\b(?:{_MONTH}|year|day|hour|minute)(?:,? in)?(?: \d{{4}})? (?:has|had) \d+ (?:days|months|hours|minutes|seconds)\b",
    ),
    "backwards": (
        r"\bbackwards?\b|\bback in time\b|\btime[- ]travel|\brewinds?\b|\brewound\b|\bout of (?:order|sequence)\b|\bin reverse\b|\breversed\b",
        r"\b(?:went|goes|gone|gone|jump(?:s|ed)?|turn(?:s|ed)?|set|mov(?:es|ed)|slip(?:s|ped)?|ran|runs|stepp?(?:s|ed)?|fell|leap(?:s|t|ed)?)"
        r" back\b(?! to (?:work|normal|school|sleep|bed)\b)",
        rf"\b(?:earlier|before|older|prior)(?: than| to)? (?:your|our|my|the|that of your|that of the) (?:\w+ ){{0,2}}?{_LAST}\b",
        r"\bearlier (?:date|day|time|stamp|moment|timestamp|year|month|hour) than\b|\b(?:dated|stamped) (?:\w+ ){0,4}(?:before|earlier)\b",
        rf"\b{_UNIT} (?:before|earlier than) (?:your|our|the|we|you|my)\b|\bpredates?\b",
    ),
    "gap": (
        rf"\b(?:it|that)(?:'s| has| is| had) been (?:\w+ ){{0,3}}?(?:a while|some time|ages|long|{_UNIT})\b",
        rf"\b{_UNIT} (?:ago|later|have passed|has passed|passed|went by|gone by|have gone|has gone|since|of silence|on from|apart|away)\b",
        rf"\b(?:\d+|a few|few|several|many|some) {_UNIT} (?:back|on|have|has|after)\b|\bafter (?:\w+ ){{0,3}}?{_UNIT}\b",
        r"\bsince (?:we|you|our|your|then|that) ?(?:last|previous|first|earlier|spoke|talked|chatted|wrote|asked|told|mentioned|started|left)?\b",
        r"\b(?:a while|some time|long time|time|ages) (?:ago|has passed|has gone|later|passed|since)\b|\bwelcome back\b",
        r"\b(?:yesterday|overnight|the other day|earlier today)\b|\bearlier this (?:morning|afternoon|evening|week|month|year)\b",
        r"\blast (?:night|week|month|year|time|spring|summer|autumn|fall|winter)\b",
        r"\bgood to (?:see|hear from|have) you (?:again|back)\b|\bbeen (?:away|gone|quiet|silent)\b",
        rf"\b{_GAP_SIZE} (?:time )?(?:gap|break|pause|silence|absence|interval)\b|\b(?:gap|break|pause|silence) of\b",
        rf"\b{_UNIT}(?:'s|')?[ -](?:break|gap|pause|silence|absence)\b",
    ),
    "long_gap": (
        r"\b(?:a (?:very |really )?(?:long|good) (?:time|while)|ages|so long|quite (?:a while|some time)|such a long)\b",
        rf"\b{_LONG_UNIT} (?:ago|later|have|has|passed|went|gone|since|of|apart|on|after|in|into|ahead|between|away|from)\b",
        rf"\b(?:after|for|over|many|several|few|been|about|around|nearly|almost|in \d+) (?:\w+ ){{0,2}}?{_LONG_UNIT}\b",
        rf"\b{_GAP_SIZE} (?:time )?(?:gap|break|pause|silence|jump|leap|skip|absence|stretch|interval)\b",
        r"\btime[- ](?:jump|leap|skip|warp|travel|machine)|\bfar (?:in|into) the future\b",
        r"\b(?:jumped|leapt|leaped|skipped) (?:far )?(?:ahead|forward)\b",
    ),
    "quick": (
        r"\b(?:so|very|pretty|that was|that's|really) (?:soon|quick|fast)\b|\balready\?|\bjust now\b|\b(?:right|straight) back\b",
        r"\b(?:just|only|barely|a mere|merely|hardly|scarcely) (?:an? |about )?(?:few |couple of |\d+(?:\.\d+)? |half an? )?"
        r"(?:seconds?|moments?|minutes?|instant|asked|said|told|sent|spoke|started|began)\b",
        r"\b(?:moments?|seconds|a minute|minutes|an instant|\d+ (?:seconds|minutes)) (?:ago|later|since|after|has|have|passed)\b",
        r"\bwithin (?:seconds|a minute|moments|minutes)\b|\b(?:little|barely any) time\b|\b(?:less|shorter) than an? (?:minute|second|hour)\b",
        r"\bunder an? (?:minute|hour)\b|\btoo (?:soon|early|short)\b",
    ),
    "same_time": (
        r"\b(?:same|identical) (?:\w+ )?(?:time|moment|stamp|timestamp|minute|second|instant|tag)s?\b|\bidentical\b|\bsimultaneous",
        r"\b(?:clock|time) (?:\w+ )?(?:stopped|frozen|stuck|stood still|standing still|froze|stalled)\b|\b0 seconds?\b",
    ),
}
_DENIED: dict[Notice, tuple[str, ...]] = {  # these say it by denying something
    "invalid": (
        rf"\b\w+{_NOT} (?:been |really |actually |quite )?(?:an? )?(?:real|valid|possible|proper|genuine|actual|legal|correct)\b",
        rf"\b\w+{_NOT} (?:actually |really )?(?:exists?|existed|occurs?|occurred|happens?|happened)\b",
        r"\b(?:can't|cannot|can not|couldn't|could not) be (?:right|correct|real|true)\b",
        r"\b(?:do|does)(?: not|n't) (?:look|seem|appear) (?:right|valid|correct|possible|real)\b",
        rf"\bno such (?:thing as )?(?:an? |the )?(?:{_WHAT}|\d|{_MONTH})|\bno (?:calendar|clock) (?:has|goes|shows)\b",
        rf"\bthere (?:is|was|are|were) (?:no|not an?|not any) (?:\w+ )?(?:\d|{_MONTH}|(?:day|hour|minute|second|month)\b)",
        rf"\bthere's (?:no|not an?) (?:\w+ )?(?:\d|{_MONTH}|(?:day|hour|minute|second|month)\b)",
        r"\b(?:do|does)(?: not|n't) have (?:an? |that many |so many )?(?:\d|days|hours|minutes|months)",
        rf"\b(?:has|have|had) no (?:\d|day|hour|minute|month)|\b\w+{_NOT} (?:on|in) (?:the|any) calendar\b|\bno {_WHAT} \d",
    ),
    "backwards": (),
    "gap": (r"\bhave(?: not|n't) (?:heard|spoken|talked|seen|chatted|been in touch)\b", r"\blong time no see\b"),
    "long_gap": (r"\blong time no see\b",),
    "quick": (
        rf"\b(?:has|have|is|was)(?: not|n't) (?:been )?(?:long|even an? {_UNIT})\b",
        r"\bhardly (?:any|an?) \w+|\bnot long (?:ago|since)\b",
        rf"\bno time at all\b|\bin no time\b|\bnot even (?:\w+ )?{_UNIT}\b",
    ),
    "same_time": (
        r"\bno time (?:has|seems|had|appears|went|passed)\b|\bno time at all\b",
        r"\b(?:clock|time|stamp|timestamp)\b.{0,15}?(?:has|have|had|did|does)(?: not|n't) (?:moved?|changed?|advanced?|ticked)\b",
    ),
}
_SAYING = {name: re.compile("|".join(_SAID[name])) for name in NOTICES}
_DENYING = {name: re.compile("|".join(_DENIED[name]) or r"(?!)") for name in NOTICES}


def notices(text: str, what: Notice) -> bool:
    """Whether a text says, in any of the usual words, what there is to notice.

    Args:
        text: A text as `spoken` gives it.
        what: "invalid": the date or time cannot be; "backwards": time ran backwards; "gap": time has passed; "long_gap": much time has;
            "quick": almost none has; "same_time": none at all has.

    >>> notices("there is no 30th of february.", "invalid"), notices("the date is valid.", "invalid")
    (True, False)
    """
    if _DENYING[what].search(text) or _says(text, what):
        return True
    if what != "long_gap":
        return False
    passed = [one for one in _SAYING["gap"].finditer(text) if not is_denied(text, one.start())]
    return any(
        long.high >= _LONG_GAP and long.start - _BESIDE <= gap.end() and gap.start() <= long.end + _BESIDE
        for long in stated_durations(text)
        for gap in passed
    )


def _says(text: str, what: Notice) -> bool:
    return any(not is_denied(text, found.start()) for found in _SAYING[what].finditer(text))
