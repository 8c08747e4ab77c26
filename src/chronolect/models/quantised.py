"""Models whose weights are held in 4 or 8 bits by bitsandbytes, to train adapters on them."""

from pathlib import Path
from typing import Any, Literal

import torch
from transformers import BitsAndBytesConfig, PreTrainedModel

from chronolect.models.loading import load_model


def load_quantised(
    model: str | Path,
    *,
    bits: Literal[4, 8],
    compute_dtype: torch.dtype = torch.float32,
    device: str = "auto",
) -> PreTrainedModel:
    """Load a model with the weights of its linear layers in 4 bits (NF4 with double quantisation, Dettmers et al. 2023, arXiv:2305.14314)
    or 8 bits (LLM.int8(), Dettmers et al. 2022, arXiv:2208.07339); embeddings, norms and the output layer stay in float32.

    Args:
        model: A folder in the Hugging Face form, or a hub name.
        bits: 4 or 8.
        compute_dtype: Type that 4-bit weights are multiplied in.
        device: `cpu` keeps the model off the accelerator; anything else loads it there where there is one, to stay there.

    Raises:
        UserError: Where the model cannot be loaded.
        ModuleNotFoundError: Without bitsandbytes.
    """
    import bitsandbytes

    config = (
        BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute_dtype,
        )
        if bits == 4
        else BitsAndBytesConfig(load_in_8bit=True)
    )
    loaded = load_model(model, quantisation=config, device_map={"": "cpu"} if device == "cpu" else None)
    for module in loaded.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            # On processors with AVX512-BF16 bitsandbytes repacks a layer at its first evaluation, rounds its scales to bfloat16,
            # and passes no gradients through it from then on: a validation in the middle of a run would spoil it.
            switch: Any = module
            switch.support_avx512bf16_for_cpu = False
    return loaded


def num_weights(parameter: torch.Tensor) -> int:
    """Number of weights a parameter holds: of 4-bit ones there are two in each of its bytes."""
    state: Any = getattr(parameter, "quant_state", None)
    return parameter.numel() if state is None else int(state.shape.numel())
