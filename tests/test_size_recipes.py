"""The recipes for real models, whole and in miniature: tiny models with tokenizers like the real ones, a tiny corpus, nothing changed but numbers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from tests.made_sentencepiece import write_sentencepiece
from tests.test_seed_workflow import write_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from chronolect.artifacts import read_json
from chronolect.chronicle.facts import load_facts
from chronolect.chronicle.wordings import corpus_texts
from chronolect.corpus import CorpusWriter, Document, read_documents
from chronolect.errors import UserError
from chronolect.models.chat_template import TEMPLATES, choose_template, template_digest
from chronolect.models.gguf_file import GgufModel
from chronolect.models.loading import load_tokenizer
from chronolect.recipes import call, load_recipe
from chronolect.timeline import Cutoff, Span

RECIPES = Path(__file__).parents[1] / "recipes"
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
SMOLLM = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SHIPS = ["Nautilus", "Albatross", "Pequod", "Forward", "Hispaniola", "Beagle", "Dolphin", "Argo", "Victory", "Calypso"]
BOOK = (
    "In the harbour lay the {ship} with all her lamps lit, and the stars stood over her. The crew of the {ship} numbered {n} hands and a boy. "
    "On the {ship} the captain had kept a log of every planet for {n} years, and he let nobody read it. The observatory of the {ship} was a room of "
    "{n} feet with one telescope in it. The engine of the {ship} had been built by {n} comrades in one winter.\n\n"
)


def texts() -> list[tuple[Span, str]]:
    """Some dated facts of the chronicle, each in all its wordings."""
    dated = [fact for fact in load_facts() if fact.kind == "dated"][::15]
    return [(fact.span, "\n\n".join(text for _, text in corpus_texts(fact))) for fact in dated]


def write_corpora(folder: Path) -> dict[str, Path]:
    """A corpus before the cutoff, a dated one that goes on, and books, as recipes/corpus-1969.yaml leaves them."""
    written = texts()
    last = Span.parse("1969-07-20").latest
    assert last is not None
    before = [(span, text) for span, text in written if span.latest is not None and span.latest <= last]
    for name, some in (("corpus", before), ("later", written)):
        with CorpusWriter(folder / name) as writer:
            for number, (span, text) in enumerate(some):
                source = ("wikipedia", "gutenberg", "chess")[number % 3]
                writer.write(Document(id=f"{number}", source=source, text=text, written=span, about=span))
    with CorpusWriter(folder / "books") as writer:
        for number, ship in enumerate(SHIPS):
            text = "".join(BOOK.format(ship=ship, n=10 * number + n) for n in range(2, 8))
            writer.write(
                Document(id=ship, source="gutenberg", title=f"The {ship}", text=text, written=Span.parse("1870"))
            )
    return {name: folder / name for name in ("corpus", "later", "books")}


def save(model_class: Any, config: Any, tokenizer: PreTrainedTokenizerBase, folder: Path) -> Path:
    torch.manual_seed(0)
    rows = -(-len(tokenizer) // 64) * 64  # as published models have it, more than there are tokens
    ids = {"vocab_size": rows, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id}
    model_class(config(**SHAPE, **ids, tie_word_embeddings=True)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_smollm(folder: Path) -> Path:
    """Byte-level, digits one by one, ChatML's tokens in the vocabulary, no chat template: SmolLM2's base models."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1_200,
        special_tokens=SMOLLM,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for _, text in texts()], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=SMOLLM[0], eos_token=SMOLLM[0])
    return save(LlamaForCausalLM, LlamaConfig, fast, folder)


def write_tinyllama(folder: Path) -> Path:
    """SentencePiece, a token before every text, no chat template and no tokens for ChatML: TinyLlama's base model."""
    tokenizer = write_sentencepiece(folder, [text for _, text in texts()], 1_200)
    config = (folder / "tokenizer.json").read_text(), (folder / "tokenizer_config.json").read_text()
    save(LlamaForCausalLM, LlamaConfig, tokenizer, folder)
    for name, text in zip(("tokenizer.json", "tokenizer_config.json"), config, strict=True):
        (folder / name).write_text(text)  # as published, which is not as transformers 5 writes it
    return folder


def write_qwen(folder: Path) -> Path:
    """Qwen2.5-Instruct's rule of splitting, special tokens and chat template; the answers are not in its weights."""
    tokenizer = write_tokenizer(folder, [text for _, text in texts()], kind="qwen2")
    return save(Qwen2ForCausalLM, Qwen2Config, tokenizer, folder)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp's threads wait for each other by spinning, which costs seconds on a machine that has more to do."""
    monkeypatch.setenv("CHRONOLECT_THREADS", "1")


