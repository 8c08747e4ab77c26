"""Supervised fine-tuning on conversations."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
from accelerate.utils import set_seed
from cyclopts import Parameter

from chronolect.errors import UserError
from chronolect.models.chat_template import choose_template
from chronolect.models.loading import load_tokenizer
from chronolect.training.adapters import load_for_training
from chronolect.training.chat_data import ChatRows, read_conversations
from chronolect.training.config import TrainingConfig
from chronolect.training.data import Rows
from chronolect.training.epochs import WholeEpochs
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives.chat import Chat
from chronolect.training.rows import RowValidation
from chronolect.training.run_folder import open_run


def train_sft(
    data: Path,
    *,
    model: str,
    out: Path,
    val: Path | None = None,
    tokenizer: Path | None = None,
    chat_template: str | None = None,
    assistant_only: bool = True,
    config: Annotated[TrainingConfig, Parameter(name="*")] = TrainingConfig(),
) -> dict[str, Any]:
    """Fine-tune a model on conversations, all its weights or LoRA adapters (`lora_r`).

    Args:
        data: Conversations: JSON lines of `{"messages": [{"role": ..., "content": ...}, ...]}`, a phase list or ChatML text.
        model: Folder or hub name of the model.
        out: Run folder.
        val: Conversations to validate on, in the same form.
        tokenizer: Tokenizer folder; the model's own by default.
        chat_template: Chat template in place of the tokenizer's own: a Jinja file, `chatml`, `alpaca`, `question` or `time`. It goes with the
            trained model.
        assistant_only: Learn the assistant's words only; else the whole text.
        config: How to train. Conversations longer than `seq_len` tokens are cut and counted.

    Returns:
        Steps, tokens, loss, time and speed; conversations read, cut and left out; and under `eval` the validation loss.
    """
    return fine_tune(
        data,
        command="train sft",
        model=model,
        out=out,
        val=val,
        tokenizer=tokenizer,
        chat_template=chat_template,
        assistant_only=assistant_only,
        config=config,
    )


def fine_tune(
    data: Path,
    *,
    command: str,
    model: str,
    out: Path,
    val: Path | None,
    tokenizer: Path | None,
    chat_template: str | None,
    assistant_only: bool,
    config: TrainingConfig,
    whole_epochs: bool = False,
    stop_below: float | None = None,
    measure: Callable[[torch.nn.Module], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What `train_sft` does, for every command that trains on conversations.

    Args:
        data: As in `train_sft`, like all that is not named here.
        command: The command, for the manifest.
        whole_epochs: Whether a pass over the data ends with a smaller step, rather than the next one beginning within a step.
        stop_below: End once a logged loss is below this.
        measure: Measures the trained model for the results.
    """
    words = load_tokenizer(tokenizer or model)
    template = choose_template(words, chat_template)
    settings = {
        "model": model,
        "chat_template_digest": template.digest,
        "assistant_only": assistant_only,
        "whole_epochs": whole_epochs or None,
        "stop_below": stop_below,
        **config.as_dict(),
    }
    folders = [Path(model)] if Path(model).is_dir() else []
    inputs = [data, *([val] if val else []), *([tokenizer] if tokenizer else []), *folders]
    accelerator = make_accelerator(config)
    with open_run(out, command=command, config=settings, inputs=inputs, accelerator=accelerator) as run:
        if run.results is not None:
            return run.results
        pad_id = words.pad_token_id if words.pad_token_id is not None else words.eos_token_id
        read = partial(read_conversations, tokenizer=words, seq_len=config.seq_len, assistant_only=assistant_only)
        conversations = read(data)
        held_out = {"val": RowValidation(read(val), pad_id=pad_id)} if val else {}
        set_seed(config.seed)
        trained: Any = load_for_training(model, config, checkpoint=run.resume)
        if trained.get_input_embeddings().weight.shape[0] < len(words):
            raise UserError(
                f"{model}: its vocabulary is smaller than the tokenizer's {len(words)} tokens; use its own tokenizer"
            )
        set_seed(config.seed, device_specific=True)
        counts = {
            "conversations": len(conversations),
            "truncated": conversations.num_truncated,
            "dropped": conversations.num_dropped,
        }
        rows: Rows = ChatRows(
            conversations, pad_id=pad_id, seed=config.seed, group=config.batch_size if config.group_by_length else 1
        )
        if whole_epochs:
            rows = WholeEpochs(
                rows, rows_per_step=config.batch_size * config.accumulate * accelerator.num_processes, pad_id=pad_id
            )
        return Loop(
            run=run,
            accelerator=accelerator,
            model=trained,
            tokenizer=words,
            objective=Chat(),
            rows=rows,
            validation=held_out,
            config=config,
            counts=counts,
            measure=measure,
            stop_below=stop_below,
        ).run()
