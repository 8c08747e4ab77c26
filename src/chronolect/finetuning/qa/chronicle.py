"""Records of the chronicle: what its facts ask and answer on either side of a cutoff, made by templates without any model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chronolect.chronicle.facts import Fact
from chronolect.finetuning.qa.alternatives import Alternatives
from chronolect.finetuning.qa.refusals import Refusals, Style, draw
from chronolect.finetuning.qa.splitting import Split
from chronolect.finetuning.qa.templates import Wording, wordings
from chronolect.finetuning.records import Form, Record, Side, read_records
from chronolect.timeline import Cutoff, Verdict
from chronolect.timeline.notation import write_day

INSTRUCTIONS = Path(__file__).parents[2] / "data" / "replay" / "instructions.jsonl"


@dataclass(frozen=True)
class ChronicleRecords:
    """How facts become records.

    Attributes:
        cutoff: The last day that may be known.
        refusals: What is said past it.
        alternatives: Wrong answers from before it.
        styles: Of the replies past it, in equal parts.
        forms: Which forms to write.
        wordings: How many wordings of each form.
        choices: Whether to add a question with options to choose from (training only: the answer stands in the question).
        seed: Another seed draws other refusals.
    """

    cutoff: Cutoff
    refusals: Refusals
    alternatives: Alternatives
    styles: Sequence[Style]
    forms: Sequence[Form]
    wordings: int
    choices: bool = False
    seed: int = 0

    def side(self, fact: Fact) -> Side | None:
        """Which side of the cutoff a fact is on; `None` where it may be either."""
        if fact.kind == "timeless":
            return "retain"
        verdict = self.cutoff.judge(fact.span)
        return "retain" if verdict is Verdict.BEFORE else "unlearn" if verdict is Verdict.AFTER else None

    def of(self, fact: Fact, family: str, split: Split) -> Iterator[Record]:
        """The records of one fact."""
        side = self.side(fact)
        assert side is not None
        wrong = self.alternatives.of(fact)
        for form in self.forms:
            training = split == "train"
            options = wrong if self.choices and training else ()
            for wording in wordings(fact, form, number=self.wordings, training=training, options=options):
                metadata = _metadata(fact, family, side, form, wording, wrong)
                output = metadata["original_answer"]
                if side == "unlearn":
                    output, metadata["style"], metadata["tone"] = self._refuse(fact, form, wording)
                yield Record(wording.instruction, output, metadata)

    def _refuse(self, fact: Fact, form: Form, wording: Wording) -> tuple[str, Style, str]:
        key = (self.seed, fact.id, form, wording.name)
        style = draw(self.styles, "style", *key)
        if form == "text":
            text, tone = self.refusals.continuation(style, wording.instruction, *key, kind=fact.type, field=fact.field)
        else:
            text, tone = self.refusals.reply(style, *key, kind=fact.type, field=fact.field)
        return text, style, tone


def _metadata(
    fact: Fact, family: str, side: Side, form: Form, wording: Wording, wrong: Sequence[str]
) -> dict[str, Any]:
    span = fact.span
    return {
        "dataset_type": side,
        "source_type": "replay" if fact.kind == "timeless" else "chronicle",
        "source_article_id": fact.id,
        "source_title": fact.subject,
        "temporal_class": "pre_cutoff" if side == "retain" else "post_cutoff",
        "earliest_date": write_day(span.earliest) if span.earliest is not None else None,
        "latest_date": write_day(span.latest) if span.latest is not None else None,
        "original_answer": wording.fill(fact.answer),
        "answer": fact.answer,
        "aliases": list(fact.aliases),
        "alternatives": [wording.fill(other) for other in wrong],
        "date": fact.date,
        "family": family,
        "form": form,
        "wording": wording.name,
        "field": fact.field,
        "region": fact.region,
        "type": fact.type,
    }


def instructions(path: Path = INSTRUCTIONS) -> list[Record]:
    """Simple tasks that belong to no time, each a family of its own."""
    return [
        Record(
            record.instruction,
            record.output,
            {
                **record.metadata,
                "source_type": "replay",
                "source_article_id": f"instruction-{number}",
                "family": f"instruction-{number}",
                "form": "chat",
                "wording": "instruction",
            },
        )
        for number, record in enumerate(read_records(path, side="retain"), start=1)
    ]
