"""A model of the same shape that has learned nothing: the control of what an autoencoder finds in any network fed with text."""

import torch


@torch.no_grad()
def reinitialise(model: torch.nn.Module, *, seed: int) -> None:
    """Replace every matrix of weights by Gaussian noise of the same Frobenius norm; biases and the gains of norms stay.

    With the norms matched, the activations are of the size they have in the trained model, so that what differs is what was learned
    (Heap et al. 2025, arXiv:2501.17727).

    Args:
        model: Changed in place.
        seed: Of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    for weights in model.parameters():  # of tied ones only the first
        if weights.ndim < 2:
            continue
        noise = torch.randn(weights.shape, generator=generator)
        weights.copy_(noise * (weights.float().norm().cpu() / noise.norm()))
