"""Scenarios, and what a server's model says to them, for the tests of the benchmark."""

import json
import re
import zlib
from pathlib import Path
from typing import Any

from tests.chat_server import Body

from chronolect.evaluation.timebench.scenarios import CATEGORIES

PASS = "<score>1</score>\n<scoring_reason>It names the age.</scoring_reason>"
FAIL = "<score>0</score>\n<scoring_reason>It names another age.</scoring_reason>"


def scenario(number: int, **more: Any) -> dict[str, Any]:
    """A scenario whose right answer is its number in days."""
    talk = [
        {"role": "user", "content": f"<time>2031-03-01T09:00:00</time>\nI bought loaf {number}."},
        {"role": "assistant", "content": "<think>\nBread.\n</think>\n\nEnjoy it!"},
        {"role": "user", "content": f"<time>2031-03-{1 + number % 28:02}T09:00:00</time>\nHow old is it — ¿días?"},
    ]
    objective = f"\nThe reply must say that loaf {number} is {number % 28} days old.\n"
    return {"test_messages": talk, "objective": objective, "category": CATEGORIES[number * 7 // 77 % 7], **more}


def write_scenarios(path: Path, count: int = 77, **more: Any) -> Path:
    """A file of scenarios in the published form; `more` goes into each."""
    path.write_text(json.dumps([scenario(number, **more) for number in range(count)]))
    return path


def says(body: Body) -> str:
    """A reply that depends on the conversation, the seed and the decoding, and on nothing else."""
    settings = {key: value for key, value in body.items() if key != "model"}
    return f"<think>\n{len(body['messages'])}\n</think>\n\n{abs(hash_of(settings)) % 10_000} days ☕"


def hash_of(value: Any) -> int:
    """The same in every process."""
    return zlib.crc32(json.dumps(value, sort_keys=True).encode())


def write_output(path: Path, count: int = 12, **more: Any) -> Path:
    """Two runs of each scenario, of which the first is right."""
    runs = []
    for number in range(count):
        for seed, days in ((100 + number, number % 28), (200 + number, 99)):
            response = f"<think>\nBread again.\n</think>\n\nIt is {days} days old."
            runs.append({**scenario(number), **more, "response": response, "output_length": 9, "seed": seed})
    path.write_text(json.dumps(runs, indent=4))
    return path


def examines(body: Body) -> str:
    """A judge that compares the ages in the response and in the objective."""
    (message,) = body["messages"]
    said, asked = re.findall(r"(?:is|are) (\d+) days old", message["content"])
    return PASS if said == asked else FAIL


def read(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found
