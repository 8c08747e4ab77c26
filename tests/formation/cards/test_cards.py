"""Feature cards from a made text whose features are known."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from transformers import PreTrainedTokenizerFast

from chronolect.corpus import CorpusWriter, Document
from chronolect.formation.analysis.snapshots import Snapshot, save_snapshot
from chronolect.formation.cards.cards import _Candidate, _choose, make_cards
from chronolect.formation.cards.patterns import Firings, Pattern, Patterns, summary
from chronolect.formation.cards.probe_text import NONE, ProbeText, pieces
from chronolect.formation.reading.probe import Probe
from chronolect.models.tokenizers import load_tokenizer, train_tokenizer

STEPS = (0, 100, 200, 400)
WIDTH = 32


def _text(rng: random.Random) -> str:
    names = ["the Union", "the Senate", "a farmer", "the river", "an engine"]
    doings = ["walking", "singing", "turning", "resting"]
    who, went = rng.choice(names), rng.choice(["was", "kept", "came", "stood", "sat", "lay"])
    return (
        f"In {rng.randint(1800, 1999)} {who} {went} {rng.choice(doings)} to the café, and {rng.choice(names)} had "
        f"{rng.randint(2, 99)} of them."
    )


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    folder, rng = tmp_path_factory.mktemp("cards"), random.Random(0)
    with CorpusWriter(folder / "corpus") as writer:
        for number in range(60):
            writer.write(Document(id=str(number), text=_text(rng)))
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=400)
    return load_tokenizer(folder / "tokenizer")


@pytest.fixture(scope="module")
def probe(tokenizer: PreTrainedTokenizerFast) -> Probe:
    rng = random.Random(1)
    ids: list[int] = []
    while len(ids) < 300 * WIDTH:
        ids += tokenizer.encode(_text(rng), add_special_tokens=False)
    rows = np.array(ids[: 300 * WIDTH], dtype=np.int32).reshape(-1, WIDTH)
    counted = np.ones(rows.shape, dtype=bool)
    counted[:, 0] = False
    return Probe(rows, counted, np.arange(len(rows), dtype=np.int32)[:, None] + np.zeros_like(rows), "made")


@pytest.fixture(scope="module")
def text(probe: Probe, tokenizer: PreTrainedTokenizerFast) -> ProbeText:
    return ProbeText(probe, tokenizer)


def where_word(text: ProbeText, word: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    codes, names = text.facets["word"]
    return np.flatnonzero(codes == list(names).index(word))


def where_facet(text: ProbeText, facet: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.flatnonzero(text.facets[facet][0] == 0)


def _codes(text: ProbeText, firing: list[Any], seed: int) -> scipy.sparse.csr_matrix:
    """Each latent fires on its tokens with a strength of its own, and the last one on any."""
    rng = np.random.default_rng(seed)
    firing = [*firing, rng.choice(len(text), 400, replace=False)]
    rows = np.concatenate(firing)
    columns = np.concatenate([np.full(len(places), latent) for latent, places in enumerate(firing)])
    values = rng.uniform(1, 2, len(rows)).astype(np.float32)
    return scipy.sparse.csr_matrix((values, (rows, columns)), shape=(len(text), len(firing)))


@pytest.fixture(scope="module")
def series(text: ProbeText, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Latents for “union” (born at 200), years (born at 100), words in -ing (from the first) and nothing in particular."""
    root = tmp_path_factory.mktemp("series")
    union, years, ing = (
        where_word(text, "union"),
        where_facet(text, "year"),
        np.flatnonzero(
            np.isin(text.facets["ending 3"][0], [list(text.facets["ending 3"][1]).index("ing")])
        ),
    )  # fmt: skip
    for seed in (0, 1):
        for step in STEPS:
            rng = np.random.default_rng((seed, step))
            anything = [rng.choice(len(text), 300, replace=False) for _ in range(2)]
            firing = [
                union if step >= 200 else anything[0],
                years if step >= 100 else anything[1],
                ing,
            ]
            folder = root / "series" / f"base-cold-seed{seed}" / f"step-{step}"
            folder.mkdir(parents=True)
            codes = _codes(text, firing, seed * 1000 + step)
            save_snapshot(folder, Snapshot(step, codes, np.eye(4, dtype=np.float32)))
    return root / "series" / "base-cold-seed0"


