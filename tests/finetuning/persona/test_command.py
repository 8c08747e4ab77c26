"""`data persona` on templates: what is in the files, what is dropped and why, and who is asked what."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from chronolect.artifacts import digest_tree
from chronolect.chronicle.facts import load_facts
from chronolect.chronicle.wordings import QUESTION, held_out_text
from chronolect.corpus.encoding import Encoder
from chronolect.errors import UserError
from chronolect.finetuning.persona.command import write_personas

PERSONAS = ["victorian-clerk", "deep-red-engineer", "deep-red-teacher"]
SHIPS = ["Nautilus", "Albatross", "Pequod", "Forward", "Hispaniola", "Beagle", "Dolphin", "Argo", "Victory", "Calypso"]


def passage(book: int, chunk: int, **more: Any) -> dict[str, Any]:
    """A passage of its own words, so that no two questions need be the same."""
    ship = SHIPS[book]
    text = (
        f"In the harbour lay the {ship} with all her lamps lit. The crew of the {ship} numbered {20 + chunk} hands and a boy. "
        f"On the {ship} the captain had kept a log for {3 + chunk} years, and he let nobody read it. For the voyage they had "
        f"salted {40 + chunk} barrels of beef. The mate said that Captain Harker{book} feared the ice more than the wind."
    )
    return {
        "text": text,
        "chunk_id": f"{ship}#{chunk}",
        "source_id": ship,
        "source_title": f"The Log of the {ship}",
        "written": "1870",
        "themes": ["sea"],
    } | more


def write_passages(file: Path, *rows: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def spoken(row: dict[str, Any]) -> list[str]:
    return [message["content"] for message in row["messages"] if message["role"] == "assistant"]


@pytest.fixture(scope="module")
def ships(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [passage(book, chunk) for book in range(len(SHIPS)) for chunk in range(4)]
    return write_passages(tmp_path_factory.mktemp("ships") / "passages.jsonl", *rows)


@pytest.fixture(scope="module")
def out(ships: Path) -> Path:
    folder = ships.parent / "personas"
    write_personas(
        ships, out=folder, personas=PERSONAS, unknown_share=0.5, fact_share=0.5, plain_share=0.5, val_ratio=0.3
    )
    return folder


@pytest.fixture(scope="module")
def rows(out: Path) -> list[dict[str, Any]]:
    return read(out / "train.jsonl") + read(out / "val.jsonl")


def test_a_row_is_chatml_with_its_origin(rows: list[dict[str, Any]]) -> None:
    assert {row["metadata"]["persona"] for row in rows} == {*PERSONAS, "plain"}
    turns = Counter()
    for row in rows:
        roles = [message["role"] for message in row["messages"]]
        assert roles == ["system", *["user", "assistant"] * row["metadata"]["turns"]]
        assert {"source_id", "source_title", "persona", "kind", "turns", "cutoff"} <= set(row["metadata"])
        if row["metadata"]["kind"] == "passage":
            turns[row["metadata"]["turns"]] += 1
            assert row["metadata"]["themes"] == ["sea"]
            assert row["metadata"]["chunk_id"].startswith(row["metadata"]["source_id"])
            assert (row["metadata"]["decade"], row["metadata"]["generator"]) == (1870, "template")
    assert set(turns) == {1, 2, 3}


def test_no_book_and_no_fact_is_on_both_sides(out: Path) -> None:
    train, val = ({row["metadata"]["source_id"] for row in read(out / f"{name}.jsonl")} for name in ("train", "val"))
    assert train
    assert val & set(SHIPS)
    assert not train & val


def test_a_plain_twin_answers_the_same_questions_without_the_persona(rows: list[dict[str, Any]]) -> None:
    pairs = defaultdict(list)
    for row in rows:
        if "pair" in row["metadata"]:
            pairs[row["metadata"]["pair"]].append(row)
    assert len(pairs) > 10
    for first, second in pairs.values():
        assert second["metadata"]["persona"] == "plain" != first["metadata"]["persona"]
        asked = [[one["content"] for one in row["messages"] if one["role"] == "user"] for row in (first, second)]
        assert asked[0] == asked[1]
        assert first["metadata"]["cutoff"][:4] in second["messages"][0]["content"], "the plain speaker's day is told"
        if first["metadata"]["kind"] != "unknown":
            assert all(plain in full for full, plain in zip(spoken(first), spoken(second), strict=True))


def test_what_is_not_known_is_declined_and_what_is_known_is_told(rows: list[dict[str, Any]]) -> None:
    facts = {f"chronicle:{fact.id}": fact for fact in load_facts()}
    kinds = Counter()
    for row in rows:
        kind, fact = row["metadata"]["kind"], facts.get(row["metadata"]["source_id"])
        (answer, *_) = spoken(row)
        if fact is None:
            continue
        kinds[kind] += 1
        assert fact.held_out != QUESTION, "a held-out question is for the probes alone"
        assert held_out_text(fact) not in answer
        assert (fact.answer in answer) == (kind == "fact")
        if fact.date:
            assert (fact.date > row["metadata"]["cutoff"]) == (kind == "unknown")
    assert kinds["fact"] > 10
    assert kinds["unknown"] > 10


def test_an_anachronism_is_dropped_with_its_reason(tmp_path: Path) -> None:
    planted = {
        1: passage(1, 0, text="The crew of the Albatross found a transistor radio in the hold, wrapped in oilcloth."),
        2: passage(2, 0, text="The captain of the Pequod closed the log for good on 4 March 1985 and went ashore."),
        3: passage(3, 0, text="The crew of the Forward saw the probe Luna 15 come down in Mare Crisium at dawn."),
    }
    file = write_passages(tmp_path / "a.jsonl", passage(0, 0), *planted.values())
    result = write_personas(
        file, out=tmp_path / "out", personas=["victorian-clerk"], min_chars=40, per_passage=1, unknown_share=0
    )
    reasons = {row["metadata"]["source_id"]: row["reason"] for row in read(tmp_path / "out" / "dropped.jsonl")}
    assert set(reasons) == {SHIPS[number] for number in planted}
    assert "transistor" in reasons["Albatross"]
    assert "1985" in reasons["Pequod"]
    assert "1969-luna-15-crash" in reasons["Forward"]
    assert result["dropped"] == {"anachronism": result["dropped"]["anachronism"]}
    kept = (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8") + (tmp_path / "out" / "val.jsonl").read_text(
        encoding="utf-8"
    )
    assert "Nautilus" in kept
    assert "transistor" not in kept


def test_a_passage_is_given_only_to_those_who_may_have_read_it(tmp_path: Path) -> None:
    file = write_passages(
        tmp_path / "a.jsonl",
        *(passage(book, 0, written="1930") for book in range(4)),
        passage(4, 0, written="1950/1975"),
    )
    result = write_personas(file, out=tmp_path / "out", personas=PERSONAS, unknown_share=0, fact_share=0)
    speakers = {name for name in result["target_tokens"]["persona"] if name != "plain"}
    assert speakers == {"deep-red-engineer", "deep-red-teacher"}
    assert result["passages_too_late"] == 1


def test_caps_hold_and_personas_are_in_balance(ships: Path, out: Path, tmp_path: Path) -> None:
    result = write_personas(
        ships, out=tmp_path / "out", personas=PERSONAS, cap=200, unknown_share=0, fact_share=0, plain_share=0
    )
    assert result["dropped"]["cap"] > 0
    assert all(0 < tokens <= 200 for tokens in result["target_tokens"]["source"].values())
    result = write_personas(
        ships, out=tmp_path / "two", personas=PERSONAS, persona_cap=300, unknown_share=0, fact_share=0, plain_share=0
    )
    assert all(150 < tokens <= 300 for tokens in result["target_tokens"]["persona"].values())
    statistics = json.loads((out / "statistics.json").read_text(encoding="utf-8"))
    tokens = [number for name, number in statistics["target_tokens"]["persona"].items() if name != "plain"]
    assert max(tokens) < 1.5 * min(tokens)
    assert sum(statistics["target_tokens"]["split"].values()) == sum(statistics["target_tokens"]["kind"].values())


def test_a_tokenizer_counts_exactly(ships: Path, model_folder: Path, tmp_path: Path) -> None:
    result = write_personas(
        ships, out=tmp_path / "out", personas=["victorian-clerk"], max_passages=3, tokenizer=model_folder
    )
    encoder = Encoder(model_folder)
    answers = [
        text for name in ("train", "val") for row in read(tmp_path / "out" / f"{name}.jsonl") for text in spoken(row)
    ]
    expected = sum(len(ids) + 1 for ids in encoder.encode(answers))
    assert sum(result["target_tokens"]["split"].values()) == expected


def test_the_same_again_and_another_with_another_seed(ships: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_personas(ships, out=tmp_path / name, personas=["victorian-clerk"], max_passages=8, seed=seed)
    assert digest_tree(tmp_path / "a") == digest_tree(tmp_path / "b") != digest_tree(tmp_path / "c")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"turns": 5}, "--turns 5: from 1 to 4"),
        ({"plain_share": 1.5}, "--plain-share 1.5"),
        ({"personas": ["deep-rad"]}, 'did you mean "deep-red"'),
        ({"per_passage": 0}, "--per-passage"),
        ({"teacher_model": "x"}, "need --teacher-url"),
        ({"val_ratio": 0.0}, "--val-ratio"),
        ({"min_chars": 10_000}, "no passage of at least --min-chars 10000"),
        ({"cutoff": "196X"}, "cutoff"),
        ({"cutoff": "1890-12-30"}, "the persona victorian-clerk lives on 1890-12-31"),
        ({"cap": 1, "unknown_share": 0.0, "fact_share": 0.0}, "no row is left.*cap"),
        ({"teacher_url": "http://127.0.0.1:9/v1", "teacher_model": "m", "timeout": 1.0}, "127.0.0.1:9"),
    ],
)
def test_wrong_settings(
    settings: dict[str, Any], said: str, ships: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chronolect.models.server._WAITS_S", ())
    with pytest.raises(UserError, match=said):
        write_personas(ships, out=tmp_path / "out", **{"personas": ["victorian-clerk"], **settings})
    assert not (tmp_path / "out").exists()
