"""The tables of memory, time and data that the seeds print, beside this planner's figures, row by row with the reason where they differ.

docs/planning.md shows them as `tables()` writes them; a test holds it to that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chronolect.planning.devices import find_device
from chronolect.planning.memory import Step, plan_memory
from chronolect.planning.shapes import find_shape, known_models
from chronolect.planning.throughput import TOKENS_PER_WEIGHT, flops_per_token
from chronolect.training.config import TrainingConfig

DAY = 86_400.0
CORPUS = 1.94e9  # tokens of the packed corpus that they report
_SIZES = {
    "125M": "124m",
    "350M": "smollm2-360m",
    "1B": "tinyllama-1.1b",
    "3B": "Llama-3.2-3B-Instruct",
    "7B": "Mistral-7B-Instruct-v0.3",
}
# GB of float32 training, lowest and highest GB of mixed precision.
_MEMORY = {"125M": (2, 1.5, 1.5), "350M": (5, 4, 4), "1B": (20, 15, 20), "3B": (60, 50, 65), "7B": (140, 110, 130)}
# tokens/s, lowest and highest, at 25 to 35 % of 25 TFLOP/s.
_SPEED = {"125M": (8_000, 12_000), "350M": (3_000, 5_000), "1B": (1_000, 1_700), "3B": (350, 600)}
_CHINCHILLA = {"125M": 2.5e9, "350M": 7e9, "1B": 20e9, "3B": 60e9}
# GB of 4-bit, 8-bit and full-precision tuning.
_TUNING = {
    "0.5B": ("Qwen2.5-0.5B-Instruct", (4, 6, 8)),
    "1.5B": ("Qwen2.5-1.5B-Instruct", (8, 12, 16)),
    "3B": ("Llama-3.2-3B-Instruct", (12, 18, 24)),
    "7B": ("Mistral-7B-Instruct-v0.3", (20, 32, 56)),
}
_CANDIDATES = (
    "Qwen2.5-0.5B-Instruct",
    "Qwen2.5-1.5B-Instruct",
    "Llama-3.2-1B-Instruct",
    "Phi-3-mini-4k-instruct",
    "Llama-3.2-3B-Instruct",
    "Mistral-7B-Instruct-v0.3",
    "gemma-2-2b-it",
)


@dataclass(frozen=True)
class Row:
    """One row of a table of theirs beside ours; `why` is empty where both agree."""

    cells: tuple[str, ...]
    why: str


def training_memory() -> Iterator[Row]:
    """GB of training all weights: 4 rows of 2,048 tokens at a time, recomputed, on their device."""
    for size, name in _SIZES.items():
        float32, mixed = (_training_gb(name, dtype) for dtype in ("float32", "bfloat16"))
        theirs32, low, high = _MEMORY[size]
        theirs = f"{low:g}" if low == high else f"{low:g}–{high:g}"
        states = 16 * find_shape(name).num_parameters / 1e9
        why = (
            f"weights, gradients and moments are {states:.1f} in both (16 bytes a weight); theirs leave little for "
            f"activations, output layer and context, which with fused attention come to {_training_gb(name, 'bfloat16', 'sdpa') - states:.1f}"
        )
        agrees = _near(float32, theirs32, theirs32) and _near(mixed, low, high)
        yield Row((size, name, f"{theirs32:g}", f"{float32:.1f}", theirs, f"{mixed:.1f}"), "" if agrees else why)


def training_time() -> Iterator[Row]:
    """Tokens/s and days at 25 to 35 % of 25 TFLOP/s, rows of 2,048 tokens, no recomputation."""
    for size, (low, high) in _SPEED.items():
        step = _step(_SIZES[size], "strix-halo", seq_len=2048)
        per_token = flops_per_token(step)
        ours = [share * 25e12 / per_token for share in (0.25, 0.35)]
        implied = high * 6 * step.shape.num_parameters / 25e12
        attention = 12 * step.shape.layers * step.shape.hidden * 2048 / per_token
        why = f"{attention:.0%} of the arithmetic is attention, which theirs leaves out"
        if implied > 0.37:
            why += f"; their upper figure takes {implied:.0%} of the peak, not 35"
        days = [[tokens / speed / DAY for speed in (ours[1], ours[0])] for tokens in (3e9, 10e9)]
        said = [[tokens / speed / DAY for speed in (high, low)] for tokens in (3e9, 10e9)]
        yield Row(
            (
                size,
                f"{low:,}–{high:,}",
                f"{ours[0]:,.0f}–{ours[1]:,.0f}",
                _days(said[0]),
                _days(days[0]),
                _days(said[1]),
                _days(days[1]),
            ),
            "" if _near(ours[0], low, low) and _near(ours[1], high, high) else why,
        )


def training_data() -> Iterator[Row]:
    """Tokens that a model of each size is best trained on, and passes over the corpus that they report."""
    for size, theirs in _CHINCHILLA.items():
        shape = find_shape(_SIZES[size])
        ours = TOKENS_PER_WEIGHT * shape.num_parameters
        why = "" if _near(ours, theirs, theirs, 0.05) else f"it has {shape.num_parameters / 1e9:.2f}B weights"
        yield Row((size, f"{theirs / 1e9:g}B", f"{ours / 1e9:.1f}B", f"{ours / CORPUS:.1f}"), why)


def tuning_memory() -> Iterator[Row]:
    """GB of tuning with adapters: rank 16, 4 rows of 512 tokens, recomputed; theirs for 4 bits, 8 bits, full precision."""
    for size, (name, theirs) in _TUNING.items():
        ours = _tuning_gb(name)
        cells = [f"{said} / {planned:.1f}" for said, planned in zip(theirs, ours, strict=True)]
        agrees = all(_near(planned, said, said) for said, planned in zip(theirs, ours, strict=True))
        why = (
            f"theirs do not say for which rows; full is {theirs[2] / find_shape(name).num_parameters * 1e9:.0f} bytes a weight "
            "with them, with us 4 and the adapters"
        )
        yield Row((size, name, *cells), "" if agrees else why)


def candidates() -> Iterator[Row]:
    """GB of unlearning with adapters (4 questions to forget and 4 to retain of 512 tokens) for each of their candidate models."""
    shapes = {name.split("/")[1]: shape for name, shape in known_models().items()}
    for name in _CANDIDATES:
        shape = shapes[name]
        ours = _tuning_gb(name, rows=2.0)
        licence = f"{shape.licence}{', gated' if shape.gated else ''}"
        yield Row((name, f"{shape.num_parameters / 1e9:.2f}B", *(f"{size:.1f}" for size in ours), licence), "")


def tables() -> str:
    """All of them in Markdown."""
    return "\n\n".join(
        [
            _table(("size", "model", "float32, theirs", "ours", "mixed, theirs", "ours", "why"), training_memory()),
            _table(("size", "tokens/s, theirs", "ours", "3B tokens, theirs", "ours", "10B, theirs", "ours", "why"), training_time()),
            _table(("size", "best tokens, theirs", "ours", "passes over 1.94B tokens", "why"), training_data()),
            _table(("size", "model", "4 bits, theirs / ours", "8 bits", "full", "why"), tuning_memory()),
            _table(("model", "weights", "4 bits", "8 bits", "float32", "licence"), candidates(), reasons=False),
        ]
    )  # fmt: skip


def _step(name: str, device: str, **settings: Any) -> Step:
    return Step(shape=find_shape(name), config=TrainingConfig(**settings), device=find_device(device))


def _training_gb(name: str, dtype: str, attention: str | None = None) -> float:
    settings = {"seq_len": 2048, "batch_size": 4, "accumulate": 32, "gradient_checkpointing": True}
    return plan_memory(_step(name, "strix-halo", dtype=dtype, attention=attention, **settings)).total / 1e9


def _tuning_gb(name: str, rows: float = 1.0) -> list[float]:
    """In 4 bits, 8 bits and float32."""
    found = []
    kinds: tuple[dict[str, Any], ...] = ({"use_4bit": True}, {"use_8bit": True}, {})
    for quantised in kinds:
        config = TrainingConfig(
            seq_len=512, batch_size=4, accumulate=4, lora_r=16, lora_dropout=0.05, gradient_checkpointing=True, **quantised
        )  # fmt: skip
        step = Step(
            shape=find_shape(name), config=config, device=find_device("h100"), rows_per_item=rows,
            stage="sft" if rows == 1 else "unlearn",
        )  # fmt: skip
        found.append(plan_memory(step).total / 1e9)
    return found


def _near(value: float, low: float, high: float, tolerance: float = 0.25) -> bool:
    return (1 - tolerance) * low <= value <= (1 + tolerance) * high


def _days(pair: Sequence[float]) -> str:
    low, high = (f"{days:.0f}" if days >= 10 else f"{days:.1f}" for days in pair)
    return f"{low}–{high} days"


def _table(heads: Sequence[str], rows: Iterator[Row], *, reasons: bool = True) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        cells = (*row.cells, row.why or "agrees") if reasons else row.cells
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
