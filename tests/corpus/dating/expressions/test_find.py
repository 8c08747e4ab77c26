"""What is read as a date, and what is not."""

import pytest

from chronolect.corpus.dating.expressions import find_expressions


@pytest.mark.parametrize(
    ("text", "edtf"),
    [
        ("on 20 July 1969", "1969-07-20"),
        ("July 20th, 1969", "1969-07-20"),
        ("in 1815", "1815"),
    ],
)
def test_dates(text, edtf):
    assert [found.span.edtf() for found in find_expressions(text)] == [edtf]
