"""The model as it was before unlearning, which several objectives measure against."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from peft import PeftModel


class StartModel:
    """The start model at no cost where the weights under adapters are untouched, else a frozen copy.

    Args:
        model: The model with its starting weights, before it is wrapped or trained.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self._copy: torch.nn.Module | None = None
        if not isinstance(model, PeftModel):
            self._copy = copy.deepcopy(model).eval().requires_grad_(False)

    @staticmethod
    @contextmanager
    def unadapted(model: torch.nn.Module) -> Iterator[None]:
        """The model without its adapters, where it has any."""
        with model.disable_adapter() if isinstance(model, PeftModel) else nullcontext():
            yield

    @contextmanager
    def of(self, model: torch.nn.Module) -> Iterator[Any]:
        """The start model, for a forward pass without gradients. `model` is the one in training, wrapped or not."""
        with torch.no_grad():
            if self._copy is not None:
                device = next(model.parameters()).device
                yield self._copy.to(device)
                return
            bare: Any = getattr(model, "module", model)
            was_training = bare.training
            frozen = [parameter for parameter in bare.parameters() if not parameter.requires_grad]
            bare.eval()
            with bare.disable_adapter():
                yield bare
            bare.train(was_training)
            for parameter in frozen:  # PEFT makes all adapters trainable that it switches on again
                parameter.requires_grad_(False)
