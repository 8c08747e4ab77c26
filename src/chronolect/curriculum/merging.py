"""The model after a phase: what was trained, as a plain model folder that the next phase starts from."""

from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import is_current, stage
from chronolect.console import say
from chronolect.export.merge import export_merge
from chronolect.models.language_model import DType
from chronolect.models.loading import load_model, load_tokenizer

MergedType = Literal["auto", "float32", "bfloat16", "float16"]


def merge(trained: Path, *, start: str, out: Path, dtype: MergedType) -> None:
    """Write the model of a phase to `out`, unless it is there: adapters folded into the unquantised model that the phase started from, with
    the tokenizer they were trained with, whose chat template is `time`.

    Args:
        trained: The chosen checkpoint: an adapter, or a whole model where all weights were trained.
        start: Folder or hub name of the model that the phase started from.
        out: Where to write.
        dtype: Type of the weights; `auto` keeps that of `start`.

    Raises:
        UserError: As `export_merge`.
    """
    if not (trained / "adapter_config.json").is_file():
        _copy(trained, start=start, out=out, dtype=dtype)
        return
    # what `export merge` records of itself
    settings: dict[str, Any] = {"adapter": str(trained), "base": start, "dtype": dtype}
    settings |= {"tolerance": None, "verify": False}
    inputs = [trained, *([Path(start)] if Path(start).is_dir() else [])]
    if is_current(out, command="export merge", config=settings, inputs=inputs):
        say(f"{out}: merged already")
        return
    export_merge(trained, out=out, base=start, dtype=dtype)


def _copy(trained: Path, *, start: str, out: Path, dtype: MergedType) -> None:
    settings = {"trained": str(trained), "start": start, "dtype": dtype}
    if is_current(out, command="train curriculum", config=settings, inputs=[trained]):
        return
    kept: DType = _type_of(start) if dtype == "auto" else dtype
    with stage(out, command="train curriculum", config=settings, inputs=[trained]) as work:
        load_model(trained, dtype=kept).save_pretrained(work.folder)
        load_tokenizer(trained).save_pretrained(work.folder)


def _type_of(model: str) -> DType:
    return str(load_model(model, dtype="auto").dtype).removeprefix("torch.")  # type: ignore[return-value]
