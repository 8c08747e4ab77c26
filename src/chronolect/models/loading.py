"""Loading Hugging Face models and tokenizers: safetensors only, no code from the model's folder, errors in one line."""

import importlib
import json
from contextlib import nullcontext
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    CompressedTensorsConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.models.compressed import quiet
from chronolect.models.hub import is_hub_name
from chronolect.models.language_model import DType

disable_progress_bar()  # transformers draws one per file, even for one file

# How a folder's config.json names what its weights are quantised by -> the package that reads them.
_READERS = {"compressed-tensors": "compressed_tensors", "bitsandbytes": "bitsandbytes"}


def load_model(
    model: str | Path,
    *,
    dtype: DType = "float32",
    attention: str | None = None,
    quantisation: BitsAndBytesConfig | CompressedTensorsConfig | None = None,
    device_map: dict[str, str] | None = None,
) -> PreTrainedModel:
    """Load a causal language model from a local folder or, where there is a network, from the hub by name.

    Args:
        model: A folder in the Hugging Face form, or a hub name such as `HuggingFaceTB/SmolLM2-360M`.
        dtype: Type of the weights in memory; `auto` keeps the stored one.
        attention: Attention implementation (`sdpa`, `eager`, `flash_attention_2`); None lets transformers choose.
        quantisation: Quantise the weights while loading; see `models.quantised`.
        device_map: Where to load to; by default the processor, and a quantised model to the accelerator.

    Raises:
        UserError: Where the folder is missing, is no model folder, or holds no whole safetensors file.
        ModuleNotFoundError: Where the folder's weights are quantised, and the package that reads them is missing.
    """
    place = _resolve(model)
    if isinstance(place, Path):
        check_model_folder(place)
    reader = _READERS.get(stored_quantisation(place) or "")
    if reader:
        importlib.import_module(reader)
    if is_compressed := reader == "compressed_tensors":
        quantisation = CompressedTensorsConfig(dequantize=True)  # at once, not at the first use
    try:
        with quiet() if is_compressed else nullcontext():
            loaded: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                place,
                dtype=dtype if dtype == "auto" else getattr(torch, dtype),
                attn_implementation=attention,
                device_map=device_map,
                use_safetensors=True,
                trust_remote_code=False,
                # None would take the place of what config.json says
                **({} if quantisation is None else {"quantization_config": quantisation}),
            )
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{model}: cannot be loaded as a causal language model: {_first_line(error)}") from error
    return loaded


def load_tokenizer(tokenizer: str | Path) -> PreTrainedTokenizerBase:
    """Load a tokenizer from a local folder or, where there is a network, from the hub by name.

    Raises:
        UserError: Where the folder is missing or holds no tokenizer.
    """
    place = _resolve(tokenizer)
    if (
        isinstance(place, Path)
        and not (place / "tokenizer_config.json").is_file()
        and not (place / "tokenizer.json").is_file()
    ):
        raise UserError(f"{place}: not a tokenizer folder (no tokenizer.json in it)")
    try:
        loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{tokenizer}: cannot be loaded as a tokenizer: {_first_line(error)}") from error
    return loaded


def stored_quantisation(model: str | Path) -> str | None:
    """What a model folder's weights are quantised by, such as `compressed-tensors`; None for plain weights and for hub names."""
    config = Path(model) / "config.json"
    stored = read_json(config).get("quantization_config") if config.is_file() else None
    return None if stored is None else str(stored.get("quant_method", "an unnamed method"))


def check_model_folder(folder: Path) -> None:
    """Check that a folder holds a config and whole safetensors files.

    Raises:
        UserError: Naming the file that is missing or truncated.
    """
    config = folder / "config.json"
    if (folder / "adapter_config.json").is_file():
        raise UserError(
            f"{folder}: an adapter, not a model; fold it into its model with `chronolect export merge` first"
        )
    if not config.is_file():
        raise UserError(f"{folder}: not a model folder (no config.json in it)")
    if "model_type" not in read_json(config):
        raise UserError(f"{config}: no model_type in it; not a Hugging Face model")
    index = folder / "model.safetensors.index.json"
    files = (
        sorted({folder / name for name in read_json(index)["weight_map"].values()})
        if index.is_file()
        else [folder / "model.safetensors"]
    )
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: no such file; the model's weights must be there as safetensors")
        check_safetensors(file)


def check_safetensors(file: Path) -> None:
    """Check that a safetensors file is as long as its header says.

    Raises:
        UserError: Where the file is truncated or not a safetensors file.
    """
    try:
        with safe_open(file, framework="pt"):
            pass
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise UserError(f"{file}: truncated or not a safetensors file ({_first_line(error)}); copy it again") from None


def _resolve(name: str | Path) -> str | Path:
    """A local folder as a Path, a hub name as it is."""
    path = Path(name)
    if path.is_dir():
        return path
    if isinstance(name, Path) or not is_hub_name(name):
        raise UserError(f"{name}: no such folder")
    return name


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
