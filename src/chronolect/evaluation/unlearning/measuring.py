"""What is measured of one model, before any is compared with another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chronolect.artifacts import write_json
from chronolect.errors import UserError
from chronolect.evaluation.answers import ask
from chronolect.evaluation.horizon import HEADLINE
from chronolect.evaluation.temporal.generations import Asker, Generations, Settings, model_identity
from chronolect.evaluation.unlearning.membership import measure_membership
from chronolect.evaluation.unlearning.memorisation import measure_memory
from chronolect.evaluation.unlearning.open_answers import RecordSet, answer
from chronolect.evaluation.unlearning.recall import Question
from chronolect.evaluation.unlearning.utility import bits_per_byte
from chronolect.finetuning.records import Record
from chronolect.models.hf import HfModel
from chronolect.models.language_model import LanguageModel
from chronolect.models.server import ServerModel
from chronolect.timeline import Cutoff

Measured = dict[str, Any]
Skipped = dict[str, str]  # {"skipped": why}
T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """What every model is asked.

    Attributes:
        questions: Four-choice questions.
        references: Prompts to calibrate each of them on.
        sets: Records to answer openly.
        settings: How those are asked.
        cutoff: The last day that may be known.
        neutral: Texts for utility.
        forget: Records that were to be forgotten.
        unseen: Comparable records that no model has read.
    """

    questions: Sequence[Question]
    references: int
    sets: list[RecordSet]
    settings: Settings
    cutoff: Cutoff
    neutral: Sequence[str]
    forget: Sequence[Record]
    unseen: Sequence[Record]

    def measure(self, model: LanguageModel, name: str, *, spec: str, store: Generations, path: Path) -> Measured:
        """Measure a model and write what was found to `path`, its graded answers beside it.

        Returns:
            `right`: whether each four-choice question was answered rightly; `open`: rates of the open answers; `bits_per_byte` of each neutral text;
            `memory` and `membership` by family. A part that cannot be measured is `{"skipped": reason}`.
        """
        found: Measured = {"name": name, "spec": spec, "template": model.template_digest}
        found["right"] = self._scored(model, lambda: self._choose(model, name))
        asker = Asker(model_identity(spec, model_name=model.name), self.settings, lambda: model)
        answers = path.with_name(f"{path.stem}-answers.jsonl")
        found["open"] = answer(self.sets, asker, store, cutoff=self.cutoff, path=answers, model=name)
        if self.neutral:
            found["bits_per_byte"] = self._scored(model, lambda: bits_per_byte(model, self.neutral))
        else:
            found["bits_per_byte"] = {"skipped": "no neutral text was given (--neutral)"}
        if not isinstance(model, HfModel):
            found["memory"] = found["membership"] = {
                "skipped": "needs the model's folder: tokens are looked at one by one"
            }
        else:
            found["memory"] = measure_memory(model, self.forget)
            found["membership"] = (
                measure_membership(model, self.forget, self.unseen)
                if self.unseen
                else {"skipped": "no comparable unseen records were given (--unseen)"}
            )
        write_json(path, found)
        return found

    def _choose(self, model: LanguageModel, name: str) -> list[bool]:
        probes = [question.probe for question in self.questions]
        return [given.picks[HEADLINE] == 0 for given in ask(model, name, probes, references=self.references)]

    def _scored(self, model: LanguageModel, measure: Callable[[], list[T]]) -> list[T] | Skipped:
        """What `measure` finds, or the reason why not: many servers give no probabilities."""
        try:
            return measure()
        except UserError as error:
            if not isinstance(model, ServerModel):
                raise
            return {"skipped": str(error)}
