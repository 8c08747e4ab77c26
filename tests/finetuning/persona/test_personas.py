"""The persona files of the package, each held against its own day, and what is said of faulty ones."""

from pathlib import Path

import pytest
import yaml

from chronolect.errors import UserError
from chronolect.finetuning.gate import Gate
from chronolect.finetuning.persona.personas import PERSONAS, Persona, load_personas, read_persona

FILES = sorted(PERSONAS.glob("*.yaml"))
OWN = [read_persona(path) for path in FILES]


def texts(persona: Persona) -> list[str]:
    """Everything a persona says or is told, but not what it does not know."""
    said = [part for one in persona.examples for part in (one.user, one.assistant)]
    lists = (persona.openings, persona.bridges, persona.closings, persona.declines, persona.vocabulary)
    return [persona.system, persona.manner, *said, *(text for some in lists for text in some)]


def test_there_are_many_and_deep_red_is_twelve_of_them() -> None:
    assert [path.stem for path in FILES] == [persona.name for persona in OWN]
    assert len(OWN) >= 14
    assert len(load_personas()) == len(load_personas(["deep-red"])) >= 12


def test_no_persona_says_what_nobody_could_say_on_its_day() -> None:
    gate = Gate(min(persona.cutoff for persona in OWN))
    found = {persona.name: [hit for text in texts(persona) for hit in gate(text, persona.cutoff)] for persona in OWN}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_no_two_personas_share_a_sentence() -> None:
    every = [text for persona in OWN for text in texts(persona) if text not in persona.vocabulary]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("persona", OWN, ids=lambda persona: persona.name)
def test_a_persona_has_enough_to_say_and_names_nothing_it_does_not_know(persona: Persona) -> None:
    assert min(map(len, (persona.openings, persona.closings, persona.declines))) >= 5
    assert len(persona.bridges) >= 4
    assert len(persona.does_not_know) >= 6
    said = " ".join(texts(persona)).lower()
    assert [thing for thing in persona.does_not_know if thing.lower() in said] == []
    for opening in (*persona.openings, *persona.bridges):
        assert opening[-1] in ".!?", f"a sentence of the passage follows: {opening}"


def test_a_persona_is_found_by_name_or_as_a_file(tmp_path: Path) -> None:
    assert [one.name for one in load_personas(["victorian-clerk"])] == ["victorian-clerk"]
    row = yaml.safe_load(FILES[0].read_text(encoding="utf-8")) | {"name": "mine", "knows_until": 1901}
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(row), encoding="utf-8")
    (mine,) = load_personas([str(file)])
    assert (mine.name, mine.cutoff.edtf()) == ("mine", "1901-12-31")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"knows_until": "1890~"}, 'the key "knows_until"'),
        ({"opening": ["x"]}, '"opening".*did you mean "openings"'),
        ({"closings": []}, 'the key "closings"'),
        ({"name": "No Name"}, 'the key "name"'),
    ],
)
def test_a_faulty_file_is_told_by_its_key(change: dict[str, object], said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(FILES[0].read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(UserError, match=said) as error:
        read_persona(file)
    assert str(error.value).startswith(str(file))


def test_unknown_and_double_names() -> None:
    with pytest.raises(UserError, match='did you mean "victorian-clerk"'):
        load_personas(["victorian-clark"])
    with pytest.raises(UserError, match="there twice"):
        load_personas(["deep-red", "deep-red-teacher"])
