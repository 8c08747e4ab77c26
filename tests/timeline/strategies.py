"""Spans for property tests."""

from hypothesis import strategies as st

from chronolect.timeline import Span
from chronolect.timeline.calendar import FIRST_DAY, LAST_DAY, day_number, month_end, year_end, year_start

_years = st.integers(-12_000, 12_000)
_days = st.one_of(
    st.integers(FIRST_DAY, LAST_DAY),
    st.integers(-1_000_000, 1_000_000),
    _years.map(year_start),
    _years.map(year_end),
    st.builds(lambda y, m: day_number(y, m, 1), _years, st.integers(1, 12)),
    st.builds(month_end, _years, st.integers(1, 12)),
)


def spans() -> st.SearchStrategy[Span]:
    """Spans of all shapes: days, whole months, years, decades, open at either end or both."""

    def build(a: int | None, b: int | None) -> Span:
        return Span(a, b) if a is None or b is None else Span(min(a, b), max(a, b))

    sizes = st.sampled_from((1, 10, 100, 1000))
    whole = st.builds(lambda y, size: Span.year(y * size, y * size + size - 1), st.integers(-12, 12), sizes)
    return st.one_of(st.builds(build, st.none() | _days, st.none() | _days), _days.map(lambda d: Span(d, d)), whole)
