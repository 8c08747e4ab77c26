"""Batched generation with a transformers model, in which each text is the one it would be alone."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from transformers import (
    LogitsProcessor,
    MinPLogitsWarper,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from chronolect.models.sampling import Sampling

# Tokens generated together. Each step costs a processor about the same for one row as for twenty; on a GPU what is held back is the cache.
_CPU_CELLS, _GPU_CELLS = 8_192, 32_768


class _Noise(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Gumbel noise from each row's own generator, so that the likeliest token is a sample (the Gumbel-max trick)."""

    def __init__(self, seeds: Sequence[int], device: torch.device) -> None:
        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        noise = torch.stack(
            [torch.rand(scores.shape[1], generator=generator, device=scores.device) for generator in self._generators]
        )
        # the smallest positive number keeps the logarithms finite
        return scores - (-noise.clamp_min(torch.finfo(noise.dtype).tiny).log()).log()


def cuts(sampling: Sampling) -> list[LogitsProcessor]:
    """What brings the logits of a batch to the temperature and cuts off unlikely tokens, in the order of `sampling.keep_likely`."""
    found: list[LogitsProcessor] = [TemperatureLogitsWarper(float(sampling.temperature))]
    if sampling.top_k is not None:
        found.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p is not None and sampling.top_p < 1:
        found.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p is not None and sampling.min_p > 0:
        found.append(MinPLogitsWarper(sampling.min_p))
    return found


@torch.inference_mode()
def continue_prompts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    *,
    most: Sequence[int],
    padding: int,
    ends: Sequence[int],
    seeds: Sequence[int],
    sampling: Sampling,
    stop: Sequence[str] = (),
) -> list[list[int]]:
    """The tokens that follow each prompt, up to an end token or the first token with which a `stop` string is there.

    Args:
        model: The model, on its device.
        tokenizer: Its tokenizer.
        prompts: Token ids.
        most: Most tokens to add to each.
        padding: A token to fill up with.
        ends: Tokens that end a text; left out.
        seeds: Of sampling, one for each prompt.
        sampling: How tokens are chosen.
        stop: Strings that end a text.
    """
    found: list[list[int]] = [[] for _ in prompts]
    # Rows of one batch run as long as the longest answer allowed in it, and the surplus of the others is cut off. Positions that are looked up
    # in a table must not run past its end, so without rotary ones only rows with the same allowance go together.
    rotary = getattr(model.config.get_text_config(), "rope_parameters", None) is not None
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    cells = _CPU_CELLS if model.device.type == "cpu" else _GPU_CELLS
    for _, some in groupby(order, key=lambda index: rotary or most[index]):
        rows = [index for index in some if most[index] > 0]
        while rows:
            count = max(1, cells // (len(prompts[rows[0]]) + max(most[index] for index in rows)))
            batch, rows = rows[:count], rows[count:]
            length = max(most[index] for index in batch)
            width = len(prompts[batch[0]])
            fill = [width - len(prompts[index]) for index in batch]
            settings: dict[str, Any] = {}
            if sampling.temperature > 0:
                noise = _Noise([seeds[index] for index in batch], model.device)
                settings["logits_processor"] = [*cuts(sampling), noise]
            if stop:
                settings.update(stop_strings=list(stop), tokenizer=tokenizer)
            generator: Any = model
            output = generator.generate(
                input_ids=torch.tensor(
                    [[padding] * n + list(prompts[i]) for n, i in zip(fill, batch, strict=True)], device=model.device
                ),
                attention_mask=torch.tensor([[0] * n + [1] * (width - n) for n in fill], device=model.device),
                max_new_tokens=length,
                pad_token_id=padding,
                eos_token_id=list(ends) or None,
                # what a model's folder wishes for itself is left aside: greedy is greedy in every backend
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                repetition_penalty=1.0,
                **settings,
            )
            for index, tokens in zip(batch, output[:, width:].tolist(), strict=True):
                cut = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
                found[index] = tokens[: min(cut, most[index])]
    return found
