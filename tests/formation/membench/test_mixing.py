"""Sources are mixed by tokens: shares met to within a document, nothing on both sides, the same bytes each time."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.corpus.holdout import HeldOut
from chronolect.corpus.sources.table import import_table
from chronolect.errors import UserError
from chronolect.formation.membench.mixing import mix_sources
from chronolect.formation.membench.text_sources import TextSource, find_sources, passages
from chronolect.training.data import PackedCorpus

WORDS = ["river", "stone", "winter", "harbour", "letter", "garden", "engine", "window", "silver", "market"]


def write_lines(path: Path, texts: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def some_texts(seed: int, count: int, *, words: int) -> list[str]:
    random_words = random.Random(seed)
    return [f"{seed}.{i} " + " ".join(random_words.choices(WORDS, k=words)) for i in range(count)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sources whose documents are of very different lengths."""
    found = tmp_path_factory.mktemp("sources")
    write_lines(found / "long.jsonl", some_texts(1, 60, words=120))
    write_lines(found / "short.jsonl", some_texts(2, 400, words=8))
    write_lines(found / "few.jsonl", some_texts(3, 12, words=20))
    return found


def mix(folder: Path, out: Path, tokenizer: Path, ratios: dict[str, float], **settings: Any) -> dict[str, Any]:
    sources = [TextSource(name, (folder / f"{name}.jsonl",)) for name in ratios]
    return mix_sources(sources, out=out, tokenizer=tokenizer, ratios=ratios, **settings)


