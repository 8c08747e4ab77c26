"""`chronolect train formation`: pre-training, or continued pre-training, with the model's features followed on the way."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from cyclopts import Parameter

from chronolect.console import say
from chronolect.errors import UserError
from chronolect.formation.online.companion import Following, Progress
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.online.learners import Learner, make_judge, make_learners
from chronolect.formation.online.objective import Followed
from chronolect.formation.online.report import analysis_settings, write_report
from chronolect.formation.online.snapshots import Snapshots
from chronolect.formation.online.unchanged import go_on_unchanged
from chronolect.formation.reading.probe import divide
from chronolect.formation.reading.residuals import check_layers
from chronolect.formation.routing.config import middle_layers
from chronolect.models.presets import Architecture
from chronolect.training.config import TrainingConfig
from chronolect.training.data import PackedRows
from chronolect.training.pretrain import Begun, pretrain
from chronolect.training.sharding import is_sharded


def train_formation(
    corpus: Path,
    *,
    out: Path,
    preset: str | None = None,
    model: str | None = None,
    tokenizer: Path | None = None,
    layers: int | None = None,
    hidden: int | None = None,
    heads: int | None = None,
    kv_heads: int | None = None,
    intermediate: int | None = None,
    architecture: Architecture | None = None,
    context: int | None = None,
    token_noise: float = 0.0,
    shuffle: Literal["documents", "windows", "none"] = "documents",
    formation: Annotated[FormationConfig, Parameter(name="*")] = FormationConfig(),
    config: Annotated[TrainingConfig, Parameter(name="*")] = TrainingConfig(),
) -> dict[str, Any]:
    """Train a language model on a packed corpus and follow its features on the way: autoencoders learn beside it, and snapshots of them on the
    same probe tokens show what was born, kept and lost.

    Args:
        corpus: Packed corpus folder. The probe is taken from its validation split, or where there is none from its training split.
        out: Run folder.
        preset: Size of a new model: 1m, 5m (the default), 30m, 124m, smollm2-360m or tinyllama-1.1b.
        model: Folder or hub name of a model to train further, instead of a new one.
        tokenizer: Tokenizer folder; the corpus's own by default.
        layers: Number of decoder blocks, in place of the preset's.
        hidden: Width, in place of the preset's.
        heads: Attention heads, in place of the preset's.
        kv_heads: Key and value heads, in place of the preset's.
        intermediate: Width of the MLP, in place of the preset's.
        architecture: `llama` (the default) or `qwen3`.
        context: Longest sequence that a new model is made for, in tokens; `seq_len` by default.
        token_noise: Probability of replacing an input token by a random one while training.
        shuffle: Order of the data: permuted documents, or permuted rows (`windows`) where there are too many documents to
            permute in memory, or `none`: as packed.
        formation: What is followed, and how.
        config: How to train.

    Returns:
        What `train pretrain` returns; under `formation` the autoencoders' last measures, and the path of `evaluation_report.json`.
    """
    return pretrain(
        corpus,
        command="formation train",
        out=out,
        preset=preset,
        model=model,
        tokenizer=tokenizer,
        shape={
            "layers": layers,
            "hidden": hidden,
            "heads": heads,
            "kv_heads": kv_heads,
            "intermediate": intermediate,
            "architecture": architecture,
            "context": context,
        },
        token_noise=token_noise,
        shuffle=shuffle,
        config=config,
        more_settings=formation.as_dict(),
        accompany=partial(follow, formation=formation, config=config),
    )


def follow(begun: Begun, *, formation: FormationConfig, config: TrainingConfig) -> tuple[Followed, Following]:
    """The objective and the companion of a run whose features are followed.

    Args:
        begun: The run before its first step.
        formation: What is followed, and how.
        config: How the model is trained.

    Raises:
        UserError: For a layer that is not there, a model shared out over processes, attention within compiled blocks, a schedule without an end, or
            too little text for the probe.
    """
    if is_sharded(config, begun.accelerator):
        raise UserError(
            "--shard fsdp: features are read from whole models; use --shard none, or follow them afterwards with `formation track`"
        )
    if config.compile and formation.alignment == "attention_diversity":
        raise UserError(
            "--alignment attention_diversity: attention is not seen within compiled blocks; leave out --compile"
        )
    described = begun.model.config.get_text_config()
    chosen = choose_layers(formation, described.num_hidden_layers)
    check_layers(begun.model, chosen)
    if begun.steps is None and formation.dropout_rate and formation.dropout_schedule != "constant":
        raise UserError(
            "--dropout-schedule: it ends with the steps, and --max-minutes sets none; give --max-steps, too"
        )
    steps = -(-(begun.steps or 1) // formation.update_frequency)
    learns = formation.sae and begun.accelerator.is_main_process
    learners: list[Learner] = []
    snapshots = None
    warnings = []
    if learns:
        width = described.hidden_size
        per_step = min(formation.tokens_per_update, config.batch_size * config.accumulate * config.seq_len)
        shared: dict[str, Any] = {
            "layers": chosen,
            "width": width,
            "steps": steps,
            "tokens": None if begun.steps is None else steps * per_step,
            "seed": config.seed,
            "device": begun.accelerator.device,
        }
        learners = make_learners(formation, **shared)
        if (latents := formation.sae_config(width).latents) <= width:
            warnings.append(
                f"--sae-latents {latents}: not above the model's width ({width}), so that features must share directions; "
                "eight times as many are usual"
            )
            say(warnings[-1])
        texts = divide(begun.packed, tokens=formation.probe_tokens, seq_len=config.seq_len, seed=config.seed)
        if texts.probe.source.endswith("/train"):
            warnings.append(
                "the probe is of the training split, val being too small for it: model and autoencoders learn from its tokens as well, so that "
                "explained variance and losses on it are better than on new text"
            )
            say(warnings[-1])
        snapshots = Snapshots(
            folder=begun.run.folder,
            learners=learners,
            judge=make_judge(formation, **shared),
            layers=chosen,
            probe=texts.probe,
            settings=analysis_settings(formation),
            keep_saes=formation.save_sae_state,
            spliced_tokens=formation.splice_tokens,
            bfloat16=begun.accelerator.mixed_precision == "bf16",
        )
    excluded = {begun.packed.eos_id, begun.tokenizer.pad_token_id} - {None}
    objective = Followed(
        inner=begun.objective,
        config=formation,
        layers=chosen,
        learners=learners,
        excluded=sorted(excluded),
        accumulate=config.accumulate,
        processes=begun.accelerator.num_processes,
        seed=config.seed,
    )

    def report(model: torch.nn.Module, results: dict[str, Any], progress: Progress) -> dict[str, Any]:
        made = [snapshots] if snapshots and progress.updates else []
        if made and not formation.save_sae_state:
            made[0].keep_last(results["steps"])
        if made and formation.no_change:
            rows = PackedRows(begun.packed.split("train"), seq_len=config.seq_len, seed=config.seed + 1)
            step = results["steps"]
            made.append(
                go_on_unchanged(
                    model, made[0], rows, formation, progress, step=step, excluded=objective.excluded, seed=config.seed
                )
            )
        return write_report(begun, formation, made, results, progress, layers=chosen, warnings=warnings)

    companion = Following(
        objective,
        formation,
        snapshots=snapshots,
        log_every=config.log_every,
        report=report if begun.accelerator.is_main_process else None,
    )
    return objective, companion


def choose_layers(formation: FormationConfig, count: int) -> list[int]:
    """The blocks that are read of a model that has `count`."""
    if formation.sae_layers:
        return formation.sae_layers
    return [count // 2] if formation.route == "none" else middle_layers(count)
