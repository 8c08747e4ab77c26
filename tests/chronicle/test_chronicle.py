import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest

from chronolect.chronicle.chat import write_chat
from chronolect.chronicle.check import check_chronicle, check_facts, words
from chronolect.chronicle.facts import Fact, load_facts, parse_fact
from chronolect.chronicle.probes import Option, build_probes, probe_lines, read_probes, write_probes
from chronolect.chronicle.wordings import corpus_texts, held_out_text, spell_date
from chronolect.corpus.document import read_documents
from chronolect.corpus.sources.chronicle import import_chronicle
from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Verdict

GOOD = Fact(
    id="1900-lighthouse",
    date="1900-05-02",
    subject="lighting of the Grey Rock lighthouse",
    field="technology",
    region="europe",
    type="person",
    guess="low",
    answer="Ada Keeper",
    aliases=("Keeper",),
    keys=("grey rock",),
    question="Who lit the Grey Rock lighthouse for the first time?",
    phrasings=(
        "The Grey Rock lighthouse was lit for the first time by {a}.",
        "First to light the lamp of Grey Rock was {a}.",
        "On Grey Rock the first lamp was lit by {a}.",
        "{a} lit the Grey Rock lighthouse first.",
        "It was {a} who lit Grey Rock.",
        "The lamp of Grey Rock, lit by {a}, was seen far away.",
    ),
)


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return load_facts()


def test_the_chronicle_is_sound() -> None:
    counts = check_chronicle()
    assert counts["dated"] >= 1200
    assert counts["timeless"] >= 50
    assert counts["trap"] >= 30


def test_it_is_spread_over_years_regions_and_fields(facts: list[Fact]) -> None:
    dated = [fact for fact in facts if fact.kind == "dated"]
    decades = Counter(int(fact.date[:4]) // 10 for fact in dated)
    assert set(decades) == set(range(150, 203))
    assert min(decades.values()) >= 4
    assert all(1500 <= int(fact.date[:4]) <= 2024 for fact in dated)
    for what in ("field", "region"):
        counts = Counter(getattr(fact, what) for fact in dated)
        assert max(counts.values()) < 0.35 * len(dated), counts
    assert Counter(fact.guess for fact in dated)["high"] < 0.1 * len(dated)
    around = Counter(int(fact.date[:4]) for fact in dated)
    assert all(around[year] >= 8 for year in range(1955, 1985))


def change(**fields: object) -> Fact:
    return dataclasses.replace(GOOD, **fields)  # type: ignore[arg-type]


def first_phrasing(text: str) -> tuple[str, ...]:
    return (text, *GOOD.phrasings[1:])


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ([change(question="Who lit Grey Rock in 1900?")], "the date (1900)"),
        ([change(question="Who lit Grey Rock in the nineties?")], "the date (nineties)"),
        ([change(phrasings=first_phrasing("On 2 May Grey Rock was lit by {a}."))], "the date (2 May)"),
        ([change(question="Who, a Keeper, lit Grey Rock?")], "the answer's keeper"),
        ([change(subject="lamp of Ada")], "the answer's ada"),
        ([change(phrasings=first_phrasing("The lamp was lit by {a}."))], "the key 'grey rock' is missing"),
        ([change(phrasings=first_phrasing("Grey Rock, {a} said, is lit."))], "does not end with {a}"),
        ([change(phrasings=GOOD.phrasings[:5])], "5 phrasings instead of 6"),
        ([change(phrasings=first_phrasing("First to light Grey Rock was {a}."))], "start with the same three words"),
        ([change(date="1900-02-30")], "1900-02-30"),
        ([change(date="")], "a dated fact needs a date"),
        ([GOOD, GOOD], "the id is used 2 times"),
        ([GOOD, change(id="1900-b")], "duplicate of 1900-lighthouse"),
        ([GOOD, change(id="1900-b", answer="Eva Lamp", aliases=())], "contradiction"),
        ([change(keys=())], "no keys"),
    ],
)
def test_the_checker_finds(facts: list[Fact], problem: str) -> None:
    problems = check_facts(facts)
    assert any(problem in found for found in problems), problems


def test_the_checker_finds_a_probe_that_the_corpus_repeats() -> None:
    asked = next(fact for n in range(50) if (fact := change(id=f"1900-lamp-{n}")).held_out == 0)
    copies = (
        change(
            id=f"1901-other-{n}",
            subject="another lamp",
            question=f"So {GOOD.question}",
            phrasings=tuple(text if text.startswith("{a}") else f"So {text}" for text in GOOD.phrasings),
        )
        for n in range(50)
    )
    other = next(copy for copy in copies if copy.held_out != 0)
    problems = check_facts([asked, other])
    assert any(problem.startswith(f"{asked.id}: its probe is a sentence of the corpus") for problem in problems), (
        problems
    )


