"""Time how long a page of 300 matrices takes to make and to open: `htstats report`.

    python bench/studies/report_page.py [--matrices 300] [--repeat 5]

It writes a checkpoint of random matrices, makes the page with `html_report`, and opens it in
Chromium (apt-get install chromium; pip install playwright) in a new window each time:

open         from the request to the finished overview and table
CPU of open  what the page's process has computed until then; less sensitive to other load
click        from a click on a matrix to its drawn charts

The times are printed, and nothing is asserted.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

OPENED = "document.documentElement.dataset.ready"
DRAWN = "document.querySelectorAll('tr.detail figure svg .line').length >= 3"


def make_checkpoint(path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    np.savez(path, **{f"h.{i}.w": np.float32(rng.standard_t(3, (96, 64))) for i in range(n)})


def time_opening(browser, page: Path) -> tuple[float, float, float]:
    """Seconds to open the page, CPU seconds of its process, and seconds to open a matrix on it."""
    window = browser.new_page(viewport={"width": 1360, "height": 900})
    session = window.context.new_cdp_session(window)
    session.send("Performance.enable")
    start = time.perf_counter()
    window.goto(page.as_uri())
    window.wait_for_function(OPENED)
    opened = time.perf_counter()
    metrics = session.send("Performance.getMetrics")["metrics"]
    cpu = next(metric["value"] for metric in metrics if metric["name"] == "ProcessTime")
    clicked = time.perf_counter()
    window.click("#matrices .name >> nth=7")
    window.wait_for_function(DRAWN)
    drawn = time.perf_counter()
    window.close()
    return opened - start, cpu, drawn - clicked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--matrices", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    from htstats.report import html_report

    with tempfile.TemporaryDirectory() as folder:
        checkpoint, page = Path(folder, "w.npz"), Path(folder, "page.html")
        make_checkpoint(checkpoint, args.matrices)
        start = time.perf_counter()
        html_report(checkpoint, output=page)
        made = time.perf_counter() - start
        print(f"{args.matrices} matrices: {page.stat().st_size / 1e6:.2f} MB, made in {made:.1f} s")
        program = shutil.which("chromium")
        if program is None:
            print("no browser: apt-get install chromium", file=sys.stderr)
            return 1
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            time_opening(browser, page)  # starts the browser's processes
            times = [time_opening(browser, page) for _ in range(args.repeat)]
            browser.close()
    for word, column in zip(
        ("open", "CPU of open", "click"), zip(*times, strict=True), strict=True
    ):
        low, high = min(column), max(column)
        print(f"{word}: median {statistics.median(column):.2f} s ({low:.2f} to {high:.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
