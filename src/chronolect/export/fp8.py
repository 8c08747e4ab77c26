"""FP8 folders for vLLM, made by LLM Compressor, read back and compared with the original."""

from pathlib import Path
from typing import Annotated, Any

import torch
from cyclopts import Parameter
from transformers import PreTrainedModel

from chronolect.artifacts import stage
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.export.agreement import compare_logits, fixed_prompts, logits_of, sample_answer, say_agreement
from chronolect.export.fp8_check import fp8_differences
from chronolect.export.naming import published_name
from chronolect.models.compressed import quiet
from chronolect.models.loading import load_model, load_tokenizer, stored_quantisation

_IGNORED = "lm_head"
_LARGEST_ERROR = 0.5  # relative; rounding to FP8's 3 bits of mantissa explains a few hundredths in a trained model


def export_fp8(
    model: str,
    *,
    out: Annotated[Path | None, Parameter(alias="--output-path")] = None,
    verify: bool = True,
) -> dict[str, Any]:
    """Write a model with its weights in FP8 (E4M3) and a config that makes vLLM compute in FP8: LLM Compressor's scheme FP8_DYNAMIC.

    The linear layers but `lm_head` get one scale per output channel; their inputs are scaled per token while running, so no text is needed to
    calibrate. Embeddings, norms and output layer stay as they are. Needs no GPU, and the `fp8` extra.

    Args:
        model: Folder or hub name of the model; an adapter must be merged first.
        out: Folder to write to; by default `<name>-FP8-Dynamic` in the current folder.
        verify: Whether to read the folder back in transformers, compare its logits with the original's and show what it answers to a question.

    Returns:
        folder, layers (quantised ones), bytes {original, fp8} of the weights; where verified relative_logit_error, top_tokens {equal, n} and
        sample {prompt, answer}.

    Raises:
        UserError: For a missing, damaged or already quantised model, or one that FP8 destroys.
        ModuleNotFoundError: Without LLM Compressor.
    """
    if method := stored_quantisation(model):
        raise UserError(f"{model}: its weights are quantised already ({method}); give the model it was made from")
    place = out or Path(f"{published_name(model)}-FP8-Dynamic")
    inputs = [Path(model)] if Path(model).is_dir() else []
    with stage(place, command="export fp8", config={"model": model, "verify": verify}, inputs=inputs) as work:
        tokenizer = load_tokenizer(model)
        original = load_model(model, dtype="auto")
        prompts = fixed_prompts(tokenizer, longest=original.config.max_position_embeddings)
        layers = [name for name, module in original.named_modules() if isinstance(module, torch.nn.Linear)]
        layers = [name for name in layers if name != _IGNORED]
        before = sum(weight.numel() * weight.element_size() for weight in original.parameters())
        say(f"writing {place}")
        _quantise(original, work.folder)
        tokenizer.save_pretrained(work.folder)
        del original
        if differences := fp8_differences(work.folder, layers):
            raise UserError(
                f"{model}: the installed llmcompressor writes what vLLM does not expect: {'; '.join(differences[:3])}"
            )
        after = sum(file.stat().st_size for file in work.folder.glob("*.safetensors"))
        work.counts = {"folder": str(place), "layers": len(layers), "bytes": {"original": before, "fp8": after}}
        if verify:
            expected = logits_of(load_model(model), prompts)
            result = compare_logits(logits_of(load_model(work.folder), prompts), expected)
            if not result["relative_logit_error"] <= _LARGEST_ERROR:
                raise UserError(
                    f"{model}: its logits in FP8 differ by {result['relative_logit_error']:.2g} (relative); "
                    "its weights do not bear FP8, keep it in bfloat16"
                )
            say_agreement(f"{place} against the original", result)
            work.counts |= {**result, "sample": sample_answer(work.folder)}
        _say_what_runs_it()
    return work.counts


def _quantise(model: PreTrainedModel, folder: Path) -> None:
    """Quantise a loaded model in place and save it."""
    with quiet():
        from llmcompressor import oneshot
        from llmcompressor.modifiers.quantization import QuantizationModifier

        oneshot(model=model, recipe=QuantizationModifier(targets="Linear", scheme="FP8_DYNAMIC", ignore=[_IGNORED]))
        model.save_pretrained(folder)


def _say_what_runs_it() -> None:
    have = ""
    if torch.cuda.is_available() and torch.version.hip is None:
        major, minor = torch.cuda.get_device_capability()
        have = f" (this one: {major}.{minor})"
    say(
        f"vLLM computes in FP8 on NVIDIA GPUs of compute capability 8.9 and above, that is, Ada, Hopper and Blackwell{have}; from 7.5 on it "
        "keeps the weights in FP8 and computes in 16 bits; transformers widens them, everywhere"
    )
