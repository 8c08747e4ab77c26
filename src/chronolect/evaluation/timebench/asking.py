"""Putting the benchmark's scenarios to a model: which runs there are, and one run or several at a time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from chronolect.errors import UserError
from chronolect.evaluation.timebench.records import Key
from chronolect.evaluation.timebench.scenarios import Scenario
from chronolect.evaluation.timebench.seeds import run_seeds
from chronolect.models.language_model import LanguageModel, Messages, Sampled
from chronolect.models.sampling import Sampling
from chronolect.models.server import GoneError, ServerModel

NO_THINK = "/no_think"  # Qwen3's own switch, read at the end of the user's words
_BURN_IN_TEMPERATURE = 0.7  # the published client's default
_SCENARIOS_IN_A_ROW = 3  # none of which got an answer: then it is the server, not the scenario


@dataclass(frozen=True)
class Run:
    """One run of one scenario.

    Attributes:
        place: Which scenario, from 0.
        scenario: The scenario.
        scenario_id: Its id.
        seed: Seed of sampling.
    """

    place: int
    scenario: Scenario
    scenario_id: str
    seed: int

    @property
    def key(self) -> Key:
        """What the run is known by."""
        return self.scenario_id, self.seed


def plan_runs(scenarios: Sequence[Scenario], runs: int, seed: int) -> list[Run]:
    """All runs in the published order: scenario by scenario."""
    seeds = run_seeds(len(scenarios), runs, seed)
    return [
        Run(place, scenario, name, one)
        for place, (scenario, name) in enumerate((scenario, scenario.id) for scenario in scenarios)
        for one in seeds[place]
    ]


class Asker:
    """Asks a model, from several threads where it is on a server.

    A server gets, before the first run of each scenario, the same request for a single token (the published burn-in), so that every run finds the
    prompt in its cache; the scenario's runs wait for it.
    """

    def __init__(
        self,
        model: LanguageModel,
        runs: Sequence[Run],
        sampling: Sampling,
        *,
        max_tokens: int | None,
        no_think: bool,
        burn_in: bool,
    ) -> None:
        """Prepare.

        Args:
            model: The model.
            runs: What will be asked.
            sampling: How tokens are chosen.
            max_tokens: Longest answer; None leaves it to the server.
            no_think: Whether `/no_think` is put behind the user's last words.
            burn_in: Whether each scenario begins with a request that is thrown away (servers only).
        """
        self._model, self._sampling, self._max_tokens, self._no_think = model, sampling, max_tokens, no_think
        self._cold = {run.place: threading.Lock() for run in runs} if burn_in else {}
        self._warm = set[int]()
        self._unanswered = set[int]()  # scenarios since the last answer
        self._lock = threading.Lock()

    def ask(self, runs: Sequence[Run]) -> list[Sampled | str]:
        """The answers to some runs, or why there is none.

        Raises:
            UserError: Where the server is gone, or none of three scenarios in succession got an answer.
        """
        try:
            answers = self._sample(runs)
        except GoneError:
            raise
        except UserError as error:
            if len(runs) > 1:  # such as one whose scenario fills the context: the others may fit
                return [answer for run in runs for answer in self.ask([run])]
            with self._lock:
                self._unanswered.add(runs[0].place)
                if len(self._unanswered) >= _SCENARIOS_IN_A_ROW:
                    raise
            return [str(error)]
        with self._lock:
            self._unanswered.clear()
        return list(answers)

    def _sample(self, runs: Sequence[Run]) -> list[Sampled]:
        if isinstance(self._model, ServerModel):
            for run in runs:
                self._burn_in(self._model, run)
        talks = [self._messages(run.scenario) for run in runs]
        seeds = [run.seed for run in runs]
        return self._model.sample(talks, seeds, self._sampling, max_tokens=self._max_tokens)

    def _burn_in(self, server: ServerModel, run: Run) -> None:
        lock = self._cold.get(run.place)
        if lock is None:
            return
        with lock:
            if run.place not in self._warm:
                server.complete(self._messages(run.scenario), max_tokens=1, temperature=_BURN_IN_TEMPERATURE)
                self._warm.add(run.place)

    def _messages(self, scenario: Scenario) -> Messages:
        if not self._no_think:
            return scenario.messages
        *before, last = scenario.messages
        return [*before, {**last, "content": last["content"] + NO_THINK}]
