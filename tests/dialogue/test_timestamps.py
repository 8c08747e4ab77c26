"""The key `timestamp` on its way to a model: to a folder, to its GGUF file, and to a server, which applies a template of its own."""

from pathlib import Path

import pytest
import torch
from tests.chat_server import ChatServer

from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf
from chronolect.models.chat_template import choose_template
from chronolect.models.gguf_file import GgufModel
from chronolect.models.hf import HfModel
from chronolect.models.loading import load_tokenizer
from chronolect.models.presets import Shape, new_model
from chronolect.models.server import ServerModel

TALK = [
    {"role": "user", "content": "Is it noon?", "timestamp": "2031-05-04T11:58:00"},
    {"role": "assistant", "content": "Not yet.\n<think>\nTwo minutes.\n</think>"},
    {"role": "user", "content": "", "timestamp": "2031-05-04T12:00:00"},
]
TAGGED = [
    {"role": "user", "content": "<time>2031-05-04T11:58:00</time>\nIs it noon?"},
    TALK[1],
    {"role": "user", "content": "<time>2031-05-04T12:00:00</time>\n"},
]


@pytest.fixture(scope="module", params=["time", "chatml"])
def folder(request: pytest.FixtureRequest, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model with room for a conversation."""
    folder = tmp_path_factory.mktemp("talker")
    tokenizer = load_tokenizer(model_folder)
    choose_template(tokenizer, request.param)
    torch.manual_seed(0)
    model = new_model(Shape(layers=2, hidden=32, heads=4, kv_heads=2, intermediate=64, context=256), tokenizer)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim == 2:
                weights.mul_(8)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_folder_and_file_read_a_timestamp_as_its_tag(folder: Path, tmp_path: Path) -> None:
    source = read_source(folder)
    file = tmp_path / "talker.gguf"
    write_gguf(source, read_vocabulary(folder, config=source.config), file, file_type="f32", name="talker", licence="")
    models = [HfModel(folder, device="cpu"), GgufModel(file, threads=1)]
    prompts = {model._template.prompt(talk) for model in models for talk in (TALK, TAGGED)}
    assert len(prompts) == 1
    assert prompts.pop().endswith("<time>2031-05-04T12:00:00</time>\n<|im_end|>\n<|im_start|>assistant\n")
    assert models[0].template_digest == models[1].template_digest
    replies = {model.reply([talk], max_tokens=8)[0] for model in models for talk in (TALK, TAGGED)}
    assert len(replies) == 1
    assert models[0].reply([TALK[:1]], max_tokens=8)[0] not in replies


def test_a_server_gets_the_tag() -> None:
    with ChatServer(lambda body: "Noon!") as server:
        model = ServerModel(server.url)
        assert model.reply([TALK]) == ["Noon!"]
        assert server.bodies[-1]["messages"] == TAGGED
