"""One spelling for what is written in many ways."""

import pytest

from chronolect.evaluation.grading.normalise import Text, clean


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("“Núñez’s” ﬁrst", ["nunez", "1st"]),
        ("I can’t, don't, WON'T", ["i", "can", "not", "do", "not", "will", "not"]),
        ("J. F. Kennedy and J.F.K.", ["jf", "kennedy", "and", "jfk"]),
        ("**Neil** _Armstrong_ <b>walked</b>", ["neil", "armstrong", "walked"]),
        ("8,848 m, 1.5 billion", ["8848", "m", "1500000000"]),
        ("Louis XIV, twenty-one, the 21st", ["louis", "14", "21", "the", "21st"]),
        ("nineteen sixty-nine, two hundred and six, half a dozen", ["1969", "206", "6"]),
        ("N e i l", ["n", "e", "i", "l"]),
        ("A r m s t r o n g", ["armstrong"]),
        ("Mt. Everest, St. Helens", ["mount", "everest", "saint", "helens"]),
        ("Neil&nbsp;Arm\u00adstrong", ["neil", "armstrong"]),
        ("no one", ["no", "1"]),
    ],
)
def test_words_are_compared_in_one_spelling(written: str, compared: list[str]) -> None:
    assert [word.text for word in Text(written).words] == compared


def test_lower_case_keeps_every_place() -> None:
    text = Text("İstanbul’da ß Ǆ K ﬃ Ωmega 20 Temmuz")
    assert len(text.lower) == len(text.clean)
    assert all(text.clean[word.start : word.end] for word in text.words)


def test_cleaning_twice_changes_nothing() -> None:
    once = clean("“It wasn’t” — J. R. R. Tolkien’s 1,234 books… **bold**")
    assert clean(once) == once
