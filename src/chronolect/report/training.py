"""The section on learning: loss by step, and bits per byte on each validation set."""

from collections.abc import Mapping, Sequence
from math import ceil, isfinite
from typing import Any

from chronolect.report.formats import NOTHING, compact, number
from chronolect.report.gather import RunData, TrainingRun
from chronolect.report.page import (
    Block,
    Column,
    Figure,
    Grid,
    LegendEntry,
    Section,
    Table,
    Words,
)
from chronolect.report.plots import Axis, Chart, Point, Series

_MOST_POINTS = 300
_KINDS = (
    (("train pretrain",), "Pre-training"),
    (("train sft",), "Tuning on conversations"),
    (("train formation", "formation train"), "Training with its features followed"),
)


def training_section(data: RunData, colors: Mapping[str, str]) -> Section | None:
    """Loss by step and bits per byte by validation set, for pre-training and for tuning apart."""
    blocks: list[Block] = []
    for commands, words in _KINDS:
        runs = [run for run in data.trainings if run.command in commands and run.train]
        if runs:
            key = commands[0].split()[1]
            blocks.append(_loss_figure(key, words, runs, colors))
            validation = _validation(key, runs, colors)
            blocks += [validation] if validation else []
            blocks.append(_final_losses(runs))
    if not blocks:
        return None
    unfinished = [run.name for run in data.trainings if not run.finished]
    if unfinished:
        blocks.append(
            Words(f"Not finished: {', '.join(unfinished)}. The curves end where those runs stand.", "missing")
        )
    intro = (
        "The loss is in nats per token. Validation is in bits per byte of text, which different tokenizers do not change, "
        "and on each model's own held-out documents."
    )
    return Section("training", "Learning", intro, blocks)


def _thin(records: Sequence[Any]) -> Sequence[Any]:
    step = ceil(len(records) / _MOST_POINTS) or 1
    return [*records[:-1:step], records[-1]] if step > 1 else records


def _loss_figure(key: str, words: str, runs: Sequence[TrainingRun], colors: Mapping[str, str]) -> Figure:
    series = [
        Series(
            run.name,
            [
                Point(r["step"], r["loss"], tip=f"{run.name}, step {number(r['step'])}\nloss {number(r['loss'], 3)}")
                for r in _thin(run.train)
                if isfinite(r["loss"])
            ],
            colors[run.name],
        )
        for run in runs
    ]
    steps = [r["step"] for run in runs for r in run.train]
    chart = Chart(
        id=f"loss-{key}",
        title=f"{words}: training loss",
        description="Training loss by step. "
        + " ".join(f"{run.name} ends at {number(run.train[-1]['loss'], 3)}." for run in runs),
        x=Axis("step (logarithmic)", format=compact, log=True)
        if max(steps) / max(1, min(steps)) >= 30
        else Axis("step", format=compact, whole=True),
        y=Axis("nats per token"),
        series=series,
    )
    rows = [
        [run.name, number(r["step"]), number(r["tokens"]), number(r["loss"], 4), f"{r['lr']:.2e}"]
        for run in runs
        for r in _thin(run.train)[::8]
    ]
    columns = [Column("Run", False), Column("Step"), Column("Tokens"), Column("Loss"), Column("Learning rate")]
    return Figure(
        chart,
        "",
        Table("Training loss", columns, rows, hide_caption=True),
        [LegendEntry(run.name, colors[run.name]) for run in runs],
    )


def _splits(runs: Sequence[TrainingRun]) -> list[str]:
    return list(dict.fromkeys(split for run in runs for split in run.validation))


def split_name(split: str) -> str:
    """`val` and `val-1900-1949` for people."""
    if split == "val":
        return "all held-out text"
    name = split.removeprefix("val-")
    first, dash, last = name.partition("-")
    return (
        f"{first}–{last}"
        if dash and first.isdigit() and last.isdigit()
        else "after the cutoff"
        if name == "after"
        else name
    )


def _validation(key: str, runs: Sequence[TrainingRun], colors: Mapping[str, str]) -> Grid | None:
    figures = []
    drawn = [records for run in runs for split, records in run.validation.items() if len(records) > 1]
    measure = "bits_per_byte" if all(r["bits_per_byte"] is not None for records in drawn for r in records) else "loss"
    top = max((r[measure] for records in drawn for r in records), default=0.0)
    for split in _splits(runs):
        series = [
            Series(
                run.name,
                [
                    Point(r["step"], r[measure], tip=f"{run.name}, step {number(r['step'])}\n{number(r[measure], 3)}")
                    for r in run.validation[split]
                ],
                colors[run.name],
            )
            for run in runs
            if len(run.validation.get(split, [])) > 1
        ]
        if series:
            unit = "bits per byte" if measure == "bits_per_byte" else "nats per token"
            ends = " ".join(f"{one.name} ends at {number(one.points[-1].y, 3)}." for one in series)
            chart = Chart(
                f"validation-{key}-{split}",
                split_name(split),
                f"{unit} by step on {split_name(split)}. {ends}",
                Axis("step", format=compact, whole=True),
                Axis(unit, low=0.0, high=top * 1.05),
                series,
            )
            figures.append(Figure(chart, small=True))
    return Grid(figures, [LegendEntry(run.name, colors[run.name]) for run in runs]) if figures else None


def _final_losses(runs: Sequence[TrainingRun]) -> Table:
    rows = []
    for split in _splits(runs):
        ends = [run.validation[split][-1] if split in run.validation else None for run in runs]
        cells = [
            NOTHING
            if end is None
            else f"{number(end['bits_per_byte'], 3)} bits/byte"
            if end["bits_per_byte"] is not None
            else f"{number(end['loss'], 3)} nats/token"
            for end in ends
        ]
        rows.append([split_name(split), *cells])
    rows.append(["last training loss, nats per token", *(number(run.train[-1]["loss"], 3) for run in runs)])
    rows.append(["steps", *(number(run.train[-1]["step"]) for run in runs)])
    rows.append(["tokens", *(number(run.train[-1]["tokens"]) for run in runs)])
    rows.append(
        [
            "tokens per second",
            *(number(round(run.train[-1]["tokens"] / max(run.train[-1]["seconds"], 1e-9))) for run in runs),
        ]
    )
    return Table("At the end", [Column("", False), *(Column(run.name) for run in runs)], rows)
