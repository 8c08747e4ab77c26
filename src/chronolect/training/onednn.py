"""Float32 matrix products through oneDNN.

PyTorch's float32 products on x86 go through MKL, which leaves AVX-512 unused on processors not made by Intel: less
than half of what oneDNN reaches there, at the same precision. (Its bfloat16 products go through oneDNN already.)
"""

from functools import cache
from typing import Any

import torch


@cache
def pays_off() -> bool:
    """Whether this processor has AVX-512 and is not Intel's, where MKL is as fast."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_f")) and "Intel" not in str(capabilities.get("cpu_name", ""))


# An operator of its own, since torch.compile accepts PyTorch's one with constant weights only.
@torch.library.custom_op("chronolect::onednn_product", mutates_args=(), device_types="cpu")
def product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """`x @ weight.T` for float32 matrices on a CPU; x [..., inputs], weight [outputs, inputs], any strides."""
    result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return result


@product.register_fake
def _(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x.new_empty((*x.shape[:-1], weight.shape[0]))


class _Linear(torch.autograd.Function):
    """`x @ weight.T` with its gradients."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        x, weight = ctx.saved_tensors
        needs_x, needs_weight = ctx.needs_input_grad
        grad = grad_outputs[0]
        return (
            product(grad, weight.T) if needs_x else None,
            product(grad.flatten(0, -2).T, x.flatten(0, -2).T) if needs_weight else None,
        )


def use_for_linear_layers(model: torch.nn.Module) -> None:
    """Let the bias-free linear layers of a float32 model on a CPU compute through oneDNN; weights and classes stay."""
    for module in model.modules():
        if type(module) is torch.nn.Linear and module.bias is None:
            module.forward = _forward_of(module)  # type: ignore[method-assign]


def _forward_of(module: torch.nn.Linear) -> Any:
    def forward(x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = _Linear.apply(x, module.weight)
        return result

    return forward
