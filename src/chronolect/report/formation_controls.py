"""What stands beside the result: other conditions, the truth where it is known, the router, and each checkpoint's autoencoder on every other."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from markupsafe import Markup, escape

from chronolect.report.formation_findings import kinds_of, truth_name
from chronolect.report.formats import NOTHING, compact, estimate, number
from chronolect.report.page import Block, Column, Picture, Table

_CELL, _LEFT, _TOP, _BOTTOM = 44, 60, 30, 46  # pixels
_LEVELS = 10
_NUMBERED = 12  # checkpoints up to which the cells hold their numbers


def is_analysis(control: Any) -> bool:
    """Whether a control is a series followed like the result itself."""
    return isinstance(control, dict) and "births" in control and "purity" in control


def last_purity(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """Raw purity with its interval, and calibrated purity, at the last checkpoint."""
    purity = metrics["purity"]
    if purity is None:
        return NOTHING, NOTHING
    raw, low, high, calibrated = (purity[key][-1] for key in ("raw", "low", "high", "calibrated"))
    return estimate(raw, low, high), number(calibrated)


def conditions_table(report: Mapping[str, Any]) -> Table | None:
    """The result beside the same pipeline under other conditions; None where there are none."""
    controls = {name: found for name, found in report["controls"].items() if is_analysis(found)}
    if not controls:
        return None
    from chronolect.formation.conditions import CONDITIONS  # brings PyTorch, which most pages do without

    helps = {name: condition.help for name, condition in CONDITIONS.items()}
    metrics = report["chrono_metrics"]
    rows = [
        [*_condition(name, found, report), helps.get(name.rpartition("-")[0], "")]
        for name, found in {metrics["series"]: metrics, **controls}.items()
    ]
    columns = [
        Column("Series", False), Column("Features"), Column("Born later"), Column("Half by step"), Column("Kept at last [95 %]"),
        Column("Calibrated"), Column("Explained variance"), Column("What it is for", False),
    ]  # fmt: skip
    return Table("The same pipeline under other conditions", columns, rows)


def controls_table(controls: Mapping[str, Mapping[str, Any]]) -> Table:
    """What `formation controls` expected and found."""
    said = {True: "yes", False: "no", None: "cannot be said"}
    rows = [
        [name.replace("-", " "), found["expected"], found["told"], said[found["passed"]]]
        for name, found in controls.items()
    ]
    columns = [
        Column("Control", False),
        Column("Expected", False),
        Column("Found", False),
        Column("As expected", False),
    ]
    return Table("What should not show it", columns, rows)


def truth_tables(report: Mapping[str, Any]) -> list[Table]:
    """Scores against a known truth, for each kind of series."""
    found = []
    for kind, scores in kinds_of(report).items():
        rows = [
            [
                truth_name(verdict["name"]),
                number(None if verdict["value"] is None else float(verdict["value"]), 3),
                f"{'at most' if verdict['at_most'] else 'at least'} {verdict['limit']:g}",
                {True: "reached", False: "missed", None: "undefined"}[verdict["reached"]],
            ]
            for verdict in scores["verdicts"]
        ]
        for name in ("births", "deaths"):
            part = scores[name]
            for measure, total in (("recall", part["true"]), ("precision", part["said"])):
                value = estimate(part[measure], part[f"{measure}_low"], part[f"{measure}_high"])
                rows.append([f"{name}, {measure} [95 %]", value, f"n = {number(total)}", ""])
        purity = scores["purity"]
        for words, key in (("raw purity", "raw_mean_error"), ("the naive measure", "naive_mean_error")):
            rows.append([f"error of {words} against the true overlap", number(purity[key], 3), "for contrast", ""])
        columns = [Column("What", False), Column("Measured"), Column("Asked for"), Column("", False)]
        found.append(Table(f"Against the truth: {kind} series", columns, rows))
    return found


def routing_tables(routing: Mapping[str, Any]) -> list[Table]:
    """The router beside random choices and the best fixed layer, the one autoencoder on each layer, and whether choices stay, where that was seen."""
    rows = []
    named = {
        "router": routing,
        "router, judged by an autoencoder of random layers": routing["impartial"],
        "random": routing["random"],
        "best fixed layer": routing["best_fixed"],
    }
    for name, row in named.items():
        if row is None:
            continue
        measures = ("explained_variance_routed", "regret", "adjusted_regret", "usage_entropy")
        rows.append([name, *(_over_seeds(row[measure]) for measure in measures)])
    names = ("Explained variance [95 %]", "Regret [95 %]", "Adjusted regret [95 %]", "Evenness of use")
    layers = [
        [str(layer), number(explained, 3), number(used, 3)]
        for layer, explained, used in zip(
            routing["layers"], routing["explained_variance"], routing["usage"], strict=True
        )
    ]
    tables = [
        Table(
            f"The router ({routing['mode']}), in normalised units: regret is 0 for the best choices, 1 for random ones; adjusted, 1 for any "
            "fixed layer",
            [Column("Choices", False), *map(Column, names)],
            rows,
        ),
        Table(
            "The routed autoencoder by layer, in normalised units",
            [Column("Layer", False), Column("Explained variance"), Column("Share of tokens")],
            layers,
        ),
    ]
    if routing.get("agreement"):
        kept = [
            [
                *(number(pair[key]) for key in ("from_step", "to_step")),
                *(number(pair[key], 3) for key in ("agreement", "kappa")),
            ]
            for pair in routing["agreement"]
        ]
        tables.append(
            Table(
                "Whether the router chooses as it did at the snapshot before: kappa is 0 for what its use of layers gives by chance",
                [
                    Column("From step"),
                    Column("To step"),
                    Column("Tokens read at the same layer"),
                    Column("Beyond chance (kappa)"),
                ],
                kept,
            )
        )
    return tables


def ablation_table(ablation: Mapping[str, Mapping[str, Any]]) -> Table:
    """A run beside those without a part of it."""
    measures = ("loss", "perplexity", "final_temporal_purity", "births", "explained_variance", "l0", "dead_share")
    rows = [
        [name.replace("_", " "), *(number(found.get(measure), 3) for measure in measures)]
        for name, found in ablation.items()
    ]
    names = ("Held-out loss", "Perplexity", "Purity at last", "Births", "Explained variance", "L0", "Dead")
    return Table("Without a part of it", [Column("Run", False), *map(Column, names)], rows)


def other_controls(controls: Mapping[str, Any]) -> list[Block]:
    """Whatever else was measured, as names and numbers."""
    rows: list[list[str]] = []
    for name, found in controls.items():
        if is_analysis(found):
            continue
        for key, value in _flat(found):
            rows.append([name, key, value])
    if not rows:
        return []
    return [Table("Controls", [Column("Control", False), Column("Measure", False), Column("Value")], rows)]


def heat_picture(matrix: Sequence[Sequence[float | None]], steps: Sequence[int], key: str) -> Picture:
    """Explained variance of each checkpoint's autoencoder (rows) on each checkpoint's activations (columns)."""
    count = len(steps)
    cell = _CELL if count <= _NUMBERED else max(14, _CELL * _NUMBERED // count)
    width, height = _LEFT + cell * count + 10, _TOP + cell * count + _BOTTOM
    name = f"cross-{key}"
    parts = [
        f'<svg class="chart heat" width="{width}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">Autoencoders across checkpoints</title>',
        f'<desc id="{name}-d">Explained variance of the autoencoder of one checkpoint on the activations of another; numbers in the table.</desc>',
        '<text class="axis-name" x="0" y="14">autoencoder of step</text>',
        f'<text class="axis-name" x="{width - 10}" y="{height - 6}" text-anchor="end">activations of step</text>',
    ]
    every = ceil(count / _NUMBERED)
    for row, step in enumerate(steps):
        y = _TOP + row * cell
        if row % every == 0:
            parts.append(
                f'<text class="tick" x="{_LEFT - 8}" y="{y + cell / 2 + 4:.1f}" text-anchor="end">{compact(step)}</text>'
            )
            parts.append(
                f'<text class="tick" x="{_LEFT + (row + 0.5) * cell:.1f}" y="{_TOP + count * cell + 18}" text-anchor="middle">{compact(step)}</text>'
            )
        for column, value in enumerate(matrix[row]):
            x = _LEFT + column * cell
            said = f"autoencoder of step {number(step)} on step {number(steps[column])}: {number(value)}"
            parts.append(
                f'<rect class="cell area h{_level(value)}" x="{x}" y="{y}" width="{cell}" height="{cell}"><title>{escape(said)}</title></rect>'
            )
            if count <= _NUMBERED:
                parts.append(
                    f'<text class="inside" x="{x + cell / 2}" y="{y + cell / 2 + 4}" text-anchor="middle">{_short(value)}</text>'
                )
    parts.append("</svg>")
    rows = [[number(step), *(number(value) for value in matrix[row])] for row, step in enumerate(steps)]
    columns = [Column("Autoencoder of step"), *(Column(f"on {number(step)}") for step in steps)]
    return Picture(
        title="Autoencoders across checkpoints",
        svgs=[Markup("".join(parts))],
        caption="Explained variance of each checkpoint's autoencoder on the activations of every other, in the units each was trained in. A step in "
        "the colours is where the model's features change; below 0 an autoencoder is worse than the mean.",
        table=Table("Explained variance across checkpoints", columns, rows, hide_caption=True),
    )


def _short(value: float | None) -> str:
    """What a cell has room for; the table has the number."""
    return "< −9" if value is not None and value < -9.995 else number(value)


def _level(value: float | None) -> int:
    return 0 if value is None else max(0, min(_LEVELS - 1, int(_LEVELS * value)))


def _over_seeds(value: Any) -> str:
    """A number of one seed, or the mean of several with its interval."""
    return (
        estimate(value["value"], value["low"], value["high"], digits=3)
        if isinstance(value, Mapping)
        else number(value, 3)
    )


def _condition(name: str, metrics: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    births = metrics["births"]
    half = births.get("half_birth_step") if births["born"] else None
    variance = [
        sae["explained_variance"]
        for sae in report["saes"]
        if f"{sae['condition']}-{sae['kind']}" == name and sae["step"] == metrics["steps"][-1]
    ]
    return [
        name,
        number(births["n"]),
        number(births["born"]),
        NOTHING if half is None else number(round(half)),
        *last_purity(metrics),
        number(sum(variance) / len(variance) if variance else None, 3),
    ]


def _flat(found: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Names and values of a nested result; lists are left to the file."""
    if isinstance(found, Mapping):
        if {"rate", "low", "high", "n"} <= set(found):
            return [(prefix, f"{estimate(found['rate'], found['low'], found['high'])}, n = {number(found['n'])}")]
        return [
            pair for key, value in found.items() for pair in _flat(value, f"{prefix} {key.replace('_', ' ')}".strip())
        ]
    if isinstance(found, bool):
        return [(prefix, "yes" if found else "no")]
    if isinstance(found, int | float) or found is None:
        return [(prefix, number(found, 3))]
    if isinstance(found, str):
        return [(prefix, found)]
    return []
