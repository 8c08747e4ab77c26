"""Making a model ready to be trained: attention, recomputation, kernels, compilation, placement on the processes."""

from functools import partial
from typing import Any

import torch
from accelerate import Accelerator
from peft import PeftModel
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts
from transformers import PreTrainedModel

from chronolect.console import say
from chronolect.training import onednn
from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import choose_attention
from chronolect.training.sharding import is_sharded, shard

# What `--recompute cheap` keeps: results that are dear to compute again for the memory they take.
_DEAR = frozenset(
    {
        torch.ops.aten.mm.default,
        torch.ops.aten.bmm.default,
        torch.ops.aten.addmm.default,
        torch.ops.aten._scaled_dot_product_flash_attention.default,
        torch.ops.aten._scaled_dot_product_efficient_attention.default,
        torch.ops.aten._scaled_dot_product_cudnn_attention.default,
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default,
        torch.ops.chronolect.onednn_product.default,
    }
)


def prepare(model: PreTrainedModel | PeftModel, config: TrainingConfig, accelerator: Accelerator) -> torch.nn.Module:
    """Set up a model as the settings say and place it: on the device, replicated or sharded over the processes."""
    plain: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    plain.config.max_position_embeddings = max(plain.config.max_position_embeddings, config.seq_len)
    blocks = plain.get_decoder().layers
    if config.liger:
        _use_liger(plain, accelerator)
    if config.gradient_checkpointing:
        _recompute(plain, blocks, config.recompute)
    if config.compile:
        for block in blocks:
            block.compile()  # block by block: all share one compilation
    if attention := choose_attention(config, accelerator):
        plain.set_attn_implementation(attention)
    in_float32_on_cpu = accelerator.device.type == "cpu" and accelerator.mixed_precision != "bf16"
    if in_float32_on_cpu and onednn.pays_off():
        onednn.use_for_linear_layers(plain)
    model.train()
    if is_sharded(config, accelerator):
        shard(model, blocks, accelerator)
        return model
    prepared: torch.nn.Module = accelerator.prepare(model)
    return prepared


def _recompute(plain: Any, blocks: Any, rule: str) -> None:
    """Recompute activations of the blocks that `rule` names (Chen et al. 2016, arXiv:1604.06174)."""
    plain.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if rule.startswith("every-"):
        every = int(rule.removeprefix("every-"))
        for index, block in enumerate(blocks):
            block.gradient_checkpointing = index % every == 0
    if rule == "cheap":
        contexts = partial(create_selective_checkpoint_contexts, _keep_or_recompute)
        for block in blocks:
            block._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False, context_fn=contexts)


def _keep_or_recompute(context: Any, operator: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operator in _DEAR else CheckpointPolicy.PREFER_RECOMPUTE


def _use_liger(plain: PreTrainedModel, accelerator: Accelerator) -> None:
    """Liger's kernels (Hsu et al. 2024, arXiv:2410.10989), without its losses: the objectives have their own."""
    if accelerator.device.type != "cuda":
        if accelerator.is_main_process:
            say(f"--liger: its kernels need CUDA; on {accelerator.device.type} training goes on without them")
        return
    import liger_kernel  # noqa: F401 (missing, it names itself, and the command names the extra)
    from transformers.integrations.liger import apply_liger_kernel

    apply_liger_kernel(plain, {"cross_entropy": False, "fused_linear_cross_entropy": False})
