"""How a token finds the layer at which it is read."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from chronolect.errors import UserError, did_you_mean

Mode = Literal["advantage", "paper", "random", "fixed"]
Normalise = Literal["layer", "token"]
Pooling = Literal["mean", "sum"]
Mixing = Literal["hard", "soft"]
Warmup = Literal["random", "soft"]


@dataclass(frozen=True, kw_only=True)
class RouteConfig:
    """The form and the training of a router.

    Args:
        mode: `advantage`: the router learns at which layer a token is reconstructed better than is usual for that layer. `paper`: as in
            RouteSAE (Shi et al. 2025, arXiv:2503.08200): input and target are the chosen state times its probability, and the
            router learns from nothing else. `random` and `fixed` do without a router, to compare with.
        fixed_layer: Block that `fixed` reads, one of the routed.
        normalise: Before routing each state is divided by its `layer`'s root mean square, or each `token`'s state is
            standardised over its dimensions (the default of `paper`), which forgets its norm.
        pooling: What the router reads of the normalised states of a token: their `mean`, or their `sum` (the default of `paper`).
        mixing: What is encoded while training: the state of highest probability (`hard`), or the mean weighted by the
            probabilities (`soft`). Afterwards it is always one state.
        temperature: The router's logits are divided by it.
        warmup_steps: First steps, in which every layer is seen, whatever the router says.
        warmup: By reading a `random` layer, or the `soft` mixture.
        balance: Weight of the load balance, layers · Σ (share of tokens · mean probability) (Fedus et al. 2021,
            arXiv:2101.03961), which is least for even use. 0.01; with `paper` 0.
        advantage: Weight of the router's own loss in mode `advantage`.
        errors_every: That loss is taken every so many steps, for it encodes every layer's states,
        errors_tokens: of at most so many tokens.
        straight_through: In mode `advantage`, let the reconstruction's gradient, too, reach the probability of the chosen layer.
        seed: Seed of the router's weights and of random layers; private generators.
    """

    mode: Mode = "advantage"
    fixed_layer: int | None = None
    normalise: Normalise | None = None
    pooling: Pooling | None = None
    mixing: Mixing = "hard"
    temperature: float = 1.0
    warmup_steps: int = 0
    warmup: Warmup = "random"
    balance: float | None = None
    advantage: float = 5.0
    errors_every: int = 1
    errors_tokens: int = 128
    straight_through: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for key, value, known in (
            ("mode", self.mode, get_args(Mode)),
            ("normalise", self.normalise, (None, *get_args(Normalise))),
            ("pooling", self.pooling, (None, *get_args(Pooling))),
            ("mixing", self.mixing, get_args(Mixing)),
            ("warmup", self.warmup, get_args(Warmup)),
        ):
            if value not in known:
                names = [name for name in known if name]
                raise UserError(
                    f"routing: {key} {value} is not known; one of {', '.join(names)}{did_you_mean(str(value), names)}"
                )
        if (self.mode == "fixed") != (self.fixed_layer is not None):
            raise UserError("routing: fixed_layer belongs to mode fixed: give both or neither")
        if self.temperature <= 0:
            raise UserError(f"routing: the temperature must be above 0, not {self.temperature}")
        for key, count in (("errors_every", self.errors_every), ("errors_tokens", self.errors_tokens)):
            if count < 1:
                raise UserError(f"routing: {key} must be at least 1, not {count}")
        defaults: dict[str, Any] = (
            {"normalise": "token", "pooling": "sum", "balance": 0.0}
            if self.mode == "paper"
            else {"normalise": "layer", "pooling": "mean", "balance": 0.01}
        )
        for key, default in defaults.items():
            if getattr(self, key) is None:
                object.__setattr__(self, key, default)

    @property
    def learns(self) -> bool:
        """Whether there is a router to train."""
        return self.mode in ("advantage", "paper")


def middle_layers(num_layers: int) -> list[int]:
    """Blocks from a quarter to three quarters of the depth, both included: those that RouteSAE routes among.

    >>> middle_layers(16)
    [4, 5, 6, 7, 8, 9, 10, 11, 12]
    """
    return list(range(num_layers // 4, min(3 * num_layers // 4, num_layers - 1) + 1))
