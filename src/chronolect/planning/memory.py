"""Memory of a training step by part, on each device, at the moments when it may be highest.

Weights, gradients and AdamW's two moments are in float32, as the training loop holds them; in bfloat16 autocast makes
copies of the weights beside. Rajbhandari et al. 2020 (arXiv:1910.02054) count the same states; what is particular here
is this loop's output layer, whose logits exist in slices only.
"""

from dataclasses import dataclass, field

from chronolect.planning.activations import Adapters, Precision, held_by_int8, kept_of_products, kept_per_token
from chronolect.planning.devices import Device
from chronolect.planning.shapes import ModelShape
from chronolect.training.config import TrainingConfig

NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)  # bytes a weight: 4 bits, one byte for each 64, one float for each 64 * 256
INT8 = 1.0
MOMENTS_8BIT = 2 * (1 + 4 / 256)  # bytes a weight: each moment one, and a float for each 256
SLICE_BYTES = {"cpu": 4 << 20, "gpu": 512 << 20}  # of logits, as in training/objectives/cross_entropy.py
COMPILED = 0.6  # of the activations, what torch.compile keeps: measured, see docs/planning.md
ANSWER_TOKENS = 32  # of a row in unlearning, assumed: the logits of its targets exist at once
_RESERVED = {"cpu": 0.0, "gpu": 1.0e9}  # context and libraries of a GPU, outside of PyTorch's count
_FRAGMENTED = 0.06  # of the activations: gaps that the allocator cannot use


@dataclass(frozen=True, kw_only=True)
class Step:
    """A training step to plan.

    Attributes:
        shape: The model.
        config: The settings.
        device: What it runs on.
        gpus: How many of them together.
        stage: `pretrain`, `sft` or `unlearn`.
        rows_per_item: Rows for each of `batch_size`: in unlearning a question brings others along.
        start_copy: Whether a frozen copy of the starting model is held beside.
    """

    shape: ModelShape
    config: TrainingConfig
    device: Device
    gpus: int = 1
    stage: str = "pretrain"
    rows_per_item: float = 1.0
    start_copy: bool = False

    @property
    def is_quantised(self) -> bool:
        """Whether the frozen weights are in 4 or 8 bits."""
        return self.config.use_4bit or self.config.use_8bit

    @property
    def is_sharded(self) -> bool:
        """Whether each device holds a part of the model only, as `training.sharding.is_sharded` decides."""
        if self.gpus == 1 or self.is_quantised:
            return False
        return self.config.shard == "fsdp" or (self.config.shard == "auto" and self.device.kind != "cpu")

    @property
    def is_replicated(self) -> bool:
        """Whether each of several devices holds the whole model: DDP, which keeps gradients in buckets of its own, too."""
        return self.gpus > 1 and not self.is_sharded

    @property
    def precision(self) -> Precision:
        """How blocks are computed: `auto` is bfloat16, which all the devices here do natively."""
        bfloat16 = self.config.dtype != "float32"
        bits = {"four_bit": self.config.use_4bit, "eight_bit": self.config.use_8bit}
        return Precision(bfloat16=bfloat16, sharded=self.is_sharded, **bits)

    @property
    def attention(self) -> str:
        """The attention that the loop takes: see `training.hardware.choose_attention`."""
        if self.config.attention is not None:
            return self.config.attention
        short_on_cpu = self.device.kind == "cpu" and self.precision.bfloat16 and self.config.seq_len <= 256
        return "eager" if self.device.kind == "rocm" or short_on_cpu else "sdpa"

    @property
    def tokens(self) -> float:
        """Tokens of a micro-batch on one device; rows are taken to be full."""
        return self.config.batch_size * self.rows_per_item * self.config.seq_len

    @property
    def adapters(self) -> Adapters | None:
        """The adapters, if only they are trained."""
        if not self.config.lora_r:
            return None
        named = self.config.lora_targets
        targets = frozenset(self.shape.linears if named == ["all-linear"] else named)
        mask = 4 if self.device.kind == "cpu" else 1
        return Adapters(rank=self.config.lora_r, targets=targets, dropout=self.config.lora_dropout > 0, mask=mask)

    @property
    def num_adapter_weights(self) -> int:
        """Weights of the adapters."""
        if not self.adapters:
            return 0
        sizes = [sum(self.shape.linears[name]) for name in self.adapters.targets]
        return self.shape.layers * self.config.lora_r * sum(sizes)

    @property
    def num_trained(self) -> int:
        """Weights that are trained."""
        return self.num_adapter_weights or self.shape.num_parameters


