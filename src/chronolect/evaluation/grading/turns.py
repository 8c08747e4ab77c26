"""What of a response is the answer: not its thoughts, its labels, nor the turns that a base model goes on to invent."""

import re

_TOKENS = re.compile(r"^(?:\s*(?:<\|[^|>]*\|>|</?s>|<(?:pad|unk|bos|eos|mask|start_of_turn|end_of_turn)>|\[/?INST\]))+")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_ECHO = re.compile(
    r"^\s*(?:#+\s*)?(?:question|q|prompt|instruction)\s*:[^\n]*\n+\s*(?:#+\s*)?(?:answer|a|response)\s*:", re.IGNORECASE
)
_LABEL = re.compile(r"^\s*(?:#+\s*)?(?:response|answer|assistant|output|a)\s*:\s*", re.IGNORECASE)
_NEXT_TURN = re.compile(
    r"\n\s*(?:#+\s*)?(?:(?:next |new |follow-up )?question|q|user|human|student|teacher|problem|exercise|context|passage|"
    r"title|example|instruction|input|assistant|answer|response|prompt)\s*\d*\s*[:.]\s|\n#+\s*(?:instruction|question|input|"
    r"response)\b|<\|[^|]*\|>|<end_of_turn>|</s>|\[/?INST\]",
    re.IGNORECASE,
)
_NEXT_QUESTION = re.compile(
    r"(?<=[.\n])\s*(?:\d+[.)]\s*)?(?:who|whom|whose|what|which|when|where|how|why|in what|in which|on what|on which|at which)\b[^.\n?]{15,}\?(?=\s)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w")


def answer_part(response: str) -> str:
    """A response without its thoughts, its label, and the turns a base model goes on to invent."""
    said = _LABEL.sub("", _ECHO.sub("", _THOUGHT.sub("", _TOKENS.sub("", response)).lstrip("\n")))
    ends = (match.start() for match in (*_NEXT_TURN.finditer(said), *_NEXT_QUESTION.finditer(said)))
    return said[: min((end for end in ends if _WORDS.search(said, 0, end)), default=len(said))]
