"""Printing conversations: as the model reads them, as people do, and what of them people see."""

from pathlib import Path

import pytest

from chronolect.dialogue.files import phase_list_bytes
from chronolect.dialogue.messages import user_turn
from chronolect.dialogue.render import render
from chronolect.errors import UserError

EGG = [
    {"role": "system", "content": "Be brief."},
    user_turn("2031-05-04T16:20:00", "Six minutes, please."),
    {"role": "assistant", "content": "I will call.\n<think>\nUntil 16:26.\n</think>"},
    user_turn("2031-05-04T16:23:00", ""),
    {"role": "assistant", "content": "<think>\nNot yet.\n</think>"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three conversations, the second about an egg."""
    others = [
        [{"role": "user", "content": name}, {"role": "assistant", "content": "Yes."}] for name in ("one", "three")
    ]
    (tmp_path / "talks.json").write_bytes(phase_list_bytes([others[0], EGG, others[1]]))
    return tmp_path / "talks.json"


def test_as_the_model_reads_it(file: Path) -> None:
    result = render(file, skip=1, limit=1)
    (one,) = result["conversations"]
    assert one["text"] == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\n<time>2031-05-04T16:20:00</time>\nSix minutes, please.<|im_end|>\n"
        "<|im_start|>assistant\nI will call.\n<think>\nUntil 16:26.\n</think><|im_end|>\n"
        "<|im_start|>user\n<time>2031-05-04T16:23:00</time>\n<|im_end|>\n"
        "<|im_start|>assistant\n<think>\nNot yet.\n</think><|im_end|>\n"
    )
    assert result["screen"] == f"--- {file}, conversation 2\n{one['text'].rstrip()}"


def test_with_a_tokenizer_its_tokens_are_counted(file: Path, model_folder: Path) -> None:
    own, time = (render(file, tokenizer=model_folder, chat_template=name)["conversations"] for name in (None, "time"))
    assert own == time  # the tokenizer's ChatML writes the same text as long as there are no timestamps
    assert len(own) == 3
    assert 0 < own[1]["assistant_tokens"] < own[1]["tokens"]
    alpaca = render(file, chat_template="alpaca", limit=1)["conversations"][0]["text"]
    assert alpaca.startswith("### Instruction:\none")


def test_as_people_read_it(file: Path) -> None:
    thoughts, seen = (render(file, skip=1, limit=1, plain=True, hide_thoughts=hide) for hide in (False, True))
    assert "assistant: I will call.\n<think>" in thoughts["screen"]
    assert seen["screen"].splitlines()[1:] == [
        "system: Be brief.",
        "[2031-05-04T16:20:00] user: Six minutes, please.",
        "assistant: I will call.",
        "[2031-05-04T16:23:00] user: (a tick: time passed)",
        "assistant: (stays silent)",
    ]


def test_wrong_use_is_one_line(file: Path) -> None:
    with pytest.raises(UserError, match=r"--skip 3: .* has no more conversations"):
        render(file, skip=3)
    with pytest.raises(UserError, match="--plain and --hide-thoughts print no template"):
        render(file, plain=True, chat_template="time")
    with pytest.raises(UserError, match=r'--chat-template tiem: .*did you mean "time"'):
        render(file, chat_template="tiem")
