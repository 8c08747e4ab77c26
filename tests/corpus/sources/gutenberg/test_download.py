"""Against a real server on this machine."""

import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from email.utils import formatdate, parsedate_to_datetime

import pytest
from tests.corpus.sources.gutenberg.library import book_text, catalogue_csv

from chronolect.artifacts import digest, read_json
from chronolect.corpus import read_documents
from chronolect.corpus.sources.gutenberg.download import download_gutenberg
from chronolect.corpus.sources.gutenberg.importing import import_gutenberg
from chronolect.errors import UserError

CHANGED = 1_000_000_000


class Mirror:
    """Files by place, what was asked for, and replies of trouble to give first."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.trouble: list[tuple[int, dict[str, str]] | str] = []
        self.changed = CHANGED
        self.pause = 0.0

    def handler(mirror):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                place = self.path.lstrip("/")
                mirror.asked.append(place)
                mirror.agents.add(self.headers["User-Agent"])
                time.sleep(mirror.pause)
                if mirror.trouble:
                    trouble = mirror.trouble.pop(0)
                    return self.cut(mirror.files[place]) if trouble == "cut" else self.reply(*trouble)
                since = self.headers["If-Modified-Since"]
                if place not in mirror.files:
                    return self.reply(404, {})
                if since and parsedate_to_datetime(since).timestamp() >= mirror.changed:
                    return self.reply(304, {})
                return self.reply(200, {"Last-Modified": formatdate(mirror.changed, usegmt=True)}, mirror.files[place])

            def reply(self, status, headers, content=b""):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def cut(self, content):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def mirror():
    mirror = Mirror()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), mirror.handler())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    mirror.address = f"http://127.0.0.1:{server.server_port}"
    yield mirror
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def catalogue(tmp_path):
    path = tmp_path / "pg_catalog.csv"
    path.write_text(catalogue_csv(*({"Text#": str(number)} for number in range(901, 910))))
    return path


def fetch(catalogue, mirror, to, ids=("901-903",), **options):
    return download_gutenberg(catalogue, to=to, mirror=mirror.address, ids=list(ids), delay=0, **options)


def test_download_and_import(catalogue, mirror, tmp_path):
    mirror.files = {
        "9/0/901/901-0.txt": book_text().encode(),
        "cache/epub/902/pg902.txt": book_text(footer="short").encode(),
    }
    counts = fetch(catalogue, mirror, tmp_path / "mirror", contact="someone@example.org")
    size = sum(len(content) for content in mirror.files.values())
    assert counts == {"books": 3, "fetched": 2, "cached": 0, "unchanged": 0, "missing": 1, "failed": 0, "bytes": size}
    assert mirror.asked[0] == "9/0/901/901-0.txt"
    (agent,) = mirror.agents
    assert agent.startswith("chronolect/")
    assert "someone@example.org" in agent
    sums = dict(line.split("  ")[::-1] for line in (tmp_path / "mirror" / "SHA256SUMS").read_text().splitlines())
    assert sums == {place: hashlib.sha256(content).hexdigest() for place, content in mirror.files.items()}
    assert (tmp_path / "mirror" / "9/0/901/901-0.txt").stat().st_mtime == CHANGED
    manifest = read_json(tmp_path / "mirror" / "manifest.json")
    assert manifest["command"] == "corpus download gutenberg"
    assert digest(tmp_path / "mirror") == manifest["content_digest"]
    assert (
        import_gutenberg(catalogue, mirror=tmp_path / "mirror", out=tmp_path / "out", ids=["901-902"])["documents"] == 2
    )
    assert len(list(read_documents(tmp_path / "out"))) == 2
    assert str(tmp_path / "mirror") in read_json(tmp_path / "out" / "manifest.json")["inputs"]


def test_what_is_there_is_not_asked_for_again(catalogue, mirror, tmp_path):
    mirror.files = {"9/0/901/901-0.txt": b"words of the book"}
    fetch(catalogue, mirror, tmp_path / "m", ["901"])
    mirror.asked.clear()
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"])["cached"] == 1
    assert mirror.asked == []
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"], refresh=True)["unchanged"] == 1
    mirror.changed += 3_600
    mirror.files["9/0/901/901-0.txt"] = b"words, corrected"
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"], refresh=True)["fetched"] == 1
    assert (tmp_path / "m" / "9/0/901/901-0.txt").read_bytes() == b"words, corrected"


def test_a_damaged_copy_is_fetched_again(catalogue, mirror, tmp_path):
    mirror.files = {"9/0/901/901-0.txt": b"words of the book"}
    fetch(catalogue, mirror, tmp_path / "m", ["901"])
    (tmp_path / "m" / "9/0/901/901-0.txt").write_bytes(b"words of")
    with open(tmp_path / "m" / "SHA256SUMS", "a") as file:
        file.write("a line that a kill has c")
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"])["fetched"] == 1
    assert len((tmp_path / "m" / "SHA256SUMS").read_text().splitlines()) == 1


def test_a_busy_server_and_a_broken_line_are_tried_again(catalogue, mirror, tmp_path):
    mirror.files = {"9/0/901/901-0.txt": b"words of the book" * 1_000}
    mirror.trouble = [(503, {"Retry-After": "0"}), (429, {}), "cut"]
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"])["fetched"] == 1
    assert mirror.asked == ["9/0/901/901-0.txt"] * 4
    assert (tmp_path / "m" / "9/0/901/901-0.txt").read_bytes() == mirror.files["9/0/901/901-0.txt"]


def test_a_server_that_stays_busy_ends_the_run_and_keeps_what_came(catalogue, mirror, tmp_path):
    mirror.files = {"9/0/901/901-0.txt": b"words of the book"}
    fetch(catalogue, mirror, tmp_path / "m", ["901"])
    mirror.trouble = [(503, {})] * 100
    with pytest.raises(UserError, match="does not answer"):
        fetch(catalogue, mirror, tmp_path / "m", ["901-909"], retries=1)
    assert len(mirror.trouble) == 100 - 6
    mirror.trouble = []
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"])["cached"] == 1


def test_a_refusal_ends_the_run_at_once(catalogue, mirror, tmp_path):
    mirror.trouble = [(403, {})]
    with pytest.raises(UserError, match="refuses"):
        fetch(catalogue, mirror, tmp_path / "m")
    assert len(mirror.asked) == 1


def test_a_web_page_is_no_text(catalogue, mirror, tmp_path):
    mirror.files = {"9/0/901/901-0.txt": b"x"}
    mirror.trouble = [(200, {"Content-Type": "text/html"})]
    assert fetch(catalogue, mirror, tmp_path / "m", ["901"])["failed"] == 1
    assert not (tmp_path / "m" / "9/0/901/901-0.txt").exists()


def test_requests_keep_their_distance(catalogue, mirror, tmp_path):
    mirror.files = {f"9/0/{number}/{number}-0.txt": b"words" for number in range(901, 904)}
    started = time.monotonic()
    download_gutenberg(catalogue, to=tmp_path / "m", mirror=mirror.address, ids=["901-903"], delay=0.2)
    assert time.monotonic() - started >= 0.4


def test_killed_and_started_again(catalogue, mirror, tmp_path):
    mirror.files = {
        f"9/0/{number}/{number}-0.txt": book_text().encode() + bytes(str(number), "ascii") for number in range(901, 910)
    }
    mirror.pause = 0.1
    program = (
        "import sys; from pathlib import Path; from chronolect.corpus.sources.gutenberg.download import download_gutenberg as d;"
        "d(Path(sys.argv[1]), to=Path(sys.argv[2]), mirror=sys.argv[3], ids=['901-909'], delay=0)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(catalogue), str(tmp_path / "m"), mirror.address])
    while len(mirror.asked) < 4:
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    mirror.pause = 0.0
    counts = fetch(catalogue, mirror, tmp_path / "m", ["901-909"])
    assert counts["cached"] >= 2
    assert counts["cached"] + counts["fetched"] == 9
    fetch(catalogue, mirror, tmp_path / "whole", ["901-909"])
    assert digest(tmp_path / "m") == digest(tmp_path / "whole")


def test_wrong_flags(catalogue, tmp_path):
    for options, message in (
        ({}, "choose books"),
        ({"ids": ["901"], "mirror": "ftp://x"}, "http"),
        ({"ids": ["901"], "delay": -1}, "--delay"),
        ({"language": ["xx"]}, "no book fits"),
    ):
        with pytest.raises(UserError, match=message):
            download_gutenberg(catalogue, to=tmp_path / "m", **options)
