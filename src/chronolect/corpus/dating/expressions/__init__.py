"""Dated expressions in English text: where a text says when.

`find_expressions` is the recogniser; `date_passages` dates each passage of a text by what it finds there.
"""

from chronolect.corpus.dating.expressions.find import find_expressions
from chronolect.corpus.dating.expressions.found import Found

__all__ = ["Found", "find_expressions"]
