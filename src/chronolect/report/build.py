"""`report`: one self-contained HTML page from the results of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage
from chronolect.report import findings
from chronolect.report.corpus import corpus_section
from chronolect.report.exports import exports_section
from chronolect.report.formation import (
    Followed,
    followed,
    formation_findings,
    formation_headline,
    formation_sections,
    formation_untested,
)
from chronolect.report.formats import day
from chronolect.report.gather import RunData, gather, sources
from chronolect.report.horizon import horizon_limits, horizon_section
from chronolect.report.page import Page, Section, Words, render
from chronolect.report.provenance import provenance_section, span_of
from chronolect.report.samples import samples_section
from chronolect.report.surprise import surprise_section, surprise_title, surprise_verdicts
from chronolect.report.training import training_section

FILE = "report.html"
_COLORS = ("third", "fourth", "fifth", "muted")


def build_report(run: list[Path], *, out: Path, title: str | None = None) -> dict[str, Any]:
    """Write `report.html`: one file that shows what a run made and what was measured, and loads nothing from anywhere.

    Stages are found by the command in their manifests, whatever their folders are called. What a run does not have is left
    out and said to be missing.

    Args:
        run: Output folder of a recipe, or folders of single stages.
        out: Folder to write `report.html` to.
        title: Headline in place of the one that follows from the numbers.

    Returns:
        The path of the page, its sections, what is missing, and the findings.

    Raises:
        UserError: For a folder without results, or a damaged result.
    """
    data = gather(run)
    horizons = data.results("eval horizon", "horizon.json")
    surprises = data.results("eval surprise", "surprise.json")
    features = followed(data)
    with stage(
        out, command="report", config={"run": [str(path) for path in run], "title": title}, inputs=sources(data)
    ) as work:
        page, missing = _page(
            data, [found for _, found in horizons], [found for _, found in surprises], features, title
        )
        (work.folder / FILE).write_text(render(page), encoding="utf-8")
        work.counts = {
            "sections": [section.id for section in page.sections],
            "missing": missing,
            "findings": [verdict.text for verdict in page.verdicts],
        }
    return {"report": str(out / FILE), **work.counts}


def assign_colors(names: Sequence[str]) -> dict[str, str]:
    """A colour for each model, the same one all over the page: the first that is no twin and the first twin have their own."""
    twins = [name for name in names if "twin" in name.lower()]
    others = [name for name in names if name not in twins]
    colors: dict[str, str] = {}
    for first, color in ((others[:1], "locked"), (twins[:1], "twin")):
        colors.update(dict.fromkeys(first, color))
    rest = [name for name in dict.fromkeys(names) if name not in colors]
    return colors | {name: _COLORS[min(place, len(_COLORS) - 1)] for place, name in enumerate(rest)}


def _page(
    data: RunData,
    horizons: Sequence[dict[str, Any]],
    surprises: Sequence[dict[str, Any]],
    features: Sequence[Followed],
    title: str | None,
) -> tuple[Page, list[str]]:
    horizon = horizons[0] if horizons else None
    cutoff = _cutoff(data, horizon, surprises)
    measured = [model["name"] for found in horizons for model in found["models"] if not findings.is_file(model)]
    measured += [found[role]["name"] for role in ("model", "twin") for found in surprises if found[role]]
    colors = assign_colors(list(dict.fromkeys([*measured, *(run.name for run in data.trainings)])))
    for found in horizons:
        for model in found["models"]:
            colors.setdefault(model["name"], "muted")
    made = {
        "horizon": _horizons(horizons, colors),
        "surprise": surprise_section(surprises, colors),
        "corpus": corpus_section(data),
        "training": training_section(data, colors),
        "samples": samples_section(data, horizon, colors),
        "exports": exports_section(data),
    }
    missing = {
        "horizon": "“chronolect eval horizon” was not run: what the model knows of each year was not measured.",
        "surprise": "“chronolect eval surprise” was not run: how the model takes text of later years was not measured.",
        "corpus": "No corpus is among the results: what the models read is not shown.",
        "training": "No training run is among the results.",
        "samples": "No samples were written during training or evaluation.",
        "exports": "Nothing was exported.",
    }
    of_features = bool(features) and cutoff is None  # a run about training time is not to be measured by world time
    absent = [name for name, section in made.items() if section is None and not of_features]
    sections = [*formation_sections(features), *(section for section in made.values() if section is not None)]
    untested = [missing[name] for name in absent]
    untested += formation_untested(features) if of_features else _untested(horizon, surprises, data)
    unfinished = [run.name for run in data.trainings if not run.finished]
    if unfinished:
        untested.append(f"The runs {', '.join(unfinished)} had not finished when this page was made.")
    sections.append(provenance_section(data, untested))
    headline, lede = findings.title(horizon, cutoff, data.name)
    if horizon is None:
        headline, lede = surprise_title(surprises) or formation_headline(features) or (headline, lede)
    return (
        Page(
            name=data.name,
            eyebrow=" · ".join(part for part in ("Report", data.name, span_of(data)) if part),
            title=title or headline,
            lede=lede,
            sections=sections,
            verdicts=[
                *(findings.verdicts(horizon) if horizon else []),
                *surprise_verdicts(surprises),
                *formation_findings(features),
            ],
            cards=findings.cards(horizon, colors) if horizon else [],
        ),
        absent,
    )


def _horizons(horizons: Sequence[dict[str, Any]], colors: dict[str, str]) -> Section | None:
    """The first horizon in full; of any others, as of models locked at other days, their own curve and tables below it."""
    if not horizons:
        return None
    first = horizon_section(horizons[0], colors)
    blocks = [*first.blocks, horizon_limits(horizons[0])]
    for place, other in enumerate(horizons[1:], start=2):
        blocks.append(Words(f"Cutoff {day(other['cutoff'])}:"))
        blocks += [*horizon_section(other, colors, key=str(place)).blocks, horizon_limits(other)]
    return Section(first.id, first.title, first.intro, blocks)


def _cutoff(data: RunData, horizon: dict[str, Any] | None, surprises: Sequence[dict[str, Any]]) -> str | None:
    for found in (horizon, *surprises):
        if found:
            return str(found["cutoff"])
    filters = [stage.manifest["config"].get("cutoff") for stage in data.of("corpus filter")]
    return next((cutoff for cutoff in filters if cutoff), None)


def _untested(horizon: dict[str, Any] | None, surprises: Sequence[dict[str, Any]], data: RunData) -> list[str]:
    """What even a whole run does not look at."""
    found = []
    if horizon:
        if not findings.comparisons(horizon):
            found.append("No twin was asked: whether the later questions can be answered at all is not known.")
        if not any(findings.is_file(model) for model in horizon["models"]):
            found.append("No exported file was asked: what quantising does to the horizon was not measured.")
        found.append(
            "Probes cover what the chronicle's authors thought of; a model may know of later things that nobody asked about."
        )
    found.append(
        "Attacks (leading prompts, many tries, supplied context) and relearning from a few later texts: "
        "whether hidden knowledge can be drawn out was not tried."
    )
    found.append(
        "Later words, spellings and turns of phrase in the training text, beyond what the dates of the documents say."
    )
    return found
