"""Which backend a model is opened with; each is imported only when it is wanted."""

from dataclasses import asdict, dataclass
from pathlib import Path

from chronolect.errors import UserError
from chronolect.models.hub import local_folder
from chronolect.models.language_model import DType, LanguageModel


def open_model(
    spec: str | Path,
    *,
    model_name: str | None = None,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    seed: int = 0,
    chat_template: str | Path | None = None,
) -> LanguageModel:
    """Open a model for scoring and asking.

    Args:
        spec: A Hugging Face folder (or a PEFT adapter's) or hub name, a `.gguf` file, the `http(s)://…/v1` address of an OpenAI-compatible server, or
            `dummy`, a deterministic stand-in that knows nothing.
        model_name: The model's name on the server; by default the only one it offers.
        dtype: Type of the weights in memory (folders only).
        device: `cpu`, `cuda` or `auto` (folders only).
        threads: Number of processor threads (folders and files).
        seed: Seed of sampling.
        chat_template: A template's file, or `chatml`, `alpaca`, `question` or `time`, in place of the model's own (folders and files).

    Raises:
        UserError: Where `spec` is none of these, or the model cannot be loaded.
    """
    text = str(spec)
    if text == "dummy":
        from chronolect.models.dummy import DummyModel

        return DummyModel(seed=seed)
    if is_address(text):
        from chronolect.models.server import ServerModel

        if chat_template is not None:
            raise UserError(
                f"--chat-template: {text} applies its own; set it there, or give the model's folder or file"
            )
        return ServerModel(text, model_name, seed=seed)
    path = Path(spec)
    if path.suffix.lower() == ".gguf":
        from chronolect.models.gguf_file import GgufModel

        return GgufModel(path, threads=threads, seed=seed, chat_template=chat_template)
    path = local_folder(path)
    if path.is_dir():
        from chronolect.models.hf import HfModel

        return HfModel(path, dtype=dtype, device=device, threads=threads, seed=seed, chat_template=chat_template)
    problem = "not a model" if path.exists() else "no such model"
    raise UserError(f'{spec}: {problem}; give a Hugging Face folder, a .gguf file, an http(s):// address or "dummy"')


@dataclass(frozen=True)
class Opening:
    """How each of several models is opened; see `open_model`."""

    model_name: str | None
    dtype: DType
    device: str
    threads: int | None
    seed: int
    chat_template: str | None

    def open(self, spec: str) -> LanguageModel:
        """A model; a server applies its own chat template."""
        settings = asdict(self)
        if is_address(spec):
            settings["chat_template"] = None
        return open_model(spec, **settings)


def is_address(spec: str | Path) -> bool:
    """Whether a model is behind an address, not here."""
    return str(spec).startswith(("http://", "https://"))
