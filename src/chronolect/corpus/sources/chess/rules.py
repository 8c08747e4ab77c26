"""The rules of play: a few documents of our own (data/chess/rules.toml), whose examples the tests put to a chess library."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from chronolect.corpus.document import Document
from chronolect.timeline import Evidence, Span


@cache
def load_rules() -> tuple[dict[str, Any], ...]:
    """The entries: id, title, as_of (a year in which the rules were so), text, and examples (fen, move, legal)."""
    text = files("chronolect").joinpath("data/chess/rules.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["rule"])


def rules_of_play() -> list[Document]:
    """The rules as documents, each about the year it holds for."""
    found = []
    for rule in load_rules():
        about = Span.year(rule["as_of"])
        found.append(
            Document(
                id=f"chess-rules:{rule['id']}",
                source="chess",
                title=rule["title"],
                text=rule["text"].strip(),
                written=Span(about.earliest, None),
                about=about,
                evidence=(Evidence("about", about, "catalogue", reference=f"chess-rules:{rule['id']}"),),
                language="en",
                licence="Apache-2.0",
                meta={"rules": True},
            )
        )
    return found
