"""An adapter folded into its base model, after checking that they belong together and before trusting the result."""

import re
from pathlib import Path
from typing import Any, Literal

import torch
from peft import PeftModel
from safetensors import safe_open
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from chronolect.artifacts import MANIFEST, digest, read_json, stage
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.export.sample_texts import SENTENCES
from chronolect.models.loading import check_safetensors, load_model, load_tokenizer

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Largest relative logit error that rounding the weights to the type explains, with room to spare.
_TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}


def export_merge(
    adapter: Path,
    *,
    out: Path,
    base: Path | None = None,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    tolerance: float | None = None,
) -> dict[str, Any]:
    """Fold a PEFT adapter into its base model, and compare the logits of the two forms.

    The result is a model folder with the adapter's tokenizer and chat template (the base's where the adapter has none). The logits of base and
    adapter in float32 are compared with those of the folder read back.

    Args:
        adapter: Adapter folder, such as `final` of a run with --lora-r.
        out: Folder to write the merged model to.
        base: Folder of the base model, where it is no longer where the adapter says; it must be the same model.
        dtype: Type of the merged weights; `auto` keeps the base's.
        tolerance: Largest relative logit error that passes; by default 1e-4 for float32, 0.01 for float16, 0.05 for bfloat16.

    Returns:
        modules (adapted layers), dtype, parameters, relative_logit_error, top_tokens {equal, n}, tolerance.

    Raises:
        UserError: No adapter, an adapter of another base, or logits that differ by more than the tolerance.
    """
    config = read_adapter_config(adapter)
    place = base or _recorded_base(adapter, config)
    proven = _is_same_base(adapter, config, base)
    settings = {"adapter": str(adapter), "base": str(place), "dtype": dtype, "tolerance": tolerance}
    inputs = [adapter, *([Path(place)] if Path(place).is_dir() else [])]
    with stage(out, command="export merge", config=settings, inputs=inputs) as work:
        own = (adapter / "tokenizer.json").is_file() or (adapter / "tokenizer_config.json").is_file()
        tokenizer = load_tokenizer(adapter if own else place)
        stored = load_model(place, dtype="auto").dtype if dtype == "auto" else getattr(torch, dtype)
        model, modules = _load_adapted(place, adapter, rows=len(tokenizer))
        if not proven:
            _check_depth(adapter, config, place, modules, model.config.num_hidden_layers)
        prompts = _prompts(tokenizer, longest=model.config.max_position_embeddings)
        expected = _logits(model, prompts)
        say(f"merging {len(modules)} adapted layers into {place}")
        merged: PreTrainedModel = model.merge_and_unload(safe_merge=True).to(stored)  # type: ignore[operator]
        merged.save_pretrained(work.folder)
        tokenizer.save_pretrained(work.folder)
        del model
        merged = load_model(work.folder)
        found = _logits(merged, prompts)
        error = float((found - expected).norm() / expected.norm())
        name = str(stored).removeprefix("torch.")
        limit = _TOLERANCE.get(name, _TOLERANCE["float32"]) if tolerance is None else tolerance
        if not error <= limit:
            raise UserError(
                f"{adapter}: merged logits differ by {error:.2g} (relative), more than the tolerance {limit:.2g}; "
                "try --dtype float32, or a larger --tolerance"
            )
        work.counts = {
            "modules": len(modules),
            "dtype": name,
            "parameters": sum(parameter.numel() for parameter in merged.parameters()),
            "relative_logit_error": error,
            "top_tokens": {"equal": int((found.argmax(-1) == expected.argmax(-1)).sum()), "n": len(expected)},
            "tolerance": limit,
        }
    return work.counts


def read_adapter_config(adapter: Path) -> dict[str, Any]:
    """The config of an adapter folder whose weights are whole.

    Raises:
        UserError: Where it is no adapter folder, or its weights are missing, truncated or pickled.
    """
    if not adapter.is_dir():
        raise UserError(f"{adapter}: no such folder")
    if not (adapter / _CONFIG).is_file():
        raise UserError(f"{adapter}: not an adapter folder (no {_CONFIG} in it)")
    if not (adapter / _WEIGHTS).is_file():
        raise UserError(f"{adapter / _WEIGHTS}: no such file; the adapter's weights must be there as safetensors")
    check_safetensors(adapter / _WEIGHTS)
    config: dict[str, Any] = read_json(adapter / _CONFIG)
    if config.get("peft_type") != "LORA":
        raise UserError(f"{adapter / _CONFIG}: peft_type {config.get('peft_type')}; only LORA adapters can be merged")
    return config


