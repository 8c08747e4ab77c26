"""A plan as a block of text for a terminal."""

from collections.abc import Mapping
from typing import Any


def screen(plan: Mapping[str, Any]) -> str:
    """The block."""
    model, memory, speed, run = plan["model"], plan["memory"], plan["speed"], plan["run"]
    settings = plan["settings"]
    lines = [
        f"{model['name']}: {count(model['parameters'])} weights, {count(model['trained'])} trained{_licence(model)}",
        "  " + ", ".join(f"{part} {count(number)}" for part, number in model["by_part"].items() if number),
        f"  rows of {settings['seq_len']:,} tokens, {settings['batch_size']} at a time, {settings['accumulate']} times a step "
        f"({run['tokens_per_step']:,.0f} tokens), {settings['precision']}, {settings['attention']} attention"
        + (", recomputed" if settings["gradient_checkpointing"] else "")
        + (", compiled" if settings["compile"] else "")
        + (f", weights in {settings['bits']} bits" if settings["bits"] < 32 else "")
        + (", sharded" if settings["sharded"] else ""),
        "",
        f"Memory on each {speed['device']}, at its highest ({memory['at']})",
        *(f"  {part:<16}{size / 1e9:>9.2f} GB" for part, size in memory["parts"].items()),
        f"  {'in all':<16}{memory['total'] / 1e9:>9.2f} GB of {memory['device'] / 1e9:.1f}",
        f"  {_fit(memory)}",
    ]
    if plan["advice"]:
        lines += ["  To make it fit, one on top of the other:"]
        lines += [
            f"    {change['change']}: {change['gb']:.1f} GB{', fits' if change['fits'] else ''}"
            for change in plan["advice"]
        ]
        if not plan["advice"][-1]["fits"]:
            lines.append("    and still too large: a larger device or a smaller model")
    lines += [
        "",
        f"Time on {speed['gpus']} x {speed['device']} at {speed['mfu']:.0%} of {speed['peak_tflops']:g} TFLOP/s",
        f"  {speed['flops_per_token'] / 1e9:.2f} GFLOP a token, {speed['tokens_per_s']:,.0f} tokens/s",
        f"  {count(run['tokens'])} tokens, {run['steps']:,.0f} steps: {duration(run['days'])}, "
        f"about ${run['cost']:,.2f} at ${run['price_per_hour']:g} an hour (an assumption: --price)",
    ]
    if data := plan["data"]:
        lines += [
            "",
            f"Data: {count(data['tokens'])} tokens, {data['epochs']:g} passes: {data['tokens_per_weight']:.1f} tokens a weight",
            f"  from nothing, 20 a weight ({count(data['chinchilla_tokens'])}) are best: {data['verdict']}",
        ]
    elif run["epochs"] is None:
        taken = "20 tokens a weight, as Chinchilla has it" if plan["stage"] == "pretrain" else "for each million tokens"
        lines.append(f"  ({taken}; give --corpus or --tokens for your own data)")
    return "\n".join(lines)


def count(number: float) -> str:
    """A large number for people.

    >>> count(1_543_714_304)
    '1.54B'
    """
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def duration(days: float) -> str:
    """Days, hours or minutes, whichever is readable."""
    if days >= 2:
        return f"{days:,.1f} days"
    return f"{24 * days:.1f} hours" if days >= 2 / 24 else f"{24 * 60 * days:.1f} minutes"


def _licence(model: Mapping[str, Any]) -> str:
    if not model["licence"]:
        return ""
    return f" ({model['licence']}{', to be accepted on the hub first' if model['gated'] else ''})"


def _fit(memory: Mapping[str, Any]) -> str:
    if memory["fits"]:
        return f"fits; the largest micro-batch that does is {memory['largest_batch']:,}"
    if memory["largest_batch"]:
        return f"does not fit; the largest micro-batch that does is {memory['largest_batch']:,}"
    return "does not fit, nor does a micro-batch of one"
