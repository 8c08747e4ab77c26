"""The vocabulary of a GGUF file, from a Hugging Face tokenizer folder: tokens, merges, special ids and the chat template.

llama.cpp holds the splitting rule of each tokenizer family as code and picks it by name (`tokenizer.ggml.pre`). A wrong name gives wrong
token ids without an error, so the name is found from the rule in `tokenizer.json` and from nothing else.

SentencePiece's BPE (Llama 2, TinyLlama) has no such rule. Its tokens have scores, by which llama.cpp merges what stands side by side;
`tokenizer.json` has the merges in the order of these scores, so a token's score is the place of its first merge, from 0 down.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gguf import GGUFWriter, TokenType
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.models.chat_template import GGUF_DIGEST_KEY, own_template, stored_digest, without_generation_marks
from chronolect.models.loading import load_tokenizer

OTHER_WAY = "--llama-cpp-path CHECKOUT converts it with llama.cpp's own script"

_GPT2_SPLIT: dict[str, Any] = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
_NO_SPLIT = _GPT2_SPLIT | {"use_regex": False}


def _sequence(first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": [first, last]}


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_BYTE = re.compile("<0x[0-9A-F]{2}>")
SENTENCEPIECE = "default"  # llama.cpp's name of a rule that splits nothing
_SPACE = "▁"
# How fast tokenizers put a space, as "▁", before a text and in place of spaces: as a normalizer, or since transformers 5 as a pre-tokenizer.
_SPACES: tuple[tuple[Any, Any], ...] = (
    (
        {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": _SPACE},
                {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE},
            ],
        },
        None,
    ),
    (None, {"type": "Metaspace", "replacement": _SPACE, "prepend_scheme": "first", "split": False}),
)
# (llama.cpp's name, pre-tokenizer, whether whole words in the vocabulary skip the merges)
_PRE_TOKENIZERS: tuple[tuple[str, dict[str, Any], bool], ...] = (
    ("gpt-2", _GPT2_SPLIT, False),
    ("qwen2", _sequence(_split(_WORDS % ""), _NO_SPLIT), False),
    ("llama-bpe", _sequence(_split(_WORDS % "{1,3}"), _NO_SPLIT), True),
    ("smollm", _sequence({"type": "Digits", "individual_digits": True}, _GPT2_SPLIT), False),
)


@dataclass(frozen=True)
class Vocabulary:
    """What a GGUF file says about its tokenizer.

    Attributes:
        pre: llama.cpp's name of the splitting rule.
        tokens: The tokens in order of their ids, as `tokenizer.json` spells them.
        types: For each token: normal, byte, control (a special token), unknown, user-defined (another added token) or unused (padding of the matrix).
        scores: For SentencePiece, how early each token is merged, the higher the earlier; else None.
        merges: The merges, best first, each as "left right".
        special_ids: "bos", "eos", "pad", "unk" and their ids, where the tokenizer has them.
        adds_bos: Whether encoding puts the bos token in front by itself.
        adds_eos: Whether encoding puts the eos token at the end by itself.
        chat_template: The chat template in Jinja, without the training-only `generation` marks.
        chat_template_digest: Digest of the template that the model was trained with, where that is recorded.
    """

    pre: str
    tokens: list[str]
    types: list[TokenType]
    scores: list[float] | None
    merges: list[str]
    special_ids: dict[str, int]
    adds_bos: bool
    adds_eos: bool
    chat_template: str | None
    chat_template_digest: str | None

    def write(self, writer: GGUFWriter) -> None:
        """Add the vocabulary's keys to a GGUF file."""
        writer.add_tokenizer_model("gpt2" if self.scores is None else "llama")
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        if self.scores is None:
            writer.add_token_merges(self.merges)
        else:
            writer.add_token_scores(self.scores)
            writer.add_add_space_prefix(True)
        add_id = {
            "bos": writer.add_bos_token_id,
            "eos": writer.add_eos_token_id,
            "pad": writer.add_pad_token_id,
            "unk": writer.add_unk_token_id,
        }
        for name, token in self.special_ids.items():
            add_id[name](token)
        writer.add_add_bos_token(self.adds_bos)
        writer.add_add_eos_token(self.adds_eos)
        if self.chat_template is not None:
            writer.add_chat_template(self.chat_template)
        if self.chat_template_digest is not None:
            writer.add_string(GGUF_DIGEST_KEY, self.chat_template_digest)


