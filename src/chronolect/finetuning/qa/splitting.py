"""Which families go to training, validation and the development set: a whole family always to one of them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from chronolect.chronicle.check import words
from chronolect.chronicle.facts import Fact

Split = Literal["train", "val", "dev"]

_PLACES = frozenset({"country", "city", "place"})  # too common an answer to make two facts one matter
_DAY = len("1969-07-20")


def fact_families(facts: Iterable[Fact]) -> dict[str, str]:
    """The family of each fact by its id: facts of one day, of one answer (but for places), or of which one names the other's answer.

    A model that is asked of one of them in training has been told of the others.
    """
    facts = list(facts)
    above = {fact.id: fact.id for fact in facts}

    def root(name: str) -> str:
        while above[name] != name:
            name = above[name]
        return name

    first: dict[str, str] = {}
    for fact in facts:
        for sign in (fact.date if len(fact.date) == _DAY else "", "" if fact.type in _PLACES else fact.answer.lower()):
            if sign:
                above[root(fact.id)] = root(first.setdefault(sign, fact.id))
    names: dict[str, list[tuple[str, str]]] = defaultdict(
        list
    )  # by their first words, so that each is compared with few
    for fact in facts:
        answer = words(fact.answer)
        if fact.type not in _PLACES and len(answer) > 1 and fact.date:
            names[answer[0]].append((" ".join(answer), fact.id))
    for fact in facts:
        text = words(" ".join((fact.question, fact.subject, *fact.phrasings)))
        plain = f" {' '.join(text)} "
        for word in sorted(set(text)):
            for name, other in names.get(word, ()):
                if fact.date and f" {name} " in plain:
                    above[root(fact.id)] = root(other)
    return {fact.id: root(fact.id) for fact in facts}


def split_families(families: Sequence[str], *, val_ratio: float, dev_ratio: float, seed: int = 0) -> dict[str, Split]:
    """Where each family goes: `val_ratio` of them to validation and `dev_ratio` to the development set, drawn by their hashes; at least one
    to each where there are three families or more.
    """
    by_lot = sorted(set(families), key=lambda family: hashlib.blake2b(f"{seed} {family}".encode()).digest())
    few = int(len(by_lot) > 2)
    num_val = max(round(val_ratio * len(by_lot)), few)
    num_dev = max(round(dev_ratio * len(by_lot)), few) if dev_ratio else 0
    return {
        family: "val" if place < num_val else "dev" if place < num_val + num_dev else "train"
        for place, family in enumerate(by_lot)
    }
