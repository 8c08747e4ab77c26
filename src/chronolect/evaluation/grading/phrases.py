"""The rule that this grader replaces: a response is a refusal if it holds one of some fixed phrases, whatever else it says.

It is here to be compared with, and for nothing else.
"""

_PHRASES = (
    "i don't know", "i do not know", "i'm not sure", "i am not sure", "i cannot answer", "i can't answer", "unable to answer",
    "i have no information", "i don't have information", "i do not have information", "no knowledge of", "not aware of",
    "outside my knowledge", "beyond my knowledge", "not in my records", "my records do not", "i cannot say", "i can't say",
    "i have no record", "not familiar with", "i'm unable to", "i am unable to", "cannot provide", "can't provide",
    "i must decline", "no data on", "not known to me", "unknown to me", "i'm afraid i", "i am afraid i",
)  # fmt: skip


def says_a_listed_phrase(response: str) -> bool:
    """Whether the response in lower case holds one of the fixed phrases anywhere."""
    lower = response.lower()
    return any(phrase in lower for phrase in _PHRASES)
