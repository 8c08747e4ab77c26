"""Counting conversations: each number on files small enough to count by hand."""

from pathlib import Path

import pytest

from chronolect.dialogue.files import phase_list_bytes
from chronolect.dialogue.messages import Conversation
from chronolect.dialogue.stats import stats
from chronolect.errors import UserError
from chronolect.models.loading import load_tokenizer


def user(words: str, stamp: str = "2031-05-04T16:20:00", separator: str = "\n") -> dict[str, str]:
    """A user's turn with any separator."""
    return {"role": "user", "content": f"<time>{stamp}</time>{separator}{words}"}


def reply(words: str) -> dict[str, str]:
    """A reply."""
    return {"role": "assistant", "content": words}


TALKS: list[Conversation] = [
    [{"role": "system", "content": "s"}, user("Tea?"), reply("<think>\nfour of us\n</think>\nYes. <think>hot</think>")],
    [
        user("Egg", separator=" "),
        reply("Six minutes."),
        user("", "2031-05-04T16:23:00"),
        reply("<think>\nWait.\n</think>"),
        user("", "2031-05-04T16:26:00", separator=""),
        reply("Ready!"),
        user("", "2031-05-04T16:10:00+02:00", separator="\n\n"),
    ],
    [user("When?", "2023-02-29T10:00:00", separator=""), reply("Which day?")],
    [
        {"role": "user", "content": "No tag.", "timestamp": "2031-05-04T16:20:00"},
        reply("A"),
        user("b", "2031-05-03T16:20:00"),
    ],
    [{"role": "user", "content": "No tag."}, reply("")],
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The five conversations."""
    (tmp_path / "talks.json").write_bytes(phase_list_bytes(TALKS))
    return tmp_path / "talks.json"


def test_everything_is_counted(file: Path) -> None:
    found = stats([file])["files"][str(file)]
    assert (found["conversations"], found["messages"], found["user_turns"], found["replies"]) == (5, 16, 9, 7)
    assert (found["with_system"], found["ending_on_user"]) == (1, 2)
    assert found["turns"] == {2: 3, 3: 1, 7: 1}
    assert found["ticks"] == {
        "number": 3,
        "share_of_user_turns": 3 / 9,
        "share_of_messages": 3 / 16,
        "conversations": 1,
        "share_of_conversations": 1 / 5,
        "spelling": {"bare": 1, "newline": 1, "other": 1},
        "answered": 2,
        "answered_silently": 1,
    }
    assert found["think_blocks"] == {
        "number": 3,
        "mean_per_reply": 3 / 7,
        "mean_words": 5 / 3,
        "replies_by_number": {0: 5, 1: 1, 2: 1},
        "replies_starting_with_one": 2,
        "silent_replies": 2,
    }
    assert found["stamps"] == {
        "moments": 7,
        "with_offset": 1,
        "missing": 1,
        "separators": {"newline": 3, "bare": 1, "space": 1, "other": 0},
        "invalid": [
            {
                "where": "conversation 3, message 1",
                "stamp": "2023-02-29T10:00:00",
                "problem": "February 2023 has 28 days, not 29",
            }
        ],
        "conversations_backwards": 1,
    }


def test_lengths_are_those_of_the_rendered_text(file: Path, tmp_path: Path, model_folder: Path) -> None:
    talks = [[user("x" * number), reply("y")] for number in range(20)]
    (tmp_path / "many.json").write_bytes(phase_list_bytes(talks))
    frame = len("<|im_start|>user\n<time>2031-05-04T16:20:00</time>\n<|im_end|>\n<|im_start|>assistant\ny<|im_end|>\n")
    lengths = stats([tmp_path / "many.json"])["files"][str(tmp_path / "many.json")]["lengths"]
    assert lengths == {"unit": "characters", "max": frame + 19, "mean": frame + 9.5, "p90": frame + 18}
    result = stats([file, tmp_path / "many.json"], tokenizer=model_folder)
    lengths = result["files"][str(tmp_path / "many.json")]["lengths"]
    text = "<|im_start|>user\n<time>2031-05-04T16:20:00</time>\n<|im_end|>\n<|im_start|>assistant\ny<|im_end|>\n"
    assert lengths["unit"] == "tokens"
    assert lengths["max"] < frame
    fewest = len(load_tokenizer(model_folder)(text, add_special_tokens=False)["input_ids"])
    assert fewest <= lengths["mean"] <= lengths["p90"] <= lengths["max"] <= fewest + 19


def test_the_screen_says_it_in_words(file: Path) -> None:
    screen = stats([file])["screen"]
    for words in (
        "3 (1 bare, 1 newline, 1 other): 33.3% of users' turns, 18.8% of messages",
        "in 1 conversations (20.0%); 1 of 2 answers say nothing",
        "conversation 3, message 1: '2023-02-29T10:00:00' (February 2023 has 28 days, not 29)",
        "between tag and words: 3 newline, 1 bare, 1 space",
        "time runs backwards in 1 conversations",
        "2 replies start with one, 2 are nothing else",
    ):
        assert words in screen


def test_bad_conversations_are_left_out_only_when_asked(file: Path) -> None:
    file.write_bytes(phase_list_bytes([*TALKS, [reply("first")]]))
    with pytest.raises(UserError, match="conversation 6, message 1"):
        stats([file])
    result = stats([file], skip_bad=True)
    found = result["files"][str(file)]
    assert (found["conversations"], len(found["left_out"])) == (5, 1)
    assert "Left out: 1" in result["screen"]
