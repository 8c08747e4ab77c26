"""Reading a finished GGUF file back: is it what the model's config says, and which tensors got another type than was asked for?"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gguf import GGUFReader, ReaderTensor

from chronolect.export.gguf_vocabulary import Vocabulary
from chronolect.export.gguf_weights import Source


@dataclass(frozen=True)
class FileReport:
    """What a GGUF file holds.

    Attributes:
        architecture: llama.cpp's name of the architecture.
        vocab_size: Number of tokens.
        chat_template: The chat template, if any.
        tensors: Number of tensors.
        types: For each storage type the number of tensors.
        fallbacks: Matrices that could not get a type of the kind asked for, "name (type)": llama.cpp packs K-quants in blocks of 256 weights along a
            row and q8_0 in blocks of 32, and takes another type, without an error, where a row is no multiple of that.
    """

    architecture: str
    vocab_size: int
    chat_template: str | None
    tensors: int
    types: dict[str, int]
    fallbacks: list[str]


def inspect_file(file: Path, *, quant: str) -> FileReport:
    """Parse a GGUF file that was written as `quant`."""
    reader = GGUFReader(file)

    def text(key: str) -> str | None:
        entry = reader.get_field(key)
        return None if entry is None else str(entry.contents())

    tokens = reader.get_field("tokenizer.ggml.tokens")
    return FileReport(
        architecture=text("general.architecture") or "",
        vocab_size=0 if tokens is None else len(tokens.data),
        chat_template=text("tokenizer.chat_template"),
        tensors=len(reader.tensors),
        types=dict(sorted(Counter(tensor.tensor_type.name for tensor in reader.tensors).items())),
        fallbacks=[
            f"{tensor.name} ({tensor.tensor_type.name.lower()})"
            for tensor in reader.tensors
            if len(tensor.shape) > 1 and not _of_kind(tensor, quant)
        ],
    )


def check_file(report: FileReport, source: Source, vocabulary: Vocabulary) -> None:
    """Compare a file with the model it was made from; a difference is a bug of the writer."""
    assert report.architecture == source.config.model_type, (report.architecture, source.config.model_type)
    assert report.vocab_size == source.config.vocab_size, (report.vocab_size, source.config.vocab_size)
    assert report.chat_template == vocabulary.chat_template, "the chat template changed"
    assert report.tensors == len(source.names), (report.tensors, len(source.names))


def _of_kind(tensor: ReaderTensor, quant: str) -> bool:
    """Whether a matrix is stored as asked: a K-quant file mixes K types of several widths, the others have one type."""
    stored = tensor.tensor_type.name.lower()
    return stored.endswith("_k") if "_k" in quant else stored == quant
