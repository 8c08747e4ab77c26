"""Ray and local processes give the same bytes, step by step."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from tests.corpus.made_dump import write_dump, write_wikidata

from chronolect.artifacts import digest_tree
from chronolect.corpus.audit.command import audit_corpus
from chronolect.corpus.dating.date import date_corpus
from chronolect.corpus.dating.wikidata.command import dates_from_wikidata
from chronolect.corpus.engine import Engine
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.mixing.command import mix_corpora
from chronolect.corpus.quality.clean import clean_corpus
from chronolect.corpus.quality.dedup import dedup_corpus
from chronolect.corpus.sources.wikipedia.importer import import_wikipedia

PAGES = 1_500


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def build(folder: Path, inputs: Path, engine: Engine) -> list[Path]:
    folder.mkdir()
    dump, wikidata = inputs / "made-pages-articles-multistream.xml.bz2", inputs / "made-all.json.bz2"
    steps: list[Path] = []

    def out(name: str) -> dict[str, Any]:
        steps.append(folder / name)
        return {"out": folder / name, "engine": engine}

    import_wikipedia([dump], **out("wikipedia"))
    dates_from_wikidata([wikidata], **out("dates"))
    date_corpus(folder / "wikipedia", dates=[folder / "dates"], **out("dated"))
    filter_corpus(folder / "dated", cutoff="1900", by="about", straddling="trim", **out("before"))
    clean_corpus(folder / "before", language="en", min_language_score=0.1, **out("clean"))
    dedup_corpus(folder / "clean", **out("unique"))
    mix_corpora([folder / "unique"], cap=["wikipedia=100k"], **out("mixed"))
    audit_corpus(folder / "mixed", cutoff="1900", **out("audit"))
    return steps


@pytest.mark.slow
def test_ray_and_local_processes(tmp_path: Path, cluster: None) -> None:
    (tmp_path / "inputs").mkdir()
    write_dump(tmp_path / "inputs", PAGES)
    write_wikidata(tmp_path / "inputs", PAGES)
    local = build(tmp_path / "local", tmp_path / "inputs", Engine(workers=2))
    distributed = build(tmp_path / "ray", tmp_path / "inputs", Engine(engine="ray", workers=2))
    alone = build(tmp_path / "alone", tmp_path / "inputs", Engine(workers=1))
    for one, other, third in zip(local, distributed, alone, strict=True):
        assert list(one.rglob("part-*.parquet")), one
        assert digest_tree(one) == digest_tree(other) == digest_tree(third), one.name
