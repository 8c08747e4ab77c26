"""The strings of the comparison."""

from chronolect.export.sample_texts import varied_strings


def test_varied_strings_are_varied_and_always_the_same() -> None:
    strings = varied_strings()
    assert strings == varied_strings()
    assert len(strings) == 1000
    assert len(set(strings)) > 900
    for sample in ("日本", "🎉", "  ", "\n", "<|im_end|>", "n't", "٣٤", "def f"):
        assert any(sample in string for string in strings), sample
    "".join(strings).encode()  # no lone surrogates
