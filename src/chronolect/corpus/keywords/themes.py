"""Lists of keywords, and the matcher made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ahocorasick_rs

from chronolect.errors import UserError, did_you_mean

LISTS = Path(__file__).parents[2] / "data" / "keywords"


@dataclass(frozen=True, slots=True)
class Theme:
    """A name, its keywords (small letters; a `*` at the end stands for any ending) and the weights given for some."""

    name: str
    keywords: tuple[str, ...]
    weights: tuple[float | None, ...]


def load_themes(names: Sequence[str]) -> tuple[Theme, ...]:
    """The themes of these files or of the lists that come with the package; all of the latter if none is named."""
    own = {path.stem: path for path in sorted(LISTS.glob("*.tsv"))}
    themes: list[Theme] = []
    for name in names or list(own):
        path = Path(name) if "." in name or "/" in name else own.get(name)
        if path is None:
            raise UserError(f'--themes "{name}": no such list{did_you_mean(name, list(own))}; or give a file')
        if path.stem in [theme.name for theme in themes]:
            raise UserError(f'--themes "{name}": the theme {path.stem} is there twice')
        themes.append(read_theme(path))
    return tuple(themes)


def read_theme(path: Path) -> Theme:
    """Read a list: a keyword a line, a tab and its weight where it has one; lines that begin with # are comments."""
    keywords: dict[str, float | None] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path}: no readable file of keywords") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, tab, weight = line.partition("\t")
        word = " ".join(word.lower().split())
        if not word.removesuffix("*") or "*" in word[:-1]:
            raise UserError(f'{path}:{number}: "{word}" is no keyword (a * stands at the end, after letters)')
        if word in keywords:
            raise UserError(f'{path}:{number}: "{word}" is there twice')
        try:
            keywords[word] = float(weight) if tab else None
        except ValueError:
            raise UserError(f'{path}:{number}: the weight "{weight}" is no number') from None
    if not keywords:
        raise UserError(f"{path}: no keyword in it")
    return Theme(path.stem, tuple(keywords), tuple(keywords.values()))


@dataclass(frozen=True)
class Matcher:
    """Finds the keywords of all themes in one pass. A word of two themes counts for both."""

    themes: tuple[Theme, ...]

    @cached_property
    def pairs(self) -> list[tuple[int, str]]:
        """Theme number and keyword of each keyword number."""
        return [(number, word) for number, theme in enumerate(self.themes) for word in theme.keywords]

    def __call__(self, text: str) -> dict[int, int]:
        """How often each keyword (by its number) stands in a text, as whole words, in any case."""
        automaton, numbers, open_ended = self._automaton
        low = " ".join(text.lower().replace("’", "'").split())
        last = len(low)
        counts: dict[int, int] = {}
        for pattern, start, end in automaton.find_matches_as_indexes(low, overlapping=True):
            if start and low[start - 1].isalnum():
                continue
            if not open_ended[pattern] and end < last and low[end].isalnum():
                continue
            for number in numbers[pattern]:
                counts[number] = counts.get(number, 0) + 1
        return counts

    @cached_property
    def _automaton(self) -> tuple[ahocorasick_rs.AhoCorasick, list[list[int]], list[bool]]:
        patterns: dict[tuple[str, bool], list[int]] = {}
        for number, (_, word) in enumerate(self.pairs):
            patterns.setdefault((word.removesuffix("*"), word.endswith("*")), []).append(number)
        automaton = ahocorasick_rs.AhoCorasick([word for word, _ in patterns])
        return automaton, list(patterns.values()), [star for _, star in patterns]

    def __reduce__(self) -> tuple[type["Matcher"], tuple[tuple[Theme, ...]]]:
        return Matcher, (self.themes,)  # the automaton is made anew in each process
