"""Whether a text says what there is to notice about time: a date that does not exist, a clock that ran backwards, a long silence."""

import re
from typing import Literal, get_args

from chronolect.dialogue.durations import DAY, HOUR, MINUTE, Duration, stated_durations
from chronolect.dialogue.spoken import is_denied

Notice = Literal["invalid", "backwards", "gap", "long_gap", "quick", "same_time"]
NOTICES: tuple[Notice, ...] = get_args(Notice)

_LONG_S = 28 * DAY  # a stated time that has passed is a long one from here on
_QUICK_S = 10 * MINUTE  # and a short one up to here
_ONLY_QUICK_S = HOUR  # or up to here where it is "only" or "just" that
_BESIDE = 25  # characters between such a time and the words that say that it has passed

_UNIT = "(?:second|minute|hour|day|night|week|fortnight|month|year|decade|centur(?:y|ie)|millenni(?:um|a))s?"
_LONG_UNIT = "(?:months|years|decades|centur(?:y|ies)|millenni(?:um|a))"
_WHAT = "(?:time ?stamp|time tag|stamp|tag|date|day|time|hour|minute|second|moment|month|clock)"
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WHOLE = rf"(?:{_MONTH}(?:,? (?:in|of))?(?: \d{{4}})?|months?|years?|days?|hours?|minutes?|clocks?)"  # has so many of something
_DATE = (  # a day or a time that may not exist
    rf"(?:\d+(?:st|nd|rd|th)? (?:day )?(?:of )?{_MONTH}|{_MONTH} (?:the )?\d|\d+(?:st|nd|rd|th) (?:in|day|month|hour|minute|second)|\d+:\d\d"
    rf"|\d+ o'clock|(?:day|month|hour|minute|second|offset) \d)"
)
_NOT = "(?: not|n't| never)"
_WRONG = (
    r"(?:wrong|off|incorrect|mistaken|broken|garbled|malformed|corrupt(?:ed)?|faulty|bogus|nonsens\w+|unusual|strange|odd|in error"
    r"|an? (?:mistake|error|typo|glitch))"
)
_RIGHT = "(?:an? )?(?:real|valid|possible|proper|genuine|actual|legal|right|correct|existing)"
_SEEMS = "(?:is|was|seems?|looks?|appears?|must be|may be|might be|could be|sounds?|reads?|has)"
_BIG = "(?:long|big|large|huge|vast|giant|enormous|massive|great|considerable|extraordinary|unusual|remarkable|strange|odd|sizeable)"
_BREAK = "(?:gap|break|pause|silence|absence|interval|stretch)"
_TURN = "(?:last|previous|1st|earlier|prior|message|chat|conversation|question|note|1|reply|turn|stamp|timestamp)"
_DID = (
    r"(?:\w+ed|last|1st|wrote|told|left|began|gave|said|spoke|met|went|came|put|set|took|got|saw|were|had|broke|sent)"
)
_GO_BACK = r"(?:went|goes|gone|jump(?:s|ed)?|turn(?:s|ed)|set|mov(?:es|ed)|slip(?:s|ped)?|ran|runs|stepp?(?:s|ed)|fell|leap(?:s|t|ed))"

