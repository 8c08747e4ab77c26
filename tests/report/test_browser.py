"""The page in a real Chromium (`apt-get install chromium`): skipped where there is none."""

from pathlib import Path
from typing import Any

import pytest
from tests.report.browser import CHROMIUM, Browser

from chronolect.report.build import build_report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; `apt-get install chromium` brings it")

# Contrast of all visible text against the nearest painted background, by the formula of WCAG 2.1; the worst of them.
CONTRAST = """
(() => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
  const known = new Map();
  const rgba = (color) => {
    if (!known.has(color)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      known.set(color, canvas.getImageData(0, 0, 1, 1).data);
    }
    return known.get(color);
  };
  const linear = (s) => s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  const light = (c) => 0.2126 * linear(c[0] / 255) + 0.7152 * linear(c[1] / 255) + 0.0722 * linear(c[2] / 255);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255];
  };
  let worst = {ratio: 99};
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement, style = getComputedStyle(e);
    const silent = ["TITLE", "DESC", "SCRIPT", "STYLE"].includes(e.tagName.toUpperCase());
    if (silent || !node.data.trim() || !e.getClientRects().length) continue;
    const a = light(rgba(e.closest("svg") ? style.fill : style.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = {ratio, text: node.data.trim().slice(0, 60)};
  }
  return worst;
})()
"""


@pytest.fixture(scope="module")
def page(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(build_report([run], out=tmp_path_factory.mktemp("page") / "report")["report"])


def complaints(tab: Browser) -> list[dict[str, Any]]:
    return tab.of("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Network.loadingFailed")


def test_nothing_is_asked_of_the_network_and_nothing_complains(tab: Browser, page: Path) -> None:
    tab.open(page)
    tab.evaluate("new Promise(done => setTimeout(done, 200))")
    requests = [event["request"]["url"] for event in tab.of("Network.requestWillBeSent")]
    assert [url for url in requests if not url.startswith("data:")] == [page.resolve().as_uri()]
    assert complaints(tab) == []


def test_the_policy_holds_back_what_is_foreign(tab: Browser, page: Path) -> None:
    tab.open(page)
    tab.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://localhost:9/x.png'}))"
    )
    tab.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.foreign = true'}))"
    )
    assert tab.evaluate("window.foreign === undefined")
    tab.evaluate("new Promise(done => setTimeout(done, 100))")
    assert any("Content Security Policy" in event["entry"]["text"] for event in tab.of("Log.entryAdded"))


def test_all_sections_are_there_and_can_be_reached(tab: Browser, page: Path) -> None:
    tab.open(page)
    ids = ["horizon", "surprise", "corpus", "training", "samples", "exports", "provenance"]
    assert tab.evaluate("[...document.querySelectorAll('main section')].map(s => s.id)") == ids
    assert tab.evaluate(
        "[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.getAttribute('href')))"
    )
    assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "block"


def test_charts_have_names_descriptions_and_numbers(tab: Browser, page: Path) -> None:
    tab.open(page)
    charts = "[...document.querySelectorAll('svg[role=img][aria-labelledby]')]"
    assert tab.evaluate(f"{charts}.length") > 10
    assert tab.evaluate(
        f"{charts}.every(s => s.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent))"
    )
    assert tab.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size === document.querySelectorAll('[id]').length"
    )
    assert tab.evaluate(
        "[...document.querySelectorAll('section > figure')].every(f => f.querySelector('details table tbody tr'))"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_text_can_be_read(tab: Browser, page: Path, scheme: str, width: int) -> None:
    tab.open(page, width=width, scheme=scheme)
    worst = tab.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_the_page_never_scrolls_sideways(tab: Browser, page: Path, width: int) -> None:
    tab.open(page, width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "shown"), [(390, "narrow"), (1280, "wide")])
def test_charts_fit_the_screen(tab: Browser, page: Path, width: int, shown: str) -> None:
    tab.open(page, width=width)
    visible = "[...document.querySelectorAll('#horizon svg.chart')].filter(s => s.getClientRects().length)"
    assert tab.evaluate(f"{visible}.every(s => s.classList.contains('{shown}'))")
    assert tab.evaluate(f"{visible}.length") == 2
    scale = tab.evaluate(f"{visible}[0].getBoundingClientRect().width / {visible}[0].viewBox.baseVal.width")
    assert scale * 12 >= 9  # the letters' size in pixels


def test_the_button_changes_the_colours(tab: Browser, page: Path) -> None:
    tab.open(page, scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(ground)
    tab.evaluate("document.getElementById('theme').click()")
    dark = tab.evaluate(ground)
    assert light != dark
    assert tab.evaluate("document.getElementById('theme').textContent") == "Light"
    tab.open(page, scheme="dark")
    assert tab.evaluate(ground) == dark
    tab.evaluate("document.getElementById('theme').click()")
    assert tab.evaluate(ground) == light


def test_marks_tell_their_numbers(tab: Browser, page: Path) -> None:
    tab.open(page)
    tab.evaluate(
        "document.querySelector('#horizon .target').dispatchEvent(new PointerEvent('pointermove', {bubbles: true, clientX: 9, clientY: 9}))"
    )
    assert not tab.evaluate("document.getElementById('tip').hidden")
    assert "n = " in tab.evaluate("document.getElementById('tip').textContent")
    assert complaints(tab) == []


def test_on_paper(tab: Browser, page: Path, tmp_path: Path) -> None:
    tab.open(page, scheme="dark", media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.getElementById('theme')).display") == "none"
    assert tab.evaluate(CONTRAST)["ratio"] >= 4.5
    tab.pdf(tmp_path / "page.pdf")
    pages = (tmp_path / "page.pdf").read_bytes().count(b"/Type /Page\n")
    assert 3 <= pages <= 15
