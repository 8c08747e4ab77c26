"""Products through oneDNN equal PyTorch's own, forward and backward."""

import pytest
import torch

from chronolect.training import onednn


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
@pytest.mark.parametrize("shape", [(12, 32), (3, 5, 32)])
def test_linear_layers_give_the_same_values_and_gradients(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(32, 24, bias=False)
    x = torch.randn(shape, requires_grad=True)
    expected = layer(x)
    expected.square().sum().backward()
    expected_grads = (x.grad.clone(), layer.weight.grad.clone())  # type: ignore[union-attr]
    x.grad = layer.weight.grad = None
    names = set(layer.state_dict())
    onednn.use_for_linear_layers(layer)
    found = layer(x)
    found.square().sum().backward()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close((x.grad, layer.weight.grad), expected_grads, rtol=1e-5, atol=1e-5)
    assert set(layer.state_dict()) == names
