"""What is measured of one model, before any is compared with another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chronolect.artifacts import write_json
from chronolect.errors import UserError
from chronolect.evaluation.answers import ask
from chronolect.evaluation.generations import Asker, Generations, Settings, model_identity
from chronolect.evaluation.horizon import HEADLINE
from chronolect.evaluation.unlearning.gguf_weights import gguf_weights
from chronolect.evaluation.unlearning.membership import measure_membership
from chronolect.evaluation.unlearning.memorisation import measure_memory
from chronolect.evaluation.unlearning.open_answers import RecordSet, answer
from chronolect.evaluation.unlearning.origins import made_from
from chronolect.evaluation.unlearning.recall import Question
from chronolect.evaluation.unlearning.utility import bits_per_byte
from chronolect.finetuning.records import Record
from chronolect.models.hf import HfModel
from chronolect.models.language_model import LanguageModel
from chronolect.models.opening import Opening
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
        opening: How the models are opened.
    """

    questions: Sequence[Question]
    references: int
    sets: list[RecordSet]
    settings: Settings
    cutoff: Cutoff
    neutral: Sequence[str]
    forget: Sequence[Record]
    unseen: Sequence[Record]
    opening: Opening

    def measure(self, spec: str, name: str, *, store: Generations, path: Path) -> Measured:
        """Open a model, measure it, and write what was found to `path`, its graded answers beside it.

        Returns:
            `right`: whether each four-choice question was answered rightly; `open`: rates of the open answers; `bits_per_byte` of each neutral text;
            `memory` and `membership` by family. A part that cannot be measured is `{"skipped": reason}`.
        """
        model = self.opening.open(spec)
        try:
            found: Measured = {"name": name, "spec": spec, "template": model.template_digest}
            found["right"] = self._scored(model, lambda: self._choose(model, name))
            asker = Asker(model_identity(spec, model_name=model.name), self.settings, lambda: model)
            answers = path.with_name(f"{path.stem}-answers.jsonl")
            found["open"] = answer(self.sets, asker, store, cutoff=self.cutoff, path=answers, model=name)
            if self.neutral:
                found["bits_per_byte"] = self._scored(model, lambda: bits_per_byte(model, self.neutral))
            else:
                found["bits_per_byte"] = {"skipped": "no neutral text was given (--neutral)"}
            found |= self._inside(model, spec)
        finally:
            model.close()
        write_json(path, found)
        return found

    def _inside(self, model: LanguageModel, spec: str) -> Measured:
        """`memory` and `membership`, of a folder's weights or of those that a .gguf file stores."""
        if isinstance(model, HfModel):
            return self._look(model)
        original = made_from(spec) if spec.endswith(".gguf") else None
        if original is None or not Path(original).is_dir():
            reason = (
                "tokens can be looked at one by one in a folder, or in a .gguf file beside the manifest of its export"
            )
            return {"memory": {"skipped": reason}, "membership": {"skipped": reason}}
        opening = self.opening
        try:
            with gguf_weights(
                Path(spec), original, device=opening.device, chat_template=opening.chat_template
            ) as weights:
                return self._look(weights)
        except UserError as error:
            return {"memory": {"skipped": str(error)}, "membership": {"skipped": str(error)}}

    def _look(self, model: HfModel) -> Measured:
        attacked: Any = {"skipped": "no comparable unseen records were given (--unseen)"}
        if self.unseen:
            attacked = measure_membership(model, self.forget, self.unseen)
        return {"memory": measure_memory(model, self.forget), "membership": attacked}

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
