"""What is learned of a conversation under templates of the shapes that model families have, and which template a model gets."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from chronolect.errors import UserError
from chronolect.models.chat_template import (
    ALPACA,
    DIGEST_KEY,
    QUESTION,
    TEMPLATES,
    ChatTemplate,
    choose_template,
    read_template,
    stored_digest,
    template_digest,
    turn_end_of,
    without_generation_marks,
)
from chronolect.models.loading import load_tokenizer
from chronolect.models.tokenizers import CHAT_TEMPLATE

# Written for these tests in the shape of what each family publishes: none has generation marks.
QWEN = """\
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'system' and loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
LLAMA = """\
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system = '' %}
{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\nDate: ' + strftime_now('%d %b %Y') + '\\n\\n' + system + '<|eot_id|>' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
"""
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role here') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must take turns') }}{% endif %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
PHI = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
# writes earlier answers without the thoughts that the last one has
QWEN3 = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' and loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = {
    QWEN: ["<|im_start|>", "<|im_end|>"],
    LLAMA: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    GEMMA: ["<start_of_turn>", "<end_of_turn>"],
    PHI: ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>"],
    MISTRAL: ["[INST]", "[/INST]"],
    QWEN3: ["<|im_start|>", "<|im_end|>"],
}
TALK = [
    {"role": "user", "content": "Who walked on the Moon?"},
    {"role": "assistant", "content": "Neil Armstrong."},
    {"role": "user", "content": "And who climbed Mount Everest?"},
    {"role": "assistant", "content": "Edmund Hillary."},
]
SYSTEM = {"role": "system", "content": "Be short."}


