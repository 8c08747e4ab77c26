"""A phase of the curriculum at full size on an accelerator: seconds a step and memory, beside the Hugging Face Trainer with PEFT.

    python benchmarks/curriculum_phase.py --data phase1_train.json --tokenizer FOLDER [--shape Qwen3-4B] [--steps 12] [--report FILE]

The model has the published shape and random weights, since time and memory do not depend on what they are. Both train the same adapters (r 32 on all
projections, dropout 0.05) on the same conversations, 8 x 4 a step, padded, recomputing each block, in bfloat16 autocast over float32 weights, with
fused AdamW; the first steps do not count. Tokens are those of the conversations, without padding. Prints a line per case and one line of JSON.
"""

import argparse
import gc
import json
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Qwen3Config, Trainer, TrainerCallback, TrainingArguments

from chronolect.curriculum.command import train_curriculum
from chronolect.models.chat_template import choose_template
from chronolect.models.loading import load_tokenizer
from chronolect.planning.shapes import find_shape
from chronolect.training.chat_data import Conversations, read_conversations

WARM_UP = 3
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def make_model(shape_name: str, folder: Path, tokenizer: Any) -> None:
    """A model folder of a published shape with random weights, in bfloat16."""
    shape = find_shape(shape_name)
    config = Qwen3Config(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=max(shape.context, 4096),
        tie_word_embeddings=shape.tied,
    )
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def peak_gib() -> float:
    """Most memory held by tensors since the last reset."""
    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0


def start_over() -> None:
    """Forget what is no longer used, and the peak."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def ours(model: Path, data: Path, steps: int, out: Path) -> dict[str, float]:
    """Phase 1 of `train curriculum`, cut to some steps."""
    start_over()
    folder = out / "data"
    folder.mkdir()
    (folder / "phase1_train.json").write_bytes(data.read_bytes())
    settings = [f"max_steps={steps}", "log_every=1", "save_every=0", "warmup_steps=2", "dtype=bfloat16"]
    result = train_curriculum(out=out / "run", data=folder, model=str(model), phases=[1], set=settings)
    rows = [json.loads(line) for line in (out / "run/phase1/metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["kind"] == "train"]
    first, last = rows[WARM_UP - 1], rows[-1]
    seconds = last["seconds"] - first["seconds"]
    tokens = last["tokens"] - first["tokens"]
    return {
        "seconds_per_step": seconds / (last["step"] - first["step"]),
        "tokens_per_s": tokens / seconds,
        "peak_gib": peak_gib(),
        "loss": last["loss"],
        "minutes_with_merge": result["phases"][0]["minutes"],
    }


class Clock(TrainerCallback):
    """When each step of a Trainer ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Note the time, once the accelerator is done."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())


def theirs(model: Path, rows: Conversations, steps: int, pad: int, out: Path) -> dict[str, float]:
    """The Trainer on the same rows."""
    start_over()

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in batch)
        ids = torch.full((len(batch), longest), pad)
        labels = torch.full((len(batch), longest), -100)
        for place, row in enumerate(batch):
            length = len(row["input_ids"])
            ids[place, :length] = labels[place, :length] = torch.as_tensor(row["input_ids"])
            counted.append(length)
        return {"input_ids": ids, "labels": labels, "attention_mask": torch.ones_like(ids)}

    counted: list[int] = []
    loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    loaded.enable_input_require_grads()
    adapted = get_peft_model(
        loaded, LoraConfig(r=32, lora_alpha=32, lora_dropout=0.05, target_modules=TARGETS, task_type="CAUSAL_LM")
    )
    clock = Clock()
    trainer = Trainer(
        model=adapted,
        args=TrainingArguments(
            output_dir=str(out / "trainer"),
            per_device_train_batch_size=8,
            gradient_accumulation_steps=4,
            max_steps=steps,
            learning_rate=2e-5,
            warmup_steps=2,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            optim="adamw_torch_fused",
            bf16=torch.cuda.is_available(),
            gradient_checkpointing=True,
            gradient_checkpointing_kwargs={"use_reentrant": False},
            remove_unused_columns=False,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            seed=3407,
        ),
        train_dataset=[{"input_ids": [int(token) for token in rows[index][0]]} for index in range(len(rows))],  # type: ignore[arg-type]
        data_collator=collate,
        callbacks=[clock],
    )
    trainer.train()
    seconds = clock.ends[-1] - clock.ends[WARM_UP - 1]
    counted_steps = len(clock.ends) - WARM_UP
    tokens = sum(counted[WARM_UP * 32 : steps * 32])
    return {"seconds_per_step": seconds / counted_steps, "tokens_per_s": tokens / seconds, "peak_gib": peak_gib()}


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--shape", default="Qwen3-4B")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    tokenizer = load_tokenizer(given.tokenizer)
    choose_template(tokenizer, "time")
    rows = read_conversations(given.data, tokenizer, seq_len=4096, assistant_only=False)
    lengths = [len(rows[index][0]) for index in range(len(rows))]
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        make_model(given.shape, out / "model", tokenizer)
        results = {"chronolect": ours(out / "model", given.data, given.steps, out)}
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        results["Trainer"] = theirs(out / "model", rows, given.steps, pad, out)
    ratio = results["chronolect"]["tokens_per_s"] / results["Trainer"]["tokens_per_s"]
    lines = [
        f"{given.shape} on {device}, torch {torch.__version__}",
        f"{len(lengths):,} conversations, mean {sum(lengths) / len(lengths):.0f}, longest {max(lengths)} tokens",
        *(
            f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items())
            for name, found in results.items()
        ),
        f"tokens/s against the Trainer: {ratio:.3f}",
    ]
    print("\n".join(lines))
    print(json.dumps({"shape": given.shape, "device": device, "results": results, "ratio": ratio}))
    if given.report:
        body = "\n".join(f"- {line}" for line in lines)
        given.report.write_text(
            f"# Phase 1 of the curriculum, {given.shape}, {date.today()}\n\n{body}\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