@dataclass(frozen=True)
class Memory:
    """Bytes on one device.

    Attributes:
        parts: By part, at the moment when they are most in all.
        moment: That moment.
        moments: Total of each moment.
    """

    parts: dict[str, float]
    moment: str
    moments: dict[str, float] = field(default_factory=dict)

    @property
    def allocated(self) -> float:
        """What PyTorch allocates at most: `torch.cuda.max_memory_allocated`."""
        return sum(size for part, size in self.parts.items() if part not in ("fragmentation", "context"))

    @property
    def total(self) -> float:
        """What the device must have."""
        return sum(self.parts.values())


def plan_memory(step: Step) -> Memory:
    """The memory of a step at its highest moment."""
    shards = step.gpus if step.is_sharded else 1
    states = _states(step, shards)
    trained = step.num_trained / shards
    carried = {"gradients": 4.0 * trained} if step.config.accumulate > 1 else {}
    kept, block, working = _activations(step)
    loss_forward, loss_backward, loss_left = _loss(step)
    copies_forward, copies_block = _copies(step)
    recomputes = step.config.gradient_checkpointing
    embedding = 0.0 if step.adapters else 4.0 * step.shape.vocab * step.shape.hidden / shards
    rest = copies_block if recomputes else copies_forward
    gradients = {"gradients": 4.0 * trained}
    moments = {
        "end of the forward pass": {
            **carried,
            "weight copies": copies_forward,
            "activations": kept,
            "loss": loss_forward,
        },
        "backward pass of the output layer": {
            **carried,
            "weight copies": rest,
            "activations": kept,
            "loss": loss_backward,
        },
        "start of the backward pass": {
            **carried,
            "weight copies": rest,
            "activations": kept + (block if recomputes else 0.0) + working,
            "loss": loss_left,
        },
        "end of the backward pass": {
            **gradients,
            "weight copies": copies_block,
            "activations": block + working,
        },
        "backward pass of the embedding": {**gradients, "loss": embedding},
        "optimizer step": gradients,
    }
    totals = {name: sum(parts.values()) for name, parts in moments.items()}
    moment = max(totals, key=lambda name: totals[name])
    parts = {**states, **moments[moment]}
    parts["fragmentation"] = _FRAGMENTED * (parts.get("activations", 0.0) + parts.get("loss", 0.0))
    parts["context"] = _RESERVED["cpu" if step.device.kind == "cpu" else "gpu"]
    base = sum(states.values())
    return Memory(
        parts={name: size for name, size in parts.items() if size},
        moment=moment,
        moments={name: base + total for name, total in totals.items()},
    )


def _states(step: Step, shards: int) -> dict[str, float]:
    """What is there all the time: weights, adapters, a copy of the start, the optimizer's moments."""
    shape = step.shape
    in_blocks = shape.layers * shape.block_weights
    size = NF4 if step.config.use_4bit else INT8 if step.config.use_8bit else 4.0
    weights = (size * in_blocks + 4.0 * (shape.num_parameters - in_blocks)) / shards
    return {
        "weights": weights,
        "adapters": 4.0 * step.num_adapter_weights / shards,
        "start model": 4.0 * shape.num_parameters if step.start_copy else 0.0,
        "optimizer": (MOMENTS_8BIT if step.config.optimizer == "adamw-8bit" else 8.0) * step.num_trained / shards,
        "exchange": 4.0 * step.num_trained if step.is_replicated else 0.0,
    }


