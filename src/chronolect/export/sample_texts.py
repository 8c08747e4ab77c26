"""Texts that models and tokenizers are compared on: plain sentences, and strings that tokenizers like to disagree on."""

import random
from collections.abc import Sequence

# Ours, and neutral in time: none of them says something that a cutoff could forbid.
SENTENCES = (
    "The river rises in the hills and runs slowly to the sea, past fields of barley and two small towns.",
    "In the morning the market was full; by noon only the fishmonger and a boy with a drum were left.",
    "She counted 12 apples, 7 pears and 130 walnuts, and wrote the sum on the back of an envelope.",
    "The king of the country was crowned in the old cathedral, and the bells rang until the evening.",
    "A treaty between the two states was signed after long talks about the border and the price of salt.",
    "The book tells of a voyage around the world, of storms, of hunger, and of the strange birds of the south.",
    "Who built the bridge? Nobody in the village knew, but everyone had crossed it a thousand times.",
    "Water boils at a lower temperature on a mountain, because the air above it weighs less.",
    "“I don't know,” said the doctor, “whether it's the heat or the letter that has made him ill.”",
    "The team scored twice in the last minutes and won the cup for the first time in its history.",
    "The new telescope showed that the nebula is a crowd of stars, each of them as bright as the sun.",
    "After the election the president spoke of bread, of work and of peace, and the crowd listened in the rain.",
)
_WORDS = (
    "the", "King", "PARIS", "x", "naïve", "Zürich", "re-elected", "o'clock", "I", "Mr.", "and/or", "e.g.", "co-op",
)  # fmt: skip
_SCRIPTS = (
    "Москва", "Ελλάδα", "العربية", "עברית", "हिन्दी", "বাংলা", "ไทย", "日本語", "かな", "中文字", "한국어", "Հայերեն",
    "ქართული", "አማርኛ", "தமிழ்", "Tiếng Việt", "ǅ", "ﬁn", "Ⅻ", "½", "①", "٣٤", "௧௨", "cafe\u0301", "A\u030a", "i\u0307",
)  # fmt: skip
_EMOJI = ("🎉", "👩‍🚀", "🇫🇷", "👍🏽", "❤️", "☃", "🏴‍☠️", "1️⃣", "😀😀😀")
_CONTRACTIONS = (
    "it's", "IT'S", "don't", "we'll", "I'd", "they've", "you're", "'twas", "it’s", "'s", "rock'n'roll", "'LL",
)  # fmt: skip
_SPACES = (
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\t\t", " \n", "\n ", "\xa0", "\u2003", "\u3000", "\u200b", "\v", "\f",
)  # fmt: skip
_CODE = (
    "def f(x):", "return x+1", "if (a&&b){", "}", "/* … */", "x[0]=='y'", "#!/bin/sh", '<a href="#">', "\\n", "$_", "::", "->", "!=",
)  # fmt: skip
_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_end", "<s>", "[INST]", "<|", "|>", "<|pad|>", "<unk>")
_PUNCTUATION = (
    ".", ",", "…", "—", "“", "”", "«", "»", "?!", "'", "''", '"', "%", "€", "§", "№", "_", "__", "***", "===", "~",
)  # fmt: skip


def varied_strings(n: int = 1_000, *, seed: int = 0) -> list[str]:
    """Strings that tokenizers like to disagree on: scripts, marks, emoji, numbers, runs of white space, contractions, code, special tokens."""
    generator = random.Random(seed)
    makers = (
        lambda: _pick(generator, _WORDS, " ", 8),
        lambda: _pick(generator, _SCRIPTS, " ", 4),
        lambda: _pick(generator, _EMOJI + _WORDS, generator.choice(("", " ")), 6),
        lambda: _pick(generator, _CONTRACTIONS + _WORDS, " ", 6),
        lambda: _numbers(generator),
        lambda: _pick(generator, _SPACES + _WORDS, "", 9),
        lambda: _pick(generator, _CODE, generator.choice((" ", "\n    ", "\t", "")), 5),
        lambda: _pick(generator, _SPECIALS + _WORDS, generator.choice(("", " ")), 5),
        lambda: "".join(chr(_code_point(generator)) for _ in range(generator.randint(1, 12))),
        lambda: _pick(generator, _PUNCTUATION + _WORDS + _EMOJI + _SCRIPTS + _SPACES, "", 10),
    )
    return [makers[number % len(makers)]() for number in range(n)]


def _pick(generator: random.Random, words: Sequence[str], separator: str, most: int) -> str:
    return separator.join(generator.choice(words) for _ in range(generator.randint(1, most)))


def _numbers(generator: random.Random) -> str:
    forms = (
        "{0}",
        "{0:,}",
        "-{0}",
        "{0}.{1}",
        "{0}/{1}/{2}",
        "{0}th",
        "${0}m",
        "{0} {1}",
        "+{0}%",
        "0x{0:x}",
        "1e{2}",
        "{0}BC",
    )
    numbers = [generator.randint(0, 10 ** generator.randint(1, 9)) for _ in range(2)]
    return generator.choice((" ", "")) + generator.choice(forms).format(*numbers, generator.randint(0, 99))


def _code_point(generator: random.Random) -> int:
    """A code point of the first two planes that is no surrogate and no private one."""
    ranges = (
        (0x01, 0x7F),
        (0xA0, 0x24F),
        (0x250, 0x1FFF),
        (0x2000, 0x2FFF),
        (0x3000, 0xD7FF),
        (0xF900, 0xFFFD),
        (0x10000, 0x1FAFF),
    )
    return generator.randint(*generator.choice(ranges))
