"""A made-up run, followed by dictionaries that are perfect, and by trained ones at a size that takes seconds."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.formation.synth.made_series import BRIEF, CONFIG, TRUTH, perfect

from chronolect.formation.analysis.series import Series
from chronolect.formation.synth.truth import SyntheticRun


@pytest.fixture(scope="session")
def run() -> SyntheticRun:
    """The truth."""
    return SyntheticRun(TRUTH)


@pytest.fixture(scope="session")
def series(run: SyntheticRun) -> list[Series]:
    """Three perfect series of it."""
    return perfect(run)


@pytest.fixture(scope="session")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of `formation synth`, and what it returned."""
    from chronolect.formation.synth.command import formation_synth

    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("synth") / "run"
    return out, formation_synth(out=out, truth=BRIEF, config=CONFIG)
