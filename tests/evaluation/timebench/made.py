"""Scenarios, and what a server's model says to them, for the tests of the benchmark."""

import json
from pathlib import Path
from typing import Any

from tests.chat_server import Body

CATEGORIES = (
    "Chronological Retrospection",
    "Temporal Flow Anomaly Detection",
    "Invalid Time Detection",
    "Time Gap Awareness",
    "Temporal Adaptivity",
    "Temporal Contextual Awareness",
    "Timezone Sensitivity",
)


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
    import zlib

    return zlib.crc32(json.dumps(value, sort_keys=True).encode())
