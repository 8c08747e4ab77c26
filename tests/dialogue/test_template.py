"""The chat template of dialogue time: think blocks stay, tags are written, tools as Qwen3 has them, and what is learned is the assistant's."""

from pathlib import Path
from typing import Any

import jinja2
import pytest
from transformers import PreTrainedTokenizerFast

from chronolect.dialogue.template import TIME_TEMPLATE
from chronolect.models.chat_template import (
    TEMPLATES,
    ChatTemplate,
    choose_template,
    read_template,
    without_generation_marks,
)
from chronolect.models.tokenizers import load_tokenizer

TIME = ChatTemplate(TIME_TEMPLATE)
TALK = [
    {"role": "system", "content": "Mind the clock."},
    {"role": "user", "content": "Tea?", "timestamp": "2031-05-04T16:20:00"},
    {"role": "assistant", "content": "Yes.\n<think>\nTwenty past four.\n</think>\nIt is time."},
    {"role": "user", "content": "", "timestamp": "2031-05-04T16:50:00"},
    {"role": "assistant", "content": "<think>\nStill drinking. Wait.\n</think>"},
]
WRITTEN = (
    "<|im_start|>system\nMind the clock.<|im_end|>\n"
    "<|im_start|>user\n<time>2031-05-04T16:20:00</time>\nTea?<|im_end|>\n"
    "<|im_start|>assistant\nYes.\n<think>\nTwenty past four.\n</think>\nIt is time.<|im_end|>\n"
    "<|im_start|>user\n<time>2031-05-04T16:50:00</time>\n<|im_end|>\n"
    "<|im_start|>assistant\n<think>\nStill drinking. Wait.\n</think><|im_end|>\n"
)


@pytest.fixture
def tokenizer(model_folder: Path) -> PreTrainedTokenizerFast:
    """A small tokenizer that is given the template."""
    found = load_tokenizer(model_folder)
    found.chat_template = TIME_TEMPLATE
    return found


def test_a_conversation_is_written_with_its_thoughts_and_times() -> None:
    assert TIME.render(TALK) == WRITTEN
    assert TIME.prompt(TALK[:4]) == WRITTEN[: WRITTEN.index("<think>\nStill")]
    assert "<think>" not in TIME.prompt([{"role": "user", "content": "Tea?"}])
    assert TEMPLATES["time"] == read_template("time") == TIME_TEMPLATE


@pytest.mark.parametrize("trim", [False, True])
def test_any_jinja_writes_the_same(trim: bool) -> None:
    """llama.cpp, vLLM and transformers set up Jinja each in their way; a GGUF file has no generation marks."""
    environment = jinja2.Environment(trim_blocks=trim, lstrip_blocks=trim)
    assert environment.from_string(without_generation_marks(TIME_TEMPLATE)).render(messages=TALK) == WRITTEN


def test_a_later_system_message_stays_in_its_place() -> None:
    later = [TALK[1], {"role": "system", "content": "The kettle is on."}, TALK[2]]
    assert "Tea?<|im_end|>\n<|im_start|>system\nThe kettle is on.<|im_end|>\n<|im_start|>assistant\n" in TIME.render(
        later
    )


def test_only_the_assistants_words_and_the_end_of_its_turn_are_learned(tokenizer: PreTrainedTokenizerFast) -> None:
    template = choose_template(tokenizer, "time")
    ids, learned = template.encode(tokenizer, TALK)
    own = tokenizer.decode([token for token, wanted in zip(ids, learned, strict=True) if wanted])
    assert own == (
        "Yes.\n<think>\nTwenty past four.\n</think>\nIt is time.<|im_end|>"
        "<think>\nStill drinking. Wait.\n</think><|im_end|>"
    )
    everything, all_learned = template.encode(tokenizer, TALK, assistant_only=False)
    assert everything == ids
    assert all(all_learned)
    assert tokenizer.decode(everything) == WRITTEN


def test_a_template_that_knows_no_timestamps_gets_tags() -> None:
    assert ChatTemplate(TEMPLATES["chatml"]).render(TALK) == WRITTEN


def test_tools_are_written_as_qwen3_writes_them() -> None:
    trl = pytest.importorskip("trl", reason="TRL, which brings Qwen3's own template, is not installed")
    stock = Path(trl.__file__).parent.joinpath("chat_templates", "qwen3.jinja").read_text()
    tool = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}
    calls = [
        {"type": "function", "function": {"name": "tide", "arguments": {"port": "Brest", "low": True}}},
        {"name": "tide", "arguments": '{"port": "Łeba"}'},
    ]
    talk: list[dict[str, Any]] = [
        {"role": "system", "content": "Mind the tide."},
        {"role": "user", "content": "When can we sail?"},
        {"role": "assistant", "content": "I look.", "tool_calls": calls},
        {"role": "tool", "content": "06:10"},
        {"role": "tool", "content": "07:25"},
        {"role": "assistant", "content": "At ten past six."},
        {"role": "user", "content": "Again, please."},
        {"role": "assistant", "content": None, "tool_calls": calls[:1]},
        {"role": "tool", "content": "06:40"},
        {"role": "user", "content": "Thanks."},
    ]
    for messages in (talk, talk[1:], talk[:4], talk[2:3] + talk[6:7]):
        for tools in ([tool, tool], None):
            ours, theirs = (_run(text, messages, tools) for text in (TIME_TEMPLATE, stock))
            # only a reply behind the last question differs: theirs is given an empty think block
            assert ours == theirs.replace("<think>\n\n</think>\n\n", "")


def _run(template: str, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    render: Any = render_jinja_template
    return str(render([messages], tools=tools, chat_template=template, add_generation_prompt=True)[0][0])
