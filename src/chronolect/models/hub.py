"""Models of the Hugging Face hub as folders here: fetched once into its cache, and found there without a network from then on."""

import re
from pathlib import Path

from chronolect.errors import UserError

_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_TOKENIZER = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "vocab.json",
    "merges.txt",
)
_MODEL = ("*.json", "*.safetensors", "*.jinja", "tokenizer.model", "merges.txt")
_COPIES = ("consolidated*", "original/*", "onnx/*")  # the same weights in other forms


def is_hub_name(name: str | Path) -> bool:
    """Whether a name reads as `owner/name` and is nothing that lies here."""
    return _NAME.fullmatch(str(name)) is not None and not Path(name).exists()


def local_folder(
    name: str | Path, *, tokenizer_only: bool = False, revision: str | None = None, offline: bool = False
) -> Path:
    """The folder of a model: the one of that name, or of a model of the hub its place in the hub's cache.

    Args:
        name: Folder, or hub name such as `HuggingFaceTB/SmolLM2-360M`.
        tokenizer_only: Whether the tokenizer's files are enough.
        revision: Branch, tag or commit on the hub, such as a checkpoint of the model's training; None for its main one.
        offline: Look in the cache only.

    Raises:
        UserError: A hub name that the cache does not hold and the hub does not give.
    """
    if not is_hub_name(name):
        return Path(name)
    from huggingface_hub import snapshot_download  # half a second that few commands need

    try:
        patterns = _TOKENIZER if tokenizer_only else _MODEL
        return Path(
            snapshot_download(
                str(name),
                revision=revision,
                allow_patterns=list(patterns),
                ignore_patterns=list(_COPIES),
                local_files_only=offline,
            )
        )
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:160]
        called = f"{name}@{revision}" if revision else name
        raise UserError(f"{called}: no such folder, and no model that the hub gives ({why}); give a folder") from None
