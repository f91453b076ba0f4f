"""Pages opened so that what they ask for and what the console says is noted."""

import html
from pathlib import Path

from playwright.sync_api import Browser, FrameLocator


def asked_and_said(browser: Browser, file: Path) -> tuple[list[str], list[str]]:
    """URLs that a page asks for, what it carries in itself left out, and lines of the console."""
    page = browser.new_page()
    requests: list[str] = []
    words: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: words.append(message.text))
    page.goto(file.as_uri())
    return [url for url in requests if not url.startswith("data:")], words


def sandboxed(browser: Browser, file: Path) -> tuple[FrameLocator, list[str]]:
    """A page in a frame that lets no script run, as in the pipeline UIs, and lines of the console."""
    page = browser.new_page()
    words: list[str] = []
    page.on("console", lambda message: words.append(message.text))
    page.set_content(f'<iframe sandbox srcdoc="{html.escape(file.read_text())}" width="800" height="600"></iframe>')
    return page.frame_locator("iframe"), words
