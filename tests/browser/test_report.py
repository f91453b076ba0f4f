"""The run report in a browser, at desktop and phone width."""

from pathlib import Path

import pytest
from example_run import STEPS
from playwright.sync_api import Browser, Page

from graduate.pipelines import report
from graduate.pipelines.run_record import RunRecord, State

WIDTHS = [1280, 390]


def open_report(browser: Browser, record: RunRecord, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(report.write(record, STEPS).as_uri())
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_does_not_overflow_sideways(browser: Browser, run_record: RunRecord, width: int) -> None:
    page = open_report(browser, run_record, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_picture_shows_every_step_inside_the_screen(browser: Browser, run_record: RunRecord, width: int) -> None:
    page = open_report(browser, run_record, width)
    shown = page.locator("svg g[data-step]:visible")
    assert {shown.nth(n).get_attribute("data-step") for n in range(shown.count())} == set(STEPS)
    boxes = [shown.nth(n).bounding_box() for n in range(shown.count())]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_picture_sticks_out_of_its_step(browser: Browser, run_record: RunRecord, width: int) -> None:
    page = open_report(browser, run_record, width)
    sticking_out = page.evaluate(
        """[...document.querySelectorAll('g[data-step]')].filter(g => g.getClientRects().length).filter(g => {
            const box = g.querySelector('rect').getBoundingClientRect();
            return [...g.querySelectorAll('text')].some(t => t.getBoundingClientRect().right > box.right);
        }).map(g => g.dataset.step)"""
    )
    assert sticking_out == []


def test_skipped_branches_say_so_in_words(browser: Browser, run_record: RunRecord) -> None:
    page = open_report(browser, run_record, 1280)
    assert "– skipped" in (page.locator("g[data-step=onnx-convert-2]:visible").text_content() or "")
    assert page.locator("g.skipped:visible").count() == 3


def test_it_asks_nothing_of_the_network_and_the_console_is_silent(browser: Browser, run_record: RunRecord) -> None:
    page = browser.new_page()
    requests, words = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: words.append(message.text))
    file = report.write(run_record, STEPS).as_uri()
    page.goto(file)
    for summary in page.locator("summary").all():
        summary.click()
    assert [url for url in requests if not url.startswith(("data:", "about:"))] == [file]
    assert words == []


def test_the_findings_name_their_files_and_accepted_ones_are_marked(browser: Browser, run_record: RunRecord) -> None:
    page = open_report(browser, run_record, 1280)
    row = page.locator("tr", has_text="split overlap")
    assert row.locator(".badge", has_text="accepted").is_visible()
    row.locator("summary").click()
    assert row.get_by_text("a-rather-long-file-name-0001.jpg").is_visible()


def test_examples_have_true_and_predicted_boxes_where_they_belong(browser: Browser, run_record: RunRecord) -> None:
    page = open_report(browser, run_record, 1280)
    figures = page.locator("figure")
    assert figures.count() == 6
    frame, box = (figures.first.locator(selector).first.bounding_box() for selector in ("img", "rect.true"))
    assert frame
    assert box
    assert (box["x"] - frame["x"]) / frame["width"] == pytest.approx(0.1, abs=0.01)
    assert box["height"] / frame["height"] == pytest.approx(0.4, abs=0.02)
    assert figures.first.locator("rect.predicted").count() == 2


def test_every_link_leads_to_a_file_of_the_run_folder_or_into_the_page(browser: Browser, run_record: RunRecord) -> None:
    page = open_report(browser, run_record, 1280)
    links = {link.get_attribute("href") or "" for link in page.locator("a").all()}
    files = {link for link in links if not link.startswith(("#", "logs/"))}
    assert "data-quality-gate/page.html" in files
    assert all((run_record.folder / file).exists() for file in files)
    assert all(page.locator(link).count() == 1 for link in links if link.startswith("#"))


def test_a_parameter_cannot_put_html_into_the_page(browser: Browser, run_record: RunRecord) -> None:
    page = open_report(browser, run_record, 1280)
    assert page.get_by_text("<b>x</b>").is_visible()


def test_a_run_that_failed_at_its_first_step_has_a_report(browser: Browser, tmp_path: Path) -> None:
    record = RunRecord.new(tmp_path, "graduation", {"parameters": {}}, STEPS.values())
    record.steps["import-dataset"].state = State.FAILED
    record.steps["import-dataset"].reason = "import.jsonl:3 is not JSON"
    record.close(State.FAILED, "Import the dataset: import.jsonl:3 is not JSON", STEPS)
    page = open_report(browser, record, 390)
    assert page.locator(".banner").inner_text().split("\n\n") == [
        "Failed",
        "Import the dataset: import.jsonl:3 is not JSON",
    ]
    assert page.locator("g.skipped:visible").count() == len(STEPS) - 1
