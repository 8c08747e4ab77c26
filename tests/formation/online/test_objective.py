"""What is read of a step, and what is added to its loss."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from tests.formation.online.settings import formation
from transformers import LlamaConfig, LlamaForCausalLM

from chronolect.formation.alignment import attention_diversity
from chronolect.formation.online.attention import watch_attention
from chronolect.formation.online.learners import make_learners
from chronolect.formation.online.objective import Followed
from chronolect.formation.reading.residuals import capture
from chronolect.training.objectives import Objective
from chronolect.training.objectives.causal import Causal
from chronolect.training.objectives.chat import Chat
from chronolect.training.rows import pad_rows


def make_model(attention: str = "sdpa") -> LlamaForCausalLM:
    """Three blocks of width 32, always the same."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.2,
        attn_implementation=attention,
    )
    return LlamaForCausalLM(config).train()


def make_batch(rows: int = 4, tokens: int = 12) -> dict[str, Any]:
    """Random tokens 2 to 49; 0 ends texts."""
    ids = torch.randint(2, 50, (rows, tokens + 1), generator=torch.Generator().manual_seed(1))
    ids[0, 5] = 0
    return {"input_ids": ids[:, :-1], "labels": ids[:, 1:], "position": 0, "num_items": rows * tokens}


def followed(inner: Objective | None = None, *, layers: Sequence[int] = (1,), **changes: Any) -> Followed:
    """An objective with two autoencoders."""
    config = formation(**{"update_frequency": 1, "tokens_per_update": 1000, **changes})
    learners = make_learners(config, layers=layers, width=32, steps=10, tokens=None, seed=0, device=torch.device("cpu"))
    return Followed(
        inner=inner or Causal(),
        config=config,
        layers=layers,
        learners=learners,
        excluded=[0],
        accumulate=1,
        processes=1,
        seed=0,
    )


def test_the_stream_is_laid_by_of_every_token_that_counts_and_no_other() -> None:
    model, batch, objective = make_model(), make_batch(), followed()
    with capture(model, [1]) as captured:
        plain, _ = Causal()(model, batch)
    loss, _ = objective(model, batch)
    assert torch.equal(loss, plain)
    x, terms = objective.next_step(1)
    counted = torch.ones(4, 12, dtype=torch.bool)
    counted[:, 0] = counted[0, 5] = False
    assert x is not None
    assert torch.equal(x[:, 0], captured[1][counted])
    assert not x.requires_grad
    assert terms == {}
    assert objective.next_step(2) == (None, {})


def test_padding_is_not_learned_from() -> None:
    rows = [([5, 6, 7, 8], 4), ([9, 10], 2)]
    batch = pad_rows([(torch.tensor(ids).numpy(), torch.ones(n, dtype=torch.bool).numpy()) for ids, n in rows], 0, 0)
    objective = followed(Chat())
    objective(make_model(), {**batch, "num_items": 4})
    x, _ = objective.next_step(1)
    assert x is not None
    assert len(x) == 2  # of [5, 6, 7] and [9, pad, pad] those that are neither first nor padding


def test_a_sample_is_a_function_of_seed_and_step() -> None:
    model, batch = make_model(), make_batch()
    drawn = []
    for step in (0, 0, 1):
        objective = followed(tokens_per_update=10)
        objective.step = step
        objective(model, batch)
        drawn.append(objective.next_step(step + 1)[0])
    first, again, later = drawn
    assert first is not None
    assert again is not None
    assert later is not None
    assert first.shape == (10, 1, 32)
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


def test_only_every_nth_step_is_read_and_validation_never() -> None:
    model, batch, objective = make_model(), make_batch(), followed(update_frequency=3)
    read = []
    for step in range(6):
        objective(model, batch)
        read.append(objective.next_step(step + 1)[0] is not None)
    assert read == [True, False, False, True, False, False]
    objective = followed()
    with torch.no_grad():
        objective(model.eval(), batch)
    assert objective.next_step(1)[0] is None


@pytest.mark.parametrize("changes", [{}, {"route": "advantage", "layers": (0, 1, 2)}])
def test_coupling_adds_the_normalised_error_and_its_gradient(changes: dict[str, Any]) -> None:
    batch = make_batch()
    objective = followed(coupling=0.5, sae_reconstruction_weight=2.0, **changes)
    objective(make_model(), batch)
    x, _ = objective.next_step(1)
    assert x is not None
    for learner in objective.learners:
        for _ in range(3):
            learner.learn(x)

    model = make_model()
    loss, _ = objective(model, batch)
    loss.backward()
    other = make_model()
    with capture(other, objective.layers, detach=False) as captured:
        plain, _ = Causal()(other, batch)
    counted = torch.ones(4, 12, dtype=torch.bool)
    counted[:, 0] = counted[0, 5] = False
    states = captured.stacked()[counted]
    errors = []
    for learner in objective.learners:
        sae = learner.trainer.sae
        u = states[:, 0]
        if changes:
            route: Any = learner.sae
            u = route.normalised(states)[torch.arange(len(states)), route.choose(states)]
        x_hat = sae.decode(sae.encode(u))
        errors.append((u - x_hat).square().sum() / (u - u.mean(dim=0)).square().sum())
    expected = plain + 0.5 * 2.0 * sum(errors) / len(errors)  # type: ignore[operator]
    expected.backward()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert one.grad is not None
        assert two.grad is not None
        torch.testing.assert_close(one.grad, two.grad, rtol=1e-4, atol=1e-6)
    assert objective.next_step(2)[1]["coupling"] == pytest.approx(float(sum(errors)) / len(errors), rel=1e-5)


def test_coupling_sends_nothing_to_the_autoencoders() -> None:
    model, batch, objective = make_model(), make_batch(), followed(coupling=1.0)
    for step in range(2):  # at the first they are untrained, and not taken into account
        loss, _ = objective(model, batch)
        loss.backward()
        x, _ = objective.next_step(step + 1)
        parameters = [p for learner in objective.learners for _, p in learner.trainer.named_parameters()]
        assert all(p.grad is None and p.requires_grad for p in parameters)
        assert x is not None
        for learner in objective.learners:
            learner.learn(x)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_attention_weights_are_those_of_the_model_whatever_its_kernel(attention: str) -> None:
    batch = make_batch()
    reference = make_model("eager")
    expected = reference(input_ids=batch["input_ids"], output_attentions=True).attentions
    model = make_model(attention)
    with watch_attention(model, [0, 2]) as watched:
        Causal()(model, batch)
    found = watched.weights()
    torch.testing.assert_close(found[0], expected[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[1], expected[2], rtol=1e-4, atol=1e-6)
    assert model.config._attn_implementation == attention
    attention_diversity(found).backward()
    query: Any = model.model.layers[2].self_attn.q_proj  # type: ignore[union-attr]
    assert query.weight.grad.abs().max() > 0


def test_attention_diversity_is_added_on_its_steps_with_its_weight() -> None:
    model, batch = make_model(), make_batch()
    settings = {"alignment": "attention_diversity", "alignment_weight": 0.25, "alignment_every": 2}
    objective = followed(layers=(2,), **settings)
    plain, _ = Causal()(model, batch)
    first, _ = objective(model, batch)
    _, terms = objective.next_step(1)
    second, _ = objective(model, batch)
    assert float(first - plain) == pytest.approx(0.25 * terms["attention_diversity"], rel=1e-4)
    assert torch.equal(second, plain)
