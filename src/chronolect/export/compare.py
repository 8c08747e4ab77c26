"""How far a GGUF file run by llama.cpp is from the Hugging Face model it was made from: token ids, logits, greedy tokens, perplexity."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chronolect.errors import UserError
from chronolect.export.sample_texts import SENTENCES, varied_strings
from chronolect.models.gguf_file import GgufModel
from chronolect.models.loading import load_model, load_tokenizer

_LONGEST = 512
_LOGITS = 1 << 27  # numbers kept of the original's logits: 512 MB


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
        windows: list[_Window] = []
        for paragraph in self._paragraphs:
            ids = self._tokenizer(paragraph, add_special_tokens=False)["input_ids"]
            tokens = [bos, *ids][:longest]
            if sum(len(window.tokens) for window in windows) * self._model.config.vocab_size > _LOGITS:
                break
            if len(tokens) > 1:
                logits = self._model(torch.tensor([tokens])).logits[0].float().numpy()
                windows.append(_Window(tokens, logits))
        return windows


def compare_gguf(model: Path, gguf: Path, *, text: Path | None = None, threads: int | None = None) -> dict[str, Any]:
    """Load a GGUF file in llama.cpp and compare it with the model it was made from.

    Args:
        model: Model folder in the Hugging Face form.
        gguf: The GGUF file.
        text: Text file for logits, greedy tokens and perplexity, one passage per line (the first 200, fewer for large vocabularies);
            by default built-in sentences.
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
