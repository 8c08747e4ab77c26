import pytest
import torch

from chronolect.formation.analysis.cross_reconstruction import cross_reconstruction
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeConfig


def _knows(directions: torch.Tensor) -> SparseAutoencoder:
    """Reconstructs these directions and no other."""
    sae = SparseAutoencoder(directions.shape[1], SaeConfig(architecture="relu", latents=2 * len(directions), k=1))
    with torch.no_grad():
        both = torch.cat([directions, -directions])
        sae.W_dec.copy_(both)
        sae.W_enc.copy_(both.T)
    return sae


def test_each_autoencoder_explains_what_it_knows_of_each_checkpoint() -> None:
    axes = torch.eye(4)
    saes = [_knows(axes[:2]), _knows(axes)]
    noise = torch.randn(2000, 4, generator=torch.Generator().manual_seed(0))
    first = noise * torch.tensor([1.0, 1, 0, 0])
    found = cross_reconstruction(saes, [list(first.split(500)), list(noise.split(300))])
    assert found[0][0] == pytest.approx(1)
    assert found[0][1] == pytest.approx(0.5, abs=0.05)  # half of what is there at the second checkpoint
    assert found[1] == pytest.approx([1, 1])
