"""Two models on the same scenarios: the published test, and how large a difference is."""

import itertools
import json
import random

import pytest
from scipy import stats

from chronolect.errors import UserError
from chronolect.evaluation.timebench.compare import COMPARED, eval_timebench_compare
from chronolect.evaluation.timebench.descriptive import METRICS
from chronolect.evaluation.timebench.signed_rank import effect, holm, published_test

A = [0.1, 0.4, 0.5, 0.9, 0.3, 0.2, 0.8, 0.6]
B = [0.3, 0.9, 0.4, 1.0, 0.9, 0.5, 0.8, 1.0]


def test_the_published_test_is_scipys_with_a_fixed_choice_of_method():
    with_zero, without = published_test(A, B), published_test(A, [b + 0.01 for b in B])
    assert with_zero.mode == "approx"
    assert without.mode == "exact"
    assert (with_zero.statistic, with_zero.p_value) == tuple(stats.wilcoxon(A, B, method="asymptotic"))[:2]
    assert without.p_value == stats.wilcoxon(A, [b + 0.01 for b in B], method="exact").pvalue


def test_no_difference_at_all():
    test = published_test(A, A)
    assert (test.statistic, test.p_value) == (0.0, 1.0)
    same = effect(A, A, seed=1)
    assert (same.rank_biserial, same.rank_biserial_interval) == (0.0, (0.0, 0.0))
    assert (same.shift, same.p_value_exact, same.zeros) == (0.0, 1.0, 8)


def brute_force_p(differences):
    """Two-sided p-value over all signs."""
    ranks = stats.rankdata([abs(d) for d in differences])
    total = sum(ranks)
    least = min(w := sum(r for r, d in zip(ranks, differences, strict=True) if d > 0), total - w)
    sums = [sum(itertools.compress(ranks, signs)) for signs in itertools.product((0, 1), repeat=len(ranks))]
    return min(1.0, 2 * sum(s <= least for s in sums) / len(sums))


def test_the_exact_p_value_counts_all_signs():
    rng = random.Random(3)
    for _ in range(30):
        differences = [rng.choice((-3, -2, -1, 1, 2, 3, 4)) for _ in range(rng.randint(1, 10))]
        found = effect([0.0] * len(differences), differences, seed=0).p_value_exact
        assert found == pytest.approx(brute_force_p(differences))


def test_the_exact_p_value_does_not_vanish():
    high, low = [float(n + 100) for n in range(77)], [float(n) / 2 for n in range(77)]
    assert published_test(high, low).p_value == 0.0  # as published; the truth is two chances in 2 to the 77
    assert effect(high, low, seed=0).p_value_exact == pytest.approx(2 * 2.0**-77)


def test_the_size_of_a_difference():
    found = effect(A, B, seed=1)
    ups, down = stats.rankdata([0.2, 0.5, 0.1, 0.1, 0.6, 0.3, 0.4]), 1.5
    assert found.rank_biserial == pytest.approx((sum(ups) - 2 * down) / sum(ups))
    differences = sorted(round(b - a, 9) for a, b in zip(A, B, strict=True))
    means = [(x + y) / 2 for x, y in itertools.combinations_with_replacement(differences, 2)]
    assert found.shift == pytest.approx(sorted(means)[17] / 2 + sorted(means)[18] / 2)
    assert found.shift_interval == (
        pytest.approx(sorted(means)[3]),
        pytest.approx(sorted(means)[-4]),
    )  # 8 pairs: the 4th
    low, high = found.rank_biserial_interval
    assert low < found.rank_biserial < high <= 1
    assert found == effect(A, B, seed=1)
    mirrored = effect(B, A, seed=1)
    assert (mirrored.rank_biserial, mirrored.shift) == (-found.rank_biserial, -found.shift)


def test_equal_differences_tie_on_paper_only():
    first, second = [0.5, 0.4, 0.3], [0.8, 0.7, 0.1]
    assert 0.8 - 0.5 != 0.7 - 0.4
    assert effect(first, second, seed=0).p_value_exact == pytest.approx(brute_force_p([3, 3, -2]))


