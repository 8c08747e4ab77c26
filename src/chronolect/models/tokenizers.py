"""Byte-level BPE tokenizers in the Hugging Face form: trained here, or loaded from a folder.

The pre-tokenizer is GPT-2's (llama.cpp knows it as `gpt-2`), every byte is a token, so any text comes back as it was,
and encoding adds nothing by itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers.models import BPE
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from chronolect.artifacts import stage
from chronolect.console import say
from chronolect.corpus.document import count_documents, read_batches
from chronolect.errors import UserError

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


def train_tokenizer(corpus: Path, *, out: Path, vocab_size: int = 8_192, min_frequency: int = 2) -> dict[str, Any]:
    """Train a byte-level BPE tokenizer on the texts of a corpus. The same corpus gives the same tokenizer.

    Train it on the corpus the model will see and no other: a vocabulary knows words, too.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the tokenizer to.
        vocab_size: Number of tokens, with the 256 bytes and the special tokens.
        min_frequency: How often a pair must occur to become a token.

    Returns:
        Counts: documents, bytes, vocab_size (smaller than asked for if the corpus has too few pairs).

    Raises:
        UserError: No corpus, or a vocabulary too small for the bytes and the special tokens.
    """
    if vocab_size < SMALLEST_VOCABULARY:
        needed = f"256 bytes and {len(SPECIAL_TOKENS)} special tokens"
        raise UserError(f"--vocab-size {vocab_size}: at least {SMALLEST_VOCABULARY} ({needed})")
    config = {"vocab_size": vocab_size, "min_frequency": min_frequency}
    documents = count_documents(corpus)
    with stage(out, command="tokenizer train", config=config, inputs=[corpus]) as work:
        work.counts = {"documents": documents, "bytes": 0}

        def texts() -> Iterator[list[str]]:
            for batch in read_batches(corpus, ["text"], rows=256):
                work.counts["bytes"] += batch.nbytes
                yield batch["text"].to_pylist()

        tokenizer = Tokenizer(BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
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
        wrap(tokenizer).save_pretrained(work.folder)
    return work.counts


def wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """A tokenizer with our special tokens as a Hugging Face one, with the chat template."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=PADDING,
        additional_special_tokens=[TURN_START, TURN_END],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def load_tokenizer(path: Path) -> PreTrainedTokenizerFast:
    """Load a tokenizer folder of the Hugging Face form (`tokenizer.json`).

    Raises `UserError` for a missing or damaged folder, and for a tokenizer without an end token (it separates
    documents).
    """
    if not path.exists():
        raise UserError(f"{path}: no such tokenizer folder")
    if not (path / "tokenizer.json").is_file():
        raise UserError(
            f"{path}: not a tokenizer folder (no tokenizer.json); make one with `chronolect tokenizer train`"
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever the library raises on damaged files, it is the file that is wrong
        raise UserError(f"{path}: the tokenizer cannot be loaded ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise UserError(f"{path}: not a fast tokenizer")
    if tokenizer.eos_token_id is None:
        raise UserError(
            f'{path}: the tokenizer has no end token (eos_token, such as "{END_OF_TEXT}"), which separates documents'
        )
    return tokenizer
