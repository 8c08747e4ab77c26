"""The one exception that means "the user can mend this"."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Wrong input or usage: one line that names the file, line or key and says what to do. The command exits with code 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion to append to an error about an unknown name, or an empty string.

    >>> did_you_mean("cutof", ["cutoff", "corpus"])
    ' (did you mean "cutoff"?)'
    """
    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{matches[0]}"?)' if matches else ""
