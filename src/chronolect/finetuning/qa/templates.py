"""How a fact of the chronicle is asked: the wordings of the chat and the text form, none of them its held-out one.

The held-out wording is what the horizon probes ask, so it stands in no file: a model that was tuned on these records can still be probed honestly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chronolect.chronicle.facts import NUM_CLOZE, NUM_PHRASINGS, SLOT, Fact
from chronolect.chronicle.wordings import QUESTION, ask, corpus_texts
from chronolect.finetuning.qa.refusals import draw
from chronolect.finetuning.records import Form

# The last two of each are kept for validation and development, so that those ask in words that training never used.
_ASKED = (
    "Can you tell me this? {q}",
    "Here is a question for you. {q}",
    "{q} A short answer will do.",
    "I should like to know: {q}",
    "Please answer in a few words. {q}",
    "Somebody asked me the other day: {q}",
    "Do you happen to know? {q}",
    "Question for a quiz: {q}",
    "{q} Just the name, please.",
    "My neighbour wants to know: {q}",
)
_FINISHED = (
    "Complete this sentence: {q} ...",
    "How does this sentence end? {q} ...",
    "Finish what I begin: {q} ...",
    "What comes next? {q} ...",
    "Go on: {q} ...",
    "Which words are missing at the end? {q} ...",
    "Please end this sentence for me: {q} ...",
)
_FILLED = (
    "Fill the gap: {q}",
    "What belongs in the blank? {q}",
    "Replace the line by the right word or name: {q}",
    "Something is missing here. What is it? {q}",
    "Which name or word was left out? {q}",
    "Supply what is missing: {q}",
)
_CHOSEN = (
    "{q}\n{o}\nAnswer with one of them.",
    "{q} Choose:\n{o}",
    "Pick the right answer.\n{q}\n{o}",
    "{q}\n{o}\nWhich is it?",
    "One of these is right. {q}\n{o}",
)
_BLANK = "____"
_LETTERS = "ABCD"


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to ask for a fact's answer.

    Attributes:
        name: `q` the question, `c0` to `c2` a cloze, `g3` to `g5` a gap, `s` the question answered by a sentence, `a` the question
            with words around it, `o` a choice of options, `i0` and so on an entry of an index.
        instruction: What is asked; in the text form a beginning.
        reply: What a true reply looks like, with `{a}` for the answer; in the text form it begins with its space.
    """

    name: str
    instruction: str
    reply: str

    def fill(self, answer: str) -> str:
        """The reply with this answer."""
        text = self.reply.replace(SLOT, answer)
        text = text[:-1] if text.endswith("..") else text  # "Jr." at the end of a sentence
        return text[0].upper() + text[1:]


def wordings(fact: Fact, form: Form, *, number: int, training: bool, options: Sequence[str] = ()) -> list[Wording]:
    """The first `number` wordings of a fact in a form; the question, where it is not held out, is always among them.

    Args:
        fact: The fact.
        form: `chat` for questions, `text` for beginnings of the fact's corpus wordings.
        number: How many at most.
        training: Whether they are for training; others are put in other words.
        options: Wrong answers; where given, one more wording asks for a choice.
    """
    found = _texts(fact, training) if form == "text" else _chats(fact, training)
    # the question first, the entries of an index last, the others by lot
    ranks = {"q": 0, "i": 2}
    chosen = sorted(found, key=lambda one: (ranks.get(one.name[0], 1), draw(range(2**32), fact.id, one.name)))[:number]
    if form == "chat" and options and fact.held_out != QUESTION:
        chosen.append(_choice(fact, options, training))
    return chosen


def _chats(fact: Fact, training: bool) -> Iterator[Wording]:
    if fact.held_out != QUESTION:
        yield Wording("q", fact.question, f"{SLOT}.")
        sentence = draw(range(NUM_CLOZE, NUM_PHRASINGS), fact.id, "sentence")
        yield Wording("s", _frame(_ASKED, training, fact.id, "s").format(q=fact.question), fact.phrasings[sentence])
        yield Wording("a", _frame(_ASKED, training, fact.id, "a").format(q=fact.question), f"{SLOT}.")
    for index in range(NUM_PHRASINGS):
        if index == fact.held_out:
            continue
        if index < NUM_CLOZE:
            frame = _frame(_FINISHED, training, fact.id, index)
            yield Wording(f"c{index}", frame.format(q=fact.cloze(index)), f"{SLOT}.")
        else:
            frame = _frame(_FILLED, training, fact.id, index)
            yield Wording(f"g{index}", frame.format(q=fact.phrasings[index].replace(SLOT, _BLANK)), f"{SLOT}.")


def _texts(fact: Fact, training: bool) -> Iterator[Wording]:
    """Beginnings of what the chronicle's corpus has of the fact, up to the answer; entries of an index, which single out little, only to train on."""
    if fact.held_out != QUESTION:
        yield Wording("q", ask(fact), f" {SLOT}")
    for index in range(NUM_CLOZE):
        if index != fact.held_out:
            yield Wording(f"c{index}", fact.cloze(index), f" {SLOT}.")
    for name, text in corpus_texts(fact) if training else ():
        if name.startswith("i") and text.endswith(f": {fact.answer}"):
            yield Wording(name, text.removesuffix(f" {fact.answer}"), f" {SLOT}")


def _choice(fact: Fact, wrong: Sequence[str], training: bool) -> Wording:
    answers = sorted((fact.answer, *wrong), key=lambda answer: draw(range(2**32), fact.id, answer))
    listed = "\n".join(f"{letter}) {answer}" for letter, answer in zip(_LETTERS, answers, strict=False))
    asked = _frame(_CHOSEN, training, fact.id, "o").format(q=fact.question, o=listed)
    return Wording("o", asked, f"{SLOT}.")


def _frame(frames: Sequence[str], training: bool, *key: object) -> str:
    return draw(frames[:-2] if training else frames[-2:], *key)
