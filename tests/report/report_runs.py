"""A run as a recipe leaves it: corpora of the real stages; results of long stages in their real form, with made-up numbers."""

import json
import math
import random
import time
from pathlib import Path
from typing import Any, get_args

from chronolect.artifacts import make_manifest, stage, write_json
from chronolect.chronicle.probes import Option, Probe, Tag
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.sources.table import import_table
from chronolect.evaluation.answers import SCORINGS, Answer
from chronolect.evaluation.horizon import Graded, grade
from chronolect.evaluation.surprise import summarise
from chronolect.statistics import wilson
from chronolect.timeline import Cutoff, Span

CUTOFF = "1969-07-20"


LINE = Cutoff.parse(CUTOFF)


def _probes() -> list[Probe]:
    """Three facts a year from 1900 on, each asked in a held-out and in a seen wording; controls and traps."""
    options = tuple(Option(f" {tag}", tag) for tag in get_args(Tag))
    asked: list[tuple[str, str]] = [
        (f"{year}-{month}-15", split)
        for year in range(1900, 2000)
        for month in ("02", "06", "10")
        for split in ("heldout", "seen")
    ]
    asked += [("", split) for split in ("control", "trap") for _ in range(40)]
    return [
        Probe(f"p{number}", f"f{number}", date, split, "cloze", "low", "Who?", options, ())  # type: ignore[arg-type]
        for number, (date, split) in enumerate(asked)
    ]


def _graded(probe: Probe, right: float, rng: random.Random) -> Graded:
    picks = rng.choices(range(4), [right, *[(1 - right) / 3] * 3], k=3)
    span = Span.parse(probe.date) if probe.date else Span()
    scores = dict.fromkeys(SCORINGS, (0.0,) * 4)
    answer = Answer("model", probe.id, scores, dict(zip(SCORINGS, picks, strict=True)))
    return Graded(probe, answer, _side(span), span.earliest, span.middle_year, "person")


def _side(span: Span) -> str:
    return LINE.judge(span).value.replace("straddles", "straddling")


