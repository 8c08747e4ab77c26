"""Each method against numbers worked out by hand, and against the published formula on a real model."""

import math
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from chronolect.training.data import IGNORED
from chronolect.training.objectives.unlearning import METHODS
from chronolect.training.objectives.unlearning.dpo import DPO, AltPO
from chronolect.training.objectives.unlearning.gradient_ascent import GradDiff, GradientAscent
from chronolect.training.objectives.unlearning.npo import NPO
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.refusal import Refusal
from chronolect.training.objectives.unlearning.retain_only import RetainOnly
from chronolect.training.objectives.unlearning.rmu import RMU
from chronolect.training.objectives.unlearning.simnpo import SimNPO
from chronolect.training.objectives.unlearning.start_model import StartModel
from chronolect.training.objectives.unlearning.targets import Targets, look


def certain(*answers: list[float]) -> Targets:
    """Rows of targets that a model of two tokens gives these probabilities."""
    probabilities = [p for row in answers for p in row]
    logits = torch.tensor([[math.log(1 - p), math.log(p)] for p in probabilities])
    rows = torch.tensor([number for number, row in enumerate(answers) for _ in row])
    return Targets(logits, torch.ones(len(probabilities), dtype=torch.long), rows, len(answers))


NOTHING = Targets(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long), 0)


def test_refusal_by_hand() -> None:
    # three tokens with probabilities 1/2, 1/4 and 1/4: (ln 2 + ln 4 + ln 4) / 3
    found = Refusal().forget_term(NOTHING, certain([0.5, 0.25], [0.25]), {})
    assert found.item() == pytest.approx(5 * math.log(2) / 3)


def test_grad_diff_by_hand() -> None:
    assert GradDiff().forget_term(certain([0.5, 0.25]), NOTHING, {}).item() == pytest.approx(-1.5 * math.log(2))


def test_npo_by_hand() -> None:
    # p = 1/8 and p = 1/2, both 1/2 at the start: log-ratios -ln 4 and 0; with beta 1: 2 ln(1 + 1/4) and 2 ln 2
    batch = {"forget_reference": torch.tensor([math.log(0.5), math.log(0.5)])}
    found = NPO(beta=1.0).forget_term(certain([0.5, 0.25], [0.5]), NOTHING, batch)
    assert found.item() == pytest.approx((2 * math.log(1.25) + 2 * math.log(2)) / 2)


def test_npo_becomes_gradient_ascent_as_beta_falls() -> None:
    p = torch.tensor(0.3, requires_grad=True)
    logits = torch.stack([torch.log(1 - p), torch.log(p)])[None]
    forget = Targets(logits, torch.tensor([1]), torch.tensor([0]), 1)
    NPO(beta=1e-4).forget_term(forget, NOTHING, {"forget_reference": torch.tensor([math.log(0.3)])}).backward()
    assert p.grad is not None
    assert p.grad.item() == pytest.approx(1 / 0.3, rel=1e-3)  # d log p / dp


def test_simnpo_by_hand() -> None:
    # -log p per token: ln 2; beta 2, delta ln 2: -(2/2) log sigmoid(0) = ln 2
    found = SimNPO(beta=2.0, delta=math.log(2)).forget_term(certain([0.5, 0.5]), NOTHING, {})
    assert found.item() == pytest.approx(math.log(2), rel=1e-6)


def test_simnpo_weighs_long_and_short_answers_alike() -> None:
    short = SimNPO().forget_term(certain([0.3]), NOTHING, {})
    assert SimNPO().forget_term(certain([0.3] * 5), NOTHING, {}).item() == pytest.approx(short.item(), rel=1e-5)


