"""Chat templates: which one a model speaks, what it makes of a conversation, and which of the tokens are the assistant's own.

A model tuned in one form of conversation and asked in another is another model. So the template goes with the weights (`chat_template.jinja`, where
transformers keeps it), its digest is recorded beside it (`chat_template_digest` in `tokenizer_config.json`), and whoever asks the model checks it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from chronolect.console import say
from chronolect.dialogue.messages import with_time_tags
from chronolect.dialogue.template import TIME_TEMPLATE
from chronolect.errors import UserError, did_you_mean
from chronolect.models.language_model import Messages
from chronolect.models.tokenizers import CHAT_TEMPLATE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DIGEST_KEY = "chat_template_digest"  # in tokenizer_config.json
GGUF_DIGEST_KEY = "chronolect.chat_template_digest"

# The form of Stanford Alpaca, which many fine-tuning scripts use for models without a chat template; a turn ends with the tokenizer's own end
# token, so no new token is needed.
ALPACA = (
    "{% for message in messages %}"
    "{% if not loop.first %}{{ '\n\n' }}{% endif %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}"
    "{% elif message['role'] == 'user' %}{{ '### Instruction:\n' + message['content'] }}"
    "{% else %}{{ '### Response:\n' }}{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '\n\n### Response:\n' }}{% endif %}"
)
# How a base model has seen questions answered. One that knows this form from its corpus answers in it without any tuning.
QUESTION = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if not loop.first %}{{ '\n' }}{% endif %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}"
    "{% elif message['role'] == 'user' %}{{ 'Question: ' + message['content'] }}"
    "{% else %}{{ 'Answer:' }}{% generation %}{{ ' ' + message['content'] + eos_token }}{% endgeneration %}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '\nAnswer:' }}{% endif %}"
)
TEMPLATES = {"chatml": CHAT_TEMPLATE, "alpaca": ALPACA, "question": QUESTION, "time": TIME_TEMPLATE}

# Some templates write today's date. A run must give the same rows tomorrow, so for them it is always this day, which Llama's template itself
# takes where there is no clock.
_TODAY = datetime(2024, 7, 26)
_PROBE = "lighthouse"


def template_digest(template: str) -> str:
    """What tells two templates apart: 16 hex digits of SHA-256. The marks that only training reads do not count, since a GGUF file has none.

    >>> template_digest("{% generation %}x{% endgeneration %}") == template_digest("{% if true %}x{% endif %}")
    True
    """
    return hashlib.sha256(without_generation_marks(template).encode()).hexdigest()[:16]


def without_generation_marks(template: str) -> str:
    """A chat template whose `{% generation %}` blocks, which only training reads, are blocks that any Jinja knows.

    >>> without_generation_marks("{%- generation %}x{% endgeneration -%}")
    '{%- if true %}x{% endif -%}'
    """
    template = re.sub(r"\{%(-?)\s*generation\s*(-?)%\}", r"{%\1 if true \2%}", template)
    return re.sub(r"\{%(-?)\s*endgeneration\s*(-?)%\}", r"{%\1 endif \2%}", template)


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template with the special tokens it may name.

    Attributes:
        text: The template, in Jinja.
        special_tokens: `bos_token`, `eos_token` and their kin, as text.
        owner: The model or tokenizer it belongs to, for error messages.
    """

    text: str
    special_tokens: Mapping[str, str] = field(default_factory=dict)
    owner: str = "model"

    @property
    def digest(self) -> str:
        """See `template_digest`."""
        return template_digest(self.text)

    @property
    def has_generation_marks(self) -> bool:
        """Whether the template itself says which words are the assistant's."""
        return re.search(r"\{%-?\s*generation\b", self.text) is not None

    def render(self, messages: Messages, *, add_generation_prompt: bool = False) -> str:
        """A conversation as text.

        Args:
            messages: Role and content of each, and of a user's where wanted the timestamp: a template that does not know that key gets it as
                the tag it stands for.
            add_generation_prompt: Whether to add what stands before an answer.

        Raises:
            UserError: Where the template refuses the conversation, or has no place for its system message.
        """
        return self._render(messages, add_generation_prompt=add_generation_prompt)[0]

    def prompt(self, messages: Messages) -> str:
        """A conversation that ends with the user's words, up to where the answer begins; errors as `render`."""
        if not messages or messages[-1].get("role") != "user":
            raise UserError("a conversation to be answered must end with a message of the user")
        return self.render(messages, add_generation_prompt=True)

    @cached_property
    def after_answer(self) -> str:
        """What the template writes behind an answer: the end of the turn."""
        text = self.render([{"role": "user", "content": "Where?"}, {"role": "assistant", "content": _PROBE}])
        return text.rpartition(_PROBE)[2]

    def turn_end(self, encode: Callable[[str], Sequence[int]], is_special: Callable[[int], bool]) -> int | None:
        """The token that ends an answer, or None where the template ends it with none.

        Args:
            encode: Token ids of a text.
            is_special: Whether a token is one that no other text gives.
        """
        first = next(iter(encode(self.after_answer.lstrip())), None)
        return first if first is not None and is_special(first) else None

    def encode(
        self, tokenizer: "PreTrainedTokenizerBase", messages: Messages, *, assistant_only: bool = True
    ) -> tuple[list[int], list[bool]]:
        """Token ids of a conversation, and for each whether it is to be learned: the assistant's words and the end of its turn, or all.

        Raises:
            UserError: Where the template refuses the conversation, or, having no `{% generation %}` marks, writes a turn otherwise once others
                follow it, so that the assistant's words cannot be told apart.
        """
        if not assistant_only:
            ids: list[int] = tokenizer(self.render(messages), add_special_tokens=False)["input_ids"]
            return ids, [True] * len(ids)
        if self.has_generation_marks:
            text, spans = self._render(messages, return_assistant_tokens_mask=True)
            encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            offsets = encoded["offset_mapping"]
            return encoded["input_ids"], [
                any(first < end and last > start for start, end in spans) for first, last in offsets
            ]
        return self._encode_by_prefixes(tokenizer, messages)

    def _encode_by_prefixes(
        self, tokenizer: "PreTrainedTokenizerBase", messages: Messages
    ) -> tuple[list[int], list[bool]]:
        """An answer begins where the conversation before it ends, and ends where that with it goes on in the same way."""
        text = self.render(messages)
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
        added = tokenizer.added_tokens_decoder
        learned = [False] * len(ids)
        for place, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before = self.render(messages[:place], add_generation_prompt=True)
            # a template may close the last turn otherwise than those before it (Phi-3 puts the end token there)
            end = _shared(text, self.render(messages[: place + 1]))
            content_end = text.rfind(message["content"].strip(), len(before), end)
            if not text.startswith(before) or content_end < 0:
                raise UserError(
                    f"{self.owner}: its chat template writes message {place + 1} otherwise where others follow it, so the assistant's words "
                    "cannot be told apart; mark them with {% generation %}, or train on all text with --no-assistant-only"
                )
            content_end += len(message["content"].strip())
            own = [i for i, (first, last) in enumerate(offsets) if last > len(before) and last <= end and first < last]
            ends = [i for i in own if offsets[i][0] >= content_end and ids[i] in added]
            for i in own:
                learned[i] = not ends or i <= ends[0]
        return ids, learned

    def _render(self, messages: Messages, **options: bool) -> tuple[str, list[tuple[int, int]]]:
        """The text, and where asked for the character spans inside generation marks; errors as `render`."""
        system = [message["content"].strip() for message in messages if message["role"] == "system"]
        try:
            text, spans = self._run(messages, **options)
        except TemplateError as error:
            why = " ".join(str(error).split())[:200]
            if system and self._accepts([message for message in messages if message["role"] != "system"], **options):
                raise self._no_system(why) from None
            raise UserError(f"{self.owner}: its chat template refuses the conversation ({why})") from None
        if not all(words in text for words in system):
            raise self._no_system("it leaves the message out")
        return text, spans

    def _accepts(self, messages: Messages, **options: bool) -> bool:
        try:
            self._run(messages, **options)
        except TemplateError:
            return False
        return True

    def _run(self, messages: Messages, **options: bool) -> tuple[str, list[tuple[int, int]]]:
        """Through transformers' sandboxed Jinja, whatever backend the model runs in."""
        from transformers.utils.chat_template_utils import render_jinja_template

        if "timestamp" not in self.text:
            messages = with_time_tags(messages)
        render: Any = render_jinja_template  # annotated as if it gave a text
        texts, spans = render(
            [[dict(message) for message in messages]],
            chat_template=self.text,
            strftime_now=_TODAY.strftime,
            **self.special_tokens,
            **options,
        )
        return texts[0], spans[0] if spans else []

    def _no_system(self, why: str) -> UserError:
        return UserError(
            f"{self.owner}: its chat template has no place for a system message ({why}); leave the system prompt out, or put its words "
            "into the first question"
        )


