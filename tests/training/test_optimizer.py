"""AdamW's groups."""

from transformers import LlamaForCausalLM

from chronolect.training.config import TrainingConfig
from chronolect.training.optimizer import make_optimizer


def test_norms_have_no_decay(model: LlamaForCausalLM) -> None:
    optimizer = make_optimizer(model, TrainingConfig(weight_decay=0.3))
    matrices, vectors = optimizer.param_groups
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.3, 0.0)
    norms = {id(p) for name, p in model.named_parameters() if "norm" in name}
    assert {id(p) for p in vectors["params"]} == norms
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(model.parameters()))
    assert optimizer.defaults["fused"]
