from pathlib import Path

import pytest
from tests.report.report_runs import make_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, made once."""
    return make_run(tmp_path_factory.mktemp("report") / "sample")