def _activations(step: Step) -> tuple[float, float, float]:
    """Kept by all blocks together; by one that is not recomputed; and in passing in the backward pass of one."""
    shape, config, precision = step.shape, step.config, step.precision
    full = step.tokens * kept_per_token(
        shape, precision, attention=step.attention, seq_len=config.seq_len, adapters=step.adapters
    )
    full *= COMPILED if config.compile else 1.0
    stream = step.tokens * shape.hidden * precision.stream
    kept = full * shape.layers
    if config.gradient_checkpointing:
        if config.recompute.startswith("every-"):
            every = int(config.recompute.removeprefix("every-"))
            recomputed = -(-shape.layers // every)
            kept = recomputed * stream + (shape.layers - recomputed) * full
        else:
            cheap = step.tokens * kept_of_products(shape, precision) if config.recompute == "cheap" else 0.0
            kept = shape.layers * (stream + cheap)
        if config.use_8bit:
            kept += step.tokens * shape.layers * held_by_int8(shape, precision)
    last_norm = step.tokens * shape.hidden * (4 + (0 if step.adapters else precision.stream))
    return kept + last_norm, full, _working(step)


def _working(step: Step) -> float:
    """What comes and goes in the backward pass of one block, at the MLP or, with eager attention, at the weights of all
    pairs, when the MLP's own part is gone. The factors are measured: docs/planning.md.
    """
    shape, size = step.shape, step.precision.product
    of_mlp = 4 * shape.intermediate
    of_pairs = 8 * shape.heads * step.config.seq_len - 4 * size * shape.intermediate
    per_token = max(of_mlp, of_pairs if step.attention == "eager" else 0) + 8 * shape.hidden
    largest = max(inputs * outputs for inputs, outputs in shape.linears.values())
    of_weight = 0.0 if step.adapters else (4.0 + (size if size == 2 else 0.0)) * largest
    return step.tokens * per_token + of_weight


def _copies(step: Step) -> tuple[float, float]:
    """bfloat16 copies of weights: at the end of the forward pass, and while one block is gone through backwards."""
    shape = step.shape
    block = 2.0 * shape.block_weights
    if not step.precision.bfloat16 or step.is_quantised:
        largest = max(inputs * outputs for inputs, outputs in shape.linears.values())
        return (0.0, step.precision.product * largest) if step.is_quantised else (0.0, 0.0)
    if step.is_sharded:  # gathered: this block and the next, the rest throughout, and gradients on their way
        rest = 2.0 * (shape.num_parameters - shape.layers * shape.block_weights)
        return rest + 2 * block, 2 * rest + 2 * block + (0.0 if step.adapters else 3 * block)
    if step.config.gradient_checkpointing and step.adapters:  # autocast holds on to copies of trained weights only
        return block, block
    return shape.layers * block, block


def _loss(step: Step) -> tuple[float, float, float]:
    """The output layer with the loss: at its highest, in its backward pass, and what is left of it for the blocks'."""
    shape, size = step.shape, step.precision.product
    head = shape.vocab * shape.hidden
    cast = 2.0 * head if size == 2 and not step.is_sharded else 0.0
    if step.stage == "unlearn":
        return _loss_on_targets(step, cast)
    hidden = size * step.tokens * shape.hidden
    grad_weight = 0.0 if step.adapters else 4.0 * head
    if step.is_replicated or shape.family == "gemma2":
        # DDP and models that cap their logits go the whole way: no slices, but logits, their logarithms, gradients
        logits = step.tokens * shape.vocab
        capped = 2.0 * size * logits if shape.family == "gemma2" else 0.0
        forward, backward = (8.0 + (size if size == 2 else 0)) * logits, 12.0 * logits
        return cast + capped + forward, cast + capped + backward, hidden + grad_weight
    limit = SLICE_BYTES["cpu" if step.device.kind == "cpu" else "gpu"]
    rows = min(step.tokens, max(1, limit // (4 * shape.vocab)))
    slices = 1 if rows == step.tokens else 2  # the one before is let go when the next is there
    logits = slices * rows * shape.vocab * (4.0 + (size if size == 2 else 0.0))
    product = 0.0 if step.adapters else size * head
    kept = hidden + grad_weight
    return kept + cast + logits + product, 2 * kept, kept


def _loss_on_targets(step: Step, cast: float) -> tuple[float, float, float]:
    """Unlearning's logits: those of the targets in both types, with their gradients; of all tokens where the model caps
    them (Gemma 2) or several processes each hold it whole.
    """
    shape, size = step.shape, step.precision.product
    tokens = step.config.batch_size * step.rows_per_item * min(ANSWER_TOKENS, step.config.seq_len)
    whole = 3 if shape.family == "gemma2" else 1 if step.is_replicated else 0
    logits_of_all = size * whole * step.tokens * shape.vocab
    of_targets = tokens * shape.vocab
    backward = logits_of_all + 2 * (4.0 + size) * of_targets
    return cast + logits_of_all + (12.0 + size) * of_targets, backward, (4.0 + size) * of_targets