def documents(packed: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(packed / "documents.parquet").to_pylist()
    return rows


def test_shares_are_of_tokens_and_met_to_within_a_document(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    ratios = {"long": 0.7, "short": 0.3}
    counts = mix(folder, tmp_path / "mix", model_folder, ratios, tokens=8000)
    longest = max(row["length"] for row in documents(tmp_path / "mix"))
    total = counts["splits"]["train"]["tokens"]
    assert 8000 <= total < 8000 + longest
    for name, asked in ratios.items():
        found = counts["sources"][name]
        assert abs(found["tokens"] - asked * total) <= longest
        assert found["share"] == found["tokens"] / total
        rows = [row for row in documents(tmp_path / "mix") if row["split"] == "train" and row["id"].startswith(name)]
        assert (len(rows), sum(row["length"] for row in rows)) == (found["documents"], found["tokens"])
    by_documents = counts["sources"]["long"]["documents"] / sum(one["documents"] for one in counts["sources"].values())
    assert by_documents < 0.3  # what a share of rows would have been taken for


def test_the_mix_can_be_trained_on(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    mix(
        folder, tmp_path / "mix", model_folder, {"long": 0.5, "short": 0.5}, tokens=8000, train_split=0.7, val_split=0.3
    )
    packed = PackedCorpus(tmp_path / "mix")
    assert packed.validation_names == ["val", "val-long", "val-short"]
    train = packed.split("train")
    assert (train.tokens[train.offsets + train.lengths - 1] == packed.eos_id).all()
    assert len(packed.split("val").tokens) == sum(len(packed.split(f"val-{n}").tokens) for n in ("long", "short"))


def test_a_source_that_ends_stops_the_mix_or_begins_again(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    ratios = {"long": 0.5, "few": 0.5}
    stopped = mix(folder, tmp_path / "a", model_folder, ratios, tokens=6000, val_split=0.2, train_split=0.8)
    assert stopped["splits"]["train"]["tokens"] < 6000
    assert stopped["sources"]["few"]["passes"] == 1.0
    assert stopped["sources"]["long"]["passes"] is None
    again = mix(
        folder, tmp_path / "b", model_folder, ratios, tokens=6000, val_split=0.2, train_split=0.8, exhausted="repeat"
    )
    few = again["sources"]["few"]
    assert again["splits"]["train"]["tokens"] >= 6000
    assert few["passes"] > 2
    assert few["share"] == pytest.approx(0.5, abs=0.1)
    ids = Counter(row["id"].split("~")[0] for row in documents(tmp_path / "b") if row["split"] == "train")
    assert max(ids.values()) == -(-few["documents"] // stopped["sources"]["few"]["documents"])
    assert len({row["id"] for row in documents(tmp_path / "b") if row["split"] == "val"}) == sum(
        row["split"] == "val" for row in documents(tmp_path / "b")
    )


def test_no_text_is_on_both_sides(model_folder: Path, tmp_path: Path) -> None:
    shared = some_texts(5, 80, words=10)
    write_lines(tmp_path / "one.jsonl", shared)
    write_lines(tmp_path / "two.jsonl", [text.upper().replace(" ", "  ") for text in shared])
    sources = [TextSource(name, (tmp_path / f"{name}.jsonl",)) for name in ("one", "two")]
    settings: dict[str, Any] = {"ratios": {}, "train_split": 0.6, "val_split": 0.4}
    counts = mix_sources(sources, out=tmp_path / "mix", tokenizer=model_folder, **settings)
    rule = HeldOut(0.4, 0)
    held = {str(i + 1) for i, text in enumerate(shared) if rule(text)}
    assert 10 < len(held) < 60
    for row in documents(tmp_path / "mix"):
        line = row["id"].rpartition(":")[2]
        assert (line in held) == row["split"].startswith("val")
    assert counts["splits"]["val"]["documents"] == 2 * len(held)


def test_what_the_splits_leave_is_not_used(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    all_of_it = mix(folder, tmp_path / "a", model_folder, {"short": 1.0}, train_split=0.8, val_split=0.2)
    half = mix(folder, tmp_path / "b", model_folder, {"short": 1.0}, train_split=0.4, val_split=0.2)
    assert half["splits"]["val"] == all_of_it["splits"]["val"]
    assert half["splits"]["train"]["documents"] == pytest.approx(all_of_it["splits"]["train"]["documents"] / 2, rel=0.2)


def test_the_same_call_gives_the_same_bytes_and_a_second_one_nothing_to_do(
    folder: Path, model_folder: Path, tmp_path: Path
) -> None:
    ratios = {"long": 0.6, "short": 0.4}
    mix(folder, tmp_path / "a", model_folder, ratios, tokens=8000)
    mix(folder, tmp_path / "b", model_folder, ratios, tokens=8000)
    for name in ("train.bin", "val.bin", "documents.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    before = (tmp_path / "a" / "train.bin").stat().st_mtime_ns
    mix(folder, tmp_path / "a", model_folder, ratios, tokens=8000)
    assert (tmp_path / "a" / "train.bin").stat().st_mtime_ns == before
    mix(folder, tmp_path / "a", model_folder, ratios, tokens=8001)
    assert (tmp_path / "a" / "train.bin").stat().st_mtime_ns != before


def test_sources_go_by_the_name_they_contain(folder: Path) -> None:
    write_lines(folder / "raw" / "fineweb-edu_10k.jsonl", ["a"])
    write_lines(folder / "raw" / "wikitext103.jsonl", ["b"])
    places = [str(folder / "raw" / name) for name in ("fineweb-edu_10k.jsonl", "wikitext103.jsonl")]
    found, ratios, missing = find_sources(
        places, {"fineweb_edu": 0.6, "wikitext": 0.4}, offline=True, allow_missing=False
    )
    assert {source.name: source.paths[0].name for source in found} == {
        "fineweb_edu": "fineweb-edu_10k.jsonl",
        "wikitext": "wikitext103.jsonl",
    }
    assert ratios == {"fineweb_edu": 0.6, "wikitext": 0.4}
    assert missing == []


def test_a_missing_source_is_refused_or_its_share_goes_to_the_others(folder: Path) -> None:
    sources = {name: str(folder / f"{name}.jsonl") for name in ("long", "short", "gone")}
    ratios = {"long": 0.6, "short": 0.2, "gone": 0.2}
    with pytest.raises(UserError, match=r"gone.*no such file.*allow_missing"):
        find_sources(sources, ratios, offline=True, allow_missing=False)
    found, realised, missing = find_sources(sources, ratios, offline=True, allow_missing=True)
    assert [source.name for source in found] == ["long", "short"]
    assert realised == pytest.approx({"long": 0.75, "short": 0.25})
    assert missing == ["gone"]


@pytest.mark.parametrize(
    ("sources", "ratios", "message"),
    [
        ({"long": "long.jsonl"}, {"long": 0.5}, "add up to 1"),
        ({"long": "long.jsonl"}, {"long": 1.5, "bookcorpus": -0.5}, "none is negative"),
        ({"long": "long.jsonl"}, {"lang": 1.0}, 'did you mean "long"'),
        ({"long": "long.jsonl", "short": "short.jsonl"}, {"long": 1.0}, "short has no share"),
        (["long.jsonl"], {"other": 1.0}, "NAME: PATH"),
        ({}, {}, "there are none"),
        ({}, {"bookcorpus": 1.0}, "nothing is fetched"),
        ({}, {"orca_math": 1.0}, "not in the hub's cache"),
    ],
)
def test_sources_and_shares_that_do_not_fit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sources: Any, ratios: dict[str, float], message: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match=message):
        find_sources(sources, ratios, offline=True, allow_missing=False)


def test_every_form_of_text_is_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"question": ["1 + 1?"], "answer": ["2"]}), tmp_path / "orca_math.parquet")
    heading = [
        " = Moon = \n",
        " The moon is far . \n",
        "",
        " = = Orbit = = \n",
        " It goes round . \n",
        " = Sun = \n",
        " Hot . \n",
    ]
    pq.write_table(pa.table({"text": heading}), tmp_path / "wikitext.parquet")
    (tmp_path / "book.txt").write_text("\n\n".join("word " * 200 for _ in range(10)))
    write_lines(tmp_path / "letters.jsonl", ["Dear Ada,", " ", "Yours, Charles"])
    import_table([tmp_path / "letters.jsonl"], out=tmp_path / "corpus")

    def texts(name: str, place: str) -> list[str]:
        found, _, _ = find_sources({name: str(tmp_path / place)}, {}, offline=True, allow_missing=False)
        return [text for _, text in found[0].texts()]

    assert texts("orca_math", "orca_math.parquet") == ["1 + 1?\n\n2"]
    articles = texts("wikitext", "wikitext.parquet")
    assert [article.split("\n")[0] for article in articles] == ["= Moon =", "= Sun ="]
    assert "It goes round ." in articles[0]
    assert len(texts("book", "book.txt")) > 1
    assert texts("letters", "letters.jsonl") == ["Dear Ada,", "Yours, Charles"] == texts("corpus", "corpus")


def test_the_chronicle_needs_no_file() -> None:
    found, _, _ = find_sources({}, {"chronicle": 1.0}, offline=True, allow_missing=False)
    texts = [text for _, text in found[0].texts()]
    assert len(texts) > 1000
    assert found[0].paths == ()


def test_a_record_without_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"words": "a"}\n')
    found, _, _ = find_sources({"odd": str(tmp_path / "odd.jsonl")}, {}, offline=True, allow_missing=False)
    with pytest.raises(UserError, match=r"odd.jsonl:1: has no field text; it has words"):
        list(found[0].texts())


def test_passages_hold_the_whole_text() -> None:
    text = "\n\n".join(f"paragraph {i} " + "word " * 150 for i in range(20))
    pieces = list(passages(text))
    assert len(pieces) > 3
    assert "\n\n".join(pieces).split() == text.split()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"train_split": 0.9, "val_split": 0.2}, "add up to 1"),
        ({"exhausted": "repeat"}, "number of steps"),
        ({"val_split": 1e-9, "train_split": 0.5}, "holds out none"),
    ],
)
def test_a_mix_that_cannot_be_made(
    folder: Path, model_folder: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        mix(folder, tmp_path / "mix", model_folder, {"few": 1.0}, **settings)
    assert not (tmp_path / "mix").exists()


def test_a_copy_of_a_known_source_with_whole_texts_in_its_rows_is_left_as_it_is(tmp_path: Path) -> None:
    write_lines(tmp_path / "wikitext.jsonl", ["The moon is far.", "The sun is hot."])
    write_lines(tmp_path / "orca_math.jsonl", ["1 + 1? 2"])
    places = [str(tmp_path / "wikitext.jsonl"), str(tmp_path / "orca_math.jsonl")]
    found, _, _ = find_sources(places, {"wikitext": 0.5, "orca_math": 0.5}, offline=True, allow_missing=False)
    assert [text for source in found for _, text in source.texts()] == [
        "The moon is far.",
        "The sun is hot.",
        "1 + 1? 2",
    ]
