"""What language a text is in, by py3langid (langid.py's naive Bayes over byte n-grams: Lui and Baldwin 2012)."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from chronolect.corpus.quality.sample import sample

_CHARACTERS = 600  # a byte costs most of a microsecond; more text hardly changes the answer
_FEWEST_WORDS = 5


def identify(text: str) -> tuple[str, float]:
    """The language (ISO 639-1, "zxx" for what is none) and the probability the model gives it; ("", 0.0) for texts of
    fewer than five words, which it cannot judge. Long texts are judged by three stretches.
    """
    stretch = sample(text, _CHARACTERS)
    if len(stretch.split(None, _FEWEST_WORDS)) < _FEWEST_WORDS:
        return "", 0.0
    language, score = _identifier().classify(stretch)
    return str(language), float(score)


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
