"""The section with what the models write."""

from collections.abc import Mapping, Sequence
from typing import Any

from chronolect.report.findings import is_file, share
from chronolect.report.gather import RunData, last_samples
from chronolect.report.page import (
    Block,
    Sample,
    Samples,
    Section,
    Text,
    Words,
)

_COMPLETIONS = 4  # shown of each side of the cutoff


def samples_section(data: RunData, horizon: Mapping[str, Any] | None, colors: Mapping[str, str]) -> Section | None:
    """Prompts continued by every model: held-out prompts finished in the evaluation, and samples of training."""
    blocks: list[Block] = []
    asked = _completions(horizon["models"], colors) if horizon else []
    sampled = [
        Sample(prompt, [Text(name, _shown(text), colors[name]) for name, text in texts.items()])
        for prompt, texts in last_samples(data.trainings).items()
    ]
    if asked:
        blocks += [
            Words("Questions finished freely", "heading"),
            _named(horizon["models"]) if horizon else Words(""),
            Samples(asked),
        ]
    if sampled:
        blocks += [*([Words("Samples from the end of training", "heading")] if asked else []), Samples(sampled)]
    if not blocks:
        return None
    intro = "The same words, continued by each model, unedited. Small models write small sense; look at which names and things come up."
    return Section("samples", "In their own words", intro, blocks)


def _shown(text: str) -> str:
    return text.strip() or "(nothing)"


def _completions(models: Sequence[dict[str, Any]], colors: Mapping[str, str]) -> list[Sample]:
    """A few prompts of each side of the cutoff with what each model made of them."""
    samples: dict[str, Sample] = {}
    for model in (model for model in models if not is_file(model)):
        for side in ("before", "after"):
            for found in model.get("completions", {}).get(side, {}).get("texts", [])[:_COMPLETIONS]:
                note = f"{side} the cutoff; the answer is {found['answer'].strip()}"
                old = samples.get(found["prompt"], Sample(found["prompt"], [], note))
                text = Text(model["name"], _shown(found["text"]), colors[model["name"]], found["exact"])
                samples[found["prompt"]] = Sample(old.prompt, [*old.texts, text], old.note)
    return list(samples.values())


def _named(models: Sequence[dict[str, Any]]) -> Words:
    parts = [
        f"{model['name']}: {share(model['completions'][side])} {side} the cutoff"
        for model in models
        for side in ("before", "after")
        if model.get("completions", {}).get(side, {}).get("n")
    ]
    return Words(f"Share of held-out prompts whose free continuation names the answer. {'; '.join(parts)}.", "note")
