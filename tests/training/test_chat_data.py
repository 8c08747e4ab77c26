"""Conversations: what is learned, cut, left out and refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from chronolect.dialogue.files import chatml, phase_list_bytes, read_dialogues
from chronolect.errors import UserError
from chronolect.models.chat_template import without_generation_marks
from chronolect.training.chat_data import ChatRows, Conversations, read_conversations
from chronolect.training.data import IGNORED
from chronolect.training.rows import RowValidation


def talk(question: str, answer: str) -> dict[str, Any]:
    """One exchange."""
    return {
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}],
        "metadata": 1,
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twelve short exchanges, one with an endless answer and one with an endless question."""
    talks = [talk(f"Who won race {n}?", f"Cleo won race {n}.") for n in range(12)]
    talks += [talk("Speak!", "Ada " * 100), talk("Ada " * 100, "Yes.")]
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in talks) + "\n\n")
    return path


@pytest.mark.parametrize("form", ["phases", "chatml"])
def test_phase_lists_and_chatml_text_give_the_same_rows(
    form: str, tmp_path: Path, file: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    lines = read_conversations(file, tokenizer, seq_len=60, assistant_only=True)
    talks = read_dialogues(file)
    other = tmp_path / "talks"
    other.write_bytes(phase_list_bytes(talks) if form == "phases" else "\n".join(chatml(one) for one in talks).encode())
    found = read_conversations(other, tokenizer, seq_len=60, assistant_only=True)
    assert np.array_equal(found.tokens, lines.tokens)
    assert np.array_equal(found.targets, lines.targets)
    assert np.array_equal(found.ends, lines.ends)


def test_only_the_assistants_words_are_learned(file: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    read = read_conversations(file, tokenizer, seq_len=60, assistant_only=True)
    assert (len(read), read.num_truncated, read.num_dropped) == (13, 2, 1)
    tokens, targets = read[3]
    assert tokenizer.decode(tokens[targets]) == "Cleo won race 3.<|im_end|>\n"
    everything = read_conversations(file, tokenizer, seq_len=60, assistant_only=False)
    assert (len(everything), everything.num_truncated, everything.num_dropped) == (14, 2, 0)
    assert everything.targets.all()


def test_a_template_without_marks_gives_the_same_targets(file: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    marked = read_conversations(file, tokenizer, seq_len=60, assistant_only=True)
    tokenizer.chat_template = without_generation_marks(str(tokenizer.chat_template))
    found = read_conversations(file, tokenizer, seq_len=60, assistant_only=True)
    assert (found.tokens == marked.tokens).all()
    assert (found.num_truncated, found.num_dropped) == (marked.num_truncated, marked.num_dropped)
    tokens, targets = found[3]
    # the line break behind the end of the turn is nobody's
    assert tokenizer.decode(tokens[targets]) == "Cleo won race 3.<|im_end|>"


def test_where_nothing_is_to_be_learned_it_is_refused(file: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match=r"talks\.jsonl: no conversation with anything to learn in it"):
        read_conversations(file, tokenizer, seq_len=8, assistant_only=True)


def test_rows_are_padded_right_and_permuted_by_epoch(file: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    read = read_conversations(file, tokenizer, seq_len=60, assistant_only=True)
    rows = ChatRows(read, pad_id=tokenizer.pad_token_id, seed=1)
    seen = [
        [tuple(t for t in row.tolist() if t != tokenizer.pad_token_id) for row in rows.batch(e * 13, 13)["input_ids"]]
        for e in (0, 1)
    ]
    assert sorted(seen[0]) == sorted(seen[1])
    assert seen[0] != seen[1]
    batch = rows.batch(5, 4)
    again = ChatRows(read, pad_id=tokenizer.pad_token_id, seed=1).batch(5, 4)
    assert torch.equal(batch["input_ids"], again["input_ids"])
    assert (batch["labels"][batch["input_ids"] == tokenizer.pad_token_id] == IGNORED).all()
    past_the_end = RowValidation(read, pad_id=tokenizer.pad_token_id).batch(12, 4)
    assert (past_the_end["labels"][1:] == IGNORED).all()


def test_bad_lines_and_tokenizers_are_named(tmp_path: Path, file: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    def read(path: Path, assistant_only: bool = True) -> None:
        read_conversations(path, tokenizer, seq_len=60, assistant_only=assistant_only)

    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "nothing.jsonl")
    for line, message in [
        ('{"messages": [', "line 2: not valid JSON"),
        ('{"text": "x"}', 'line 2: must be an object with the key "messages"'),
        ('{"messages": [{"role": "user"}]}', 'line 2: "messages" must be a list of objects'),
        ('{"messages": "talk"}', 'line 2: "messages" must be a list of objects'),
        ('{"messages": []}', "line 2: an empty conversation"),
    ]:
        bad = tmp_path / "bad.jsonl"
        bad.write_text(json.dumps(talk("a", "b")) + "\n" + line + "\n")
        with pytest.raises(UserError, match=message):
            read(bad)
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(UserError, match="no conversation"):
        read(tmp_path / "none.jsonl")
    tokenizer.chat_template = "{{ raise_exception('not today') }}"
    with pytest.raises(UserError, match=r"talks\.jsonl, line 1: .*refuses the conversation \(not today\)"):
        read(file)
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="no chat template"):
        read(file)


def test_grouped_by_length_each_row_comes_once_and_with_its_like() -> None:
    lengths = np.random.default_rng(0).integers(4, 400, 403)
    conversations = Conversations(
        np.concatenate([np.full(n, i, np.int32) for i, n in enumerate(lengths)]),
        np.ones(lengths.sum(), bool),
        np.cumsum(lengths),
        0,
        0,
    )

    def orders(**more: int) -> list[list[int]]:
        rows = ChatRows(conversations, pad_id=0, seed=1, **more)
        return [
            [int(rows.batch(place, 1)["input_ids"][0, 0]) for place in range(n * 403, n * 403 + 403)] for n in (0, 1)
        ]

    def padded(order: list[int]) -> int:
        return sum(8 * max(lengths[i] for i in order[start : start + 8]) for start in range(0, 400, 8))

    chance, grouped = orders(), orders(group=8)
    assert all(sorted(order) == list(range(403)) for order in (*chance, *grouped))
    assert grouped == orders(group=8)
    assert grouped[0] != grouped[1]
    assert padded(grouped[0]) < 1.1 * lengths.sum() < 1.5 * lengths.sum() < padded(chance[0])
    middle = [np.mean(lengths[grouped[0][start : start + 8]]) for start in range(0, 400, 8)]
    assert abs(np.corrcoef(range(50), middle)[0, 1]) < 0.5  # no way from the short to the long
