"""How long the search for endless repetition takes, by the length of the text: bounded up to 8,000 characters, next to nothing for each one more.

    python benchmarks/loop_detector.py [--repeats 5]

Texts of four kinds: words without a loop, one character, a short sentence over and over, and a passage of 1,900 characters over and over. For
each length: milliseconds to collapse the text (the least of the repeats), and the microseconds for each 1,000 characters beyond 8,000.
"""

import argparse
import random
import time
from collections.abc import Callable

from chronolect.evaluation.timebench.loops import collapse

LENGTHS = (500, 2_000, 8_000, 32_000, 128_000, 512_000, 2_048_000)


def words(length: int) -> str:
    """Made-up words, none of which make a loop."""
    rng = random.Random(3)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(1, 9))) for _ in range(3000)]
    parts: list[str] = []
    total = 0
    while total < length:
        parts.append(rng.choice(vocabulary) + rng.choice(("", "", "", "", ",", ".")))
        total += len(parts[-1]) + 1
    return " ".join(parts)[:length]


KINDS: dict[str, Callable[[int], str]] = {
    "no loop": words,
    "one character": lambda length: "a" * length,
    "a sentence": lambda length: ("It is late now. " * (length // 16 + 1))[:length],
    "a passage": lambda length: (words(1_900) * (length // 1_900 + 1))[:length],
}


def seconds(text: str, repeats: int) -> float:
    """Least time of several."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        collapse(text)
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="times each text is looked at")
    repeats = parser.parse_args().repeats
    print(f"{'ms to collapse':<16}" + "".join(f"{length:>11,}" for length in LENGTHS) + f"{'us / 1,000':>13}")
    for kind, make in KINDS.items():
        found = {length: seconds(make(length), repeats) for length in LENGTHS}
        slope = (found[LENGTHS[-1]] - found[8_000]) / (LENGTHS[-1] - 8_000) * 1e9
        print(f"{kind:<16}" + "".join(f"{1e3 * found[length]:>11.2f}" for length in LENGTHS) + f"{slope:>13.2f}")


if __name__ == "__main__":
    main()
