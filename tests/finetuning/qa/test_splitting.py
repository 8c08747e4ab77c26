"""Families of facts, and their split."""

from collections import Counter

from chronolect.chronicle.facts import load_facts
from chronolect.finetuning.qa.splitting import fact_families, split_families

FAMILIES = fact_families(load_facts())


def test_what_tells_of_each_other_is_one_family() -> None:
    same_day = "1969-first-man-on-moon", "1969-sea-of-tranquility"
    same_answer = "1930-haile-selassie", "1974-ethiopian-emperor-deposed"
    named = "1966-indira-gandhi", "1977-rae-bareli"
    for first, second in (same_day, same_answer, named):
        assert FAMILIES[first] == FAMILIES[second]
    assert len({FAMILIES[first] for first, _ in (same_day, same_answer, named)}) == 3


def test_families_stay_small() -> None:
    sizes = Counter(FAMILIES.values())
    assert max(sizes.values()) <= 12
    assert len(sizes) > 0.9 * len(FAMILIES)


def test_shares_are_kept_and_nothing_is_empty() -> None:
    names = [f"family {number}" for number in range(200)]
    sizes = Counter(split_families(names, val_ratio=0.1, dev_ratio=0.05).values())
    assert sizes == {"train": 170, "val": 20, "dev": 10}
    assert Counter(split_families(names[:3], val_ratio=0.1, dev_ratio=0.05).values()) == {
        "train": 1,
        "val": 1,
        "dev": 1,
    }
    assert set(split_families(names[:2], val_ratio=0.1, dev_ratio=0.05).values()) == {"train"}
    assert "dev" not in split_families(names, val_ratio=0.1, dev_ratio=0.0).values()


def test_another_seed_splits_otherwise_and_order_does_not() -> None:
    names = [f"family {number}" for number in range(50)]
    split = split_families(names, val_ratio=0.2, dev_ratio=0.1)
    assert split_families(names[::-1], val_ratio=0.2, dev_ratio=0.1) == split
    assert split_families(names, val_ratio=0.2, dev_ratio=0.1, seed=1) != split
