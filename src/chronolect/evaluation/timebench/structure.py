"""How a reply is built: its length, its think blocks and where they stand, its markup, and whether it went to pieces.

The annotation is TIMEBench's (arXiv 2601.05300). All of it looks at the whole reply, think blocks included, as the model wrote it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from chronolect.evaluation.timebench.loops import collapse
from chronolect.evaluation.timebench.records import FAILED

HEAVY = {
    "headings": re.compile(r"^#+ ", re.MULTILINE),
    "lists": re.compile(r"^(?:[*-]|\d+\.) ", re.MULTILINE),
    "code_blocks": re.compile("```"),
    "blockquotes": re.compile(r"^> ", re.MULTILINE),
    "tables": re.compile(r"\|.*\|"),
}
LIGHT = {"bold_or_italics": re.compile(r"\*.+?\*|_.+?_")}
POSITIONS = ("at_beginning", "in_between", "at_end")

_BLOCK = re.compile(r"<think>(.*?)</think>", re.DOTALL | re.IGNORECASE)
_OPEN, _CLOSE = re.compile("<think>", re.IGNORECASE), re.compile("</think>", re.IGNORECASE)


@dataclass(frozen=True)
class Structure:
    """How one reply is built.

    Attributes:
        output_length: Tokens of the reply, tags included.
        block_tokens: Tokens within each think block that has something in it.
        heavy: Kinds of markup that set blocks of text: headings, lists, code, quotations, tables.
        light: Bold or italics.
        bleeding: Kinds of heavy markup within think blocks.
        has_loop: Whether it ended in endless repetition, of which one copy was kept.
        is_malformed: Whether it has more opening or more closing tags.
        has_leak: Whether it talks about "the user" outside of think blocks.
        positions: Number of blocks at the beginning, in between and at the end.
    """

    output_length: int
    block_tokens: tuple[int, ...]
    heavy: tuple[str, ...]
    light: tuple[str, ...]
    bleeding: tuple[str, ...]
    has_loop: bool
    is_malformed: bool
    has_leak: bool
    positions: tuple[int, int, int]

    @property
    def reasoning_tokens(self) -> int:
        """Tokens within all think blocks."""
        return sum(self.block_tokens)

    @property
    def other_tokens(self) -> int:
        """Tokens outside of them."""
        return self.output_length - self.reasoning_tokens

    @property
    def reasoning_percentage(self) -> float:
        """Share of the tokens within think blocks, in percent."""
        return self.reasoning_tokens / self.output_length * 100 if self.output_length else 0.0

    @property
    def is_degenerate(self) -> bool:
        """Whether anything is wrong with it."""
        return self.is_malformed or self.has_loop or self.has_leak or bool(self.bleeding)


def annotate(response: str, output_length: int, count_tokens: Callable[[str], int]) -> Structure | None:
    """How a reply is built; None for one that is empty or that never came.

    Args:
        response: The reply with its think blocks.
        output_length: Tokens of the reply, as the model or its server counted them; 0 where nobody did, and they are counted here.
        count_tokens: Number of tokens of a text.

    >>> found = annotate("<think>\\nA week.\\n</think>\\n\\nSo **long**!", 12, lambda text: len(text.split()))
    >>> found.block_tokens, found.light, found.positions
    ((2,), ('bold_or_italics',), (1, 0, 0))
    """
    if not response.strip() or response.startswith(FAILED):
        return None
    collapsed = collapse(response)
    if collapsed is not None:
        response = collapsed
    if collapsed is not None or not output_length:
        output_length = count_tokens(response)
    closes = [found.end() for found in _CLOSE.finditer(response)]
    # no block ends later, and looking further takes quadratic time where many are opened
    end = closes[-1] if closes else 0
    blocks = [text for found in _BLOCK.findall(response, 0, end) if (text := found.strip())]
    return Structure(
        output_length=output_length,
        block_tokens=tuple(map(count_tokens, blocks)),
        heavy=_kinds(HEAVY, [response]),
        light=_kinds(LIGHT, [response]),
        bleeding=_kinds(HEAVY, blocks),
        has_loop=collapsed is not None,
        is_malformed=len(_OPEN.findall(response)) != len(closes),
        has_leak="the user" in (_BLOCK.sub("", response[:end]) + response[end:]).lower(),
        positions=_positions(response.strip().lower(), len(blocks)),
    )


def _kinds(patterns: Mapping[str, re.Pattern[str]], texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(kind for kind, pattern in patterns.items() if any(pattern.search(text) for text in texts))


def _positions(response: str, blocks: int) -> tuple[int, int, int]:
    """A block that is the whole reply stands at its beginning only."""
    if not blocks:
        return 0, 0, 0
    beginning = int(response.startswith("<think>"))
    end = int(response.endswith("</think>") and (blocks > 1 or not beginning))
    return beginning, blocks - beginning - end, end


def scenario_structure(runs: Sequence[Structure]) -> dict[str, object]:
    """One scenario's means over its replies, in the published order; flags in percent of the replies.

    The positions are in percent of all blocks of the scenario, and 0 where there is none.
    """
    return {
        "mean_output_length": fmean(run.output_length for run in runs),
        "mean_non_reasoning_length": fmean(run.other_tokens for run in runs),
        "percentage_with_heavy_markdown": percentage([bool(run.heavy) for run in runs]),
        "percentage_with_light_markdown": percentage([bool(run.light) for run in runs]),
        "percentage_degenerate": percentage([run.is_degenerate for run in runs]),
        "percentage_malformed": percentage([run.is_malformed for run in runs]),
        "percentage_infinite_repetitions": percentage([run.has_loop for run in runs]),
        "percentage_with_reasoning_leakage": percentage([run.has_leak for run in runs]),
        "percentage_with_formatting_leakage": percentage([bool(run.bleeding) for run in runs]),
        "percentage_with_think_blocks": percentage([bool(run.block_tokens) for run in runs]),
        "mean_number_of_think_blocks": fmean(len(run.block_tokens) for run in runs),
        "mean_total_reasoning_tokens": fmean(run.reasoning_tokens for run in runs),
        "mean_reasoning_token_percentage": fmean(run.reasoning_percentage for run in runs),
        "mean_think_block_positioning_percentage": block_positions(runs) or dict.fromkeys(POSITIONS, 0),
    }


def percentage(flags: Sequence[bool]) -> float:
    """How many of them are so, in percent."""
    return sum(flags) / len(flags) * 100


def block_positions(runs: Sequence[Structure]) -> dict[str, float]:
    """Where the blocks of all replies stand, in percent of the blocks; empty where there is none."""
    totals = [sum(counts) for counts in zip(*(run.positions for run in runs), strict=True)]
    blocks = sum(totals)
    return {name: total / blocks * 100 for name, total in zip(POSITIONS, totals, strict=True)} if blocks else {}
