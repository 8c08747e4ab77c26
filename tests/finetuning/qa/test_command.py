"""The data set of the chronicle: sides, splits, wordings, and what is said past the cutoff."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from chronolect.chronicle.check import telling, words
from chronolect.chronicle.facts import Fact, load_facts
from chronolect.chronicle.wordings import QUESTION
from chronolect.errors import UserError
from chronolect.finetuning.qa.command import make_qa
from chronolect.finetuning.records import Layout, Record, Side, read_records
from chronolect.timeline import Cutoff, Verdict

FACTS = {fact.id: fact for fact in load_facts()}
CUTOFF = Cutoff.parse("1969-07-20")


def files(folder: Path) -> Iterator[tuple[str, list[Record]]]:
    layout = Layout(folder)
    sides: tuple[Side, ...] = ("retain", "unlearn")
    for side in sides:
        yield f"{side} train", read_records(layout.file(side, "train"), side=side)
        yield f"{side} val", read_records(layout.file(side, "val"), side=side)
    yield "dev", read_records(layout.dev)


@pytest.fixture(scope="module")
def records(qa_folder: Path) -> dict[str, list[Record]]:
    return dict(files(qa_folder))


def every(records: dict[str, list[Record]]) -> Iterator[tuple[Record, Fact]]:
    for listed in records.values():
        for record in listed:
            if fact := FACTS.get(record.metadata["source_article_id"]):
                yield record, fact


def test_facts_are_on_their_side_of_the_cutoff(records: dict[str, list[Record]]) -> None:
    seen = set()
    for record, fact in every(records):
        seen.add(fact.id)
        if fact.kind == "timeless":
            assert record.side == "retain"
        else:
            assert CUTOFF.judge(fact.span) is (Verdict.BEFORE if record.side == "retain" else Verdict.AFTER)
    dated = {fact.id for fact in FACTS.values() if fact.kind == "dated"}
    assert {name for name in dated if CUTOFF.judge(FACTS[name].span) is not Verdict.STRADDLES} <= seen


def test_no_file_holds_a_held_out_wording(records: dict[str, list[Record]]) -> None:
    held = {
        fact.id: " ".join(words(fact.question if fact.held_out == QUESTION else fact.cloze(fact.held_out)))
        for fact in FACTS.values()
    }
    for record, fact in every(records):
        said = (record.instruction, record.output, record.truth, *record.metadata["alternatives"])
        assert all(held[fact.id] not in " ".join(words(text)) for text in said), record


def test_no_family_is_in_two_files_of_different_splits(records: dict[str, list[Record]]) -> None:
    split_of = defaultdict(set)
    for name, listed in records.items():
        for record in listed:
            split_of[record.family].add(name.rpartition(" ")[2])
    assert {len(splits) for splits in split_of.values()} == {1}
    assert Counter(next(iter(splits)) for splits in split_of.values()).keys() == {"train", "val", "dev"}
    assert {record.side for record in records["dev"]} == {"retain", "unlearn"}


def test_true_records_hold_the_answer_and_others_none_of_its_words(records: dict[str, list[Record]]) -> None:
    for record, fact in every(records):
        if record.side == "retain":
            assert record.output == record.truth
            assert fact.answer.lower() in record.output.lower()
        else:
            assert not telling(fact.answer) & set(words(record.output)), (fact.answer, record.output)
            assert "{" not in record.output


def test_alternatives_are_worded_like_the_truth_but_are_answers_from_before_the_cutoff(
    records: dict[str, list[Record]],
) -> None:
    before = {fact.answer.lower() for fact in FACTS.values() if fact.date and CUTOFF.judge(fact.span) is Verdict.BEFORE}
    for record, fact in every(records):
        alternatives = record.metadata["alternatives"]
        assert 2 <= len(alternatives) <= 4
        head, _, tail = record.truth.lower().partition(fact.answer.lower())
        for other in alternatives:
            assert other.lower() != record.truth.lower()
            assert other.lower().startswith(head)
            name = other.lower()[len(head) : len(other) - len(tail)] if tail else other.lower()[len(head) :]
            assert name in before or name + "." in before, (other, name)


def test_text_records_join_to_sentences_of_the_corpus(records: dict[str, list[Record]]) -> None:
    texts = [record for record in records["retain train"] if record.form == "text"]
    assert {record.metadata["wording"][0] for record in texts} == {"q", "c", "i"}
    for record in texts:
        assert not record.instruction.endswith(" ")
        assert record.output.startswith(" ")
    kept = {record.metadata["wording"][0] for record in records["retain val"] if record.form == "text"}
    assert kept == {"q", "c"}


def test_every_style_is_used_in_equal_parts(records: dict[str, list[Record]]) -> None:
    styles = Counter(record.metadata["style"] for record in records["unlearn train"])
    assert set(styles) == {"stock", "unknown", "era-native"}
    assert min(styles.values()) > 0.9 * max(styles.values())


def test_validation_asks_in_words_that_training_never_used(records: dict[str, list[Record]]) -> None:
    opened = {
        name: {record.instruction.split()[0] for record in listed if record.metadata["wording"].startswith("g")}
        for name, listed in records.items()
    }
    assert opened["retain val"]
    assert not opened["retain val"] & opened["retain train"]


def test_choices_offer_the_answer_and_are_for_training_only(records: dict[str, list[Record]]) -> None:
    choices = [record for record in records["unlearn train"] if record.metadata["wording"] == "o"]
    assert choices
    assert all(record.metadata["answer"] in record.instruction for record in choices)
    assert all(record.metadata["wording"] != "o" for name in ("unlearn val", "dev") for record in records[name])


def test_the_statistics_count_what_is_there(qa_folder: Path, records: dict[str, list[Record]]) -> None:
    found = json.loads((qa_folder / "statistics.json").read_text())
    assert found["records"]["unlearn_val"] == len(records["unlearn val"])
    assert sum(found["records_by_form"].values()) == sum(map(len, records.values()))
    assert sum(found["words_by_decade"].values()) == sum(found["words"].values())
    used = json.loads((qa_folder / "used_articles.json").read_text())
    assert "1969-woodstock-farm" in used["chronicle"]["unlearn"]


def test_the_same_call_writes_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_qa(out=tmp_path / name, share=0.05, styles=["era-native"], wordings=2)
    one, two = (json.loads((tmp_path / name / "manifest.json").read_text())["content_digest"] for name in ("a", "b"))
    assert one == two
    assert {r.metadata["style"] for r in read_records(Layout(tmp_path / "a").file("unlearn", "val"))} == {"era-native"}


def test_the_replay_is_kept_to_its_number_and_form(tmp_path: Path) -> None:
    for name, form, replay in (("chat", "chat", 6), ("text", "text", 500)):
        make_qa(out=tmp_path / name, share=0.1, forms=[form], wordings=1, replay=replay)  # type: ignore[list-item]
    found = {name: [record for _, listed in files(tmp_path / name) for record in listed] for name in ("chat", "text")}
    replayed = {
        name: {record.family for record in listed if record.metadata["source_type"] == "replay"}
        for name, listed in found.items()
    }
    assert len(replayed["chat"]) == 6
    assert len(replayed["text"]) == 8  # a tenth of the timeless facts; the tasks are for a chat
    assert {record.form for record in found["text"]} == {"text"}


def test_facts_that_may_lie_on_either_side_are_left_out_and_counted(tmp_path: Path) -> None:
    counts = make_qa(out=tmp_path / "a", cutoff="1851-06-30", wordings=1)
    years = [fact for fact in FACTS.values() if fact.date == "1851"]
    assert counts["left_out"]["straddles the cutoff"] == len(years) > 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"cutoff": "2030"}, "the unlearn side is empty"),
        ({"val_ratio": 1.5}, "--val-ratio 1.5"),
        ({"wordings": 0}, "--wordings 0"),
        ({"share": 0.0}, "--share"),
        ({"concurrency": 0}, "--concurrency 0: choose 1 or more"),
    ],
)
def test_wrong_flags_are_named(flags: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        make_qa(out=tmp_path / "a", **flags)  # type: ignore[arg-type]
    assert not (tmp_path / "a").exists()
