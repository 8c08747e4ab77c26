"""What a mix is made of: files and folders of text, corpora, sets of the hub, the chronicle; each a stream of documents in a fixed order."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chronolect.chronicle.facts import CHRONICLE, load_facts
from chronolect.console import say
from chronolect.corpus.document import read_batches
from chronolect.corpus.encoding import BATCH_BYTES
from chronolect.corpus.problems import SHOWN, Problem
from chronolect.corpus.sources.chronicle import documents as chronicle_documents
from chronolect.corpus.sources.records import Record, find_files, kind, read_records
from chronolect.errors import UserError, did_you_mean
from chronolect.models.hub import is_hub_name

KNOWN = Path(__file__).parents[2] / "data" / "formation" / "sources.yaml"
CHRONICLE_NAME = "chronicle"
_TEXT_FIELDS = ("text", "content", "body")
_PASSAGE = 2_000  # characters of a plain text that make a document, roughly
_HEADING = re.compile(r" ?= [^=].* = ?\n?")  # of an article; sections have two and more


@dataclass(frozen=True)
class TextSource:
    """One source.

    Attributes:
        name: What its ratio and its share go by.
        paths: Files and folders that are read, in this order; none for the chronicle.
        fields: Fields that make the text, joined by empty lines; the first of text, content and body where none are named.
        articles: Whether rows are lines of articles.
    """

    name: str
    paths: tuple[Path, ...]
    fields: tuple[str, ...] = ()
    articles: bool = False

    def texts(self) -> Iterator[tuple[str, str]]:
        """Id and text of each document that has any, in the same order each time.

        Raises:
            UserError: Where a record has none of the fields, or nothing can be read.
        """
        if not self.paths:
            for fact in load_facts(CHRONICLE):
                if fact.kind != "trap":
                    yield from ((one.id, one.text) for one in chronicle_documents(fact, "corpus"))
            return
        for path in self.paths:
            if path.is_dir() and next(path.glob("part-*.parquet"), None):
                for batch in read_batches(path, ("id", "text"), text_bytes=BATCH_BYTES):
                    yield from zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True)
                continue
            rows = self._rows(find_files(path))
            yield from _articles(rows) if self.articles else rows

    def _rows(self, files: Iterable[Path]) -> Iterator[tuple[str, str]]:
        problems = 0
        for file in files:
            for record in read_records(file):
                if isinstance(record, Problem):
                    problems += 1
                    if problems <= SHOWN:
                        say(f"{record} (left out)")
                    continue
                text = self._text(record)
                if self.articles:
                    yield record.place, text
                elif kind(file) == ".txt":
                    yield from ((f"{record.place}#{i}", passage) for i, passage in enumerate(passages(text)))
                elif text.strip():
                    yield record.place, text
        if problems > SHOWN:
            say(f"{self.name}: left out {problems:,} records in all")

    def _text(self, record: Record) -> str:
        fields = self.fields or tuple(name for name in _TEXT_FIELDS if name in record.fields)[:1]
        missing = [name for name in fields if name not in record.fields]
        if missing or not fields:
            wanted = " and ".join(missing or _TEXT_FIELDS[:1])
            raise UserError(f"{record.where}: has no field {wanted}; it has {', '.join(record.fields)}")
        return _joined(record, fields)


def passages(text: str) -> Iterator[str]:
    """A long text in pieces of some thousand characters, cut at empty lines, so that a book is more than one document."""
    piece: list[str] = []
    size = 0
    for paragraph in re.split(r"\n\s*\n", text):
        if size and size + len(paragraph) > _PASSAGE:
            yield "\n\n".join(piece)
            piece, size = [], 0
        if paragraph.strip():
            piece.append(paragraph.strip("\n"))
            size += len(paragraph)
    if piece:
        yield "\n\n".join(piece)


def find_sources(
    sources: Sequence[str] | Mapping[str, str], ratios: Mapping[str, float], *, offline: bool, allow_missing: bool
) -> tuple[list[TextSource], dict[str, float], list[str]]:
    """The sources that are there, their ratios, and the names of those that are missing.

    Args:
        sources: Names to places (a path, a hub name of a data set, or `chronicle`), or a list of places, which then go by the name
            among `ratios` that they contain. A known name needs no place.
        ratios: Share of the tokens by name; empty for all there is of each.
        offline: Take sets of the hub from its cache only.
        allow_missing: Do without sources that are not there, the shares of the others growing; else they are refused.

    Raises:
        UserError: A source that is not there, ratios that do not add up to 1, a name on one side only.
    """
    places = dict(sources) if isinstance(sources, Mapping) else _named(sources, ratios)
    for name in ratios:
        if name not in places:
            if name not in known_sources():
                known = [*places, *known_sources()]
                raise UserError(f"dataset.mixing_ratios: {name} is none of dataset.sources{did_you_mean(name, known)}")
            places[name] = name
    if ratios:
        if unnamed := [name for name in places if name not in ratios]:
            raise UserError(f"dataset.mixing_ratios: {unnamed[0]} has no share; give it one, or leave it out")
        if min(ratios.values()) < 0 or abs(sum(ratios.values()) - 1) > 1e-6:
            raise UserError(f"dataset.mixing_ratios: shares add up to 1 and none is negative, not {dict(ratios)}")
    if not places:
        raise UserError("dataset.sources: there are none; name files, folders or known sources")
    found, missing = [], []
    for name, place in places.items():
        if ratios and ratios[name] == 0:
            continue
        try:
            found.append(_open(name, place, offline=offline))
        except UserError as error:
            if not allow_missing:
                raise UserError(f"{error}; or set dataset.allow_missing: true to do without it") from None
            say(f"warning: {error}; going on without it, the shares of the others grow")
            missing.append(name)
    if not found:
        raise UserError("dataset.sources: none of them is there")
    total = sum(ratios.get(source.name, 0.0) for source in found)
    return found, {source.name: ratios[source.name] / total for source in found} if ratios else {}, missing


@cache
def known_sources() -> dict[str, dict[str, Any]]:
    """`data/formation/sources.yaml` as it is."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))
    return found


