"""The page of features over training in a real Chromium: skipped where there is none."""

from pathlib import Path

import pytest
from tests.report.browser import CHROMIUM, Browser
from tests.report.test_browser import CONTRAST, complaints

from chronolect.report.build import build_report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; `apt-get install chromium` brings it")

SHOWN = "[...document.querySelectorAll('.river tbody tr')].filter(row => !row.hidden)"
BANDS = "[...document.querySelectorAll('svg.flow.wide .cohort')]"
KEY = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: '{}', bubbles: true}}))"


@pytest.fixture(scope="module")
def page(formation_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(build_report([formation_run], out=tmp_path_factory.mktemp("page") / "report")["report"])


def test_nothing_is_asked_of_the_network_and_nothing_complains(tab: Browser, page: Path) -> None:
    tab.open(page)
    tab.evaluate("new Promise(done => setTimeout(done, 200))")
    requests = [event["request"]["url"] for event in tab.of("Network.requestWillBeSent")]
    assert [url for url in requests if not url.startswith("data:")] == [page.resolve().as_uri()]
    assert complaints(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_text_can_be_read_and_fits(tab: Browser, page: Path, scheme: str, width: int) -> None:
    tab.open(page, width=width, scheme=scheme)
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    worst = tab.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_band_is_chosen_with_the_pointer(tab: Browser, page: Path) -> None:
    tab.open(page)
    every = tab.evaluate(f"{SHOWN}.length")
    tab.evaluate(f"{BANDS}[1].querySelector('polygon').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    assert 0 < tab.evaluate(f"{SHOWN}.length") < every
    assert tab.evaluate(f"{SHOWN}.every(row => row.dataset.cohort === '1')")
    assert tab.evaluate("document.querySelector('.features-list').open")
    assert tab.evaluate(f"{BANDS}.map(band => band.getAttribute('aria-pressed')).join()").count("true") == 1
    tab.evaluate("document.querySelector('.choice button').click()")
    assert tab.evaluate(f"{SHOWN}.length") == every
    assert complaints(tab) == []


def test_the_river_is_explored_with_the_keyboard(tab: Browser, page: Path) -> None:
    tab.open(page)
    every = tab.evaluate(f"{SHOWN}.length")
    assert tab.evaluate(f"{BANDS}.every(band => band.tabIndex === 0 && band.getAttribute('aria-label'))")
    tab.evaluate(f"{BANDS}[0].focus()")
    tab.evaluate(KEY.format("ArrowUp"))
    assert tab.evaluate("document.activeElement.dataset.cohort") == "1"
    tab.evaluate(KEY.format("Enter"))
    assert tab.evaluate(f"{SHOWN}.every(row => row.dataset.cohort === '1')")
    assert "features" in tab.evaluate("document.querySelector('.choice output').textContent")
    tab.evaluate(KEY.format("Escape"))
    assert tab.evaluate(f"{SHOWN}.length") == every


def test_births_are_filtered_from_one_step_to_another(tab: Browser, page: Path) -> None:
    tab.open(page)
    choose = "(() => {{ const list = document.querySelector('select[name={}]'); list.value = {}; list.dispatchEvent(new Event('change')); }})()"
    tab.evaluate(choose.format("to", 2))
    tab.evaluate(choose.format("from", 1))
    assert tab.evaluate(f"[...new Set({SHOWN}.map(row => row.dataset.cohort))].join()") == "1,2"
    tab.evaluate(choose.format("from", 3))  # past the end: the end goes along
    assert tab.evaluate("document.querySelector('select[name=to]').value") == "3"


def test_bands_cells_and_marks_tell_their_numbers(tab: Browser, page: Path) -> None:
    tab.open(page)
    for mark in ("svg.flow.wide polygon.area", "svg.heat rect.area"):
        tab.evaluate(
            f"document.querySelector('{mark}').dispatchEvent(new PointerEvent('pointermove', {{bubbles: true}}))"
        )
        assert not tab.evaluate("document.getElementById('tip').hidden")
        assert tab.evaluate("document.getElementById('tip').textContent")


def test_without_scripts_all_features_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert '<form class="choice" hidden>' in text
    assert text.count("<tr data-cohort=") > 20
    assert "<tr data-cohort=" in text.split('<details class="features-list">')[1]


def test_on_paper(tab: Browser, page: Path, tmp_path: Path) -> None:
    tab.open(page, scheme="dark", media="print")
    assert tab.evaluate(CONTRAST)["ratio"] >= 4.5
    assert tab.evaluate("getComputedStyle(document.querySelector('.choice')).display") == "none"
    tab.pdf(tmp_path / "page.pdf")
    assert 3 <= (tmp_path / "page.pdf").read_bytes().count(b"/Type /Page\n") <= 15
