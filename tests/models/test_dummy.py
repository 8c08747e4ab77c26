from chronolect.models.dummy import DummyModel


def test_scores_depend_on_the_text_and_the_seed_only() -> None:
    requests = [("The capital of France is", " Paris"), ("The capital of France is", " Rome"), ("", " Paris")]
    scores = DummyModel().loglikelihoods(requests)
    assert scores == DummyModel().loglikelihoods(requests)
    assert len({score.logprob for score in scores}) == 3
    assert scores != DummyModel(seed=1).loglikelihoods(requests)
    assert all(-9 <= score.logprob <= -1 for score in scores)


def test_a_text_costs_by_the_word() -> None:
    (score,) = DummyModel().text_loglikelihoods(["one two three"])
    assert score.num_tokens == 3
    assert -27 <= score.logprob <= -3


def test_generation_repeats_and_stops() -> None:
    (text,) = DummyModel().generate(["Who"], max_tokens=5)
    assert len(text.split()) == 5
    assert DummyModel().generate(["Who"], max_tokens=5) == [text]
    word = text.split()[2]
    assert word not in DummyModel().generate(["Who"], max_tokens=5, stop=[word])[0]
