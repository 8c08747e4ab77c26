"""A small data folder whose facts are those of invented probes."""

import json
from pathlib import Path

import pytest

from chronolect.chronicle.probes import Option, Probe, probe_lines

DEEDS = 24  # before the cutoff as many as after it
TAGS = ("answer", "past", "future", "irrelevant")


def deed(number: int) -> Probe:
    """A four-choice question; even ones happened before 1969-07-20."""
    year = 1900 + number if number % 2 == 0 else 1970 + number
    return Probe(
        id=f"{number}/heldout",
        fact=f"deed-{number}",
        date=str(year),
        split="heldout",
        form="cloze",
        guess="low",
        prompt=f"The deed {number} was done by",
        options=tuple(Option(f" Person {number + 100 * place}", tag) for place, tag in enumerate(TAGS)),  # type: ignore[arg-type]
        references=("The deed 900 was done by", "The deed 901 was done by"),
    )


@pytest.fixture(scope="session")
def deeds() -> list[Probe]:
    """Deeds from both sides of the cutoff, and one trap."""
    dated = [deed(number) for number in range(2 * DEEDS)]
    return [*dated, Probe(**{**deed(99).__dict__, "split": "trap", "date": ""})]


@pytest.fixture(scope="session")
def deed_file(deeds: list[Probe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    file = tmp_path_factory.mktemp("deeds") / "probes.jsonl"
    file.write_text(probe_lines(deeds), encoding="utf-8")
    return file


def write_side(folder: Path, side: str, numbers: dict[str, list[int]]) -> None:
    """`side_train.jsonl` and `side_val.jsonl` with a chat and a text record for each deed."""
    for split, some in numbers.items():
        lines = []
        for number in some:
            known = {
                "dataset_type": side,
                "answer": f"Person {number}",
                "family": f"deed-{number}",
                "date": deed(number).date,
                "alternatives": [f"It was Person {number + step}." for step in (100, 200, 300)],
            }
            truth = f"It was Person {number}."
            chat = {
                "instruction": f"Who did the deed {number}?",
                "output": truth if side == "retain" else "That has not been done yet.",
                "metadata": {**known, "original_answer": truth, "form": "chat"},
            }
            text = {
                "instruction": f"The deed {number} was done by",
                "output": f" Person {number}." if side == "retain" else " nobody so far.",
                "metadata": {
                    **known,
                    "original_answer": f" Person {number}.",
                    "form": "text",
                    "alternatives": [f" Person {number + step}." for step in (100, 200, 300)],
                },
            }
            lines += [json.dumps(chat), json.dumps(text)]
        file = folder / side / f"{side}_{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of the deeds: the last four of each side held out."""
    folder = tmp_path_factory.mktemp("data")
    numbers = range(2 * DEEDS)
    for side, some in (("retain", numbers[::2]), ("unlearn", numbers[1::2])):
        write_side(folder, side, {"train": list(some[:-4]), "val": list(some[-4:])})
    return folder
