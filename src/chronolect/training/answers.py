"""Questions and their answers as token rows in which only the answer, or only the names in it, is to be learned."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from transformers import PreTrainedTokenizerBase

from chronolect.errors import UserError
from chronolect.finetuning.records import Record
from chronolect.models.chat_template import ChatTemplate
from chronolect.training.rows import Row

Mask = Literal["answer", "names"]


@dataclass(frozen=True)
class AnswerEncoder:
    """Records to token rows, chats through the chat template, texts as they are after a beginning-of-text token.

    Args:
        tokenizer: A fast tokenizer.
        seq_len: Most tokens a row is predicted from.
        template: The chat template; None where all records are texts.
    """

    tokenizer: PreTrainedTokenizerBase
    seq_len: int
    template: ChatTemplate | None

    def encode(self, record: Record, reply: str, *, mask: Mask = "answer") -> Row | None:
        """One row; None where nothing of the reply fits into `seq_len`.

        Args:
            record: The question.
            reply: What is said to it.
            mask: `answer` marks the whole reply and the end of its turn, `names` only where the record's short answer or an alias of it stands; a
                reply without any is marked whole.
        """
        text, start, end = self._lay_out(record, reply)
        spans = [(start, end)]
        if mask == "names":
            spans = _name_spans(text, start, record.answers) or spans
        encoded: Any = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = list(encoded["input_ids"]), encoded["offset_mapping"]
        targets = [any(first < stop and last > begin for begin, stop in spans) for first, last in offsets]
        if record.form == "text":
            bos = (
                self.tokenizer.bos_token_id if self.tokenizer.bos_token_id is not None else self.tokenizer.eos_token_id
            )
            ids, targets = [bos, *ids], [False, *targets]
        ids, targets = ids[: self.seq_len + 1], targets[: self.seq_len + 1]
        if not any(targets[1:]):
            return None
        return np.asarray(ids, np.int32), np.asarray(targets, bool)

    def _lay_out(self, record: Record, reply: str) -> tuple[str, int, int]:
        """The whole text, and where in it the reply begins and ends."""
        if record.form == "text":
            beginning = record.instruction.rstrip()
            return f"{beginning} {reply.lstrip()}", len(beginning), len(beginning) + 1 + len(reply.lstrip())
        assert self.template is not None, "chats need a template"
        prompt = self.template.prompt(record.messages())
        whole = self.template.render(record.messages(reply))
        if not whole.startswith(prompt):
            raise UserError(
                f"{self.template.owner}: its chat template writes a question otherwise once it is answered, so the answer cannot be told apart; "
                "give another with --chat-template"
            )
        return whole, len(prompt), len(whole.rstrip())


def _name_spans(text: str, start: int, names: Sequence[str]) -> list[tuple[int, int]]:
    found = []
    for name in names:
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text[start:], flags=re.IGNORECASE):
            found.append((start + match.start(), start + match.end()))
    return found
