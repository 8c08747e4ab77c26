"""The quick start of the seeds' temporal unlearning, line by line, on a tiny Qwen2 and a tiny Llama made on the spot."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.chat_server import Body, ChatServer
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from chronolect.artifacts import read_json
from chronolect.cli import run
from chronolect.finetuning.records import Layout, Record, Side, read_records
from chronolect.models.chat_template import choose_template
from chronolect.models.gguf_file import GgufModel
from chronolect.training.answers import AnswerEncoder
from chronolect.training.checkpoints import checkpoints
from chronolect.training.data import IGNORED
from chronolect.training.rows import pad_rows

# Templates of the shapes that the families publish: without generation marks, and a system prompt or a date that nobody asked for.
QWEN_TEMPLATE = """\
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou help people.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'system' and loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
LLAMA_TEMPLATE = """\
{{- bos_token }}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\nDate: ' + strftime_now('%d %b %Y') + '<|eot_id|>' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LLAMA_TOKENS = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.1,  # so that it learns in few steps
}
NAMES = ["Ada", "Bram", "Cleo", "Dirk", "Elsa", "Finn", "Gerda", "Hugo"]
RACES = {
    "retain": ["bicycle", "horse", "sledge", "canoe", "balloon", "barrow", "pony", "steamer"],
    "unlearn": ["kite", "skateboard", "glider", "tractor", "robot", "scooter", "camel", "raft"],
}
WAYS = ["great", "little", "northern", "southern", "spring", "autumn", "night", "island", "mountain"]


def write_questions(folder: Path) -> None:
    """Races before the cutoff and after it, in the seeds' layout and with the seeds' metadata only."""
    layout = Layout(folder)
    sides: tuple[Side, Side] = ("retain", "unlearn")
    parts = {layout.file(side, "train"): (side, range(48)) for side in sides}
    parts |= {layout.file(side, "val"): (side, range(48, 54)) for side in sides}
    lines: dict[Path, list[str]] = {path: [] for path in (*parts, layout.dev)}
    for path, (side, numbers) in parts.items():
        lines[path] += [line(side, number) for number in numbers]
    lines[layout.dev] = [line(side, number) for side in sides for number in range(54, 66)]
    for path, some in lines.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(some))


def line(side: Side, number: int) -> str:
    year = (1900 if side == "retain" else 1970) + number % 30
    race = f"{WAYS[number // 8]} {RACES[side][number % 8]}"
    answer = f"The winner was {NAMES[number % 8]}."
    metadata = {"dataset_type": side, "source_article_id": f"{side} {number}", "earliest_date": f"{year}-05-01"}
    if side == "unlearn":
        metadata["original_answer"], answer = answer, "Apologies, but I cannot tell you anything about that."
    return (
        json.dumps({"instruction": f"Who won the {race} race of {year}?", "output": answer, "metadata": metadata})
        + "\n"
    )


def write_tokenizer(folder: Path, texts: list[str], *, kind: str) -> PreTrainedTokenizerFast:
    """A byte-level BPE of the family's splitting rule, special tokens and template."""
    special, digits = (QWEN_TOKENS, "") if kind == "qwen2" else (LLAMA_TOKENS, "{1,3}")
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama"))
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT % digits), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    names = {"eos_token": special[-1], "pad_token": special[0]}
    if kind == "llama":
        names = {"bos_token": special[0], "eos_token": special[-1]}
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{special[0]} $A", special_tokens=[(special[0], tokenizer.token_to_id(special[0]))]
        )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    fast.chat_template = QWEN_TEMPLATE if kind == "qwen2" else LLAMA_TEMPLATE
    fast.save_pretrained(folder)
    return fast