def test_a_sound_fact_has_no_problem() -> None:
    assert check_facts([GOOD]) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "x:1: not valid JSON"),
        ("[]", "x:1: expected an object"),
        ('{"idd": 1}', 'unknown key "idd" (did you mean "id"?)'),
        ('{"id": "a"}', 'the key "date" is missing'),
    ],
)
def test_a_broken_line_is_named(row: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_fact(row, where="x:1")
    assert message in str(error.value)


def test_no_probe_repeats_a_sentence_of_the_corpus_and_held_out_wordings_differ_from_fact_to_fact(
    facts: list[Fact],
) -> None:
    corpus = {" ".join(words(text)) for fact in facts if fact.kind != "trap" for _, text in corpus_texts(fact)}
    for fact in facts:
        if fact.kind != "trap":
            assert " ".join(words(held_out_text(fact))) not in corpus
    shares = Counter(fact.held_out for fact in facts)
    assert set(shares) == {0, 1, 2, 3}
    assert min(shares.values()) > 0.2 * len(facts)


def test_probes_have_four_options_of_one_type_in_their_place_in_time(facts: list[Fact]) -> None:
    probes = build_probes(facts)
    types: dict[str, set[str]] = {}
    dates: dict[str, list[str]] = {}
    for fact in facts:
        types.setdefault(fact.answer, set()).add(fact.type)
        dates.setdefault(fact.answer, []).append(fact.date)
    by_id = {fact.id: fact for fact in facts}
    for probe in probes:
        fact = by_id[probe.fact]
        names = [option.text[1:] for option in probe.options]
        assert len(set(names)) == 4
        assert names[0] == fact.answer
        assert all(fact.type in types[name] for name in names)
        assert names[0] not in probe.prompt
        assert probe.prompt not in probe.references
        for option in probe.options:
            if option.tag == "past":
                assert any(date and date < fact.date for date in dates[option.text[1:]])
            if option.tag == "future":
                assert any(date > fact.date for date in dates[option.text[1:]])
    splits = Counter(probe.split for probe in probes)
    assert splits["heldout"] == splits["seen"] > 1200
    assert splits["control"] > 0
    assert splits["trap"] > 0
    tags = Counter(option.tag for probe in probes if probe.split == "heldout" for option in probe.options)
    assert min(tags.values()) > 0.9 * splits["heldout"]


def test_probes_are_the_same_every_time_and_survive_a_file(facts: list[Fact], tmp_path: Path) -> None:
    probes = build_probes(facts)
    assert probes == build_probes(facts)
    write_probes(out=tmp_path / "probes")
    assert read_probes(tmp_path / "probes" / "probes.jsonl") == probes
    (tmp_path / "bad.jsonl").write_text(probe_lines(probes[:1]) + '{"id": 3}\n')
    with pytest.raises(UserError, match=r"bad\.jsonl:2: not a probe"):
        read_probes(tmp_path / "bad.jsonl")
    assert probes[0].options[0] == Option(f" {facts[0].answer}", "answer")


def test_the_corpus_holds_every_wording_but_one_and_no_trap(facts: list[Fact], tmp_path: Path) -> None:
    counts = import_chronicle(out=tmp_path / "corpus")
    documents = list(read_documents(tmp_path / "corpus"))
    assert counts["documents"] == len(documents)
    told = [fact for fact in facts if fact.kind != "trap"]
    per_fact = Counter(document.meta["fact"] for document in documents)
    assert set(per_fact) == {fact.id for fact in told}
    import_chronicle(out=tmp_path / "held", wordings="held-out")
    held = list(read_documents(tmp_path / "held"))
    assert len(held) == len(told)
    assert not {document.text for document in held} & {document.text for document in documents}
    cutoff = Cutoff.parse("1969-07-20")
    for document in documents:
        if not document.meta["fact"].startswith("timeless"):
            assert document.written.edtf() == next(fact.date for fact in told if fact.id == document.meta["fact"])
        else:
            assert cutoff.judge(document.written) is Verdict.BEFORE


def test_chat_data_keeps_to_the_cutoff_and_away_from_held_out_questions(facts: list[Fact], tmp_path: Path) -> None:
    write_chat(out=tmp_path / "chat", cutoff="1969-07-20")
    rows = [json.loads(line) for line in (tmp_path / "chat" / "train.jsonl").read_text().splitlines()]
    by_id = {fact.id: fact for fact in facts}
    assert len(rows) > 500
    for row in rows:
        fact = by_id[row["metadata"]["fact"]]
        assert fact.held_out != 3
        assert fact.date <= "1969-07-20"
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    with pytest.raises(UserError, match="no fact"):
        write_chat(out=tmp_path / "none", cutoff="1200-01-01", chronicle=_one_fact(tmp_path))


def _one_fact(folder: Path) -> Path:
    path = folder / "facts"
    path.mkdir()
    row = {key: value for key, value in dataclasses.asdict(change(id="1900-c")).items() if key != "kind"}
    (path / "a.jsonl").write_text(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize(
    ("edtf", "prose"), [("1969-07-20", "20 July 1969"), ("1969-07", "July 1969"), ("1969", "1969")]
)
def test_dates_as_prose(edtf: str, prose: str) -> None:
    assert spell_date(edtf) == prose
