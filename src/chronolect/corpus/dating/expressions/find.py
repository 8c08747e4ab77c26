"""`find_expressions`: the whole recogniser."""

from chronolect.corpus.dating.expressions.found import Found
from chronolect.corpus.dating.expressions.join import join, merge
from chronolect.corpus.dating.expressions.numerals import numerals
from chronolect.corpus.dating.expressions.phrases import in_words
from chronolect.timeline import Span


def find_expressions(text: str, anchor: Span | None = None) -> list[Found]:
    """The dated expressions of an English text, in order of place and without overlaps.

    `anchor` is when the text was written. It settles "'85" and "the eighties" (the latest such time that had begun by
    then; without an anchor the latest that is plausible at all) and allows "today" and "last year", which are passed
    over without it.
    """
    # Line breaks inside "20\nJuly" and curly apostrophes become what the patterns know, character for character.
    flat = text.replace("\n", " ").replace("’", "'").replace("‘", "'").replace("\xa0", " ")
    return join(flat, text, merge(numerals(flat, anchor), in_words(flat, anchor)), anchor)