def _named(places: Sequence[str], ratios: Mapping[str, float]) -> dict[str, str]:
    """Names for a list of places."""

    def plain(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text.lower())

    found: dict[str, str] = {}
    for place in places:
        stem = Path(place).name.split(".")[0]
        names = [name for name in ratios if plain(name) in plain(stem)] if ratios else []
        if ratios and not names:
            raise UserError(
                f"dataset.sources: no name of dataset.mixing_ratios is in {place}; write sources as NAME: PATH"
            )
        name = max(names, key=len) if names else stem
        if name in found:
            raise UserError(
                f"dataset.sources: {found[name]} and {place} would both be {name}; write sources as NAME: PATH"
            )
        found[name] = place
    return found


def _open(name: str, place: str, *, offline: bool) -> TextSource:
    """A source at its place.

    Raises:
        UserError: Where nothing is there.
    """
    known = known_sources().get(name, {})
    fields, articles = tuple(known.get("fields", ())), bool(known.get("articles"))
    if Path(place).exists():
        if next(Path(place).glob("part-*.parquet"), None):
            return TextSource(name, (Path(place),))
        return TextSource(name, (Path(place),), *_own_form(Path(place), fields, articles))
    if place == CHRONICLE_NAME:
        return TextSource(name, ())
    if place in known_sources():
        known = known_sources()[place]
        if "hub" not in known:
            raise UserError(
                f"{name}: give a file or folder for it in dataset.sources (`{name}: PATH`); nothing is fetched for this one"
            )
        folder = _fetch(known["hub"], known["files"], offline=offline)
        return TextSource(name, (folder,), tuple(known["fields"]), bool(known.get("articles")))
    if is_hub_name(place) and not Path(place).suffix:
        return TextSource(
            name, (_fetch(place, ["*.parquet", "*.jsonl", "*.jsonl.gz"], offline=offline),), fields, articles
        )
    raise UserError(f"{name}: {place}: no such file or folder")


def _own_form(path: Path, fields: tuple[str, ...], articles: bool) -> tuple[tuple[str, ...], bool]:
    """A known source's fields, and whether it has lines of articles, where its file is of that form: a copy that someone made may have the text in
    one field, or whole articles in its rows.
    """
    records = (record for file in find_files(path) for record in read_records(file) if isinstance(record, Record))
    first = next(records, None)
    if first is None or not set(fields) <= set(first.fields):
        return (), False
    while articles and first is not None and not _joined(first, fields).strip():
        first = next(records, None)
    return fields, articles and first is not None and _HEADING.fullmatch(_joined(first, fields)) is not None


def _joined(record: Record, fields: Sequence[str]) -> str:
    return "\n\n".join(str(record.fields[name] or "") for name in fields)


def _fetch(hub: str, files: Sequence[str], *, offline: bool) -> Path:
    from huggingface_hub import snapshot_download  # half a second that few commands need

    try:
        return Path(snapshot_download(hub, repo_type="dataset", allow_patterns=list(files), local_files_only=offline))
    except (OSError, ValueError) as error:
        if offline:
            raise UserError(
                f"{hub}: not in the hub's cache here, and --offline fetches nothing; give a file or folder for it in dataset.sources"
            ) from None
        raise UserError(
            f"{hub}: the hub does not give it ({' '.join(str(error).split())[:160]}); give a file or folder for it in dataset.sources"
        ) from None


def _articles(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Lines put together to the articles they belong to."""
    first, lines = "", list[str]()
    for place, line in rows:
        if _HEADING.fullmatch(line) and lines:
            yield first, "\n".join(lines)
            lines = []
        if line.strip():
            if not lines:
                first = place
            lines.append(line.strip())
    if lines:
        yield first, "\n".join(lines)
