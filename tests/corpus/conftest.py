import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from chronolect.corpus import CorpusWriter, Document
from chronolect.models.tokenizers import train_tokenizer
from chronolect.timeline import Span

WORDS = [
    "the",
    "ship",
    "sailed",
    "north",
    "with",
    "letters",
    "from",
    "home",
    "and",
    "news",
    "of",
    "war",
    "peace",
    "trade",
    "kings",
    "stars",
    "bread",
    "snow",
]


def sentence(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(8, 30))).capitalize() + "."


def yearly_documents(first: int, last: int, per_year: int = 3) -> list[Document]:
    """Some documents for each year, all different."""
    draw = random.Random(first)
    return [
        Document(id=f"{year}-{i}", text=f"{sentence(draw)} In {year}, {i}.", source="made", written=Span.year(year))
        for year in range(first, last + 1)
        for i in range(per_year)
    ]


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    def make(documents: Iterable[Document], name: str = "corpus") -> Path:
        with CorpusWriter(tmp_path / name) as writer:
            for document in documents:
                writer.write(document)
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    with CorpusWriter(folder / "corpus") as writer:
        for document in yearly_documents(1900, 1950):
            writer.write(document)
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=320)
    return folder / "tokenizer"


@pytest.fixture
def make_parts(tmp_path: Path) -> Callable[..., Path]:
    """A corpus of several part files, which several workers share."""

    def make(documents: list[Document], name: str = "parts", parts: int = 4) -> Path:
        (tmp_path / name).mkdir()
        size = -(-len(documents) // parts)
        for number in range(parts):
            with CorpusWriter(tmp_path / f"{name}-{number}") as writer:
                for document in documents[number * size : (number + 1) * size]:
                    writer.write(document)
            (tmp_path / f"{name}-{number}" / "part-00000.parquet").rename(
                tmp_path / name / f"part-{number:05d}.parquet"
            )
        return tmp_path / name

    return make