def horizon(skills: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """A horizon.json: each model's chance of the right answer before and after the cutoff."""
    probes = _probes()
    models = []
    for number, (name, (before, after)) in enumerate(skills.items()):
        rng = random.Random(number)
        graded = []
        for probe in probes:
            side = _side(Span.parse(probe.date) if probe.date else Span())
            skill = {"before": before, "after": after}.get(side, 0.5)
            if probe.split == "trap":
                skill = 0.25
            elif probe.split == "seen" and skill > 0.25:
                skill = 0.98
            graded.append(_graded(probe, skill, rng))
        spec = f"gguf/model-{name}.gguf" if name.startswith("q") else f"runs/{name}/final"
        models.append({"name": name, "spec": spec, **grade(graded, bootstrap=60)})
    for model, later in zip(models[:2], (" Queen Victoria <b>&", " Margaret Thatcher."), strict=False):
        texts = {
            "before": (
                "The first person to fly alone across the Atlantic was",
                " Charles Lindbergh",
                " Charles Lindbergh.",
            ),
            "after": ("The first woman to lead a British government was", " Margaret Thatcher", later),
        }
        model["completions"] = {
            side: {
                **wilson(1, 1).as_accuracy(),
                "texts": [{"prompt": prompt, "answer": answer, "text": text, "exact": answer in text}],
            }
            for side, (prompt, answer, text) in texts.items()
        }
    return {
        "cutoff": CUTOFF,
        "seed": 0,
        "scoring": "calibrated",
        "probes": {"total": len(probes)},
        "models": models,
    }


def surprise(model: str, *, cutoff: str = CUTOFF, gap: float = 0.4, twin: str | None = "twin") -> dict[str, Any]:
    """A surprise.json: `gap` is how many bits a byte more the model needs for text past the cutoff than the twin."""
    rng = random.Random(model)
    line = Cutoff.parse(cutoff)
    records: list[dict[str, Any]] = []
    for place in range(480):
        year = 1900 + place // 4
        side = line.judge(Span.year(year)).value.replace("straddles", "straddling")
        level = 1.9 + rng.gauss(0, 0.12) - (year - 1900) / 600
        more = gap * (1 - math.exp(-(year + 4 - int(cutoff[:4])) / 12)) if side == "after" else 0.0
        record: dict[str, Any] = {"year": year, "side": side, "bytes": 4000}
        record["model"] = {"bits_per_byte": level + more + rng.gauss(0, 0.05)}
        if twin:
            record["twin"] = {"bits_per_byte": level}
        records.append(record)
    return {
        "cutoff": cutoff,
        "model": {"name": model, "spec": f"runs/{model}/final"},
        "twin": {"name": twin, "spec": f"runs/{twin}/final"} if twin else None,
        "documents": {"scored": len(records)},
        **summarise(records, width=10, bootstrap=60),
    }


def write_stage(folder: Path, command: str, config: dict[str, Any], counts: dict[str, Any], **files: Any) -> None:
    """A finished stage with JSON files."""
    with stage(folder, command=command, config=config) as work:
        for name, value in files.items():
            write_json(work.folder / f"{name}.json", value)
        work.counts.update(counts)


def write_training(folder: Path, *, later: float, finished: bool = True, steps: int = 400) -> None:
    """A pre-training run; `later` is how many more bits per byte it needs for later text."""
    rng = random.Random(folder.name)
    config = {"preset": "5m", "seed": 42, "seq_len": 128}
    write_json(folder / "config.json", {"command": "train pretrain", "config": config, "inputs": {}})
    with open(folder / "metrics.jsonl", "w") as file:
        for step in range(10, steps + 1, 10):
            loss = 2.2 + 6 * math.exp(-step / 90) + rng.gauss(0, 0.05)
            record = {
                "kind": "train",
                "step": step,
                "loss": loss,
                "lr": 3e-3,
                "grad_norm": 1.0,
                "tokens": step * 4096,
                "seconds": step * 0.2,
            }
            file.write(json.dumps(record) + "\n")
            if step % 80 == 0:
                for split, extra in (
                    ("val", 0.1),
                    ("val-1850-1899", 0.15),
                    ("val-1900-1949", 0.05),
                    ("val-1950-1969", 0.0),
                    ("val-after", later),
                ):
                    bits = 1.1 + 2.5 * math.exp(-step / 110) + extra
                    file.write(
                        json.dumps(
                            {"kind": "eval", "step": step, "split": split, "loss": bits * 2, "bits_per_byte": bits}
                        )
                        + "\n"
                    )
        if finished:
            file.write(json.dumps({"kind": "final", "steps": steps, "tokens": steps * 4096}) + "\n")
    with open(folder / "samples.jsonl", "w") as file:
        for prompt in ("The president of the United States", "In the year of the Moon landing,"):
            text = f" was {'Nixon' if later < 1 else 'Johnson'}, who <script>alert(1)</script> spoke of peace & work."
            file.write(json.dumps({"step": steps, "prompt": prompt, "text": text}) + "\n")
    if finished:
        manifest = make_manifest(
            folder,
            command="train pretrain",
            config=config,
            inputs=[],
            counts={"steps": steps},
            started=time.time() - 95,
        )
        write_json(folder / "manifest.json", manifest)


def gguf_counts() -> dict[str, Any]:
    """What `export gguf` counts."""
    files = {}
    for kind, size, types, error, ratio in (
        ("q8_0", 5_400_000, {"F32": 13, "Q8_0": 44}, 0.0041, 1.0003),
        ("q4_k_m", 3_300_000, {"F32": 13, "Q4_K": 38, "Q6_K": 6}, 0.0612, 1.0214),
    ):
        files[kind] = {
            "file": f"model-{kind}.gguf", "bytes": size, "architecture": "llama", "tensors": 57, "types": types,
            "fallbacks": [] if kind == "q8_0" else ["blk.0.ffn_down.weight (q5_0)"],
            "comparison": {
                "token_ids": {"equal": 1000, "n": 1000, "differing": []}, "greedy": {"equal": 388, "n": 401},
                "relative_logit_error": error, "kl_divergence": 0.001, "perplexity": {"original": 9.0, "gguf": 9.0 * ratio, "ratio": ratio, "n": 390},
            },
        }  # fmt: skip
    return {"files": files}


def make_run(run: Path) -> Path:
    """A whole run."""
    rng = random.Random(7)
    records = [
        {"text": " ".join(["word"] * rng.randint(20, 400)), "year": year}
        for year in range(1850, 2000)
        for _ in range(1 + (year - 1850) // 25)
    ]
    source = run.parent / "source.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    import_table([source], out=run / "everything", date_field="year")
    filter_corpus(run / "everything", out=run / "before", cutoff=CUTOFF)
    write_training(run / "locked", later=1.3)
    write_training(run / "twin", later=0.0)
    write_stage(run / "gguf", "export gguf", {"quant": ["q8_0", "q4_k_m"]}, gguf_counts())
    skills = {"locked": (0.84, 0.25), "twin": (0.83, 0.84), "q8_0": (0.84, 0.25), "q4_k_m": (0.81, 0.27)}
    write_stage(run / "horizon", "eval horizon", {"cutoff": CUTOFF, "seed": 0}, {}, horizon=horizon(skills))
    write_stage(run / "surprise", "eval surprise", {"cutoff": CUTOFF, "seed": 0}, {}, surprise=surprise("locked"))
    arguments = {"corpus": str(run / "everything"), "cutoff": CUTOFF, "out": str(run / "before")}
    steps = {"everything": ("corpus import table", {}), "before": ("corpus filter", arguments)}
    fingerprints = {
        name: {"fingerprint": {"command": command, "arguments": given}} for name, (command, given) in steps.items()
    }
    write_json(run / "steps.json", fingerprints)
    return run
