# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The HTML report in a browser: on a phone and a desktop, light and dark, and printed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.report_html import report_html
from chromium import Tab, running
from local_cluster.errors import LocalClusterError
from report_cases import FAILED, HOSTILE, SUCCEEDED

REPORTS = {"failed": FAILED, "succeeded": SUCCEEDED}
PHONE, DESKTOP, PAPER = (360, 640), (1280, 800), (794, 1123)
# WCAG 2.2, level AA, for text of any size.
CONTRAST = 4.5

# The elements that reach over the right edge, except inside a log.
TOO_WIDE = """
[...document.querySelectorAll('body *')].filter(each => !each.closest('pre')
  && each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5).map(each => each.outerHTML.slice(0, 200))
"""
# The text with a lower contrast to the nearest background than allowed.
PALE = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const channels = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const background = element => {
    for (let each = element; each; each = each.parentElement) {
      const color = channels(getComputedStyle(each).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  let seen = 0;
  while (walker.nextNode()) {
    if (!walker.currentNode.data.trim()) continue;
    seen += 1;
    const element = walker.currentNode.parentElement;
    const [one, other] = [channels(getComputedStyle(element).color), background(element)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < LIMIT) pale.push([ratio, walker.currentNode.data]);
  }
  return {seen, pale, paper: luminance(background(document.body))};
})()
""".replace("LIMIT", str(CONTRAST))


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A page of a browser that all tests share, because its start takes longer than the tests."""
    try:
        with running(tmp_path_factory.mktemp("chromium")) as started:
            yield started
    except LocalClusterError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of each report."""
    folder = tmp_path_factory.mktemp("reports")
    for name, report in REPORTS.items():
        (folder / f"{name}.html").write_text(report_html(report), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in REPORTS}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", REPORTS)
def test_the_page_fits_the_screen_and_is_readable(tab: Tab, files: dict[str, Path], name: str, size: tuple[int, int], dark: bool) -> None:
    tab.show(*size, dark=dark)
    tab.open(files[name])
    keep(tab, f"{name}-{size[0]}-{'dark' if dark else 'light'}.png")
    assert tab.evaluate("innerWidth") == size[0]
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert tab.evaluate(TOO_WIDE) == []
    text = tab.evaluate(PALE)
    assert text["seen"] > 20
    assert text["pale"] == []
    assert (text["paper"] < 0.05) if dark else (text["paper"] > 0.95)


@pytest.mark.parametrize("name", REPORTS)
def test_the_verdict_and_the_cause_are_on_the_first_screen_of_a_phone(tab: Tab, files: dict[str, Path], name: str) -> None:
    tab.show(*PHONE)
    tab.open(files[name])
    for element in ("h1", "#cause"):
        box: dict[str, Any] = tab.evaluate(f"document.querySelector('{element}').getBoundingClientRect().toJSON()")
        assert 0 <= box["top"] < box["bottom"] <= PHONE[1], element
    assert tab.evaluate("document.querySelector('#cause').innerText") == REPORTS[name]["sentence"]


def test_no_request_leaves_the_file_and_no_text_of_a_log_runs(tab: Tab, files: dict[str, Path]) -> None:
    tab.show(*DESKTOP)
    tab.open(files["failed"])
    assert [url for url in tab.requests if not url.startswith("data:")] == [files["failed"].as_uri()]
    assert tab.evaluate("document.title") == "Failed: jewelry-shop staging"
    assert tab.evaluate("document.querySelectorAll('script, img').length") == 0
    assert HOSTILE in tab.evaluate("document.querySelector('pre').textContent")


def test_a_long_log_line_scrolls_in_its_box(tab: Tab, files: dict[str, Path]) -> None:
    tab.show(*PHONE)
    tab.open(files["failed"])
    log = "document.querySelector('pre')"
    assert tab.evaluate(f"{log}.scrollWidth > {log}.clientWidth")
    assert tab.evaluate(f"({log}.focus(), document.activeElement === {log})")


def test_a_printed_page_is_dark_on_white_and_shows_the_whole_log(tab: Tab, files: dict[str, Path]) -> None:
    tab.show(*PAPER, dark=True, media="print")
    tab.open(files["failed"])
    keep(tab, "print.png")
    text = tab.evaluate(PALE)
    assert text["pale"] == []
    assert text["paper"] == 1
    assert tab.evaluate(TOO_WIDE) == []
    assert tab.evaluate(
        "(log => log.scrollWidth <= log.clientWidth && log.scrollHeight <= log.clientHeight)(document.querySelector('pre'))"
    )
    assert tab.pdf().startswith(b"%PDF-")


def test_the_bars_of_the_timeline_are_where_the_waits_were(tab: Tab, files: dict[str, Path]) -> None:
    tab.show(*DESKTOP)
    tab.open(files["failed"])
    places = "[...document.querySelectorAll('.bar')].map(each => [each, each.parentElement].map(one => one.getBoundingClientRect()))"
    parts = tab.evaluate(f"{places}.map(([bar, track]) => [(bar.left - track.left) / track.width, bar.width / track.width, bar.height])")
    percent = [(100 * left, 100 * width) for left, width, _height in parts]
    assert percent == [pytest.approx(each, abs=0.1) for each in [(0, 20), (30, 41.5), (30, 1), (30, 41.5), (80, 20)]]
    assert all(height > 5 for _left, _width, height in parts)


def keep(tab: Tab, name: str) -> None:
    """Write a picture for a person, if the environment names a folder: REPORT_SCREENSHOTS=/tmp pytest ..."""
    folder = os.environ.get("REPORT_SCREENSHOTS")
    if folder:
        Path(folder, name).write_bytes(tab.screenshot())
