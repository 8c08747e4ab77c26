"""The probe and the rows to learn from."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from chronolect.errors import UserError
from chronolect.formation.reading.probe import Probe, divide
from chronolect.training.data import PackedCorpus


def test_a_probe_has_the_tokens_asked_for_of_whole_documents_of_the_held_out_split(packed: Path) -> None:
    corpus = PackedCorpus(packed)
    probe = divide(corpus, tokens=1000, seq_len=32).probe
    assert 1000 <= probe.num_tokens < 1000 + 32
    assert probe.source.endswith("/val")
    split = corpus.split("val")
    ids, owners = probe.input_ids.ravel(), probe.document.ravel()
    for document in np.unique(owners)[:20]:
        first = split.offsets[document]
        whole = split.tokens[first : first + split.lengths[document]]
        found = ids[owners == document]
        assert found.tolist() == whole[: len(found)].tolist() or found.tolist() == whole[-len(found) :].tolist()


def test_neither_the_first_token_of_a_row_nor_the_end_of_a_text_counts(packed: Path) -> None:
    corpus = PackedCorpus(packed)
    texts = divide(corpus, tokens=1000, seq_len=32)
    assert not texts.probe.counted[:, 0].any()
    assert not texts.probe.counted[texts.probe.input_ids == corpus.eos_id].any()
    assert texts.probe.counted[:, 1:][texts.probe.input_ids[:, 1:] != corpus.eos_id].all()
    ids, counted = next(texts.rows(4, seed=0))
    assert counted.sum() == (ids[:, 1:] != corpus.eos_id).sum()


def test_a_probe_comes_back_from_its_folder_and_a_changed_one_is_refused(packed: Path, tmp_path: Path) -> None:
    probe = divide(PackedCorpus(packed), tokens=1000, seq_len=32).probe
    probe.save(tmp_path)
    again = Probe.load(tmp_path)
    assert again.digest == probe.digest
    assert again.num_tokens == probe.num_tokens
    assert (again.document == probe.document).all()
    tensors = load_file(tmp_path / "tokens.safetensors")
    tensors["input_ids"][3, 3] += 1
    save_file(tensors, tmp_path / "tokens.safetensors")
    with pytest.raises(UserError, match="it was changed"):
        Probe.load(tmp_path)


def test_what_is_learned_from_holds_no_document_of_the_probe(packed: Path) -> None:
    corpus = PackedCorpus(packed)
    texts = divide(corpus, tokens=4000, seq_len=32)
    assert texts.probe.source.endswith("/train")  # val is too small
    split = corpus.split("train")
    assert not set(np.unique(texts.probe.document)) & set(texts.documents)
    # every text has a number of its own, so that a piece of one of the probe would be found in the rows
    own = {tuple(split.tokens[split.offsets[d] : split.offsets[d] + split.lengths[d]]) for d in texts.documents}
    rows = int(split.lengths[texts.documents].sum()) // 32
    stream = np.concatenate([ids.numpy().ravel() for ids, _ in itertools.islice(texts.rows(1, seed=0), rows)])
    ends = np.flatnonzero(stream == corpus.eos_id)
    for first, last in itertools.pairwise(ends):
        assert tuple(stream[first + 1 : last + 1]) in own


def test_rows_have_no_end_and_a_new_order_in_each_pass(packed: Path) -> None:
    texts = divide(PackedCorpus(packed), tokens=1000, seq_len=32)
    rows = int(texts.split.lengths[texts.documents].sum()) // 32
    once, again = (list(itertools.islice(texts.rows(1, seed=3), 2 * rows)) for _ in range(2))
    assert all((a[0] == b[0]).all() for a, b in zip(once, again, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(once[:rows], once[rows:], strict=True))
    other = next(texts.rows(1, seed=4))
    assert (other[0] != once[0][0]).any()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tokens": 1_000_000}, "too few tokens .* for a probe of 1,000,000"),
        ({"tokens": 2900, "split": "val"}, "too few tokens"),
        ({"tokens": 1000, "needed": 10_000_000}, "left to learn from"),
    ],
)
def test_too_few_tokens_are_refused(packed: Path, settings: dict[str, int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        divide(PackedCorpus(packed), seq_len=32, **settings)  # type: ignore[arg-type]
