"""How near a changed model is to the original, both in the Hugging Face form: logits on fixed prompts, likeliest tokens, and an answer to look at."""

from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from chronolect.console import say
from chronolect.export.sample_texts import SENTENCES
from chronolect.models.chat_template import own_template, template_of
from chronolect.models.hf import HfModel

_QUESTION, _BEGINNING = "What is 2 + 2?", "Two and two make"


def fixed_prompts(tokenizer: PreTrainedTokenizerBase, *, longest: int) -> list[list[int]]:
    """Token ids of the fixed prompts: the built-in sentences, the first two of them also as a chat where there is a template.

    Args:
        tokenizer: The model's tokenizer.
        longest: Most tokens of a prompt.
    """
    start = [tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id]
    prompts = [start + tokenizer(sentence, add_special_tokens=False)["input_ids"] for sentence in SENTENCES]
    if own_template(tokenizer):
        chat = [{"role": "user", "content": SENTENCES[0]}, {"role": "assistant", "content": SENTENCES[1]}]
        prompts.append(template_of(tokenizer).encode(tokenizer, chat, assistant_only=False)[0])
    return [prompt[:longest] for prompt in prompts]


@torch.inference_mode()
def logits_of(model: torch.nn.Module, prompts: list[list[int]]) -> torch.Tensor:
    """Logits at every token of all prompts, float32 [tokens, vocabulary]."""
    model.eval()
    return torch.cat([model(torch.tensor([prompt])).logits[0].float() for prompt in prompts])


def compare_logits(found: torch.Tensor, expected: torch.Tensor) -> dict[str, Any]:
    """What two models' logits have in common.

    Args:
        found: Logits of the changed model, [tokens, vocabulary].
        expected: Those of the original.

    Returns:
        "relative_logit_error": Euclidean norm of the difference of all logits over that of the original's;
        "top_tokens": {equal, n}, at how many tokens both models' likeliest next token is the same.
    """
    return {
        "relative_logit_error": float((found - expected).norm() / expected.norm()),
        "top_tokens": {"equal": int((found.argmax(-1) == expected.argmax(-1)).sum()), "n": len(expected)},
    }


def say_agreement(what: str, result: dict[str, Any]) -> None:
    """One line on what `compare_logits` found."""
    top = result["top_tokens"]
    say(
        f"{what}: relative logit error {result['relative_logit_error']:.2g}, "
        f"likeliest token equal at {top['equal']:,} of {top['n']:,}"
    )


def sample_answer(folder: Path) -> dict[str, str]:
    """What a model folder answers to an easy question through its chat template; without one, how it continues a sentence.

    Returns:
        {prompt, answer}; it is also said.
    """
    model = HfModel(folder, device="cpu")
    if model.tokenizer.chat_template:
        prompt = _QUESTION
        answer = model.reply([[{"role": "user", "content": prompt}]], max_tokens=32)[0]
    else:
        prompt = _BEGINNING
        answer = model.generate([prompt], max_tokens=32)[0]
    model.close()
    say(f"sample: {prompt!r} -> {answer!r}")
    return {"prompt": prompt, "answer": answer}
