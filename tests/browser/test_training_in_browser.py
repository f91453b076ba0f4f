"""The training's page in a browser, at desktop and phone width, light and dark, and in a sandboxed frame."""

from pathlib import Path

import pytest
from example_training import EVIL, LONG, MANY, classification_page, detection_page
from playwright.sync_api import Browser, Page
from watched import asked_and_said, sandboxed

WIDTHS = [1280, 390]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of all kinds of images, with few and with 90 labels."""
    folder = tmp_path_factory.mktemp("training")
    return {
        "detection": detection_page(folder / "detection"),
        "detection of 90 labels": detection_page(folder / "many", MANY, images=120),
        "classification": classification_page(folder / "classification"),
        "classification of 90 labels": classification_page(folder / "classification of many", MANY),
        "several labels": classification_page(folder / "several", several=True),
    }


def open_page(browser: Browser, file: Path, width: int = 1280) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if width < 500 else "light")
    page.set_default_timeout(5000)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_overflows_sideways_though_names_are_long(browser: Browser, pages: dict[str, Path], width: int) -> None:
    for kind, file in pages.items():
        page = open_page(browser, file, width)
        assert (kind, page.evaluate("document.documentElement.scrollWidth")) == (kind, width)
        assert page.get_by_text(LONG[:50] if "90" in kind else EVIL).count() >= 1
        page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_figures_of_a_label_are_all_to_be_seen(browser: Browser, pages: dict[str, Path], width: int) -> None:
    page = open_page(browser, pages["detection"], width)
    row = page.locator(".labels tbody tr").first
    assert row.locator("td").count() == 4
    for cell in row.locator("td").all():
        box = cell.bounding_box()
        assert box
        assert 0 < box["x"] < box["x"] + box["width"] <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_numbers_at_an_axis_stand_at_their_lines(browser: Browser, pages: dict[str, Path], width: int) -> None:
    page = open_page(browser, pages["detection"], width)
    for chart in page.locator(".steps").all():
        numbers = [each.bounding_box() for each in chart.locator(".up span").all()]
        lines = [each.bounding_box() for each in chart.locator("path.grid").all()]
        assert len(numbers) == len(lines) >= 3
        for number, line in zip(numbers, lines, strict=True):
            assert number
            assert line
            assert number["y"] + number["height"] / 2 == pytest.approx(line["y"] + line["height"] / 2, abs=2)
            assert number["x"] + number["width"] <= line["x"]


def test_training_and_validation_are_in_one_chart_and_the_best_step_is_marked(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = open_page(browser, pages["detection"])
    both = page.locator(".steps", has_text="classification")
    assert both.locator("polyline.training").count() == both.locator("polyline.validation").count() == 1
    axis, best = (both.locator(each).bounding_box() for each in ("path.grid >> nth=0", "path.best"))
    assert axis
    assert best
    assert best["x"] + best["width"] / 2 == pytest.approx(axis["x"] + axis["width"] * 900 / 1150, abs=2)
    assert both.locator("path.stage").count() == 2


def test_ninety_labels_stay_readable(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["detection of 90 labels"].as_uri())
    assert page.locator(".labels tbody tr:visible").count() == 15
    assert page.locator(".curves figure").count() == 12
    assert page.locator(".matrix").count() == 0
    assert page.locator(".bars .value:visible", has_text="0.").count() >= 15


def test_names_that_are_html_are_shown_as_text_and_nothing_runs(browser: Browser, pages: dict[str, Path]) -> None:
    page = open_page(browser, pages["detection"])
    assert page.title() == "Fine-tuning"
    assert page.locator("script").count() == 0
    assert page.get_by_text(EVIL).count() > 10


def test_it_asks_nothing_of_the_network_and_the_console_is_silent(browser: Browser, pages: dict[str, Path]) -> None:
    for file in pages.values():
        assert asked_and_said(browser, file) == ([file.as_uri()], [])
        assert file.stat().st_size < 3_000_000


def test_it_is_whole_in_a_sandboxed_frame(browser: Browser, pages: dict[str, Path]) -> None:
    frame, words = sandboxed(browser, pages["detection"])
    assert frame.locator("h2").all_inner_texts() == [
        "On the test split",
        "How training went",
        "Label by label",
        "Precision over recall",
        "Which label is taken for which",
        "Where it is wrong most",
        "What it sees",
        "What became of the weights",
        "What it was trained with",
    ]
    assert frame.locator("img").count() == 12
    assert words == []
