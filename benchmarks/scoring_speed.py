"""Log-likelihoods of short continuations against lm-evaluation-harness (`HFLM.loglikelihood`): same model, requests and threads, one process.

    pip install lm-eval
    python benchmarks/scoring_speed.py                                    # four options behind each prompt
    python benchmarks/scoring_speed.py --kind references                  # the calibration prompts, each with many options

The model is an untrained one of the given preset (the arithmetic is that of a trained one), the tokenizer is trained on the chronicle, the
requests are those of the horizon probes. The two take turns, `--repeats` times, and the best of each counts; the harness gets the best of its
batch sizes. Both tokenise inside the measured time. The values must agree.
"""

import argparse
import json
import logging
import os
import random
import tempfile
from pathlib import Path
from time import perf_counter

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from chronolect.chronicle.facts import load_facts
from chronolect.chronicle.probes import Probe, build_probes
from chronolect.corpus import CorpusWriter, Document
from chronolect.models.hf import HfModel
from chronolect.models.loading import load_tokenizer
from chronolect.models.presets import choose_shape, new_model
from chronolect.models.tokenizers import train_tokenizer


def make_model(folder: Path, preset: str, vocab_size: int) -> Path:
    """An untrained model with a tokenizer trained on the chronicle."""
    with CorpusWriter(folder / "corpus") as writer:
        for fact in load_facts():
            writer.write(
                Document(id=fact.id, text="\n".join(fact.state(index) for index in range(len(fact.phrasings))))
            )
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=vocab_size)
    tokenizer = load_tokenizer(folder / "tokenizer")
    torch.manual_seed(0)
    new_model(choose_shape(preset), tokenizer).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


def make_requests(probes: list[Probe], kind: str) -> list[tuple[str, str]]:
    """Each option behind its prompt, or behind the reference prompts it is calibrated on."""
    wanted = {
        (context, option.text): None
        for probe in probes
        for context in ([probe.prompt] if kind == "options" else probe.references)
        for option in probe.options
    }
    return list(wanted)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="5m")
    parser.add_argument("--vocab-size", type=int, default=4_096)
    parser.add_argument("--kind", choices=("options", "references"), default="options")
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 64, 256], help="of the harness")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_model(Path(scratch), arguments.preset, arguments.vocab_size)
        probes = build_probes(load_facts())
        random.Random(0).shuffle(probes)
        requests = _whole_contexts(make_requests(probes, arguments.kind), arguments.requests)
        ours = HfModel(folder, device="cpu", threads=arguments.threads)
        begin = ours.tokenizer.decode([ours.bos])
        instances = [
            Instance("loglikelihood", {}, (begin + context if context else "", continuation), number)
            for number, (context, continuation) in enumerate(requests)
        ]
        harnesses = {
            size: HFLM(pretrained=str(folder), device="cpu", dtype="float32", batch_size=size, backend="causal")
            for size in arguments.batch_sizes
        }
        best = dict.fromkeys(["chronolect", *map(str, harnesses)], float("inf"))
        worst = 0.0
        for _ in range(arguments.repeats):
            start = perf_counter()
            scores = ours.loglikelihoods(requests)
            best["chronolect"] = min(best["chronolect"], perf_counter() - start)
            for size, harness in harnesses.items():
                start = perf_counter()
                theirs = harness.loglikelihood(instances, disable_tqdm=True)
                best[str(size)] = min(best[str(size)], perf_counter() - start)
                for score, (logprob, greedy) in zip(scores, theirs, strict=True):
                    worst = max(worst, abs(score.logprob - logprob))
                    assert score.is_greedy == greedy, "the two disagree on what is greedy"
        assert worst < 1e-2, f"the two disagree by {worst} nats"
    harness_best = min(best[str(size)] for size in harnesses)
    print(
        json.dumps(
            {
                "preset": arguments.preset,
                "kind": arguments.kind,
                "requests": len(requests),
                "contexts": len({context for context, _ in requests}),
                "threads": arguments.threads,
                "seconds": {name: round(seconds, 3) for name, seconds in best.items()},
                "requests_per_second": {
                    "chronolect": round(len(requests) / best["chronolect"]),
                    "lm_eval": round(len(requests) / harness_best),
                },
                "times_as_fast": round(harness_best / best["chronolect"], 2),
                "largest_difference_nats": worst,
            },
            indent=2,
        )
    )


def _whole_contexts(requests: list[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Requests of whole contexts, `count` or a few more."""
    by_context: dict[str, list[tuple[str, str]]] = {}
    for request in requests:
        by_context.setdefault(request[0], []).append(request)
    chosen: list[tuple[str, str]] = []
    for some in by_context.values():
        if len(chosen) >= count:
            break
        chosen += some
    return chosen


if __name__ == "__main__":
    main()
