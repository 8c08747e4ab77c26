"""Question-and-answer conversations from the chronicle: the data of a chat stage that brings no fact the corpus lacks."""

import json
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage
from chronolect.chronicle.facts import CHRONICLE, load_facts, sample_facts
from chronolect.chronicle.wordings import QUESTION
from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Verdict


def write_chat(
    *, out: Path, cutoff: str | None = None, share: float = 1.0, chronicle: Path = CHRONICLE
) -> dict[str, Any]:
    """Write the questions of the chronicle with their answers as conversations, for `train sft`.

    Only facts whose question is not their held-out wording, and, with a cutoff, only those that lie wholly before it.

    Args:
        out: Folder to write `train.jsonl` in.
        cutoff: The last day that may be known, such as 1969-07-20; all facts where it is left out.
        share: Part of the facts of every decade to ask about.
        chronicle: Folder of fact files; the one inside the package by default.
    """
    limit = Cutoff.parse(cutoff) if cutoff is not None else None
    kept, left_out = [], 0
    for fact in sample_facts(load_facts(chronicle), share):
        if fact.kind == "trap" or fact.held_out == QUESTION:
            continue
        if limit is not None and fact.kind == "dated" and limit.judge(fact.span) is not Verdict.BEFORE:
            left_out += 1
            continue
        messages = [{"role": "user", "content": fact.question}, {"role": "assistant", "content": f"{fact.answer}."}]
        kept.append({"messages": messages, "metadata": {"fact": fact.id, "date": fact.date}})
    if not kept:
        raise UserError(f"--cutoff {cutoff}: no fact of the chronicle lies before it")
    config = {"cutoff": cutoff, "share": share, "chronicle": chronicle.name}
    with stage(out, command="data chat", config=config, inputs=[chronicle]) as work:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        (work.folder / "train.jsonl").write_text(lines, encoding="utf-8")
        work.counts.update(conversations=len(kept), after_cutoff=left_out)
    return work.counts
