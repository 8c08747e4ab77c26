"""Temporal unlearning: make an existing model forget what came after a cutoff, and keep the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from cyclopts import Parameter
from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from chronolect.console import say
from chronolect.errors import UserError
from chronolect.finetuning.records import Record
from chronolect.models.chat_template import ChatTemplate, choose_template
from chronolect.models.loading import load_model, load_tokenizer
from chronolect.training.adapters import load_for_training
from chronolect.training.answers import AnswerEncoder
from chronolect.training.choices import encode_choices
from chronolect.training.data import IGNORED
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives.unlearning import METHODS, Unlearning
from chronolect.training.objectives.unlearning.rmu import RMU, hidden_states, mean_norm
from chronolect.training.objectives.unlearning.start_model import StartModel
from chronolect.training.record_sets import SETS, read_sets, record_files, run_folder
from chronolect.training.rows import RowValidation, pad_rows
from chronolect.training.run_folder import open_run
from chronolect.training.unlearn_config import UnlearnConfig
from chronolect.training.unlearn_data import UnlearnRows, encode_forget, encode_retain

DEFAULT_MODEL = "Qwen/Qwen2.5-1.5B-Instruct"


def train_unlearn(
    *,
    model: Annotated[str, Parameter(alias="--model-name")] = DEFAULT_MODEL,
    out: Annotated[Path | None, Parameter(alias="--output-dir")] = None,
    data: Path | None = None,
    dev: bool = False,
    dev_path: Path | None = None,
    retain_train: Path | None = None,
    retain_val: Path | None = None,
    unlearn_train: Path | None = None,
    unlearn_val: Path | None = None,
    tokenizer: Path | None = None,
    chat_template: str | None = None,
    sweep: list[str] | None = None,
    config: Annotated[UnlearnConfig, Parameter(name="*")] = UnlearnConfig(),
) -> dict[str, Any]:
    """Make a model forget what came after a cutoff, by LoRA adapters or (`--lora-r 0`) in all its weights.

    Args:
        model: Folder or hub name of the model.
        out: Run folder; by default `output/temporal-<model>-full-<time>` (`-dev-` with --dev), or with --resume-latest the newest of that name.
        data: Folder of records as `data qa` writes it; `$WIKI_DATA/datasets` or `datasets` by default.
        dev: Use the dev subset only, a tenth of its families for validation.
        dev_path: The dev subset; `dev/dev_subset.jsonl` of the data by default.
        retain_train: Questions to retain; `retain/retain_train.jsonl` of the data by default.
        retain_val: The same for validation.
        unlearn_train: Questions to forget; `unlearn/unlearn_train.jsonl` of the data by default.
        unlearn_val: The same for validation.
        tokenizer: Tokenizer folder; the model's own by default.
        chat_template: File of a chat template, or `chatml`, `alpaca`, `question` or `time`; the model's own by default.
        sweep: An axis of a grid, such as `lr=1e-5,1e-4` or `method=npo,altpo`; may be given several times. Every point is trained, and `final` is the
            one that forgets most among those that keep what they should.
        config: How to train, and by which method.

    Returns:
        Steps, tokens, loss, time and speed; the records used and left out; under `eval` the loss on what is to be retained, on the true answers to
        what is to be forgotten (it should rise) and on what is to be said instead; under `choices` how often the truth was preferred to the
        alternatives, before and after.
    """
    given = dict(zip(SETS, (retain_train, retain_val, unlearn_train, unlearn_val), strict=True))
    files = record_files(data, given, dev=dev, dev_path=dev_path)
    out = out or run_folder(model, dev=dev, resume=config.resume_latest)
    words = load_tokenizer(tokenizer or model)
    source = Source(model=model, files=files, tokenizer=words, chat_template=chat_template)
    if sweep is None:
        return _unlearn(source, out, config)
    from chronolect.sweep import incomparable, run_sweep  # which stands on top of training, evaluation and report

    for side in ("retain", "unlearn"):
        if not any(record.alternatives for record in source.records[f"{side}_val"]):
            raise incomparable()  # before the first point is trained
    train = partial(_unlearn, source)
    return run_sweep(train, out=out, sweep=sweep, config=config, inputs=source.inputs, settings=source.settings(config))


@dataclass(frozen=True)
class Source:
    """What a run starts from.

    Attributes:
        model: Folder or hub name of the model.
        files: The files of records by set.
        tokenizer: Its tokenizer, or another.
        chat_template: A template in place of the tokenizer's own.
    """

    model: str
    files: Mapping[str, Path]
    tokenizer: PreTrainedTokenizerBase
    chat_template: str | None

    @property
    def inputs(self) -> list[Path]:
        """The files and folders that a run reads."""
        folders = dict.fromkeys(Path(name) for name in (self.model, self.tokenizer.name_or_path) if Path(name).is_dir())
        return [*dict.fromkeys(self.files.values()), *folders]

    @cached_property
    def records(self) -> dict[str, list[Record]]:
        """The records of the four sets."""
        return read_sets(self.files)

    @cached_property
    def template(self) -> ChatTemplate | None:
        """The chat template; None where no record is a chat and none was given."""
        chats = any(record.form == "chat" for some in self.records.values() for record in some)
        return choose_template(self.tokenizer, self.chat_template) if chats or self.chat_template else None

    def settings(self, config: UnlearnConfig) -> dict[str, Any]:
        """What is recorded of a run."""
        digest = self.template.digest if self.template else None
        return {"model": self.model, "chat_template_digest": digest, **config.as_dict()}


def _unlearn(source: Source, out: Path, config: UnlearnConfig) -> dict[str, Any]:
    """One run."""
    model, words, records = source.model, source.tokenizer, source.records
    accelerator = make_accelerator(config)
    settings = source.settings(config)
    with open_run(out, command="train unlearn", config=settings, inputs=source.inputs, accelerator=accelerator) as run:
        if run.results is not None:
            return run.results
        pad_id = words.pad_token_id if words.pad_token_id is not None else words.eos_token_id
        encoder = AnswerEncoder(words, config.seq_len, source.template)
        method = METHODS[config.method]
        plausible = config.method == "altpo"
        forget = encode_forget(records["unlearn_train"], encoder, mask=config.mask, plausible=plausible)
        retain = encode_retain(records["retain_train"], encoder)
        rows = UnlearnRows(
            forget,
            retain,
            pad_id=pad_id,
            seed=config.seed,
            retain_ratio=config.retain_ratio,
            with_truth=method.needs_truth,
            with_instead=method.needs_alternatives,
        )
        set_seed(config.seed)
        trained: Any = load_for_training(model, config, checkpoint=run.resume)
        if trained.get_input_embeddings().weight.shape[0] < len(words):
            raise UserError(
                f"{model}: its vocabulary is smaller than the tokenizer's {len(words)} tokens; use its own tokenizer"
            )
        trained.to(accelerator.device)
        start = trained
        if run.resume and not isinstance(trained, PeftModel):  # its weights are no longer those of the start
            start = load_model(model).to(accelerator.device)  # type: ignore[arg-type]
        sides = {side: encode_choices(records[f"{side}_val"], encoder, pad_id=pad_id) for side in ("retain", "unlearn")}

        def choose(measured: torch.nn.Module) -> dict[str, Any]:
            settings = {"batch_size": 2 * config.batch_size, "autocast": accelerator.autocast}
            return {side: choices.measure(measured, **settings) for side, choices in sides.items()}

        with StartModel.unadapted(start):
            before = choose(start)
            objective = make_objective(config, start, rows, accelerator)
        del start
        if isinstance(objective, RMU):
            freeze_outside(trained, objective.layer)
        set_seed(config.seed, device_specific=True)
        return Loop(
            run=run,
            accelerator=accelerator,
            model=trained,
            tokenizer=words,
            objective=objective,
            rows=rows,
            validation=_validation(records, encoder, pad_id),
            config=config,
            counts={
                "retain": len(retain),
                "unlearn": len(forget),
                "left_out": len(records["retain_train"]) + len(records["unlearn_train"]) - len(retain) - len(forget),
            },
            measure=lambda after: {"choices": {"before": before, "after": choose(after)}},
        ).run()


def _validation(records: dict[str, list[Record]], encoder: AnswerEncoder, pad_id: int) -> dict[str, RowValidation]:
    """`retain`: what is to be kept; `unlearn`: the true answers to what is to be forgotten; `instead`: what is to be said in their place."""
    said = {
        "retain": [(record, record.output) for record in records["retain_val"]],
        "unlearn": [(record, record.truth) for record in records["unlearn_val"]],
        "instead": [(record, record.output) for record in records["unlearn_val"]],
    }
    rows = {name: [encoder.encode(record, reply) for record, reply in some] for name, some in said.items()}
    fitting = {name: [row for row in some if row] for name, some in rows.items()}
    return {name: RowValidation(some, pad_id=pad_id) for name, some in fitting.items() if some}


def make_objective(
    config: UnlearnConfig, start: torch.nn.Module, rows: UnlearnRows, accelerator: Accelerator
) -> Unlearning:
    """The objective of a config, with what it needs of the start model.

    Args:
        config: The settings.
        start: The model with its starting weights, on the device.
        rows: Get the log-probabilities under the start model, where the method needs them.
        accelerator: Its precision is used.
    """
    method = METHODS[config.method]
    if method.needs_reference:
        say("measuring the answers under the start model")
        rows.measure(start, batch_size=2 * config.batch_size, autocast=accelerator.autocast)
    given = {name: getattr(config, name) for name in ("gamma", "alpha", "kl", "beta", "delta", "layer")}
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if config.kl or method.needs_start:
        settings["start"] = StartModel(start)
    if method is RMU:
        described: Any = start
        depth = described.config.get_text_config().num_hidden_layers
        layer = settings.setdefault("layer", max(0, depth // 3 - 1) if depth > 3 else 0)
        if layer >= depth:
            raise UserError(f"--layer {layer}: the model has blocks 0 to {depth - 1}")
        settings["steering"] = config.steering * _state_length(start, rows, layer)
        settings["seed"] = config.seed
    return method(**settings)


@torch.no_grad()
def _state_length(model: torch.nn.Module, rows: UnlearnRows, layer: int) -> float:
    """Mean length of a block's states over the first questions to forget."""
    device = next(model.parameters()).device
    batch = pad_rows([one.truth for one in rows.forget[:32]], rows.pad_id, 0)
    return mean_norm(hidden_states(model, batch["input_ids"].to(device), layer), batch["labels"].to(device) != IGNORED)


def freeze_outside(model: torch.nn.Module, layer: int) -> None:
    """Train what RMU trains: of three blocks, up to the steered one, the adapters or else the MLP's output layers."""
    has_adapters = isinstance(model, PeftModel)
    blocks = {f".layers.{number}." for number in range(max(0, layer - 2), layer + 1)}
    for name, parameter in model.named_parameters():
        inside = any(block in f".{name}" for block in blocks)
        parameter.requires_grad_(parameter.requires_grad and inside and (has_adapters or "down_proj" in name))
