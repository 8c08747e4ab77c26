import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from chronolect.errors import UserError
from chronolect.planning.devices import find_device, usual_mfu
from chronolect.planning.memory import Step
from chronolect.planning.shapes import ModelShape, find_shape
from chronolect.planning.throughput import flops_per_token, judge_data, parse_tokens, tokens_per_second
from chronolect.training.config import TrainingConfig
from chronolect.training.metrics import flops_per_token as counted_by_the_loop


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("rank", [0, 4])
def test_arithmetic_is_what_the_loop_reports(tied: bool, rank: int) -> None:
    shape = ModelShape(
        name="x", family="llama", layers=2, hidden=64, heads=4, kv_heads=2, head_dim=16, intermediate=144, vocab=96, context=64, tied=tied,
    )  # fmt: skip
    config = LlamaConfig(
        vocab_size=96, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
        intermediate_size=144, tie_word_embeddings=tied,
    )  # fmt: skip
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    if rank:
        get_peft_model(model, LoraConfig(r=rank, target_modules="all-linear", task_type="CAUSAL_LM"))
    step = Step(shape=shape, config=TrainingConfig(seq_len=48, lora_r=rank), device=find_device("h200"))
    assert flops_per_token(step) == counted_by_the_loop(model, 48)


def test_speed_on_the_h200_is_the_measured_one() -> None:
    for preset, seq_len, plain, compiled in (
        ("124m", 1024, 269_196, 484_912),
        ("tinyllama-1.1b", 2048, 49_809, 72_679),
    ):
        for flag, measured in ((False, plain), (True, compiled)):
            step = Step(
                shape=find_shape(preset, vocab_size=32_000),
                config=TrainingConfig(seq_len=seq_len, compile=flag),
                device=find_device("h200"),
            )
            mfu = usual_mfu(step.device, step.shape.num_parameters, compiled=flag)
            assert tokens_per_second(step, mfu) == pytest.approx(measured, rel=0.01)


def test_recomputation_costs_a_third_and_two_devices_halve() -> None:
    shape, device = find_shape("smollm2-360m"), find_device("strix-halo")
    plain = TrainingConfig(seq_len=2048)
    recomputed = TrainingConfig(seq_len=2048, gradient_checkpointing=True)
    mfu = usual_mfu(device, shape.num_parameters, compiled=False)
    fast = tokens_per_second(Step(shape=shape, config=plain, device=device), mfu)
    slow = tokens_per_second(Step(shape=shape, config=recomputed, device=device), mfu)
    assert slow == pytest.approx(fast * 3 / 4)
    assert slow == pytest.approx(1_200, rel=0.02)  # what the users of that machine report
    assert tokens_per_second(Step(shape=shape, config=plain, device=device, gpus=2), mfu) == pytest.approx(2 * fast)


def test_tokens_are_read_with_their_unit() -> None:
    assert parse_tokens("1.94B") == 1.94e9
    assert parse_tokens("500m") == parse_tokens("500,000,000") == 5e8
    for wrong in ("many", "-3", "0", "1.5X", ""):
        with pytest.raises(UserError, match="--tokens"):
            parse_tokens(wrong)


@pytest.mark.parametrize(
    ("tokens", "verdict"),
    [(3e9, "enough"), (1e9, "repeat it 2.0 times"), (2e8, "short: 10.0 passes"), (1e7, "far too")],
)
def test_data_are_judged_by_twenty_tokens_a_weight(tokens: float, verdict: str) -> None:
    judged = judge_data(100_000_000, tokens, epochs=2)
    assert judged["verdict"].startswith(verdict)
    assert judged["tokens_per_weight"] == pytest.approx(2 * tokens / 1e8)
    assert judged["chinchilla_tokens"] == 2e9


def test_devices() -> None:
    assert find_device("h100", price=1.5, memory_gib=90).price == 1.5
    with pytest.raises(UserError, match=r'did you mean "h100"'):
        find_device("h10")
    with pytest.raises(UserError, match="--price"):
        find_device("h100", price=-1)
