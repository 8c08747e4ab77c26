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

from chronolect.evaluation.temporal.abstaining import find_abstention
from chronolect.evaluation.temporal.era import find_era_native
from chronolect.evaluation.temporal.mentions import find_mentions
from chronolect.evaluation.temporal.names import SMALL_WORDS
from chronolect.evaluation.temporal.noise import find_noise
from chronolect.evaluation.temporal.normalise import Text
from chronolect.timeline import Cutoff

Verdict = Literal["correct", "incorrect", "abstained", "era_native", "ungraded"]

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"^\s*(?:#+\s*)?(?:response|answer|assistant|output|a)\s*:\s*", re.IGNORECASE)
_NEXT_TURN = re.compile(
    r"\n\s*(?:#+\s*)?(?:question|q|user|human|instruction|input|assistant|answer|response|prompt)\s*\d*\s*:|\n#+\s*(?:instruction|question|input|response)\b|<\|[^|]*\|>|<end_of_turn>|</s>|\[/?INST\]",
    re.IGNORECASE,
)
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
    text, asked = Text(said), Text(question)
    if noise := find_noise(said, text):
        return Judgement("ungraded", False, noise)
    hedged = bool(_HEDGES.search(text.lower))
    mentions = find_mentions(text, asked, answers)
    for mention in mentions:
        if mention.stance == "asserted":
            return Judgement("correct", hedged, f'names "{text.clean[mention.start : mention.end]}"')
    if words := find_era_native(text, cutoff):
        return Judgement("era_native", hedged, f'from before: "{words}"')
    if words := find_abstention(text):
        if guess := _guess(text, asked):
            return Judgement("incorrect", True, f'guesses "{guess}"')
        return Judgement("abstained", hedged, f'declines: "{words}"')
    if mentions:
        how = "denies" if mentions[0].stance == "negated" else "only lists"
        return Judgement("incorrect", hedged, f'{how} "{text.clean[mentions[0].start : mentions[0].end]}"')
    if claim := _claim(text, asked):
        return Judgement("incorrect", hedged, f'claims "{claim}"')
    return Judgement("ungraded", False, "no answer in it")


def answer_part(response: str) -> str:
    """A response without its thoughts, its label, and the turns a base model goes on to invent."""
    said = _LABEL.sub("", _THOUGHT.sub("", response).lstrip("\n"))
    end = next((match.start() for match in _NEXT_TURN.finditer(said) if said[: match.start()].strip()), len(said))
    return said[:end]


def _guess(text: Text, asked: Text) -> str | None:
    """A name or number put forward after all."""
    known = {word.text for word in asked.words} | SMALL_WORDS
    for match in _GUESS.finditer(text.lower):
        start, end = match.span("rest")
        for word in text.words:
            if start <= word.start < end and word.capital and word.text not in known:
                return word.text
    return None


def _claim(text: Text, asked: Text) -> str | None:
    """A word of the response that might be an answer: neither small nor the question's own, in a text that bears on the question."""
    known = {word.text for word in asked.words}
    news = [word for word in text.words if word.text not in known and word.text not in SMALL_WORDS]
    shared = [word for word in text.words if word.text in known and word.text not in SMALL_WORDS]
    if news and (shared or len(text.words) <= 8):
        return text.clean[news[0].start : news[0].end]
    return None
