"""Grading an open answer by what it says.

The first of these that holds decides:

1. nothing is said (empty, signs, a loop, words in no order, the letter of no option): `ungraded`;
2. the true answer is asserted, with or without a hedge, and is not given another part in the story: `correct`;
3. the response speaks from before the event (it has not happened, is not known, is hoped for): `era_native`;
4. the true answer is denied: `incorrect`;
5. it declines or does not know: `abstained`, unless it makes a guess or a claim all the same: `incorrect`;
6. the true answer is only one of several, or has another part: `incorrect`;
7. letters that are no words, another script: `ungraded`;
8. it names nothing and is at a loss: `abstained`;
9. it gives the question's words with another answer: `incorrect`;
10. it tells how things stand where an event was asked for, names nothing in an answer's place, and brings in no other name but of one who holds
    an office, or to say that things are no other way: `era_native`;
11. it makes another claim that bears on the question, or tells of what was asked in other words: `incorrect`; else `ungraded`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chronolect.evaluation.grading.choices import is_letter_alone, picked, split_options
from chronolect.evaluation.grading.claims import (
    Claim,
    answer_kind,
    bears_on,
    breaks_off,
    elsewhere,
    find_claims,
    heads,
    is_cut_off,
    restates,
    tells_otherwise,
)
from chronolect.evaluation.grading.mentions import Mention, find_mentions
from chronolect.evaluation.grading.noise import find_noise, is_no_language
from chronolect.evaluation.grading.normalise import Text
from chronolect.evaluation.grading.persons import may_be_person
from chronolect.evaluation.grading.signals import find_signal
from chronolect.evaluation.grading.tense import names_holder, scoffs, speaks_of_the_present, touches
from chronolect.evaluation.grading.turns import answer_part
from chronolect.timeline import Cutoff

Verdict = Literal["correct", "incorrect", "abstained", "era_native", "ungraded"]

_LIKEWISE = re.compile(
    r"\b(?:equally|just as (?:well|likely|easily)|as likely|then again|on the other hand|alternatively|if not (?:him|her|he|she)|or else)\b"
)
_AS_YET = re.compile(r"\b(?:yet|so far|to date)\b")
_TO_COME = re.compile(
    r"\b(?:yet|so far|to date|(?:has|have) not been|is not (?:finished|built|ready|complete)|will be|shall be|until)\b"
)
_WOULD_KNOW = re.compile(r"[\"')]*(?: of [\w ]{1,20}?)? (?:would|could|might|can|will|may|should|has|have|knows?)\b")
_REFERS_ON = re.compile(
    r"(?:ask|see|check|checking|consult|try|refer|look|search|visit|suggest|recommend|better|seek|google)\b"
)
_OUTRIGHT = re.compile(
    r"(?:^|[.!?,]\s)\W*(?:it|that|this|he|she|the answer) (?:was|must have been|(?:may|might|could) have been) (?:the |a |an |by |in |on )?[\"']?$"
)
_HEDGES = re.compile(
    r"\b(?:perhaps|maybe|possibly|probably|presumably|apparently|allegedly|supposedly|reportedly|i (?:think|believe|guess|"
    r"suppose|suspect|imagine|gather|fancy|reckon|assume)|"
    r"my (?:best )?guess|if i (?:recall|remember|am not mistaken)|not (?:entirely |quite |completely |absolutely |fully |"
    r"very |too |really )?(?:sure|certain)|can not (?:be sure|confirm|say|vouch)|might|may have|may be|could be|could have|"
    r"must have been|"
    r"likely|unsure|uncertain|do not (?:really |quite )?(?:know|remember|recall)|rumou?r\w*|said to|seems?|sounds? like|"
    r"as far as i know|some say|i have heard|or so|would be)\b|\?\s*$"
)
_GUESS = re.compile(
    r"\b(?:but|however|perhaps|maybe|possibly|probably|i (?:think|believe|guess|suppose|suspect|would guess|would say|would think|"
    r"imagine|reckon)|my (?:best )?guess|if i had to|might (?:be|have)|could (?:be|have been)|may (?:be|"
    r"have))\b(?P<rest>[^.!?\n]*)"
)


@dataclass(frozen=True)
class Judgement:
    """What a response is.

    Attributes:
        verdict: `correct` (states the true answer, even hedged), `incorrect` (asserts another), `abstained` (declines or does not know),
            `era_native` (answers from before the event: it has not happened, is not yet known, is only hoped for) or `ungraded` (none of these).
        hedged: Whether the claim is made with reserve.
        reason: Why, in a few words.
    """

    verdict: Verdict
    hedged: bool
    reason: str


def grade(response: str, *, question: str, answers: Sequence[str], cutoff: Cutoff | None = None) -> Judgement:
    """Judge a response by its content.

    Args:
        response: What the model said.
        question: What it was asked; the question's own words never count as an answer.
        answers: The true answer and other names of it.
        cutoff: The last day that the model may know. No rule needs it so far: a year past it is a hint of a leak, but no verdict.
    """
    said = answer_part(response)
    stem, options = split_options(question)
    lists_options = sum(option in said for option in options.values()) > 1
    if choice := picked(said, options) if options and not lists_options else None:
        said = choice
    elif is_letter_alone(said):
        return Judgement("ungraded", False, "the letter of no option")
    text, asked = Text(said), Text(stem)
    # an option that is named by itself is an answer, all of them are an echo
    whole = Text(question) if lists_options else asked
    if noise := find_noise(said, text):
        return Judgement("ungraded", False, noise)
    hedged = bool(_HEDGES.search(text.lower))
    mentions = find_mentions(text, asked, answers, echoed=whole)
    claims = find_claims(text, asked, answer_kind(asked, answers), mentions, echoed=whole)
    person = may_be_person(Text(answers[0]), asked)
    for mention in mentions:
        # to say of a thing that it is not yet there is to name it; of a person it may be to deny it
        told = (mention.stance == "asserted" and not (claims and _LIKEWISE.search(text.lower))) or (
            mention.stance == "negated" and _is_to_come(text, mention, person)
        )
        if told and not elsewhere(text, asked, mention, claims):
            return Judgement("correct", hedged, f'names "{text.clean[mention.start : mention.end]}"')
    firm = next((claim for claim in claims if claim.firm), None)
    era = find_signal(text, "era_native", asked) or scoffs(text, asked) or names_holder(text, asked)
    declines = find_signal(text, "abstained", asked)
    if era and touches(text, asked):
        return Judgement("era_native", hedged, f'from before: "{era}"')
    if denied := next((mention for mention in mentions if mention.stance == "negated"), None):
        return Judgement("incorrect", hedged, f'denies "{text.clean[denied.start : denied.end]}"')
    if declines and not (firm and _REFERS_ON.match(declines)):
        if guess := _guess(text, claims):
            return Judgement("incorrect", True, f'guesses "{text.clean[guess.start : guess.end]}"')
        return Judgement("abstained", hedged, f'declines: "{declines}"')
    if mentions:
        how = "only lists" if mentions[0].stance == "listed" else "gives another part to"
        return Judgement("incorrect", hedged, f'{how} "{text.clean[mentions[0].start : mentions[0].end]}"')
    if why := is_no_language(text, asked):
        return Judgement("ungraded", False, why)
    if not claims and (words := find_signal(text, "abstained", asked, weak=True)):
        return Judgement("abstained", hedged, f'at a loss: "{words}"')
    if claims and not is_cut_off(text) and restates(text, asked):
        return Judgement("incorrect", hedged, f'claims "{text.clean[claims[0].start : claims[0].end]}"')
    names = [(claim.start, claim.end) for claim in claims]
    if not firm and not is_cut_off(text) and (words := speaks_of_the_present(text, asked, names)):
        return Judgement("era_native", hedged, f'tells how things stand: "{words}"')
    claim = firm or (claims[0] if claims and not is_cut_off(text) else None)
    if claim and breaks_off(text, claim):
        claim = None
    if claim and (bears_on(text, asked, loosely=claim.firm) or heads(text, claim)):
        return Judgement("incorrect", hedged, f'claims "{text.clean[claim.start : claim.end]}"')
    if not claims and not is_cut_off(text) and tells_otherwise(text, asked):
        return Judgement("incorrect", hedged, "tells of another")
    return Judgement("ungraded", False, "no answer in it")


def _is_to_come(text: Text, mention: Mention, person: bool) -> bool:
    """Whether a mention is denied only as yet."""
    return bool((_AS_YET if person else _TO_COME).search(text.lower, *text.sentence_of(mention.start)))


def _guess(text: Text, claims: Sequence[Claim]) -> Claim | None:
    """A claim made after all: "I do not know, but perhaps …"; who might know it is no claim."""
    spans = [match.span("rest") for match in _GUESS.finditer(text.lower)]
    for claim in claims:
        guessed = claim.firm and any(start <= claim.start < end for start, end in spans)
        guessed = guessed or (claim.firm and bool(_OUTRIGHT.search(text.lower, 0, claim.start)))
        if guessed and not _WOULD_KNOW.match(text.lower, claim.end):
            return claim
    return None
