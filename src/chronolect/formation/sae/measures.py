"""How well an autoencoder stands for the activations it reads.

Sums run in float64 over all tokens before anything is divided: a mean of per-token or per-batch ratios is another number, and higher or
lower by how tokens differ in norm.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from chronolect.formation.sae.active import Active, above, decode
from chronolect.formation.sae.autoencoder import SparseAutoencoder

_DENSE = 0.1


class ExplainedVariance:
    """1 - Σ|x - x̂|² / Σ|x - x̄|² over all tokens; predicting the mean gives 0, anything worse a negative number."""

    def __init__(self) -> None:
        self.tokens = 0
        self._error = 0.0
        self._square = 0.0
        self._shift: Tensor | None = None  # variances are sums around a point near the mean, lest they cancel
        self._sum: Tensor = torch.zeros(())

    def update(self, x: Tensor, x_hat: Tensor) -> None:
        """Add activations [B, d] and what stands for them [B, d]."""
        x, x_hat = x.detach().double(), x_hat.detach().double()
        if self._shift is None:
            self._shift = x.mean(dim=0)
            self._sum = torch.zeros_like(self._shift)
        centred = x - self._shift
        self.tokens += len(x)
        self._sum += centred.sum(dim=0)
        self._square += float(centred.square().sum())
        self._error += float((x - x_hat).square().sum())

    @property
    def error(self) -> float:
        """Σ|x - x̂|²."""
        return self._error

    @property
    def variance(self) -> float:
        """Σ|x - x̄|²."""
        return self._square - float(self._sum.square().sum()) / self.tokens if self.tokens else 0.0

    @property
    def value(self) -> float | None:
        """The share; None where nothing varies."""
        return 1 - self._error / self.variance if self.variance > 0 else None


@torch.no_grad()
def measure_sae(sae: SparseAutoencoder, batches: Iterable[Tensor]) -> dict[str, Any]:
    """Measures of an autoencoder at inference on batches of activations [B, d].

    Returns:
        `explained_variance`; `l0`, active latents per token; `dead_share`, latents that fire on no token, and `dense_share`, on
        more than a tenth of them; `cosine`, mean of cos(x, x̂); `l2_ratio`, mean of |x̂| / |x| (below 1: shrinkage); `tokens`.
        None for what no tokens define.
    """
    explained = ExplainedVariance()
    fired = torch.zeros(sae.config.latents, dtype=torch.int64)
    cosine = ratio = 0.0
    for batch in batches:
        x = batch.to(sae.W_enc.device).float()
        active, values = sae.active(x)
        x_hat = decode(active, values, sae.W_dec, dense=x.device.type != "cpu") + sae.b_dec / sae.scale
        explained.update(x, x_hat)
        fired += active.latents.bincount(minlength=len(fired)).cpu()
        norm, norm_hat = x.double().norm(dim=1).clamp_min(1e-30), x_hat.double().norm(dim=1)
        cosine += float(((x.double() * x_hat).sum(dim=1) / (norm * norm_hat.clamp_min(1e-30))).sum())
        ratio += float((norm_hat / norm).sum())
    tokens = explained.tokens
    if not tokens:
        return dict.fromkeys(("explained_variance", "l0", "dead_share", "dense_share", "cosine", "l2_ratio"), None) | {
            "tokens": 0
        }
    return {
        "explained_variance": explained.value,
        "l0": float(fired.sum()) / tokens,
        "dead_share": float((fired == 0).double().mean()),
        "dense_share": float((fired > _DENSE * tokens).double().mean()),
        "cosine": cosine / tokens,
        "l2_ratio": ratio / tokens,
        "tokens": tokens,
    }


@torch.no_grad()
def codes_of(sae: SparseAutoencoder, batches: Iterable[Tensor]) -> scipy.sparse.csr_matrix:
    """Activations of all latents over batches of activations [B, d]: float32 CSR [N tokens, F], latents of a token ascending."""
    counts, latents, values = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
    for batch in batches:
        z = sae.encode(batch.to(sae.W_enc.device))
        active = Active(above(z, 0.0), (z.shape[0], z.shape[1]))
        counts.append(active.token_offsets.diff().cpu().numpy())
        latents.append(active.latents.to(torch.int32).cpu().numpy())
        values.append(z.flatten()[active.places].cpu().numpy())
    indptr = np.cumsum(np.concatenate(counts))
    shape = (len(indptr) - 1, sae.config.latents)
    return scipy.sparse.csr_matrix((np.concatenate(values), np.concatenate(latents), indptr), shape=shape)
