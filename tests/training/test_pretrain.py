"""Pre-training: new models, continued ones, bad input."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from chronolect.errors import UserError
from chronolect.training.pretrain import train_pretrain


def test_run_folder_holds_what_the_other_stages_read(tmp_path: Path, corpus: Path, small: Any) -> None:
    result = train_pretrain(corpus, out=tmp_path / "run", **small(log_every=1))
    run = tmp_path / "run"
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    train = [record for record in records if record["kind"] == "train"]
    assert [record["step"] for record in train] == [1, 2, 3, 4, 5, 6]
    assert train[-1]["tokens"] == result["tokens"] == 6 * 2 * 4 * 16
    assert train[0]["mfu"] is None
    assert [(r["step"], r["split"]) for r in records if r["kind"] == "eval"] == [
        (3, "val"),
        (3, "val-after"),
        (6, "val"),
        (6, "val-after"),
    ]
    assert records[-1]["kind"] == "final"
    samples = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    assert [set(sample) for sample in samples] == [{"step", "prompt", "text"}] * 2
    assert json.loads((run / "eval_results.json").read_text()) == result["eval"]
    assert json.loads((run / "manifest.json").read_text())["counts"]["steps"] == 6
    model, tokenizer = AutoModelForCausalLM.from_pretrained(run / "final"), AutoTokenizer.from_pretrained(run / "final")
    assert model.config.vocab_size == len(tokenizer) == 320
    assert model.config.max_position_embeddings == 16
    assert tokenizer.chat_template


def test_continued_pretraining_starts_where_the_model_was(tmp_path: Path, corpus: Path, small: Any) -> None:
    first = train_pretrain(corpus, out=tmp_path / "base", **small(max_steps=30, lr=5e-3, eval_batches=0))
    config = small(max_steps=1, lr=1e-9, eval_batches=0)["config"]
    more = train_pretrain(corpus, out=tmp_path / "more", model=str(tmp_path / "base/final"), config=config)
    assert more["eval"]["val"]["loss"] == pytest.approx(first["eval"]["val"]["loss"], rel=1e-5)


def test_seed_decides_and_decides_all(tmp_path: Path, corpus: Path, small: Any) -> None:
    losses = [
        train_pretrain(corpus, out=tmp_path / f"run-{n}", **small(seed=seed, sample_every=0))["loss"]
        for n, seed in enumerate((1, 1, 2))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_bad_input_is_named(tmp_path: Path, corpus: Path, small: Any) -> None:
    out = tmp_path / "run"
    with pytest.raises(UserError, match="nothing: no such file or folder"):
        train_pretrain(tmp_path / "nothing", out=out, **small())
    with pytest.raises(UserError, match="--model has its own shape"):
        train_pretrain(corpus, out=out, model="x", preset="1m")
    with pytest.raises(UserError, match="--token-noise"):
        train_pretrain(corpus, out=out, token_noise=1.5, **small())
    with pytest.raises(UserError, match="--lora-r needs --model"):
        train_pretrain(corpus, out=out, **small(lora_r=4))
    with pytest.raises(UserError, match="--preset 6m: unknown"):
        train_pretrain(corpus, out=out, preset="6m", **small())
    assert not out.exists()