def test_dpo_by_hand() -> None:
    # the alternative doubled (ln 2), the truth halved (-ln 2): margin ln 4; beta 1: -2 log sigmoid(ln 4) = -2 ln(4/5)
    batch = {
        "forget_reference": torch.tensor([math.log(0.5)]),
        "alternative_reference": torch.tensor([math.log(0.25)]),
    }
    found = DPO(beta=1.0).forget_term(certain([0.25]), certain([0.5]), batch)
    assert found.item() == pytest.approx(-2 * math.log(0.8))


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(1)
    shape: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    return LlamaForCausalLM(LlamaConfig(vocab_size=50, max_position_embeddings=64, **shape))


def make_batch(*, truth: bool = True, instead: bool = True) -> dict[str, Any]:
    """Two questions: their answers, alternatives and two rows to retain, of different lengths."""
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(1, 50, (6, 9), generator=generator)
    labels = torch.randint(1, 50, (6, 9), generator=generator)
    for row, (first, last) in enumerate([(3, 6), (4, 9), (2, 5), (5, 6), (1, 9), (6, 8)]):
        labels[row, :first] = IGNORED
        labels[row, last:] = IGNORED
    keep = [*([0, 1] if truth else []), *([2, 3] if instead else []), 4, 5]
    batch = {"input_ids": ids[keep], "labels": labels[keep], "position": 0, "items": 2, "num_items": 2}
    batch["sizes"] = (2 * truth, 2 * instead, 2)
    batch["forget_reference"] = torch.tensor([-9.0, -20.0])
    batch["alternative_reference"] = torch.tensor([-11.0, -4.0])
    return batch


def published_nll(model: Any, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed loss and number of targets of each row, from all logits, as the papers' code takes them."""
    logits = model(ids).logits
    loss = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none", ignore_index=IGNORED)
    return loss.sum(-1), (labels != IGNORED).sum(-1)


def published(name: str, model: Any, batch: dict[str, Any]) -> torch.Tensor:
    """The formula of the paper, written without anything of the code under test."""
    ids, labels, (n, m, _) = batch["input_ids"], batch["labels"], batch["sizes"]
    nll, count = published_nll(model, ids, labels)
    forget, alternative, retain = nll[:n], nll[n : n + m], nll[n + m :]
    kept = retain.sum() / count[n + m :].sum()
    if name == "refusal":
        return alternative.sum() / count[n : n + m].sum() + kept
    if name == "gradient-ascent":
        return -forget.sum() / count[:n].sum()
    if name == "grad-diff":
        return -forget.sum() / count[:n].sum() + kept
    if name == "npo":  # equation 3: 2/beta E log(1 + (pi/pi_ref)^beta)
        ratio = torch.exp(-forget - batch["forget_reference"])
        return (2 / 0.1 * torch.log(1 + ratio**0.1)).mean() + kept
    if name == "simnpo":  # equation 4: -2/beta E log sigmoid(-beta/|y| log pi - gamma)
        return (-2 / 4.5 * torch.log(torch.sigmoid(4.5 * forget / count[:n]))).mean() + kept
    if name in ("dpo", "altpo"):  # -2/beta E log sigmoid(beta log(pi/ref)(y_w) - beta log(pi/ref)(y_l))
        win, lose = -alternative - batch["alternative_reference"], -forget - batch["forget_reference"]
        return (-2 / 0.1 * torch.log(torch.sigmoid(0.1 * (win - lose)))).mean() + kept
    return kept


@pytest.mark.parametrize("name", [name for name in METHODS if name != "rmu"])
def test_loss_and_gradient_are_the_published_formula(name: Any, model: LlamaForCausalLM) -> None:
    method = METHODS[name]
    batch = make_batch(truth=method.needs_truth, instead=method.needs_alternatives)
    grads = []
    losses = []
    for compute in (lambda: method()(model, batch)[0], lambda: published(name, model, batch)):
        model.zero_grad()
        loss = compute()
        loss.backward()
        losses.append(loss.item())
        grads.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-3, atol=1e-6)


