"""The chat objective equals TRL's SFTTrainer on the same conversations."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from chronolect.training.chat_data import read_conversations
from chronolect.training.objectives.chat import Chat
from chronolect.training.rows import RowValidation


class InOrder:
    """Conversations in the order of the file, so that both sides see the same micro-batches."""

    def __init__(self, conversations: Any, pad_id: int) -> None:
        self._rows = RowValidation(conversations, pad_id=pad_id)
        self.rows_per_epoch = len(conversations)

    def batch(self, start: int, count: int) -> dict[str, Any]:
        """Rows of the file."""
        return self._rows.batch(start, count)


@pytest.mark.parametrize("assistant_only", [True, False])
def test_loss_and_gradient_equal_trls(
    tmp_path: Path,
    tokenizer: PreTrainedTokenizerFast,
    model: LlamaForCausalLM,
    assistant_only: bool,
    gradient_keeper: Any,
    first_step: Any,
    trainer_arguments: Any,
) -> None:
    talks = [
        [
            {"role": "user", "content": f"Who built bridge {n}?"},
            {"role": "assistant", "content": "Ada" + " and Bram" * (n % 3) + "."},
            {"role": "user", "content": "When?"},
            {"role": "assistant", "content": f"In {1800 + n}."},
        ]
        for n in range(8)
    ]
    file = tmp_path / "talks.jsonl"
    file.write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks))
    arguments = trainer_arguments(
        tmp_path, assistant_only_loss=assistant_only, max_length=96, gradient_checkpointing=False, dataset_num_proc=None
    )
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**arguments),
        train_dataset=Dataset.from_list([{"messages": talk} for talk in talks]),
        processing_class=tokenizer,
        callbacks=[gradient_keeper],
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    expected = trainer.train().training_loss

    model.load_state_dict(before)
    model.zero_grad()
    conversations = read_conversations(file, tokenizer, seq_len=95, assistant_only=assistant_only)
    assert conversations.num_truncated == conversations.num_dropped == 0
    rows = InOrder(conversations, tokenizer.pad_token_id)
    loss, gradients = first_step(
        tmp_path / "run", model, tokenizer, rows, Chat(), seq_len=95, batch_size=4, accumulate=2
    )
    assert loss == pytest.approx(expected, rel=1e-6)
    assert gradients.keys() == gradient_keeper.gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, gradient_keeper.gradients[name], rtol=1e-4, atol=1e-7, msg=name)