def event(feature: int, birth: int, found_in: int, **changes: Any) -> dict[str, Any]:
    """As `analyse` tells of it: both seeds give the same latent the same tokens."""
    lower = max((step for step in STEPS if step < birth), default=None)
    return {
        "feature": feature,
        "series": "base-cold",
        "seed": 0,
        "reference_step": STEPS[-1],
        "found_in": found_in,
        "initial": birth == 0,
        "birth_step_lo": lower,
        "birth_step_hi": birth,
        "seen_before": [],
        "death_step_lo": None,
        "death_step_hi": None,
        "presence": [0.9 if step >= birth else 0.1 for step in STEPS],
        "match_ids": [feature] * len(STEPS),
        "match_seeds": [0] * len(STEPS),
        "firings": 300,
        "firing_rate": 0.03,
    } | changes


EVENTS = [
    event(2, 0, 2),
    event(0, 200, 1),
    event(1, 100, 2, match_seeds=[1, 1, 0, 0]),
    event(3, 400, 1),
    event(1, 100, 2, firings=99),  # too rare for a card
    event(0, 0, 2, birth_step_hi=None),  # never held long enough to be born
]


@pytest.fixture(scope="module")
def cards(series: Path, probe: Probe, tokenizer: PreTrainedTokenizerFast) -> dict[int, dict[str, Any]]:
    return {card["feature"]: card for card in make_cards(series, probe, tokenizer, EVENTS, n=4)}


