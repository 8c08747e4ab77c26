"""Weights of Llama, Qwen2 and Qwen3 models as a GGUF file in f32, f16, bf16 or q8_0, tensor by tensor, so that memory holds one at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
from safetensors import safe_open
from transformers import AutoConfig, PretrainedConfig

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import OTHER_WAY, Vocabulary
from chronolect.models.loading import check_model_folder

ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
}
FILE_TYPES = {
    "f32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "bf16": (GGMLQuantizationType.BF16, LlamaFileType.MOSTLY_BF16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}
_LARGEST_F16 = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Source:
    """A Hugging Face model folder as the writer reads it.

    Attributes:
        folder: The folder.
        config: Its config.
        files: For each tensor the safetensors file it lies in.
        names: For each tensor to write its name in GGUF. A tied output layer is not written: llama.cpp takes the embedding.
        dtype: The stored type of the weights: f32, f16 or bf16.
    """

    folder: Path
    config: PretrainedConfig
    files: dict[str, Path]
    names: dict[str, str]
    dtype: str

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return int(getattr(self.config, "head_dim", None) or self.config.hidden_size // self.config.num_attention_heads)


def read_source(folder: Path) -> Source:
    """Read the config and the tensor names of a model folder.

    Raises:
        UserError: For a folder that is no whole model, an adapter, or a model that is no plain Llama, Qwen2 or Qwen3.
    """
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise UserError(f"{folder}: an adapter, not a model; merge it first with `chronolect export merge`")
    check_model_folder(folder)
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    _check_supported(folder, config)
    files = _tensor_files(folder)
    names_of = gguf.get_tensor_name_map(ARCHITECTURES[config.model_type], config.num_hidden_layers)
    names = {}
    for tensor in files:
        if config.tie_word_embeddings and tensor == "lm_head.weight":
            continue
        name = names_of.get_name(tensor, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise UserError(
                f'{folder}: tensor "{tensor}" has no place in a GGUF {config.model_type} model; {OTHER_WAY}'
            )
        names[tensor] = name
    dtypes = {"F32": "f32", "F16": "f16", "BF16": "bf16"}
    with safe_open(files["model.embed_tokens.weight"], framework="pt") as file:
        stored = file.get_slice("model.embed_tokens.weight").get_dtype()
    if stored not in dtypes:
        raise UserError(f"{folder}: weights of type {stored}; only float32, float16 and bfloat16 can be exported")
    return Source(folder, config, files, names, dtypes[stored])


def write_gguf(source: Source, vocabulary: Vocabulary, out: Path, *, file_type: str, name: str, licence: str) -> None:
    """Write one GGUF file. Matrices are stored as `file_type` says, vectors (norms and biases) as f32.

    Args:
        source: The model.
        vocabulary: Its vocabulary.
        out: The file to write.
        file_type: f32, f16, bf16 or q8_0.
        name: The model's name, for people.
        licence: The licence of the weights as an SPDX name; empty for none.
    """
    matrix_type, whole_type = FILE_TYPES[file_type]
    writer = GGUFWriter(out, gguf.MODEL_ARCH_NAMES[ARCHITECTURES[source.config.model_type]])
    _write_shape(writer, source)
    writer.add_type("model")
    writer.add_name(name)
    if licence:
        writer.add_license(licence)
    writer.add_file_type(whole_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    vocabulary.write(writer)
    types: dict[str, GGMLQuantizationType] = {}
    for tensor, target in source.names.items():
        with safe_open(source.files[tensor], framework="pt") as file:
            shape = tuple(file.get_slice(tensor).get_shape())
        types[tensor] = _stored_type(shape, matrix_type)
        elements, size = gguf.GGML_QUANT_SIZES[types[tensor]]
        writer.add_tensor_info(
            target,
            shape,
            np.dtype(np.float32),  # only a placeholder: the type stored is the last argument
            int(np.prod(shape)) // elements * size,
            types[tensor],
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    try:
        for tensor, values in _tensors(source):
            _check_range(source, tensor, values, types[tensor])
            writer.write_tensor_data(gguf.quants.quantize(values, types[tensor]))
    finally:
        writer.close()


def permute_rotary(weight: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the rows of a query or key projection from halves to pairs.

    Rotary embedding (Su et al. 2021, arXiv:2104.09864) turns pairs of numbers. Hugging Face pairs number i of a head with i + half,
    llama.cpp's Llama pairs neighbours 2i and 2i + 1.

    Args:
        weight: (heads * head_dim, ...), the projection or its bias.
        heads: Number of heads.

    Returns:
        The same shape.
    """
    halves = weight.reshape(heads, 2, -1, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


def _check_supported(folder: Path, config: PretrainedConfig) -> None:
    if config.model_type not in ARCHITECTURES:
        raise UserError(
            f"{folder}/config.json: no writer for model_type {config.model_type} "
            f"(there is one for {', '.join(ARCHITECTURES)}); {OTHER_WAY}"
        )
    rope = (config.rope_parameters or {}).get("rope_type", "default")
    if rope != "default":
        raise UserError(f"{folder}/config.json: no writer for rope_type {rope}; {OTHER_WAY}")
    if getattr(config, "use_sliding_window", False):
        raise UserError(f"{folder}/config.json: no writer for sliding-window attention; {OTHER_WAY}")
    if config.hidden_act != "silu":
        raise UserError(f"{folder}/config.json: hidden_act {config.hidden_act}, but llama.cpp uses silu; {OTHER_WAY}")


def _tensor_files(folder: Path) -> dict[str, Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return {tensor: folder / name for tensor, name in read_json(index)["weight_map"].items()}
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        return dict.fromkeys(file.keys(), folder / "model.safetensors")


def _write_shape(writer: GGUFWriter, source: Source) -> None:
    config: Any = source.config
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(source.head_dim)
    writer.add_value_length(source.head_dim)
    writer.add_rope_dimension_count(source.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def _stored_type(shape: tuple[int, ...], matrix_type: GGMLQuantizationType) -> GGMLQuantizationType:
    """The type of one tensor: vectors stay f32; rows that q8_0's blocks of 32 do not divide are f16, as llama.cpp itself does it."""
    if len(shape) == 1:
        return GGMLQuantizationType.F32
    if shape[-1] % gguf.GGML_QUANT_SIZES[matrix_type][0]:
        return GGMLQuantizationType.F16
    return matrix_type


def _tensors(source: Source) -> Iterator[tuple[str, np.ndarray]]:
    """The tensors to write, in order, as float32 in llama.cpp's layout."""
    heads, kv_heads = source.config.num_attention_heads, source.config.num_key_value_heads
    for tensor in source.names:
        with safe_open(source.files[tensor], framework="pt") as file:
            values = file.get_tensor(tensor).to(torch.float32).numpy()
        if source.config.model_type == "llama":
            if re.search(r"\.q_proj\.", tensor):
                values = permute_rotary(values, heads)
            elif re.search(r"\.k_proj\.", tensor):
                values = permute_rotary(values, kv_heads)
        yield tensor, np.ascontiguousarray(values)


def _check_range(source: Source, tensor: str, values: np.ndarray, stored: GGMLQuantizationType) -> None:
    largest = float(np.abs(values).max()) if values.size else 0.0
    if not np.isfinite(largest):
        raise UserError(f'{source.files[tensor]}: tensor "{tensor}" holds values that are not finite; train it again')
    if stored is GGMLQuantizationType.F16 and largest > _LARGEST_F16:
        raise UserError(
            f'{source.files[tensor]}: tensor "{tensor}" goes up to {largest:.3g}, too large for f16; use bf16'
        )
