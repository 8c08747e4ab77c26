"""What a language model loses when its residual stream passes through a sparse autoencoder.

Shapes: input ids [rows, tokens], stream [rows, tokens, d].
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.reading.activations import SINK_RATIO
from chronolect.formation.reading.residuals import capture, read_residuals, replace

Batch = Tensor | tuple[Tensor, Tensor]
Substitute = Callable[[Tensor], Tensor]  # float32 [n, d] -> [n, d]
Plan = Callable[[Mapping[int, Tensor], Tensor], dict[int, tuple[Tensor, Sequence[Substitute]]]]


def splice_measures(
    model: torch.nn.Module, layer: int, saes: Sequence[Substitute], batches: Sequence[Batch]
) -> list[dict[str, Any]]:
    """Cross-entropy with the stream after one block replaced by its reconstruction, and by zeros and by its mean for comparison.

    Attention sinks and tokens outside the mask pass as they are: the autoencoder is not for them.

    Args:
        model: A causal language model.
        layer: Block after which the stream is replaced, counted from 0.
        saes: Each a `SparseAutoencoder`, or any function from activations float32 [n, d] to what replaces them; each is tried by itself, and
            what the model does without is worked out once for all.
        batches: int64 input ids [rows, tokens], or pairs of them and a bool mask of the tokens that count (no padding, which
            is at the end of rows; no start of text). They are gone through twice, the first time for the mean.

    Returns:
        For each of `saes` means over the predictions of tokens that count, in nats: `ce` of the model as it is, `ce_spliced`, `ce_zero` and
        `ce_mean` (ablated at the same places), `delta_ce` = ce_spliced - ce and `delta_ce_se`, its standard error over rows (None for one),
        `kl` of the spliced prediction from the model's own, `loss_recovered_zero` and `loss_recovered_mean` = (ablated - spliced) / (ablated -
        ce), None where the ablation does no harm; `tokens` (predictions) and `replaced` (places).

    Raises:
        UserError: Where the model has not such a layer, or no token counts.
    """

    def plan(streams: Mapping[int, Tensor], counted: Tensor) -> dict[int, tuple[Tensor, Sequence[Substitute]]]:
        return {layer: (counted & ~sinks(streams[layer], counted), saes)}

    return measure_splices(model, [layer], plan, batches)


def sinks(stream: Tensor, counted: Tensor) -> Tensor:
    """Tokens whose norm is above ten times the median of those that count; bool [rows, tokens]."""
    norms = stream.float().norm(dim=-1)
    return norms > SINK_RATIO * norms[counted].median()


@dataclass
class _Spliced:
    """Totals of one substitute."""

    ce: float = 0.0
    kl: float = 0.0
    by_row: list[Tensor] = field(default_factory=list)  # what is lost in each row, double


@torch.no_grad()
def measure_splices(
    model: torch.nn.Module, layers: Sequence[int], plan: Plan, batches: Sequence[Batch]
) -> list[dict[str, Any]]:
    """As `splice_measures`, at several layers at once.

    Args:
        model: A causal language model.
        layers: Blocks whose streams the plan wants to see.
        plan: From those streams in the model's ordinary pass, by layer, and the mask of what counts: by layer, at which tokens the
            stream is replaced, and the functions that do so, one for each thing that is tried (of the stream as it then is, which
            replacements at earlier layers have changed).
        batches: As for `splice_measures`.
    """
    training = model.training
    model.eval()
    try:
        means = _means(model, layers, plan, batches)
        totals = dict.fromkeys(("ce", "ce_zero", "ce_mean"), 0.0)
        tried: list[_Spliced] = []
        rows: list[Tensor] = []  # predictions in each row
        replaced = 0
        for ids, counted in _with_masks(model, batches):
            keep = counted[:, 1:]
            clean, splices = _clean_pass(model, layers, plan, ids, counted)
            predicted, targets = _log_probabilities(clean, keep), ids[:, 1:][keep]
            losses = _losses(predicted, targets)
            totals["ce"] += float(losses.sum())
            places = {layer: chosen for layer, (chosen, _) in splices.items()}
            pass_with = partial(_pass_with, model, ids, keep, places)
            zeros = pass_with(dict.fromkeys(splices, torch.zeros_like))
            totals["ce_zero"] += float(_losses(zeros, targets).sum())
            mean = pass_with({layer: mean.expand_as for layer, mean in means.items()})
            totals["ce_mean"] += float(_losses(mean, targets).sum())
            alternatives = list(zip(*(changes for _, changes in splices.values()), strict=True))
            tried = tried or [_Spliced() for _ in alternatives]
            for one, changes in zip(tried, alternatives, strict=True):
                found = pass_with(dict(zip(splices, changes, strict=True)))
                with_it = _losses(found, targets)
                one.ce += float(with_it.sum())
                one.kl += float((predicted.exp() * (predicted - found)).sum(dim=-1).cpu().double().sum())
                one.by_row.append(_by_row(with_it - losses, keep))
            rows.append(keep.sum(dim=1).cpu().double())
            replaced += sum(int(chosen.sum()) for chosen in places.values())
    finally:
        model.train(training)
    sizes = torch.cat(rows) if rows else torch.zeros(0)
    if not (tokens := int(sizes.sum())):
        raise UserError(
            "no token to predict is left of the rows that a reconstruction is to be spliced into; give longer ones"
        )
    ce = {name: total / tokens for name, total in totals.items()}
    return [
        {
            **ce,
            "ce_spliced": one.ce / tokens,
            "delta_ce": one.ce / tokens - ce["ce"],
            "delta_ce_se": _standard_error(torch.cat(one.by_row), sizes),
            "kl": one.kl / tokens,
            "loss_recovered_zero": _recovered(ce["ce"], one.ce / tokens, ce["ce_zero"]),
            "loss_recovered_mean": _recovered(ce["ce"], one.ce / tokens, ce["ce_mean"]),
            "tokens": tokens,
            "replaced": replaced,
        }
        for one in tried
    ]


def _with_masks(model: torch.nn.Module, batches: Sequence[Batch]) -> Iterator[tuple[Tensor, Tensor]]:
    device = next(model.parameters()).device
    for batch in batches:
        ids, counted = (batch, torch.ones_like(batch)) if isinstance(batch, Tensor) else batch
        yield ids.to(device), counted.to(device).bool()


def _clean_pass(
    model: torch.nn.Module, layers: Sequence[int], plan: Plan, ids: Tensor, counted: Tensor
) -> tuple[Tensor, dict[int, tuple[Tensor, Sequence[Substitute]]]]:
    with capture(model, layers) as streams:
        logits: Tensor = model(input_ids=ids, use_cache=False).logits
    return logits, plan(streams.found, counted)


def _pass_with(
    model: torch.nn.Module, ids: Tensor, keep: Tensor, places: Mapping[int, Tensor], changes: Mapping[int, Substitute]
) -> Tensor:
    """Log-probabilities of the kept predictions where the stream is replaced."""
    with _replaced(model, places, changes):
        logits: Tensor = model(input_ids=ids, use_cache=False).logits
    return _log_probabilities(logits, keep)


def _means(model: torch.nn.Module, layers: Sequence[int], plan: Plan, batches: Sequence[Batch]) -> dict[int, Tensor]:
    """Mean of the stream at the places that the plan replaces, float32 [d] by layer."""
    sums: dict[int, Tensor] = {}
    counts: dict[int, int] = {}
    for ids, counted in _with_masks(model, batches):
        stacked = read_residuals(model, layers, ids)
        streams = {layer: stacked[:, :, place] for place, layer in enumerate(layers)}
        for layer, (chosen, _) in plan(streams, counted).items():
            found = streams[layer][chosen].double()
            sums[layer] = sums.get(layer, 0.0) + found.sum(dim=0)
            counts[layer] = counts.get(layer, 0) + len(found)
    return {layer: (total / max(counts[layer], 1)).float() for layer, total in sums.items()}


@contextmanager
def _replaced(
    model: torch.nn.Module, places: Mapping[int, Tensor], changes: Mapping[int, Substitute]
) -> Iterator[None]:
    def at(chosen: Tensor, change: Substitute) -> Substitute:
        def changed(stream: Tensor) -> Tensor:
            stream = stream.clone()
            stream[chosen] = change(stream[chosen].float()).to(stream.dtype)
            return stream

        return changed

    with ExitStack() as stack:
        for layer, chosen in places.items():
            stack.enter_context(replace(model, layer, at(chosen, changes[layer])))
        yield


def _log_probabilities(logits: Tensor, keep: Tensor) -> Tensor:
    return logits[:, :-1][keep].float().log_softmax(dim=-1)


def _losses(predicted: Tensor, targets: Tensor) -> Tensor:
    """Of each prediction, double [n], on the processor."""
    return -predicted.gather(1, targets[:, None])[:, 0].cpu().double()


def _by_row(values: Tensor, keep: Tensor) -> Tensor:
    """Sums over the kept places of each row, double [rows]; values [n] are in their order."""
    return torch.zeros(len(keep), dtype=values.dtype).index_add(0, keep.nonzero()[:, 0].cpu(), values)


def _standard_error(sums: Tensor, sizes: Tensor) -> float | None:
    """Of the mean over all places, from rows drawn as wholes: sums and numbers of places [rows]."""
    rows = int((sizes > 0).sum())
    if rows < 2:
        return None
    off = sums - sums.sum() / sizes.sum() * sizes
    return float((off.square().sum() * rows / (rows - 1)).sqrt() / sizes.sum())


def _recovered(ce: float, spliced: float, ablated: float) -> float | None:
    return (ablated - spliced) / (ablated - ce) if ablated > ce else None
