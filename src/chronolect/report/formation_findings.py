"""What the numbers of an evaluation report mean, in sentences made from them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from chronolect.report.formats import estimate, number
from chronolect.report.page import Verdict

_APART = 0.05  # of ceiling and null, below which nothing lies between them
_BY_CHANCE = 0.05  # share of permuted features that may look present
_KINDS: dict[bool | None, Literal["pass", "fail", "note"]] = {True: "pass", False: "fail", None: "note"}
_TRUTHS = {
    "births.median_error": "median error of a birth, in checkpoints",
    "births.recall": "births found, within one checkpoint",
    "births.precision": "births said that are true",
    "deaths.recall": "deaths found, within one checkpoint",
    "deaths.precision": "deaths said that are true",
    "unchanged.false_births": "births said where nothing changed",
    "purity.mean_error": "error of calibrated purity against the true overlap",
    "matching.accuracy": "latents matched rightly from checkpoint to checkpoint",
}


def formation_title(report: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Headline and the sentence below it, as far as the numbers carry them."""
    if "ground_truth" in report:
        verdicts = [verdict for found in kinds_of(report).values() for verdict in found["verdicts"]]
        reached = sum(bool(verdict["reached"]) for verdict in verdicts)
        return (
            f"Held to the truth: {reached} of {len(verdicts)} targets reached",
            "A training run was made up in which features come, go and turn at known checkpoints; the same pipeline that follows a language model "
            "followed it, and what it said was scored.",
        )
    metrics, info = report["chrono_metrics"], report["experiment_info"]
    births, seeds = metrics["births"], len(metrics["seeds"])
    lede = (
        f"Sparse autoencoders read {_layers(info['layers'])} at {len(metrics['steps'])} checkpoints of “{name}”, "
        f"{number(seeds)} {'seed' if seeds == 1 else 'seeds'} each; "
        f"what they found was compared on the same {number(info['probe']['tokens'])} tokens."
    )
    half = births.get("half_birth_step")
    if births["n"] == 0:
        return "No feature that could be followed", lede
    if half is None:
        return f"{_count(births['n'])}, none seen to be born", lede
    return f"Half of its new features are there by step {number(round(half))}", lede


