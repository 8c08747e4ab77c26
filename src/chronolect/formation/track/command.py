"""`chronolect formation track`: features followed over the checkpoints of a finished or published training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
from cyclopts import Parameter
from transformers import AutoConfig

from chronolect.artifacts import digest, plain, read_json, stage, write_bytes
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.formation.reading.probe import divide
from chronolect.formation.reading.residuals import check_layers
from chronolect.formation.reporting import write_evaluation_report
from chronolect.formation.track.checkpoints import Checkpoint, find_checkpoints
from chronolect.formation.track.config import TrackConfig
from chronolect.formation.track.crosscoding import crosscode
from chronolect.formation.track.follower import Follower
from chronolect.formation.track.routes import route, routed_layers
from chronolect.models.loading import load_model, load_tokenizer
from chronolect.training.config import TrainingConfig
from chronolect.training.data import PackedCorpus
from chronolect.training.hardware import uses_bfloat16

_ROW = 256  # tokens, where no other number is given


def formation_track(
    models: list[Path] | None = None,
    *,
    out: Path,
    corpus: Path,
    run: Path | None = None,
    hub: str | None = None,
    revisions: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    steps: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None,
    config: Annotated[TrackConfig, Parameter(name="*")] = TrackConfig(),
) -> dict[str, Any]:
    """Follow the features of a language model over checkpoints that are there: sparse autoencoders are trained on each, and compared on the
    same tokens.

    A killed run goes on behind the last checkpoint it finished when it is started again.

    Args:
        models: Model folders, one per checkpoint, whose names tell the step: `checkpoint-N` or `stepN`.
        out: Folder to write to.
        corpus: Packed corpus, for the probe and for the autoencoders to learn from; packed with the model's tokenizer.
        run: Training run of `chronolect train` whose checkpoints are taken, instead.
        hub: Name of a model on the hub, instead; its checkpoints are `revisions`.
        revisions: Revisions on the hub, whose names tell the step, such as step0 step1000.
        steps: Take only the checkpoints of these steps.
        config: What is followed, and how.

    Returns:
        Counts of checkpoints and features, steps whose autoencoders have not converged, purity and half-birth step: the rest is in
        `evaluation_report.json`.

    Raises:
        UserError: Checkpoints that are missing, damaged, of different shapes or the same twice; a layer that is not there; too little text;
            activations that are no numbers.
    """
    checkpoints = find_checkpoints(models or [], run=run, hub=hub, revisions=revisions or (), steps=steps)
    seq_len = _row_length(checkpoints[0], config)
    config = replace(config, seq_len=seq_len)
    packed = PackedCorpus(corpus)
    texts = divide(
        packed,
        tokens=config.probe_tokens,
        seq_len=seq_len,
        split=config.probe_split,
        needed=config.batch_tokens,
        seed=config.seed,
    )
    device = choose_device(config)
    warnings: list[str] = []
    layer, routed = _choose_layers(checkpoints[0], packed, config, warnings)
    # what the checkpoints hold is known by now: their digests stand for them, so that nothing is read again
    weights = {checkpoint.name: checkpoint.digest for checkpoint in checkpoints}
    source = {"models": models, "run": run, "hub": hub, "revisions": revisions, "steps": steps}
    settings = {**source, **config.as_dict(), "weights": weights}
    with stage(out, command="formation track", config=settings, inputs=[corpus], resume=True) as work:
        work.scratch.mkdir(exist_ok=True)
        texts.probe.save(work.folder / "probe")
        load_tokenizer(corpus / "tokenizer").save_pretrained(work.folder / "tokenizer")
        bfloat16 = uses_bfloat16(TrainingConfig(dtype=config.dtype, device=config.device))
        follower = Follower(work.folder, work.scratch, config, layer, texts, device, bfloat16)
        results = []
        for before, checkpoint in zip([None, *checkpoints], checkpoints, strict=False):
            results.append(follower.follow(checkpoint, before))
            say(f"{checkpoint.name}: {_told(results[-1]['saes'])}")
        _check_first_loss(checkpoints[0], results[0], packed.vocab_size, warnings)
        results += _controls(follower, checkpoints[-1])
        second = {"crosscoder": crosscode(follower, checkpoints)} if config.crosscoder_tokens else {}
        routing = route(follower, checkpoints[-1], routed) if routed else None
        write_bytes(work.folder / "metrics.jsonl", follower.metrics().encode())
        report = write_evaluation_report(
            work.folder,
            experiment=_experiment(checkpoints, results, layer, corpus),
            settings=config.analysis,
            saes=[record for result in results for record in result["saes"]],
            config=plain({**source, **config.as_dict()}),
            provenance={
                "seeds": list(range(config.seeds)),
                "inputs": {str(corpus): digest(corpus), **weights},
            },
            throughput=_throughput(results),
            warnings=warnings,
            routing=routing,
            controls=second,
            cross_reconstruction=follower.cross_reconstruction(checkpoints),
            cards=config.cards,
        )
        work.counts = _summary(report)
    return work.counts


def choose_device(config: TrackConfig) -> torch.device:
    """The device that the settings mean.

    Raises:
        UserError: For one that is not there.
    """
    if config.device == "auto":
        return torch.accelerator.current_accelerator() or torch.device("cpu")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(config.device, True):
        raise UserError(f"--device {config.device}: this PyTorch finds no such device; leave --device out")
    return torch.device(config.device)


def _row_length(first: Checkpoint, config: TrackConfig) -> int:
    """Tokens per row: those of the settings, or as many as are usual and the model reads."""
    longest = getattr(AutoConfig.from_pretrained(first.folder), "max_position_embeddings", None)
    if config.seq_len is None:
        return _ROW if longest is None else min(_ROW, int(longest))
    if longest is not None and longest < config.seq_len:
        raise UserError(f"--seq-len {config.seq_len}: {first.name} reads {longest} tokens at most")
    return config.seq_len


def _choose_layers(
    first: Checkpoint, packed: PackedCorpus, config: TrackConfig, warnings: list[str]
) -> tuple[int, list[int]]:
    """Block to read, and those to route among (none without routing)."""
    model: Any = load_model(first.folder)
    if model.get_input_embeddings().weight.shape[0] < packed.vocab_size:
        raise UserError(
            f"{first.name}: its vocabulary is smaller than the {packed.vocab_size} tokens {packed.folder} was packed with; "
            "pack with its tokenizer"
        )
    layer = config.layer if config.layer is not None else model.config.num_hidden_layers // 2
    check_layers(model, [layer])
    width = model.config.hidden_size
    form = config.sae_config(width)
    if form.latents <= width:
        warnings.append(
            f"--latents {form.latents}: not above the model's width ({width}), so that features must share directions; eight times as many are usual"
        )
        say(warnings[-1])
    return layer, routed_layers(config, model) if config.route else []


def _check_first_loss(first: Checkpoint, result: Mapping[str, Any], vocab_size: int, warnings: list[str]) -> None:
    """A model at step 0 knows nothing: its loss is that of guessing."""
    loss, chance = result["loss"], math.log(vocab_size)
    if first.step == 0 and loss is not None and not 0.9 * chance <= loss <= 1.5 * chance:
        warnings.append(
            f"{first.name}: its loss at step 0 is {loss:.2f}, where a model that has learned nothing has about {chance:.2f} "
            "(the logarithm of the vocabulary's size); are these the weights of that step?"
        )
        say(warnings[-1])


def _told(saes: Sequence[Mapping[str, Any]]) -> str:
    """Means over the seeds of the base condition; each kind's own, since cold and warm ones learned for different times."""
    kinds = dict.fromkeys(record["kind"] for record in saes if record["condition"] == "base")
    parts = []
    for kind in kinds:
        base = [record for record in saes if (record["condition"], record["kind"]) == ("base", kind)]
        explained, l0, dead = (
            sum(record[key] or 0 for record in base) / len(base) for key in ("explained_variance", "l0", "dead_share")
        )
        parts.append(f"{kind}: explained variance {explained:.3f}, L0 {l0:.1f}, dead {dead:.1%}")
    return "; ".join(parts)