_AMISS = (  # says that something is wrong with the times, whatever it is
    r"\b(?:times?|stamps?|timestamps?|clocks?|dates?|chronology)\b(?: \S+){0,5}? (?:odd|strange|weird|unusual|inconsistent|anomal\w+|wrong|off"
    r"|mixed up|confused|confusing|incorrect|glitch\w*|puzzling|curious|mistaken)\b",
    r"\b(?:odd|strange|weird|inconsistent|anomalous|puzzling|wrong|incorrect) (?:\w+ )?(?:times?|stamps?|timestamps?|clocks?|dates?)\b",
    rf"\b(?:wrong|off|odd|amiss) (?:with|about) (?:\w+ )?{_WHAT}\b",
    r"\b(?:anomaly|time ?line is|chronological(?:ly)? (?:impossible|inconsistent))\b",
)
_SAID: dict[Notice, tuple[str, ...]] = {  # these do not count where they are denied: "that date is not impossible"
    "invalid": (
        rf"\b(?:wrong|off|odd|amiss) (?:with|about) (?:\w+ )?{_WHAT}\b",
        r"\b(?:invalid|impossible(?! to)|non-?existent|malformed)\b",
        rf"\b{_WHAT}(?: \w+){{0,3}}? {_SEEMS}(?: to be| to have| like| a bit| a little| rather| quite| slightly)* {_WRONG}\b",
        rf"\b(?:wrong|incorrect|mistaken|garbled|faulty|bogus|broken) (?:{_WHAT})\b",
        rf"\b(?:typo|mistake|error|glitch|mix-?up|slip|bug) (?:in|with|of|on) (?:\w+ )?{_WHAT}\b|\b{_WHAT} (?:typo|error|glitch|mix-?up)\b",
        rf"\b{_WHOLE} (?:(?:only|just) (?:has|have|had|got)|(?:has|have|had) (?:only|just|no more than)) \d",
        rf"\b{_WHOLE} (?:has|have|had) \d+(?: \w+)?,? not \d",
        rf"\b{_WHOLE}(?: \w+)? (?:only )?(?:goes?|ends?|stops?|runs?|counts?) (?:only )?(?:up to|to|at|with|from) (?:the )?\d",
    ),
    "backwards": (
        r"(?<!count )(?<!counting )(?<!work )(?<!working )(?<!clocks )(?<!clock )\bbackwards?\b|(?<!let's go )\bback in time\b|\btime[- ]travel",
        r"\brewinds?\b|\brewound\b|\bout of (?:order|sequence)\b|\bin reverse\b|\breversed\b|\bpredates?\b|\btime machine\b",
        rf"\b{_GO_BACK} back\b(?! to (?:work|normal|school|sleep|bed)\b)",
        r"\b(?:clock|time|stamps?|timestamps?)\b(?: (?!count|work|we\b|you\b|ago\b)\w+){0,4} backwards?\b",
        rf"\b(?:earlier|before|older|prior)(?: than| to)? (?:your|our|my|the|that of your|that of the) (?:\w+ ){{0,2}}?{_TURN}\b",
        *_AMISS,
        r"\b(?:earlier than|before) (?:it|that|the 1|\d{1,2}:\d\d)\b|\b(?:wrong|not in|reverse) order\b|\bearlier (?:stamp|timestamp)\b",
        r"\bearlier (?:date|day|time|moment|year|month|hour) than\b|\b(?:dated|stamped) (?:\w+ ){0,4}(?:before|earlier)\b",
        rf"\b{_UNIT} (?:before|earlier than) (?:we|you) (?:even |have |had )?{_DID}\b",
    ),
    "gap": (
        rf"\b(?:it|that)(?:'s| has| is| had) been (?:\w+ ){{0,3}}?(?:a while|some time|ages|long|{_UNIT})\b",
        rf"\b{_UNIT} (?:ago|later|have passed|has passed|passed|elapsed|went by|gone by|have gone|has gone|since|of silence|on from|apart|away)\b",
        rf"\b(?:\d+|a few|few|several|many|some) {_UNIT} (?:back|on|have|has|after)\b|\bafter (?:\w+ ){{0,3}}?{_UNIT}\b",
        rf"\bsince (?:(?:we|you|i) {_DID}|(?:your|our|the|my|this|last) (?:\w+ )?\w+|then|yesterday|{_MONTH}|\w+day)\b",
        r"\b(?:a while|some time|long time|time|ages) (?:ago|has passed|has gone|later|passed|since)\b|\bwelcome back\b",
        r"\b(?:yesterday|overnight|the other day|earlier today)\b|\bearlier this (?:morning|afternoon|evening|week|month|year)\b",
        r"\blast (?:night|week|month|year|time|spring|summer|autumn|fall|winter)\b",
        r"\bgood to (?:see|hear from|have) you (?:again|back)\b|\bbeen (?:away|gone|quiet|silent)\b",
        rf"\b{_BIG} (?:time )?{_BREAK}\b|\b(?:gap|break|pause|silence) of\b|\b{_UNIT}(?:'s|')?[ -]{_BREAK}\b",
    ),
    "long_gap": (
        r"\b(?:a (?:very |really )?(?:long|good) (?:time|while)|ages|so long|quite (?:a while|some time)|such a long)\b",
        rf"\b{_LONG_UNIT} (?:ago|later|have passed|has passed|passed|elapsed|went by|gone by|have gone|has gone|since|of silence|apart|away)\b",
        rf"\bafter (?:\w+ ){{0,2}}?{_LONG_UNIT}\b|\bbeen (?:\w+ ){{0,2}}?{_LONG_UNIT}\b",
        rf"\b{_BIG} (?:time )?(?:{_BREAK}|jump|leap|skip)\b",
        *_AMISS,
        r"\btime[- ](?:jump|leap|skip|warp|travel|machine)|\bfar (?:in|into) the future\b",
        r"\b(?:jumped|leapt|leaped|skipped) (?:far )?(?:ahead|forward)\b",
    ),
    "quick": (
        r"\bthat (?:was|went) (?:\w+ )?(?:quick|fast|soon)\b|\b(?:so|very|pretty|too) soon (?:after|for)\b|\bso soon\b|\balready\?|\bjust now\b",
        r"\b(?:back|done|finished|here) (?:\w+ )?already\b|\bback (?:so |very |that )?(?:soon|quickly|fast)\b",
        r"\b(?:just|only|barely|hardly|scarcely) (?:asked|said|told|sent|spoke|started|began)\b",
        r"\b(?:just|only|barely|a mere|merely|hardly|scarcely) (?:a )?(?:few |couple of )?(?:seconds?|moments?|minutes?|instant)\b",
        r"\b(?:a moment|moments|an instant|(?<!\d )seconds|a few (?:seconds|minutes)) (?:ago|later|since|after|have passed|passed)\b",
        r"\bwithin (?:seconds|a minute|moments|minutes)\b|\b(?:little|barely any) time (?:has|since|passed)\b",
        r"\b(?:less|shorter) than an? (?:minute|second|hour) (?:ago|later|since|has|after)\b|\bunder an? minute\b",
    ),
    "same_time": (
        r"\b(?:messages?|stamps?|timestamps?|notes?|turns?|both|tags?|they)\b.{0,40}\b(?:same|identical) (?:\w+ )?(?:time|moment|minute|instant)s?\b",
        r"\b(?:same|identical) (?:time ?stamp|time tag|stamp|second|tag)s?\b|\b(?:stamps?|timestamps?|times) (?:\w+ )?identical\b|\bsimultaneous",
        *_AMISS,
        r"\b(?:clock|time) (?:\w+ )?(?:stopped|frozen|stuck|stood still|standing still|froze|stalled)\b",
        r"(?<!and )(?<!, )\b0 seconds? (?:have|has|apart|between|later|passed|since)\b",
    ),
}
_DENYING_PHRASES: dict[Notice, tuple[str, ...]] = {  # these say it by denying something
    "invalid": (
        rf"{_NOT} (?:been |really |actually |quite )?{_RIGHT} {_WHAT}\b",
        rf"\b(?:{_WHAT}|{_DATE}|{_MONTH}|that|this|it)\b(?: \S+){{0,6}}?{_NOT} (?:really |actually |quite )?{_RIGHT}\b(?! (?:to|for)\b)",
        r"\b(?:can't|cannot|can not|couldn't|could not) be (?:right|correct|real|true|possible|valid)\b",
        r"\b(?:do|does)(?: not|n't) (?:look|seem|appear) (?:right|valid|correct|possible|real)\b",
        rf"{_NOT} (?:actually |really )?(?:exists?|existed|occurs?|occurred)\b",
        rf"\bno such (?:thing as )?(?:an? |the )?(?:{_WHAT}|\d|{_MONTH})|\bno (?:calendar|clock) (?:has|goes|shows|knows)\b",
        rf"\b(?:there (?:is|was|are|were)|there's|has|have|had|knows|know) (?:no|not an?|not any) (?:\w+ )?{_DATE}",
        rf"\b{_WHOLE} (?:do|does)(?: not|n't) have (?:an? |that many |so many )?(?:\d|days|hours|minutes|months)",
        rf"{_NOT} (?:on|in) (?:the|any) calendar\b",
    ),
    "backwards": (),
    "gap": (r"\bhave(?: not|n't) (?:heard|spoken|talked|seen|chatted|been in touch)\b", r"\blong time no see\b"),
    "long_gap": (r"\blong time no see\b",),
    "quick": (
        rf"\b(?:has|have)(?: not|n't) been (?:that |very |even )?(?:long|an? {_UNIT})\b|\bnot long (?:ago|since)\b",
        rf"\bhardly (?:any|an?) (?:time|{_UNIT})\b|\bnot even (?:\w+ )?{_UNIT}\b|\bno time at all (?:has|since)\b",
    ),
    "same_time": (
        r"\bno time (?:at all )?(?:has|seems|had|appears|went|passed)\b",
        r"\b(?:clock|time|stamp|timestamp)\b.{0,15}?(?:has|have|had|did|does)(?: not|n't) (?:moved?|changed?|advanced?|ticked)\b",
    ),
}
_SAYING = {name: re.compile("|".join(_SAID[name])) for name in NOTICES}
_DENYING = {name: re.compile("|".join(_DENYING_PHRASES[name]) or r"(?!)") for name in NOTICES}
_PASSED = re.compile(
    r"\b(?:ago|later|passed|elapsed|since|between|apart|after|been|gone|went|on from|away|absence|break|gap|silence)\b"
)
_ONLY = re.compile(r"\b(?:only|just|barely|mere|merely|less than|under|not even|hardly) (?:about )?$")


def notices(text: str, what: Notice) -> bool:
    """Whether a text says, in any of the usual words, what there is to notice.

    Args:
        text: A text as `spoken` gives it.
        what: "invalid": the date or time cannot be; "backwards": time ran backwards; "gap": time has passed; "long_gap": much time has;
            "quick": almost none has; "same_time": none at all has.

    >>> notices("there is no 30th of february.", "invalid"), notices("the date is valid.", "invalid")
    (True, False)
    """
    if _DENYING[what].search(text):
        return True
    if any(not is_denied(text, found.start()) for found in _SAYING[what].finditer(text)):
        return True
    return what in ("long_gap", "quick") and any(_is_so_long(text, length, what) for length in stated_durations(text))


def _is_so_long(text: str, length: Duration, what: Notice) -> bool:
    """Whether a length that the text states has passed and is a long or a short one."""
    beside = text[max(0, length.start - _BESIDE) : length.start] + " " + text[length.end : length.end + _BESIDE]
    if not _PASSED.search(beside):
        return False
    if what == "long_gap":
        return length.high >= _LONG_S
    return length.high <= (
        _ONLY_QUICK_S if _ONLY.search(text[max(0, length.start - _BESIDE) : length.start]) else _QUICK_S
    )
