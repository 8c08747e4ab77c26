import pytest

from chronolect.chronicle.facts import load_facts
from chronolect.evaluation.temporal.expected import grade_record, recall, short_answers
from chronolect.finetuning.records import Record


@pytest.mark.parametrize(
    ("question", "sentence", "answers"),
    [
        (
            "Who wrote Romeo and Juliet?",
            "William Shakespeare wrote Romeo and Juliet around 1595.",
            ["William Shakespeare"],
        ),
        ("Who painted the Mona Lisa?", "It was painted by Leonardo da Vinci.", ["Leonardo da Vinci"]),
        (
            "Who described the double helix?",
            "Watson and Crick described the double helix in 1953.",
            ["Watson", "Crick"],
        ),
        ("Who discovered penicillin?", "In London, Alexander Fleming discovered penicillin.", ["Alexander Fleming"]),
        (
            "Who was the first President of the United States?",
            "The first President of the United States was George Washington, who served from 1789 to 1797.",
            ["George Washington"],
        ),
        ("When did the Great War begin?", "The Great War began in 1914, after a murder in Sarajevo.", ["1914"]),
        ("When did they land?", "They landed on July 20, 1969.", ["July 20, 1969", "1969"]),
        ("How many states has Germany?", "Germany has sixteen states.", ["16"]),
        ("Where was Napoleon born?", "Napoleon was born in Ajaccio on Corsica.", ["Ajaccio"]),
        ("What is the capital of France?", "The capital of France is Paris.", ["Paris"]),
        (
            "What was the Manhattan Project?",
            "The Manhattan Project was a secret American research programme that built the first atomic bombs.",
            [],
        ),
    ],
)
def test_what_a_sentence_comes_down_to(question: str, sentence: str, answers: list[str]) -> None:
    assert list(short_answers(sentence, question=question)) == answers


def retain(question: str, output: str, **metadata: str) -> Record:
    return Record(question, output, {"dataset_type": "retain", **metadata})


def test_a_sentence_need_not_be_repeated() -> None:
    record = retain("Who invented the telephone?", "Alexander Graham Bell invented the telephone in 1876.")
    for response, verdict in (
        ("It was Alexander Graham Bell.", "correct"),
        ("Thomas Edison invented the telephone in 1876.", "incorrect"),
        ("I do not know.", "abstained"),
    ):
        judged, basis = grade_record(record, response)
        assert (judged.verdict, basis) == (verdict, "drawn from the sentence"), response


def test_an_explanation_is_compared_word_by_word() -> None:
    record = retain(
        "What was the Manhattan Project?",
        "The Manhattan Project was a secret programme that built the first atomic bombs.",
    )
    for response, verdict in (
        ("A secret programme in which the first atomic bombs were built.", "correct"),
        ("The Manhattan Project was a plan for a bridge in New York.", "incorrect"),
        ("I do not know what that was.", "abstained"),
        ("", "ungraded"),
    ):
        judged, basis = grade_record(record, response)
        assert (judged.verdict, basis) == (verdict, "words of the sentence"), response


def test_a_short_answer_is_taken_as_it_is() -> None:
    record = retain("Who invented the telephone?", "Bell did.", answer="Alexander Graham Bell")
    assert grade_record(record, "Bell did.")[1] == "short answer"


def test_the_answer_that_counts_is_the_true_one() -> None:
    record = Record(
        "Who invented the Web?",
        "I do not know.",
        {"dataset_type": "unlearn", "original_answer": "Tim Berners-Lee invented the Web."},
    )
    assert grade_record(record, "It was Tim Berners-Lee.")[0].verdict == "correct"
    assert grade_record(record, "I do not know.")[0].verdict == "abstained"


def test_recall_counts_what_the_sentence_adds() -> None:
    assert recall("He kept bees.", "The man kept bees in Wales.", question="What did the man do?") == 2 / 3
    assert recall("The man.", "The man.", question="Who is the man?") == 0.0


def test_facts_of_the_chronicle_told_in_a_sentence() -> None:
    facts = [fact for fact in load_facts() if fact.kind != "trap"][::8]
    others = {fact.type: fact.answer for fact in reversed(facts)}
    right = wrong = 0
    for fact in facts:
        record = retain(fact.question, fact.state(3))
        right += grade_record(record, f"It was {fact.answer}.")[0].verdict == "correct"
        if others[fact.type] not in fact.state(3):
            wrong += grade_record(record, f"It was {others[fact.type]}.")[0].verdict == "correct"
    assert right / len(facts) >= 0.9
    assert wrong / len(facts) <= 0.01
