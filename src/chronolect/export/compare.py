"""How far a GGUF file run by llama.cpp is from the Hugging Face model it was made from: token ids, logits, greedy tokens, perplexity."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chronolect.errors import UserError
from chronolect.models.gguf_file import GgufModel
from chronolect.models.loading import load_model, load_tokenizer

# Ours, and neutral in time: none of them says something that a cutoff could forbid.
SENTENCES = (
    "The river rises in the hills and runs slowly to the sea, past fields of barley and two small towns.",
    "In the morning the market was full; by noon only the fishmonger and a boy with a drum were left.",
    "She counted 12 apples, 7 pears and 130 walnuts, and wrote the sum on the back of an envelope.",
    "The king of the country was crowned in the old cathedral, and the bells rang until the evening.",
    "A treaty between the two states was signed after long talks about the border and the price of salt.",
    "The book tells of a voyage around the world, of storms, of hunger, and of the strange birds of the south.",
    "Who built the bridge? Nobody in the village knew, but everyone had crossed it a thousand times.",
    "Water boils at a lower temperature on a mountain, because the air above it weighs less.",
    "“I don't know,” said the doctor, “whether it's the heat or the letter that has made him ill.”",
    "The team scored twice in the last minutes and won the cup for the first time in its history.",
    "The new telescope showed that the nebula is a crowd of stars, each of them as bright as the sun.",
    "After the election the president spoke of bread, of work and of peace, and the crowd listened in the rain.",
)
_LONGEST = 512


@dataclass(frozen=True)
class _Window:
    tokens: list[int]
    logits: np.ndarray  # (tokens, vocabulary), what follows each token


class Original:
    """The Hugging Face side of the comparison, computed once for any number of GGUF files."""

    def __init__(self, model: Path, *, text: Path | None = None, threads: int | None = None) -> None:
        """Load the model and compute its logits on the text.

        Args:
            model: Model folder.
            text: Text file; by default built-in sentences.
            threads: Processor threads for llama.cpp.
        """
        self._tokenizer = load_tokenizer(model)
        self._model = load_model(model).eval()
        self._threads = threads
        self._paragraphs = _paragraphs(text)
        self._windows: list[_Window] = []
        self._strings = varied_strings()
        self._ids = [self._tokenizer(string)["input_ids"] for string in self._strings]

    def compare(self, file: Path) -> dict[str, Any]:
        """Load a GGUF file in llama.cpp and compare it; see `compare_gguf`."""
        quantised = GgufModel(file, threads=self._threads)
        try:
            return self._token_ids(quantised) | self._logits(quantised)
        finally:
            quantised.close()

    def _token_ids(self, quantised: GgufModel) -> dict[str, Any]:
        differing = [
            string
            for string, ids in zip(self._strings, self._ids, strict=True)
            if quantised.encode(string, add_special=True) != ids
        ]
        n = len(self._strings)
        return {"token_ids": {"equal": n - len(differing), "n": n, "differing": differing[:3]}}

    def _logits(self, quantised: GgufModel) -> dict[str, Any]:
        if not self._windows:
            self._windows = self._reference(quantised.bos)
        difference = size = divergence = own_loss = other_loss = 0.0
        equal = tokens = scored = 0
        for window in self._windows:
            own = window.logits
            other = quantised.logits(window.tokens)
            difference += float(np.square(other - own, dtype=np.float64).sum())
            size += float(np.square(own, dtype=np.float64).sum())
            equal += int((own.argmax(axis=1) == other.argmax(axis=1)).sum())
            own_log, other_log = _log_softmax(own), _log_softmax(other)
            divergence += float((np.exp(own_log) * (own_log - other_log)).sum())
            places, followers = np.arange(len(window.tokens) - 1), np.array(window.tokens[1:])
            own_loss -= float(own_log[places, followers].sum())
            other_loss -= float(other_log[places, followers].sum())
            tokens += len(window.tokens)
            scored += len(followers)
        own_perplexity, other_perplexity = math.exp(own_loss / scored), math.exp(other_loss / scored)
        return {
            "greedy": {"equal": equal, "n": tokens},
            "relative_logit_error": math.sqrt(difference / size),
            "kl_divergence": divergence / tokens,
            "perplexity": {
                "original": own_perplexity,
                "gguf": other_perplexity,
                "ratio": other_perplexity / own_perplexity,
                "n": scored,
            },
        }

    @torch.inference_mode()
    def _reference(self, bos: int) -> list[_Window]:
        longest = min(_LONGEST, self._model.config.max_position_embeddings)
        windows = []
        for paragraph in self._paragraphs:
            ids = self._tokenizer(paragraph, add_special_tokens=False)["input_ids"]
            tokens = [bos, *ids][:longest]
            if len(tokens) > 1:
                logits = self._model(torch.tensor([tokens])).logits[0].float().numpy()
                windows.append(_Window(tokens, logits))
        return windows


def compare_gguf(model: Path, gguf: Path, *, text: Path | None = None, threads: int | None = None) -> dict[str, Any]:
    """Load a GGUF file in llama.cpp and compare it with the model it was made from.

    Args:
        model: Model folder in the Hugging Face form.
        gguf: The GGUF file.
        text: Text file for logits, greedy tokens and perplexity, one passage per line (the first 200); by default built-in sentences.
        threads: Processor threads for llama.cpp.

    Returns:
        "token_ids": {equal, n, differing: up to three examples}, over generated strings of many kinds;
        "greedy": {equal, n}, places of the text where both models' likeliest next token is the same;
        "relative_logit_error": Euclidean norm of the difference of all logits over that of the original's;
        "kl_divergence": mean of KL(original || file) per token, in nats;
        "perplexity": {original, gguf, ratio, n: tokens scored}.

    Raises:
        UserError: For a missing or damaged model, file or text.
    """
    return Original(model, text=text, threads=threads).compare(gguf)


def varied_strings(n: int = 1_000, *, seed: int = 0) -> list[str]:
    """Strings that tokenizers like to disagree on: scripts, marks, emoji, numbers, runs of white space, contractions, code, special tokens."""
    generator = random.Random(seed)
    makers = (
        lambda: _pick(generator, _WORDS, " ", 8),
        lambda: _pick(generator, _SCRIPTS, " ", 4),
        lambda: _pick(generator, _EMOJI + _WORDS, generator.choice(("", " ")), 6),
        lambda: _pick(generator, _CONTRACTIONS + _WORDS, " ", 6),
        lambda: _numbers(generator),
        lambda: _pick(generator, _SPACES + _WORDS, "", 9),
        lambda: _pick(generator, _CODE, generator.choice((" ", "\n    ", "\t", "")), 5),
        lambda: _pick(generator, _SPECIALS + _WORDS, generator.choice(("", " ")), 5),
        lambda: "".join(chr(_code_point(generator)) for _ in range(generator.randint(1, 12))),
        lambda: _pick(generator, _PUNCTUATION + _WORDS + _EMOJI + _SCRIPTS + _SPACES, "", 10),
    )
    return [makers[number % len(makers)]() for number in range(n)]


_WORDS = (
    "the",
    "King",
    "PARIS",
    "x",
    "naïve",
    "Zürich",
    "re-elected",
    "o'clock",
    "I",
    "Mr.",
    "and/or",
    "e.g.",
    "co-op",
)
_SCRIPTS = (
    "Москва", "Ελλάδα", "العربية", "עברית", "हिन्दी", "বাংলা", "ไทย", "日本語", "かな", "中文字", "한국어", "Հայերեն",
    "ქართული", "አማርኛ", "தமிழ்", "Tiếng Việt", "ǅ", "ﬁn", "Ⅻ", "½", "①", "٣٤", "௧௨", "cafe\u0301", "A\u030a", "i\u0307",
)  # fmt: skip
_EMOJI = ("🎉", "👩‍🚀", "🇫🇷", "👍🏽", "❤️", "☃", "🏴‍☠️", "1️⃣", "😀😀😀")
_CONTRACTIONS = (
    "it's",
    "IT'S",
    "don't",
    "we'll",
    "I'd",
    "they've",
    "you're",
    "'twas",
    "it’s",
    "'s",
    "rock'n'roll",
    "'LL",
)
_SPACES = (
    " ",
    "  ",
    "   ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\t\t",
    " \n",
    "\n ",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u200b",
    "\v",
    "\f",
)
_CODE = (
    "def f(x):",
    "return x+1",
    "if (a&&b){",
    "}",
    "/* … */",
    "x[0]=='y'",
    "#!/bin/sh",
    '<a href="#">',
    "\\n",
    "$_",
    "::",
    "->",
    "!=",
)
_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_end", "<s>", "[INST]", "<|", "|>", "<|pad|>", "<unk>")
_PUNCTUATION = (
    ".",
    ",",
    "…",
    "—",
    "“",
    "”",
    "«",
    "»",
    "?!",
    "'",
    "''",
    '"',
    "%",
    "€",
    "§",
    "№",
    "_",
    "__",
    "***",
    "===",
    "~",
)


def _pick(generator: random.Random, words: Sequence[str], separator: str, most: int) -> str:
    return separator.join(generator.choice(words) for _ in range(generator.randint(1, most)))


def _numbers(generator: random.Random) -> str:
    forms = (
        "{0}",
        "{0:,}",
        "-{0}",
        "{0}.{1}",
        "{0}/{1}/{2}",
        "{0}th",
        "${0}m",
        "{0} {1}",
        "+{0}%",
        "0x{0:x}",
        "1e{2}",
        "{0}BC",
    )
    numbers = [generator.randint(0, 10 ** generator.randint(1, 9)) for _ in range(2)]
    return generator.choice((" ", "")) + generator.choice(forms).format(*numbers, generator.randint(0, 99))


def _code_point(generator: random.Random) -> int:
    """A code point of the first two planes that is no surrogate and no private one."""
    ranges = (
        (0x01, 0x7F),
        (0xA0, 0x24F),
        (0x250, 0x1FFF),
        (0x2000, 0x2FFF),
        (0x3000, 0xD7FF),
        (0xF900, 0xFFFD),
        (0x10000, 0x1FAFF),
    )
    return generator.randint(*generator.choice(ranges))


def _paragraphs(text: Path | None) -> list[str]:
    if text is None:
        return list(SENTENCES)
    try:
        lines = [line.strip() for line in text.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise UserError(f"{text}: no such text file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{text}: not UTF-8 text (byte {error.start})") from None
    lines = [line for line in lines if line][:200]
    if not lines:
        raise UserError(f"{text}: no text in it")
    return lines


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