def test_holm_is_least_corrected_for_the_largest():
    assert holm({"a": 0.04, "b": 0.001, "c": 0.02}) == {"a": 0.04, "b": 0.003, "c": 0.04}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def files(folder, name, *, scores=None, structure=None):
    if scores is not None:
        content = {"accuracy_scenario_scores": {f"s{n}": value for n, value in enumerate(scores)}}
        (folder / f"{name}_output_scenario_scores.json").write_text(json.dumps(content))
    if structure is not None:
        rows = {f"s{n}": dict.fromkeys(METRICS, value) for n, value in enumerate(structure)}
        path = folder / f"{name}_output_scenario_stats.json"
        path.write_text(json.dumps({"structural_scenario_stats": rows}))
    return folder / f"{name}_output_scenario_scores.json"


def test_all_metrics_that_both_have(tmp_path):
    a = files(tmp_path, "Base", scores=A, structure=[10 * x for x in A])
    b = files(tmp_path, "New", scores=B, structure=B)
    found = eval_timebench_compare(a=a, b=b)
    assert found["file"] == str(tmp_path / "Base_vs_New_stat_results.json")
    assert json.loads((tmp_path / "Base_vs_New_stat_results.json").read_text()) == found["metrics"]
    assert set(found["metrics"]) == {"benchmark_score", *COMPARED}
    assert found["missing"] == []
    for block in found["metrics"].values():
        assert list(block)[:4] == ["wilcoxon_statistic", "p_value", "significant", "mode_used"]
        assert block["p_value_holm"] >= block["p_value_exact"]
    assert "Base" in found["screen"]
    again = eval_timebench_compare(a=tmp_path / "Base_output_scenario_stats.json", b=b, out=tmp_path / "again.json")
    assert again["metrics"] == found["metrics"]


def test_a_file_that_is_there_is_added_to(tmp_path, capsys):
    out = tmp_path / "Base_vs_New_stat_results.json"
    old = {"wilcoxon_statistic": 0.0, "p_value": 1e-9, "significant": True, "mode_used": "exact"}
    out.write_text(json.dumps({"mean_output_length": old}))
    a, b = files(tmp_path, "Base", scores=A), files(tmp_path, "New", scores=B, structure=B)
    found = eval_timebench_compare(a=a, b=b)
    assert found["metrics"]["mean_output_length"] == old | {"p_value_holm": 2e-9}
    assert found["missing"] == list(COMPARED)
    assert "for want of Base" in capsys.readouterr().err


def test_scenarios_of_one_model_only_are_left_out(tmp_path, capsys):
    a, b = files(tmp_path, "Base", scores=A), files(tmp_path, "New", scores=[*B, 0.5, 0.5])
    assert eval_timebench_compare(a=a, b=b)["pairs"] == 8
    assert "2 scenarios of one model only" in capsys.readouterr().err


def test_alpha_decides_what_is_called_significant(tmp_path):
    a, b = files(tmp_path, "Base", scores=A), files(tmp_path, "New", scores=B)
    block = eval_timebench_compare(a=a, b=b)["metrics"]["benchmark_score"]
    assert 0.01 < block["p_value"] < 0.05
    assert not block["significant"]
    assert eval_timebench_compare(a=a, b=b, alpha=0.05)["metrics"]["benchmark_score"]["significant"]


def test_bad_input_is_one_line(tmp_path):
    a = files(tmp_path, "Base", scores=A)
    b = files(tmp_path, "Stats", structure=B).with_name("Stats_output_scenario_stats.json")
    with pytest.raises(UserError, match="no metric in common"):
        eval_timebench_compare(a=a, b=b)
    with pytest.raises(UserError, match=r"--alpha 1\.5"):
        eval_timebench_compare(a=a, b=a, alpha=1.5)
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"accuracy_scenario_scores": {"elsewhere": 1.0}}))
    with pytest.raises(UserError, match="no scenario in common"):
        eval_timebench_compare(a=a, b=other)
    other.write_text("[]")
    with pytest.raises(UserError, match="neither scenario scores"):
        eval_timebench_compare(a=a, b=other)
    with pytest.raises(UserError, match="no file of comparisons"):
        eval_timebench_compare(a=a, b=a, out=other)
