"""Reports on one matrix or on many: numbers, tables, pictures, pages.

`matrix` computes the numbers; the other modules present them:

    matrix    the fit of a matrix and its tests, as plain numbers
    tables    these numbers as text, CSV and JSON
    pictures  the plots of each fit, in files
    html_page html_report, one HTML page with all numbers and charts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from htstats._common.lazy import attributes_of

if TYPE_CHECKING:
    from htstats.report.html_page import HtmlReport, html_report

__all__ = ["HtmlReport", "html_report"]

__getattr__, __dir__ = attributes_of(
    __name__, {"HtmlReport": "html_page", "html_report": "html_page"}
)
