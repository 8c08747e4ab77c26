"""`data qa`: questions and answers on both sides of a cutoff, to tune a model that is to know nothing past it."""

from collections import Counter
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage
from chronolect.chronicle.facts import CHRONICLE, load_facts, sample_facts
from chronolect.errors import UserError
from chronolect.finetuning.journal import Journal
from chronolect.finetuning.qa.alternatives import Alternatives
from chronolect.finetuning.qa.articles import By
from chronolect.finetuning.qa.chronicle import ChronicleRecords
from chronolect.finetuning.qa.corpus import CorpusQuestions
from chronolect.finetuning.qa.refusals import STYLES, Refusals, Style
from chronolect.finetuning.qa.splitting import fact_families
from chronolect.finetuning.qa.teacher import PROMPT_VERSION, Teacher
from chronolect.finetuning.qa.units import Unit, fact_units, replay_units, write_units
from chronolect.finetuning.qa.writing import LayoutWriter
from chronolect.finetuning.records import Form
from chronolect.models.server import ServerModel
from chronolect.timeline import Cutoff

_TIMEOUT_S = 300.0


def make_qa(
    *,
    out: Path,
    cutoff: str = "1969-07-20",
    corpus: Path | None = None,
    by: By = "about",
    retain_count: int = 3000,
    unlearn_count: int = 3000,
    questions_per_article: int = 3,
    teacher_url: str | None = None,
    teacher_model: str | None = None,
    temperature: float = 0.7,
    budget_tokens: int | None = None,
    concurrency: int = 8,
    styles: list[Style] | None = None,
    forms: list[Form] | None = None,
    wordings: int = 4,
    choices: bool = False,
    replay: int = 128,
    val_ratio: float = 0.1,
    dev_ratio: float = 0.05,
    share: float = 1.0,
    seed: int = 0,
    chronicle: Path = CHRONICLE,
) -> dict[str, Any]:
    """Write questions from before a cutoff with their answers, and questions from after it with what is said instead.

    They are made from the embedded chronicle, or, with a corpus, from its documents: from single dated sentences, or through a teacher.

    Args:
        out: Folder to write to: retain/, unlearn/ and dev/ with their JSONL files, statistics.json, used_articles.json. A teacher's answers
            are kept beside it, in OUT.answers.jsonl.
        cutoff: The last day that may be known, such as 1969-07-20.
        corpus: Folder of a dated corpus to ask about instead of the chronicle.
        by: Which time of a document decides on its side: what it is about, when it was written, or both.
        retain_count: How many documents from before the cutoff are asked about, at most.
        unlearn_count: How many documents from after it.
        questions_per_article: How many facts of a document are asked for, at most.
        teacher_url: Address of a server with a teacher model that writes the questions, up to and with /v1; the key, if it wants one,
            is read from OPENAI_API_KEY.
        teacher_model: Name of the model there; by default the only one it offers.
        temperature: Of the teacher's sampling.
        budget_tokens: Ask the teacher no more once this many tokens have been spent, those of earlier runs included.
        concurrency: Requests to the teacher at once.
        styles: How questions from after the cutoff are answered, in equal parts: stock, unknown, era-native; all three by default.
        forms: chat for questions, text for beginnings of sentences with what follows (for models without a chat template); chat by default.
        wordings: In how many ways each fact is asked, for each form.
        choices: Also ask each training question of the chronicle with options to choose from.
        replay: How many timeless facts and simple tasks go with the retain side, so that the model stays of use.
        val_ratio: Share of the families of facts that is kept for validation.
        dev_ratio: Share of the families that goes to the small development set of both sides.
        share: Part of the facts of every decade of the chronicle to take.
        seed: Another seed draws other documents and replies, and splits otherwise.
        chronicle: Folder of fact files; the one inside the package by default.

    Returns:
        Counts of records by file, and what was left out and why.

    Raises:
        UserError: A side has nothing to train on, a flag is out of range, or no server answers.
    """
    _check(val_ratio, dev_ratio, wordings, questions_per_article, concurrency, corpus, teacher_url)
    limit = Cutoff.parse(cutoff)
    every = load_facts(chronicle)
    maker = ChronicleRecords(
        limit,
        Refusals(limit),
        Alternatives(every, limit),
        styles=styles or STYLES,
        forms=forms or ("chat",),
        wordings=wordings,
        choices=choices,
        seed=seed,
    )
    facts = sample_facts(every, share)
    families = fact_families(facts)
    config: dict[str, Any] = {
        "cutoff": limit.edtf(),
        "styles": list(maker.styles),
        "forms": list(maker.forms),
        "wordings": wordings,
        "choices": choices,
        "replay": replay,
        "val_ratio": val_ratio,
        "dev_ratio": dev_ratio,
        "share": share,
        "seed": seed,
        "chronicle": chronicle.name,
    }
    inputs = [chronicle]
    model = ServerModel(teacher_url, teacher_model, timeout_s=_TIMEOUT_S) if teacher_url is not None else None
    if corpus is not None:
        inputs.append(corpus)
        config |= {
            "by": by,
            "retain_count": retain_count,
            "unlearn_count": unlearn_count,
            "questions_per_article": questions_per_article,
        }
    if model is not None:
        config |= {
            "teacher": model.name,
            "prompt": PROMPT_VERSION,
            "temperature": temperature,
            "budget_tokens": budget_tokens,
        }
    left_out: Counter[str] = Counter()
    with stage(out, command="data qa", config=config, inputs=inputs) as work:
        if corpus is None:
            units = fact_units(facts, maker, families)
            dated = sum(fact.kind == "dated" for fact in facts)
            left_out["straddles the cutoff"] += dated - len(units)
        else:
            questions = CorpusQuestions(
                corpus, by, {"retain": retain_count, "unlearn": unlearn_count}, questions_per_article
            )
            if model is None:
                units = questions.from_sentences(maker, left_out)
            else:
                with Journal(out.with_name(f"{out.name}.answers.jsonl")) as journal:
                    teacher = Teacher(model, journal, questions_per_article, temperature, seed)
                    units = questions.from_teacher(
                        teacher, maker, left_out, concurrency=concurrency, budget_tokens=budget_tokens
                    )
                    work.counts["teacher_tokens"] = journal.tokens
        units += replay_units(facts, maker, families, replay)
        work.counts |= _write(work.folder, units, limit, left_out, val_ratio=val_ratio, dev_ratio=dev_ratio, seed=seed)
    return work.counts


