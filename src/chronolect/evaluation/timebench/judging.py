"""A judge model at work: each response is judged once, and what the judge said is kept."""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from chronolect.errors import UserError
from chronolect.evaluation.timebench.gathering import gather
from chronolect.evaluation.timebench.records import UNJUDGED, Record, key_of
from chronolect.evaluation.timebench.verdicts import PROMPT_VERSION, Verdict, judging_prompt, read_verdict
from chronolect.finetuning.journal import Journal
from chronolect.models.server import GoneError, ServerModel

_FAILURES_IN_A_ROW = 3  # then it is the server, not the response


class Judge:
    """A judge model, asked at temperature 0; it sees the response and the objective, never the conversation."""

    def __init__(self, server: ServerModel, *, attempts: int, seed: int, reasoning_effort: str | None) -> None:
        """Prepare.

        Args:
            server: Where it is.
            attempts: How often it is asked for one verdict; an answer without a score is asked for again with the next seed.
            seed: Of the first attempt.
            reasoning_effort: Sent along, where there is one.
        """
        self.name = server.name
        self._server, self._attempts, self._seed = server, attempts, seed
        self._settings: dict[str, Any] = {} if reasoning_effort is None else {"reasoning_effort": reasoning_effort}
        self._failed = 0
        self._lock = threading.Lock()

    def key(self, record: Record) -> str:
        """Under which a verdict is kept: what is judged, then who judges it and how."""
        who = repr((self.name, PROMPT_VERSION, self._seed, self._settings))
        return f"{judged_key(record)}:{sha256(who.encode()).hexdigest()[:16]}"

    def verdict(self, record: Record) -> Verdict:
        """The judge's word on the response of one run; unjudged where it gives no score, or the server refuses the request.

        Raises:
            UserError: Where the server is gone, or refuses one response after the other.
        """
        messages = [{"role": "user", "content": judging_prompt(record["response"], record["objective"])}]
        for attempt in range(self._attempts):
            try:
                answer = self._server.complete(messages, temperature=0, seed=self._seed + attempt, **self._settings)
            except GoneError:
                raise
            except UserError as error:
                with self._lock:
                    self._failed += 1
                    if self._failed >= _FAILURES_IN_A_ROW:
                        raise
                return Verdict(UNJUDGED, str(error))
            with self._lock:
                self._failed = 0
            found = read_verdict(answer.text)
            if found is not None:
                return Verdict(*found, answer.fingerprint)
        return Verdict(UNJUDGED, f"no score in {self._attempts} answers of the judge")

    def judge_all(
        self, records: Mapping[int, Record], file: Path, *, concurrency: int
    ) -> tuple[dict[int, Verdict], int]:
        """A verdict on each record, from the journal where it has been given before.

        Args:
            records: By place.
            file: The journal.
            concurrency: Requests in flight at once.

        Returns:
            The verdicts by place, and how many of them are from before.
        """
        verdicts: dict[int, Verdict] = {}
        with Journal(file) as journal:
            for place, record in records.items():
                kept = journal.get(self.key(record))
                if kept is not None:
                    verdicts[place] = Verdict(kept["score"], kept["reason"], kept["fingerprint"])
            before = len(verdicts)

            def keep(place: int, verdict: Verdict) -> None:
                verdicts[place] = verdict
                if verdict.is_judged:  # the rest is asked for again by the next run
                    row: dict[str, Any] = {"judge": self.name, "prompt": PROMPT_VERSION, **asdict(verdict)}
                    journal.append(self.key(records[place]), row)

            missing = [place for place in records if place not in verdicts]
            try:
                gather(missing, lambda place: self.verdict(records[place]), keep, workers=concurrency, label="verdicts")
            except UserError as error:
                said = f"{len(verdicts):,} of {len(records):,} verdicts are kept; the same command goes on"
                raise UserError(f"{error}; {said}") from None
        return verdicts, before


def judged_key(record: Record) -> str:
    """What is judged: the run and its response."""
    what = repr((key_of(record), record["response"], record["objective"]))
    return sha256(what.encode()).hexdigest()[:32]


def judged_keys(journal: Path) -> set[str]:
    """What a journal holds verdicts on, whoever gave them."""
    if not journal.exists():
        return set()
    with Journal(journal) as kept:
        return {key.partition(":")[0] for key in kept}