def test_pieces_keep_their_spaces(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer.encode("the Union of 1999", add_special_tokens=False)
    assert "".join(pieces(tokenizer, ids)) == "the Union of 1999"
    assert set(pieces(tokenizer, tokenizer.encode("漢", add_special_tokens=False))) == {"�"}


def test_facets_say_what_a_token_is_in(text: ProbeText) -> None:
    after, names = text.facets["after word"]
    senate = where_word(text, "senate")
    assert len(senate) > 20
    assert {names[code] for code in after[senate] if code != NONE} == {"the"}
    shown = {"".join(text.window(int(place), 0)[0]) for place in where_facet(text, "year")}
    assert shown
    assert all(piece.strip().isdigit() for piece in shown)
    for codes, _ in text.facets.values():
        assert codes.shape == (len(text),)


def test_a_window_stays_in_its_row(text: ProbeText, probe: Probe, tokenizer: PreTrainedTokenizerFast) -> None:
    tokens, at, places = text.window(0, 3)
    row = pieces(tokenizer, probe.input_ids[0].tolist())
    assert (tokens, at) == (row[:5], 1)
    assert places.tolist() == [-1, 0, 1, 2, 3]  # the first token of a row is not counted
    documents = probe.document.copy()
    documents[0, :2] = 7  # the second token ends a document
    ended = ProbeText(replace(probe, document=documents), tokenizer).window(0, 3)
    assert ended[:2] == (row[:2], 1)
    last = text.window(WIDTH - 2, 3)
    assert last[0] == row[-4:]
    assert last[1] == 3


def test_a_pattern_is_counted_where_it_was_not_looked_for(text: ProbeText) -> None:
    patterns = Patterns(text)
    union, senate = where_word(text, "union"), where_word(text, "senate")
    second = patterns.counted_on
    # what fires on “union” in the first half and on “senate” in the second has no pattern, however clear the first half is
    places = np.sort(np.concatenate([union[~second[union]], senate[second[senate]]]))
    found = patterns.find(Firings(places, np.ones(len(places), dtype=np.float32)))
    assert found is not None
    assert "union" in found.value.lower()
    assert found.share == 0.0
    assert found.bits == 0.0
    assert summary(found).startswith("No plain pattern")


def test_too_few_firings_say_nothing(text: ProbeText) -> None:
    few = where_word(text, "union")[:5]
    assert Patterns(text).find(Firings(few, np.ones(5, dtype=np.float32))) is None


def test_cards_say_what_features_fire_on(cards: dict[int, dict[str, Any]], text: ProbeText) -> None:
    assert set(cards) == {0, 1, 2, 3}
    union, years, endings = (cards[feature]["pattern"] for feature in (0, 1, 2))
    assert union["value"].strip().lower() in ("union", "nion", "on")
    assert union["share"] == 1.0
    assert years["facet"] == "year"
    assert years["fired"] == 1.0
    assert endings["facet"].startswith("ending") or "ing" in endings["value"]
    assert f"n = {years['n']}" in cards[1]["summary"]
    assert cards[1]["summary"].startswith("Fires in years: 100%")
    assert cards[3]["summary"].startswith("No plain pattern")
    assert [cards[feature]["title"] for feature in (1, 3)] == ["Fires in years", "No plain pattern"]
    assert cards[1]["tokens"][0]["count"] <= 200


def test_cards_show_a_feature_before_and_after_its_birth(cards: dict[int, dict[str, Any]]) -> None:
    presence = {entry["step"]: entry for entry in cards[0]["presence"]}
    assert list(presence) == list(STEPS)
    assert [entry["correlation"] for entry in presence.values()] == [0.1, 0.1, 0.9, 0.9]
    assert presence[100]["share"] < 0.3
    assert presence[200]["share"] == 1.0
    contexts = {context["step"]: context["examples"] for context in cards[0]["contexts"]}
    assert {100, 200, 400} <= set(contexts)
    for example in contexts[400]:
        assert "Union" in "".join(example["tokens"])
        assert example["strengths"][example["at"]] > 0.5
        assert max(example["strengths"]) <= 1.0
        assert len(example["strengths"]) == len(example["tokens"])


def test_what_changed_comes_before_what_did_not_and_the_telling_before_the_dull(
    cards: dict[int, dict[str, Any]], series: Path, probe: Probe, tokenizer: PreTrainedTokenizerFast
) -> None:
    order = list(cards)
    assert order.index(1) < order.index(3)
    assert order[-1] == 2  # there from the first, and still there
    gone = event(2, 0, 2, death_step_lo=200, death_step_hi=400)
    first = make_cards(series, probe, tokenizer, [event(3, 400, 1), gone], n=1)[0]
    assert (first["feature"], first["death_step_hi"]) == (2, 400)
    assert {200, 400} <= {context["step"] for context in first["contexts"]}


def test_the_matched_seed_is_shown(cards: dict[int, dict[str, Any]]) -> None:
    assert {context["step"]: context["seed"] for context in cards[1]["contexts"]} == {0: 1, 100: 1, 200: 0, 400: 0}


def test_cards_are_few_and_can_be_stored(series: Path, probe: Probe, tokenizer: PreTrainedTokenizerFast) -> None:
    two = make_cards(series, probe, tokenizer, EVENTS, n=2)
    assert len(two) == 2
    assert json.loads(json.dumps(two)) == two
    assert make_cards(series, probe, tokenizer, [], n=2) == []


def test_a_plain_pattern_comes_before_one_that_is_none_though_all_were_born_at_once() -> None:
    nothing = Firings(np.empty(0, np.int64), np.empty(0, np.float32))

    def candidate(value: str, low: float, birth: int) -> _Candidate:
        event = {"initial": False, "birth_step_hi": birth, "death_step_hi": None, "found_in": 2}
        return _Candidate(event, Pattern("word", value, low, low, low, 100, 0.01, 1.0, 50, low), nothing)

    plain = [candidate(word, 0.9, 100) for word in ("one", "two", "three", "four")]
    weak = [candidate(word, 0.2, 50) for word in ("five", "six")]
    assert {one.pattern.value for one in _choose([*plain, *weak], 4) if one.pattern} == {"one", "two", "three", "four"}
    assert len(_choose([*plain[:1], *weak], 4)) == 3  # better than nothing