def speaker(model_folder: Path, template: str) -> PreTrainedTokenizerBase:
    """The small tokenizer with a template and the tokens of its family."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(model_folder)
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL.get(template, [])})
    tokenizer.chat_template = template
    return tokenizer


def learned(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]]) -> list[str]:
    """The stretches of a conversation that are learned, as text."""
    ids, own = choose_template(tokenizer).encode(tokenizer, messages)
    assert len(ids) == len(own)
    stretches: list[list[int]] = []
    for place, token in enumerate(ids):
        if own[place]:
            if not own[place - 1]:
                stretches.append([])
            stretches[-1].append(token)
    return [str(tokenizer.decode(stretch)) for stretch in stretches]


@pytest.mark.parametrize(
    ("template", "before", "end"),
    [
        (CHAT_TEMPLATE, "", "<|im_end|>"),
        (without_generation_marks(CHAT_TEMPLATE), "", "<|im_end|>"),
        (ALPACA, "", "<|endoftext|>"),
        (without_generation_marks(ALPACA), "", "<|endoftext|>"),
        (QUESTION, " ", "<|endoftext|>"),
        (without_generation_marks(QUESTION), " ", "<|endoftext|>"),
        (QWEN, "", "<|im_end|>"),
        (LLAMA, "", "<|eot_id|>"),
        (GEMMA, "", "<end_of_turn>"),
        (PHI, "", "<|end|>"),
        (MISTRAL, " ", "<|endoftext|>"),
    ],
    ids=[
        "chatml",
        "chatml without marks",
        "alpaca",
        "alpaca without marks",
        "question",
        "question without marks",
        "qwen",
        "llama",
        "gemma",
        "phi",
        "mistral",
    ],
)
def test_the_answers_and_the_ends_of_their_turns_are_learned(
    model_folder: Path, template: str, before: str, end: str
) -> None:
    tokenizer = speaker(model_folder, template)
    assert learned(tokenizer, TALK) == [f"{before}Neil Armstrong.{end}", f"{before}Edmund Hillary.{end}"]
    assert learned(tokenizer, TALK[:2]) == [f"{before}Neil Armstrong.{end}"]
    # what is asked is what was learned to be answered
    chosen = choose_template(tokenizer)
    ids, own = chosen.encode(tokenizer, TALK)
    last = max(place for place in range(len(ids)) if own[place] and not own[place - 1])
    assert tokenizer(chosen.prompt(TALK[:3]), add_special_tokens=False)["input_ids"] == ids[:last]
    assert turn_end_of(chosen, tokenizer) == tokenizer.convert_tokens_to_ids(end)
    everything, all_own = chosen.encode(tokenizer, TALK, assistant_only=False)
    assert (everything, all(all_own)) == (ids, True)


@pytest.mark.parametrize("template", [CHAT_TEMPLATE, ALPACA, QUESTION, QWEN, LLAMA, PHI])
def test_a_system_message_is_heard_and_not_learned(model_folder: Path, template: str) -> None:
    tokenizer = speaker(model_folder, template)
    (answer,) = learned(tokenizer, [SYSTEM, *TALK[:2]])
    assert answer.lstrip().startswith("Neil Armstrong.<")
    assert "Be short." in choose_template(tokenizer).prompt([SYSTEM, *TALK[:1]])


@pytest.mark.parametrize(("template", "why"), [(GEMMA, "no system role here"), (MISTRAL, "it leaves the message out")])
def test_a_template_without_system_role_says_so(model_folder: Path, template: str, why: str) -> None:
    tokenizer = speaker(model_folder, template)
    with pytest.raises(UserError, match=rf"no place for a system message \({why}\); leave the system prompt out"):
        choose_template(tokenizer).prompt([SYSTEM, *TALK[:1]])
    with pytest.raises(UserError, match="no place for a system message"):
        choose_template(tokenizer).encode(tokenizer, [SYSTEM, *TALK])


def test_a_template_that_refuses_is_quoted(model_folder: Path) -> None:
    template = choose_template(speaker(model_folder, GEMMA))
    with pytest.raises(UserError, match=r"refuses the conversation \(roles must take turns\)"):
        template.prompt([TALK[0], TALK[2]])
    with pytest.raises(UserError, match="refuses the conversation"):
        ChatTemplate("{% for message in messages %}{{ message.content }").render(TALK)
    with pytest.raises(UserError, match="'bos_token' is undefined"):
        ChatTemplate("{{ bos_token + messages[0].content }}").render(TALK)


def test_answers_that_cannot_be_told_apart_are_refused(model_folder: Path) -> None:
    tokenizer = speaker(model_folder, QWEN3)
    template = choose_template(tokenizer)
    with pytest.raises(UserError, match=r"writes message 2 otherwise where others follow it.*--no-assistant-only"):
        template.encode(tokenizer, TALK)
    assert len(template.encode(tokenizer, TALK, assistant_only=False)[0]) > 10
    assert learned(tokenizer, TALK[:2]) == ["<think>\n\n</think>\n\nNeil Armstrong.<|im_end|>"]


def test_a_date_in_a_template_is_the_same_every_day() -> None:
    template = ChatTemplate(LLAMA, {"bos_token": "<s>"})
    assert "Date: 26 Jul 2024" in template.render(TALK)


def test_a_template_cannot_reach_the_machine() -> None:
    with pytest.raises(UserError, match="unsafe"):
        ChatTemplate("{{ messages.__class__.__mro__[1].__subclasses__() }}").render(TALK)


def test_a_given_template_is_a_name_or_a_file(model_folder: Path, tmp_path: Path) -> None:
    assert read_template("alpaca") == ALPACA
    (tmp_path / "own.jinja").write_text(QWEN)
    assert read_template(tmp_path / "own.jinja") == QWEN
    with pytest.raises(UserError, match=r'--chat-template chatlm: no such file.*did you mean "chatml"'):
        read_template("chatlm")
    (tmp_path / "empty.jinja").write_text("\n")
    with pytest.raises(UserError, match="the file is empty"):
        read_template(tmp_path / "empty.jinja")


def test_the_chosen_template_and_its_digest_are_saved_with_the_tokenizer(model_folder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(model_folder)
    assert stored_digest(tokenizer) is None
    assert choose_template(tokenizer, "alpaca").text == ALPACA
    tokenizer.save_pretrained(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.chat_template == ALPACA
    assert stored_digest(again) == again.init_kwargs[DIGEST_KEY] == template_digest(ALPACA)
    assert template_digest(ALPACA) == template_digest(without_generation_marks(ALPACA))
    assert len({template_digest(text) for text in (*TEMPLATES.values(), QWEN)}) == len(TEMPLATES) + 1
    assert len(template_digest(ALPACA)) == 16


def test_without_a_beginning_token_a_text_begins_with_the_end_token_as_in_a_gguf_file(model_folder: Path) -> None:
    tokenizer = load_tokenizer(model_folder)
    tokenizer.bos_token = None
    assert choose_template(tokenizer, "question").prompt(TALK[:1]).startswith("<|endoftext|>Question:")


def test_of_several_named_templates_the_default_is_taken(model_folder: Path) -> None:
    tokenizer = load_tokenizer(model_folder)
    tokenizer.chat_template = {"default": ALPACA, "tool_use": CHAT_TEMPLATE}
    assert choose_template(tokenizer).text == ALPACA


def test_a_template_whose_end_is_no_token_is_refused(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer = load_tokenizer(model_folder)
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="has no chat template; give one with --chat-template FILE"):
        choose_template(tokenizer)
    path = tmp_path / "gemma.jinja"
    path.write_text(GEMMA)
    with pytest.raises(
        UserError, match=r'ends an answer with "<end_of_turn>", which is no token of .*could not learn to stop'
    ):
        choose_template(tokenizer, path)
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    capsys.readouterr()
    choose_template(tokenizer)
    assert "ends an answer with nothing; the model may not stop" in capsys.readouterr().err
