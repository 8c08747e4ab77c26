"""A model behind an OpenAI-compatible address: vLLM, llama.cpp's server, LM Studio, or a hosted one."""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import httpx

from chronolect.dialogue.messages import with_time_tags
from chronolect.errors import UserError
from chronolect.models.language_model import ContextError, Messages, Sampled, Score
from chronolect.models.sampling import Sampling

_TOGETHER = 32  # prompts in one request
_IN_FLIGHT = 8  # conversations asked at once
_TIMEOUT_S = 600.0
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
# "maximum context length" (vLLM, OpenAI), "available context size" (llama.cpp), "context the overflows" (LM Studio)
_TOO_LONG = re.compile(r"context.{0,5}(length|size|window|overflow)", re.IGNORECASE)
_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)  # before asking again

T = TypeVar("T")


class BusyError(UserError):
    """No answer this time; `wait_s` is how long the server asks to wait."""

    def __init__(self, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.wait_s = min(float(retry_after), 60.0) if retry_after.isdigit() else None


class GoneError(BusyError):
    """Nobody answers at the address, or the connection broke off."""


class SlowError(BusyError):
    """The server took the request and gave no answer in time."""


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer as a server sent it.

    Attributes:
        text: Its text.
        reasoning: What the server took out of the text as thoughts (`reasoning_content`); empty on one that leaves them in place.
        completion_tokens: Tokens the model made; None where the server does not say.
        total_tokens: Those of the prompt as well; 0 where it does not say.
        fingerprint: What tells the server's configuration, where it sends that.
    """

    text: str
    reasoning: str
    completion_tokens: int | None
    total_tokens: int
    fingerprint: str | None


class ServerModel:
    """A model on a server as a `LanguageModel`.

    Texts are generated through `/chat/completions` (`/completions` with `chat=False`, for base models), scores come from
    `/completions` with `echo` and `logprobs`, which vLLM offers and many servers do not. The server puts its own beginning-of-text token in front;
    where it has none, the first token of a text has no score. The key is read from `OPENAI_API_KEY`.
    """

    def __init__(
        self,
        address: str,
        model_name: str | None = None,
        *,
        chat: bool = True,
        seed: int = 0,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """Connect.

        Args:
            address: The address up to and with `/v1`.
            model_name: The model's name there; by default the only one the server offers.
            chat: Whether prompts are sent as a user's message.
            seed: Seed of sampling, passed on.
            timeout_s: Longest wait for an answer, in seconds.

        Raises:
            UserError: Where nothing answers, or the server offers several models and none was named.
        """
        key = os.environ.get("OPENAI_API_KEY")
        self.address = address.rstrip("/")
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=10.0), headers={"Authorization": f"Bearer {key}"} if key else {}
        )
        self._chat, self._seed, self._timeout_s = chat, seed, timeout_s
        self.name = model_name or self._only_model()

    @property
    def template_digest(self) -> None:
        """Unknown: the server applies its own chat template."""
        return None

    def loglikelihoods(self, requests: Sequence[tuple[str, str]]) -> list[Score]:
        """Score each continuation after its context; the server's tokens that begin at or behind the end of the context count."""
        # spaces at the end of a context are part of the next word's token
        return self._scores([(context + continuation, len(context.rstrip())) for context, continuation in requests])

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        """Score whole texts. They must fit the server's context."""
        return self._scores([(text, 0) for text in texts])

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """Continue, or as a chat model answer, each prompt."""
        settings: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "seed": self._seed}
        if stop:
            settings["stop"] = list(stop)
        if not self._chat:
            return [self._choices("/completions", prompt=prompt, **settings)[0]["text"] for prompt in prompts]
        texts = []
        for prompt in prompts:
            choices = self._choices("/chat/completions", messages=[{"role": "user", "content": prompt}], **settings)
            texts.append(choices[0]["message"]["content"] or "")
        return texts

    def reply(self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0) -> list[str]:
        """Answer each conversation through the server's own chat template, some of them at the same time."""
        before: Counter[str] = Counter()
        seeds = []  # the same question asked again gets another sample
        for messages in conversations:
            key = repr(messages)
            seeds.append(self._seed + before[key])
            before[key] += 1

        def answer(messages: Messages, seed: int) -> str:
            text, _ = self.ask(messages, max_tokens=max_tokens, temperature=temperature, seed=seed)
            return text.strip()

        return _at_once(answer, conversations, seeds)

    def sample(
        self, conversations: Sequence[Messages], seeds: Sequence[int], sampling: Sampling, *, max_tokens: int | None
    ) -> list[Sampled]:
        """Answer each conversation with a seed of its own, some of them at the same time.

        What is None is not sent. Thoughts that the server took out of an answer are put back in front of it.
        """
        settings = {name: value for name, value in asdict(sampling).items() if value is not None}
        if max_tokens is not None:
            settings["max_tokens"] = max_tokens

        def answer(messages: Messages, seed: int) -> Sampled:
            found = self.complete(messages, seed=seed, **settings)
            if found.completion_tokens is None:
                raise UserError(
                    f"{self.address}: it does not say how many tokens an answer has (usage.completion_tokens)"
                )
            thoughts = f"<think>\n{found.reasoning.strip()}\n</think>\n\n" if found.reasoning.strip() else ""
            return Sampled(thoughts + found.text, found.completion_tokens)

        return _at_once(answer, conversations, seeds)

    def room(self, messages: Messages) -> None:
        """Unknown: the server counts tokens itself, and refuses a conversation that is too long with a `ContextError`."""

    def ask(
        self,
        messages: Messages,
        *,
        schema: dict[str, Any] | None = None,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> tuple[str, int]:
        """The answer to a conversation, and the tokens it cost (prompt and answer).

        Args:
            messages: Dicts of role and content.
            schema: JSON schema that the answer is to follow; a server that does not know how is only told in words.
            max_tokens: Longest answer.
            temperature: Of sampling.
            seed: Of sampling; that of the model by default.
        """
        body: dict[str, Any] = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": self._seed if seed is None else seed,
        }
        if schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            }
        found = self.complete(messages, again_if_slow=True, **body)
        return found.text, found.total_tokens

    def complete(self, messages: Messages, *, again_if_slow: bool = False, **settings: Any) -> Completion:
        """The answer to a conversation, under these settings and else the server's own.

        Args:
            messages: Dicts of role and content.
            again_if_slow: Whether a request that was not answered in time is sent again, as one is that found the server busy.
            settings: Fields of the request, such as `temperature` or `max_tokens`.
        """
        body = {"messages": with_time_tags(messages), **settings}  # the template there may not know timestamps
        reply = self._patiently("/chat/completions", body, again_if_slow)
        try:
            message = reply["choices"][0]["message"]
            text = message["content"] or ""
            usage = reply.get("usage") or {}
            made = usage.get("completion_tokens")
            return Completion(
                text,
                message.get("reasoning_content") or message.get("reasoning") or "",
                None if made is None else int(made),
                int(usage.get("total_tokens", 0)),
                reply.get("system_fingerprint"),
            )
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            raise UserError(f"{self.address}: not the answer of an OpenAI-compatible server") from None

    def _patiently(self, path: str, body: dict[str, Any], again_if_slow: bool) -> Any:
        """Send a request again while the server is busy or out of reach for a moment."""
        for wait_s in _WAITS_S:
            try:
                return self._request("POST", path, json={"model": self.name, **body})
            except BusyError as error:
                if isinstance(error, SlowError) and not again_if_slow:
                    raise
                time.sleep(error.wait_s or wait_s)
        return self._request("POST", path, json={"model": self.name, **body})

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _scores(self, parts: Sequence[tuple[str, int]]) -> list[Score]:
        """Scores of the characters of each text from a place on; equal texts are sent once."""
        texts = list(dict.fromkeys(text for text, place in parts if text[place:]))
        echoed: dict[str, dict[str, Any]] = {}
        for start in range(0, len(texts), _TOGETHER):
            some = texts[start : start + _TOGETHER]
            choices = self._choices("/completions", prompt=some, max_tokens=0, temperature=0.0, echo=True, logprobs=1)
            for text, choice in zip(some, sorted(choices, key=lambda choice: choice.get("index", 0)), strict=True):
                echoed[text] = self._check_echo(choice, text)
        return [_sum_from(echoed[text], place) if text[place:] else Score(0.0, 0, True) for text, place in parts]

    def _check_echo(self, choice: dict[str, Any], text: str) -> dict[str, Any]:
        found: dict[str, Any] = choice.get("logprobs") or {}
        lists = [found.get(key) for key in ("tokens", "token_logprobs", "text_offset")]
        whole = all(isinstance(some, list) and len(some) == len(lists[0] or ()) for some in lists)
        if not whole or not lists[0] or not str(choice.get("text", "")).startswith(text):
            raise self._no_scores("it does not return the prompt's log-probabilities")
        # a beginning-of-text token that the server put in front is counted in its offsets, though not part of the text
        first = str(found["tokens"][0])
        if found["token_logprobs"][0] is None and not text.startswith(first):
            found["text_offset"] = [-1, *(offset - len(first) for offset in found["text_offset"][1:])]
        return found

    def _no_scores(self, why: str) -> UserError:
        return UserError(
            f"{self.address}: this server cannot score texts ({why}); it must accept echo and logprobs at /completions, as vLLM does; "
            "or give the model's folder or .gguf file instead"
        )

    def _choices(self, path: str, **body: Any) -> list[dict[str, Any]]:
        reply = self._request("POST", path, json={"model": self.name, **body})
        choices = reply.get("choices") if isinstance(reply, dict) else None
        expected = len(body["prompt"]) if isinstance(body.get("prompt"), list) else 1
        if not isinstance(choices, list) or len(choices) != expected:
            if "echo" in body:
                raise self._no_scores("it does not answer each of several prompts")
            raise UserError(f"{self.address}{path}: not the answer of an OpenAI-compatible server")
        return choices

    def _request(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._client.request(method, self.address + path, **options)
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            raise SlowError(f"{self.address}: no answer within {self._timeout_s:g} s; is the server running?") from None
        except (httpx.ConnectTimeout, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise GoneError(f"{self.address}: no answer ({error}); is the server running?") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UserError(f"{self.address}: no answer ({error}); is the server running?") from None
        if response.status_code in _BUSY:
            said = f"HTTP {response.status_code}: {' '.join(response.text.split())[:200]}"
            raise BusyError(f"{self.address}{path}: {said}", response.headers.get("Retry-After", ""))
        if response.status_code >= 400:
            said = " ".join(response.text.split())[:200]
            if "echo" in options.get("json", {}) and response.status_code in (400, 404, 405, 422, 501):
                raise self._no_scores(f"HTTP {response.status_code}: {said}")
            failure = ContextError if _TOO_LONG.search(said) else UserError
            raise failure(f"{self.address}{path}: HTTP {response.status_code}: {said}")
        try:
            return response.json()
        except ValueError:
            raise UserError(f"{self.address}{path}: its answer is not JSON; does the address end in /v1?") from None

    def _only_model(self) -> str:
        reply = self._request("GET", "/models")
        names = [row["id"] for row in reply["data"]] if isinstance(reply, dict) and reply.get("data") else []
        if len(names) != 1:
            offered = ", ".join(names[:8]) or "none"
            raise UserError(f"{self.address}: name the model with --model-name (offered: {offered})")
        return str(names[0])


def _at_once(answer: Callable[[Messages, int], T], conversations: Sequence[Messages], seeds: Sequence[int]) -> list[T]:
    """The answer to each conversation with its seed, several asked for at the same time."""
    if len(conversations) == 1:
        return [answer(conversations[0], seeds[0])]  # in this thread, so that Ctrl-C need not wait for the answer
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        try:
            return list(pool.map(answer, conversations, seeds))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # ask no more after an error
            raise


def _sum_from(logprobs: dict[str, Any], place: int) -> Score:
    """Score of the tokens whose text begins at or behind character `place`."""
    tops = logprobs.get("top_logprobs") or [None] * len(logprobs["tokens"])
    total, count, greedy = 0.0, 0, True
    for logprob, offset, top in zip(logprobs["token_logprobs"], logprobs["text_offset"], tops, strict=True):
        if offset >= place and logprob is not None:
            total, count = total + logprob, count + 1
            greedy &= bool(top) and logprob >= max(top.values()) - 1e-6
    return Score(total, count, greedy)
