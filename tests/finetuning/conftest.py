"""One data set of the chronicle, made once."""

from pathlib import Path

import pytest

from chronolect.finetuning.qa.command import make_qa


@pytest.fixture(scope="session")
def qa_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole chronicle in both forms, in every wording there is."""
    folder = tmp_path_factory.mktemp("qa") / "datasets"
    make_qa(out=folder, forms=["chat", "text"], wordings=20, choices=True)
    return folder
