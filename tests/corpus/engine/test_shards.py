"""The engine: order, kinds of output, problems, resuming, and the same result from every executor."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.artifacts import digest_tree, stage
from chronolect.corpus.document import CorpusWriter, Document, read_documents
from chronolect.corpus.engine import Engine, Output, Totals, map_corpus, run_shards
from chronolect.corpus.problems import Problem
from chronolect.errors import UserError

PAIRS = pa.schema([pa.field("word", pa.string()), pa.field("length", pa.int32())])


def words(shard: list[str], output: Output) -> None:
    """One document a word; short ones are dropped, one kind is a problem."""
    for word in shard:
        document = Document(id=word, text=word * 3)
        if word.startswith("!"):
            output.problem("marked", Problem(word, "has a mark"))
        elif len(word) < 4:
            output.drop(document, f"too short: {len(word)} letters")
        else:
            output.keep(document)
        output.table_row("lengths", {"word": word, "length": len(word)})
        output.count("words")


def shards() -> Iterator[list[str]]:
    for number in range(12):
        yield [f"word-{number}-{i}" for i in range(40)] + [f"w{number}", f"!{number}"]


def build(out: Path, engine: Engine) -> Totals:
    with stage(out, command="test", config={}, resume=True) as work:
        return run_shards(work, shards(), words, engine, label="words", tables={"lengths": PAIRS})


def test_all_outputs_in_order(tmp_path: Path) -> None:
    totals = build(tmp_path / "out", Engine(workers=1))
    assert (totals.kept, totals.dropped, dict(totals.dropped_by)) == (480, 12, {"too short": 12})
    assert totals.counts["words"] == 504
    assert totals.problems["marked"] == 12
    assert totals.problem_list[0] == "!0: has a mark"
    ids = [document.id for document in read_documents(tmp_path / "out")]
    assert ids == [f"word-{n}-{i}" for n in range(12) for i in range(40)]
    dropped = pq.read_table(tmp_path / "out" / "dropped").to_pylist()
    assert [(row["id"], row["reason"]) for row in dropped][3] == ("w3", "too short: 2 letters")
    assert pq.read_table(tmp_path / "out" / "lengths").num_rows == 504
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_processes_give_the_same_bytes(tmp_path: Path) -> None:
    for workers in (1, 3):
        build(tmp_path / str(workers), Engine(workers=workers))
    assert digest_tree(tmp_path / "1") == digest_tree(tmp_path / "3")


def fail_once(shard: list[str], output: Output) -> None:
    words(shard, output)
    marker = Path(shard[0].replace("word-", "seen-"))
    with marker.open("a") as file:
        file.write("x")
    if shard[0] == "word-7-0" and len(marker.read_text()) == 1:
        raise RuntimeError("struck by lightning")


def test_finished_shards_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def attempt() -> None:
        with stage(Path("out"), command="test", config={}, resume=True) as work:
            run_shards(work, shards(), fail_once, Engine(workers=1), label="words", tables={"lengths": PAIRS})

    with pytest.raises(RuntimeError, match="lightning"):
        attempt()
    assert not Path("out").exists()
    attempt()
    counts = {path.name: len(path.read_text()) for path in tmp_path.glob("seen-*")}
    assert counts == {f"seen-{n}-0": 2 if n == 7 else 1 for n in range(12)}
    build(tmp_path / "whole", Engine(workers=1))
    assert digest_tree(Path("out")) == digest_tree(tmp_path / "whole")


def test_another_config_starts_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def break_off() -> None:
        with stage(out, command="test", config={"a": 1}, resume=True) as work:
            run_shards(work, shards(), words, Engine(workers=1), label="words", tables={"lengths": PAIRS})
            raise RuntimeError("after all shards")

    with pytest.raises(RuntimeError, match="after"):
        break_off()
    assert list(tmp_path.glob(".out.partial/.scratch/shards/main/*"))
    with stage(out, command="test", config={"a": 2}, resume=True) as work:
        assert not work.scratch.exists()
        totals = run_shards(work, iter([["only"]]), words, Engine(workers=1), label="words", tables={"lengths": PAIRS})
    assert totals.kept == 1
    assert [path.name for path in sorted(out.glob("part-*"))] == ["part-00000.parquet"]


def impossible(shard: list[str], output: Output) -> None:
    raise UserError(f"{shard[0]}: cannot be used; choose another")


@pytest.mark.parametrize("workers", [1, 2])
def test_user_errors_come_through(tmp_path: Path, workers: int) -> None:
    with (
        pytest.raises(UserError, match="choose another"),
        stage(tmp_path / "out", command="test", config={}, resume=True) as work,
    ):
        run_shards(work, shards(), impossible, Engine(workers=workers), label="words")
    assert not any(tmp_path.glob("*/part-*"))


def copy_long(batch: pa.RecordBatch, output: Output) -> None:
    long = pa.compute.greater(pa.compute.utf8_length(batch["text"]), 200)
    output.keep_batch(batch.filter(long))
    short = batch.filter(pa.compute.invert(long))
    output.drop_batch(short, ["short"] * short.num_rows)


def test_map_corpus(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "in") as writer:
        for number in range(20_000):
            writer.write(Document(id=str(number), text="x" * (number % 400)))
    for workers in (1, 2):
        with stage(
            tmp_path / f"out{workers}", command="test", config={}, inputs=[tmp_path / "in"], resume=True
        ) as work:
            totals = map_corpus(work, tmp_path / "in", copy_long, Engine(workers=workers), label="copying")
        assert totals.kept == 50 * 199
        assert totals.dropped == 20_000 - totals.kept
    assert [int(d.id) for d in read_documents(tmp_path / "out1")] == [n for n in range(20_000) if n % 400 > 200]
    assert digest_tree(tmp_path / "out1") == digest_tree(tmp_path / "out2")


@pytest.mark.slow
def test_ray_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    build(tmp_path / "local", Engine(workers=2))
    build(tmp_path / "ray", Engine(engine="ray", workers=2))
    assert digest_tree(tmp_path / "local") == digest_tree(tmp_path / "ray")
