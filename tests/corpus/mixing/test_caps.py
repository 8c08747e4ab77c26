import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronolect.corpus.mixing.caps import EraTest, budgets, parse_caps
from chronolect.errors import UserError
from chronolect.timeline import Span


@pytest.mark.parametrize(
    ("text", "share", "tokens"),
    [
        ("chess=0.05", 0.05, None),
        ("chess=5%", 0.05, None),
        ("a=b=1", 1.0, None),
        ("chess=2M", None, 2e6),
        ("chess=1.5k", None, 1500),
        ("chess=300", None, 300),
        ("chess=2B", None, 2e9),
    ],
)
def test_caps_are_shares_or_tokens(text, share, tokens):
    (cap,) = parse_caps([text], "source")
    assert (cap.share, cap.tokens) == (share, tokens)


@pytest.mark.parametrize("text", ["chess", "chess=", "=0.5", "chess=much", "chess=0", "chess=120%", "chess=-1"])
def test_wrong_caps(text):
    with pytest.raises(UserError, match="--cap"):
        parse_caps([text], "source")


def test_two_caps_of_one_name():
    with pytest.raises(UserError, match="has a cap already"):
        parse_caps(["a=1k", "a=0.5"], "source")


def test_eras_hold_whole_spans():
    test = EraTest.of(parse_caps(["1900/1969=0.3", "1960/1999=0.3", "undated=1M"], "era"))
    assert test(Span.year(1950)) == 0b001
    assert test(Span.year(1965)) == 0b011
    assert test(Span.year(1890, 1910)) == 0
    assert test(Span()) == 0b100


def solve(available, *caps):
    found = [(parse_caps([text], "source")[0], np.array(member)) for text, member in caps]
    return budgets(np.array(available, dtype=float), [cap for cap, _ in found], [member for _, member in found])


def test_share_is_of_what_remains():
    taken, cut_by = solve([100, 900], ("b=0.2", [False, True]))
    assert taken == pytest.approx([100, 25])
    assert cut_by == [None, 0]


def test_tokens_and_shares_together():
    taken, cut_by = solve([1000, 900, 50], ("a=100", [True, False, False]), ("b=0.5", [False, True, False]))
    assert taken == pytest.approx([100, 150, 50])
    assert cut_by == [0, 1, None]


def test_shares_that_leave_nothing():
    with pytest.raises(UserError, match="leave nothing"):
        solve([100, 100], ("a=0.4", [True, False]), ("b=0.5", [False, True]))


@given(
    st.lists(st.integers(1, 10**6), min_size=6, max_size=6),
    st.lists(st.tuples(st.floats(0.01, 0.4), st.integers(1, 31)), max_size=2),
    st.integers(1, 31),
    st.integers(1, 10**6),
)
def test_every_cap_holds_and_the_uncapped_is_whole(available, shares, capped, tokens):
    """The sixth cell has no cap."""
    caps = [(f"s={share:.6f}", [bool(mask >> i & 1) for i in range(6)]) for share, mask in shares]
    caps.append((f"t={tokens}" if tokens > 1 else "t=2", [bool(capped >> i & 1) for i in range(6)]))
    taken, _ = solve(available, *caps)
    assert (taken <= np.array(available) + 1e-6).all()
    assert taken[5] == available[5]
    for text, member in caps:
        (cap,) = parse_caps([text], "source")
        assert taken[np.array(member)].sum() <= cap.allowed(taken.sum()) * (1 + 1e-6)
