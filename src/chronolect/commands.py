"""The command tree as data: what each command is called, the typed function behind it, and an example.

The command line, recipes and the documentation all read this table; the functions are imported only when one is called.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chronolect.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Command:
    """`name` as it is typed, the import path of its function, one line of help and an example."""

    name: str
    function: str
    help: str
    example: str

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        module, _, attribute = self.function.partition(":")
        found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        return found


GROUPS = {
    "corpus": "Dated documents: import, date, filter by a cutoff, audit, clean, mix, count, pack for training.",
    "corpus import": "Bring dated text into a corpus.",
    "corpus download": "Fetch sources, politely and resumably.",
    "corpus dates": "Collect dates of entities, for `corpus date`.",
    "tokenizer": "Byte-level BPE tokenizers.",
    "data": "Questions, conversations and probes, from the embedded chronicle or from your own text.",
    "train": "Train language models.",
    "export": "Bring a model into the forms that other programs load.",
    "eval": "Measure up to when a model knows the world.",
}

# Packages that only some commands need -> the extra that installs them.
EXTRAS = {
    "chess": "chess",
    "ray": "ray",
    "cyllama": "gguf",
    "bitsandbytes": "quant",
    "llmcompressor": "fp8",
    "compressed_tensors": "fp8",
    "loguru": "fp8",
    "liger_kernel": "liger",
    "wandb": "tracking",
    "tensorboard": "tracking",
    "trackio": "tracking",
}

COMMANDS = (
    Command(
        "demo",
        "chronolect.demo:demo",
        "The main job, end to end: a model that knows the world up to 20 July 1969, its twin, and the report.",
        "chronolect demo --out runs/demo",
    ),
    Command(
        "run",
        "chronolect.recipes:run_recipe",
        "Run a recipe; steps that are done already are skipped.",
        "chronolect run recipes/speeches.yaml --set cutoff=1901-01-01",
    ),
    Command(
        "corpus import table",
        "chronolect.corpus.sources.table:import_table",
        "Import JSON, JSONL, CSV, Parquet or plain text.",
        "chronolect corpus import table letters/ --date-field year --text-field body --out corpus/letters",
    ),
    Command(
        "corpus import chronicle",
        "chronolect.corpus.sources.chronicle:import_chronicle",
        "Import the embedded chronicle of dated facts.",
        "chronolect corpus import chronicle --out corpus/chronicle",
    ),
    Command(
        "corpus import wikipedia",
        "chronolect.corpus.sources.wikipedia.importer:import_wikipedia",
        "Import Wikipedia dumps (pages-articles XML) or the published Parquet form.",
        "chronolect corpus import wikipedia enwiki-latest-pages-articles-multistream.xml.bz2 --out corpus/wikipedia",
    ),
    Command(
        "corpus import gutenberg",
        "chronolect.corpus.sources.gutenberg.importing:import_gutenberg",
        "Import Project Gutenberg texts from a local mirror by the offline catalogue.",
        "chronolect corpus import gutenberg pg_catalog.csv --mirror mirror/ --language en --out corpus/gutenberg",
    ),
    Command(
        "corpus import tei",
        "chronolect.corpus.sources.tei:import_tei",
        "Import TEI texts, such as ELTeC's novels.",
        "chronolect corpus import tei ELTeC-eng/level1 --out corpus/novels",
    ),
    Command(
        "corpus import books",
        "chronolect.corpus.sources.books:import_books",
        "Import a folder of books (text, Markdown, HTML) with a table that dates them.",
        "chronolect corpus import books scans/ --metadata scans.csv --date-field published --out corpus/books",
    ),
    Command(
        "corpus import chess",
        "chronolect.corpus.sources.chess.importing:import_chess",
        "Import chess games (PGN) as prose read off the board, with the rules of play.",
        "chronolect corpus import chess games.pgn --out corpus/chess",
    ),
    Command(
        "corpus download gutenberg",
        "chronolect.corpus.sources.gutenberg.download:download_gutenberg",
        "Fetch chosen Project Gutenberg texts from a mirror.",
        "chronolect corpus download gutenberg pg_catalog.csv --subject fiction --to mirror/",
    ),
    Command(
        "corpus dates wikidata",
        "chronolect.corpus.dating.wikidata.command:dates_from_wikidata",
        "Collect dates from a Wikidata dump (entity JSON, or truthy N-Triples).",
        "chronolect corpus dates wikidata latest-all.json.bz2 --out dates/wikidata",
    ),
    Command(
        "corpus dates yago",
        "chronolect.corpus.dating.yago.command:dates_from_yago",
        "Collect dates from YAGO 4.5's Turtle files.",
        "chronolect corpus dates yago yago-facts.ttl --out dates/yago",
    ),
    Command(
        "corpus dates table",
        "chronolect.corpus.dating.own_table:dates_from_table",
        "Take dates from a table of your own.",
        "chronolect corpus dates table dates.csv --title-field title --date-field date --out dates/own",
    ),
    Command(
        "corpus dates llm",
        "chronolect.corpus.dating.llm:dates_from_llm",
        "Have a language model read dates out of documents, with the words it read them from.",
        "chronolect corpus dates llm corpus/dated --url http://127.0.0.1:1234/v1 --budget-tokens 1000000 --out dates/llm",
    ),
    Command(
        "corpus topics",
        "chronolect.corpus.topics.importing:year_topics",
        "Events by year from a dump's year pages, as JSON and as documents dated to the day.",
        "chronolect corpus topics enwiki-latest-pages-articles-multistream.xml.bz2 --out topics",
    ),
    Command(
        "corpus date",
        "chronolect.corpus.dating.date:date_corpus",
        "Give documents the dates that knowledge bases, categories or their own words state.",
        "chronolect corpus date corpus/wikipedia --dates dates/wikidata --out corpus/dated",
    ),
    Command(
        "corpus audit",
        "chronolect.corpus.audit.command:audit_corpus",
        "Find what is past the cutoff in text that claims to be before it; drop it if asked.",
        "chronolect corpus audit corpus/before-1901 --cutoff 1900-12-31 --repair --out audit",
    ),
    Command(
        "corpus audit-learn",
        "chronolect.corpus.audit.ngrams:learn_ngrams",
        "Learn words and n-grams that are seen only in later text, for `corpus audit`.",
        "chronolect corpus audit-learn corpus/before corpus/after --out ngrams",
    ),
    Command(
        "corpus clean",
        "chronolect.corpus.quality.clean:clean_corpus",
        "Drop boilerplate, other languages and bad scans.",
        "chronolect corpus clean corpus/books --language en --min-ocr-score 0.8 --out corpus/clean",
    ),
    Command(
        "corpus dedup",
        "chronolect.corpus.quality.dedup:dedup_corpus",
        "Drop copies and near copies; the earliest stays.",
        "chronolect corpus dedup corpus/clean --threshold 0.8 --out corpus/unique",
    ),
    Command(
        "corpus chunk",
        "chronolect.corpus.chunking:chunk_corpus",
        "Cut documents into chunks at paragraph and sentence borders.",
        "chronolect corpus chunk corpus/books --chunk-size 1024 --unit words --overlap 128 --out corpus/chunks",
    ),
    Command(
        "corpus keywords",
        "chronolect.corpus.keywords.command:filter_keywords",
        "Keep documents on chosen themes.",
        "chronolect corpus keywords corpus/chunks --themes space --themes utopia --min-matches 3 --out corpus/themed",
    ),
    Command(
        "corpus mix",
        "chronolect.corpus.mixing.command:mix_corpora",
        "Join corpora with caps by tokens, shuffled; shows the share of each source and era.",
        "chronolect corpus mix corpus/wikipedia corpus/chess --cap chess=0.05 --out corpus/mixed",
    ),
    Command(
        "corpus filter",
        "chronolect.corpus.filter:filter_corpus",
        "Keep the documents before (or after) a cutoff; the others are kept apart with the reason.",
        "chronolect corpus filter corpus/letters --cutoff 1900-12-31 --out corpus/before-1901",
    ),
    Command(
        "corpus stats",
        "chronolect.corpus.stats:corpus_stats",
        "Count documents, words and tokens by year and source.",
        "chronolect corpus stats corpus/letters --tokenizer tokenizer",
    ),
    Command(
        "corpus holdout",
        "chronolect.corpus.holdout:hold_out",
        "Write the documents that packing holds out, for `eval surprise`.",
        "chronolect corpus holdout corpus/letters --val-ratio 0.1 --out corpus/heldout",
    ),
    Command(
        "corpus pack",
        "chronolect.corpus.packing:pack_corpus",
        "Tokenise a corpus into training and validation files, split by document.",
        "chronolect corpus pack corpus/before-1901 --tokenizer tokenizer --out packed/before-1901",
    ),
    Command(
        "tokenizer train",
        "chronolect.models.tokenizers:train_tokenizer",
        "Train a byte-level BPE tokenizer on a corpus.",
        "chronolect tokenizer train corpus/before-1901 --vocab-size 8192 --out tokenizer",
    ),
    Command(
        "data probes",
        "chronolect.chronicle.probes:write_probes",
        "Write the horizon probes of the chronicle.",
        "chronolect data probes --out probes",
    ),
    Command(
        "data chat",
        "chronolect.chronicle.chat:write_chat",
        "Write question-and-answer conversations from the chronicle, for `train sft`.",
        "chronolect data chat --cutoff 1969-07-20 --out chat",
    ),
    Command(
        "data qa",
        "chronolect.finetuning.qa.command:make_qa",
        "Make questions from before a cutoff, to be answered, and from after it, to be declined.",
        "chronolect data qa --cutoff 1969-07-20 --styles era-native --out datasets",
    ),
    Command(
        "data persona",
        "chronolect.finetuning.persona.command:write_personas",
        "Make conversations in the voice of a persona from passages.",
        "chronolect data persona corpus/themed --personas deep-red --out persona",
    ),
    Command(
        "data check",
        "chronolect.chronicle.check:check_chronicle",
        "Check chronicle files: form, duplicates, contradictions, leaks of the year into a question.",
        "chronolect data check",
    ),
    Command(
        "train pretrain",
        "chronolect.training.pretrain:train_pretrain",
        "Train a model from scratch on a packed corpus, or continue one with --model.",
        "chronolect train pretrain packed/before-1901 --preset 30m --epochs 4 --out runs/locked",
    ),
    Command(
        "train sft",
        "chronolect.training.sft:train_sft",
        "Tune a model on conversations.",
        "chronolect train sft chat/train.jsonl --model runs/locked/final --lora-r 16 --out runs/chat",
    ),
    Command(
        "train unlearn",
        "chronolect.training.unlearn:train_unlearn",
        "Make a model forget what came after a cutoff and keep the rest.",
        "chronolect train unlearn --model Qwen/Qwen2.5-1.5B-Instruct --data datasets --method npo --out runs/unlearned",
    ),
    Command(
        "export merge",
        "chronolect.export.merge:export_merge",
        "Fold an adapter into its model and compare the logits.",
        "chronolect export merge runs/chat/final --out runs/merged",
    ),
    Command(
        "export gguf",
        "chronolect.export.gguf:export_gguf",
        "Write GGUF files, load them in llama.cpp and compare.",
        "chronolect export gguf runs/locked/final --quant q8_0 --quant q4_k_m --out runs/gguf",
    ),
    Command(
        "export fp8",
        "chronolect.export.fp8:export_fp8",
        "Write a folder in FP8 for vLLM, read back and compared.",
        "chronolect export fp8 --model runs/merged",
    ),
    Command(
        "eval horizon",
        "chronolect.evaluation.horizon:eval_horizon",
        "Accuracy on dated probes by year, with the change point.",
        "chronolect eval horizon runs/locked/final runs/twin/final --cutoff 1969-07-20 --out results",
    ),
    Command(
        "eval surprise",
        "chronolect.evaluation.surprise:eval_surprise",
        "Bits per byte on dated text by year, against a twin.",
        "chronolect eval surprise runs/locked/final --twin runs/twin/final --corpus corpus/heldout --cutoff 1969-07-20 --out s",
    ),
    Command(
        "eval temporal",
        "chronolect.evaluation.temporal.command:eval_temporal",
        "Answers before the cutoff, declines after it: the four metrics with intervals.",
        "chronolect eval temporal --model-path runs/merged --test-file datasets/dev/dev_subset.jsonl --cutoff 1969-07-20",
    ),
    Command(
        "eval unlearning",
        "chronolect.evaluation.unlearning.command:eval_unlearning",
        "Compare models before and after unlearning: what is gone, what is kept, what it cost.",
        "chronolect eval unlearning start npo/final npo-q4_k_m.gguf --data datasets --cutoff 1969-07-20 --out comparison",
    ),
    Command(
        "plan",
        "chronolect.planning.plan:plan",
        "Weights, memory, time, data and cost of a training run before it starts.",
        "chronolect plan tinyllama-1.1b --device h200 --tokens 1.94B --epochs 5 --gradient-checkpointing",
    ),
    Command(
        "report",
        "chronolect.report.build:build_report",
        "One self-contained HTML page from the results of a run.",
        "chronolect report runs/demo --out runs/demo/report",
    ),
)


def find_command(name: str) -> Command:
    """The command of that name; a wrong one is a `UserError` with the nearest right one."""
    for command in COMMANDS:
        if command.name == name:
            return command
    raise UserError(f'there is no command "{name}"{did_you_mean(name, [command.name for command in COMMANDS])}')
