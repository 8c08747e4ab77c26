"""The one interface through which models are scored and asked, whatever runs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from chronolect.errors import UserError
from chronolect.models.sampling import Sampling

Messages = Sequence[Mapping[str, str]]  # {"role": "system" | "user" | "assistant", "content": ...} each
DType = Literal["float32", "bfloat16", "float16", "auto"]


class ContextError(UserError):
    """A conversation, with the answer it is to get, does not fit the model's context."""


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a model finds a text.

    Attributes:
        logprob: Log-probability in nats, summed over the tokens.
        num_tokens: Number of tokens scored.
        is_greedy: Whether each token was the model's first choice.
    """

    logprob: float
    num_tokens: int
    is_greedy: bool


@dataclass(frozen=True, slots=True)
class Sampled:
    """An answer as it was sampled.

    Attributes:
        text: Every character of it, the space around it too.
        num_tokens: Number of tokens the model made, the one that ended the answer among them.
    """

    text: str
    num_tokens: int


class LanguageModel(Protocol):
    """A model that scores and continues text. The beginning-of-text token is put in front by the model itself.

    Attributes:
        name: The model's name, for people.
    """

    name: str

    @property
    def template_digest(self) -> str | None:
        """Digest of the chat template that `reply` uses (`chat_template.template_digest`); None where there is none, or a server keeps it."""
        ...

    def loglikelihoods(self, requests: Sequence[tuple[str, str]]) -> list[Score]:
        """Score each continuation after its context, for (context, continuation) pairs."""
        ...

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        """Score whole texts."""
        ...

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """Continue each prompt until `max_tokens`, an end token or one of the `stop` strings, which is left out."""
        ...

    def reply(self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0) -> list[str]:
        """Answer each conversation, which ends with the user's words, through the model's own chat template.

        Raises:
            UserError: Where the model has no chat template and none was given.
        """
        ...

    def sample(
        self, conversations: Sequence[Messages], seeds: Sequence[int], sampling: Sampling, *, max_tokens: int | None
    ) -> list[Sampled]:
        """Answer each conversation with a seed of its own: neither the other conversations nor the model's seed change an answer.

        Args:
            conversations: Each ends with the user's words.
            seeds: One for each.
            sampling: How tokens are chosen.
            max_tokens: Longest answer; None for what the context holds, or a server allows.

        Raises:
            UserError: As `reply` does.
        """
        ...

    def room(self, messages: Messages) -> int | None:
        """Tokens that an answer to a conversation can have, none or fewer where it is too long; None where there is no telling before asking."""
        ...

    def close(self) -> None:
        """Free what the model holds."""
        ...


def room_for_answer(name: str, prompt_tokens: int, max_tokens: int, context_length: int) -> int:
    """Most tokens an answer can have: a conversation is never cut, since its beginning says what is wanted.

    Raises:
        ContextError: Where the conversation alone fills the model's context.
    """
    if prompt_tokens >= context_length:
        raise ContextError(
            f"{name}: a conversation of {prompt_tokens:,} tokens leaves no room for an answer in its context of {context_length:,}; "
            "shorten it or leave it out"
        )
    return min(max_tokens, context_length - prompt_tokens)


def short_name(spec: str | Path) -> str:
    """A name for people: that of the file or folder, or of the folder above where one is called `final`, `merged` or `checkpoint-N`.

    >>> short_name("runs/locked/final"), short_name("runs/gguf/locked-q8_0.gguf")
    ('locked', 'locked-q8_0')
    """
    path = Path(spec)
    if path.suffix.lower() == ".gguf":
        return path.stem
    if (path.name in ("final", "merged") or path.name.startswith("checkpoint-")) and path.parent.name:
        return path.parent.name
    return path.name
