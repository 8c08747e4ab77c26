"""A series of autoencoders over the checkpoints of a run, and the thresholds it is judged by, which are set before the data are seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chronolect.errors import UserError
from chronolect.formation.analysis.snapshots import Snapshot

Kind = Literal["cold", "warm", "shared"]
PurityMeasure = Literal["both", "functional", "decoder"]


@dataclass(frozen=True)
class Series:
    """One autoencoder per checkpoint, all on the same probe.

    Attributes:
        condition: Under what they were trained, `base` for nothing special.
        kind: `cold` (each begun anew), `warm` (each begun from the one before), `shared` (a crosscoder).
        seed: Which of several like it.
        snapshots: In order of steps; may be read on access.
    """

    condition: str
    kind: Kind
    seed: int
    snapshots: Sequence[Snapshot]

    @property
    def group(self) -> str:
        """What series of several seeds have in common, as it is written in folders and reports."""
        return f"{self.condition}-{self.kind}"


@dataclass(frozen=True, kw_only=True)
class AnalysisSettings:
    """Thresholds of the analysis; all of them are repeated in its result.

    Args:
        window: Checkpoints back to each of which a latent must be kept, for purity; undefined before as many have passed.
        correlation: Least correlation of activations on the probe of two latents that are the same.
        cosine: Least cosine of their decoder rows.
        measure: What purity asks for: the `functional` threshold (correlation), that of the `decoder` (cosine), or `both`. Decoder rows of short
            trainings are still near where they began, and differ between seeds whose latents do the same.
        decoder_optimised: Whether training pulled decoder rows together over time, which makes every measure but the
            functional one circular: purity is then functional whatever `measure` says.
        least: Firings on the probe below which a latent is not followed.
        dense: Share of tokens from which on it is not followed either.
        ev_tolerance: Explained variance that an autoencoder may lack against its reference and count as converged.
        ce_ratio: Times the reference's loss of cross-entropy that it may have, beyond chance.
        on: Presence from which on a feature is there.
        off: Presence below which it is gone.
        hold: Consecutive checkpoints for which it must be so.
        consensus: Correlation with a latent of another seed at the same checkpoint that a feature must have to be followed.
        early: Step of the checkpoint whose features are followed forward; the one a third of the way if None.
        vanished: Look also for features that the last checkpoint no longer has.
        candidates: Pairs that each latent may offer to the assignment in large dictionaries.
        resamples: Bootstrap samples of the intervals.
        seed: Seed of those, and of the permutations.
    """

    window: int = 3
    correlation: float = 0.7
    cosine: float = 0.7
    measure: PurityMeasure = "functional"
    decoder_optimised: bool = False
    least: int = 50
    dense: float = 0.1
    ev_tolerance: float = 0.02
    ce_ratio: float = 1.1
    on: float = 0.5
    off: float = 0.3
    hold: int = 2
    consensus: float = 0.5
    early: int | None = None
    vanished: bool = True
    candidates: int = 32
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.window < 1 or self.hold < 1:
            raise UserError(f"window and hold must be at least 1 checkpoint, not {self.window} and {self.hold}")
        if not 0 <= self.off <= self.on <= 1:
            raise UserError(f"presence needs 0 <= off <= on <= 1, not off {self.off} and on {self.on}")
        for name in ("correlation", "cosine", "consensus"):
            if not -1 <= (value := getattr(self, name)) <= 1:
                raise UserError(f"{name} must lie between -1 and 1, not {value}")

    @property
    def headline(self) -> PurityMeasure:
        """The measure that purity is reported in."""
        return "functional" if self.decoder_optimised else self.measure
