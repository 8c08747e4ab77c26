"""What an exported model is called."""

from pathlib import Path


def published_name(model: str | Path) -> str:
    """The name of a model's folder, or of the run whose `final` it is.

    >>> published_name("runs/locked/final"), published_name("runs/merged/"), published_name("Qwen/Qwen3-8B")
    ('locked', 'merged', 'Qwen3-8B')
    """
    folder = Path(model).resolve()
    return folder.parent.name if folder.name == "final" else folder.name
