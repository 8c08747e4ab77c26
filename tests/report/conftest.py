from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.report import formation_runs
from tests.report.browser import Browser, chromium
from tests.report.report_runs import make_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, made once."""
    return make_run(tmp_path_factory.mktemp("report") / "sample")


@pytest.fixture(scope="session")
def formation_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose features were followed, made once."""
    return formation_runs.make_run(tmp_path_factory.mktemp("formation") / "run")


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    """A page of a real browser."""
    with chromium() as browser:
        yield browser
