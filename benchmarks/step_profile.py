"""Where the time of a training step goes: torch.profiler's events summed by kind of work.

On CUDA the kernels' own times count, by their names; those launched by the output layer and its loss go there whatever they are. On a CPU
the operators' self times count, and what a compiled block does in its generated code counts as `THE_REST`.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

PRODUCTS = "matrix products"
ATTENTION = "attention"
LOSS = "output layer and loss, with their products"
THE_REST = "norms, activations, other elementwise"
OPTIMIZER = "optimizer and clipping"
COPIES = "copies, casts, fills"
IDLE = "idle: step less the above"
KINDS = (PRODUCTS, ATTENTION, LOSS, THE_REST, OPTIMIZER, COPIES)

# Inductor names its kernels after all operators they come from, products and attention next door included, so only the prefix says what
# a Triton kernel is; one made of nothing but these only moves data.
_MOVES = re.compile(
    r"triton_poi_fused(_(_to_copy|_unsafe_view|cat|clone|copy|expand|permute|slice|t|transpose|view))*_\d+"
)
_KERNELS = (
    (OPTIMIZER, re.compile(r"multi_tensor_apply|adam", re.I)),
    (ATTENTION, re.compile(r"flash|fmha|sdpa|attention|attn", re.I)),
    (PRODUCTS, re.compile(r"gemm|gemv|nvjet|cutlass|splitk|matmul", re.I)),
    (COPIES, re.compile(r"memcpy|memset|copy_kernel|CatArray|FillFunctor", re.I)),
    (LOSS, re.compile(r"softmax|nll_loss", re.I)),  # attention has none of its own outside its fused kernels
)
_OPERATORS = (
    (OPTIMIZER, re.compile(r"aten::_fused_adamw?_?|aten::_foreach_\w+")),
    (ATTENTION, re.compile(r"aten::(\w*attention\w*|bmm|baddbmm|_softmax\w*)")),  # unfused attention's, too
    (PRODUCTS, re.compile(r"aten::(mm|addmm|matmul|linear|mkldnn_\w+)|chronolect::onednn_product|mkldnn::\w+")),
    (COPIES, re.compile(r"aten::(copy_|_to_copy|to|clone|contiguous|cat|stack|zeros\w*|zero_|fill_|empty\w*|view|t|slice|detach)")),
    (THE_REST, re.compile(r"aten::\w+|.*(Compiled ?Region|CompiledFxGraph|CompiledFunction|## Call).*")),
)  # fmt: skip
_LOSS_OPERATOR = "_LinearCrossEntropy"  # and its Backward


@dataclass(frozen=True)
class StepProfile:
    """Mean times of a step, in seconds.

    Attributes:
        step: The whole step, by the clock.
        kinds: By kind of work, `IDLE` last.
        longest: The kernels or operators that took most: name, kind, seconds.
    """

    step: float
    kinds: dict[str, float]
    longest: list[tuple[str, str, float]]


def kind_of_kernel(name: str) -> str:
    """The kind of work of a CUDA kernel."""
    if name.startswith("triton_"):
        if name.startswith("triton_tem_"):
            return ATTENTION if "attention" in name else PRODUCTS
        return COPIES if _MOVES.fullmatch(name) else THE_REST
    return next((kind for kind, pattern in _KERNELS if pattern.search(name)), THE_REST)


def kind_of_operator(name: str) -> str | None:
    """The kind of work of an operator on the CPU; None for what only calls others."""
    return next((kind for kind, pattern in _OPERATORS if pattern.fullmatch(name)), None)


def profile_steps(step: Callable[[], None], wait: Callable[[], None], *, steps: int, device: str) -> StepProfile:
    """Profile `steps` calls of `step`, which must be warm.

    On CUDA the profiler slows the launches but not the kernels, so the clock runs over as many calls without it, before. On a CPU it slows
    the operators themselves, and the clock runs over the profiled calls.

    Args:
        step: One training step.
        wait: Returns when the device has done what it was given.
        steps: Calls to average over.
        device: `cuda` or `cpu`.
    """
    activities = [ProfilerActivity.CPU]
    if device == "cuda":
        clock = _seconds(step, wait, steps)
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        profiled = _seconds(step, wait, steps)
    events: Iterable[Any] = profiler.events() or []
    if device == "cuda":
        return summarise(kernel_times(events), steps=steps, seconds=clock)
    return summarise(operator_times(events), steps=steps, seconds=profiled)


def _seconds(step: Callable[[], None], wait: Callable[[], None], steps: int) -> float:
    wait()
    started = time.perf_counter()
    for _ in range(steps):
        step()
    wait()
    return time.perf_counter() - started


def kernel_times(events: Iterable[Any]) -> dict[tuple[str, str], float]:
    """Microseconds by kernel name and kind."""
    times: dict[tuple[str, str], float] = defaultdict(float)
    for event in events:
        if event.device_type == DeviceType.CUDA and not event.is_user_annotation:
            times[event.name, kind_of_kernel(event.name)] += event.time_range.elapsed_us()
        elif event.device_type == DeviceType.CPU and event.kernels and _is_of_loss(event):
            for kernel in event.kernels:
                times[kernel.name, kind_of_kernel(kernel.name)] -= kernel.duration
                times[kernel.name, LOSS] += kernel.duration
    return times


def operator_times(events: Iterable[Any]) -> dict[tuple[str, str], float]:
    """Microseconds by operator and kind, without those of the operators it calls."""
    times: dict[tuple[str, str], float] = defaultdict(float)
    for event in events:
        kind = LOSS if _is_of_loss(event) else kind_of_operator(event.name)
        if kind and not event.is_async:
            times[event.name, kind] += event.self_cpu_time_total
    return times


def _is_of_loss(event: Any) -> bool:
    while event is not None:
        if _LOSS_OPERATOR in event.name:
            return True
        event = event.cpu_parent
    return False


def summarise(times: dict[tuple[str, str], float], *, steps: int, seconds: float, longest: int = 12) -> StepProfile:
    """Sums by kind of microseconds over `steps` steps that took `seconds`."""
    kinds = dict.fromkeys(KINDS, 0.0)
    for (_, kind), microseconds in times.items():
        kinds[kind] += microseconds / 1e6 / steps
    step = seconds / steps
    kinds[IDLE] = max(0.0, step - sum(kinds.values()))
    ordered = sorted(times.items(), key=lambda item: -item[1])[:longest]
    return StepProfile(step, kinds, [(name, kind, value / 1e6 / steps) for (name, kind), value in ordered])
