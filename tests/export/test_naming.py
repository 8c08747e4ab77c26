"""What an exported model is called."""

import doctest

from chronolect.export import naming


def test_the_examples_hold() -> None:
    assert doctest.testmod(naming) == doctest.TestResults(failed=0, attempted=1)
