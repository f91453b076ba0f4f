"""The baseline's page in a browser, at desktop and phone width, and in a sandboxed frame as in the pipeline UIs."""

from pathlib import Path

import pytest
from example_baseline import EVIL, forecast_page
from playwright.sync_api import Browser, Page
from watched import asked_and_said, sandboxed


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a forecast, with every part that such a page can have."""
    return forecast_page(tmp_path_factory.mktemp("baseline"))


def open_page(browser: Browser, file: Path, width: int = 1280) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(file.as_uri())
    for summary in page.locator("summary").all():
        summary.click()
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_does_not_overflow_sideways(browser: Browser, file: Path, width: int) -> None:
    page = open_page(browser, file, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [1280, 390])
def test_each_estimate_lies_between_the_marks_of_its_interval(browser: Browser, file: Path, width: int) -> None:
    page = open_page(browser, file, width)
    rows = page.locator(".interval")
    assert rows.count() >= 2
    for row in rows.all():
        low, estimate, high = (
            row.locator(each).bounding_box() for each in ("line >> nth=2", "circle", "line >> nth=3")
        )
        assert low
        assert estimate
        assert high
        middle = estimate["x"] + estimate["width"] / 2
        assert low["x"] < middle < high["x"] + high["width"] <= width


def test_names_that_are_html_are_shown_as_text_and_nothing_runs(browser: Browser, file: Path) -> None:
    page = open_page(browser, file)
    assert page.title() == "AutoML baseline"
    assert page.locator("script").count() == 0
    assert page.get_by_text(EVIL).count() > 5


def test_it_asks_nothing_of_the_network_and_the_console_is_silent(browser: Browser, file: Path) -> None:
    assert asked_and_said(browser, file) == ([file.as_uri()], [])


def test_it_is_whole_in_a_sandboxed_frame(browser: Browser, file: Path) -> None:
    frame, words = sandboxed(browser, file)
    assert frame.locator("h2").all_inner_texts() == [
        "On the test split",
        "Forecasts and what came",
        "Predicted and true values",
        "On the service",
        "What was tried",
        "What it looks at",
        "What was done to the columns",
        "How training went",
        "What it is made of",
    ]
    assert frame.locator("polyline.predicted").count() == 2
    assert words == []
