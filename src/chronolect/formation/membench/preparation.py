"""What a run needs before it starts: the model's folder, a tokenizer, the mixed corpus, prompts; each made once and found again."""

import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from chronolect.artifacts import is_current, read_json, stage
from chronolect.commands import EXTRAS
from chronolect.console import say
from chronolect.corpus.document import CorpusWriter, Document
from chronolect.corpus.holdout import HeldOut
from chronolect.curriculum.guidance import this_device
from chronolect.errors import UserError
from chronolect.formation.membench.config.plan import DataChoice, ModelChoice, RunPlan
from chronolect.formation.membench.mixing import mix_sources
from chronolect.formation.membench.text_sources import TextSource, find_sources
from chronolect.models.hub import is_hub_name, local_folder
from chronolect.models.loading import load_tokenizer
from chronolect.models.presets import choose_shape, model_config
from chronolect.models.tokenizers import train_tokenizer
from chronolect.planning.memory import Step, plan_memory
from chronolect.planning.shapes import find_shape
from chronolect.training.data import PackedCorpus

_TOKENIZER_TEXT = 64 << 20  # characters a new tokenizer is trained on, at most
_PROMPT_TOKENS = 8
_GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a run starts from.

    Attributes:
        model: Folder of the model; None for a new one.
        corpus: Packed corpus.
        tokenizer: Its tokenizer.
        mixed: What each source came to, by name; empty for a corpus that was given.
        missing: Sources that were done without.
        prompts: Beginnings of held-out documents.
    """

    model: Path | None
    corpus: Path
    tokenizer: Path
    mixed: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...]
    prompts: tuple[str, ...]


def data_folder(out: Path) -> Path:
    """Where what a run needs is kept: beside its folder, which belongs to the run alone."""
    return out.with_name(f"{out.name}-data")


def prepare(plan: RunPlan, *, folder: Path, offline: bool = False) -> Prepared:
    """Find or make what the run needs.

    Args:
        plan: The run.
        folder: Where it is kept.
        offline: Fetch nothing.

    Raises:
        UserError: A model or source that is not there, with what to do; a package that is missing; data too short; several processes without a
            packed corpus, since one must mix it before.
    """
    _require_packages(plan)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and plan.data.packed is None:
        raise UserError(
            f"several processes: mix the data first with --prepare-only in one process, then set dataset.packed: {folder / 'corpus'}"
        )
    model = model_folder(plan.model, offline=offline)
    if model is not None:
        context, length = read_json(model / "config.json").get("max_position_embeddings"), plan.training.seq_len
        if context is not None and length > context:
            raise UserError(f"dataset.max_length {length}: longer than the context of {model} ({context} tokens)")
    seed = plan.training.seed
    if plan.data.packed is not None:
        corpus, mixed, missing = plan.data.packed, {}, list[str]()
    else:
        ratios = plan.data.ratios
        sources, ratios, missing = find_sources(
            plan.data.sources, ratios, offline=offline, allow_missing=plan.data.allow_missing
        )
        tokenizer = _tokenizer(plan, model, sources, folder=folder, offline=offline)
        if plan.data.threads:
            os.environ |= {"RAYON_NUM_THREADS": str(plan.data.threads), "TOKENIZERS_PARALLELISM": "true"}
        counts = mix_sources(
            sources,
            out=folder / "corpus",
            tokenizer=tokenizer,
            ratios=ratios,
            tokens=plan.data.tokens if ratios else None,
            train_split=plan.data.train_split,
            val_split=plan.data.val_split,
            exhausted=plan.data.exhausted,
            seed=seed,
        )
        corpus, mixed = folder / "corpus", counts["sources"]
    packed = PackedCorpus(corpus)
    if model is not None and plan.model.fresh:
        model = _fresh(model, seed=seed, out=folder / "start")
    return Prepared(
        model=model,
        corpus=corpus,
        tokenizer=corpus / "tokenizer",
        mixed=mixed,
        missing=tuple(missing),
        prompts=tuple(_prompts(packed, plan.data)),
    )


def model_folder(choice: ModelChoice, *, offline: bool) -> Path | None:
    """The folder of the model to start from, fetched where it must and may be; None for a new one.

    Raises:
        UserError: Where it is not here and cannot be had.
    """
    place = choice.place
    if place is None:
        return None
    if choice.is_local or not is_hub_name(place):
        if not Path(place).is_dir():
            raise UserError(
                f"model.paths.{choice.type}: {place}: no such folder; put the weights there, or set model.source: huggingface"
            )
        return Path(place)
    try:
        return local_folder(place, offline=offline)
    except UserError as error:
        own = f"or give its folder: model.source: local and model.paths.{choice.type}.local"
        if offline:
            raise UserError(
                f"{place}: not in the hub's cache here, and --offline fetches nothing; fetch it once without --offline, {own}"
            ) from None
        raise UserError(
            f"{error} (weights such as these may ask for an accepted licence and `hf auth login`; {own})"
        ) from None


def check_memory(plan: RunPlan, prepared: Prepared) -> float | None:
    """GB that the run is reckoned to take on its device, held to `max_memory_gb`; None where the model's form is unknown to planning.

    Raises:
        UserError: Where it is more than it may be.
    """
    limit, config = plan.max_memory_gb, plan.training
    try:
        if prepared.model is not None:
            shape = find_shape(str(prepared.model))
        else:
            own = {"preset": "5m", **plan.model.shape}
            chosen = choose_shape(own.pop("preset"), **own, context=config.seq_len)
            found = model_config(chosen, load_tokenizer(prepared.tokenizer))
            shape = replace(
                find_shape("5m", vocab_size=found.vocab_size),
                layers=chosen.layers,
                hidden=chosen.hidden,
                heads=chosen.heads,
                kv_heads=chosen.kv_heads,
                head_dim=chosen.hidden // chosen.heads,
                intermediate=chosen.intermediate,
                tied=chosen.tied,
            )
    except UserError as error:
        if limit is not None:
            say(f"warning: experiment.max_memory_gb cannot be held to beforehand: {error}")
        return None
    needed = plan_memory(Step(shape=shape, config=config, device=this_device(config.device))).total
    if plan.formation is not None and plan.formation.sae:
        latents = plan.formation.sae_latents or 8 * shape.hidden
        # weights, gradients and two moments of encoder and decoder, and the activations of a step, in float32
        needed += (
            plan.formation.sae_seeds * 32 * shape.hidden * latents + 12 * plan.formation.tokens_per_update * latents
        )
    if limit is not None and needed > limit * _GB:
        raise UserError(
            f"experiment.max_memory_gb {limit:g}: this run is reckoned to take {needed / _GB:.3g} GB; lower training.batch_size, "
            "dataset.max_length or chrono.route_sae.latent_dim, or raise the limit"
        )
    return needed / _GB


def _require_packages(plan: RunPlan) -> None:
    for name in plan.needs:
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"environment.colab.install_requirements: {name} is missing: pip install 'chronolect[{EXTRAS[name]}]'"
            )


def _tokenizer(plan: RunPlan, model: Path | None, sources: list[TextSource], *, folder: Path, offline: bool) -> Path:
    """The tokenizer asked for, the model's own, or one trained on the training documents."""
    if plan.model.tokenizer is not None:
        return local_folder(plan.model.tokenizer, tokenizer_only=True, offline=offline)
    if model is not None:
        return model
    held_out, seed = HeldOut(plan.data.val_split, plan.training.seed), plan.training.seed
    config = {"sources": [source.name for source in sources], "val_split": plan.data.val_split, "seed": seed}
    inputs = [path for source in sources for path in source.paths]
    text, tokenizer = folder / "text", folder / "tokenizer"
    if not is_current(text, command="formation text", config=config, inputs=inputs):
        with (
            stage(text, command="formation text", config=config, inputs=inputs) as work,
            CorpusWriter(work.folder) as writer,
        ):
            for id, passage in _first_texts(sources, held_out):
                writer.write(Document(id=id, text=passage))
    settings = {"vocab_size": plan.model.vocab_size, "min_frequency": 2, "digits": False}
    if not is_current(tokenizer, command="tokenizer train", config=settings, inputs=[text]):
        train_tokenizer(text, out=tokenizer, vocab_size=plan.model.vocab_size)
    return tokenizer


