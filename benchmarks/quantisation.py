"""What each GGUF type costs a trained model, and how fast llama.cpp scores it: train on one text until it is nearly known by heart, export, compare.

    python benchmarks/quantisation.py address.txt                  # 200 steps, some minutes on one core
    python benchmarks/quantisation.py address.txt --steps 500 --threads 2

A model that has learned its text is the hard case: what quantising destroys is memory of particulars. The comparison (token ids, greedy tokens,
relative logit error, perplexity) runs on the training text, line by line. The requests of the speed column are shaped like the horizon probes:
prompts of about 15 tokens, each with 36 options of two to three tokens; the time includes tokenising.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path
from time import perf_counter
from typing import get_args

import torch

from chronolect.corpus.document import CorpusWriter, Document
from chronolect.export.gguf import Quant, export_gguf
from chronolect.models.gguf_file import GgufModel
from chronolect.models.presets import choose_shape, new_model
from chronolect.models.tokenizers import load_tokenizer, train_tokenizer


def train(lines: list[str], folder: Path, *, preset: str, layers: int, vocab_size: int, steps: int, seed: int) -> Path:
    """A model trained on windows of 128 tokens of the text; returns its folder."""
    with CorpusWriter(folder / "corpus") as writer:
        for number, line in enumerate(lines):
            writer.write(Document(id=str(number), text=line))
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=vocab_size)
    tokenizer = load_tokenizer(folder / "tokenizer")
    stream = torch.tensor(
        [token for line in lines for token in [*tokenizer(line)["input_ids"], tokenizer.eos_token_id]]
    )
    torch.manual_seed(seed)
    model = new_model(choose_shape(preset, layers=layers), tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * max(0.05, 1 - step / steps)
        starts = torch.randint(0, len(stream) - 128, (16,)).tolist()
        batch = torch.stack([stream[start : start + 128] for start in starts])
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


def requests_per_second(file: Path, words: list[str], *, contexts: int, threads: int) -> float:
    """Scored (context, continuation) pairs per second."""
    draw = random.Random(0)
    requests = [
        (context, " " + " ".join(draw.choices(words, k=2)))
        for context in (" ".join(draw.choices(words, k=10)) for _ in range(contexts))
        for _ in range(36)
    ]
    model = GgufModel(file, threads=threads)
    model.loglikelihoods(requests[:72])
    start = perf_counter()
    model.loglikelihoods(requests)
    return len(requests) / (perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--preset", default="5m")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--vocab-size", type=int, default=4_096)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--contexts", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    lines = [line.strip() for line in given.text.read_text(encoding="utf-8").splitlines() if line.strip()][:200]
    with tempfile.TemporaryDirectory() as folder:
        shape = {"preset": given.preset, "layers": given.layers, "vocab_size": given.vocab_size}
        model = train(lines, Path(folder), **shape, steps=given.steps, seed=given.seed)
        (Path(folder) / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
        quants = get_args(Quant)
        files = export_gguf(
            model, out=Path(folder) / "gguf", quant=quants, text=Path(folder) / "lines.txt", threads=given.threads
        )["files"]
        words = " ".join(lines).split()
        for kind in quants:
            entry, compared = files[kind], files[kind]["comparison"]
            print(
                json.dumps(
                    {
                        "quant": kind,
                        "bytes": entry["bytes"],
                        "fallbacks": len(entry["fallbacks"]),
                        "greedy": compared["greedy"],
                        "relative_logit_error": round(compared["relative_logit_error"], 5),
                        "perplexity": {name: round(value, 4) for name, value in compared["perplexity"].items()},
                        "requests_per_s": round(
                            requests_per_second(
                                Path(folder) / "gguf" / entry["file"],
                                words,
                                contexts=given.contexts,
                                threads=given.threads,
                            )
                        ),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
