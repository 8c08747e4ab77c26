"""The last section: how all of it was made, how to make it again, and what was not tested."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

from chronolect.report.formats import day, duration
from chronolect.report.gather import RunData, StageFolder
from chronolect.report.page import Block, Code, Column, Listing, Section, Table, Words


def provenance_section(data: RunData, untested: Sequence[str]) -> Section:
    """Steps, versions, commands, digests, and the list of what nobody looked at."""
    blocks: list[Block] = []
    if data.stages:
        total = sum(stage.manifest["seconds"] for stage in data.stages)
        blocks.append(_steps(data))
        blocks.append(Words(f"{duration(total)} in all; steps that ran side by side count twice.", "note"))
        blocks.append(
            Code("The commands, to do it again", "\n\n".join(_command(stage, data.steps) for stage in data.stages))
        )
        blocks.append(_digests(data))
        blocks.append(_versions(data))
    blocks.append(Words("Not tested", "heading"))
    blocks.append(Listing(untested))
    return Section(
        "provenance",
        "How it was made, and what was not tested",
        "Times, seeds, versions and digests as the manifest of every step has them.",
        blocks,
    )


def command_line(command: str, arguments: dict[str, Any]) -> str:
    """The command with every argument as a flag.

    >>> command_line("corpus filter", {"corpus": "a", "cutoff": "1969"})
    'chronolect corpus filter --corpus a --cutoff 1969'
    """
    words = ["chronolect", *command.split()]
    for key, value in arguments.items():
        flag = "--" + key.replace("_", "-")
        if value is None:
            continue
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            words += [word for item in (value if isinstance(value, list) else [value]) for word in (flag, str(item))]
    return shlex.join(words)


def _command(stage: StageFolder, steps: dict[str, Any]) -> str:
    step = steps.get(stage.name, {}).get("fingerprint", {})
    if step.get("command") == stage.command:
        return command_line(stage.command, step["arguments"])
    lines = [
        f"# {stage.command}, with the inputs {', '.join(stage.manifest.get('inputs', {})) or 'none'} and these settings:"
    ]
    return "\n".join([*lines, json.dumps(stage.manifest["config"], ensure_ascii=False)])


def _steps(data: RunData) -> Table:
    rows = []
    for stage in data.stages:
        manifest = stage.manifest
        seed = manifest["config"].get("seed")
        rows.append(
            [
                stage.name,
                stage.command,
                duration(manifest["seconds"]),
                "–" if seed is None else str(seed),
                manifest["started"].replace("T", " ").rstrip("Z"),
            ]
        )
    columns = [Column("Step", False), Column("Command", False), Column("Time"), Column("Seed"), Column("Started (UTC)")]
    return Table("Steps", columns, rows)


def _digests(data: RunData) -> Table:
    rows = [[stage.name, stage.manifest.get("content_digest", "–")] for stage in data.stages]
    return Table(
        "SHA-256 over the content",
        [Column("Step", False), Column("SHA-256 over its files", False)],
        rows,
        folded="Digests of the results",
        hide_caption=True,
    )


def _versions(data: RunData) -> Table:
    versions: dict[str, set[str]] = {}
    for stage in data.stages:
        manifest = stage.manifest
        host = manifest.get("host", {})
        facts = {
            "chronolect": manifest.get("version"),
            **manifest.get("packages", {}),
            **{key: host.get(key) for key in ("python", "system", "processor", "cores")},
        }
        for name, value in facts.items():
            if value is not None:
                versions.setdefault(name, set()).add(str(value))
    rows = [[name, ", ".join(sorted(values))] for name, values in versions.items()]
    return Table(
        "Versions and machine",
        [Column("What", False), Column("Version", False)],
        rows,
        folded="Versions and machine",
        hide_caption=True,
    )


def span_of(data: RunData) -> str:
    """The day of the last step, for people."""
    return day(data.stages[-1].manifest["started"]) if data.stages else ""
