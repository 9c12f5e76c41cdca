"""The study of stable fits: docs/stable.md shows the numbers that the study has measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def study():
    return load_script(ROOT / "bench/studies/stable_fits.py")


def test_the_page_has_the_measured_numbers(study):
    _, inside, _ = study.between_marks(study.PAGE.read_text())
    assert inside == study.section(study.read_results())


def test_every_law_and_method_is_measured(study):
    known = study.read_results()
    _, laws, methods = study.PARTS["estimates"]
    assert {f"estimates {a} {b} {m}" for a, b in laws for m in methods} <= known.keys()


def test_rows_of_a_part_come_from_one_build(study):
    """The rows of estimates were measured before rows kept their build."""
    for part in ("blocks", "pvalues", "power", "bootstrap"):
        rows = [*study.rows_of(study.read_results(), part)]
        assert len({row["build"] for *_, row in rows}) <= 1
        assert all(row["data_sets"] == study.sets_of(part, kind) for _, kind, row in rows)


def test_p_values_of_stable_laws_are_uniform(study):
    """The distance exceeds 1.95 / sqrt(n) with probability .001; 99 resamples add at most .01."""
    rows = [*study.rows_of(study.read_results(), "pvalues")]
    assert len(rows) == len(study.FEW_LAWS) * len(study.STATISTICS)
    for *_, row in rows:
        assert row["distance"] < 1.95 / study.DATA_SETS["pvalues"] ** 0.5 + 0.01


def test_estimates_are_unbiased_over_many_seeds(study):
    """The mean over 20 blocks is known to .22; biases of order 1/n show, and are below 2."""
    ((*_, row),) = study.rows_of(study.read_results(), "blocks")
    assert max(map(abs, row["mean"])) < 2


def test_intervals_of_maximum_likelihood_cover(study):
    """Within four standard deviations of .95, away from the bounds of alpha and beta."""
    for (alpha, beta), method, row in study.rows_of(study.read_results(), "estimates"):
        if method == "mle" and beta < 0.9 and alpha < 1.9:
            assert all(abs(c - 0.95) < 4 * (0.95 * 0.05 / 500) ** 0.5 for c in row["coverage"])


def test_a_quick_measurement_has_every_number(study, monkeypatch):
    monkeypatch.setattr(study, "N", 200)
    row = study.measure_estimates((1.5, 0.0), "quantile", 12)
    assert {len(row[name]) for name in ("bias", "spread", "coverage")} == {4}
    assert 0 <= row["at_bound"] <= 1