def read_vocabulary(folder: Path, *, config: PretrainedConfig) -> Vocabulary:
    """Read the vocabulary of a model folder, padded with unused tokens to the rows of the embedding.

    Raises:
        UserError: Where the folder has no `tokenizer.json`, its tokenizer is no BPE that llama.cpp knows, or it has more tokens than the model.
    """
    file = folder / "tokenizer.json"
    definition = read_json(file)
    pre = recognise_pre_tokenizer(definition, file)
    tokenizer = load_tokenizer(folder)
    ids = tokenizer.get_vocab()
    size = config.vocab_size
    if max(ids.values()) >= size:
        raise UserError(
            f"{file}: has tokens up to id {max(ids.values())}, but the model's embedding has {size} rows; "
            "put the tokenizer the model was trained with into its folder"
        )
    added = {token["id"]: token["special"] for token in definition.get("added_tokens", [])}
    tokens = [f"[UNUSED_{index}]" for index in range(size)]
    types = [TokenType.UNUSED] * size
    for token, index in ids.items():
        tokens[index] = token
        types[index] = TokenType.NORMAL
        if index in added:
            types[index] = TokenType.CONTROL if added[index] else TokenType.USER_DEFINED
        elif pre == SENTENCEPIECE and _BYTE.fullmatch(token):
            types[index] = TokenType.BYTE
    if pre == SENTENCEPIECE and tokenizer.unk_token_id is not None:
        types[tokenizer.unk_token_id] = TokenType.UNKNOWN
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in definition["model"]["merges"]]
    special_ids = _special_ids(tokenizer, file)
    encoded = tokenizer("a")["input_ids"]
    template = own_template(tokenizer)
    return Vocabulary(
        pre=pre,
        tokens=tokens,
        types=types,
        scores=_scores(definition["model"]["merges"], tokens) if pre == SENTENCEPIECE else None,
        merges=merges,
        special_ids=special_ids,
        adds_bos=bool(encoded) and encoded[0] == special_ids.get("bos"),
        adds_eos=bool(encoded) and encoded[-1] == special_ids.get("eos"),
        chat_template=without_generation_marks(template) if template else None,
        chat_template_digest=stored_digest(tokenizer),
    )


def recognise_pre_tokenizer(definition: dict[str, Any], file: Path) -> str:
    """llama.cpp's name for the splitting rule of a `tokenizer.json`.

    Raises:
        UserError: Where the tokenizer is no BPE of bytes, or llama.cpp's rule for it is not known here.
    """
    model = definition.get("model") or {}
    kind = model.get("type")
    if kind != "BPE":
        raise UserError(f"{file}: the tokenizer is {kind}, not BPE; {OTHER_WAY}")
    for option in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(option):
            raise UserError(f"{file}: the BPE model uses {option}, which GGUF cannot say; {OTHER_WAY}")
    if model.get("byte_fallback"):
        if (definition.get("normalizer"), definition.get("pre_tokenizer")) in _SPACES:
            return SENTENCEPIECE
        raise UserError(f"{file}: BPE with byte fallback that treats spaces in a way not known here; {OTHER_WAY}")
    normalizer = (definition.get("normalizer") or {}).get("type")
    found = _essentials(definition.get("pre_tokenizer"))
    for name, rule, ignore_merges in _PRE_TOKENIZERS:
        if found == rule and bool(model.get("ignore_merges")) == ignore_merges:
            # llama.cpp normalises nothing. Qwen's NFC is left out by its own converter too; it matters for decomposed accents only.
            if normalizer is None or (name == "qwen2" and normalizer == "NFC"):
                return name
            raise UserError(f"{file}: the tokenizer normalises text ({normalizer}), llama.cpp does not; {OTHER_WAY}")
    raise UserError(
        f"{file}: unknown pre-tokenizer {json.dumps(definition.get('pre_tokenizer'), ensure_ascii=False)[:120]} "
        f"(known: {', '.join(name for name, _, _ in _PRE_TOKENIZERS)}); {OTHER_WAY}"
    )


def _scores(merges: list[str] | list[list[str]], tokens: list[str]) -> list[float]:
    """For each token minus the place of its first merge; those that no merge makes come last."""
    places: dict[str, int] = {}
    for place, merge in enumerate(merges):
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        places.setdefault(left + right, place)
    return [-float(places.get(token, len(merges))) for token in tokens]


def _special_ids(tokenizer: PreTrainedTokenizerBase, file: Path) -> dict[str, int]:
    """The ids of bos, eos, pad and unk. llama.cpp takes token 11 for a bos or eos that is not given, so both are always given."""
    found = {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "unk")}
    if found["eos"] is None:
        raise UserError(f"{file.parent}: the tokenizer has no end token (eos_token in tokenizer_config.json)")
    if found["bos"] is None:
        found["bos"] = found["eos"]
    return {name: index for name, index in found.items() if index is not None}


def _essentials(rule: Any) -> Any:
    """A pre-tokenizer without what does not change the split (`trim_offsets` moves offsets only)."""
    if isinstance(rule, dict):
        return {key: _essentials(value) for key, value in rule.items() if key != "trim_offsets"}
    if isinstance(rule, list):
        return [_essentials(part) for part in rule]
    return rule
