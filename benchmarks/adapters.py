"""What quantised weights cost: adapters trained on plain, 8-bit and 4-bit weights, merged and compared, and the merged model in FP8.

    python benchmarks/adapters.py                      # some minutes on one core
    python benchmarks/adapters.py --steps 2000 --preset 30m --threads 8

A base model reads part of the embedded chronicle; adapters then learn its question-and-answer form. Per kind of weights one line of JSON: the
validation loss, seconds per step, how far the merged model is from base and adapter in full precision and from what was trained, and how far its
FP8 form is from it. The logits are those of the fixed prompts that `export merge` and `export fp8` compare on.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from chronolect.chronicle.chat import write_chat
from chronolect.corpus.packing import pack_corpus
from chronolect.corpus.sources.chronicle import import_chronicle
from chronolect.export.fp8 import export_fp8
from chronolect.export.merge import export_merge
from chronolect.models.loading import load_model, load_tokenizer
from chronolect.models.tokenizers import train_tokenizer
from chronolect.training.config import TrainingConfig
from chronolect.training.pretrain import train_pretrain
from chronolect.training.sft import train_sft

KINDS: dict[str, dict[str, bool]] = {"plain": {}, "8-bit": {"use_8bit": True}, "4-bit": {"use_4bit": True}}


def prepare(folder: Path, *, preset: str, share: float, steps: int, seed: int) -> Path:
    """The base model: trained on the chronicle, stored in bfloat16 as published models are; returns its folder."""
    import_chronicle(out=folder / "chronicle", share=share)
    train_tokenizer(folder / "chronicle", out=folder / "tokenizer", vocab_size=4_096)
    pack_corpus(folder / "chronicle", out=folder / "packed", tokenizer=folder / "tokenizer")
    config = TrainingConfig(seq_len=96, batch_size=8, max_steps=steps, lr=1e-3, warmup_steps=40, seed=seed)
    train_pretrain(folder / "packed", out=folder / "base", preset=preset, config=config)  # type: ignore[arg-type]
    load_model(folder / "base/final", dtype="bfloat16").save_pretrained(folder / "model")
    load_tokenizer(folder / "base/final").save_pretrained(folder / "model")
    write_chat(out=folder / "talks", share=share)
    lines = (folder / "talks/train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    for part, kept in (("train", lambda number: number % 10), ("val", lambda number: not number % 10)):
        some = [line for number, line in enumerate(lines) if kept(number)]
        (folder / f"{part}.jsonl").write_text("".join(some), encoding="utf-8")
    return folder / "model"


def measure(folder: Path, model: Path, kind: str, *, rank: int, steps: int, seed: int) -> dict[str, Any]:
    """Train an adapter on weights of this kind, merge it, and export the result in FP8."""
    config = TrainingConfig(
        seq_len=96, batch_size=8, max_steps=steps, lr=2e-3, lora_r=rank, lora_alpha=2 * rank, seed=seed, **KINDS[kind]
    )
    run = folder / kind
    result = train_sft(folder / "train.jsonl", model=str(model), out=run, val=folder / "val.jsonl", config=config)
    merged = export_merge(run / "final", out=folder / f"{kind}-merged")
    fp8 = export_fp8(str(folder / f"{kind}-merged"), out=folder / f"{kind}-fp8")
    return {
        "weights": kind,
        "val_loss": round(result["eval"]["val"]["loss"], 4),
        "s_per_step": round(result["seconds"] / result["steps"], 4),
        "precision": result["precision"],
        "merged_error": merged["relative_logit_error"],
        "merged_against_trained": merged.get("trained_on"),
        "fp8_error": round(fp8["relative_logit_error"], 4),
        "fp8_top_tokens": fp8["top_tokens"],
        "bytes": fp8["bytes"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="5m")
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--adapter-steps", type=int, default=200)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = prepare(folder, preset=given.preset, share=given.share, steps=given.steps, seed=given.seed)
        for kind in KINDS:
            measured = measure(folder, model, kind, rank=given.rank, steps=given.adapter_steps, seed=given.seed)
            print(json.dumps(measured), flush=True)


if __name__ == "__main__":
    main()
