"""The published form of what models said: a JSON list with one object for each run of each scenario, first bare, then judged.

The keys are those of TIMEBench's `*_output.json` and `*_output_judged.json`: those of the scenario (`test_messages`, `objective`, `category`), then
`response`, `output_length` (tokens), `seed`, and once judged `score` (0, 1, or -1 where nobody could tell) and `scoring_reason`. Scenarios of ours
may carry an `id` and a `check`; they stand behind the scenario's keys.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import read_json, write_bytes
from chronolect.errors import UserError
from chronolect.evaluation.timebench.scenarios import Scenario

FAILED = "API_CALL_FAILED:"  # begins the response of a run that got no answer
UNJUDGED = -1

Record = dict[str, Any]
Key = tuple[str, Any]  # scenario id and seed: what a run is known by


def new_record(scenario: Scenario, response: str, output_length: int, seed: int) -> Record:
    """The record of one run."""
    record: Record = {
        "test_messages": scenario.messages,
        "objective": scenario.objective,
        "category": scenario.category,
    }
    if scenario.slug:
        record["id"] = scenario.slug
    if scenario.check is not None:
        record["check"] = scenario.check.as_dict()
    return {**record, "response": response, "output_length": output_length, "seed": seed}


def scenario_id(record: Record) -> str:
    """What the published files know a scenario by: its messages as JSON with sorted keys."""
    return json.dumps(record["test_messages"], sort_keys=True)


def key_of(record: Record) -> Key:
    """The scenario's id and the seed of the run."""
    return scenario_id(record), record.get("seed")


def has_answer(record: Record) -> bool:
    """Whether the run got an answer, an empty one included."""
    response = record.get("response")
    return isinstance(response, str) and not response.startswith(FAILED)


def read_records(path: Path) -> list[Record]:
    """Read a file of runs, bare or judged, finished or not.

    Raises:
        UserError: For a file of another form.
    """
    records = read_json(path)
    if not isinstance(records, list):
        raise UserError(f"{path}: must be a list of runs, as chronolect eval timebench run writes it")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or not isinstance(record.get("test_messages"), list):
            raise UserError(f'{path}, run {number}: must be an object with the list "test_messages"')
    return records


def write_records(path: Path, records: Sequence[Record]) -> None:
    """Write a file of runs in one step, in the published manner: indent 4, ASCII, no newline at the end."""
    write_bytes(path, json.dumps(list(records), indent=4).encode("ascii"))
