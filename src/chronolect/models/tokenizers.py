"""Byte-level BPE tokenizers in the Hugging Face form: trained here, or loaded from a folder.

The pre-tokenizer is GPT-2's, or SmolLM's where numbers are split (llama.cpp knows them as `gpt-2` and `smollm`), every byte is a token,
so any text comes back as it was, and encoding adds nothing by itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers.models import BPE

from chronolect.artifacts import read_json, stage, write_json
from chronolect.console import say
from chronolect.corpus.document import count_documents, read_batches
from chronolect.errors import UserError

if TYPE_CHECKING:  # importing transformers takes seconds and 400 MB, which packing can do without
    from transformers import PreTrainedTokenizerFast

END_OF_TEXT, TURN_START, TURN_END, PADDING = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
SPECIAL_TOKENS = (END_OF_TEXT, TURN_START, TURN_END, PADDING)
SMALLEST_VOCABULARY = 256 + len(SPECIAL_TOKENS)

# ChatML. The generation marks tell which tokens are the assistant's own: its words and the end of its turn, not the
# header.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def train_tokenizer(
    corpus: Path, *, out: Path, vocab_size: int = 8_192, min_frequency: int = 2, digits: bool = False
) -> dict[str, Any]:
    """Train a byte-level BPE tokenizer on the texts of a corpus. The same corpus gives the same tokenizer.

    Train it on the corpus the model will see and no other: a vocabulary knows words, too.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the tokenizer to.
        vocab_size: Number of tokens, with the 256 bytes and the special tokens.
        min_frequency: How often a pair must occur to become a token.
        digits: Split numbers into single digits, which makes dates and times of day easier to reckon with (SmolLM's rule of splitting).

    Returns:
        Counts: documents, bytes, vocab_size (smaller than asked for if the corpus has too few pairs).

    Raises:
        UserError: No corpus, or a vocabulary too small for the bytes and the special tokens.
    """
    if vocab_size < SMALLEST_VOCABULARY:
        needed = f"256 bytes and {len(SPECIAL_TOKENS)} special tokens"
        raise UserError(f"--vocab-size {vocab_size}: at least {SMALLEST_VOCABULARY} ({needed})")
    config = {"vocab_size": vocab_size, "min_frequency": min_frequency, "digits": digits}
    documents = count_documents(corpus)
    with stage(out, command="tokenizer train", config=config, inputs=[corpus]) as work:
        work.counts = {"documents": documents, "bytes": 0}

        def texts() -> Iterator[list[str]]:
            for batch in read_batches(corpus, ["text"], text_bytes=1 << 20):
                work.counts["bytes"] += batch.nbytes
                yield batch["text"].to_pylist()

        tokenizer = Tokenizer(BPE())
        words: pre_tokenizers.PreTokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        if digits:
            words = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])
        tokenizer.pre_tokenizer = words
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=min_frequency,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        say(f"training a tokenizer of {vocab_size:,} tokens on {documents:,} documents")
        tokenizer.train_from_iterator(texts(), trainer)
        work.counts["vocab_size"] = tokenizer.get_vocab_size()
        if tokenizer.get_vocab_size() < vocab_size:
            say(f"the corpus has pairs for {tokenizer.get_vocab_size():,} tokens only")
        save_tokenizer(tokenizer, work.folder)
    return work.counts


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write a tokenizer with our special tokens in the Hugging Face form, with the chat template."""
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT,
        "pad_token": PADDING,
        "additional_special_tokens": [TURN_START, TURN_END],
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    write_json(folder / "tokenizer_config.json", config)


def load_tokenizer(path: Path) -> "PreTrainedTokenizerFast":
    """Load a tokenizer folder of the Hugging Face form, for templates and tensors.

    Raises `UserError` for a missing or damaged folder, and for a tokenizer without an end token (it separates
    documents).
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    read_tokenizer(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: the tokenizer cannot be loaded ({_one_line(error)})") from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise UserError(f"{path}: not a fast tokenizer")
    return tokenizer


def read_tokenizer(path: Path) -> tuple[Tokenizer, int]:
    """The bare tokenizer of a folder of the Hugging Face form, and the id of its end token; errors as `load_tokenizer`.

    It is set to read documents: nothing is cut off or filled up, and a special token that a text spells out is text (a
    document about `<|endoftext|>` must not end there).
    """
    if not path.exists():
        raise UserError(f"{path}: no such tokenizer folder")
    file = path / "tokenizer.json"
    if not file.is_file():
        raise UserError(
            f"{path}: not a tokenizer folder (no tokenizer.json); make one with `chronolect tokenizer train`"
        )
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise UserError(f"{file}: the tokenizer cannot be loaded ({_one_line(error)})") from None
    eos = None
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if eos is None and (path / name).is_file():
            eos = read_json(path / name).get("eos_token")
    token = eos.get("content") if isinstance(eos, dict) else eos
    eos_id = tokenizer.token_to_id(token) if token else None
    if eos_id is None:
        missing = f'its end token "{token}" is not in the vocabulary' if token else "it has no end token (eos_token)"
        raise UserError(f'{path}: {missing}; documents are separated by one, such as "{END_OF_TEXT}"')
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer, eos_id


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
