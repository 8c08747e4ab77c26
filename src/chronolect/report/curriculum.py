"""The page of a curriculum: the loss through its phases, and what each came to."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from chronolect.report.formats import duration, number
from chronolect.report.page import Column, Figure, LegendEntry, Page, Section, Table, Verdict, render
from chronolect.report.plots import Axis, Chart, Point, Rule, Series

_COLOR, _HELD_OUT = "locked", "third"


def curriculum_page(result: Mapping[str, Any]) -> str:
    """One self-contained HTML page from the result of a curriculum.

    Args:
        result: `phases`, each with phase, conversations, steps, loss, losses, eval_loss, minutes and, of phase 4, chosen_step, chosen_loss and
            threshold_met.
    """
    phases = result["phases"]
    table = Table(
        "Phases",
        [
            Column("Phase", False),
            *map(Column, ("Dialogues", "Steps", "Loss at first", "at last", "Held-out loss", "Time")),
        ],
        [
            [
                str(phase["phase"]),
                number(phase["conversations"], 0),
                number(phase["steps"], 0),
                number(phase["losses"][0][1], 4),
                number(phase["loss"], 4),
                "-" if phase["eval_loss"] is None else number(phase["eval_loss"], 4),
                duration(60 * phase["minutes"]),
            ]
            for phase in phases
        ],
    )
    intro = "Each phase trains fresh adapters on the merged model of the one before, on other dialogues: compare losses within a phase only."
    page = Page(
        name="Curriculum",
        eyebrow=f"{len(phases)} {'phase' if len(phases) == 1 else 'phases'}, {duration(60 * sum(phase['minutes'] for phase in phases))} of training",
        title="Dialogue time, phase by phase",
        lede=f"The loss ends at {number(phases[-1]['loss'], 3)} nats per token in phase {phases[-1]['phase']}.",
        sections=[Section("phases", "Learning", intro, [_figure(phases), table])],
        verdicts=[verdict for phase in phases if "chosen_step" in phase for verdict in _choice(phase)],
    )
    return render(page)


def _figure(phases: list[Mapping[str, Any]]) -> Figure:
    """Losses on one axis of steps, on which each phase begins where the one before it ended."""
    starts = [0, *accumulate(phase["steps"] for phase in phases)]
    lines, ends, rules = [], [], []
    for phase, start in zip(phases, starts, strict=False):
        name = f"phase {phase['phase']}"
        for step, loss in phase["losses"]:
            lines.append(Point(start + step, loss, tip=f"{name}, step {number(step, 0)}\nloss {number(loss, 4)}"))
        lines.append(Point(start + phase["steps"], None))
        if phase["eval_loss"] is not None:
            tip = f"{name}, held-out loss {number(phase['eval_loss'], 4)}"
            ends.append(Point(start + phase["steps"], phase["eval_loss"], tip=tip))
        rules.append(Rule("x", start, name, style="dashed"))
        if "chosen_step" in phase:
            rules.append(Rule("x", start + phase["chosen_step"], f"checkpoint {phase['chosen_step']}", color=_HELD_OUT))
    series = [Series("training", lines, _COLOR), Series("held out", ends, _HELD_OUT, style="dots")]
    chart = Chart(
        id="losses",
        title="Loss through the phases",
        description=" ".join(
            f"In phase {phase['phase']} it goes from {number(phase['losses'][0][1], 3)} to {number(phase['loss'], 3)}."
            for phase in phases
        ),
        x=Axis("step", low=0, whole=True),
        y=Axis("nats per token"),
        series=[one for one in series if one.points],
        rules=rules,
    )
    return Figure(
        chart,
        legend=[
            LegendEntry("training", _COLOR),
            *([LegendEntry("held out, after the phase", _HELD_OUT, "dots")] if ends else []),
        ],
    )


def _choice(phase: Mapping[str, Any]) -> list[Verdict]:
    where = f"Phase {phase['phase']} goes on with checkpoint {phase['chosen_step']}"
    if phase["threshold_met"]:
        return [
            Verdict("pass", f"{where}, the first with a loss below the threshold ({number(phase['chosen_loss'], 4)}).")
        ]
    return [
        Verdict(
            "note",
            f"{where}, the one with the lowest loss ({number(phase['chosen_loss'], 4)}): none was below the threshold.",
        )
    ]
