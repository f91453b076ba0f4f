"""The gate's page in a browser, at desktop and phone width, light and dark, and in a sandboxed frame."""

from pathlib import Path

import pytest
from example_gate import EVIL, LONG, image_page, table_page
from playwright.sync_api import Browser, Locator, Page
from watched import asked_and_said, sandboxed

from graduate.components.data_quality_gate.standing import Standing

WIDTHS = [1280, 390]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a table with every kind of evidence."""
    return table_page(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of images with every kind of evidence."""
    return image_page(tmp_path_factory.mktemp("images"))


def open_page(browser: Browser, file: Path, width: int = 1280) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if width < 500 else "light")
    page.set_default_timeout(5000)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    return page


def box_of(place: Locator) -> dict[str, float]:
    box = place.bounding_box()
    assert box
    return {"left": box["x"], "right": box["x"] + box["width"], "top": box["y"], "bottom": box["y"] + box["height"]}


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    beside = one["right"] <= other["left"] or other["right"] <= one["left"]
    return not beside and one["top"] < other["bottom"] and other["top"] < one["bottom"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["table", "images"])
def test_the_page_does_not_overflow_sideways_though_names_are_long(
    browser: Browser, request: pytest.FixtureRequest, kind: str, width: int
) -> None:
    page = open_page(browser, request.getfixturevalue(kind), width)
    assert page.get_by_text(LONG[:50]).count() > 1
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "place",
    [
        Standing("roc_auc", 0.8912, 0.95, 0.5, target_is_given=True, interval=(0.8523, 0.9204)),
        Standing("rmse", 300.0, 250.0, 2000.0, True, (270.0, 330.0), "ratio"),
        Standing("accuracy", 0.84, 0.87, 0.76, True, (0.8, 0.86), "ratio", (0.78, 0.81)),
        Standing("accuracy", -4.0, 1.0, 0.76, False, (-5.0, -3.0), "skill", (0.0, 0.8)),
    ],
)
def test_the_texts_of_the_scale_are_inside_and_do_not_overlap(
    browser: Browser, tmp_path: Path, place: Standing, width: int
) -> None:
    page = open_page(browser, table_page(tmp_path, place), width)
    texts = [box_of(each) for each in page.locator(".scale .ticks span, .scale .flag").all()]
    assert len(texts) >= 4
    assert all(each["left"] >= 0 and each["right"] <= width for each in texts)
    assert not [(a, b) for place, a in enumerate(texts) for b in texts[:place] if overlap(a, b)]
    mark, interval = (box_of(page.locator(f".scale .{name}")) for name in ("mark", "range"))
    assert interval["left"] <= mark["right"]
    assert mark["left"] <= interval["right"]


def test_without_anything_to_measure_on_the_page_says_so(browser: Browser, tmp_path: Path) -> None:
    page = open_page(browser, table_page(tmp_path, None))
    assert page.locator(".scale").count() == 0
    assert page.get_by_text("This could not be measured").is_visible()


def test_a_close_call_is_said_beside_the_scale(browser: Browser, images: Path) -> None:
    page = open_page(browser, images)
    assert "That is a close call" in page.locator(".straddles").inner_text()


def test_each_finding_of_the_list_leads_to_its_evidence(browser: Browser, table: Path) -> None:
    page = open_page(browser, table)
    links = [link.get_attribute("href") or "" for link in page.locator(".index a").all()]
    assert links[0] == "#leakage"
    assert links == [f"#{card.get_attribute('id')}" for card in page.locator("section.finding").all()]


def test_a_leak_is_shown_by_label_and_with_what_dropping_it_would_change(browser: Browser, table: Path) -> None:
    card = open_page(browser, table).locator("#leakage")
    assert card.locator(".figures").first.inner_text() == "roc_auc 0.991 → 0.835"
    before, after = (box_of(card.locator(".change").first.locator(each)) for each in ("i.before", "i:not(.before)"))
    assert after["right"] < before["left"]
    assert card.locator("p code").all_inner_texts() == ["tax_code", "tax_paid"]
    assert card.locator(".matrix").count() == 1
    assert card.locator(".strips path").count() == 2


def test_columns_are_shown_as_histograms_and_bars_of_train_and_test(browser: Browser, table: Path) -> None:
    card = open_page(browser, table).locator("#drift")
    assert card.locator(".plot").count() == 6
    assert card.locator("path.train").count() == card.locator("path.later").count() == 3
    assert card.get_by_text("1 more column is listed below.").is_visible()
    assert card.locator("li").count() == 7


def test_the_cell_that_a_case_is_of_is_marked(browser: Browser, table: Path) -> None:
    assert open_page(browser, table).locator("#range_break td.marked").first.inner_text() == "4711"


def test_pictures_of_any_shape_keep_to_their_place(browser: Browser, images: Path) -> None:
    page = open_page(browser, images)
    frames = [box_of(frame) for frame in page.locator("#odd_aspect_ratio_image .frame").all()]
    assert len(frames) == 3
    assert all(each["bottom"] - each["top"] <= 2.05 * (each["right"] - each["left"]) for each in frames)
    assert page.locator("#split_overlap .pair").count() == 3
    assert page.locator("#missing_box rect.predicted").count() == 2


@pytest.mark.parametrize("kind", ["table", "images"])
def test_it_asks_nothing_of_the_network_and_the_console_is_silent(
    browser: Browser, request: pytest.FixtureRequest, kind: str
) -> None:
    file = request.getfixturevalue(kind)
    assert asked_and_said(browser, file) == ([file.as_uri()], [])


def test_it_is_whole_in_a_sandboxed_frame_and_names_that_are_html_are_text(browser: Browser, table: Path) -> None:
    frame, words = sandboxed(browser, table)
    assert frame.locator("h2").all_inner_texts() == [
        "How far the baseline gets",
        "What was found",
        "Critical: these stop the pipeline unless accepted",
        "Warnings: worth mending, nothing stops",
        "What there is to learn from",
        "What could not be judged",
        "What was looked for and not found",
    ]
    assert frame.locator("script").count() == 0
    assert frame.get_by_text(EVIL).count() > 3
    assert words == []


def test_a_page_of_thousands_of_long_names_stays_small(table: Path, images: Path) -> None:
    assert table.stat().st_size < 300_000
    assert images.stat().st_size < 500_000
