"""What a command is: a name and the function behind it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """`name` as it is typed, the import path of its function, one line of help and an example."""

    name: str
    function: str
    help: str
    example: str

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        module, _, attribute = self.function.partition(":")
        found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        return found
