"""Personas: who speaks, from when, and how. One YAML file each in `data/personas/`, or of the user's own."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from chronolect.errors import UserError, did_you_mean
from chronolect.timeline import Cutoff

PERSONAS = Path(__file__).parents[2] / "data" / "personas"
DEFAULT = "deep-red"

_Text = Annotated[str, Field(min_length=1)]
_Texts = Annotated[tuple[_Text, ...], Field(min_length=1)]


class Exchange(BaseModel):
    """One question with the persona's answer, to show how it speaks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: _Text
    assistant: _Text


class Persona(BaseModel):
    """A speaker of a time.

    Attributes:
        name: Its name in `--personas` and in the metadata.
        family: What several variants of one character share; `--personas` takes that name, too.
        title: Its name for people.
        knows_until: The last day it knows of (EDTF: a day, a month or a year).
        system: The system message of its conversations.
        manner: How it speaks, told to a teacher model.
        openings: Beginnings of a first reply; each is put before a sentence.
        bridges: Beginnings of later replies.
        closings: Ends of a reply.
        vocabulary: Words it likes.
        does_not_know: Things later than its day or outside its world, as they stand in "What do you know of ...?".
        declines: Replies to a question about such a thing. None names it.
        examples: Exchanges that show how it speaks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    family: str = ""
    title: _Text
    knows_until: str
    system: _Text
    manner: _Text
    openings: _Texts
    bridges: _Texts
    closings: _Texts
    vocabulary: _Texts
    does_not_know: tuple[_Text, ...]
    declines: _Texts
    examples: Annotated[tuple[Exchange, ...], Field(min_length=1)]

    @field_validator("knows_until", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        """YAML reads 1969-07-20 as a date and 1890 as a number."""
        return str(value)

    @field_validator("system", "manner", mode="after")
    @classmethod
    def _on_one_line(cls, value: str) -> str:
        return " ".join(value.split())

    @cached_property
    def cutoff(self) -> Cutoff:
        """The last day it knows of."""
        return Cutoff.parse(self.knows_until)


def load_personas(names: Sequence[str] = ()) -> tuple[Persona, ...]:
    """The personas of these names: of one that comes with the package, of a family, or a YAML file; the Deep Red family of none.

    Raises:
        UserError: An unknown name, a file that is no persona (with the key), or a persona that is named twice.
    """
    own = [read_persona(path) for path in sorted(PERSONAS.glob("*.yaml"))]
    known = {persona.name for persona in own} | {persona.family for persona in own if persona.family}
    chosen: list[Persona] = []
    for name in names or [DEFAULT]:
        if name.endswith((".yaml", ".yml")):
            found = [read_persona(Path(name))]
        else:
            found = [persona for persona in own if name in (persona.name, persona.family)]
        if not found:
            raise UserError(f'--personas "{name}": no such persona{did_you_mean(name, known)}; or give a YAML file')
        for persona in found:
            if persona.name in [other.name for other in chosen]:
                raise UserError(f'--personas "{name}": the persona {persona.name} is there twice')
        chosen += found
    return tuple(chosen)


def read_persona(path: Path) -> Persona:
    """Read one file; a `UserError` names the key that is wrong."""
    try:
        row = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path}: no readable file of a persona") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(row, dict):
        raise UserError(f"{path}: expected the keys {', '.join(Persona.model_fields)}")
    try:
        persona = Persona.model_validate(row)
        persona.cutoff  # noqa: B018 (a day that cannot be read is told of here)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        suggestion = did_you_mean(key, Persona.model_fields) if first["type"] == "extra_forbidden" else ""
        raise UserError(f'{path}: the key "{key}": {first["msg"]}{suggestion}') from None
    except UserError as error:
        raise UserError(f'{path}: the key "knows_until": {error}') from None
    return persona
