"""Invented dated facts and models that know some of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from chronolect.chronicle.probes import Option, Probe, probe_lines
from chronolect.models.dummy import DummyModel
from chronolect.models.language_model import Score

TAGS = ("answer", "past", "future", "irrelevant")


def make_probe(number: int, date: str, *, split: str = "heldout", guess: str = "low") -> Probe:
    """A probe about an invented person."""
    names = (number, number + 100, number + 200, number + 300)
    return Probe(
        id=f"{number}/{split}",
        fact=str(number),
        date=date,
        split=split,  # type: ignore[arg-type]
        form="cloze" if number % 2 else "question",
        guess=guess,
        prompt=f"Deed {number} was done by",
        options=tuple(Option(f" Person {name}", tag) for name, tag in zip(names, TAGS, strict=True)),  # type: ignore[arg-type]
        references=tuple(f"Deed {number + step} was done by" for step in (1000, 2000, 3000)),
    )


@pytest.fixture(scope="session")
def probes() -> list[Probe]:
    """Two facts a year, 1900 to 1999, some that can be guessed; controls and traps."""
    dated = [make_probe(number, f"{1900 + number // 2}-0{1 + 6 * (number % 2)}-15") for number in range(200)]
    guessed = [make_probe(number, "1990", guess="high") for number in range(5000, 5010)]
    others = [make_probe(6000 + number, "", split=split) for split in ("control", "trap") for number in range(60)]
    return dated + guessed + others


@pytest.fixture
def probe_file(probes: Sequence[Probe], tmp_path: Path) -> Path:
    """The probes as a file."""
    file = tmp_path / "probes.jsonl"
    file.write_text(probe_lines(probes), encoding="utf-8")
    return file


class Historian(DummyModel):
    """Knows the answers of some probes, and guesses the others."""

    def __init__(self, probes: Sequence[Probe], knows: Callable[[Probe], bool]) -> None:
        super().__init__()
        self.name = "historian"
        self._known = {probe.prompt: probe.answer for probe in probes if knows(probe)}

    def loglikelihoods(self, requests: Sequence[tuple[str, str]]) -> list[Score]:
        """Certain of what it knows."""
        return [
            Score(0.0 if self._known[context] == text else -200.0, 2, False) if context in self._known else score
            for (context, text), score in zip(requests, super().loglikelihoods(requests), strict=True)
        ]

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answer where it is known."""
        guesses = super().generate(prompts, max_tokens=max_tokens)
        return [self._known.get(prompt, guess) + "." for prompt, guess in zip(prompts, guesses, strict=True)]


@pytest.fixture(name="make_probe")
def _make_probe() -> Callable[..., Probe]:
    return make_probe


@pytest.fixture(name="historian")
def _historian() -> type[Historian]:
    return Historian
