"""`Book`: what the catalogue knows of one number, and which books a user wants."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chronolect.corpus.sources.lives import Contributor
from chronolect.errors import UserError
from chronolect.timeline import Span


@dataclass(frozen=True, slots=True)
class Book:
    """An entry of the catalogue.

    `where` is the place it stands in, `authors` the names of its people as they stand there, `issued` the day of Gutenberg's release,
    `published` the year of the edition it was made from (`publication` in words).
    """

    number: int
    title: str
    type: str = "Text"
    issued: Span | None = None
    languages: tuple[str, ...] = ()
    authors: str = ""
    contributors: tuple[Contributor, ...] = ()
    subjects: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    bookshelves: tuple[str, ...] = ()
    rights: str = ""
    published: int | None = None
    publication: str = ""
    where: str = ""


@dataclass(slots=True)
class Selection:
    """Which books are wanted. What is named by number and not met in the catalogue is left in `missing`."""

    types: frozenset[str] = frozenset({"text"})
    languages: frozenset[str] = frozenset()
    subjects: tuple[str, ...] = ()
    numbers: frozenset[int] = frozenset()
    missing: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls, types: Sequence[str], languages: Sequence[str], subjects: Sequence[str], ids: Sequence[str]
    ) -> "Selection":
        """From the flags of a command; `UserError` for a number that is none."""
        numbers = frozenset(
            number for item in ids for part in str(item).split(",") for number in _numbers(part.strip())
        )
        return cls(
            frozenset(kind.lower() for kind in types),
            frozenset(language.lower() for language in languages),
            tuple(subject.lower() for subject in subjects),
            numbers,
            set(numbers),
        )

    def takes(self, book: Book) -> bool:
        """Whether a book is wanted: its number, type, one of its languages, and one of the words of its subjects or shelves."""
        self.missing.discard(book.number)
        if self.numbers and book.number not in self.numbers:
            return False
        if self.types and book.type.lower() not in self.types:
            return False
        if self.languages and not self.languages.intersection(language.lower() for language in book.languages):
            return False
        places = "\n".join(book.subjects + book.bookshelves).lower()
        return not self.subjects or any(subject in places for subject in self.subjects)


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last.isdigit() or not last)) or (last and int(last) < int(first)):
        raise UserError(f'--ids "{text}": give numbers of books, such as 35 or 100-199')
    return range(int(first), int(last or first) + 1)
