"""LoRA adapters through PEFT, on plain weights or on quantised ones (QLoRA)."""

from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import PreTrainedModel

from chronolect.errors import UserError
from chronolect.models.loading import DType, load_model, stored_quantisation
from chronolect.models.quantised import load_quantised
from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import uses_bfloat16


def add_lora(model: PreTrainedModel, config: TrainingConfig) -> PeftModel:
    """Put LoRA adapters (Hu et al. 2021, arXiv:2106.09685) on the model's linear layers; only they are trained.

    Raises:
        UserError: Where no layer has one of the names in `lora_targets`.
    """
    targets: str | list[str] = "all-linear" if config.lora_targets == ["all-linear"] else config.lora_targets
    lora = LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, lora)
    except ValueError as error:
        raise UserError(f"--lora-targets {' '.join(config.lora_targets)}: {str(error).splitlines()[0]}") from error


def load_for_training(
    model: str | Path, config: TrainingConfig, *, checkpoint: Path | None, dtype: DType = "float32"
) -> PreTrainedModel | PeftModel:
    """The model a run trains: the starting model, with adapters where `lora_r` is set, and with the weights of a
    checkpoint when resuming.

    Args:
        model: The starting model: a folder or a hub name.
        config: The run's settings.
        checkpoint: The checkpoint to resume from.
        dtype: Type of the weights in memory.

    Raises:
        UserError: Where the model cannot be loaded, its folder holds quantised weights, or it has no layers for adapters.
    """
    if method := stored_quantisation(model):
        raise UserError(f"{model}: its weights are quantised already ({method}); give the model it was made from")
    if not config.lora_r:
        return load_model(checkpoint or model, dtype=dtype)
    base = _load_quantised(model, config) if config.use_4bit or config.use_8bit else load_model(model, dtype=dtype)
    if checkpoint:
        return PeftModel.from_pretrained(base, checkpoint, is_trainable=True)
    return add_lora(base, config)


def _load_quantised(model: str | Path, config: TrainingConfig) -> PreTrainedModel:
    """The model in 4 or 8 bits, frozen, what is not quantised in float32."""
    loaded = load_quantised(
        model,
        bits=4 if config.use_4bit else 8,
        compute_dtype=torch.bfloat16 if uses_bfloat16(config) else torch.float32,
        device=config.device,
    )
    # Gradient checkpointing is the loop's, which sets it up so that frozen embeddings need no hook.
    prepared: PreTrainedModel = prepare_model_for_kbit_training(loaded, use_gradient_checkpointing=False)
    return prepared
