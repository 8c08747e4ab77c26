"""What a configuration comes to: the settings of the one training loop, of what is followed, of the data, and of the places and limits of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from chronolect.formation.online.config import FormationConfig
from chronolect.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The model a run starts from.

    Attributes:
        type: Its name in the configuration.
        place: Folder or hub name; None for a new one of `shape`.
        is_local: Whether it is a folder.
        fresh: Give it random weights.
        shape: Of a new one, as flags of `train pretrain`.
        tokenizer: Folder or hub name; None for the model's own, or for one trained on the data.
        vocab_size: Of the latter.
    """

    type: str
    place: str | None
    is_local: bool
    fresh: bool
    shape: Mapping[str, Any]
    tokenizer: str | None
    vocab_size: int


@dataclass(frozen=True, kw_only=True)
class DataChoice:
    """What a run trains on.

    Attributes:
        packed: A packed corpus, in place of all that follows.
        sources: Places, by name or not.
        ratios: Shares of the tokens by name.
        tokens: Training tokens the run has use for.
        exhausted: What happens where a source ends.
        allow_missing: Whether a source may be missing.
        train_split: Share of the documents to train on.
        val_split: Share that is held out.
        order: `documents` permuted each epoch, or `none`: as they lie in the mix.
        threads: Threads that tokenize; 0 for all there are.
        prompts: Beginnings of held-out documents that are continued at every evaluation.
    """

    packed: Path | None
    sources: list[str] | dict[str, str]
    ratios: dict[str, float]
    tokens: int
    exhausted: Literal["stop", "repeat"]
    allow_missing: bool
    train_split: float
    val_split: float
    order: Literal["documents", "none"]
    threads: int
    prompts: int


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """Where a run can be watched.

    Attributes:
        level: Least important lines that the console shows; the log file has all.
        environment: Variables that Weights & Biases reads.
        page: Whether an HTML page is written at the end.
    """

    level: str
    environment: Mapping[str, str]
    page: bool


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """One run.

    Attributes:
        name: Of the experiment.
        description: Of the experiment.
        tags: Of the experiment.
        model: What is trained.
        data: On what.
        training: How.
        formation: What is followed; None for a run with nothing of the kind.
        measures: Which of `perplexity`, `loss` and `temporal_purity` the report has.
        out: The run's folder.
        checkpoint_dir: Where its checkpoints are also to be found.
        log_dir: Where its logs are also to be found.
        monitoring: Where it can be watched.
        deterministic: Whether PyTorch is held to algorithms that give the same bits each time.
        max_memory_gb: Memory it may take.
        max_training_hours: Time after which it saves and stops.
        needs: Packages it needs besides (`colab.install_requirements`).
        ablations: Runs beside it, by name.
        warnings: What a reader ought to know before it starts.
        settings: The values it was resolved from, flat.
    """

    name: str
    description: str
    tags: tuple[str, ...]
    model: ModelChoice
    data: DataChoice
    training: TrainingConfig
    formation: FormationConfig | None
    measures: tuple[str, ...]
    out: Path
    checkpoint_dir: Path | None
    log_dir: Path
    monitoring: Monitoring
    deterministic: bool
    max_memory_gb: float | None
    max_training_hours: float | None
    needs: tuple[str, ...] = ()
    ablations: Mapping[str, "RunPlan"] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