def test_kl_is_zero_at_the_start_and_the_published_divergence_after_it(model: LlamaForCausalLM) -> None:
    batch = make_batch(instead=False)
    objective = NPO(kl=1.0, start=StartModel(model))
    assert objective.terms(model, batch)["kl"].item() == pytest.approx(0.0, abs=1e-6)
    torch.manual_seed(3)
    moved = LlamaForCausalLM(model.config)
    kept, chosen = batch["input_ids"][2:], batch["labels"][2:] != IGNORED
    now = F.log_softmax(moved(kept).logits[chosen], -1)
    before = F.log_softmax(model(kept).logits[chosen], -1)
    expected = (before.exp() * (before - now)).sum(-1).mean()
    assert objective.terms(moved, batch)["kl"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_rmu_by_hand_and_against_the_published_activation_loss(model: LlamaForCausalLM) -> None:
    batch = make_batch(instead=False)
    objective = RMU(layer=0, steering=3.0, seed=5, start=StartModel(model))
    terms = objective.terms(model, batch)
    assert terms["retain"].item() == pytest.approx(0.0, abs=1e-10)  # nothing has moved yet
    drawn = torch.rand(32, generator=torch.Generator().manual_seed(5))
    vector = 3.0 * drawn / drawn.norm()
    states = model(batch["input_ids"][:2], output_hidden_states=True).hidden_states[1]  # 0 is the embedding
    mask = (batch["labels"][:2] != IGNORED)[..., None].expand_as(states)
    squares = ((states - vector) ** 2 * mask).mean(2).sum(1) / mask[..., 0].sum(-1)
    assert terms["forget"].item() == pytest.approx(squares.mean().item(), rel=1e-4)


def test_micro_batches_weigh_by_their_questions(model: LlamaForCausalLM) -> None:
    batch = make_batch(instead=False)
    alone = NPO(alpha=0.0)(model, batch)[0]
    shared = NPO(alpha=0.0)(model, {**batch, "num_items": 8})[0]
    assert shared.item() == pytest.approx(alone.item() / 4)


def test_gradient_ascent_has_no_retain_term_and_the_reference_no_forget_term(model: LlamaForCausalLM) -> None:
    assert "retain" not in GradientAscent().terms(model, make_batch(instead=False))
    terms = RetainOnly().terms(model, make_batch(truth=False, instead=False))
    assert terms["forget"].item() == 0.0
    assert terms["retain"].item() > 0


def test_without_sizes_it_is_the_plain_loss(model: LlamaForCausalLM) -> None:
    batch = make_batch()
    expected, _ = published_nll(model, batch["input_ids"], batch["labels"])
    plain = {"input_ids": batch["input_ids"], "labels": batch["labels"], "num_items": 1}
    for objective in (NPO(), AltPO(), RMU(start=StartModel(model))):
        assert objective(model, plain)[0].item() == pytest.approx(expected.sum().item(), rel=1e-4)


def test_adapters_that_are_not_trained_stay_so_when_the_start_was_asked(model: LlamaForCausalLM) -> None:
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"]))
    trained = {name for name, one in adapted.named_parameters() if one.requires_grad and ".layers.0." in name}
    for name, one in adapted.named_parameters():
        one.requires_grad_(name in trained)
    with StartModel(adapted).of(adapted):
        assert not any(one.requires_grad for one in adapted.parameters())
    assert {name for name, one in adapted.named_parameters() if one.requires_grad} == trained


def test_targets_are_told_apart_by_row(model: LlamaForCausalLM) -> None:
    batch = make_batch()
    parts = look(model, batch["input_ids"], batch["labels"]).split(batch["sizes"])
    assert [part.num_rows for part in parts] == [2, 2, 2]
    assert [part.row_lengths().tolist() for part in parts] == [[3, 5], [3, 1], [8, 2]]


def test_every_method_is_named_after_a_subclass() -> None:
    assert all(issubclass(method, Unlearning) for method in METHODS.values())
