"""`eval dialogue`: models on held-out dialogues whose right replies are computed."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage, write_bytes, write_json
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.dialogue.held_out import HeldOut, read_held_out
from chronolect.evaluation.dialogue.scores import Judged, compare, fixed_replies, judged, summarise
from chronolect.evaluation.dialogue.screen import screen, share_in_words
from chronolect.evaluation.generations import Asker, Generations, Settings, ask_missing, model_identity
from chronolect.evaluation.horizon import model_names
from chronolect.models.chat_template import read_template, template_digest
from chronolect.models.hub import local_folder
from chronolect.models.language_model import DType
from chronolect.models.opening import Opening, is_address
from chronolect.report.dialogue import dialogue_page
from chronolect.report.page import render


def eval_dialogue(
    models: list[str],
    *,
    tests: Path,
    out: Path,
    names: list[str] | None = None,
    max_tokens: int = 160,
    temperature: float = 0.0,
    limit: int | None = None,
    batch_size: int = 32,
    show: int = 0,
    chat_template: str | None = None,
    model_name: str | None = None,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Ask models held-out dialogues about time, judge each reply by what was computed, and compare the models on the same dialogues.

    Writes `dialogue.json` (every rate with its n and 95 % interval), `replies.jsonl` (what each model said to each test, with the verdict and its
    reason) and `dialogue.html`, a page to read. What models say is kept in NAME_generations.jsonl beside the folder: a killed run goes on from
    there, and a changed rule of judging asks nothing again.

    Args:
        models: Hugging Face folders, adapters, .gguf files, http(s) addresses or "dummy"; each is compared with those named before it.
        tests: Tests as `data dialogue` writes them: JSONL dialogues that end with the user's words, with `kind` and `check` in the metadata.
        out: Folder to write to.
        names: What to call the models, in their order.
        max_tokens: Longest reply.
        temperature: Of sampling; 0 takes the likeliest token.
        limit: Ask a random sample of this many tests, as evenly over the kinds as can be.
        batch_size: Dialogues asked at once; a kill loses one batch at most.
        show: Print this many replies of each kind and model with their verdicts.
        chat_template: Chat template in place of the models' own: a file, or a built-in one such as time (folders and files).
        model_name: Name of the model on an OpenAI-compatible server; by default the only one it offers.
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads (folders and files).
        seed: Seed of the sample and of sampling.

    Returns:
        What `dialogue.json` holds: `tests`, `models` with their rates, `comparisons` and `fixed_replies`; and a table under `screen`.

    Raises:
        UserError: For a missing model or file, a test that cannot be judged, names that do not fit, or a model that answers nothing.
    """
    for flag, value, least in (("--max-tokens", max_tokens, 1), ("--batch-size", batch_size, 1), ("--show", show, 0)):
        if value < least:
            raise UserError(f"{flag} {value}: at least {least}")
    if temperature < 0:
        raise UserError(f"--temperature {temperature}: at least 0")
    called = model_names(models, names)
    asked = read_held_out(tests, limit=limit, seed=seed)
    template = template_digest(read_template(chat_template)) if chat_template is not None else None
    settings = Settings(max_tokens, temperature, seed, chat_template=template)
    opening = Opening(model_name, dtype, device, threads, seed, chat_template)
    config = {
        "models": models,
        "names": called,
        "tests": str(tests),
        "limit": limit,
        "model_name": model_name,
        "settings": asdict(settings),
        "seed": seed,
    }
    store = out.with_name(f"{out.name}_generations.jsonl")
    inputs = [path for path in (*map(Path, models), tests) if path.exists()]
    with stage(out, command="eval dialogue", config=config, inputs=inputs) as work:
        replies: dict[str, list[Judged]] = {}
        with Generations(store) as generations, open(work.folder / "replies.jsonl", "w", encoding="utf-8") as file:
            for spec, name in zip(models, called, strict=True):
                replies[name] = _answer(spec, asked, settings, opening, generations, batch_size)
                for one in replies[name]:
                    file.write(json.dumps({"model": name, **one.as_dict()}, ensure_ascii=False) + "\n")
                say(f"{name}: {share_in_words(summarise(replies[name])['all'])} right")
                _show(name, replies[name], show)
        results = {
            "file": str(tests),
            "seed": seed,
            "level": 0.95,
            "settings": asdict(settings),
            "tests": {"total": len(asked), "by_kind": dict(Counter(test.kind for test in asked))},
            "models": [
                {
                    "name": name,
                    "spec": spec,
                    "unanswered": len(asked) - len(replies[name]),
                    **summarise(replies[name]),
                }
                for spec, name in zip(models, called, strict=True)
            ],
            "comparisons": compare(replies),
            "fixed_replies": fixed_replies(replies),
        }
        write_json(work.folder / "dialogue.json", results)
        page = dialogue_page(results, replies, name=out.name)
        write_bytes(work.folder / "dialogue.html", render(page).encode())
        work.counts = {
            "tests": len(asked),
            "right": {name: sum(o.passed for o in some) for name, some in replies.items()},
        }
    say(f"results in {out / 'dialogue.html'}, replies in {store}")
    return {**results, "screen": screen(results)}


def _answer(
    spec: str,
    asked: Sequence[HeldOut],
    settings: Settings,
    opening: Opening,
    generations: Generations,
    batch_size: int,
) -> list[Judged]:
    """What one model says to each test, judged; a test without an answer is left out."""
    settings = replace(settings, dtype=opening.dtype if local_folder(spec).is_dir() else None)
    name = opening.model_name
    if is_address(spec):
        settings = replace(settings, chat_template=None)
        if name is None:
            offered = opening.open(spec)  # what is kept is kept under its name
            name = offered.name
            offered.close()
    asker = Asker(model_identity(spec, model_name=name), settings, lambda: opening.open(spec))
    try:
        ask_missing(asker, [test.record() for test in asked], generations, batch_size=batch_size, total=len(asked))
    finally:
        asker.close()
    answers = [(test, generations.get(asker.key(test.record()))) for test in asked]
    return [judged(test, answer.response) for test, answer in answers if answer is not None]


def _show(name: str, replies: Sequence[Judged], most: int) -> None:
    """Print the first replies of each kind, with the words they answer."""
    shown: Counter[str] = Counter()
    for one in replies:
        if shown[one.test.kind] < most:
            shown[one.test.kind] += 1
            verdict = "right" if one.passed else "wrong"
            say(
                f"[{name}, {one.test.kind}] {verdict}: {one.reason}\n    {one.test.messages[-1]['content']!r}\n    {one.reply!r}"
            )
