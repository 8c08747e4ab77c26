"""Two sources of text for runs from a configuration."""

import json

import pytest
import torch
from tests.formation.membench.commands.small_runs import WORDS


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two sources."""
    generator = torch.Generator().manual_seed(0)
    folder = tmp_path_factory.mktemp("raw")
    found = {}
    for name, words in (("fineweb_edu", 30), ("wikitext", 12)):
        picks = torch.randint(len(WORDS), (120, words), generator=generator)
        lines = [json.dumps({"text": " ".join(WORDS[i] for i in row)}) for row in picks.tolist()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
        found[name] = str(folder / f"{name}.jsonl")
    return found
