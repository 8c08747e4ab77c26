"""The sparse computation against the dense formulas it stands for."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from chronolect.formation.sae.active import Active, above, decode, encode, largest_of_batch, largest_of_tokens

B, D, F = 40, 12, 30


def tensors(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((B, D), (D, F), (F,), (F, D))
    return tuple(torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes)


def mask_of(places: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    mask = torch.zeros(shape.numel(), dtype=torch.bool)
    mask[places] = True
    return mask.view(shape)


@pytest.mark.parametrize("count", [1, 40, 400, 700, B * F])
@pytest.mark.parametrize("shift", [0.0, -1.5, 5.0, -100.0])
def test_the_largest_of_a_batch_are_exactly_those(count: int, shift: float) -> None:
    pre = torch.randn(B, F, generator=torch.Generator().manual_seed(1)) + shift
    pre[0] += 3  # tokens differ
    places = largest_of_batch(pre, count)
    expected = pre.flatten().sort(descending=True).indices[:count]
    expected = expected[pre.flatten()[expected] > 0].sort().values
    assert torch.equal(places, expected)


def test_the_largest_of_a_batch_where_the_sampled_tokens_mislead() -> None:
    """A bound from tokens much stronger than the rest leaves too few candidates."""
    pre = torch.rand(640, F, generator=torch.Generator().manual_seed(1))
    pre[::10] += 100
    for count in (640 * 3, 640 * 5):
        expected = pre.flatten().topk(count).indices.sort().values
        assert torch.equal(largest_of_batch(pre, count), expected)


def test_bits_order_what_numpy_cannot_compare() -> None:
    pre = (3 * torch.randn(B, F, generator=torch.Generator().manual_seed(1))).bfloat16()
    pre[0, :3] = torch.tensor([0.0, -0.0, 1e-30])
    for bound in (0.0, 1e-30, 0.5, 3.0):
        rounded = float(torch.tensor(bound).bfloat16())
        assert torch.equal(above(pre, bound), (pre.flatten() > rounded).nonzero()[:, 0])


def test_the_largest_of_each_token() -> None:
    pre = torch.randn(B, F, generator=torch.Generator().manual_seed(1)) - 1
    mask = mask_of(largest_of_tokens(pre, 5), pre.shape)
    for row, chosen in zip(pre, mask, strict=True):
        assert set(chosen.nonzero().flatten().tolist()) == {int(i) for i in row.topk(5).indices if row[i] > 0}


def test_above() -> None:
    pre = torch.tensor([[0.5, 1.0, 2.0], [3.0, -1.0, 1.5]])
    assert above(pre, 1.0).tolist() == [2, 3, 5]


def test_pairs_and_their_orders() -> None:
    active = Active(torch.tensor([1, 2, 7, 8]), (3, 3))
    assert active.tokens.tolist() == [0, 0, 2, 2]
    assert active.latents.tolist() == [1, 2, 1, 2]
    assert active.token_offsets.tolist() == [0, 2, 2, 4]
    order, offsets = active.by_latent
    assert order.tolist() == [0, 2, 1, 3]
    assert offsets.tolist() == [0, 0, 2, 4]
    assert active.fired().tolist() == [False, True, True]


SELECTIONS: list[Callable[[torch.Tensor], torch.Tensor]] = [
    partial(largest_of_batch, count=4 * B),
    partial(largest_of_tokens, k=4),
    partial(above, threshold=0.0),
    partial(above, threshold=1e9),
]


@pytest.mark.parametrize("select", SELECTIONS)
@pytest.mark.parametrize("dense", [False, True])
def test_values_and_all_gradients_are_those_of_plain_autograd(
    select: Callable[[torch.Tensor], torch.Tensor], dense: bool
) -> None:
    x, w_enc, b_enc, w_dec = tensors()
    noise = torch.randn(B, F, generator=torch.Generator().manual_seed(5))
    active, values = encode(x, w_enc, b_enc, select, noise=noise, dense=dense)
    y = decode(active, values.relu() ** 2, w_dec, dense=dense)
    loss = (y - x).square().sum() + values.sum()
    found = torch.autograd.grad(loss, (x, w_enc, b_enc, w_dec))

    x, w_enc, b_enc, w_dec = tensors()
    pre = x @ w_enc + b_enc + noise
    z = pre * mask_of(select(pre.detach()), pre.shape)
    expected_y = (z.relu() ** 2) @ w_dec
    expected_loss = (expected_y - x).square().sum() + z.sum()
    expected = torch.autograd.grad(expected_loss, (x, w_enc, b_enc, w_dec))
    torch.testing.assert_close(y, expected_y, rtol=1e-4, atol=1e-4)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


def test_a_gradient_that_is_the_same_everywhere_is_one_too() -> None:
    """Of a plain sum: it comes without memory of its own."""
    x, w_enc, b_enc, w_dec = tensors()
    active, values = encode(x, w_enc, b_enc, partial(largest_of_tokens, k=2), noise=None, dense=False)
    decode(active, values, w_dec, dense=False).sum().backward()
    expected = torch.zeros(F).index_add(0, active.latents, values.detach())
    assert w_dec.grad is not None
    torch.testing.assert_close(w_dec.grad, expected[:, None].expand(F, D))


def test_gradients_by_finite_differences() -> None:
    x, w_enc, b_enc, w_dec = tensors(torch.float64)
    places = largest_of_batch((x @ w_enc + b_enc).detach(), 3 * B)

    def function(x: torch.Tensor, w_enc: torch.Tensor, b_enc: torch.Tensor, w_dec: torch.Tensor) -> torch.Tensor:
        active, values = encode(x, w_enc, b_enc, lambda _: places, noise=None, dense=False)
        return decode(active, values, w_dec, dense=False)

    assert torch.autograd.gradcheck(function, (x, w_enc, b_enc, w_dec), fast_mode=True)
