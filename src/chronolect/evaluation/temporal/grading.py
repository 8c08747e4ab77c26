"""Grading an open answer by what it says.

The first of these that holds decides:

1. nothing is said (empty, signs, a loop, no words): `ungraded`;
2. the true answer is asserted, with or without a hedge: `correct`;
3. the response speaks from inside the period and names no answer: `era_native`;
4. it declines, or says that it does not know, and makes no guess: `abstained`;
5. it makes a claim that bears on the question: `incorrect`;
6. nothing of that: `ungraded`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chronolect.evaluation.temporal.choices import is_letter_alone, picked, split_options
from chronolect.evaluation.temporal.claims import answer_kind, bears_on, elsewhere, find_claims, heads, is_cut_off
from chronolect.evaluation.temporal.mentions import find_mentions
from chronolect.evaluation.temporal.noise import find_noise, is_no_language
from chronolect.evaluation.temporal.normalise import Text
from chronolect.evaluation.temporal.signals import find_signal
from chronolect.evaluation.temporal.tense import scoffs, speaks_of_the_present, touches
from chronolect.timeline import Cutoff

Verdict = Literal["correct", "incorrect", "abstained", "era_native", "ungraded"]

_TOKENS = re.compile(r"^(?:\s*(?:<\|[^|>]*\|>|</?s>|<(?:pad|unk|bos|eos|mask|start_of_turn|end_of_turn)>|\[/?INST\]))+")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_ECHO = re.compile(
    r"^\s*(?:#+\s*)?(?:question|q|prompt|instruction)\s*:[^\n]*\n+\s*(?:#+\s*)?(?:answer|a|response)\s*:", re.IGNORECASE
)
_LABEL = re.compile(r"^\s*(?:#+\s*)?(?:response|answer|assistant|output|a)\s*:\s*", re.IGNORECASE)
_NEXT_TURN = re.compile(
    r"\n\s*(?:#+\s*)?(?:(?:next |new |follow-up )?question|q|user|human|student|teacher|problem|exercise|context|passage|title|example|instruction|input|assistant|answer|response|prompt)\s*\d*\s*[:.]\s|\n#+\s*(?:instruction|question|input|response)\b|<\|[^|]*\|>|<end_of_turn>|</s>|\[/?INST\]",
    re.IGNORECASE,
)
_NEXT_QUESTION = re.compile(
    r"(?<=[.\n])\s*(?:\d+[.)]\s*)?(?:who|whom|whose|what|which|when|where|how|why|in what|in which|on what|on which|at which)\b[^.\n?]{15,}\?(?=\s)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w")
_HEDGES = re.compile(
    r"\b(?:perhaps|maybe|possibly|probably|presumably|apparently|allegedly|supposedly|reportedly|i (?:think|believe|guess|suppose|suspect|imagine|gather|fancy|reckon|assume)|"
    r"my (?:best )?guess|if i (?:recall|remember|am not mistaken)|not (?:entirely |quite |completely |absolutely |fully |very |too |really )?(?:sure|certain)|can not (?:be sure|confirm|say|vouch)|might|may have|may be|could be|could have|must have been|"
    r"likely|unsure|uncertain|do not (?:really |quite )?(?:know|remember|recall)|rumou?r\w*|said to|seems?|sounds? like|as far as i know|some say|i have heard|or so|would be)\b|\?\s*$"
)
_GUESS = re.compile(
    r"\b(?:but|perhaps|maybe|possibly|probably|i (?:think|believe|guess|suppose|suspect|would guess|would say|would think|imagine|reckon)|my (?:best )?guess|if i had to|might (?:be|have)|could (?:be|have been)|may (?:be|have))\b(?P<rest>[^.!?\n]*)"
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
        cutoff: The last day that the model may know, if known: a later year in the response is no verdict, but no sign of the period either.
    """
    said = answer_part(response)
    stem, options = split_options(question)
    if choice := picked(said, options) if options else None:
        said = choice
    elif is_letter_alone(said):
        return Judgement("ungraded", False, "the letter of no option")
    text, asked, whole = Text(said), Text(stem), Text(question)
    if noise := find_noise(said, text):
        return Judgement("ungraded", False, noise)
    hedged = bool(_HEDGES.search(text.lower))
    mentions = find_mentions(text, asked, answers, echoed=whole)
    claims = find_claims(text, asked, answer_kind(asked, answers), mentions, echoed=whole)
    for mention in mentions:
        if mention.stance == "asserted" and not elsewhere(text, asked, mention, claims):
            return Judgement("correct", hedged, f'names "{text.clean[mention.start : mention.end]}"')
    firm = next((claim for claim in claims if claim.firm), None)
    era, declines = find_signal(text, "era_native") or scoffs(text, asked), find_signal(text, "abstained")
    if era and touches(text, asked):
        return Judgement("era_native", hedged, f'from before: "{era}"')
    if declines:
        if firm and _GUESS.search(text.lower):
            return Judgement("incorrect", True, f'guesses "{text.clean[firm.start : firm.end]}"')
        return Judgement("abstained", hedged, f'declines: "{declines}"')
    if mentions:
        how = {"negated": "denies", "listed": "only lists", "asserted": "gives another part to"}[mentions[0].stance]
        return Judgement("incorrect", hedged, f'{how} "{text.clean[mentions[0].start : mentions[0].end]}"')
    if why := is_no_language(text, asked):
        return Judgement("ungraded", False, why)
    if not claims and (words := find_signal(text, "abstained", weak=True)):
        return Judgement("abstained", hedged, f'at a loss: "{words}"')
    if not firm and not is_cut_off(text) and (words := speaks_of_the_present(text, asked)):
        return Judgement("era_native", hedged, f'tells how things stand: "{words}"')
    claim = firm or (claims[0] if claims and not is_cut_off(text) else None)
    if claim and (bears_on(text, asked, loosely=claim.firm) or heads(text, claim)):
        return Judgement("incorrect", hedged, f'claims "{text.clean[claim.start : claim.end]}"')
    return Judgement("ungraded", False, "no answer in it")


def answer_part(response: str) -> str:
    """A response without its thoughts, its label, and the turns a base model goes on to invent."""
    said = _LABEL.sub("", _ECHO.sub("", _THOUGHT.sub("", _TOKENS.sub("", response)).lstrip("\n")))
    ends = (match.start() for match in (*_NEXT_TURN.finditer(said), *_NEXT_QUESTION.finditer(said)))
    return said[: min((end for end in ends if _WORDS.search(said, 0, end)), default=len(said))]
