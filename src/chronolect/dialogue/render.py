"""`dialogue render`: conversations as the model reads them, or as people do."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from chronolect.dialogue.files import iterate_conversations
from chronolect.dialogue.messages import read_timed
from chronolect.dialogue.think import visible
from chronolect.errors import UserError


def render(
    file: Path,
    *,
    limit: int = 3,
    skip: int = 0,
    chat_template: str | None = None,
    tokenizer: Path | None = None,
    plain: bool = False,
    hide_thoughts: bool = False,
) -> dict[str, Any]:
    """Print conversations as text.

    Args:
        file: A phase list, JSON lines or ChatML text.
        limit: Number of conversations to print.
        skip: Number of conversations to pass over first.
        chat_template: How the model reads them: `time`, `chatml`, another known name, or a template's file. By default `time`, or what the tokenizer
            brings.
        tokenizer: Folder of a tokenizer: says how many tokens each conversation has, and how many of them are the assistant's own.
        plain: Print them for people, with times and names in front.
        hide_thoughts: Print them as people see them: plain, without think blocks, and saying where the assistant stayed silent.
    """
    if (plain or hide_thoughts) and (chat_template or tokenizer):
        raise UserError("--plain and --hide-thoughts print no template; leave --chat-template and --tokenizer out")
    shown: list[dict[str, Any]] = []
    for where, messages, _ in islice(iterate_conversations(file), skip, skip + limit):
        shown.append({"where": where, "messages": messages})
    if not shown:
        raise UserError(f"--skip {skip}: {file} has no more conversations than that")
    if plain or hide_thoughts:
        for one in shown:
            one["text"] = for_people(one.pop("messages"), hide_thoughts=hide_thoughts)
    else:
        _render(shown, chat_template, tokenizer)
    return {"conversations": shown, "screen": "\n\n".join(_headed(one) for one in shown)}


def for_people(messages: Sequence[Mapping[str, str]], *, hide_thoughts: bool = False) -> str:
    """A conversation as people read it.

    >>> print(for_people([{"role": "user", "content": "<time>2031-05-04T16:20:00</time>\\nTea?"},
    ...                   {"role": "assistant", "content": "<think>\\nFour.\\n</think>\\nYes."}], hide_thoughts=True))
    [2031-05-04T16:20:00] user: Tea?
    assistant: Yes.
    """
    lines = []
    for message in messages:
        words, head = message["content"].strip(), f"{message['role']}:"
        if message["role"] == "user":
            timed = read_timed(message)
            words = timed.text.strip()
            if timed.stamp is not None:
                head = f"[{timed.stamp.text}] {head}"
            if timed.is_tick:
                words = "(a tick: time passed)"
        elif message["role"] == "assistant" and hide_thoughts:
            words = visible(words) or "(stays silent)"
        lines.append(f"{head} {words}")
    return "\n".join(lines)


def _render(shown: list[dict[str, Any]], chat_template: str | None, tokenizer: Path | None) -> None:
    """Put `text` in place of `messages`, and with a tokenizer the numbers of tokens."""
    from chronolect.models.chat_template import ChatTemplate, choose_template, read_template
    from chronolect.models.tokenizers import END_OF_TEXT, load_tokenizer

    if tokenizer is None:
        special = {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT}  # as our own tokenizers call them
        template = ChatTemplate(read_template(chat_template or "time"), special)
    else:
        words = load_tokenizer(tokenizer)
        template = choose_template(words, chat_template)
    for one in shown:
        messages = one.pop("messages")
        one["text"] = template.render(messages)
        if tokenizer is not None:
            ids, learned = template.encode(words, messages)
            one["tokens"], one["assistant_tokens"] = len(ids), sum(learned)


def _headed(one: Mapping[str, Any]) -> str:
    counted = f" ({one['tokens']:,} tokens, {one['assistant_tokens']:,} the assistant's)" if "tokens" in one else ""
    return f"--- {one['where']}{counted}\n{one['text'].rstrip()}"
