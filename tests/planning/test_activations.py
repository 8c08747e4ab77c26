from itertools import product

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from chronolect.planning.activations import Adapters, Precision, kept_per_token
from chronolect.planning.shapes import ModelShape

ROWS, LENGTH, RANK = 2, 48, 2


def tiny(family: str, layers: int) -> ModelShape:
    return ModelShape(
        name="x", family=family, layers=layers, hidden=64, heads=4, kv_heads=2, head_dim=16, intermediate=144, vocab=64,
        context=64, tied=False,
    )  # fmt: skip


def make(shape: ModelShape, attention: str) -> PreTrainedModel:
    config = AutoConfig.for_model(
        shape.family, vocab_size=shape.vocab, hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, head_dim=shape.head_dim,
        intermediate_size=shape.intermediate, bos_token_id=0, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config, attn_implementation=attention).train()


def saved(model: torch.nn.Module, *, bfloat16: bool) -> int:
    """Bytes that autograd keeps of a forward pass through the decoder, the model's own weights aside."""
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    own = {weights.untyped_storage().data_ptr() for weights in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return tensor

    tokens = torch.zeros((ROWS, LENGTH), dtype=torch.long)
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=bfloat16),
    ):
        hidden = plain.get_decoder()(input_ids=tokens, use_cache=False).last_hidden_state
    assert hidden.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("family", ["llama", "qwen2", "phi3", "gemma2"])
@pytest.mark.parametrize("bfloat16", [True, False], ids=["bfloat16", "float32"])
def test_a_block_keeps_what_autograd_says(family: str, bfloat16: bool) -> None:
    for attention, (rank, dropout) in product(["sdpa", "eager"], [(0, 0.0), (RANK, 0.0), (RANK, 0.1)]):
        found = []
        for layers in (2, 3):  # the first block differs, where nothing before it is trained: so the third is weighed
            model = make(tiny(family, layers), attention)
            if rank:
                lora = LoraConfig(r=rank, lora_dropout=dropout, target_modules="all-linear", task_type="CAUSAL_LM")
                model = get_peft_model(model, lora)
            found.append(saved(model, bfloat16=bfloat16))
        shape = tiny(family, 3)
        adapters = None
        if rank:
            adapters = Adapters(rank=rank, targets=frozenset(shape.linears), dropout=dropout > 0, mask=4)
        planned = ROWS * LENGTH * kept_per_token(
            shape, Precision(bfloat16=bfloat16), attention=attention, seq_len=LENGTH, adapters=adapters
        )  # fmt: skip
        if bfloat16:
            planned += 2 * shape.block_weights + 2 * rank * sum(sum(sizes) for sizes in shape.linears.values())
        of_norms = 4 * 4 * shape.hidden if family == "gemma2" else 0  # 1 + weight, where that is trained
        assert found[1] - found[0] == pytest.approx(planned + of_norms, abs=of_norms), (attention, rank, dropout)


def test_a_model_gathered_in_bfloat16_keeps_less() -> None:
    found = [saved(make(tiny("llama", layers), "sdpa").to(torch.bfloat16), bfloat16=True) for layers in (2, 3)]
    precision = Precision(bfloat16=True, sharded=True)
    planned = kept_per_token(tiny("llama", 3), precision, attention="sdpa", seq_len=LENGTH)
    assert found[1] - found[0] == ROWS * LENGTH * planned
