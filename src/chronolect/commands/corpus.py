"""Commands that bring, date, clean and pack text."""

from chronolect.commands.command import Command

CORPUS = (
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
)
