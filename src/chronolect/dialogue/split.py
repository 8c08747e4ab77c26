"""`dialogue split`: phases into training and test files, with system prompts and replay."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import read_json, stage, write_bytes
from chronolect.dialogue.convert import left_out_lines
from chronolect.dialogue.files import leaving_out, phase_list_bytes, read_dialogues
from chronolect.dialogue.messages import Conversation
from chronolect.dialogue.replay import Draw, Item, Plan, clean_plan, identity, leaks, published_plan
from chronolect.errors import UserError

_SYSTEM_PROMPTS = Path(__file__).parents[1] / "data" / "dialogue" / "system_prompts.json"

Mode = Literal["clean", "published"]


def split(
    *,
    phase1: Path,
    out: Path,
    phase2: Path | None = None,
    phase3: Path | None = None,
    phase4: Path | None = None,
    system_prompts: Path | None = None,
    mode: Mode = "clean",
    seed: int = 42,
    replay_seed: int = 43,
    train_ratio: float = 0.85,
    replay: float = 0.25,
    system_rate: float = 0.05,
    skip_bad: bool = False,
) -> dict[str, Any]:
    """Split the phases of the TIME curriculum into training and test files.

    Writes `phase1_train.json`, `phase1_test.json` and so on as phase lists, and `phase4.json` as it is: phase 4 is trained on whole.

    Args:
        phase1: File of phase 1: a phase list, JSON lines or ChatML text.
        out: Folder to write to.
        phase2: File of phase 2.
        phase3: File of phase 3.
        phase4: File of phase 4.
        system_prompts: JSON list of system prompts to choose from; by default 40 of our own.
        mode: `clean`: nothing that is tested is trained on in any phase. `published`: draws exactly as the published system did, which replays tests
            in later training; with other lengths of phases 2 and 3 than the published ones, other files come out.
        seed: Seed of system prompts and the split.
        replay_seed: Seed of what is replayed (published: only of phase 1 in phase 3).
        train_ratio: Share of each phase that is trained on.
        replay: Share of each earlier phase that is shown again in a later one.
        system_rate: Share of the conversations that get a system prompt.
        skip_bad: Whether conversations that are not right are left out and listed, instead of ending the command.
    """
    draw = Draw(seed, replay_seed, train_ratio, replay, system_rate)
    _check(draw)
    given = {1: phase1, 2: phase2, 3: phase3, 4: phase4}
    paths = {phase: path for phase, path in given.items() if path is not None}
    pool = _read_prompts(system_prompts or _SYSTEM_PROMPTS)
    inputs = [*paths.values(), *([system_prompts] if system_prompts else [])]
    with stage(
        out, command="dialogue split", config={"mode": mode, **asdict(draw), "skip_bad": skip_bad}, inputs=inputs
    ) as work:
        left_out: list[str] = []
        on_bad = leaving_out(left_out, skip_bad=skip_bad)
        phases = {phase: read_dialogues(path, on_bad=on_bad) for phase, path in paths.items()}
        sizes = {phase: len(some) for phase, some in phases.items() if phase != 4}
        if empty := [str(paths[phase]) for phase, some in phases.items() if not some]:
            raise UserError(f"{empty[0]}: every conversation was left out; see to the file first")
        as_published = published_plan(sizes, pool, draw)
        plan = as_published if mode == "published" else clean_plan(phases, pool, draw)
        files = {}
        for phase, sides in plan.files.items():
            for side, items in (("train", sides.train), ("test", sides.test)):
                conversations, files[f"phase{phase}_{side}.json"] = _resolve(phase, items, phases, plan)
                if not conversations and side == "train":
                    raise UserError(
                        f"{paths[phase]}: too few conversations to split; nothing would be left to train on"
                    )
                write_bytes(work.folder / f"phase{phase}_{side}.json", phase_list_bytes(conversations))
        if 4 in phases:
            write_bytes(work.folder / "phase4.json", phase_list_bytes(phases[4]))
            files["phase4.json"] = {"conversations": len(phases[4]), "own": len(phases[4])}
        work.counts = {
            "mode": mode,
            "files": files,
            "published_leaks": leaks(as_published),
            "left_out": left_out,
        }
        if mode == "clean":
            work.counts["doubles"] = sum(sizes.values()) - sum(len(s.train) + len(s.test) for s in plan.own.values())
    return {**work.counts, "screen": _screen(work.counts)}


def _check(draw: Draw) -> None:
    if not 0 < draw.train_ratio < 1:
        raise UserError(f"--train-ratio {draw.train_ratio}: must lie between 0 and 1, such as 0.85")
    for flag, value in (("--replay", draw.replay), ("--system-rate", draw.system_rate)):
        if not 0 <= value <= 1:
            raise UserError(f"{flag} {value}: must be a share, from 0 to 1")


def _read_prompts(path: Path) -> list[str]:
    pool = read_json(path)
    if not isinstance(pool, list) or not pool or not all(isinstance(text, str) and text.strip() for text in pool):
        raise UserError(f"{path}: must be a JSON list of texts, the system prompts")
    return pool


def _resolve(
    phase: int, items: Sequence[Item], phases: Mapping[int, Sequence[Conversation]], plan: Plan
) -> tuple[list[Conversation], dict[str, Any]]:
    """The conversations of a file, none twice, and what they are."""
    found: dict[str, Conversation] = {}
    sources: dict[str, int] = {}
    for item in items:
        messages = phases[item[0]][item[1]]
        if item in plan.prompts and messages[0]["role"] != "system":
            messages = [{"role": "system", "content": plan.prompts[item]}, *messages]
        key = f"{item}" if phase == 1 else identity(messages)  # published, doubles go where files are merged
        found.setdefault(key, messages)
        sources.setdefault(key, item[0])
    counts: dict[str, Any] = {"conversations": len(found), "own": sum(source == phase for source in sources.values())}
    for earlier in sorted(set(sources.values()) - {phase}):
        counts[f"of_phase{earlier}"] = sum(source == earlier for source in sources.values())
    counts["with_system"] = sum(messages[0]["role"] == "system" for messages in found.values())
    return list(found.values()), counts


def _screen(counts: Mapping[str, Any]) -> str:
    lines = []
    width = max(map(len, counts["files"]))
    for name, held in counts["files"].items():
        parts = [f"{held['own']:,} of its own"]
        parts += [f"{held[key]:,} of phase {key[-1]}" for key in held if key.startswith("of_phase")]
        parts += [f"{held['with_system']:,} with a system prompt"] if held.get("with_system") else []
        lines.append(f"{name:<{width}}  {held['conversations']:>6,} conversations: {', '.join(parts)}")
    replayed = [leak for leak in counts["published_leaks"] if leak["source"] != leak["test"]]
    later = [leak for leak in counts["published_leaks"] if leak["source"] == leak["test"] and leak["trained"]]
    way = "The published way tests" if counts["mode"] == "published" else "The published way would test"
    if replayed:
        lines.append("")
        lines += [
            f"{way} phase {leak['test']} on {leak['items']:,} conversations of phase {leak['source']}, "
            f"{leak['trained_in'].get(leak['source'], 0):,} of them trained on there."
            for leak in replayed
        ]
        train = "trains" if counts["mode"] == "published" else "would train"
        for leak in later:
            where = " and ".join(f"{count:,} in phase {phase}" for phase, count in leak["trained_in"].items())
            lines.append(f"It {train} on test conversations of phase {leak['test']}: {where}.")
        if counts["mode"] == "clean":
            lines.append("Here none is: what is tested is trained on in no phase.")
    if counts.get("doubles"):
        lines.append(f"{counts['doubles']:,} conversations were there twice and are kept once.")
    lines += left_out_lines(counts["left_out"])
    return "\n".join(lines)
