"""The published TIME data (arXiv 2601.05300): read, rendered, counted and split to the byte."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from chronolect.artifacts import digest_file, read_json
from chronolect.dialogue.convert import convert
from chronolect.dialogue.files import phase_list_bytes, read_dialogues
from chronolect.dialogue.messages import with_time_tags, with_timestamps
from chronolect.dialogue.split import split
from chronolect.dialogue.stats import stats
from chronolect.dialogue.template import TIME_TEMPLATE
from chronolect.models.chat_template import ChatTemplate, without_generation_marks

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "time"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the published dialogues are not there ({DATA})")

FILES = ("phase1", "phase4", "phase1_train", "phase1_test")
PHASE2, PHASE3 = 5583, 4879  # conversations of the published phases that are not at hand


def cases() -> list[dict[str, Any]]:
    """Small conversations with what the published template makes of them."""
    found: list[dict[str, Any]] = read_json(DATA / "template_checks.json")["cases"] if DATA.is_dir() else []
    return found


@pytest.mark.parametrize("text", [TIME_TEMPLATE, without_generation_marks(TIME_TEMPLATE)], ids=["marked", "unmarked"])
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_the_template_writes_as_the_published_one(case: dict[str, Any], text: str) -> None:
    rendered = ChatTemplate(text).render(case["messages"], add_generation_prompt=case["add_generation_prompt"])
    assert rendered == case["rendered"]


@pytest.mark.parametrize("name", FILES)
def test_all_published_conversations_are_written_alike(name: str) -> None:
    expected = read_json(DATA / "template_checks.json")["files"][f"{name}.json"]
    time = ChatTemplate(TIME_TEMPLATE)
    talks = read_dialogues(DATA / f"{name}.json")
    texts = [time.render(messages) for messages in talks]
    assert (len(texts), sum(map(len, texts)), max(map(len, texts))) == (
        expected["n"],
        expected["total_chars"],
        expected["max_chars"],
    )
    assert hashlib.sha256("\0".join(texts).encode()).hexdigest() == expected["sha256_of_texts_joined_by_NUL"]
    for messages, text in zip(talks, texts, strict=True):
        keyed = with_timestamps(messages)
        assert with_time_tags(keyed) == messages
        assert time.render(keyed) == text


@pytest.mark.parametrize("name", FILES)
def test_there_and_back_through_chatml_and_json_lines(name: str, tmp_path: Path) -> None:
    convert(DATA / f"{name}.json", to="chatml", out=tmp_path / "a.txt")
    convert(tmp_path / "a.txt", to="jsonl", out=tmp_path / "b.jsonl")
    convert(tmp_path / "b.jsonl", to="phases", out=tmp_path / "c.json")
    assert (tmp_path / "c.json").read_bytes() == (DATA / f"{name}.json").read_bytes()


def test_the_published_split_comes_out_to_the_byte(tmp_path: Path) -> None:
    files = {"phase1": DATA / "phase1.json"}
    for phase, count in (("phase2", PHASE2), ("phase3", PHASE3)):
        dummies = [
            [{"role": "user", "content": f"{phase} {number}"}, {"role": "assistant", "content": "."}]
            for number in range(count)
        ]
        files[phase] = tmp_path / f"{phase}.json"
        files[phase].write_bytes(phase_list_bytes(dummies))
    prompts = DATA / "system_prompts.json"
    published, clean = (
        split(**files, phase4=DATA / "phase4.json", system_prompts=prompts, out=tmp_path / mode, mode=mode)
        for mode in ("published", "clean")
    )
    for name in ("phase1_train.json", "phase1_test.json", "phase4.json"):
        assert digest_file(tmp_path / "published" / name) == digest_file(DATA / name)
    sizes = {name: counts["conversations"] for name, counts in published["files"].items()}
    assert sizes == {
        "phase1_train.json": 2188,
        "phase1_test.json": 387,
        "phase2_train.json": 5291,
        "phase2_test.json": 935,
        "phase3_train.json": 5878,
        "phase3_test.json": 1039,
        "phase4.json": 128,
    }
    assert [published["files"][f"phase1_{side}.json"]["with_system"] for side in ("train", "test")] == [111, 17]
    assert published["published_leaks"] == clean["published_leaks"]
    leaks = {(leak["test"], leak["source"]): leak for leak in clean["published_leaks"]}
    assert (leaks[2, 1]["items"], leaks[2, 1]["trained_in"][1]) == (97, 77)
    assert (leaks[3, 1]["items"], leaks[3, 1]["trained_in"][1]) == (97, 84)
    assert (leaks[3, 2]["items"], leaks[3, 2]["trained_in"][2]) == (210, 185)
    assert leaks[1, 1]["trained_in"][2] == 85
    assert "77 of them" in clean["screen"]

    train, test = (
        {
            messages[-1]["content"]
            for phase in (1, 2, 3)
            for messages in read_dialogues(tmp_path / "clean" / f"phase{phase}_{side}.json")
        }
        for side in ("train", "test")
    )
    assert train & test == {"."}  # the dummies' answer, and no other
    assert [clean["files"][f"phase1_{side}.json"]["own"] for side in ("train", "test")] == [2188, 387]


def test_the_published_phases_hold_what_is_printed_of_them() -> None:
    first, fourth = stats([DATA / "phase1.json", DATA / "phase4.json"])["files"].values()
    assert (first["conversations"], first["turns"]) == (2575, {2: 2575})
    assert first["ticks"]["number"] == 0
    blocks = first["think_blocks"]
    assert (blocks["replies_starting_with_one"], blocks["replies_by_number"].get(0)) == (0, None)
    assert max(blocks["replies_by_number"].items(), key=lambda one: one[1])[0] == 3
    assert first["stamps"]["with_offset"] == 5
    assert first["stamps"]["separators"] == {"newline": 2545, "bare": 20, "space": 10, "other": 0}
    assert [bad["stamp"][:10] for bad in first["stamps"]["invalid"]] == ["2026-02-29"] * 2

    assert (fourth["conversations"], fourth["messages"], fourth["user_turns"]) == (128, 641, 321)
    assert fourth["turns"] == {2: 15, 4: 61, 6: 33, 8: 16, 11: 1, 14: 1, 16: 1}
    assert fourth["ending_on_user"] == 1
    ticks = fourth["ticks"]
    assert (ticks["number"], ticks["conversations"], ticks["spelling"]["newline"]) == (74, 34, 74)
    assert (ticks["answered_silently"], ticks["answered"]) == (40, 74)


def test_our_own_system_prompts_are_not_theirs() -> None:
    ours = read_json(Path(__file__).parents[2] / "src" / "chronolect" / "data" / "dialogue" / "system_prompts.json")
    theirs = set().union(*map(_runs, read_json(DATA / "system_prompts.json")))
    assert not theirs & set().union(*map(_runs, ours))


def _runs(text: str, length: int = 8) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}
