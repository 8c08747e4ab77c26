import random

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from chronolect.corpus.quality.language import identify

TEXTS = {
    "en": "The house stood at the end of the lane, and for many years nobody had lived there who could remember its owner.",
    "de": "Das Haus stand am Ende des Weges, und seit vielen Jahren hatte dort niemand gewohnt, der sich erinnern konnte.",
    "fr": "La maison se trouvait au bout du chemin, et depuis bien des années personne n'y avait habité qui pût s'en souvenir.",
    "ru": "Дом стоял в конце переулка, и много лет в нём не жил никто, кто мог бы вспомнить его первого хозяина.",
    "el": "Το σπίτι στεκόταν στην άκρη του δρόμου και για πολλά χρόνια δεν είχε ζήσει εκεί κανείς που να θυμάται.",
}


def test_languages():
    assert [language for language, _ in identify(list(TEXTS.values()))] == list(TEXTS)


def test_same_answers_as_the_library():
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    draw = random.Random(0)
    texts = []
    for number in range(600):  # more than a block, of many lengths, mixed, in capitals, with what is no language
        words = [word for text in draw.sample(list(TEXTS.values()), draw.randint(1, 3)) for word in text.split()]
        words += draw.sample(["Nf3", "42", "🙂🙂", "日本語", "{}", "é"], 2)
        text = " ".join(draw.choices(words, k=draw.randint(5, 60)))
        texts.append(text.upper() if number % 7 == 0 else text)
    texts = [text for text in texts if len(text) <= 600]
    for text, (language, score) in zip(texts, identify(texts), strict=True):
        expected, probability = model.classify(text)
        assert score == pytest.approx(probability, abs=2e-4)
        assert language == expected or score == pytest.approx(dict(model.rank(text))[language], abs=2e-4)


def test_answer_does_not_depend_on_the_other_texts():
    texts = list(TEXTS.values())
    assert identify(texts) == [identify([text])[0] for text in texts]


def test_too_few_words():
    assert identify(["", "Chess", "one two three four"]) == [("", 0.0)] * 3
    assert identify([]) == []
