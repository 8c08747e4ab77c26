"""Copies of a game: what makes two records the same game, and which keys have been met, in bounded memory."""

import hashlib

import numpy as np
import numpy.typing as npt

from chronolect.corpus.sources.chess.dates import family_key
from chronolect.corpus.sources.chess.pgn import Game

_MARKS = str.maketrans("", "", "+#=x-")


def game_key(game: Game) -> int:
    """64 bits of what makes two records the same game: family names, year, and moves (check marks and the like apart)."""
    tags = game.tags
    who = (family_key(tags.get("White", "")), family_key(tags.get("Black", "")))
    moves = " ".join(game.moves).translate(_MARKS)
    # What makes a record unusable sets it apart, so that no good copy is taken for one of a bad one.
    faults = (game.fault, tags.get("Variant", ""), *sorted({*game.results} - {"*"})[1:])
    text = "\0".join((*who, tags.get("Date", "")[:4], tags.get("FEN", ""), moves, *faults))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


class Seen:
    """The keys met so far, 8 bytes each, as sorted runs of falling length."""

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.uint64]] = []

    def add(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Take in some keys; which of them are met for the first time."""
        new = np.zeros(len(keys), dtype=np.bool_)
        new[np.unique(keys, return_index=True)[1]] = True
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            new &= run[at] != keys
        if new.any():
            self._runs.append(np.sort(keys[new]))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]))
        return new