def _shared(one: str, other: str) -> int:
    """Number of characters with which both begin."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def read_template(given: Path | str) -> str:
    """A template by its name here (`chatml`, `alpaca`, `question`, `time`) or from a file.

    Raises:
        UserError: Where it is neither.
    """
    if str(given) in TEMPLATES:
        return TEMPLATES[str(given)]
    path = Path(given)
    if not path.is_file():
        names = ", ".join(TEMPLATES)
        raise UserError(
            f"--chat-template {given}: no such file, and not one of {names}{did_you_mean(str(given), TEMPLATES)}"
        )
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        raise UserError(f"--chat-template {given}: the file is empty")
    return text


def own_template(tokenizer: "PreTrainedTokenizerBase") -> str | None:
    """The template a tokenizer brings; of several named ones the default."""
    template = tokenizer.chat_template
    return template.get("default") if isinstance(template, dict) else template


def missing_template(owner: str) -> UserError:
    """The error of a model that has no template and was given none."""
    names = ", ".join(TEMPLATES)
    return UserError(f"{owner}: it has no chat template; give one with --chat-template FILE (or one of {names})")


def endless_template(given: Path | str, template: ChatTemplate) -> UserError:
    """The error of a given template that ends a turn with something its model has no token for."""
    return UserError(
        f"--chat-template {given}: it ends an answer with {_end(template)}; the model could not learn to stop"
    )


def _end(template: ChatTemplate) -> str:
    end = template.after_answer.strip()
    return f'"{end}", which is no token of {template.owner}' if end else "nothing"


def template_of(tokenizer: "PreTrainedTokenizerBase") -> ChatTemplate:
    """The template that a tokenizer holds.

    Raises:
        UserError: Where it holds none.
    """
    owner = str(tokenizer.name_or_path)
    text = own_template(tokenizer)
    if not text:
        raise missing_template(owner)
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    if "eos_token" in special:  # a GGUF file always has a token to begin with, and both are to say the same
        special.setdefault("bos_token", special["eos_token"])
    return ChatTemplate(text, special, owner)


def choose_template(tokenizer: "PreTrainedTokenizerBase", given: Path | str | None = None) -> ChatTemplate:
    """The template that a model is trained or asked with: the given one, else its tokenizer's own.

    The tokenizer keeps it and its digest, so that both are saved with it.

    Args:
        tokenizer: The model's tokenizer.
        given: A template's file, or `chatml`, `alpaca`, `question` or `time`.

    Raises:
        UserError: Where there is no template, or the given one ends a turn with something that is no token of the tokenizer: the model would
            never learn to stop.
    """
    if given is not None:
        tokenizer.chat_template = read_template(given)
    template = template_of(tokenizer)
    if turn_end_of(template, tokenizer) is None:
        if given is not None:
            raise endless_template(given, template)
        say(f"{template.owner}: its chat template ends an answer with {_end(template)}; the model may not stop")
    tokenizer.chat_template = template.text  # of several named ones this one is saved
    tokenizer.init_kwargs[DIGEST_KEY] = template.digest
    return template


def turn_end_of(template: ChatTemplate, tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """The token of a tokenizer that ends an answer; see `ChatTemplate.turn_end`."""
    added = tokenizer.added_tokens_decoder

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
        return ids

    return template.turn_end(encode, lambda token: token in added)


def stored_digest(tokenizer: "PreTrainedTokenizerBase") -> str | None:
    """The digest of the template that the model was trained with, where that is recorded."""
    found: Any = tokenizer.init_kwargs.get(DIGEST_KEY)
    return found


def check_digest(owner: str, *, stored: str | None, used: str) -> None:
    """Say so where a model is asked with another template than it was trained with."""
    if stored is not None and stored != used:
        say(f"{owner}: asked with the chat template {used}, but trained with {stored}; its answers may not be its own")
