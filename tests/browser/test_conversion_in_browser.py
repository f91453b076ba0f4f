"""The conversion's page in a browser, at desktop and phone width, light and dark, and in a sandboxed frame."""

from pathlib import Path

import pytest
from example_conversion import EVIL, conversion_page
from playwright.sync_api import Browser
from watched import asked_and_said, sandboxed

KINDS = ["proven", "refused"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("conversion")
    return {kind: conversion_page(folder / kind, proven=kind == "proven") for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_does_not_overflow_though_tensors_have_long_names(
    browser: Browser, pages: dict[str, Path], kind: str, width: int, scheme
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(pages[kind].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.get_by_text(EVIL).count() >= 1
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_it_asks_for_nothing_and_runs_nothing(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    asked, said = asked_and_said(browser, pages[kind])
    assert asked == [pages[kind].as_uri()]
    assert said == []


def test_a_sandboxed_frame_shows_it_whole(browser: Browser, pages: dict[str, Path]) -> None:
    frame, said = sandboxed(browser, pages["proven"])
    assert frame.get_by_text("Boxes of both").is_visible()
    assert frame.locator("figure svg rect.predicted").count() >= 8
    assert said == []


def test_what_was_refused_is_said_with_the_node(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["refused"].as_uri())
    assert page.locator(".banner.bad").count() == 1
    assert page.get_by_text("Where the graphs part").is_visible()
    assert page.get_by_text("ResizeArea").count() == 1
