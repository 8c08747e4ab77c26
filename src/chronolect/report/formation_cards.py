"""Feature cards on the page: contexts with their marks, and the presence of a feature as a small line."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from chronolect.report.formation_charts import step_axis
from chronolect.report.formation_river import shade
from chronolect.report.formats import number
from chronolect.report.page import FeatureCard, FeatureCards, MarkedText, Moment

_LEVELS = 5
_WIDTH, _HEIGHT, _MARGIN = 180, 56, 5  # pixels of the small line


def cards_block(cards: Sequence[Mapping[str, Any]], steps: Sequence[int], key: str) -> FeatureCards:
    """The cards of a report.

    Args:
        cards: What `cards.json` holds.
        steps: Checkpoints.
        key: Part of the cards' ids.
    """
    return FeatureCards([_card(card, steps, card_id(card, key)) for card in cards])


def card_id(card: Mapping[str, Any], key: str) -> str:
    """Where a card is in the page."""
    return f"feature-{key}-{card['seed']}-{card['reference_step']}-{card['feature']}"


def card_links(cards: Sequence[Mapping[str, Any]], key: str) -> dict[tuple[int, int, int], str]:
    """The ids of the cards by seed, reference step and number of the feature."""
    return {(card["seed"], card["reference_step"], card["feature"]): card_id(card, key) for card in cards}


def _card(card: Mapping[str, Any], steps: Sequence[int], id: str) -> FeatureCard:
    born = (
        f"there from step {number(steps[0])}"
        if card["initial"]
        else f"born between steps {number(card['birth_step_lo'])} and {number(card['birth_step_hi'])}"
    )
    if card["seen_before"]:
        born += f" (seen before at {', '.join(map(number, card['seen_before']))}, for too short to count)"
    died = card["death_step_hi"]
    gone = "" if died is None else f", gone between {number(card['death_step_lo'])} and {number(died)}"
    found = f"found by {card['found_in']} {'seed' if card['found_in'] == 1 else 'seeds'}"
    last = max((context["step"] for context in card["contexts"]), default=None)
    opened = {last if card["initial"] else card["birth_step_hi"], last}
    return FeatureCard(
        id=id,
        title=card["title"],
        note=f"Feature {card['feature']} of seed {card['seed']} · {born}{gone} · {found} · fires on {_percent(card['firing_rate'])} of the probe",
        shade=shade(-1 if card["initial"] else steps.index(card["birth_step_hi"]), len(steps)),
        spark=_spark(card, steps),
        text=card["summary"],
        lists=[
            (name, _shares(card[kind]))
            for name, kind in (("Strongest on", "tokens"), ("Then comes", "next_tokens"))
            if card[kind]
        ]
        + [("Fits, by step", _fits(card["presence"]))],
        moments=[_moment(context, card, context["step"] in opened) for context in card["contexts"]],
    )


def _moment(context: Mapping[str, Any], card: Mapping[str, Any], open: bool) -> Moment:
    at = next(entry for entry in card["presence"] if entry["step"] == context["step"])
    title = f"Step {number(context['step'])}: correlation {number(context['correlation'])}"
    if at["share"] is not None:
        title += f"; {at['share']:.0%} of the strongest firings fit (n\u00a0=\u00a0{at['n']})"
    return Moment(title, [_marked(example) for example in context["examples"]], open)


def _marked(example: Mapping[str, Any]) -> MarkedText:
    levels = [
        min(_LEVELS, round(_LEVELS * strength + 0.49)) if strength > 0 else 0 for strength in example["strengths"]
    ]
    return MarkedText([_shown(token) for token in example["tokens"]], levels, example["at"])


def _shown(token: str) -> str:
    """Line breaks as a sign, so that a context stays on its lines."""
    return token.replace("\r", "").replace("\n", "↵").replace("\t", " ")


def _shares(values: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"“{_shown(value['text'])}” {value['share']:.0%}" for value in values if value["share"] >= 0.01)


def _fits(presence: Sequence[Mapping[str, Any]]) -> str:
    """At each checkpoint how many of the strongest firings have the property."""
    return ", ".join(
        f"{number(entry['step'])}: {'–' if entry['share'] is None else format(entry['share'], '.0%')}"
        for entry in presence
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _spark(card: Mapping[str, Any], steps: Sequence[int]) -> Markup:
    """Correlation with the feature at each checkpoint, and how far the firings fit the pattern; the birth is shaded."""
    axis = step_axis(steps)
    low, high = axis.place(min(steps)), axis.place(max(steps))

    def x(step: int) -> float:
        return round(_MARGIN + (axis.place(step) - low) / ((high - low) or 1.0) * (_WIDTH - 2 * _MARGIN), 1)

    def y(value: float) -> float:
        return round(_HEIGHT - _MARGIN - max(0.0, min(1.0, value)) * (_HEIGHT - 2 * _MARGIN), 1)

    presence = card["presence"]
    line = " ".join(f"{x(entry['step'])},{y(entry['correlation'])}" for entry in presence)
    fits = [f"{x(entry['step'])},{y(entry['share'])}" for entry in presence if entry["share"] is not None]
    birth = ""
    if not card["initial"]:
        start, end = x(card["birth_step_lo"]), x(card["birth_step_hi"])
        birth = f'<rect class="birth" x="{start}" width="{end - start:.1f}" y="0" height="{_HEIGHT}"/>'
    words = "Correlation by step: " + "; ".join(
        f"{number(entry['step'])}: {number(entry['correlation'])}" for entry in presence
    )
    end = presence[-1]
    return Markup(
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(words)}">{birth}'
        f'<line class="level" x1="0" x2="{_WIDTH}" y1="{y(0)}" y2="{y(0)}"/><line class="level" x1="0" x2="{_WIDTH}" y1="{y(1)}" y2="{y(1)}"/>'
        f'<polyline class="pattern" points="{" ".join(fits)}"/><polyline class="line" points="{line}"/>'
        f'<circle class="end" cx="{x(end["step"])}" cy="{y(end["correlation"])}" r="3"/></svg>'
    )
