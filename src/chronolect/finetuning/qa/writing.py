"""The folder of a data set as it is written: the files of the seeds' layout, what was used, and the statistics of what is in them."""

import re
from collections import Counter, defaultdict
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from chronolect.artifacts import write_json
from chronolect.errors import UserError
from chronolect.finetuning.qa.splitting import Split
from chronolect.finetuning.records import Layout, Record, Side

_SIDES: tuple[Side, ...] = ("retain", "unlearn")


def nothing_on(side: Side) -> UserError:
    """What to say of a side without a record."""
    return UserError(
        f"the {side} side is empty: nothing lies {'before' if side == 'retain' else 'after'} the cutoff; "
        "choose another --cutoff, a larger --share, or more documents"
    )


class LayoutWriter:
    """Writes records to the files of a `Layout` and counts them by side, split, decade, field, form and style."""

    def __init__(self, folder: Path) -> None:
        layout = Layout(folder)
        self._folder = folder
        self._files: dict[tuple[Side, Split], TextIO] = {}
        for side in _SIDES:
            for split in ("train", "val"):
                self._files[side, split] = self._open(layout.file(side, split))
        dev = self._open(layout.dev)
        for side in _SIDES:
            self._files[side, "dev"] = dev
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._used: dict[str, dict[Side, dict[str, None]]] = defaultdict(lambda: {side: {} for side in _SIDES})

    def __enter__(self) -> "LayoutWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def write(self, record: Record, split: Split) -> None:
        """Append one record."""
        self._files[record.side, split].write(record.line())
        self._count(record, split)

    def counts(self) -> dict[str, Any]:
        """Records by file, as `retain_train`, `unlearn_val`, `dev`."""
        by_file = self._counts["file"]
        names = [*(f"{side}_{split}" for side in _SIDES for split in ("train", "val")), "dev"]
        return {name: by_file[name] for name in names}

    def finish(self, extra: dict[str, Any]) -> None:
        """Write `statistics.json` and `used_articles.json`.

        Raises:
            UserError: One of the sides has no record to train on.
        """
        counts = self.counts()
        for side in _SIDES:
            if not counts[f"{side}_train"]:
                raise nothing_on(side)
        tables = {name: dict(sorted(table.items())) for name, table in sorted(self._counts.items()) if name != "file"}
        write_json(self._folder / "statistics.json", {"records": counts, **extra, **tables})
        used = {kind: {side: list(names) for side, names in sides.items()} for kind, sides in self._used.items()}
        write_json(self._folder / "used_articles.json", used)

    @staticmethod
    def _open(path: Path) -> TextIO:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "w", encoding="utf-8")

    def _count(self, record: Record, split: Split) -> None:
        side, data = record.side, record.metadata
        words = len(f"{record.instruction} {record.output}".split())
        year = re.match(r"\d{4}", data.get("date") or "")
        decade = f"{year.group()[:3]}0s" if year else "undated"
        self._counts["file"]["dev" if split == "dev" else f"{side}_{split}"] += 1
        for name, value in (
            ("form", record.form),
            ("style", data.get("style")),
            ("field", data.get("field")),
            ("type", data.get("type")),
            ("decade", decade),
            ("source", data.get("source_type")),
        ):
            if value:
                self._counts[f"records_by_{name}"][f"{side} {value}"] += 1
                self._counts[f"words_by_{name}"][f"{side} {value}"] += words
        self._counts["words"][f"{side}_{split}"] += words
        if data.get("source_article_id"):
            self._used[data.get("source_type", "article")][side][str(data["source_article_id"])] = None
