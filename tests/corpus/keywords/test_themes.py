import pickle

import pytest

from chronolect.corpus.keywords.themes import LISTS, Matcher, load_themes, read_theme
from chronolect.errors import UserError


def theme(tmp_path, name, *lines):
    path = tmp_path / f"{name}.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_theme(path)


def test_lists_of_the_package():
    themes = load_themes([])
    assert len(themes) >= 16
    assert {"collectivism", "science", "chess", "space", "authority", "utopia", "dystopia", "survival"} <= {
        t.name for t in themes
    }
    words = [word for found in themes for word in found.keywords]
    assert len(words) > 500
    assert len(set(words)) == len(words), "no word stands in two lists"
    # Words that nearly every text has tell nothing.
    assert not {"good", "new", "will", "think", "people", "water", "man", "life", "world", "free", "state"} & set(words)
    assert load_themes(["chess", "space"]) == tuple(t for t in themes if t.name in ("chess", "space"))
    for path in LISTS.glob("*.tsv"):
        assert path.read_text(encoding="utf-8").startswith("# "), "each says what it is about"


def test_matches_are_whole_words_in_any_case(tmp_path):
    matcher = Matcher((theme(tmp_path, "t", "war", "rocket*", "red flag", "fo'c'sle"),))
    names = [word for _, word in matcher.pairs]

    def found(text):
        return {names[number]: times for number, times in matcher(text).items()}

    assert found("War! The WAR, a post-war time; toward warm wars.") == {"war": 3}
    assert found("Rockets and rocketry by skyrocket.") == {"rocket*": 2}
    assert found("the red\n  flag, Red Flags") == {"red flag": 1}
    assert found("The Fo’c’sle") == {"fo'c'sle": 1}
    assert found("") == {}


def test_word_of_two_themes_counts_for_both(tmp_path):
    matcher = Matcher((theme(tmp_path, "a", "iron", "iron heel"), theme(tmp_path, "b", "iron")))
    assert matcher("The iron heel") == {0: 1, 1: 1, 2: 1}
    assert pickle.loads(pickle.dumps(matcher))("The iron heel") == {0: 1, 1: 1, 2: 1}


def test_weights_and_comments(tmp_path):
    found = theme(tmp_path, "t", "# about", "", "Moon\t2.5", "star*")
    assert found.keywords == ("moon", "star*")
    assert found.weights == (2.5, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [("st*ar", "t.tsv:1"), ("*", "t.tsv:1"), ("moon\theavy", 'weight "heavy"'), ("# nothing", "no keyword")],
)
def test_wrong_lists(tmp_path, line, message):
    with pytest.raises(UserError, match=message):
        theme(tmp_path, "t", line)


def test_unknown_list():
    with pytest.raises(UserError, match=r'"ches": no such list.*chess'):
        load_themes(["ches"])
    with pytest.raises(UserError, match="twice"):
        load_themes(["chess", "chess"])
