"""A real browser for tests of pages: Debian's Chromium, driven by playwright."""

import shutil
from contextlib import contextmanager

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
HOW = (
    "needs a browser: apt-get install chromium, and pip install playwright (no download of its own)"
)


@contextmanager
def open_browser():
    """A running browser; the test is skipped if there is none."""
    api = pytest.importorskip("playwright.sync_api", reason=HOW)
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(HOW)
    with api.sync_playwright() as playwright:
        # without its sandbox, because tests may run as root in a container
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """One page in a window of its own, with everything that it logged and requested."""

    def __init__(self, browser, path, *, width=1360, height=900, **options):
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, **options
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.messages, self.requests = [], []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: self.messages.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.address = path.as_uri()
        self.page.goto(self.address)
        self.page.wait_for_selector("html[data-ready]")

    def download(self, selector):
        """The text of the file that a click on `selector` saves, and its name."""
        with self.page.expect_download() as found:
            self.page.click(selector)
        return found.value.path().read_text(), found.value.suggested_filename

    def names(self):
        """The names of the rows that are shown, from top to bottom."""
        return self.page.eval_on_selector_all(
            "#matrices tr.row:not([hidden]) .name", "all => all.map(one => one.textContent)"
        )

    def row(self, name):
        """The selector of the row of a matrix."""
        find = "(all, name) => all.find(e => e.textContent === name).closest('tr').id"
        return "#" + self.page.eval_on_selector_all("#matrices .name", find, name)

    def close(self):
        """Close the window; the page must have logged nothing and asked for no other file."""
        self.context.close()
        assert self.messages == []
        # what a download saves is a blob of the page itself
        others = [url for url in self.requests if not url.startswith(("blob:", "data:"))]
        assert others == [self.address]
