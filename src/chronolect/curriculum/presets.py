"""What the phases are trained with: the published settings (`data/curricula.yaml`), those of a size of model, and changes to them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from chronolect.errors import UserError, did_you_mean
from chronolect.training.config import CONFIG_KEYS, TrainingConfig

CURRICULA = Path(__file__).parents[1] / "data" / "curricula.yaml"
PHASES = (1, 2, 3, 4)
SELECTED = 4  # the phase of which a checkpoint is chosen by its loss

_RUN_KEYS = (
    "resume_latest",
    "resume_from_checkpoint",
    "overwrite",
    "seed",
    "device",
    "use_4bit",
)  # flags of the command
_KEYS = ("full_batch", *(key for key in CONFIG_KEYS if key not in _RUN_KEYS))
_ALIASES = {"learning_rate": "lr", "max_seq_length": "seq_len", "gradient_accumulation_steps": "accumulate"}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much a phase has to train on.

    Attributes:
        conversations: How many there are.
        longest: Tokens of the longest.
        mean: Tokens of one on average.
    """

    conversations: int
    longest: int
    mean: float


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The settings of a phase, before its data are known.

    Attributes:
        number: 1 to 4.
        settings: Fields of `TrainingConfig`, by name.
        full_batch: Whether each step is over all conversations at once.
    """

    number: int
    settings: Mapping[str, Any]
    full_batch: bool = False

    def config(self, sizes: Sizes) -> TrainingConfig:
        """The config of its run: rows as long as the longest conversation unless `seq_len` was set, a full batch in as many parts as it takes."""
        config = TrainingConfig(**{"seq_len": sizes.longest, **self.settings})
        if self.full_batch:
            config = replace(config, accumulate=math.ceil(sizes.conversations / config.batch_size))
        return config


@cache
def curricula() -> dict[str, Any]:
    """`data/curricula.yaml` as it is."""
    found: dict[str, Any] = yaml.safe_load(CURRICULA.read_text(encoding="utf-8"))
    return found


def find_preset(name: str) -> dict[str, Any]:
    """A size of model by name: model, settings, phase4, published.

    Raises:
        UserError: For an unknown name.
    """
    presets: dict[str, dict[str, Any]] = curricula()["presets"]
    if name not in presets:
        raise UserError(f"--preset {name}: unknown; one of {', '.join(presets)}{did_you_mean(name, presets)}")
    return presets[name]


def make_phases(
    preset: str | None, *, changes: Sequence[str] = (), common: Mapping[str, Any] | None = None
) -> dict[int, Phase]:
    """The four phases.

    Args:
        preset: Whose settings; None for the published ones without quantisation, as for a small model.
        changes: `KEY=VALUE` for all phases, `phase4.KEY=VALUE` for one, `phase1-3.KEY=VALUE` for some; later ones win.
        common: Settings of all phases that come from elsewhere.

    Raises:
        UserError: For an unknown preset, phase or key, and for a value that a training run refuses.
    """
    stored = curricula()
    own = find_preset(preset) if preset else {}
    settings = {
        number: {
            **stored["settings"],
            **own.get("settings", {}),
            **stored["phases"][number],
            **own.get(f"phase{number}", {}),
            **(common or {}),
        }
        for number in PHASES
    }
    for change in changes:
        numbers, key, value = _read_change(change)
        for number in numbers:
            settings[number][key] = value
    phases = {}
    for number, values in settings.items():
        full_batch = values.pop("full_batch", False)
        try:
            TrainingConfig(**values)
        except UserError as error:
            raise UserError(f"phase {number}: {error}") from None
        phases[number] = Phase(number=number, settings=values, full_batch=full_batch)
    return phases


def _read_change(change: str) -> tuple[range, str, Any]:
    """Phases, key and value of one `--set`."""
    found = re.fullmatch(r"(?:phase([1-4])(?:-([1-4]))?\.)?([^=.]+)=(.+)", change)
    if not found:
        raise UserError(f"--set {change}: expected KEY=VALUE, phase4.KEY=VALUE or phase1-3.KEY=VALUE")
    first, last, key, text = found.groups()
    key = key.replace("-", "_")
    key = _ALIASES.get(key, key)
    if key in _RUN_KEYS:
        raise UserError(f"--set {change}: {key} is a flag of its own")
    if key not in _KEYS:
        raise UserError(f"--set {change}: no setting of that name{did_you_mean(key, [*_KEYS, *_ALIASES])}")
    kind: Any = {**get_type_hints(TrainingConfig), "full_batch": bool}[key]
    kind = str if get_origin(kind) is Literal else kind  # the config itself says which words it knows
    try:
        value = TypeAdapter(kind).validate_python(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError):
        raise UserError(f"--set {change}: {text} is no value for {key}") from None
    numbers = range(1, 5) if first is None else range(int(first), int(last or first) + 1)
    return numbers, key, value
