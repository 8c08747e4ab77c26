from pathlib import Path

from tests.report.report_runs import horizon

from chronolect.report.gather import gather
from chronolect.report.page import Samples
from chronolect.report.samples import samples_section

COLORS = {"locked": "locked", "twin": "twin"}


def test_models_side_by_side(run: Path) -> None:
    results = horizon({"locked": (0.85, 0.25), "twin": (0.83, 0.84)})
    section = samples_section(gather([run]), results, COLORS)
    assert section is not None
    asked, sampled = (block for block in section.blocks if isinstance(block, Samples))
    assert [[text.name for text in sample.texts] for sample in (*asked.samples, *sampled.samples)] == [
        ["locked", "twin"]
    ] * 4
    assert asked.samples[1].note == "after the cutoff; the answer is Margaret Thatcher"
    assert [text.right for text in asked.samples[1].texts] == [False, True]


def test_without_any(run: Path) -> None:
    assert samples_section(gather([run / "horizon"]), None, COLORS) is None
