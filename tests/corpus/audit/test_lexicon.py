from collections import defaultdict

import pytest

from chronolect.corpus.audit.lexicon import LEXICON, Term, forms, load_terms, read_terms
from chronolect.errors import UserError

HEADER = "term\tyear\tkind\tcase\tsense\n"


@pytest.mark.parametrize(
    ("term", "found"),
    [
        (Term("robot", 1920), {"robot", "robots"}),
        (Term("taxi", 1907), {"taxi", "taxis"}),
        (Term("gas mask", 1915, "phrase"), {"gas mask", "gas masks", "gas-mask", "gas-masks"}),
        (Term("telly", 1940), {"telly", "tellies"}),
        (Term("video", 1935), {"video", "videos", "videoes"}),
        (Term("frogman", 1942), {"frogman", "frogmen"}),
        (Term("download", 1977, "verb"), {"download", "downloads", "downloaded", "downloading"}),
        (Term("bulldoze", 1942, "verb"), {"bulldoze", "bulldozes", "bulldozed", "bulldozing"}),
        (Term("Rolls-Royce", 1906, "name", True), {"Rolls-Royce", "Rolls Royce", "RollsRoyce"}),
        (Term("close-up", 1913, "word", True), {"close-up", "close-ups"}),
        (Term("motor-bus", 1901), {"motor-bus", "motor bus", "motorbus", "motor-buses", "motor buses", "motorbuses"}),
    ],
)
def test_forms(term, found):
    assert forms(term) == found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("robot\t1920\tword", "expected term, year"),
        ("robot\tabout 1920\tword\tany\t", 'lexicon.tsv:2: "about 1920" is no year'),
        ("robot\t1920\twords\tany\t", 'kind "words"'),
        ("robot\t1920\tword\tsome\t", 'case "some"'),
        ("-\t1920\tword\tany\t", "has no letter"),
    ],
)
def test_faulty_lines_are_named(tmp_path, line, message):
    path = tmp_path / "lexicon.tsv"
    path.write_text(HEADER + line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=message):
        list(read_terms(path))


def test_a_file_that_is_no_lexicon(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("robot\n", encoding="utf-8")
    with pytest.raises(UserError, match="header line"):
        list(read_terms(path))
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(UserError, match="UTF-8"):
        list(read_terms(path))


def test_comments_and_blank_lines_are_passed_over(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text(HEADER + "# machines\n\nrobot\t1920\tword\tany\n", encoding="utf-8")
    assert list(read_terms(path)) == [Term("robot", 1920)]


def test_the_lists_of_the_package_have_no_term_twice():
    seen: dict[tuple[str, bool, str], set[str]] = defaultdict(set)
    for path in sorted(LEXICON.glob("*.tsv")):
        for term in read_terms(path):
            key = (term.term if term.exact else term.term.lower(), term.exact, term.sense)
            assert path.name not in seen[key], f"{path.name}: {term.term} twice"
            seen[key].add(path.name)
    assert {key: files for key, files in seen.items() if len(files) > 1} == {}


def test_the_lists_of_the_package_hold_enough_terms():
    assert len({term.term for term in load_terms() if term.year > 1900}) >= 1_500