def formation_verdicts(report: Mapping[str, Any], controls: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """The findings, most important first.

    Args:
        report: An evaluation report.
        controls: What `formation controls` said of the same folder, by name.
    """
    metrics = report["chrono_metrics"]
    found = [*_truth(report)]
    found += [
        *_births(metrics),
        *_kept(metrics),
        *_purity(metrics),
        *_autoencoders(report),
        *_beside(report),
        *_controls(controls),
        *_routing(report),
    ]
    warnings = dict.fromkeys(
        warning.removeprefix(f"{metrics['series']}: ")
        for warning in (*metrics.get("warnings", ()), *report["warnings"])
    )
    return [*found, *(Verdict("note", _sentence(warning)) for warning in warnings)]


def truth_name(name: str) -> str:
    """A target of the ground truth in words."""
    return _TRUTHS.get(name, name.replace(".", ", ").replace("_", " "))


def kinds_of(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Scores against the truth by the kind of series."""
    return {kind: found for kind, found in report["ground_truth"].items() if "verdicts" in found}


def _truth(report: Mapping[str, Any]) -> Iterator[Verdict]:
    if "ground_truth" not in report:
        return
    for kind, found in kinds_of(report).items():
        for verdict in found["verdicts"]:
            limit = f"{'at most' if verdict['at_most'] else 'at least'} {verdict['limit']:g}"
            words = f"{kind.capitalize()} series, {truth_name(verdict['name'])}"
            if verdict["reached"] is None:
                yield Verdict("note", f"{words}: undefined ({limit} was asked for).")
            else:
                yield Verdict(
                    "pass" if verdict["reached"] else "fail",
                    f"{words}: {number(float(verdict['value']), 3)} ({limit} was asked for).",
                )
        naive, error = found["purity"].get("naive_mean_error"), found["purity"].get("mean_error")
        if naive is not None and error is not None:
            yield Verdict(
                "note",
                f"{kind.capitalize()} series: the naive cosine of rows of the same number is off from the true overlap by "
                f"{number(naive, 3)} on the mean, calibrated purity by {number(error, 3)}.",
            )


def _births(metrics: Mapping[str, Any]) -> Iterator[Verdict]:
    births, seeds = metrics["births"], len(metrics["seeds"])
    if births["n"] == 0:
        yield Verdict(
            "fail",
            "No latent of the last checkpoint fires often enough and is found by two seeds: there is nothing to follow.",
        )
        return
    found = f"that at least two of {seeds} seeds found" if seeds > 1 else "of its one autoencoder, noise among them"
    words = f"Of {_count(births['n'])} of the last checkpoint {found}, {number(births['initial'])} {_are(births['initial'])} there at the first one"
    half = births.get("half_birth_step")
    words += f" and {number(births['born']) if births['born'] else 'none'} {_are(births['born'])} born later"
    if half is not None:
        bounds = estimate(half, births["half_birth_step_low"], births["half_birth_step_high"], digits=0)
        words += f"; half of those by step {bounds}"
    if births["seen_before"]:
        words += f"; {number(births['seen_before'])} of them resemble something that was there before, for too short to count"
    chance = births["presence_null"]
    if chance["share_on"] is not None and chance["share_on"] > _BY_CHANCE:
        yield Verdict(
            "fail",
            f"{words}. But {chance['share_on']:.0%} of features look present by chance alone (tokens permuted): "
            f"the threshold of {births['on']:g} is too low here.",
        )
        return
    if chance["q99"] is not None:
        words += f". By chance a presence above {number(chance['q99'])} is seen in one of a hundred; {births['on']:g} is asked for"
    missed = births.get("missed_by_chance")
    if missed and missed["share"] is not None:
        rate = estimate(missed["share"], missed["low"], missed["high"])
        words += f". Of the last checkpoint's features that other seeds found together, one seed alone misses {rate}: so often at most "
        words += "does a feature that is there go unseen at a checkpoint"
    if not births.get("judged", [True])[-1]:
        yield Verdict(
            "fail",
            f"{words}. But the autoencoders of that last checkpoint were not converged: its features may be none.",
        )
    else:
        yield Verdict("pass" if half is not None else "note", f"{words}.")
    if births.get("vanished"):
        words = f"{_count(births['vanished'])} of earlier checkpoints {_are(births['vanished'])} no longer there at the last one."
        yield Verdict("note", words)


def _kept(metrics: Mapping[str, Any]) -> Iterator[Verdict]:
    forward = metrics["births"].get("forward")
    if not forward or not forward["n"]:
        return
    curve = forward["curve"]
    left = estimate(curve["share"][-1], curve["low"][-1], curve["high"][-1])
    yield Verdict(
        "note",
        f"Of {_count(forward['n'])} of step {number(forward['reference_step'])}, a share of {left} is still there at the last checkpoint.",
    )


def _purity(metrics: Mapping[str, Any]) -> Iterator[Verdict]:
    purity, steps = metrics["purity"], metrics["steps"]
    if purity is None:
        yield Verdict("note", "Temporal purity was not asked for.")
        return
    if len(steps) <= purity["window"]:
        yield Verdict(
            "note",
            f"Purity needs {purity['window'] + 1} checkpoints and there are {len(steps)}: it is undefined, not zero.",
        )
        return
    raw, low, high, gate = (purity[key][-1] for key in ("raw", "low", "high", "gate"))
    step = number(steps[-1])
    if gate != "converged" or raw is None:
        yield Verdict(
            "note", f"Purity at step {step} is not read: {gate if raw is not None else 'no latent could be followed'}."
        )
    else:
        words = f"At step {step} a share of {estimate(raw, low, high)} of the latents was kept over the {purity['window']} checkpoints before"
        null, ceiling = purity["null"], purity["ceiling_by_step"][-1]
        against = f"by chance {number(null)}" if null is not None else "chance unknown"
        if null is not None and ceiling is not None and ceiling - null < _APART:
            yield Verdict(
                "fail",
                f"Purity cannot be told at step {step}: even autoencoders of one checkpoint that differ in their seed keep no more than "
                f"{number(ceiling)} of their latents (by chance {number(null)}). Longer training, fewer latents or lower thresholds may help.",
            )
        elif null is not None and low <= null:
            yield Verdict("fail", f"{words}: not above what chance gives ({number(null)}).")
        elif ceiling is None:
            yield Verdict("note", f"{words} ({against}; ceiling unknown, so this is no measure of how much changed).")
        elif high >= ceiling:
            yield Verdict(
                "note",
                f"{words} ({against}). Where nothing changes it is {number(ceiling)}: purity does not lie below that ceiling, "
                "so no change can be shown.",
            )
        else:
            way = estimate(*(purity[key][-1] for key in ("calibrated", "calibrated_low", "calibrated_high")))
            yield Verdict(
                "pass",
                f"{words} ({against}; where nothing changes {number(ceiling)}): {way} of the way from chance to no change. "
                "Those that learn for longer may find less: quote it with the tokens they learned from.",
            )
    naive = [value for value in purity["same_index_cosine"] if value is not None]
    if naive:
        yield Verdict(
            "note",
            f"The cosine of decoder rows of the same number is {number(naive[-1])}. It tells how the autoencoders were started, "
            "not whether features stayed, and is not used.",
        )
    if purity["decoder_optimised"]:
        yield Verdict(
            "note",
            "Training pulled decoder rows of neighbouring checkpoints together, so purity here asks only how latents fire.",
        )


def _autoencoders(report: Mapping[str, Any]) -> Iterator[Verdict]:
    metrics = report["chrono_metrics"]
    last = [
        sae
        for sae in report["saes"]
        if f"{sae['condition']}-{sae['kind']}" == metrics["series"] and sae["step"] == metrics["steps"][-1]
    ]
    parts = []
    for measure, words in (
        ("explained_variance", "explain {} of the variance"),
        ("l0", "use {} latents per token"),
        ("dead_share", "leave {} of their latents dead"),
        ("delta_ce", "cost {} nats per token when spliced in"),
    ):
        values = [float(sae[measure]) for sae in last if sae.get(measure) is not None]
        if values:
            parts.append(words.format(number(sum(values) / len(values), 1 if measure == "l0" else 3)))
    if parts:
        yield Verdict("note", f"At the last checkpoint the autoencoders {', '.join(parts)} (n = {len(last)} seeds).")
    failed = [
        number(step)
        for step, gate, judged in zip(
            metrics["steps"],
            (metrics["purity"] or {}).get("gate", ()),
            (metrics["births"] or {}).get("judged") or [True] * len(metrics["steps"]),
            strict=False,
        )
        if gate == "not converged" or not judged  # the gate of purity does not tell before the window
    ]
    if failed:
        where = f"step {failed[0]}" if len(failed) == 1 else f"steps {', '.join(failed)}"
        words = f"At {where} the autoencoders were not converged; births and purity are not judged by them"
        if metrics["purity"]["gate"][-1] == "not converged":
            words += ", but the features followed are those of the last checkpoint all the same"
        yield Verdict("fail", f"{words}.")


def _beside(report: Mapping[str, Any]) -> Iterator[Verdict]:
    second = report["controls"].get("crosscoder")
    if second and second["births"].get("half_birth_step") is not None:
        births = second["births"]
        half = estimate(
            *(births[key] for key in ("half_birth_step", "half_birth_step_low", "half_birth_step_high")), digits=0
        )
        yield Verdict(
            "note",
            f"A crosscoder over all checkpoints, a second opinion with one code for all of them, puts half of the births of its "
            f"{number(births['n'])} features by step {half}.",
        )
    untrained = report["controls"].get("random-init")
    if untrained:
        part = untrained["features_found"]
        words = (
            f"A model of the same shape that has learned nothing has a share of {estimate(part['rate'], part['low'], part['high'])}, "
            f"n = {number(part['n'])}, of the last checkpoint's latents"
        )
        if part["high"] is not None and part["high"] < 0.5:
            yield Verdict("pass", f"{words}: most are of the training.")
        else:
            yield Verdict("fail", f"{words}: many of them need no training.")


def _controls(controls: Mapping[str, Mapping[str, Any]]) -> Iterator[Verdict]:
    for name, found in controls.items():
        said = f"Control, {name.replace('-', ' ')}: {found['told']} (expected: {found['expected']})."
        yield Verdict(_KINDS[found["passed"]], said)


def _routing(report: Mapping[str, Any]) -> Iterator[Verdict]:
    routing = report.get("routing")
    if routing:
        yield Verdict(_KINDS[routing["informative"]], _sentence(routing["verdict"]))


def _count(features: int) -> str:
    return f"{number(features)} {'feature' if features == 1 else 'features'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _sentence(text: str) -> str:
    if text.partition(" ")[0].isalpha():  # not the name of a setting or a file
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _layers(layers: Sequence[int]) -> str:
    if not layers:
        return "the residual stream"
    if len(layers) == 1:
        return f"the residual stream after block {layers[0]}"
    return f"the residual stream after blocks {', '.join(map(str, layers))}"
