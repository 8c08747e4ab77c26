"""Replies of a teacher model that was asked for JSON."""

import json
import re
from typing import Any


def read_reply(reply: str) -> Any:
    """The JSON of a reply; `None` where it is none. A fence around it is forgiven.

    >>> read_reply('```json\\n{"question": "Who?"}\\n```'), read_reply("Certainly!")
    ({'question': 'Who?'}, None)
    """
    try:
        return json.loads(re.sub(r"^\s*```(?:json)?|```\s*$", "", reply).strip())
    except (json.JSONDecodeError, RecursionError):
        return None
