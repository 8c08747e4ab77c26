"""The `chronicle` source: the embedded facts as a corpus, each wording a document that was written on the day of its event."""

from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import stage
from chronolect.chronicle.facts import CHRONICLE, Fact, load_facts, sample_facts
from chronolect.chronicle.wordings import corpus_texts, held_out_text
from chronolect.corpus.document import CorpusWriter, Document
from chronolect.timeline import Evidence, Span

# What is true in any year was written before the first fact, for the purpose of a cutoff.
_ALWAYS = Span.parse("../1499-12-31")


def documents(fact: Fact, wordings: Literal["corpus", "held-out"]) -> list[Document]:
    """The documents of one fact: its wordings and index entries for the corpus, or the one wording that is held out."""
    when = fact.span if fact.date else _ALWAYS
    evidence = Evidence(
        field="written",
        span=when,
        kind="catalogue",
        reference=f"chronicle:{fact.id}",
        quote=fact.date,
    )
    texts = corpus_texts(fact) if wordings == "corpus" else [("held-out", held_out_text(fact))]
    return [
        Document(
            id=f"{fact.id}/{name}",
            source="chronicle",
            title=fact.subject,
            text=text,
            written=when,
            about=when,
            evidence=(evidence,),
            language="en",
            licence="Apache-2.0",
            meta={"fact": fact.id, "field": fact.field, "region": fact.region},
        )
        for name, text in texts
    ]


def import_chronicle(
    *, out: Path, wordings: Literal["corpus", "held-out"] = "corpus", share: float = 1.0, chronicle: Path = CHRONICLE
) -> dict[str, Any]:
    """Write the embedded chronicle as a corpus: every wording of every fact is a document of its own, dated by its event.

    Args:
        out: Folder to write the corpus to.
        wordings: `corpus` for all wordings but the held-out one of each fact; `held-out` for that one alone.
        share: Part of the facts of every decade to take.
        chronicle: Folder of fact files; the one inside the package by default.

    Returns:
        Counts of facts and documents.
    """
    facts = [fact for fact in sample_facts(load_facts(chronicle), share) if fact.kind != "trap"]
    config = {"wordings": wordings, "share": share, "chronicle": chronicle.name}
    with stage(out, command="corpus import chronicle", config=config, inputs=[chronicle]) as work:
        with CorpusWriter(work.folder) as writer:
            for fact in facts:
                for document in documents(fact, wordings):
                    writer.write(document)
        work.counts.update(facts=len(facts), documents=writer.rows)
    return work.counts
