"""How well an answer is graded against a whole sentence: every fact of the chronicle, in the three wordings whose answer is not at the end.

    python benchmarks/sentence_answers.py

The record gives only the sentence. The right answer must be taken for right, that of another fact of the same type must not.
"""

import random
from collections import defaultdict

from chronolect.chronicle.facts import NUM_CLOZE, NUM_PHRASINGS, Fact, load_facts
from chronolect.evaluation.temporal.expected import grade_record
from chronolect.finetuning.records import Record
from chronolect.statistics import Proportion, wilson


def main() -> None:
    facts = [fact for fact in load_facts() if fact.kind != "trap"]
    by_type: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_type[fact.type].append(fact)
    rng = random.Random(0)
    right = wrong = total = 0
    for fact in facts:
        for wording in range(NUM_CLOZE, NUM_PHRASINGS):
            record = Record(fact.question, fact.state(wording), {"dataset_type": "retain"})
            other = rng.choice([one for one in by_type[fact.type] if one.answer != fact.answer])
            right += grade_record(record, f"It was {fact.answer}.")[0].verdict == "correct"
            wrong += grade_record(record, f"It was {other.answer}.")[0].verdict == "correct"
            total += 1
    print(f"right answers taken for right: {_share(wilson(right, total))}")
    print(f"wrong answers taken for right: {_share(wilson(wrong, total))}")


def _share(found: Proportion) -> str:
    assert found.rate is not None
    assert found.low is not None
    assert found.high is not None
    return f"{found.successes:,} of {found.n:,} ({found.rate:.2%}; 95 % interval {found.low:.2%} to {found.high:.2%})"


if __name__ == "__main__":
    main()