def _first_texts(sources: list[TextSource], held_out: HeldOut) -> Iterator[tuple[str, str]]:
    """Documents that are not held out, as many characters of each source."""
    for source in sources:
        size = 0
        for id, text in source.texts():
            if not held_out(text):
                yield f"{source.name}/{id}", text
                size += len(text)
            if size > _TOKENIZER_TEXT // len(sources):
                break


def _fresh(model: Path, *, seed: int, out: Path) -> Path:
    """A model of the same form with random weights, and its tokenizer."""
    config = {"seed": seed}
    if not is_current(out, command="formation start", config=config, inputs=[model]):
        with stage(out, command="formation start", config=config, inputs=[model]) as work:
            torch.manual_seed(seed)
            fresh = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model), dtype=torch.float32)
            fresh.save_pretrained(work.folder)
            load_tokenizer(model).save_pretrained(work.folder)
    return out


def _prompts(packed: PackedCorpus, data: DataChoice) -> Iterator[str]:
    """The first words of held-out documents."""
    if not data.prompts:
        return
    if "val" not in packed.validation_names:
        raise UserError(
            f"{packed.folder}: has no validation split to take prompts from; set evaluation.generate_samples: 0"
        )
    split, tokenizer = packed.split("val"), load_tokenizer(packed.folder / "tokenizer")
    for offset, length in list(zip(split.offsets, split.lengths, strict=True))[: data.prompts]:
        yield str(tokenizer.decode(split.tokens[offset : offset + min(_PROMPT_TOKENS, length - 1)].tolist()))
