"""The checker of the chronicle: form, duplicates, contradictions, and wordings that give the date or the answer away."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from chronolect.chronicle.facts import CHRONICLE, NUM_CLOZE, NUM_PHRASINGS, SLOT, Fact, load_facts
from chronolect.chronicle.wordings import MONTHS, corpus_texts, prompt
from chronolect.errors import UserError

_YEAR = re.compile(
    r"\b1[0-9]{3}s?\b|\b20[0-9]{2}s?\b|\bcentur(y|ies)\b|\b(twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)\b",
    re.IGNORECASE,
)
_DAY = re.compile(rf"\b(\d{{1,2}} ({'|'.join(MONTHS)})|({'|'.join(m for m in MONTHS if m != 'May')}) \d{{1,2}})\b")
_COMMON = frozenset(
    "the of a an and in on at to de la le van von del el al da di du st saint san santa new first second".split()  # noqa: SIM905 (a list of 27 strings reads worse)
)


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.lower())


def telling(text: str) -> set[str]:
    """The words of an answer that would give it away."""
    return {word for word in words(text) if word not in _COMMON and len(word) > 2}


def check_fact(fact: Fact) -> Iterator[str]:
    """What is wrong with one fact by itself."""
    try:
        span = fact.span
        if fact.kind == "dated" and (span.earliest is None or span.latest is None):
            yield f"date {fact.date!r} is open"
    except UserError as error:
        yield str(error)
    if (fact.kind == "dated") != bool(fact.date):
        yield "a dated fact needs a date; a timeless one or a trap has none"
    if not 1 <= len(fact.answer.split()) <= 5:
        yield f"answer of {len(fact.answer.split())} words: {fact.answer!r}"
    if not fact.keys:
        yield "no keys"
    if not fact.question.endswith("?"):
        yield "the question does not end with a question mark"
    if len(fact.phrasings) != NUM_PHRASINGS:
        yield f"{len(fact.phrasings)} phrasings instead of {NUM_PHRASINGS}"
        return
    for index, phrasing in enumerate(fact.phrasings):
        at_end = phrasing.endswith(f"{SLOT}.")
        if phrasing.count(SLOT) != 1:
            yield f"phrasing {index} needs {SLOT} exactly once"
        if at_end != (index < NUM_CLOZE):
            yield f"phrasing {index} {'ends' if at_end else 'does not end'} with {SLOT}"
    if not any(phrasing.startswith(SLOT) for phrasing in fact.phrasings):
        yield f"no phrasing starts with {SLOT}"
    if len({" ".join(words(phrasing)[:3]) for phrasing in fact.phrasings[:NUM_CLOZE]}) < NUM_CLOZE:
        yield "two cloze phrasings start with the same three words"
    yield from _leaks(fact)


def _leaks(fact: Fact) -> Iterator[str]:
    names = telling(fact.answer)
    for text in (fact.subject, fact.question, *fact.phrasings):
        around = text.replace(SLOT, " ")
        if given := names & set(words(around)):
            yield f"the answer's {', '.join(sorted(given))} stands in: {text}"
        if found := _YEAR.search(around) or _DAY.search(around):
            yield f"the date ({found.group()}) stands in: {text}"
        if text is not fact.subject:
            for key in fact.keys:
                if key.lower() not in around.lower():
                    yield f"the key {key!r} is missing from: {text}"


def check_facts(facts: Sequence[Fact]) -> list[str]:
    """Everything that is wrong with a set of facts, one line each, the fact's id first."""
    found = {fact.id: list(check_fact(fact)) for fact in facts}
    problems = [f"{fact_id}: {problem}" for fact_id, listed in found.items() for problem in listed]
    by_id: dict[str, list[Fact]] = defaultdict(list)
    by_text: dict[str, list[Fact]] = defaultdict(list)
    by_event: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
    for fact in facts:
        by_id[fact.id].append(fact)
        for text in (fact.question, *fact.phrasings):
            by_text[" ".join(words(text.replace(SLOT, " ")))].append(fact)
        by_event[tuple(sorted(words(fact.subject)))].append(fact)
    for fact_id, same in by_id.items():
        if len(same) > 1:
            problems.append(f"{fact_id}: the id is used {len(same)} times")
    for text, same in by_text.items():
        if len(same) > 1:
            first, second = same[0], same[1]
            what = "duplicate" if first.answer == second.answer else f"contradiction ({first.answer} / {second.answer})"
            problems.append(f"{second.id}: {what} of {first.id}, both say: {text}")
    for same in by_event.values():
        for first, second in pairwise(same):
            if first.date == second.date and first.answer != second.answer:
                problems.append(
                    f"{second.id}: contradiction of {first.id}: one subject and date, answers {first.answer} / {second.answer}"
                )
            elif first.answer == second.answer:
                problems.append(f"{second.id}: duplicate of {first.id}: {first.subject}")
    return problems + _repeated([fact for fact in facts if not found[fact.id]])


def _repeated(facts: Sequence[Fact]) -> list[str]:
    """Held-out prompts, with their answers, that some corpus sentence contains."""
    held: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for fact in facts:
        text = " ".join(words(f"{prompt(fact, fact.held_out)} {fact.answer}"))
        held[text.split()[0]].append((fact.id, text))
    problems = []
    for fact in facts:
        if fact.kind == "trap":
            continue
        for name, sentence in corpus_texts(fact):
            plain = " ".join(words(sentence))
            for probe_id, text in (pair for first in set(plain.split()) for pair in held.get(first, ())):
                if text in plain:
                    problems.append(f"{probe_id}: its probe is a sentence of the corpus ({fact.id} {name})")
    return problems


def check_chronicle(folder: Path = CHRONICLE) -> dict[str, Any]:
    """Check the chronicle files below `folder`: form, duplicates, contradictions, leaks of the date or the answer.

    Args:
        folder: Folder of `*.jsonl` files; the one inside the package by default.

    Returns:
        Counts of facts by kind.

    Raises:
        UserError: Something is wrong; every problem is a line of the message.
    """
    facts = load_facts(folder)
    if problems := check_facts(facts):
        raise UserError(f"{folder}: {len(problems)} problems\n" + "\n".join(problems))
    return {kind: sum(fact.kind == kind for fact in facts) for kind in ("dated", "timeless", "trap")}
