"""Features over training on the page: when they were born, whether they stayed, what they fire on, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.report.formation_cards import card_links, cards_block
from chronolect.report.formation_charts import birth_figure, purity_figure, sae_blocks
from chronolect.report.formation_controls import (
    ablation_table,
    conditions_table,
    controls_table,
    heat_picture,
    is_analysis,
    last_purity,
    other_controls,
    routing_tables,
    truth_tables,
)
from chronolect.report.formation_findings import formation_title, formation_verdicts
from chronolect.report.formation_river import river_block
from chronolect.report.formats import NOTHING, duration, number
from chronolect.report.gather import RunData
from chronolect.report.page import Block, Column, Section, Table, Verdict, Words

COMMANDS = ("formation track", "formation train", "train formation", "formation synth")
CONTROLS = "formation controls"
_REPORT, _CARDS, _CONTROLS, _SCHEMA = "evaluation_report.json", "cards.json", "controls.json", 1


@dataclass(frozen=True)
class Followed:
    """The evaluation report of one folder with its cards, and the controls that `formation controls` made of it."""

    name: str
    report: dict[str, Any]
    cards: list[dict[str, Any]] = field(default_factory=list)
    controls: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def has_features(self) -> bool:
        """Whether any were followed: a run may have been trained without."""
        return self.report["chrono_metrics"].get("births") is not None

    @property
    def verdicts(self) -> list[Verdict]:
        """What was found."""
        if not self.has_features:
            return [Verdict("note", "No features were followed here.")]
        return formation_verdicts(self.report, self.controls)

    @property
    def synthetic(self) -> bool:
        """Whether the truth is known."""
        return "ground_truth" in self.report


def followed(data: RunData) -> list[Followed]:
    """The results of these commands; real runs before made-up ones.

    Raises:
        UserError: For a report of another version.
    """
    found = []
    judged = {result["of"]: result["controls"] for _, result in data.results(CONTROLS, _CONTROLS)}
    for command in COMMANDS:
        for stage, report in data.results(command, _REPORT):
            if report.get("schema_version") != _SCHEMA:
                raise UserError(
                    f"{stage.folder / _REPORT}: schema_version is not {_SCHEMA}, the one that is read here; make that folder again"
                )
            path = stage.folder / _CARDS
            cards = read_json(path) if path.is_file() else []
            found.append(Followed(stage.name, report, cards, judged.get(stage.name, {})))
    return sorted(found, key=lambda one: one.synthetic)


def formation_sections(results: Sequence[Followed]) -> list[Section]:
    """The sections of every result; of several, each section is named by its folder."""
    sections = []
    for number_, result in enumerate(result for result in results if result.has_features):
        named = f": {result.name}" if len(results) > 1 else ""
        suffix = f"-{number_ + 1}" if number_ else ""
        parts = [_births(result, f"{number_}"), _kept(result, f"{number_}"), _cards(result, f"{number_}")]
        parts += [
            _truth(result),
            _beside(result),
            _autoencoders(result, f"{number_}"),
        ]
        sections += [
            Section(part.id + suffix, part.title + named, part.intro, part.blocks) for part in parts if part is not None
        ]
    if len(results) > 1:
        sections.insert(0, _compared(results))
    return sections


def formation_headline(results: Sequence[Followed]) -> tuple[str, str] | None:
    """Title and lede of the first result."""
    first = next((result for result in results if result.has_features), None)
    return formation_title(first.report, first.name) if first else None


def formation_findings(results: Sequence[Followed]) -> list[Verdict]:
    """The verdicts on every result; of several, each with its name."""
    found = []
    for result in results:
        name = f"{result.name}: " if len(results) > 1 else ""
        found += [Verdict(verdict.kind, f"{name}{verdict.text}") for verdict in result.verdicts]
    return found


def formation_untested(results: Sequence[Followed]) -> list[str]:
    """What a reader may think was looked at and was not."""
    found = []
    real = [result.report for result in results if result.has_features and not result.synthetic]
    if real:
        found.append("Whether a feature does anything: cards show what it fires on, not what the model does with it.")
        found.append("Other layers, other widths of the autoencoders and other texts than the probe's.")
        found.append("Other starts of the language model: all its checkpoints are of one training.")
    if real and not any(result.controls for result in results):
        found.append(
            "The same snapshots in another order, with permuted tokens and backwards (chronolect formation controls)."
        )
    if real and not any("random-init" in report["controls"] for report in real):
        found.append(
            "A model of the same shape that has learned nothing was not followed (--conditions base random-init)."
        )
    if results and all(result.synthetic for result in results):
        found.append("A language model: all of this is about a training run that was made up.")
    return found


def _births(result: Followed, key: str) -> Section:
    metrics = result.report["chrono_metrics"]
    beside = {
        name: found["births"]
        for name, found in result.report["controls"].items()
        if is_analysis(found) and found["births"]["n"] and name.startswith("no-change")
    }
    if "crosscoder" in result.report["controls"]:
        beside["a crosscoder over all checkpoints"] = result.report["controls"]["crosscoder"]["births"]
    if "shuffled-order" in result.controls:
        beside["checkpoints shuffled"] = result.controls["shuffled-order"]["births"]
    blocks: list[Block] = []
    if metrics["births"]["n"]:
        blocks.append(birth_figure(metrics, beside, key))
    river = river_block(metrics, card_links(result.cards, key), key)
    blocks.append(river or Words("No feature was born, so there is no river.", "missing"))
    intro = (
        "Features are latents of sparse autoencoders trained at each checkpoint. One counts only if an autoencoder of another seed found "
        "it too, and it is followed by where it fires, on the same tokens at every checkpoint."
    )
    return Section("births", "When features are born", intro, blocks)


def _kept(result: Followed, key: str) -> Section:
    metrics = result.report["chrono_metrics"]
    blocks: list[Block] = []
    purity, count = metrics["purity"], len(metrics["steps"])
    if purity is None:
        blocks.append(Words("Temporal purity was not asked for.", "missing"))
    elif count <= purity["window"]:
        few = f"Purity over {purity['window']} checkpoints back needs more than the {count} there are: it is undefined."
        blocks.append(Words(few, "missing"))
    else:
        blocks.append(purity_figure(metrics, key))
    if metrics["cross_reconstruction"]:
        blocks.append(heat_picture(metrics["cross_reconstruction"], metrics["steps"], key))
    intro = (
        "Temporal purity: the share of a dictionary that is kept from checkpoint to checkpoint, between what chance gives and what two "
        "autoencoders of one checkpoint agree on."
    )
    return Section("purity", "Whether features stay", intro, blocks)


def _cards(result: Followed, key: str) -> Section | None:
    if not result.cards:
        return None
    intro = (
        "What some features fire on, from counts alone. The pattern of a feature was looked for on one half of the probe and counted on "
        "the other. The underlined token is where it fires most. The small line is how much the latent most like it correlates with it at "
        "each checkpoint; dashed, how many of that one's strongest firings fit the pattern; shaded, the time of its birth."
    )
    chosen = "Cards are of features that fire often, were born or lost during training, and say most by themselves; most features say less."
    steps = result.report["chrono_metrics"]["steps"]
    return Section(
        "features", "What they fire on", intro, [cards_block(result.cards, steps, key), Words(chosen, "note")]
    )


def _truth(result: Followed) -> Section | None:
    if not result.synthetic:
        return None
    intro = (
        "What the pipeline said of a made-up run, beside what happened in it. Births and deaths count as found if they are within one "
        "checkpoint of the true one."
    )
    return Section("truth", "Against the truth", intro, list(truth_tables(result.report)))


def _beside(result: Followed) -> Section | None:
    report = result.report
    blocks: list[Block] = [controls_table(result.controls)] if result.controls else []
    table = conditions_table(report)
    if table:
        blocks.append(table)
    blocks += other_controls(report["controls"])
    if report["routing"]:
        blocks += routing_tables(report["routing"])
    if report.get("ablation"):
        blocks.append(ablation_table(report["ablation"]))
    if not blocks:
        return None
    intro = (
        "A result about features counts only if the same pipeline does not show it where there is nothing of the kind."
    )
    return Section("controls", "Beside it", intro, blocks)


def _autoencoders(result: Followed, key: str) -> Section:
    report = result.report
    blocks: list[Block] = list(sae_blocks(report["saes"], key)) if report["saes"] else []
    speeds = {name: value for name, value in report["throughput"].items() if isinstance(value, int | float)}
    if speeds:
        rows = [
            [name.replace("_", " "), number(round(value) if value >= 100 else float(value))]
            for name, value in speeds.items()
        ]
        blocks.append(Table("Speed", [Column("What", False), Column("Value")], rows))
    if report["experiment_info"].get("training_time"):
        blocks.append(Words(f"{duration(report['experiment_info']['training_time'])} in all.", "note"))
    intro = "How well the autoencoders do at each checkpoint. Explained variance is 0 for predicting the mean; bands are the range of the seeds."
    if len(report["experiment_info"].get("layers", ())) > 1:
        intro += (
            " They read several layers through a router: explained variance is of the states it chose, in normalised units, and not comparable "
            "with that of an autoencoder of one layer."
        )
    return Section("autoencoders", "The autoencoders", intro, blocks)


def _compared(results: Sequence[Followed]) -> Section:
    rows = []
    for result in results:
        report = result.report
        metrics, evaluated = report["chrono_metrics"], report["experiment_info"].get("evaluation", {})
        births = metrics.get("births") or {"n": None, "born": None}
        last = max((sae["step"] for sae in report["saes"]), default=None)
        saes = [
            sae
            for sae in report["saes"]
            if sae["step"] == last and f"{sae['condition']}-{sae['kind']}" == metrics.get("series")
        ]
        half = births.get("half_birth_step") if births["born"] else None
        rows.append(
            [
                result.name,
                number(evaluated.get("val", {}).get("loss"), 3),
                number(len(metrics.get("steps", ()))),
                number(births["n"]),
                NOTHING if half is None else number(round(half)),
                *(last_purity(metrics) if result.has_features else (NOTHING, NOTHING)),
                *(number(_mean(saes, measure), 3) for measure in ("explained_variance", "delta_ce")),
            ]
        )
    names = (
        "Held-out loss", "Checkpoints", "Features", "Half by step", "Kept at last [95 %]", "Calibrated", "Explained variance",
        "Cost of splicing in",
    )  # fmt: skip
    columns = [Column("Result", False), *map(Column, names)]
    intro = "The same numbers of each result. They can be compared where checkpoints, probe and autoencoders are alike."
    return Section("compared", "Side by side", intro, [Table("Results", columns, rows, hide_caption=True)])


def _mean(saes: Sequence[dict[str, Any]], measure: str) -> float | None:
    values = [float(sae[measure]) for sae in saes if sae.get(measure) is not None]
    return sum(values) / len(values) if values else None
