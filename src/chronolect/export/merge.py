"""An adapter folded into its base model, after checking that they belong together and before trusting the result."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from cyclopts import Parameter
from peft import PeftModel
from safetensors import safe_open
from transformers import PreTrainedModel

from chronolect.artifacts import MANIFEST, digest, read_json, stage
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.export.agreement import compare_logits, fixed_prompts, logits_of, sample_answer, say_agreement
from chronolect.models.hub import is_hub_name
from chronolect.models.loading import check_safetensors, load_model, load_tokenizer, stored_quantisation
from chronolect.models.quantised import load_quantised

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Largest relative logit error that rounding the weights to the type explains, with room to spare.
_TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
# What holding the base in so many bits explains. Beyond it the merged model is another than the one that was trained, and that is said.
_QUANTISED_TOLERANCE = {4: 0.4, 8: 0.1}


def export_merge(
    adapter: Annotated[Path, Parameter(alias="--lora-path")],
    *,
    out: Annotated[Path, Parameter(alias="--output-path")],
    base: Annotated[str | Path | None, Parameter(alias="--base-model")] = None,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    tolerance: float | None = None,
    verify: bool = False,
) -> dict[str, Any]:
    """Fold a PEFT adapter into its base model, and compare the logits of the two forms.

    The result is a model folder with the adapter's tokenizer and chat template (the base's where the adapter has none). The logits of base and
    adapter in float32 are compared with those of the folder read back. An adapter trained on 4-bit or 8-bit weights goes into the full ones;
    then the folder is compared with what was trained, too: the quantised base with the adapter.

    Args:
        adapter: Adapter folder, such as `final` of a run with --lora-r.
        out: Folder to write the merged model to.
        base: Folder or hub name of the base model, where it is no longer where the adapter says; it must be the same model.
        dtype: Type of the merged weights; `auto` keeps the base's.
        tolerance: Largest relative logit error that passes; by default 1e-4 for float32, 0.01 for float16, 0.05 for bfloat16.
        verify: Whether to show the comparison and what the merged model answers to a question.

    Returns:
        modules (adapted layers), dtype, parameters, relative_logit_error, top_tokens {equal, n}, tolerance; "trained_on" {bits,
        relative_logit_error, top_tokens, tolerance} for an adapter trained on quantised weights; "sample" {prompt, answer} where verified.

    Raises:
        UserError: No adapter, an adapter of another base, or logits that differ by more than the tolerance.
    """
    config = read_adapter_config(adapter)
    place = str(base) if base is not None else _recorded_base(adapter, config)
    if method := stored_quantisation(place):
        raise UserError(f"{place}: its weights are quantised ({method}); give the model it was made from with --base")
    proven = _is_same_base(adapter, config, place, given=base is not None)
    settings = {"adapter": str(adapter), "base": place, "dtype": dtype, "tolerance": tolerance, "verify": verify}
    inputs = [adapter, *([Path(place)] if Path(place).is_dir() else [])]
    with stage(out, command="export merge", config=settings, inputs=inputs) as work:
        own = (adapter / "tokenizer.json").is_file() or (adapter / "tokenizer_config.json").is_file()
        tokenizer = load_tokenizer(adapter if own else place)
        stored = load_model(place, dtype="auto").dtype if dtype == "auto" else getattr(torch, dtype)
        bits = _trained_bits(adapter)
        model = load_model(place)
        modules = _check_shapes(model, place, adapter)
        adapted = _put_on(model, adapter, place, rows=len(tokenizer))
        if not proven:
            _check_depth(adapter, config, place, modules, model.config.num_hidden_layers)
        prompts = fixed_prompts(tokenizer, longest=model.config.max_position_embeddings)
        expected = logits_of(adapted, prompts)
        say(f"merging {len(modules)} adapted layers into {place}")
        merged: PreTrainedModel = adapted.merge_and_unload(safe_merge=True).to(stored)  # type: ignore[operator]
        merged.save_pretrained(work.folder)
        tokenizer.save_pretrained(work.folder)
        del adapted, model
        merged = load_model(work.folder)
        found = logits_of(merged, prompts)
        result = compare_logits(found, expected)
        parameters = sum(parameter.numel() for parameter in merged.parameters())
        del merged
        error, name = result["relative_logit_error"], str(stored).removeprefix("torch.")
        limit = _TOLERANCE.get(name, _TOLERANCE["float32"]) if tolerance is None else tolerance
        if not error <= limit:
            raise UserError(
                f"{adapter}: merged logits differ by {error:.2g} (relative), more than the tolerance {limit:.2g}; "
                "try --dtype float32, or a larger --tolerance"
            )
        work.counts = {"modules": len(modules), "dtype": name, "parameters": parameters, **result, "tolerance": limit}
        if verify:
            say_agreement(f"merged against base and adapter (tolerance {limit:.2g})", result)
        if bits and find_spec("bitsandbytes") is None:
            say(f"not compared with the {bits}-bit base it was trained on: that takes pip install 'chronolect[quant]'")
        elif bits:
            quantised = _put_on(load_quantised(place, bits=bits, device="cpu"), adapter, place, rows=len(tokenizer))
            trained_on = compare_logits(found, logits_of(quantised, prompts))
            del quantised
            allowed = _QUANTISED_TOLERANCE[bits]
            work.counts["trained_on"] = {"bits": bits, **trained_on, "tolerance": allowed}
            if verify or trained_on["relative_logit_error"] > allowed:
                say_agreement(
                    f"merged against the {bits}-bit base and adapter (expected up to {allowed:.2g})", trained_on
                )
        if verify:
            work.counts["sample"] = sample_answer(work.folder)
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
    if not Path(recorded).is_dir() and not is_hub_name(recorded):
        raise UserError(f"{adapter / _CONFIG}: the base model {recorded} is not there; say where it is with --base")
    return str(recorded)


def _is_same_base(adapter: Path, config: dict[str, Any], base: str, *, given: bool) -> bool:
    """Refuse a base other than the one the adapter was trained on, by content where a digest is known, else by name.

    Returns:
        Whether the content is known to be the same.
    """
    recorded = config.get("base_model_name_or_path") or ""
    manifest = adapter.parent / MANIFEST  # of the run whose `final` this is
    known = read_json(manifest).get("inputs", {}).get(recorded) if manifest.is_file() else None
    place = Path(base)
    if known is None and given and Path(recorded).is_dir():
        known = digest(Path(recorded))
    if known is not None and place.is_dir():
        if digest(place) != known:
            what = "is another model than the one" if given else "has changed since"
            raise UserError(f"{place}: {what} the adapter {adapter} was trained on ({recorded})")
        return True
    if recorded and place.resolve().name != Path(recorded).name:
        raise UserError(
            f"{adapter}: made for the base model {recorded}, not {base}; if that is the same model under another "
            f"name, correct base_model_name_or_path in {adapter / _CONFIG}"
        )
    return False


def _trained_bits(adapter: Path) -> Literal[4, 8] | None:
    """In how many bits the run that made the adapter held the base; None for plain weights, or where no run's config is beside it."""
    record = adapter.parent / "config.json"
    config = read_json(record).get("config", {}) if record.is_file() else {}
    return 4 if config.get("use_4bit") else 8 if config.get("use_8bit") else None


def _put_on(model: PreTrainedModel, adapter: Path, base: str, *, rows: int) -> PeftModel:
    """The model with the adapter on it, after giving its embedding as many rows as the tokenizer has tokens."""
    embedding: Any = model.get_input_embeddings()
    if rows > embedding.weight.shape[0]:
        model.resize_token_embeddings(rows, mean_resizing=False)
    try:
        adapted = PeftModel.from_pretrained(model, str(adapter))
    except (ValueError, RuntimeError) as error:
        raise UserError(f"{adapter}: does not fit the base model {base} ({str(error).splitlines()[0]})") from None
    return adapted.eval()


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
