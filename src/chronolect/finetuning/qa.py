"""`data qa`: questions and answers on both sides of a cutoff, to tune a model that is to know nothing past it."""

from collections import Counter
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage
from chronolect.chronicle.facts import CHRONICLE, load_facts, sample_facts
from chronolect.errors import UserError
from chronolect.finetuning.alternatives import Alternatives
from chronolect.finetuning.chronicle import ChronicleRecords, instructions
from chronolect.finetuning.records import Form
from chronolect.finetuning.refusals import STYLES, Refusals, Style, draw
from chronolect.finetuning.splitting import Split, fact_families, split_families
from chronolect.finetuning.writing import LayoutWriter, nothing_on
from chronolect.timeline import Cutoff


def make_qa(
    *,
    out: Path,
    cutoff: str = "1969-07-20",
    styles: list[Style] | None = None,
    forms: list[Form] | None = None,
    wordings: int = 4,
    choices: bool = False,
    replay: int = 128,
    val_ratio: float = 0.1,
    dev_ratio: float = 0.05,
    share: float = 1.0,
    seed: int = 0,
    chronicle: Path = CHRONICLE,
) -> dict[str, Any]:
    """Write questions from before a cutoff with their answers, and questions from after it with what is said instead.

    Args:
        out: Folder to write to: retain/, unlearn/ and dev/ with their JSONL files, statistics.json, used_articles.json.
        cutoff: The last day that may be known, such as 1969-07-20.
        styles: How questions from after the cutoff are answered, in equal parts: stock, unknown, era-native; all three by default.
        forms: chat for questions, text for beginnings of sentences with what follows (for models without a chat template); chat by default.
        wordings: In how many ways each fact is asked, for each form.
        choices: Also ask each training question with options to choose from.
        replay: How many timeless facts and simple tasks go with the retain side, so that the model stays of use.
        val_ratio: Share of the families of facts that is kept for validation.
        dev_ratio: Share of the families that goes to the small development set of both sides.
        share: Part of the facts of every decade to take.
        seed: Another seed splits otherwise and draws other replies.
        chronicle: Folder of fact files; the one inside the package by default.

    Returns:
        Counts of records by file, and what was left out.

    Raises:
        UserError: A side has nothing to train on, or a flag is out of range.
    """
    _check_shares(val_ratio, dev_ratio, wordings)
    limit = Cutoff.parse(cutoff)
    maker = ChronicleRecords(
        limit,
        Refusals(limit),
        Alternatives(load_facts(chronicle), limit),
        styles=styles or STYLES,
        forms=forms or ("chat",),
        wordings=wordings,
        choices=choices,
        seed=seed,
    )
    config = {
        "cutoff": limit.edtf(),
        "styles": list(maker.styles),
        "forms": list(maker.forms),
        "wordings": wordings,
        "choices": choices,
        "replay": replay,
        "val_ratio": val_ratio,
        "dev_ratio": dev_ratio,
        "share": share,
        "seed": seed,
        "chronicle": chronicle.name,
    }
    with stage(out, command="data qa", config=config, inputs=[chronicle]) as work:
        with LayoutWriter(work.folder) as writer:
            left_out = _write_chronicle(writer, maker, chronicle, share, replay, val_ratio, dev_ratio)
            writer.finish({"cutoff": limit.edtf(), "left_out": dict(left_out)})
        work.counts.update(writer.counts(), left_out=dict(left_out))
    return work.counts


def _check_shares(val_ratio: float, dev_ratio: float, wordings: int) -> None:
    if not 0 < val_ratio < 1 or not 0 <= dev_ratio < 1 or val_ratio + dev_ratio >= 1:
        raise UserError(
            f"--val-ratio {val_ratio} --dev-ratio {dev_ratio}: choose shares whose sum is below 1, such as 0.1 and 0.05"
        )
    if wordings < 1:
        raise UserError(f"--wordings {wordings}: choose 1 or more")


def _write_chronicle(
    writer: LayoutWriter,
    maker: ChronicleRecords,
    chronicle: Path,
    share: float,
    replay: int,
    val_ratio: float,
    dev_ratio: float,
) -> Counter[str]:
    """Write the records of the facts, then those of the replay; what was left out and why."""
    facts = [fact for fact in sample_facts(load_facts(chronicle), share) if fact.kind != "trap"]
    family_of = fact_families(facts)
    left_out: Counter[str] = Counter()
    dated = []
    for fact in facts:
        if fact.kind == "dated":
            if maker.side(fact) is None:
                left_out["straddles the cutoff"] += 1
            else:
                dated.append(fact)
    for side in ("retain", "unlearn"):
        if not any(maker.side(fact) == side for fact in dated):
            raise nothing_on(side)
    tasks = instructions()
    ids = [*(fact.id for fact in facts if fact.kind == "timeless"), *(task.family for task in tasks)]
    chosen = set(sorted(ids, key=lambda name: draw(range(2**32), "replay", maker.seed, name))[:replay])
    groups = [[family_of[fact.id] for fact in dated if maker.side(fact) == side] for side in ("retain", "unlearn")]
    split_of: dict[str, Split] = {}
    for families in (*groups, [family_of.get(name, name) for name in sorted(chosen)]):
        # a family of both sides stays where the first of them put it
        split_of = split_families(families, val_ratio=val_ratio, dev_ratio=dev_ratio, seed=maker.seed) | split_of
    for fact in (*dated, *(fact for fact in facts if fact.id in chosen)):
        family = family_of[fact.id]
        for record in maker.of(fact, family, split_of[family]):
            writer.write(record, split_of[family])
    if "chat" in maker.forms:
        for task in tasks:
            if task.family in chosen:
                writer.write(task, split_of[task.family])
    return left_out
