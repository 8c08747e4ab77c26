"""The weights that a .gguf file stores, as a transformers model: memory is looked for in distributions over tokens, which llama.cpp does not give."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from chronolect.errors import UserError
from chronolect.models.hf import HfModel
from chronolect.models.loading import load_model, load_tokenizer


@contextmanager
def gguf_weights(file: Path, made_from: str, *, device: str, chat_template: str | Path | None) -> Iterator[HfModel]:
    """A .gguf file's weights read back into float32, with config and tokenizer of the folder that it was made from.

    What llama.cpp computes differs a little more from the original, since it rounds its activations as well.

    Raises:
        UserError: Where transformers does not know the file's architecture.
    """
    with TemporaryDirectory(prefix="chronolect-") as folder:
        try:
            with redirect_stderr(io.StringIO()):  # it draws a bar that cannot be turned off
                stored: Any = AutoModelForCausalLM.from_pretrained(
                    file.parent, gguf_file=file.name, dtype=torch.float32
                )
            whole = load_model(made_from)
            whole.load_state_dict(stored.state_dict())
        except (OSError, ValueError, KeyError, NotImplementedError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{file}: transformers cannot read its weights back ({reason})") from None
        whole.save_pretrained(folder)
        load_tokenizer(made_from).save_pretrained(folder)
        del stored, whole
        model = HfModel(folder, device=device, chat_template=chat_template)
        try:
            yield model
        finally:
            model.close()