def _controls(follower: Follower, last: Checkpoint) -> list[dict[str, Any]]:
    results = []
    if "random-init" in follower.config.conditions:
        results.append(follower.random_init(last))
        say(f"the same shape, untrained: explained variance {results[-1]['saes'][0]['explained_variance']:.3f}")
    if "no-change" in follower.config.conditions:
        results += [follower.no_change(last, turn) for turn in range(1, follower.config.window + 2)]
    return results


def _experiment(
    checkpoints: Sequence[Checkpoint], results: Sequence[Mapping[str, Any]], layer: int, corpus: Path
) -> dict[str, Any]:
    return {
        "model_type": read_json(checkpoints[-1].folder / "config.json")["model_type"],
        "total_steps": checkpoints[-1].step,
        "training_time": round(sum(sum(result["seconds"].values()) for result in results), 3),
        "datasets_used": [corpus.name],
        "dataset_mixing_ratios": {corpus.name: 1.0},
        "layers": [layer],
        "checkpoints": [
            {
                "step": checkpoint.step,
                "path": checkpoint.name,
                "weights_digest": checkpoint.digest,
                "loss": result["loss"],
            }
            for checkpoint, result in zip(checkpoints, results, strict=False)
        ],
    }


def _throughput(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tokens per second of the language model's pass, and of the autoencoders' training, over the whole run."""
    names = ("activations", "autoencoders", "probe", "measuring")
    seconds = {name: sum(result["seconds"][name] for result in results) for name in names}
    read = sum(sum(result["tokens"].values()) for result in results)
    learned = sum(record["tokens_trained"] for result in results for record in result["saes"])
    return {
        "activation_tokens_per_s": round(read / (seconds["activations"] + seconds["probe"]), 1),
        "sae_tokens_per_s": round(learned / seconds["autoencoders"], 1),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def _summary(report: Mapping[str, Any]) -> dict[str, Any]:
    metrics = report["chrono_metrics"]
    births = metrics["births"]
    return {
        "checkpoints": len(metrics["steps"]),
        "not_converged": [step for step, known in zip(metrics["steps"], births["judged"], strict=True) if not known],
        "final_temporal_purity": metrics["final_temporal_purity"],
        "features": {key: births[key] for key in ("n", "initial", "born", "died", "censored")},
        "half_birth_step": births.get("half_birth_step"),
        "warnings": report["warnings"],
    }
