"""The tags and the words of a page."""

from html.parser import HTMLParser
from pathlib import Path


class Text(HTMLParser):
    """The tags and the words of a page, its style left out."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words += f" {' '.join(data.split())}" if data.strip() else ""
