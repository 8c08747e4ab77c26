"""Reading a finished FP8 folder back: is it what vLLM's loader of compressed-tensors expects?"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from safetensors import safe_open

from chronolect.artifacts import read_json

# What vLLM reads to choose its FP8 scheme with scales per output channel and, for the inputs, per token while running
# (vllm/model_executor/layers/quantization/compressed_tensors).
_CONFIG: dict[str, Any] = {"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"]}
_ABSENT = ("kv_cache_scheme", "sparsity_config", "transform_config")
_GROUP: dict[str, Any] = {"targets": ["Linear"], "output_activations": None}
_SHARED: dict[str, Any] = {
    "num_bits": 8,
    "type": "float",
    "symmetric": True,
    "group_size": None,
    "block_structure": None,
}
_WEIGHTS = _SHARED | {"strategy": "channel", "dynamic": False}
_INPUTS = _SHARED | {"strategy": "token", "dynamic": True}


def fp8_differences(folder: Path, layers: Collection[str]) -> list[str]:
    """Where a folder's config or weights differ from what vLLM expects of dynamic FP8; empty where nothing does.

    Args:
        folder: The written folder.
        layers: Names of the layers whose weights must be in FP8; those of no other may be.
    """
    config = read_json(folder / "config.json").get("quantization_config") or {}
    return [*_config_differences(config), *_weight_differences(folder, {f"{layer}.weight" for layer in layers})]


def _config_differences(config: dict[str, Any]) -> Iterator[str]:
    yield from _compare("", config, _CONFIG)
    yield from (f"{key} is {config[key]!r}, not empty" for key in _ABSENT if config.get(key))
    groups = config.get("config_groups") or {}
    if len(groups) != 1:
        yield f"config_groups has {len(groups)} groups, not 1"
    for name, group in groups.items():
        yield from _compare(f"{name}.", group, _GROUP)
        yield from _compare(f"{name}.weights.", group.get("weights") or {}, _WEIGHTS)
        yield from _compare(f"{name}.input_activations.", group.get("input_activations") or {}, _INPUTS)
        if group.get("format") not in (None, _CONFIG["format"]):
            yield f"{name}.format is {group['format']!r}, not {_CONFIG['format']!r}"


def _compare(prefix: str, found: dict[str, Any], expected: dict[str, Any]) -> Iterator[str]:
    for key, value in expected.items():
        if found.get(key) != value:
            yield f"{prefix}{key} is {found.get(key)!r}, not {value!r}"


def _weight_differences(folder: Path, expected: set[str]) -> Iterator[str]:
    """The expected weights in FP8 E4M3 with one scale per row, and nothing else."""
    tensors = _headers(folder)
    yield from (f"{name} is missing" for name in sorted(expected - tensors.keys()))
    for name, (dtype, shape) in tensors.items():
        if (name in expected) != (dtype == "F8_E4M3"):
            yield f"{name} is stored as {dtype}"
        elif name in expected and tensors.get(f"{name}_scale", ("", []))[1] != [shape[0], 1]:
            yield f"{name} has no scale per row"


def _headers(folder: Path) -> dict[str, tuple[str, list[int]]]:
    """Storage type and shape of each tensor."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (not a mapping)
                part = tensors.get_slice(name)
                found[name] = (part.get_dtype(), part.get_shape())
    return found
