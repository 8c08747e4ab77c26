"""`data dialogue` as a whole: what it writes is read again, and holds to what it says."""

import json
from pathlib import Path

import pytest

from chronolect.corpus.document import read_documents
from chronolect.dialogue.checks import Check, judge
from chronolect.dialogue.files import iterate_records, phase_list_bytes, read_dialogues
from chronolect.dialogue.generate.command import make_dialogues
from chronolect.errors import UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dialogue") / "made"
    make_dialogues(out=out, phase1=120, phase2=120, phase3=120, phase4=12, tests=6, almanac=60, seed=5)
    return out


def test_phases_are_written_in_both_forms(folder: Path) -> None:
    for phase in (1, 2, 3, 4):
        plain = read_dialogues(folder / f"phase{phase}.json")
        assert len(plain) == (12 if phase == 4 else 120)
        assert phase_list_bytes(plain) == (folder / f"phase{phase}.json").read_bytes()
        lines = list(iterate_records(folder / f"phase{phase}.jsonl"))
        assert [messages for messages, _ in lines] == plain
        for messages, metadata in lines:
            assert metadata["phase"] == phase
            assert metadata["wording"] == "seen"
            assert judge(messages[-1]["content"], Check.from_dict(metadata["check"], metadata["id"])).passed


def test_tests_end_with_the_user_and_are_in_no_phase(folder: Path) -> None:
    tests = list(iterate_records(folder / "tests.jsonl"))
    assert len({metadata["id"] for _, metadata in tests}) == len(tests)
    asked = {json.dumps([one for one in messages if one["role"] == "user"]) for messages, _ in tests}
    assert len(asked) == len(tests)
    for messages, metadata in tests:
        assert messages[-1]["role"] == "user"
        Check.from_dict(metadata["check"], metadata["id"])
    for phase in (1, 2, 3, 4):
        for messages in read_dialogues(folder / f"phase{phase}.json"):
            assert json.dumps([one for one in messages if one["role"] == "user"]) not in asked


def test_the_almanac_is_a_corpus_without_time_tags(folder: Path) -> None:
    texts = [document.text for document in read_documents(folder / "almanac")]
    assert len(texts) == 60
    assert any("<|im_start|>user" in text for text in texts)
    assert not any("<time>" in text or "<think>" in text for text in texts)


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    make_dialogues(out=tmp_path / "again", phase1=120, phase2=120, phase3=120, phase4=12, tests=6, almanac=60, seed=5)
    for file in sorted(folder.glob("*.json*")):
        if file.name != "manifest.json":
            assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_count_below_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--phase2 -1: must be 0 or more"):
        make_dialogues(out=tmp_path / "x", phase2=-1)
    with pytest.raises(UserError, match=r"--phase4 1: one alone cannot be different"):
        make_dialogues(out=tmp_path / "x", phase4=1)


def test_some_kinds_alone(tmp_path: Path) -> None:
    counts = {"phase1": 30, "phase2": 20, "phase3": 10, "phase4": 0, "tests": 4, "almanac": 0}
    made = make_dialogues(out=tmp_path / "some", **counts, kinds=["elapsed", "tick"])
    assert (made["phase1"], made["phase2"], made["phase3"]) == ({"elapsed": 30}, {"elapsed": 20}, {"tick": 10})
    assert made["tests"] == {"elapsed": 8, "tick": 4}
    with pytest.raises(UserError, match=r'--kinds: no kind "elapse".*elapsed'):
        make_dialogues(out=tmp_path / "x", kinds=["elapse"])
    with pytest.raises(UserError, match="--kinds: phase 3 has none of them; give --phase3 0, or one of tick"):
        make_dialogues(out=tmp_path / "x", kinds=["elapsed"], tests=1)
