"""Charts as inline SVG: lines with bands, bars and intervals over years or steps, coloured by the page's CSS.

A chart is plain data; `draw` gives it a size, so that the same chart can be drawn for a wide screen and again for a phone with letters of the same
size. Colours are class names (`c-locked`, …) whose values the style sheet sets for light, dark and paper. All text is escaped here.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from markupsafe import Markup, escape

Style = Literal["line", "dashed", "dots", "bars"]

_LINE, _MOST_SHIFTS = 13, 12  # pixels between two names, and how often one gives way
_LETTER = 6.6  # mean width of a character of the 12-pixel axis labels
_TOP, _BOTTOM = 26, 44
_LABEL_ROW = 20  # above the chart, for the names of upright lines
WIDE, NARROW = (860, 350), (400, 290)


@dataclass(frozen=True)
class Point:
    """One value, with its interval and what the pointer over it tells. A `y` of None breaks the line.

    Dots may have an interval of x too, and a `label` beside them.
    """

    x: float
    y: float | None
    low: float | None = None
    high: float | None = None
    tip: str = ""
    x_low: float | None = None
    x_high: float | None = None
    label: str = ""


@dataclass(frozen=True)
class Series:
    """Points of one colour. Bars stack in the order of the series; their `width` is in units of x, from the point's x on."""

    name: str
    points: Sequence[Point]
    color: str
    style: Style = "line"
    width: float = 1.0


@dataclass(frozen=True)
class Axis:
    """`low` and `high` in data units; None takes them from the data. `ticks` replaces the chosen places of the labels."""

    label: str
    low: float | None = None
    high: float | None = None
    format: Callable[[float], str] = lambda value: f"{value:g}"
    log: bool = False
    ticks: Sequence[float] | None = None
    whole: bool = False


@dataclass(frozen=True)
class Rule:
    """A line across the chart at a value of x or y, with a label; or a stretch from `value` to `end`."""

    axis: Literal["x", "y"]
    value: float
    label: str = ""
    end: float | None = None
    color: str = "muted"
    style: Literal["solid", "dashed"] = "solid"


@dataclass(frozen=True)
class Chart:
    """What to draw; `description` says in words what it shows, for those who do not see it."""

    id: str
    title: str
    description: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    rules: Sequence[Rule] = field(default_factory=tuple)


