import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.corpus.conftest import yearly_documents
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from chronolect.artifacts import exclusive, read_json
from chronolect.corpus import Document
from chronolect.corpus.packing import pack_corpus
from chronolect.errors import UserError
from chronolect.models.tokenizers import read_tokenizer
from chronolect.timeline import Span

DOCUMENTS = yearly_documents(1900, 1949)


@pytest.fixture
def packed(make_corpus, tokenizer, tmp_path):
    later = make_corpus(yearly_documents(1970, 1999), "later")
    pack_corpus(make_corpus(DOCUMENTS), out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.2, after=later)
    return tmp_path / "packed"


def read_split(folder, name):
    """The documents of a split as texts, by the index."""
    counts = read_json(folder / "manifest.json")["counts"]
    tokens = np.fromfile(folder / f"{name}.bin", dtype=counts["dtype"])
    backend, eos = read_tokenizer(folder / "tokenizer")
    rows = [row for row in pq.read_table(folder / "documents.parquet").to_pylist() if row["split"] == name]
    texts = {}
    for row in rows:
        found = tokens[row["offset"] : row["offset"] + row["length"]]
        assert found[-1] == eos == counts["eos_id"]
        assert eos not in found[:-1]
        texts[row["id"]] = backend.decode(found[:-1].tolist(), skip_special_tokens=False)
    assert sum(row["length"] for row in rows) == len(tokens) == counts["splits"][name]["tokens"]
    assert counts["splits"][name]["documents"] == len(rows)
    assert counts["splits"][name]["bytes"] == sum(len(text.encode()) for text in texts.values())
    return texts


def test_every_document_is_in_one_of_train_and_val(packed):
    train, val = read_split(packed, "train"), read_split(packed, "val")
    assert not train.keys() & val.keys()
    assert train | val == {document.id: document.text for document in DOCUMENTS}
    assert 0.1 < len(val) / len(DOCUMENTS) < 0.3


def test_eras_are_parts_of_val_and_after_is_apart(packed):
    counts = read_json(packed / "manifest.json")["counts"]
    val = read_split(packed, "val")
    assert list(counts["eras"]) == ["1900-1909", "1910-1919", "1920-1929", "1930-1939", "1940-1949"]
    for era in counts["eras"]:
        found = read_split(packed, f"val-{era}")
        assert found == {id: text for id, text in val.items() if id.startswith(era[:3])}
    after = read_split(packed, "val-after")
    assert after
    assert all(id >= "1970" for id in after)


def test_index_has_years(packed):
    rows = pq.read_table(packed / "documents.parquet").to_pylist()
    assert all(row["year"] == int(row["id"][:4]) for row in rows)


def test_same_input_same_files(packed, make_corpus, tokenizer, tmp_path):
    later = tmp_path / "later"
    pack_corpus(tmp_path / "corpus", out=tmp_path / "again", tokenizer=tokenizer, val_ratio=0.2, after=later)
    digests = [read_json(folder / "manifest.json")["content_digest"] for folder in (packed, tmp_path / "again")]
    assert digests[0] == digests[1]


def test_what_one_pack_holds_out_every_pack_holds_out(packed, make_corpus, tokenizer, tmp_path):
    """A model locked at 1920 and its unlocked twin are compared on texts that neither has seen."""
    unlocked = make_corpus([*yearly_documents(1970, 1999), *reversed(DOCUMENTS)], "unlocked")
    pack_corpus(unlocked, out=tmp_path / "twin", tokenizer=tokenizer, val_ratio=0.2)
    assert read_split(tmp_path / "twin", "val") == read_split(packed, "val") | read_split(packed, "val-after")


def test_copies_land_on_one_side(make_corpus, tokenizer, tmp_path):
    copies = [
        Document(id=f"{i}{kind}", text=change(document.text))
        for i, document in enumerate(DOCUMENTS)
        for kind, change in (("a", str), ("b", str.upper), ("c", lambda text: f"\n {text}".replace(" ", "\n ")))
    ]
    pack_corpus(make_corpus(copies), out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.3)
    sides = {}
    for name in ("train", "val"):
        for id in read_split(tmp_path / "packed", name):
            sides.setdefault(id[:-1], set()).add(name)
    assert all(len(side) == 1 for side in sides.values())


def test_another_seed_holds_out_others(packed, tokenizer, tmp_path):
    pack_corpus(tmp_path / "corpus", out=tmp_path / "other", tokenizer=tokenizer, val_ratio=0.2, seed=1)
    assert read_split(tmp_path / "other", "val").keys() != read_split(packed, "val").keys()


def test_own_eras(make_corpus, tokenizer, tmp_path, capsys):
    eras = ["war=1914/1918", "never=2100"]
    counts = pack_corpus(make_corpus(DOCUMENTS), out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.3, era=eras)
    assert sorted(counts["splits"]) == ["train", "val", "val-war"]
    assert "no held-out document lies in the era never" in capsys.readouterr().err
    assert all("1914" <= id < "1919" for id in read_split(tmp_path / "packed", "val-war"))


def test_a_text_cannot_spell_the_separator(make_corpus, tokenizer, tmp_path):
    documents = [Document(id=str(i), text=f"{i} ends with <|endoftext|> and <|im_start|>") for i in range(20)]
    pack_corpus(make_corpus(documents), out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.3)
    found = read_split(tmp_path / "packed", "train") | read_split(tmp_path / "packed", "val")
    assert found == {document.id: document.text for document in documents}


def big_tokenizer(folder, size):
    vocabulary = {token: i for i, token in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocabulary |= {f"filler{i}": i for i in range(256, size - 1)} | {"<eos>": size - 1}
    backend = Tokenizer(models.BPE(vocabulary, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    folder.mkdir()
    backend.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "<eos>"}}))
    return folder


