"""The causal objective equals the Hugging Face Trainer; its noise touches inputs only."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from chronolect.training.data import PackedCorpus, PackedRows
from chronolect.training.objectives.causal import Causal
from chronolect.training.pretrain import train_pretrain

GOLDEN = Path(__file__).parents[1] / "golden" / "pretrain_cpu.json"


def test_loss_and_gradient_equal_the_trainers(
    tmp_path: Path,
    corpus: Path,
    tokenizer: PreTrainedTokenizerFast,
    model: LlamaForCausalLM,
    gradient_keeper: Any,
    first_step: Any,
    trainer_arguments: Any,
) -> None:
    rows = PackedRows(PackedCorpus(corpus).split("train"), seq_len=16, seed=1)
    batch = rows.batch(0, 8)
    whole = torch.cat([batch["input_ids"], batch["labels"][:, -1:]], dim=1)
    dataset = [{"input_ids": row, "labels": row} for row in whole]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(**trainer_arguments(tmp_path)),
        train_dataset=dataset,
        callbacks=[gradient_keeper],
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    expected = trainer.train().training_loss

    model.load_state_dict(before)
    model.zero_grad()
    loss, gradients = first_step(
        tmp_path / "run", model, tokenizer, rows, Causal(), seq_len=16, batch_size=4, accumulate=2
    )
    assert loss == pytest.approx(expected, rel=1e-6)
    assert gradients.keys() == gradient_keeper.gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, gradient_keeper.gradients[name], rtol=1e-4, atol=1e-7, msg=name)


def test_noise_changes_inputs_only_while_training_and_none_is_exactly_none(
    model: LlamaForCausalLM, corpus: Path
) -> None:
    batch = {**PackedRows(PackedCorpus(corpus).split("train"), seq_len=16, seed=1).batch(5, 4), "num_items": 64}
    plain, _ = Causal()(model.train(), batch)
    none, _ = Causal(token_noise=0.0, vocab_size=320, seed=3)(model, batch)
    assert none.item() == plain.item()
    noisy = Causal(token_noise=0.3, vocab_size=320, seed=3)
    first, again = noisy(model, batch)[0], noisy(model, batch)[0]
    assert first.item() == again.item() != plain.item()
    assert noisy(model.eval(), batch)[0].item() == Causal()(model, batch)[0].item()
    changed = noisy._corrupt(batch["input_ids"].repeat(100, 1), 0) != batch["input_ids"].repeat(100, 1)
    assert 0.28 < changed.float().mean() < 0.32


def test_bfloat16_and_ignored_labels_equal_plain_cross_entropy(model: LlamaForCausalLM, corpus: Path) -> None:
    batch = {**PackedRows(PackedCorpus(corpus).split("train"), seq_len=16, seed=1).batch(0, 4), "num_items": 1}
    batch["labels"] = batch["labels"].clone()
    batch["labels"][:, ::3] = -100
    logits = model(input_ids=batch["input_ids"]).logits
    expected = F.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), reduction="sum")
    loss, _ = Causal()(model, batch)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        rounded, _ = Causal()(model, batch)
    assert rounded.item() == pytest.approx(expected.item(), rel=2e-3)


@pytest.mark.parametrize("family", ["gemma2", "granite", "cohere"])
def test_models_that_change_their_logits_get_their_own_loss(family: str) -> None:
    shape: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    extra = {
        "gemma2": {"final_logit_softcapping": 2.0},
        "granite": {"logits_scaling": 8.0},
        "cohere": {"logit_scale": 4.0},
    }
    config = AutoConfig.for_model(family, vocab_size=60, num_key_value_heads=2, head_dim=8, **shape, **extra[family])
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    ids, labels = torch.randint(0, 60, (2, 2, 7))
    found, _ = Causal()(model, {"input_ids": ids, "labels": labels, "num_items": 1, "position": 0})
    expected = F.cross_entropy(model(ids).logits.flatten(0, 1).float(), labels.flatten(), reduction="sum")
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_golden_losses(tmp_path: Path, corpus: Path, small: Any) -> None:
    """The loss curve of a fixed run; after a wanted change of the numerics write the file anew from the run's metrics."""
    train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=10, log_every=1, sample_every=0))
    records = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    found = {
        "train": [r["loss"] for r in records if r["kind"] == "train"],
        "grad_norm": [r["grad_norm"] for r in records if r["kind"] == "train"],
        "eval": [r["loss"] for r in records if r["kind"] == "eval"],
    }
    golden = json.loads(GOLDEN.read_text())
    assert found.keys() == golden.keys()
    for key, values in golden.items():
        assert found[key] == pytest.approx(values, rel=1e-4), key
