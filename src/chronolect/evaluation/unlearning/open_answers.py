"""Open answers to the records of both sides, held out and trained on, graded as `eval temporal` grades them."""

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args

from chronolect.errors import UserError
from chronolect.evaluation.generations import Asker, Generations, ask_missing
from chronolect.evaluation.grading.phrases import says_a_listed_phrase
from chronolect.evaluation.temporal.expected import grade_record
from chronolect.evaluation.temporal.metrics import SIDES, Graded, Tally
from chronolect.evaluation.temporal.questions import Questions, RecordFile, choose_questions
from chronolect.evaluation.unlearning.fluency import measure_fluency
from chronolect.finetuning.records import Layout, Record, Side, iterate_records
from chronolect.timeline import Cutoff

Split = Literal["val", "train"]
SPLITS: tuple[Split, ...] = get_args(Split)
_BATCH = 64


@dataclass(frozen=True)
class RecordSet:
    """Records of one side that were held out (`val`) or trained on (`train`): all of a file, or a random sample."""

    side: Side
    split: Split
    questions: Questions

    @property
    def name(self) -> str:
        """Such as `retain_val`."""
        return f"{self.side}_{self.split}"


def read_sets(data: Path, *, limit: int | None, seed: int) -> tuple[list[RecordSet], set[str]]:
    """The four sets of a data folder, and the families and articles that its training files are about.

    Raises:
        UserError: For a missing file, a broken line, or an unlearn record without its true answer.
    """
    layout = Layout(data)
    sets = []
    families: set[str] = set()
    for side, split in product(SIDES, SPLITS):
        file = layout.file(side, split)
        if not file.is_file():
            raise UserError(f"{file}: no such file; --data takes a folder as `chronolect data qa` writes it")
        sets.append(RecordSet(side, split, choose_questions([RecordFile(file, side)], limit=limit, seed=seed)))
        if split == "train":
            for record in iterate_records(file, side=side):
                families |= fact_names(record)
    return sets, families


def fact_names(record: Record) -> set[str]:
    """By which a record's fact is known: its family, and the article it came from."""
    article = record.metadata.get("source_article_id")
    return {record.family} if article is None else {record.family, str(article)}


def answer(
    sets: list[RecordSet], asker: Asker, store: Generations, *, cutoff: Cutoff, path: Path, model: str
) -> dict[str, Any]:
    """Ask one model every record of the sets and grade what it says.

    Args:
        sets: What to ask.
        asker: Puts the questions to the model.
        store: Where answers are kept; those that are there are not asked for again.
        cutoff: The last day that may be known.
        path: File to write the graded answers to, a line each.
        model: The model's name, for those lines.

    Returns:
        For each set the rates of `eval temporal` for its side, by decade and by form too, and over families; and `fluency` over all answers.
    """
    found: dict[str, Any] = {}
    responses: list[str] = []
    with open(path, "w", encoding="utf-8") as file:
        for one in sets:
            failed = ask_missing(asker, one.questions, store, batch_size=_BATCH, total=len(one.questions))
            tally, forms = Tally(), {form: Tally() for form in ("chat", "text")}
            for record in one.questions:
                key = asker.key(record)
                answered = store.get(key)
                graded = _graded(record, answered.response if answered else None, failed.get(key), cutoff)
                tally.add(graded)
                forms[record.form].add(graded)
                if answered:
                    responses.append(answered.response)
                row = {"model": model, "set": one.name, **graded.example()}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            parts = tally.breakdown()
            families = parts["families"][one.side]
            found[one.name] = {
                **tally.metrics()[one.side],
                "by_decade": parts["by_decade"][one.side],
                "families": {key: families[key] for key in ("n", "all_succeed", "any_leaks")},
                "by_form": {form: some.metrics()[one.side]["intervals"] for form, some in forms.items()},
            }
    return {**found, "fluency": measure_fluency(responses)}


def _graded(record: Record, response: str | None, error: str | None, cutoff: Cutoff) -> Graded:
    if response is None:
        return Graded(record, None, None, error=error)
    judgement, basis = grade_record(record, response, cutoff=cutoff)
    return Graded(record, response, judgement, basis, says_a_listed_phrase(response))
