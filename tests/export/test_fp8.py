"""The stage `export fp8`, with LLM Compressor on the processor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError
from chronolect.export.fp8 import export_fp8
from chronolect.export.fp8_check import fp8_differences
from chronolect.models.loading import load_model
from chronolect.models.opening import open_model


@pytest.fixture(scope="module")
def exported(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A small Llama in FP8, and what the command returned."""
    out = tmp_path_factory.mktemp("fp8") / "out"
    return out, export_fp8(str(llama), out=out)


def test_the_folder_computes_nearly_what_the_original_does(llama: Path, exported: tuple[Path, dict[str, Any]]) -> None:
    folder, counts = exported
    assert 0.01 < counts["relative_logit_error"] < 0.2
    assert counts["top_tokens"]["n"] > 300
    assert 0.7 * counts["top_tokens"]["n"] < counts["top_tokens"]["equal"] < counts["top_tokens"]["n"]
    assert counts["layers"] == 14
    assert counts["bytes"]["fp8"] < 0.6 * counts["bytes"]["original"]
    assert counts["sample"]["prompt"] == "What is 2 + 2?"
    ids = torch.tensor([[0, 20, 30, 40, 50]])
    with torch.inference_mode():
        found, expected = load_model(folder)(ids).logits, load_model(llama)(ids).logits
        plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        assert torch.equal(plain(ids).logits, found)
    assert 0.01 < (found - expected).norm() / expected.norm() < 0.2
    assert open_model(folder, device="cpu").loglikelihoods([("The river", " rises")])[0].logprob < 0
    assert AutoTokenizer.from_pretrained(folder).chat_template == AutoTokenizer.from_pretrained(llama).chat_template


def test_the_config_is_the_one_that_vllm_reads(exported: tuple[Path, dict[str, Any]]) -> None:
    config = read_json(exported[0] / "config.json")["quantization_config"]
    assert config["quant_method"] == "compressed-tensors"
    assert config["format"] == "float-quantized"
    assert config["ignore"] == ["lm_head"]
    assert not config.get("sparsity_config")
    assert not config.get("transform_config")
    assert config["kv_cache_scheme"] is None
    [group] = config["config_groups"].values()
    assert group["targets"] == ["Linear"]
    weights, inputs = group["weights"], group["input_activations"]
    assert (weights["num_bits"], weights["type"], weights["strategy"]) == (8, "float", "channel")
    assert (weights["symmetric"], weights["dynamic"]) == (True, False)
    assert (inputs["num_bits"], inputs["type"], inputs["strategy"]) == (8, "float", "token")
    assert (inputs["symmetric"], inputs["dynamic"]) == (True, True)
    assert group["output_activations"] is None
    tensors = load_file(exported[0] / "model.safetensors")
    matrices = {name for name, tensor in tensors.items() if tensor.dtype == torch.float8_e4m3fn}
    assert len(matrices) == 14
    assert all(tensors[f"{name}_scale"].shape == (tensors[name].shape[0], 1) for name in matrices)
    assert tensors["model.embed_tokens.weight"].dtype == torch.float32


def test_nothing_but_our_lines_is_printed(exported: tuple[Path, dict[str, Any]], tmp_path: Path, capfd: Any) -> None:
    before = sorted(Path.cwd().iterdir())
    capfd.readouterr()
    load_model(exported[0])(torch.tensor([[0, 1]]))
    assert capfd.readouterr() == ("", "")
    assert sorted(Path.cwd().iterdir()) == before


def test_what_it_says_and_where_it_writes(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    counts = export_fp8(f"{llama}/")
    assert counts["folder"] == "llama-FP8-Dynamic"
    assert (tmp_path / "llama-FP8-Dynamic" / "manifest.json").is_file()
    printed, said = capfd.readouterr()
    assert printed == ""
    lines = said.splitlines()
    assert lines[0] == "writing llama-FP8-Dynamic"
    assert lines[1].startswith("llama-FP8-Dynamic against the original: relative logit error 0.")
    assert lines[2].startswith("sample: 'What is 2 + 2?' -> ")
    assert "compute capability 8.9 and above" in lines[3]
    assert len(lines) == 4
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")) == ["llama-FP8-Dynamic"]


def test_another_config_than_vllm_expects_is_noticed(exported: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    stored = read_json(exported[0] / "config.json")
    tensors = load_file(exported[0] / "model.safetensors")
    layers = [name.removesuffix(".weight_scale") for name in tensors if name.endswith(".weight_scale")]
    save_file(tensors, tmp_path / "model.safetensors")

    def found(change: Callable[[dict[str, Any]], None]) -> list[str]:
        config = json.loads(json.dumps(stored))
        change(config["quantization_config"])
        write_json(tmp_path / "config.json", config)
        return fp8_differences(tmp_path, layers)

    assert found(lambda config: None) == []
    assert found(lambda config: config.update(ignore=[])) == ["ignore is [], not ['lm_head']"]
    assert found(lambda config: config["config_groups"]["group_0"]["weights"].update(strategy="tensor")) == [
        "group_0.weights.strategy is 'tensor', not 'channel'"
    ]
    assert found(lambda config: config["config_groups"].clear()) == ["config_groups has 0 groups, not 1"]
    name = "model.layers.0.mlp.up_proj.weight"
    tensors[name] = tensors[name].float()
    save_file(tensors, tmp_path / "model.safetensors")
    assert found(lambda config: None) == [f"{name} is stored as F32"]
    tensors.pop(name)
    save_file(tensors, tmp_path / "model.safetensors")
    assert found(lambda config: None) == [f"{name} is missing"]


def test_bad_input_is_named(llama: Path, exported: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"quantised already \(compressed-tensors\); give the model it was made from"):
        export_fp8(str(exported[0]), out=tmp_path / "out")
    with pytest.raises(UserError, match="no such folder"):
        export_fp8(str(tmp_path / "absent"), out=tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(llama)
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = torch.nan
    model.save_pretrained(tmp_path / "broken")
    AutoTokenizer.from_pretrained(llama).save_pretrained(tmp_path / "broken")
    with pytest.raises(UserError, match="its logits in FP8 differ by nan"):
        export_fp8(str(tmp_path / "broken"), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