def _recorded_base(adapter: Path, config: dict[str, Any]) -> str:
    recorded = config.get("base_model_name_or_path")
    if not recorded:
        raise UserError(f"{adapter / _CONFIG}: it names no base model; give one with --base")
    if not Path(recorded).is_dir() and (Path(recorded).is_absolute() or recorded.count("/") != 1):
        raise UserError(f"{adapter / _CONFIG}: the base model {recorded} is not there; say where it is with --base")
    return str(recorded)


def _is_same_base(adapter: Path, config: dict[str, Any], base: Path | None) -> bool:
    """Refuse a base other than the one the adapter was trained on, by content where a digest is known, else by name.

    Returns:
        Whether the content is known to be the same.
    """
    recorded = config.get("base_model_name_or_path") or ""
    manifest = adapter.parent / MANIFEST  # of the run whose `final` this is
    known = read_json(manifest).get("inputs", {}).get(recorded) if manifest.is_file() else None
    place = base or Path(recorded)
    if not place.is_dir():
        return False  # a hub name
    if known is None and base is not None and Path(recorded).is_dir():
        known = digest(Path(recorded))
    if known is not None:
        if digest(place) != known:
            what = "has changed since" if base is None else "is another model than the one"
            raise UserError(f"{place}: {what} the adapter {adapter} was trained on ({recorded})")
        return True
    if recorded and place.resolve().name != Path(recorded).name:
        raise UserError(
            f"{adapter}: made for the base model {recorded}, not {place}; if that is the same model under another "
            f"name, correct base_model_name_or_path in {adapter / _CONFIG}"
        )
    return False


def _load_adapted(base: str | Path, adapter: Path, *, rows: int) -> tuple[PeftModel, set[str]]:
    """The base in float32 with the adapter on it, and the names of the layers adapted. `rows`: the tokens its embedding must have."""
    model = load_model(base)
    embedding: Any = model.get_input_embeddings()
    if rows > embedding.weight.shape[0]:
        model.resize_token_embeddings(rows, mean_resizing=False)
    modules = _check_shapes(model, base, adapter)
    try:
        adapted = PeftModel.from_pretrained(model, str(adapter))
    except (ValueError, RuntimeError) as error:
        raise UserError(f"{adapter}: does not fit the base model {base} ({str(error).splitlines()[0]})") from None
    return adapted.eval(), modules


def _check_depth(adapter: Path, config: dict[str, Any], base: str | Path, modules: set[str], depth: int) -> None:
    """Refuse an adapter of a shallower model: its layer names are all there in a deeper one of the same width."""
    blocks = {int(match[1]) for name in modules if (match := re.search(r"\.(\d+)\.", name))}
    if blocks == set(range(len(blocks))) and 0 < len(blocks) < depth and not config.get("layers_to_transform"):
        raise UserError(
            f"{adapter}: made for another base model than {base}: it adapts {len(blocks)} blocks, the model has {depth}"
        )


def _check_shapes(model: PreTrainedModel, base: str | Path, adapter: Path) -> set[str]:
    """The names of the layers an adapter changes, all there in the base and of the right shape."""
    layers = dict(model.named_modules())
    modules = set()
    with safe_open(adapter / _WEIGHTS, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 (not a mapping)
            name, _, part = key.removeprefix("base_model.model.").rpartition(".lora_")
            if not name:
                continue
            layer: Any = layers.get(name)
            if layer is None:
                raise UserError(f"{adapter}: made for another base model than {base}, which has no layer {name}")
            rows, columns = file.get_slice(key).get_shape()
            side, width = ("in", columns) if part.startswith("A") else ("out", rows)
            expected = getattr(layer, f"{side}_features", None)
            if expected is not None and width != expected:
                raise UserError(
                    f"{adapter}: made for another base model than {base}: {name} is {expected} wide ({side}), "
                    f"the adapter {width}"
                )
            modules.add(name)
    if not modules:
        raise UserError(f"{adapter / _WEIGHTS}: no LoRA weights in it")
    return modules


def _prompts(tokenizer: PreTrainedTokenizerBase, *, longest: int) -> list[list[int]]:
    """Token ids of the fixed prompts: the built-in sentences, the first two of them also as a chat where there is a template."""
    start = [tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id]
    prompts = [start + tokenizer(sentence, add_special_tokens=False)["input_ids"] for sentence in SENTENCES]
    if tokenizer.chat_template:
        chat = [{"role": "user", "content": SENTENCES[0]}, {"role": "assistant", "content": SENTENCES[1]}]
        prompts.append(tokenizer(str(tokenizer.apply_chat_template(chat, tokenize=False)))["input_ids"])
    return [prompt[:longest] for prompt in prompts]


@torch.inference_mode()
def _logits(model: torch.nn.Module, prompts: list[list[int]]) -> torch.Tensor:
    """Logits at every token of all prompts, (tokens, vocabulary)."""
    model.eval()
    return torch.cat([model(torch.tensor([prompt])).logits[0].float() for prompt in prompts])
