"""`corpus download gutenberg`: books from a mirror, one at a time and slowly, into a folder that `corpus import gutenberg` reads."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from chronolect import __version__
from chronolect.artifacts import MANIFEST, digest_file, exclusive, make_manifest, write_bytes, write_json
from chronolect.console import progress, say
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.gutenberg.book import Book, Selection
from chronolect.corpus.sources.gutenberg.catalogue import selected
from chronolect.corpus.sources.gutenberg.mirror import folders
from chronolect.corpus.sources.text_files import LARGEST
from chronolect.errors import UserError

MIRROR = "https://aleph.pglaf.org"  # the mirror Project Gutenberg points its robots to
SUMS = "SHA256SUMS"
_BUSY = frozenset((429, 500, 502, 503, 504))
_GONE = frozenset((404, 410))
_LONGEST_WAIT = 300.0  # seconds
_FAILURES_IN_A_ROW = 3
_LISTED = 1_000


def download_gutenberg(
    catalogue: Path,
    *,
    to: Path,
    mirror: str = MIRROR,
    language: list[str] | None = None,
    subject: list[str] | None = None,
    ids: list[str] | None = None,
    type: list[str] | None = None,
    delay: float = 2.0,
    retries: int = 5,
    contact: str = "",
    refresh: bool = False,
) -> dict[str, Any]:
    """Fetch the texts of chosen books from a mirror of Project Gutenberg, UTF-8 first.

    One request at a time, `--delay` seconds apart, with a user agent that names this program. What is there already, with the right checksum, is
    not asked for again; a run that was stopped goes on where it was. Checksums lie in SHA256SUMS (`sha256sum -c SHA256SUMS`). For the whole
    collection use rsync, as Project Gutenberg asks.

    Args:
        catalogue: The catalogue file pg_catalog.csv (or .gz), the RDF archive, or a folder of .rdf files.
        to: Folder for the books, in the layout of the mirror.
        mirror: Address of the mirror.
        language: Fetch books in this language, such as en; can be given several times.
        subject: Fetch books with this word in a subject or bookshelf; can be given several times.
        ids: Fetch these books: 35, or 100-199; can be given several times.
        type: Fetch entries of this type; Text if not given.
        delay: Seconds between two requests.
        retries: How often a request is made again when the mirror is busy or the line breaks.
        contact: Your address, for the user agent, so that the mirror's people can write to you.
        refresh: Ask for books that are there whether they have changed since.

    Returns:
        Counts: books, fetched, cached, unchanged, missing, failed, bytes.

    Raises:
        UserError: No choice of books, no catalogue, or a mirror that refuses or does not answer.
    """
    if not (ids or subject or language):
        raise UserError(
            "choose books with --ids, --subject or --language; for the whole collection use rsync, as Project Gutenberg asks"
        )
    if not mirror.startswith(("http://", "https://")):
        raise UserError(f'--mirror "{mirror}": give an http or https address')
    if delay < 0 or retries < 0:
        raise UserError("--delay and --retries: give numbers of 0 or more")
    selection = Selection.of(type or ["Text"], language or [], subject or [], ids or [])
    started = time.time()
    to.mkdir(parents=True, exist_ok=True)
    with exclusive(to):
        sums = _read_sums(to / SUMS)
        _write_sums(to / SUMS, sums)  # without a line that a kill has cut
        counts: Counter[str] = Counter()
        problems: list[str] = []
        with _client(contact) as client:
            session = _Session(client, mirror.rstrip("/"), delay, retries)
            run = _Download(to, sums, session, refresh, counts, problems)
            for item in progress(selected(catalogue, selection), label="downloading books"):
                run.take(item)
        _write_sums(to / SUMS, sums)
        if not counts["books"]:
            raise UserError(f"{catalogue}: no book fits; look at --ids, --subject and --language")
        config = {
            "mirror": mirror,
            "language": language or [],
            "subject": subject or [],
            "ids": ids or [],
            "type": type or ["Text"],
        }
        _write_manifest(to, config, catalogue, counts, problems, started)
    return {name: counts[name] for name in ("books", "fetched", "cached", "unchanged", "missing", "failed", "bytes")}


@dataclass(slots=True)
class _Download:
    """The books of one run."""

    to: Path
    sums: dict[str, str]
    session: "_Session"
    refresh: bool
    counts: Counter[str]
    problems: list[str]
    failures: int = 0

    def take(self, item: Book | Problem) -> None:
        """Fetch one book, unless it is there."""
        if isinstance(item, Problem):
            self._note(item)
            return
        self.counts["books"] += 1
        present = next((place for place in places(item.number) if self._is_present(place)), None)
        if present is not None and not self.refresh:
            self.counts["cached"] += 1
            return
        try:
            outcome = self._fetch(item, present)
            self.failures = 0
        except _Failure as error:
            self._note(Problem(f"book {item.number}", str(error)))
            outcome = "failed"
            self.failures += 1
        self.counts[outcome] += 1
        if self.failures >= _FAILURES_IN_A_ROW:
            _write_sums(self.to / SUMS, self.sums)
            raise UserError(
                f"{self.session.mirror}: does not answer ({self.problems[-1]}); what was fetched is kept, run this again later"
            )

    def _fetch(self, book: Book, present: str | None) -> str:
        for place in [present] if present else places(book.number):
            reply = self.session.get(place, self.to / place if present else None)
            if reply is None:
                continue
            if reply.is_unchanged:
                return "unchanged"
            self._store(place, reply)
            return "fetched"
        self._note(Problem(f"book {book.number}", f"no text of it at {self.session.mirror} ({book.title})"))
        return "missing"

    def _store(self, place: str, reply: "_Reply") -> None:
        (self.to / MANIFEST).unlink(missing_ok=True)  # it speaks of other contents from here on
        write_bytes(self.to / place, reply.content)
        if reply.modified is not None:
            os.utime(self.to / place, (reply.modified, reply.modified))
        self.sums[place] = hashlib.sha256(reply.content).hexdigest()
        with open(self.to / SUMS, "a", encoding="utf-8") as file:
            file.write(f"{self.sums[place]}  {place}\n")
            file.flush()
            os.fsync(file.fileno())
        self.counts["bytes"] += len(reply.content)

    def _is_present(self, place: str) -> bool:
        return place in self.sums and (self.to / place).is_file() and digest_file(self.to / place) == self.sums[place]

    def _note(self, problem: Problem) -> None:
        say(str(problem))
        if len(self.problems) < _LISTED:
            self.problems.append(str(problem))


@dataclass(frozen=True, slots=True)
class _Reply:
    content: bytes = b""
    modified: float | None = None
    is_unchanged: bool = False


class _Failure(Exception):
    """Why a book could not be fetched this time."""


@dataclass(slots=True)
class _Session:
    """Requests to one mirror: spaced, tried again when it is busy."""

    client: httpx.Client
    mirror: str
    delay: float
    retries: int
    _next: float = field(default=0.0)

    def get(self, place: str, cached: Path | None) -> _Reply | None:
        """A file of the mirror; `None` if it has none of that name."""
        url = f"{self.mirror}/{place}"
        headers = {"If-Modified-Since": formatdate(cached.stat().st_mtime, usegmt=True)} if cached else {}
        why = ""
        for attempt in range(self.retries + 1):
            self._keep_distance()
            try:
                with self.client.stream("GET", url, headers=headers) as response:
                    if response.status_code not in _BUSY:
                        return self._read(response, url)
                    why = f"{url}: the mirror is busy ({response.status_code})"
                    pause = _retry_after(response)
            except httpx.TransportError as error:
                why, pause = f"{url}: {str(error) or type(error).__name__}", None
            if attempt < self.retries:
                self._next = time.monotonic() + min(
                    self.delay * 2 ** (attempt + 1) if pause is None else pause, _LONGEST_WAIT
                )
        raise _Failure(why)

    def _read(self, response: httpx.Response, url: str) -> _Reply | None:
        if response.status_code in _GONE:
            return None
        if response.status_code == 304:
            return _Reply(is_unchanged=True)
        if response.status_code == 403:
            raise UserError(
                f"{url}: the mirror refuses (403); choose another with --mirror, and keep --delay at 2 or more"
            )
        if response.status_code != 200:
            raise _Failure(f"{url}: answered {response.status_code}")
        if response.headers.get("content-type", "").startswith("text/html"):
            raise _Failure(f"{url}: a web page came instead of a text")
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > LARGEST:
                raise _Failure(f"{url}: larger than {LARGEST >> 20} MB")
        return _Reply(bytes(content), _time(response.headers.get("last-modified")))

    def _keep_distance(self) -> None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self.delay


def places(number: int) -> tuple[str, ...]:
    """Where a mirror may have a book's text, best first: UTF-8, Latin-1, ASCII."""
    split, cache = folders(number)[:2]
    return f"{split}/{number}-0.txt", f"{cache}/pg{number}.txt", f"{split}/{number}-8.txt", f"{split}/{number}.txt"


