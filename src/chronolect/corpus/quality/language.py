"""What language a text is in: the model of py3langid (naive Bayes over byte n-grams: Lui and Baldwin 2012), run over many texts in step.

py3langid walks its automaton byte by byte in Python. Here all texts of a block take each step together in numpy, which
gives the same answers some five times sooner.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from scipy.sparse import csr_array

from chronolect.corpus.quality.sample import sample

_CHARACTERS = 600  # more text hardly changes the answer
_FEWEST_WORDS = 5
_BLOCK = 256


def identify(texts: Sequence[str]) -> list[tuple[str, float]]:
    """For each text its language (ISO 639-1, "zxx" for what is none) and the probability the model gives it; ("", 0.0) for texts of fewer
    than five words, which it cannot judge. Long texts are judged by three stretches.
    """
    stretches = [sample(text, _CHARACTERS) for text in texts]
    chosen = [i for i, stretch in enumerate(stretches) if len(stretch.split(None, _FEWEST_WORDS)) >= _FEWEST_WORDS]
    found = [("", 0.0)] * len(texts)
    for begin in range(0, len(chosen), _BLOCK):
        block = chosen[begin : begin + _BLOCK]
        for i, answer in zip(block, _classify([_encode(stretches[i]) for i in block]), strict=True):
            found[i] = answer
    return found


def _encode(text: str) -> bytes:
    return unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class _Model:
    """The automaton: the next state of `rows[state] + byte`, the feature that a state stands for (-1 for none); and the
    table of log probabilities (features, languages) with the priors.
    """

    next: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    features: npt.NDArray[np.int64]
    table: npt.NDArray[np.float32]
    priors: npt.NDArray[np.float32]
    languages: list[str]


@cache
def _model() -> _Model:
    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    arrays = [np.asarray(list(values), dtype=np.int64) for values in (found.tk_nextmove, found.tk_row, found.tk_output)]
    return _Model(
        arrays[0], arrays[1] << 8, arrays[2], found.nb_ptc.astype(np.float32), found.nb_pc, list(found.nb_classes)
    )


def _classify(texts: list[bytes]) -> Iterator[tuple[str, float]]:
    model = _model()
    scores = np.asarray(_counts(texts, model) @ model.table) + model.priors
    scores /= np.sqrt(np.array([[len(text)] for text in texts], dtype=np.float32))
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    # Some languages stand in the table twice, for two scripts.
    names = list(dict.fromkeys(model.languages))
    summed = np.zeros((len(texts), len(names)), dtype=np.float32)
    for column, name in enumerate(model.languages):
        summed[:, names.index(name)] += chances[:, column]
    best = summed.argmax(axis=1)
    return ((names[place], float(row[place])) for place, row in zip(best, summed, strict=True))


def _counts(texts: list[bytes], model: _Model) -> csr_array:
    """log(1 + how often each feature stands in each text), (texts, features)."""
    order = sorted(
        range(len(texts)), key=lambda i: -len(texts[i])
    )  # longest first: at each step those that go on are the first
    lengths = np.array([len(texts[i]) for i in order])
    letters = np.zeros((lengths[0], len(texts)), dtype=np.uint8)
    for place, i in enumerate(order):
        letters[: lengths[place], place] = np.frombuffer(texts[i], dtype=np.uint8)
    states = np.zeros(len(texts), dtype=np.int64)
    seen = np.full(letters.shape, -1, dtype=np.int64)
    for step in range(int(lengths[0])):
        going = int(np.searchsorted(-lengths, -step, side="left"))
        states[:going] = model.next[model.rows[states[:going]] + letters[step, :going]]
        seen[step, :going] = model.features[states[:going]]
    steps, places = np.nonzero(seen >= 0)
    width = len(model.table)
    pairs, times = np.unique(np.array(order)[places] * width + seen[steps, places], return_counts=True)
    return csr_array((np.log1p(times.astype(np.float32)), (pairs // width, pairs % width)), shape=(len(texts), width))
