import pytest

from chronolect.models.grouping import Group, group_requests, windows


@pytest.mark.parametrize(
    ("context", "target", "wanted"),
    [
        ((0,), (1, 2, 3, 4), [((0,), (1, 2, 3, 4))]),
        ((0,), (1, 2, 3, 4, 5), [((0,), (1, 2, 3, 4)), ((1, 2, 3, 4), (5,))]),
        ((0,), (1, 2, 3, 4, 5, 6, 7), [((0,), (1, 2, 3, 4)), ((3, 4), (5, 6, 7))]),
        ((0, 1, 2, 3, 4, 5), (6, 7), [((3, 4, 5), (6, 7))]),
        ((0, 1, 2, 3, 4, 5), (6, 7, 8, 9), [((4, 5), (6, 7, 8)), ((5, 6, 7, 8), (9,))]),
        ((0, 1), (), []),
    ],
)
def test_windows_of_four_that_overlap_by_two(
    context: tuple[int, ...], target: tuple[int, ...], wanted: list[tuple[tuple[int, ...], tuple[int, ...]]]
) -> None:
    assert list(windows(context, target, 4, 2)) == wanted


def test_every_token_is_scored_once_and_fits() -> None:
    for length in range(2, 9):
        for size in range(40):
            pieces = list(windows((-1,), tuple(range(size)), length, length // 2))
            assert [token for _, piece in pieces for token in piece] == list(range(size))
            assert all(context and len(context) + len(piece) - 1 <= length for context, piece in pieces)


def test_equal_requests_are_computed_once() -> None:
    requests = [((0, 1), (2,)), ((0, 1), (3, 4)), ((0,), (2,)), ((0, 1), (2,))]
    found = group_requests(requests, length=8, overlap=4, most_cells=64, most_rows=64)
    assert found == [Group((0, 1), [(2,), (3, 4)], [[0, 3], [1]]), Group((0,), [(2,)], [[2]])]
    assert (found[0].cells, found[0].rows) == (3, 2)


def test_a_context_with_many_targets_is_cut_into_groups() -> None:
    requests = [((0, 1), (token, token)) for token in range(10)]
    found = group_requests(requests, length=8, overlap=4, most_cells=5, most_rows=64)
    assert [len(group.targets) for group in found] == [3, 3, 3, 1]