def _client(contact: str) -> httpx.Client:
    agent = f"chronolect/{__version__} (corpus download gutenberg{f'; {contact}' if contact else ''})"
    return httpx.Client(headers={"User-Agent": agent}, follow_redirects=True, timeout=60)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that a busy server asks us to wait."""
    value = response.headers.get("retry-after", "")
    if value.isdigit():
        return float(value)
    at = _time(value)
    return None if at is None else max(0.0, at - time.time())


def _time(value: str | None) -> float | None:
    try:
        found = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return None if found is None else (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _read_sums(file: Path) -> dict[str, str]:
    """The checksums of an earlier run by place; a last line that a kill has cut is left out."""
    return dict(_sum_lines(file)) if file.exists() else {}


def _sum_lines(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        digest, _, place = line.rstrip("\n").partition("  ")
        if line.endswith("\n") and len(digest) == 64 and place:
            yield place, digest


def _write_sums(file: Path, sums: dict[str, str]) -> None:
    write_bytes(file, "".join(f"{digest}  {place}\n" for place, digest in sorted(sums.items())).encode())


def _write_manifest(
    to: Path, config: dict[str, Any], catalogue: Path, counts: Counter[str], problems: list[str], started: float
) -> None:
    """The record of the folder, by which an import knows its content without reading all of it again."""
    manifest = make_manifest(
        to,
        command="corpus download gutenberg",
        config=config,
        inputs=[catalogue],
        counts={**counts, "problem_list": problems},
        started=started,
    )
    write_json(to / MANIFEST, manifest)