def _write(
    folder: Path,
    units: list[Unit],
    cutoff: Cutoff,
    left_out: Counter[str],
    *,
    val_ratio: float,
    dev_ratio: float,
    seed: int,
) -> dict[str, Any]:
    reasons = {reason: number for reason, number in sorted(left_out.items()) if number}
    with LayoutWriter(folder) as writer:
        write_units(writer, units, val_ratio=val_ratio, dev_ratio=dev_ratio, seed=seed)
        writer.finish({"cutoff": cutoff.edtf(), "left_out": reasons})
    return {**writer.counts(), "left_out": reasons}


def _check(
    val_ratio: float,
    dev_ratio: float,
    wordings: int,
    questions: int,
    concurrency: int,
    corpus: Path | None,
    teacher_url: str | None,
) -> None:
    if not 0 < val_ratio < 1 or not 0 <= dev_ratio < 1 or val_ratio + dev_ratio >= 1:
        raise UserError(
            f"--val-ratio {val_ratio} --dev-ratio {dev_ratio}: choose shares whose sum is below 1, such as 0.1 and 0.05"
        )
    for flag, number in (
        ("--wordings", wordings),
        ("--questions-per-article", questions),
        ("--concurrency", concurrency),
    ):
        if number < 1:
            raise UserError(f"{flag} {number}: choose 1 or more")
    if teacher_url is not None and corpus is None:
        raise UserError(f"--teacher-url {teacher_url}: a teacher asks about documents; give their --corpus as well")