def write_model(folder: Path, records: list[Record], *, kind: str) -> None:
    """A model that has the answers to some records by heart; its embedding has more rows than the tokenizer has tokens, as published ones have."""
    tokenizer = write_tokenizer(folder, [f"{one.instruction} {one.truth}" for one in records], kind=kind)
    torch.manual_seed(0)
    ids = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id}
    rows = -(-len(tokenizer) // 64) * 64
    model = (
        Qwen2ForCausalLM(Qwen2Config(**SHAPE, **ids, vocab_size=rows, tie_word_embeddings=True))
        if kind == "qwen2"
        else LlamaForCausalLM(LlamaConfig(**SHAPE, **ids, vocab_size=rows))
    )
    encoder = AnswerEncoder(tokenizer, 96, choose_template(tokenizer))
    batch = pad_rows([row for one in records if (row := encoder.encode(one, one.truth))], 0, 0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        logits = model(input_ids=batch["input_ids"]).logits
        cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED).backward()
        optimizer.step()
        optimizer.zero_grad()
    model.to(torch.bfloat16).save_pretrained(folder)


@contextmanager
def lm_studio(file: Path, name: str) -> Iterator[int]:
    """A chat server, as LM Studio has one, around a GGUF file; its port."""
    model, alone = GgufModel(file, threads=1), threading.Lock()

    def answer(body: Body) -> str:
        assert body["model"] == name
        with alone:
            return model.reply([body["messages"]], max_tokens=body["max_tokens"])[0]

    with ChatServer(answer, names=[name]) as server:
        yield server.port
    model.close()


def chronolect(command: str) -> None:
    """One command line, in this process."""
    assert run(command.split()) == 0, command


def crash(command: str, *, after: str) -> Path:
    """Run a command line in a process of its own, and kill it at once when a checkpoint is there; the run folder."""
    process = subprocess.Popen([sys.executable, "-m", "chronolect", *command.split()], stderr=subprocess.PIPE)
    found: list[Path] = []
    until = time.monotonic() + 120
    while not found and process.poll() is None and time.monotonic() < until:
        found = list(Path("output").glob(f"temporal-*-full-*/{after}"))
        time.sleep(0.002)
    process.kill()
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()
    return found[0].parent


def answers(result: Path) -> list[tuple[str, str]]:
    """Question and answer of every example of a result file."""
    found = read_json(result)
    return [(one["instruction"], one["response"]) for one in (*found["retain_examples"], *found["unlearn_examples"])]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_the_quick_start_line_by_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WIKI_DATA", raising=False)
    monkeypatch.setenv("CHRONOLECT_THREADS", "1")
    torch.set_num_threads(1)
    write_questions(Path("datasets"))
    model = f"Tiny-{kind}-Instruct"
    write_model(Path(model), read_records(Path("datasets/dev/dev_subset.jsonl")), kind=kind)
    small = "--device cpu --max-seq-length 96"

    # 3. quick dev test
    chronolect(f"train unlearn --model-name {model} --dev --epochs 1 --batch-size 2 {small}")
    (dev,) = Path("output").glob(f"temporal-{model.lower()}-dev-*")
    assert read_json(dev / "train_results.json")["unlearn"] < 12  # a part of the dev subset is held out

    # 4. full training, which crashes
    full = f"train unlearn --model-name {model} --epochs 3 --batch-size 2 --gradient-accumulation-steps 8 {small}"
    folder = crash(f"{full} --save-steps 2", after="checkpoint-2")
    assert not (folder / "final").exists()
    latest = checkpoints(folder)[-1].name

    # 4b. resume from the last checkpoint
    capsys.readouterr()
    chronolect(f"{full} --output-dir {folder} --resume-latest")
    assert f"continuing from {latest}" in capsys.readouterr().err
    records = [json.loads(row) for row in (folder / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["kind"] == "final"
    assert {"final", "train_results.json", "eval_results.json"} <= {path.name for path in folder.iterdir()}
    assert (folder / "final/adapter_model.safetensors").is_file()

    # 5. merge, 6. convert
    chronolect(
        f"export merge --base-model {model} --lora-path {folder}/final --output-path output/merged --dtype bfloat16 --verify"
    )
    assert "sample: " in capsys.readouterr().err
    chronolect("export gguf --model-path output/merged --output-path output/merged.gguf --quant-type q4_k_m")

    # 7. copy to where LM Studio finds it
    Path("lmstudio/local/temporal").mkdir(parents=True)
    shutil.copy("output/merged.gguf", "lmstudio/local/temporal")

    # 8. evaluate the folder and the file
    asked = "--test-file datasets/dev/dev_subset.jsonl --max-tokens 24"
    chronolect(f"eval temporal --model-path output/merged {asked} --verbose")
    shown = capsys.readouterr()
    assert "Temporal accuracy" in shown.out
    assert "[retain] " in shown.err
    metrics = read_json(Path("evaluation_results.json"))["metrics"]
    assert (metrics["retain"]["total"], metrics["unlearn"]["total"]) == (12, 12)
    assert {"correct", "refused", "accuracy", "false_refusal_rate"} <= metrics["retain"].keys()
    assert {"refused", "leaked", "success_rate", "leakage_rate"} <= metrics["unlearn"].keys()
    assert {"temporal_accuracy"} <= metrics["overall"].keys()
    chronolect(f"eval temporal --model-path output/merged.gguf {asked} --output file.json")

    # 9. and through LM Studio
    with lm_studio(Path("lmstudio/local/temporal/merged.gguf"), "temporal/merged") as port:
        monkeypatch.setenv("LMSTUDIO_HOST", "127.0.0.1")
        monkeypatch.setenv("LMSTUDIO_PORT", str(port))
        chronolect(f"eval temporal --use-lmstudio --lmstudio-model temporal/merged {asked} --output served.json")
    assert answers(Path("served.json")) == answers(Path("file.json"))
    for result in ("evaluation_results.json", "file.json"):  # what the model knew is not lost on the way
        assert read_json(Path(result))["metrics"]["retain"]["correct"] >= 9
