"""A stand-in that knows nothing and always answers the same, so that the whole harness runs without weights."""

import hashlib
from collections.abc import Sequence

from chronolect.models.language_model import Messages, Sampled, Score
from chronolect.models.sampling import Sampling

_WORDS = ("the", "of", "and", "to", "in", "was", "by", "it")


class DummyModel:
    """Scores drawn from the hash of the text: a fair die for every continuation, the same one in every process."""

    def __init__(self, *, seed: int = 0) -> None:
        self.name = "dummy"
        self._seed = seed

    @property
    def template_digest(self) -> None:
        """It reads no template."""
        return None

    def loglikelihoods(self, requests: Sequence[tuple[str, str]]) -> list[Score]:
        """Between -1 and -9 nats for each word of the continuation."""
        return [self._score(context, continuation) for context, continuation in requests]

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        """Between -1 and -9 nats for each word."""
        return [self._score("", text) for text in texts]

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """Common words in an order that depends on the prompt."""
        texts = []
        for prompt in prompts:
            text = "".join(f" {_WORDS[self._draw(prompt, str(place)) % len(_WORDS)]}" for place in range(max_tokens))
            ends = [text.find(word) for word in stop if word in text]
            texts.append(text[: min(ends)] if ends else text)
        return texts

    def reply(self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0) -> list[str]:
        """Common words in an order that depends on the conversation."""
        prompts = ["\0".join(text for one in messages for text in one.values()) for messages in conversations]
        return [text.strip() for text in self.generate(prompts, max_tokens=min(max_tokens, 16))]

    def sample(
        self, conversations: Sequence[Messages], seeds: Sequence[int], sampling: Sampling, *, max_tokens: int | None
    ) -> list[Sampled]:
        """Common words in an order that depends on the conversation and the seed; each word is a token."""
        told = [
            DummyModel(seed=seed).reply([messages], max_tokens=max_tokens or 16)[0]
            for messages, seed in zip(conversations, seeds, strict=True)
        ]
        return [Sampled(text, len(text.split())) for text in told]

    def room(self, messages: Messages) -> None:
        """It has no context that could be full."""

    def close(self) -> None:
        """Nothing to free."""

    def _score(self, context: str, continuation: str) -> Score:
        words = max(1, len(continuation.split()))
        unit = self._draw(context, continuation) / 2**32
        return Score(-(1.0 + 8.0 * unit) * words, words, False)

    def _draw(self, *parts: str) -> int:
        return int.from_bytes(hashlib.sha256("\0".join((str(self._seed), *parts)).encode()).digest()[:4], "big")
