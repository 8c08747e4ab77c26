import random

from chronolect.corpus.quality.repetition import repetition


def words(count: int, kinds: int = 4000) -> str:
    draw = random.Random(0)
    return " ".join(f"w{draw.randrange(kinds)}" for _ in range(count))


def test_plain_text_passes():
    assert repetition(words(2000)) is None
    assert repetition("again and again " * 10) is None, "too short to be judged"


def test_lines_that_come_back():
    text = "\n".join([words(60), *["a line that is said once more here"] * 40])
    assert repetition(text) == "95% of the lines stand there before"


def test_one_run_everywhere():
    pieces = words(300).split()
    text = " ".join(word if i % 4 else "buy it now" for i, word in enumerate(pieces))
    assert repetition(text) == "one run of 2 words is 33% of the text"


def test_long_runs_that_come_back():
    text = f"{words(200)} {words(80)} {words(60)}"  # the same seed: the second and third repeat the first
    assert repetition(text).startswith("runs of 5 words that come back are 4")
