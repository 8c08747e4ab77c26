"""What one decoder block keeps from its forward pass for its backward pass.

The terms are those that autograd saves in transformers' own modules, counted from their code and held to what
`torch.autograd.graph.saved_tensors_hooks` finds on real models (tests/planning/test_activations.py): no fudge factors.
Korthikanti et al. 2022 (arXiv:2205.05198) do the same sums for GPT.
"""

from dataclasses import dataclass

from chronolect.planning.shapes import ModelShape


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How a block is computed.

    Attributes:
        bfloat16: Autocast over float32 weights, or weights gathered in bfloat16 (`sharded`); else float32 throughout.
        sharded: FSDP: the residual stream is bfloat16, too.
        four_bit: 4-bit weights, whose layers answer in the type they were asked in.
        eight_bit: 8-bit weights, whose layers hold on to their inputs.
    """

    bfloat16: bool
    sharded: bool = False
    four_bit: bool = False
    eight_bit: bool = False

    @property
    def product(self) -> int:
        """Bytes of a number in and out of a matrix product."""
        return 2 if self.bfloat16 else 4

    @property
    def stream(self) -> int:
        """Bytes of a number of the residual stream, which is what is kept of a block that is recomputed."""
        return 2 if self.bfloat16 and self.sharded else 4


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """LoRA adapters on frozen weights.

    Attributes:
        rank: Their rank.
        targets: Names of the linear layers that have one.
        dropout: Whether there is dropout before them.
        mask: Bytes per dropped number: 1 on GPUs, 4 on CPUs.
    """

    rank: int
    targets: frozenset[str]
    dropout: bool = False
    mask: int = 1


def kept_per_token(
    shape: ModelShape, precision: Precision, *, attention: str, seq_len: int, adapters: Adapters | None = None
) -> float:
    """Bytes that one block keeps for each token, without copies of weights.

    Args:
        shape: The model.
        precision: How it is computed.
        attention: `eager` keeps the weights of all pairs of tokens; the others do not.
        seq_len: Length of a row.
        adapters: The adapters, where only they are trained.
    """
    eager = attention == "eager"
    parts = [
        _norms(shape, precision, trained=adapters is None),
        _inputs(shape, precision, adapters),
        _attention(shape, precision, eager=eager, seq_len=seq_len, adapters=adapters),
        _mlp(shape, precision, adapters),
    ]
    if adapters is not None:
        parts.append(_lora(shape, precision, adapters, eager=eager))
    if precision.eight_bit:
        shared = 0 if eager else precision.product * shape.queries  # the attention's result
        parts.append(held_by_int8(shape, precision) - shared)
    return sum(parts)


def kept_of_products(shape: ModelShape, precision: Precision) -> float:
    """Bytes per token of the results of matrix products and attention in a block, which `--recompute cheap` keeps."""
    results = 2 * shape.queries + 2 * shape.keys + 2 * shape.intermediate + 2 * shape.hidden
    return precision.product * results + 4 * shape.heads


def held_by_int8(shape: ModelShape, precision: Precision) -> float:
    """Bytes per token of the inputs that bitsandbytes' 8-bit layers hold outside of autograd's books, so that recomputation
    does not free them (MatMul8bitLt and MatMul8bitFp in its version 0.50).
    """
    return 2 * 4 * shape.hidden + precision.product * (shape.queries + shape.intermediate)


def _norms(shape: ModelShape, precision: Precision, *, trained: bool) -> float:
    """The input in float32 and, for the gradient of the norm's weight, what it is multiplied by; 4 bytes of variance."""
    normed = precision.stream if trained else 0
    return shape.norms_per_block * (shape.hidden * (4 + normed) + 4)


def _inputs(shape: ModelShape, precision: Precision, adapters: Adapters | None) -> float:
    """What goes into the first products of attention and MLP. Autocast makes a copy for each of them."""
    attention = ("qkv_proj",) if shape.is_fused else ("q_proj", "k_proj", "v_proj")
    mlp = ("gate_up_proj",) if shape.is_fused else ("gate_proj", "up_proj")
    copies = 0
    for group in (attention, mlp):
        kept = sum(adapters is None or name in adapters.targets for name in group)
        copies += kept if precision.bfloat16 and not precision.sharded else min(kept, 1)
    return copies * shape.hidden * precision.product


def _attention(
    shape: ModelShape, precision: Precision, *, eager: bool, seq_len: int, adapters: Adapters | None
) -> float:
    """Queries, keys, values, the result, and either a sum per head or the weights of all pairs."""
    size, queries, keys = precision.product, shape.queries, shape.keys
    # The values of a fused layer are a part of its output, which is then kept whole.
    whole = size * (queries + keys) if shape.is_fused else 0
    if not eager:
        copied = size * queries if shape.is_fused and adapters is None else 0  # its result is put in order for o_proj
        return size * (2 * queries + 2 * keys) + 4 * shape.heads + whole + copied
    result = size * queries if adapters is None else 0  # else the adapter's input keeps it
    pairs = 4 + (2 if precision.bfloat16 else 0) + (size if shape.family == "gemma2" else 0)  # Gemma 2 caps the scores
    repeated = shape.kv_heads < shape.heads
    return size * 3 * queries + result + pairs * shape.heads * seq_len + (0 if repeated else whole)


def _mlp(shape: ModelShape, precision: Precision, adapters: Adapters | None) -> float:
    """Gate, activated gate, value, and their product as the input of the last layer."""
    size = 4 if precision.four_bit else precision.product
    product = precision.product if adapters is None else 0
    return shape.intermediate * (3 * size + product)


def _lora(shape: ModelShape, precision: Precision, adapters: Adapters, *, eager: bool) -> float:
    """Inner results, the inputs of those adapters whose layers keep none of their own, and dropout's masks."""
    size = precision.product
    inputs = {name: width for name, (width, _) in shape.linears.items() if name in adapters.targets}
    total = float(size * adapters.rank * len(inputs))
    own = {name: width for name, width in inputs.items() if name in ("o_proj", "down_proj")}
    if not (precision.bfloat16 or adapters.dropout or eager or shape.is_fused):
        own.pop("o_proj", None)  # the attention keeps its result, and here that is the input itself
    total += size * sum(own.values())
    if adapters.dropout:
        total += adapters.mask * sum(inputs.values())
        if not precision.bfloat16:  # each adapter has an input of its own then
            first = sum(width for name, width in inputs.items() if name not in ("o_proj", "down_proj"))
            total += 4 * first - _inputs(shape, precision, adapters)
    return total
