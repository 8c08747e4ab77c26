"""A few stretches of a long text that stand for the whole of it."""

_STRETCHES = 3


def sample(text: str, characters: int) -> str:
    """The text, or of a longer one three stretches of about `characters` in all, from its second tenth, middle and ninth
    tenth (first and last pages are the least like the rest), cut at spaces.
    """
    if len(text) <= characters:
        return text
    size = characters // _STRETCHES
    pieces = []
    for place in (0.15, 0.5, 0.85):
        start = max(0, min(int(len(text) * place) - size // 2, len(text) - size))
        piece = text[start : start + size]
        first, last = piece.find(" "), piece.rfind(" ")
        pieces.append(piece[first + 1 : last] if 0 <= first < last else piece)
    return "\n".join(pieces)