@pytest.mark.parametrize(("size", "dtype"), [(65_536, "uint16"), (65_537, "uint32"), (151_936, "uint32")])
def test_token_type_follows_the_vocabulary(make_corpus, tmp_path, size, dtype):
    corpus = make_corpus(DOCUMENTS)
    counts = pack_corpus(corpus, out=tmp_path / "p", tokenizer=big_tokenizer(tmp_path / "t", size), val_ratio=0.2)
    assert (counts["dtype"], counts["vocab_size"], counts["eos_id"]) == (dtype, size, size - 1)
    assert len(read_split(tmp_path / "p", "train")) == counts["splits"]["train"]["documents"]


def test_tokenizers_that_will_not_do(make_corpus, tokenizer, tmp_path):
    corpus, out = make_corpus(DOCUMENTS), tmp_path / "packed"
    with pytest.raises(UserError, match="no such tokenizer"):
        pack_corpus(corpus, out=out, tokenizer=tmp_path / "none")
    with pytest.raises(UserError, match=r"no tokenizer\.json"):
        pack_corpus(corpus, out=out, tokenizer=corpus)
    without_eos = big_tokenizer(tmp_path / "without", 300)
    (without_eos / "tokenizer_config.json").write_text("{}")
    with pytest.raises(UserError, match="no end token"):
        pack_corpus(corpus, out=out, tokenizer=without_eos)
    (without_eos / "tokenizer_config.json").write_text('{"eos_token": "<|im_end|>"}')
    with pytest.raises(UserError, match=r'"<\|im_end\|>" is not in the vocabulary'):
        pack_corpus(corpus, out=out, tokenizer=without_eos)
    lossy = big_tokenizer(tmp_path / "lossy", 300)
    spec = read_json(lossy / "tokenizer.json")
    (lossy / "tokenizer.json").write_text(json.dumps({**spec, "normalizer": {"type": "NFKC"}}))
    with pytest.raises(UserError, match="lossy: the tokenizer turns"):
        pack_corpus(corpus, out=out, tokenizer=lossy)
    (lossy / "tokenizer.json").write_text("{")
    with pytest.raises(UserError, match=r"tokenizer\.json: the tokenizer cannot be loaded"):
        pack_corpus(corpus, out=out, tokenizer=lossy)
    assert not out.exists()


def test_splits_that_would_be_empty(make_corpus, tokenizer, tmp_path):
    corpus, out = make_corpus(DOCUMENTS[:3]), tmp_path / "packed"
    with pytest.raises(UserError, match="holds out none of 3 documents"):
        pack_corpus(corpus, out=out, tokenizer=tokenizer, val_ratio=1e-9)
    with pytest.raises(UserError, match="holds out every document"):
        pack_corpus(corpus, out=out, tokenizer=tokenizer, val_ratio=1 - 1e-9)
    with pytest.raises(UserError, match="--val-ratio 2"):
        pack_corpus(corpus, out=out, tokenizer=tokenizer, val_ratio=2)
    assert not out.exists()


PACK = """
import sys
from pathlib import Path
from chronolect.corpus import packing
corpus, tokenizer, out = map(Path, sys.argv[1:4])
{patch}
packing.pack_corpus(corpus, out=out, tokenizer=tokenizer, val_ratio=0.2)
"""


def start(corpus, tokenizer, out, patch="", **options):
    arguments = [sys.executable, "-c", PACK.format(patch=patch), corpus, tokenizer, out]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_killed_and_started_again(make_corpus, tokenizer, tmp_path):
    corpus = make_corpus(DOCUMENTS)
    slow = """
import time
packing.BATCH_BYTES = 500
original = packing._Packer.add
packing._Packer.add = lambda self, *a: (time.sleep(0.2), original(self, *a))
"""
    process = start(corpus, tokenizer, tmp_path / "packed", slow)
    partial = tmp_path / ".packed.partial"
    while not (partial / "train.bin").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    with pytest.raises(UserError, match=f"another run .process {process.pid}. is writing"):
        pack_corpus(corpus, out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert partial.exists()
    assert not (tmp_path / "packed").exists()
    pack_corpus(corpus, out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.2)
    pack_corpus(corpus, out=tmp_path / "whole", tokenizer=tokenizer, val_ratio=0.2)
    digests = [read_json(tmp_path / name / "manifest.json")["content_digest"] for name in ("packed", "whole")]
    assert digests[0] == digests[1]
    assert not partial.exists()


def test_two_runs_on_one_folder(make_corpus, tokenizer, tmp_path):
    with exclusive(tmp_path / "packed"), pytest.raises(UserError, match="another run"):
        pack_corpus(make_corpus(DOCUMENTS), out=tmp_path / "packed", tokenizer=tokenizer)


def test_disk_full(make_corpus, tokenizer, tmp_path):
    """A limit on the size of files stands in for a full disk: writing fails in the same way, with another number."""
    documents = [Document(id=str(i), text=f"{i} " * 400, written=Span.year(1900)) for i in range(100)]
    corpus = make_corpus(documents)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    process = start(corpus, tokenizer, tmp_path / "packed", preexec_fn=limit)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "File too large" in errors.strip().splitlines()[-1]
    assert not (tmp_path / "packed").exists()
    assert not (tmp_path / ".packed.partial").exists()


def test_spans_without_an_end_have_no_year(make_corpus, tokenizer, tmp_path):
    documents = [*DOCUMENTS, Document(id="open", text="An open end.", written=Span.parse("1930/.."))]
    pack_corpus(make_corpus(documents), out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.2)
    years = {r["id"]: r["year"] for r in pq.read_table(tmp_path / "packed" / "documents.parquet").to_pylist()}
    assert years["open"] is None
