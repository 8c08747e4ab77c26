"""The scenarios of TIMEBench: a scene with time in it that ends on the user's words, and what a reply to it must do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from chronolect.artifacts import read_json
from chronolect.dialogue.checks import Check
from chronolect.dialogue.messages import Conversation, check_conversation
from chronolect.errors import UserError, did_you_mean

CATEGORIES = (
    "Chronological Retrospection",
    "Temporal Flow Anomaly Detection",
    "Invalid Time Detection",
    "Time Gap Awareness",
    "Temporal Adaptivity",
    "Temporal Contextual Awareness",
    "Timezone Sensitivity",
)
_TEXTS = ("objective", "category")  # beside the list "test_messages"
_KEYS = ("test_messages", *_TEXTS, "check", "id")


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes:
        messages: What was said so far; ends with the user's words, perhaps a tick.
        objective: What a reply must do, in words that can be judged by without the messages.
        category: The kind of awareness of time that it asks for, one of CATEGORIES in the published and the embedded set.
        check: The same as a rule, where computation can decide; else None.
        slug: Short name; None in the published file.
    """

    messages: Conversation
    objective: str
    category: str
    check: Check | None = None
    slug: str | None = None

    @cached_property
    def id(self) -> str:
        """What the published files know it by: its messages as JSON with sorted keys."""
        return json.dumps(self.messages, sort_keys=True)


def read_scenarios(path: Path | None = None) -> list[Scenario]:
    """Read a file of scenarios: a JSON list of objects with `test_messages`, `objective` and `category`, and perhaps `check` and `id`.

    Args:
        path: The file; by default the embedded set, which is the project's own: twelve scenarios of each category.

    Raises:
        UserError: For a missing or broken file, an unknown or missing key, a conversation that is none, and a scenario that is there twice.
    """
    if path is None:
        folder = files("chronolect") / "data" / "timebench"
        embedded = [folder / f"{category.lower().replace(' ', '-')}.json" for category in CATEGORIES]
        return [
            _scenario(raw, f"{file.name}, scenario {number}")
            for file in embedded
            for number, raw in enumerate(json.loads(file.read_text(encoding="utf-8")), 1)
        ]
    everything = read_json(path)
    if not isinstance(everything, list) or not everything:
        raise UserError(f"{path}: must be a list of scenarios, at least one")
    scenarios: dict[str, Scenario] = {}
    for number, raw in enumerate(everything, 1):
        where = f"{path}, scenario {number}"
        scenario = _scenario(raw, where)
        if scenario.id in scenarios:
            raise UserError(f"{where}: the same messages as an earlier scenario; leave one of the two out")
        scenarios[scenario.id] = scenario
    return list(scenarios.values())


def _scenario(raw: Any, where: str) -> Scenario:
    if not isinstance(raw, Mapping):
        raise UserError(f"{where}: must be an object")
    for key in raw:
        if key not in _KEYS:
            raise UserError(f'{where}: unknown key "{key}"{did_you_mean(key, _KEYS)}; known are {", ".join(_KEYS)}')
    if not isinstance(raw.get("test_messages"), list):
        raise UserError(f'{where}: "test_messages" must be a list of messages')
    for key in _TEXTS:
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise UserError(f'{where}: "{key}" must be a text')
    check_conversation(raw["test_messages"], where, to_answer=True)
    check = None if raw.get("check") is None else Check.from_dict(raw["check"], where)
    slug = raw.get("id")
    if slug is not None and not isinstance(slug, str):
        raise UserError(f'{where}: "id" must be a text')
    return Scenario(raw["test_messages"], raw["objective"], raw["category"], check, slug)
