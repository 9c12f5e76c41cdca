"""docs/theory.md names a test for each claim: every name is that of a test."""

import re
from pathlib import Path

HERE = Path(__file__).parent
TEXT = (HERE.parent / "docs" / "theory.md").read_text()
FILES = [*HERE.glob("test_theory_*.py"), HERE / "test_torch_noise_stability.py"]


def test_every_test_that_is_named_exists():
    defined = set()
    for file in FILES:
        defined |= set(re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 50
    assert named <= defined, named - defined


def test_every_erratum_names_one():
    section = TEXT.split("## Errata")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 18
    assert all("`test_" in row for row in rows)


def test_functions_that_are_named_exist():
    import htstats.theory
    from htstats.theory import sparsity

    words = set(re.findall(r"`([a-z_0-9]+)`", TEXT)) - {"test_theory_"}
    known = set(htstats.theory.__all__) | set(sparsity.__all__)
    theory_words = {
        "failure_probability", "error_budget", "bernstein_failure_probability", "vector_error",
        "approximation_error", "exact_failure_probability", "nonzeros_tail", "smallest_k",
        "sparsity_report", "pattern_nats", "projection_law", "bracket_tail_surface",
        "layer_tolerances", "margin_tolerance", "perturbation_bound", "dudley_bound",
        "covering_log_constant",
    }  # fmt: skip
    assert theory_words <= words
    assert theory_words <= known
