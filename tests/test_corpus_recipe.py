"""The recipe from dump, knowledge base, books and games to a packed corpus, in miniature."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.corpus.made_dump import write_dump, write_wikidata

from chronolect.corpus import read_documents
from chronolect.recipes import execute, load_recipe

RECIPE = Path(__file__).parents[1] / "recipes" / "corpus-1969.yaml"
BOOK = """The Project Gutenberg EBook of {title}, by {author}

*** START OF THIS PROJECT GUTENBERG EBOOK {upper} ***

{text}

*** END OF THIS PROJECT GUTENBERG EBOOK {upper} ***

End of the Project Gutenberg EBook. www.gutenberg.org
"""
PARAGRAPH = "The lamps were lit along the quay and the people of the town came down to see the {thing}, for it was the {nth} that year."
GAME = """[Event "A match"]
[Site "London"]
[Date "{date}"]
[White "White, A"]
[Black "Black, B"]
[Result "1-0"]

1. e4 e5 2. Bc4 Nc6 3. Qh5 {last} 1-0

"""


def write_books(folder: Path) -> Path:
    rows = [("11", "The Quay", "Smith, John, 1820-1880"), ("12", "The Later Quay", "Brown, Ann, 1960-")]
    with open(folder / "pg_catalog.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["Text#", "Type", "Issued", "Title", "Language", "Authors", "Subjects", "LoCC", "Bookshelves"])
        for number, title, author in rows:
            table.writerow([number, "Text", "2005-01-01", title, "en", author, "Fiction", "PS", ""])
    (folder / "mirror").mkdir()
    for number, title, author in rows:
        text = "\n\n".join(PARAGRAPH.format(thing=f"ship {title} {n}", nth=f"{n}th") for n in range(30))
        book = BOOK.format(title=title, author=author, upper=title.upper(), text=text)
        (folder / "mirror" / f"{number}.txt").write_text(book)
    return folder / "pg_catalog.csv"


def write_games(folder: Path) -> Path:
    games = folder / "games"
    games.mkdir()
    moves = ["Nf6 4. Qxf7#", "d6 4. Qxf7#", "g6 4. Qf3 Nf6 5. Qb3 Nd4", "Qe7 4. Nf3 Nf6"]
    dates = ["1886.01.11", "1969.07.20", "1969.07.21", "????.??.??"]
    text = "".join(GAME.format(date=date, last=last) for date, last in zip(dates, moves, strict=True))
    (games / "some.pgn").write_text(text)
    return games


@pytest.mark.slow
def test_from_dump_to_packed_corpus(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    values: dict[str, Any] = {
        "wikipedia_dump": write_dump(sources, 1_000),
        "wikidata_dump": write_wikidata(sources, 1_000),
        "gutenberg_catalogue": write_books(sources),
        "gutenberg_mirror": sources / "mirror",
        "chess_games": write_games(sources),
        "vocab_size": 400,
        "val_ratio": 0.05,
        "workers": 1,
    }
    out = tmp_path / "out"
    overrides = {name: str(value) for name, value in values.items()} | {"books.min_ocr_score": "0.1"}
    execute(load_recipe(RECIPE, out=out, overrides=overrides), out)

    documents = {document.id: document for document in read_documents(out / "audit" / "repaired")}
    sources_kept = {document.source for document in documents.values()}
    assert {"wikipedia", "gutenberg", "chess"} <= sources_kept
    text = "\n".join(document.text for document in documents.values())
    years = [int(year) for year in re.findall(r"\bIn (\d{4})\b", text)]
    assert len(years) > 300
    assert max(years) <= 1969
    assert "Gutenberg" not in text
    assert "Later Quay" not in text  # its author may be living
    assert not [document for document in documents.values() if "21 July 1969" in document.text]
    reasons = {
        row["reason"]
        for step in ("wikipedia-before", "gutenberg-before", "chess-before")
        for row in pq.read_table(out / step / "dropped").to_pylist()
    }
    assert {"about after", "written straddles", "about undated"} <= reasons
    packed = json.loads((out / "packed" / "manifest.json").read_text())
    assert packed["counts"]["splits"]["train"]["documents"] > 100
    assert packed["counts"]["eras"]
