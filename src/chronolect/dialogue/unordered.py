"""`dialogue unordered`: the control of the curriculum, which reads the same conversations as often, but in no order."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import stage, write_bytes
from chronolect.dialogue.files import phase_list_bytes, read_dialogues
from chronolect.errors import UserError

_FILES = ("phase1_train.json", "phase2_train.json", "phase3_train.json", "phase4.json")


def unordered(
    data: Path,
    *,
    out: Path,
    passes: Annotated[Sequence[int], Parameter(consume_multiple=True)] = (3, 3, 3, 40),
    seed: int = 42,
) -> dict[str, Any]:
    """Put the training conversations of all phases into one, shuffled, each as often as the curriculum reads it.

    Train on it with `train curriculum --phases 1 --set epochs=1`: what then differs from the curriculum is the order alone (and the smaller batches
    of what was phase 4).

    Args:
        data: Folder as `dialogue split` writes it.
        out: Folder to write to: `phase1_train.json`.
        passes: How often each phase reads its conversations, phase by phase: epochs, and for phase 4 its steps. 0 leaves a phase out.
        seed: Of the order.

    Returns:
        Conversations by phase, and in all.

    Raises:
        UserError: For a missing file, and for other than one to four numbers of passes.
    """
    if not 1 <= len(passes) <= len(_FILES) or min(passes) < 0 or not any(passes):
        raise UserError("--passes: one number for each phase, such as --passes 3 3 3 40; 0 leaves a phase out")
    read = [(name, times) for name, times in zip(_FILES, passes, strict=False) if times]
    config = {"data": str(data), "passes": list(passes), "seed": seed}
    with stage(out, command="dialogue unordered", config=config, inputs=[data / name for name, _ in read]) as work:
        found = []
        for name, times in read:
            conversations = read_dialogues(data / name)
            work.counts[name.removesuffix(".json")] = len(conversations) * times
            found += conversations * times
        random.Random(seed).shuffle(found)
        write_bytes(work.folder / "phase1_train.json", phase_list_bytes(found))
        work.counts["conversations"] = len(found)
    return work.counts