@dataclass(frozen=True)
class _Scale:
    """From data units to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
        return round(self.start + (value - low) / ((high - low) or 1.0) * (self.end - self.start), 1)


def draw(chart: Chart, size: tuple[int, int] = WIDE, *, variant: str = "wide") -> Markup:
    """The chart as an SVG element of `size` (width, height in pixels), to be scaled by its container."""
    width, height = size
    stacked = _stack([series for series in chart.series if series.style == "bars"])
    y_low, y_high = _limits(chart.y, _ys(chart, stacked), from_zero=bool(stacked))
    y_ticks = _ticks(chart.y, y_low, y_high, max(4, height // 60))
    if chart.y.low is None and not chart.y.log:
        y_low = min(y_low, y_ticks[0])
    if chart.y.high is None and not chart.y.log:
        y_high = max(y_high, y_ticks[-1])
    left = 12 + _LETTER * max(len(chart.y.format(tick)) for tick in y_ticks)
    x_low, x_high = _limits(chart.x, _xs(chart), from_zero=False)
    x = _Scale(x_low, x_high, left, width - 14, chart.x.log)
    top = _TOP + (
        _LABEL_ROW if any(rule.axis == "x" and rule.end is None and rule.label for rule in chart.rules) else 0
    )
    y = _Scale(y_low, y_high, height - _BOTTOM, top, chart.y.log)
    longest = max(len(chart.x.format(x_low)), len(chart.x.format(x_high)), 2)
    x_ticks = _ticks(chart.x, x_low, x_high, int((width - left) / (_LETTER * longest + 34)))
    name = re.sub(r"[^\w-]+", "-", f"{chart.id}-{variant}")
    parts = [
        f'<svg class="chart {variant}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">{escape(chart.title)}</title><desc id="{name}-d">{escape(chart.description)}</desc>',
        *_grid(chart, x, y, x_ticks, y_ticks, size),
        *(_stretch(rule, x, y) for rule in chart.rules if rule.end is not None),
        *(_bars(series, x, y) for series in stacked),
        *(_band(series, x, y) for series in chart.series if series.style in ("line", "dashed")),
        *(_rule(rule, x, y, size) for rule in chart.rules if rule.end is None),
        *(_path(series, x, y) for series in chart.series if series.style in ("line", "dashed")),
        *(_whiskers(series, x, y) for series in chart.series if series.style == "dots"),
        *_labels([point for series in chart.series for point in series.points if point.label], x, y, width),
        *(_targets(series, x, y) for series in chart.series if series.style != "bars"),
        "</svg>",
    ]
    return Markup("".join(parts))


def interval(value: float, low: float, high: float, *, reference: float, color: str, label: str) -> Markup:
    """A small scale from 0 to 1 with a value, its interval and a reference mark."""
    x = _Scale(0.0, 1.0, 4, 256, False)
    return Markup(
        f'<svg class="interval c-{color}" viewBox="0 0 260 22" role="img" aria-label="{escape(label)}">'
        f'<line class="track" x1="4" x2="256" y1="11" y2="11"/>'
        f'<line class="reference" x1="{x(reference)}" x2="{x(reference)}" y1="2" y2="20"/>'
        f'<line class="range" x1="{x(low)}" x2="{x(high)}" y1="11" y2="11"/>'
        f'<circle class="dot" cx="{x(value)}" cy="11" r="5"/></svg>'
    )


def nice_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """At most about `most` round numbers that span `low` to `high`: steps of 1, 2, 2.5 or 5 times a power of ten."""
    raw = (high - low) / max(1, most) or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    if whole:
        step = max(1.0, math.ceil(step))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def _ticks(axis: Axis, low: float, high: float, most: int) -> list[float]:
    if axis.ticks is not None:
        return list(axis.ticks)
    if axis.log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high * 1.0001]
        return (
            found if len(found) <= most + 1 else [tick for tick in found if math.log10(tick).is_integer()] or found[:1]
        )
    found = nice_ticks(low, high, most, whole=axis.whole)
    if axis.low is not None or axis.high is not None or axis.whole:
        found = [tick for tick in found if low - 1e-9 <= tick <= high + 1e-9]
    return found or [low]


def _limits(axis: Axis, values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    low = axis.low if axis.low is not None else min(values, default=0.0)
    high = axis.high if axis.high is not None else max(values, default=1.0)
    if from_zero:
        low = min(low, 0.0)
    if low == high:
        low, high = (low * 0.9, high * 1.1) if axis.log else (low - 0.5, high + 0.5)
    return low, high


def _xs(chart: Chart) -> list[float]:
    xs = [
        value
        for series in chart.series
        for point in series.points
        for value in (point.x, point.x_low, point.x_high)
        if value is not None
    ]
    ends = [point.x + series.width for series in chart.series if series.style == "bars" for point in series.points]
    rules = [end for rule in chart.rules if rule.axis == "x" for end in (rule.value, rule.end) if end is not None]
    return [value for value in (*xs, *ends, *rules) if not chart.x.log or value > 0]


def _ys(chart: Chart, stacked: Sequence[Series]) -> list[float]:
    found = [y for series in stacked for point in series.points if (y := point.high) is not None]
    for series in chart.series:
        if series.style != "bars":
            found += [v for p in series.points for v in (p.y, p.low, p.high) if v is not None]
    found += [rule.value for rule in chart.rules if rule.axis == "y"]
    return [value for value in found if math.isfinite(value)]


def _stack(bars: Sequence[Series]) -> list[Series]:
    """Bars with `low` and `high` filled in, each series upon the ones before it."""
    tops: dict[float, float] = {}
    stacked = []
    for series in bars:
        points = []
        for point in series.points:
            base = tops.get(point.x, 0.0)
            tops[point.x] = base + (point.y or 0.0)
            points.append(Point(point.x, point.y, base, tops[point.x], point.tip))
        stacked.append(Series(series.name, points, series.color, "bars", series.width))
    return stacked


def _grid(
    chart: Chart, x: _Scale, y: _Scale, x_ticks: Sequence[float], y_ticks: Sequence[float], size: tuple[int, int]
) -> list[str]:
    parts = [f'<text class="axis-name" x="0" y="12">{escape(chart.y.label)}</text>']
    for tick in y_ticks:
        parts.append(f'<line class="grid" x1="{x.start}" x2="{x.end}" y1="{y(tick)}" y2="{y(tick)}"/>')
        parts.append(
            f'<text class="tick" x="{x.start - 8:.1f}" y="{y(tick) + 4:.1f}" text-anchor="end">{escape(chart.y.format(tick))}</text>'
        )
    parts.append(f'<line class="base" x1="{x.start}" x2="{x.end}" y1="{y.start}" y2="{y.start}"/>')
    for tick in x_ticks:
        label = chart.x.format(tick)
        near_end = x(tick) + len(label) * _LETTER / 2 > size[0]
        anchor = "end" if near_end else "middle"
        parts.append(f'<line class="base" x1="{x(tick)}" x2="{x(tick)}" y1="{y.start}" y2="{y.start + 5}"/>')
        parts.append(
            f'<text class="tick" x="{size[0] - 2 if near_end else x(tick)}" y="{y.start + 19}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    parts.append(
        f'<text class="axis-name" x="{x.end}" y="{size[1] - 4}" text-anchor="end">{escape(chart.x.label)}</text>'
    )
    return parts


def _stretch(rule: Rule, x: _Scale, y: _Scale) -> str:
    assert rule.end is not None
    tip = f"<title>{escape(rule.label)}</title>" if rule.label else ""
    if rule.axis == "x":
        start, end = x(rule.value), x(rule.end)
        if end - start < 3:
            start, end = (start + end) / 2 - 1.5, (start + end) / 2 + 1.5
        box = f'x="{start:.1f}" width="{end - start:.1f}" y="{y.end}" height="{y.start - y.end}"'
    else:
        box = f'x="{x.start}" width="{x.end - x.start}" y="{y(rule.end)}" height="{y(rule.value) - y(rule.end)}"'
    return f'<rect class="stretch c-{rule.color}" {box}>{tip}</rect>'


def _rule(rule: Rule, x: _Scale, y: _Scale, size: tuple[int, int]) -> str:
    kind = f"rule {rule.style} c-{rule.color}"
    if rule.axis == "y":
        at = y(rule.value)
        return (
            f'<line class="{kind}" x1="{x.start}" x2="{x.end}" y1="{at}" y2="{at}"/>'
            f'<text class="rule-label" x="{x.start + 6}" y="{at - 6:.1f}">{escape(rule.label)}</text>'
        )
    at, half = x(rule.value), len(rule.label) * _LETTER / 2
    anchor, place = ("end", at + 4) if at + half > size[0] else ("start", at - 4) if at < half else ("middle", at)
    return (
        f'<line class="{kind}" x1="{at}" x2="{at}" y1="{y.end - 6}" y2="{y.start}"/>'
        f'<text class="rule-label" x="{place:.1f}" y="{y.end - 12}" text-anchor="{anchor}">{escape(rule.label)}</text>'
    )


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Stretches of points without a gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.y is None or not math.isfinite(point.y):
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _band(series: Series, x: _Scale, y: _Scale) -> str:
    """The intervals of neighbouring points as one band; a point without one, of a single document, breaks it."""
    parts = []
    for run in _runs([p if p.low is not None else replace(p, y=None) for p in series.points]):
        if len(run) > 1:
            upper = [f"{x(p.x)},{y(p.high)}" for p in run if p.high is not None]
            lower = [f"{x(p.x)},{y(p.low)}" for p in reversed(run) if p.low is not None]
            parts.append(f'<polygon class="band c-{series.color}" points="{" ".join(upper + lower)}"/>')
        else:
            parts.append(_whisker(run[0], series.color, x, y))
    return "".join(parts)


def _path(series: Series, x: _Scale, y: _Scale) -> str:
    parts = []
    for run in _runs(series.points):
        points = " ".join(f"{x(p.x)},{y(p.y)}" for p in run if p.y is not None)
        parts.append(f'<polyline class="{series.style} c-{series.color}" points="{points}"/>')
        if series.style == "line" and len(series.points) <= 36:
            parts += [
                f'<circle class="dot c-{series.color}" cx="{x(p.x)}" cy="{y(p.y)}" r="3"/>'
                for p in run
                if p.y is not None
            ]
    return "".join(parts)


def _whisker(point: Point, color: str, x: _Scale, y: _Scale) -> str:
    if point.low is None or point.high is None:
        return ""
    at = x(point.x)
    return f'<line class="whisker c-{color}" x1="{at}" x2="{at}" y1="{y(point.low)}" y2="{y(point.high)}"/>'


def _whiskers(series: Series, x: _Scale, y: _Scale) -> str:
    parts = []
    for point in series.points:
        if point.y is not None:
            parts.append(_whisker(point, series.color, x, y))
            if point.x_low is not None and point.x_high is not None:
                ends = f'x1="{x(point.x_low)}" x2="{x(point.x_high)}" y1="{y(point.y)}" y2="{y(point.y)}"'
                parts.append(f'<line class="whisker c-{series.color}" {ends}/>')
            parts.append(f'<circle class="dot c-{series.color}" cx="{x(point.x)}" cy="{y(point.y)}" r="4"/>')
    return "".join(parts)


def _labels(points: Sequence[Point], x: _Scale, y: _Scale, width: int) -> list[str]:
    """The names of dots beside them, each moved up or down to where no other name or dot stands."""
    # left, right and baseline
    taken = [(x(point.x) - 5, x(point.x) + 5, y(point.y) + 5) for point in points if point.y is not None]
    parts = []
    for point in sorted(points, key=lambda point: point.x):
        if point.y is None:
            continue
        long = len(point.label) * _LETTER
        left = x(point.x) + 8 if x(point.x) + 8 + long <= width else x(point.x) - 8 - long
        shifts = [sign * step * _LINE for step in range(_MOST_SHIFTS) for sign in (-1, 1)]

        def free(base: float, left: float = left, long: float = long) -> bool:
            return not any(
                left < right and start < left + long and abs(base - at) < _LINE for start, right, at in taken
            )

        base = next((y(point.y) - 7 + shift for shift in shifts if free(y(point.y) - 7 + shift)), y(point.y) - 7)
        taken.append((left, left + long, base))
        parts.append(f'<text class="rule-label" x="{left:.1f}" y="{base:.1f}">{escape(point.label)}</text>')
    return parts


def _bars(series: Series, x: _Scale, y: _Scale) -> str:
    parts = []
    for point in series.points:
        if not point.y or point.low is None or point.high is None:
            continue
        left, right = x(point.x), x(point.x + series.width)
        gap = 1.0 if right - left > 4 else 0.0
        parts.append(
            f'<rect class="bar c-{series.color}" x="{left + gap / 2:.1f}" width="{max(right - left - gap, 0.5):.1f}" y="{y(point.high)}" '
            f'height="{max(y(point.low) - y(point.high), 0.5):.1f}"><title>{escape(point.tip)}</title></rect>'
        )
    return "".join(parts)


def _targets(series: Series, x: _Scale, y: _Scale) -> str:
    """Invisible discs over the points, large enough for a pointer or a finger."""
    return "".join(
        f'<circle class="target" cx="{x(p.x)}" cy="{y(p.y)}" r="9"><title>{escape(p.tip)}</title></circle>'
        for p in series.points
        if p.tip and p.y is not None and math.isfinite(p.y)
    )
