"""The probe as people read it: the text of every token, the words, and what stands before and after."""

import itertools
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chronolect.formation.reading.probe import Probe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ints = NDArray[np.int64]
NONE = -1  # code of a token that a facet says nothing about

_ENDINGS = (2, 3, 4)
_SHAPES = {
    "year": re.compile(r"1\d{3}|20\d\d"),
    "number": re.compile(r"\d[\d.,]*"),
    "capitalised": re.compile(r"[A-Z][a-z'’]*[a-z]"),
    "capitals": re.compile(r"[A-Z]{2,}"),
    "punctuation": re.compile(r"[^\w\s]+"),
}


def pieces(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int] | Ints) -> list[str]:
    """Text of each token inside a text, so that a space before it is kept; a token that is part of a character is `�`."""
    anchor = tokenizer.encode("a", add_special_tokens=False)[-1]
    plain: dict[str, Any] = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    start = len(tokenizer.decode([anchor], **plain))
    return [text[start:] for text in tokenizer.batch_decode([[anchor, int(token)] for token in ids], **plain)]


class ProbeText:
    """Texts and facets of the tokens that count.

    A facet is a property with values: the token, its word, what stands before, whether it is in a year. It is one code for
    every counted token (`NONE` where there is nothing to say) and the names of the codes.

    Args:
        probe: The probe; its N counted tokens are what facets speak of.
        tokenizer: Of the model that reads it.
    """

    def __init__(self, probe: Probe, tokenizer: "PreTrainedTokenizerBase") -> None:
        self.rows, self.width = probe.input_ids.shape
        self.positions: Ints = np.flatnonzero(probe.counted)  # in the flattened probe
        self._documents = probe.document.reshape(-1)
        distinct, codes = np.unique(probe.input_ids.reshape(-1).astype(np.int64), return_inverse=True)
        self._codes: Ints = codes.reshape(-1).astype(np.int64)
        self._pieces = pieces(tokenizer, distinct)

    def __len__(self) -> int:
        return len(self.positions)

    def window(self, place: int, reach: int) -> tuple[list[str], int, Ints]:
        """The tokens around counted token `place` in its row and document: texts, which of them it is, places among the counted or `NONE`."""
        at = int(self.positions[place])
        start = at // self.width * self.width
        around = np.arange(max(start, at - reach), min(start + self.width, at + reach + 1))
        around = around[self._documents[around] == self._documents[at]]
        places = np.searchsorted(self.positions, around)
        known = self.positions[np.minimum(places, len(self.positions) - 1)] == around
        return (
            [self._pieces[code] for code in self._codes[around]],
            int(np.searchsorted(around, at)),
            np.where(known, places, NONE),
        )

    def row_of(self, places: Ints) -> Ints:
        """The rows of counted tokens."""
        return self.positions[places] // self.width

    @cached_property
    def facets(self) -> dict[str, tuple[Ints, Sequence[str]]]:
        """By facet the codes [N] and their names."""
        at, end = self.positions, len(self._codes) - 1
        words, word_of, starts, ends = self._words()
        lower, names = _coded([word.lower() for word in words])
        first, last = at % self.width == 0, at % self.width == self.width - 1
        before = starts[at] - 1  # last token of the word before
        found: dict[str, tuple[Ints, Sequence[str]]] = {
            "word": (lower[word_of[at]], names),
            "token": (self._codes[at], self._pieces),
            "after word": (np.where(starts[at] % self.width == 0, NONE, lower[word_of[before]]), names),
            "after": (np.where(first, NONE, self._codes[at - 1]), self._pieces),
            "before": (np.where(last, NONE, self._codes[np.minimum(at + 1, end)]), self._pieces),
        }
        for length in _ENDINGS:
            spelt = [word[-length:] if word.isalpha() and len(word) > length + 1 else None for word in words]
            codes, endings = _coded([ending.lower() if ending else None for ending in spelt])
            found[f"ending {length}"] = (np.where(ends[at], codes[word_of[at]], NONE), endings)
        for name, shape in _SHAPES.items():
            holds = np.array([bool(shape.fullmatch(word)) for word in words])
            found[name] = (np.where(holds[word_of[at]], 0, NONE), [name])
        return found

    def _words(self) -> tuple[list[str], Ints, Ints, NDArray[np.bool_]]:
        """The distinct words; of every token of the flattened probe its word, the place where that begins, and whether it ends there."""
        goes_on = np.array([bool(re.match(r"\w|['’]\w", piece)) for piece in self._pieces])
        open_end = np.array([bool(re.search(r"[\w'’]$", piece)) for piece in self._pieces])
        begins = np.ones(len(self._codes), dtype=bool)
        begins[1:] = ~(goes_on[self._codes[1:]] & open_end[self._codes[:-1]])
        begins[:: self.width] = True
        bounds = [*np.flatnonzero(begins).tolist(), len(self._codes)]
        distinct: dict[str, int] = {}
        of_words = np.empty(len(bounds) - 1, dtype=np.int64)
        for number, (first, last) in enumerate(itertools.pairwise(bounds)):
            word = "".join([self._pieces[code] for code in self._codes[first:last]]).strip()
            of_words[number] = distinct.setdefault(word, len(distinct))
        starts = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
        return list(distinct), of_words[np.cumsum(begins) - 1], starts, np.append(begins[1:], True)


def _coded(values: Sequence[str | None]) -> tuple[Ints, list[str]]:
    """Codes of values, equal ones alike, `NONE` for None; and the names of the codes."""
    names: dict[str, int] = {}
    codes = [NONE if value is None else names.setdefault(value, len(names)) for value in values]
    return np.array(codes, dtype=np.int64), list(names)
