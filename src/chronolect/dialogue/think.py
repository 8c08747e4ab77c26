"""Think blocks: short bursts of reasoning anywhere in a reply, which the model reads again later and people do not see."""

import re
from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"
_TAG = re.compile(r"</?think>")
_BLOCK = re.compile(r"<think>(.*?)</think>", re.DOTALL)


@dataclass(frozen=True)
class ThinkBlock:
    """One block.

    Attributes:
        start: Place of the opening tag in the reply, in characters.
        end: Place behind the closing tag.
        text: What stands between the tags, stripped.
    """

    start: int
    end: int
    text: str


def think_blocks(reply: str) -> list[ThinkBlock]:
    """The closed blocks of a reply, in order.

    >>> [block.text for block in think_blocks("<think>\\nA week.\\n</think>\\n\\nWelcome back!")]
    ['A week.']
    """
    return [
        ThinkBlock(found.start(), found.end(), found[1].strip())
        for found in _BLOCK.finditer(reply, 0, _last_close(reply))
    ]


def tag_problem(reply: str) -> str | None:
    """What is wrong with the tags of a reply, in words; None where each opening tag is closed before the next.

    >>> tag_problem("<think>a"), tag_problem("a</think>"), tag_problem("<think><think>a</think>")
    ('<think> is never closed', '</think> without <think>', '<think> inside of a think block')
    """
    inside = False
    for tag in _TAG.findall(reply):
        if tag == OPEN and inside:
            return f"{OPEN} inside of a think block"
        if tag == CLOSE and not inside:
            return f"{CLOSE} without {OPEN}"
        inside = tag == OPEN
    return f"{OPEN} is never closed" if inside else None


def visible(reply: str) -> str:
    """What people see of a reply: no think blocks, none of the empty lines they leave. A block that is never closed hides the rest.

    >>> visible("<think>\\nlate\\n</think>\\n\\nGood evening.\\n\\n<think>\\nask\\n</think>\\n\\nHow was it?")
    'Good evening.\\n\\nHow was it?'
    >>> visible("Good <think>cut off")
    'Good'
    """
    end = _last_close(reply)
    text = _BLOCK.sub("", reply[:end]) + reply[end:]
    text = text.partition(OPEN)[0].replace(CLOSE, "")
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def is_silent(reply: str) -> bool:
    """Whether a reply says nothing to people: the answer to a tick on which nothing needs to be said.

    >>> is_silent("<think>\\nStill asleep. Wait.\\n</think>"), is_silent("Good morning!")
    (True, False)
    """
    return not visible(reply)


def _last_close(reply: str) -> int:
    """Place behind the last closing tag: no block ends later, and looking further takes quadratic time where many are opened."""
    return reply.rfind(CLOSE) + len(CLOSE)
