import json
from collections import Counter
from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.evaluation.temporal.questions import RecordFile, choose_questions


def write(path: Path, retain: int, unlearn: int) -> Path:
    rows = [("retain", n) for n in range(retain)] + [("unlearn", n) for n in range(unlearn)]
    path.write_text(
        "".join(
            json.dumps(
                {"instruction": f"{side} {n}?", "output": "Yes.", "metadata": {"dataset_type": side, "answer": "Yes"}}
            )
            + "\n"
            for side, n in rows
        )
    )
    return path


def test_all_are_asked_in_their_order(tmp_path: Path) -> None:
    questions = choose_questions([RecordFile(write(tmp_path / "a", 2, 1)), RecordFile(write(tmp_path / "b", 0, 1))])
    assert [record.instruction for record in questions] == ["retain 0?", "retain 1?", "unlearn 0?", "unlearn 0?"]
    assert len(questions) == 4
    assert questions.counts == {"retain": 2, "unlearn": 2}


@pytest.mark.parametrize(
    ("limit", "retain", "unlearn"), [(10, 5, 5), (9, 5, 4), (40, 30, 10), (1, 1, 0), (70, 60, 10), (99, 60, 10)]
)
def test_a_sample_is_balanced_as_far_as_the_sides_allow(tmp_path: Path, limit: int, retain: int, unlearn: int) -> None:
    questions = choose_questions([RecordFile(write(tmp_path / "a", 60, 10))], limit=limit)
    assert Counter(record.side for record in questions) == Counter({"retain": retain, "unlearn": unlearn})
    assert questions.counts == {"retain": retain, "unlearn": unlearn}


def test_the_seed_draws_the_sample(tmp_path: Path) -> None:
    files = [RecordFile(write(tmp_path / "a", 60, 60))]
    first, again, other = (
        [record.instruction for record in choose_questions(files, limit=20, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_record_without_a_side_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"instruction": "Who?", "output": "I."}\n')
    with pytest.raises(UserError, match=r"line 1: metadata\.dataset_type"):
        choose_questions([RecordFile(tmp_path / "a")])
    assert choose_questions([RecordFile(tmp_path / "a", "retain")]).counts["retain"] == 1


def test_an_unlearn_record_must_say_the_true_answer(tmp_path: Path) -> None:
    row = {"instruction": "Who?", "output": "I do not know.", "metadata": {"dataset_type": "unlearn"}}
    (tmp_path / "a").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=r'"Who\?" lacks the true answer'):
        choose_questions([RecordFile(tmp_path / "a")])
    row["metadata"] = {"dataset_type": "unlearn", "original_answer": "It was I."}
    (tmp_path / "a").write_text(json.dumps(row) + "\n")
    assert choose_questions([RecordFile(tmp_path / "a")]).counts["unlearn"] == 1


def test_nothing_to_ask(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("\n")
    with pytest.raises(UserError, match="no records"):
        choose_questions([RecordFile(tmp_path / "a")])
    with pytest.raises(UserError, match="no such file"):
        choose_questions([RecordFile(tmp_path / "b")])
    with pytest.raises(UserError, match="--limit 0"):
        choose_questions([RecordFile(write(tmp_path / "a", 1, 1))], limit=0)