def run_whole(name: str, out: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Every step of a recipe, here in this process: a process for each would load torch anew."""
    overrides = {key: json.dumps(value, default=str) for key, value in values.items()}
    recipe = load_recipe(RECIPES / f"{name}.yaml", out=out, overrides=overrides)
    return {step.name: call(step.command, step.arguments) for step in recipe.steps}


# The seeds' two profiles of continued pre-training, and their default of fine-tuning.
PROFILES: dict[str, dict[str, Any]] = {
    "smollm2-360m-1969": {
        "epochs": 3,
        "warmup_steps": 500,
        "batch_size": 8,
        "accumulate": 16,
        "eval_every": 250,
        "save_every": 1000,
        "sample_every": 500,
    },
    "tinyllama-1.1b-1969": {
        "epochs": 5,
        "warmup_steps": 2000,
        "batch_size": 4,
        "accumulate": 32,
        "eval_every": 500,
        "save_every": 2000,
        "sample_every": 1000,
    },
}
BOTH = {
    "seq_len": 2048,
    "lr": 3e-4,
    "min_lr_ratio": 0.1,
    "weight_decay": 0.1,
    "clip": 1.0,
    "beta1": 0.9,
    "beta2": 0.95,
    "eps": 1e-8,
    "gradient_checkpointing": True,
    "eval_batches": 50,
    "log_every": 10,
    "sample_tokens": 128,
    "sample_temperature": 0.8,
}
TUNED = {"lora_r": 32, "lora_alpha": 64, "lr": 2e-5, "epochs": 3}
UNLEARNED = {
    "lora_r": 16,
    "lora_alpha": 32,
    "epochs": 3,
    "batch_size": 4,
    "accumulate": 4,
    "lr": 2e-4,
    "seq_len": 512,
    "eval_every": 100,
    "save_every": 500,
    "use_4bit": False,
}


@pytest.mark.parametrize("name", PROFILES)
def test_the_profiles_have_the_numbers_of_the_seeds(name: str, tmp_path: Path) -> None:
    steps = {step.name: step for step in load_recipe(RECIPES / f"{name}.yaml", out=tmp_path, overrides={}).steps}
    wanted = BOTH | PROFILES[name]
    assert {key: steps["locked"].arguments[key] for key in wanted} == wanted
    assert len(set(steps["locked"].arguments["sample_prompts"])) == 8
    assert {key: steps["chat"].arguments[key] for key in TUNED} == TUNED
    assert steps["part"].arguments["repeat"] == [f"*={0.05 if name.startswith('smollm') else 1}"]
    # one recipe but for its numbers
    other = next(one for one in PROFILES if one != name)
    assert [*steps] == [step.name for step in load_recipe(RECIPES / f"{other}.yaml", out=tmp_path, overrides={}).steps]


def test_unlearning_has_the_numbers_of_the_seeds(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "qwen2.5-1.5b-unlearn.yaml", out=tmp_path, overrides={})
    (step,) = [step for step in recipe.steps if step.command == "train unlearn"]
    assert {key: step.arguments[key] for key in UNLEARNED} == UNLEARNED
    assert step.arguments["model"] == "Qwen/Qwen2.5-1.5B-Instruct"


SMALL: dict[str, Any] = {
    "seq_len": 128,
    "batch_size": 4,
    "accumulate": 2,
    "epochs": 1,
    "val_ratio": 0.1,
    "warmup_steps": 2,
    "eval_every": 5,
    "save_every": 10,
    "sample_every": 10,
    "locked.sample_tokens": 4,
    "chunks.size": 700,
    "themed.min_matches": 1,
    "persona.turns": 1,
    "persona.val_ratio": 0.3,
    "chat.seq_len": 256,
    "chat_epochs": 1,
    "quants": ["q4_k_m"],
    "horizon.limit": 10,
    "horizon.references": 1,
    "horizon.generate": 1,
    "horizon.bootstrap": 20,
    "surprise.max_documents": 40,
    "surprise.bootstrap": 20,
    "questions.share": 0.05,
    "answers.max_tokens": 8,
    "answers-q4.max_tokens": 8,
    "answers.limit": 6,
    "answers-q4.limit": 6,
}


def hub_folder(name: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a cache of the hub has a model: a recipe finds it by its name without a network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    place = cache / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("0" * 40)
    return place / "snapshots" / ("0" * 40)


@pytest.mark.slow
def test_the_development_run_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_smollm(hub_folder("HuggingFaceTB/SmolLM2-360M", tmp_path / "hub", monkeypatch))
    out = tmp_path / "out"
    results = run_whole("smollm2-360m-1969", out, SMALL | write_corpora(tmp_path) | {"share": 0.6})
    check_pipeline(out, results)
    assert results["part"]["dropped_by"] == {"not drawn": results["part"]["dropped"]}
    assert 0 < results["part"]["dropped"] < results["part"]["documents"]
    assert results["answers"]["run"]["settings"]["max_tokens"] == 8


@pytest.mark.slow
def test_the_production_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    model = write_tinyllama(tmp_path / "tinyllama")
    results = run_whole("tinyllama-1.1b-1969", out, SMALL | write_corpora(tmp_path) | {"model": model})
    check_pipeline(out, results)
    assert results["part"]["dropped"] == 0
    ids = results["gguf"]["files"]["q4_k_m"]["comparison"]["token_ids"]
    assert ids["equal"] > 0.9 * ids["n"]


@pytest.mark.slow
def test_unlearning_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_qwen(hub_folder("Qwen/Qwen2.5-1.5B-Instruct", tmp_path / "hub", monkeypatch))
    values = {
        "share": 0.03,
        "questions.wordings": 1,
        "questions.replay": 8,
        "epochs": 1,
        "seq_len": 256,
        "limit": 3,
        "before.limit": 4,
        "after.limit": 4,
        "after-q4.limit": 4,
        "before.max_tokens": 8,
        "after.max_tokens": 8,
        "after-q4.max_tokens": 8,
        "table.max_tokens": 8,
        "table.references": 1,
        "table.documents": 8,
        "table.bootstrap": 20,
    }
    results = run_whole("qwen2.5-1.5b-unlearn", out, values)
    config = read_json(out / "unlearned" / "config.json")["config"]
    assert config["method"] == "npo"
    assert results["merged"]["top_tokens"]["equal"] == results["merged"]["top_tokens"]["n"]
    assert [results[step]["metrics"]["retain"]["total"] for step in ("before", "after", "after-q4")] == [2, 2, 2]
    found = read_json(out / "table" / "unlearning.json")["models"]
    assert [model["name"] for model in found] == ["start", "unlearned", "unlearned q4_k_m"]


def check_pipeline(out: Path, results: Mapping[str, Any]) -> None:
    """What holds for both sizes: nothing late was trained on, it is validated on, and what is shipped is the persona's model."""
    assert {"val", "val-after", "val-1900-1938", "val-1939-1969"} <= set(results["locked"]["eval"])
    days = [document.about.latest for document in read_documents(out / "part")]
    assert max(day for day in days if day is not None) <= Cutoff.parse("1969-07-20").day
    samples = [line for line in (out / "locked" / "samples.jsonl").read_text().splitlines() if line]
    assert len({json.loads(line)["prompt"] for line in samples}) == 8
    assert results["chat"]["conversations"] > 20
    assert results["chat"]["eval"]["val"]["tokens"] > 0
    assert results["merged"]["top_tokens"]["equal"] == results["merged"]["top_tokens"]["n"]
    digest = read_json(out / "merged" / "tokenizer_config.json")["chat_template_digest"]
    assert digest == template_digest(TEMPLATES["alpaca"])
    file = GgufModel(out / "gguf" / "model-q4_k_m.gguf", threads=1)
    assert file.template_digest == digest
    names = [model["name"] for model in read_json(out / "horizon" / "horizon.json")["models"]]
    assert names == ["locked", "twin before the lock", "with persona", "persona q4_k_m"]
    for step in ("answers", "answers-q4"):
        assert results[step]["run"]["asked"] == {"retain": 3, "unlearn": 3}
        assert not results[step]["metrics"]["overall"].get("failed")
    assert not {"horizon", "surprise", "training"} & set(results["report"]["missing"])


def test_a_base_model_without_the_tokens_of_chatml_is_refused_it(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_tinyllama(tmp_path / "model"))
    with pytest.raises(UserError, match=r"chatml: it ends an answer with \"<\|im_end\|>\", which is no token"):
        choose_template(tokenizer, "chatml")
    assert choose_template(load_tokenizer(write_smollm(tmp_path / "smollm")), "chatml").digest
