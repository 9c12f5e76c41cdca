"""`htstats demo`: its numbers against direct computation, its output against its promises."""

import json
import math
import statistics
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")

from htstats.cli import main  # noqa: E402
from htstats.commands.demo import _probability  # noqa: E402
from htstats.datasets import digits  # noqa: E402
from htstats.torch.training import train  # noqa: E402

SHORT = ["--epochs", "12", "--trials", "3"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The JSON of a process of its own, and the weights it saved."""
    file = tmp_path_factory.mktemp("demo") / "demo.pt"
    command = [sys.executable, "-m", "htstats", "demo", "--json", *SHORT, "--save", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout), torch.load(file, weights_only=True)


def texts(capsys, *arguments):
    assert main(["demo", *SHORT, *arguments]) == 0
    return capsys.readouterr().out


def test_the_network_is_the_promised_one_and_learns(report):
    result, weights = report
    assert result["network"] == [64, 64, 32, 10]
    assert result["data"] == {"name": "digits", "train": 1437, "held_out": 360}
    assert result["accuracy"]["original"] > 0.9
    assert sorted(weights) == sorted(
        f"{layer}.{leaf}" for layer in ("hidden1", "hidden2", "head") for leaf in ("bias", "weight")
    )


def test_the_certificate_is_that_of_its_numbers(report):
    from htstats.certificate import occam_bound

    held = report[0]["certificate"]
    bits = 8 * held["bytes"] + held["choice_bits"]
    assert held["certified_error"] == occam_bound(held["errors"], held["m"], bits, held["delta"])
    assert held["m"] == 1437
    assert held["test_error"] < held["certified_error"] < 0.5


def test_fits_and_splits_are_those_of_the_weights(report):
    result, weights = report
    for m in result["matrices"]:
        w = weights[m["name"]].numpy().astype(float)
        assert m["shape"] == list(w.shape)
        exact_rank = np.linalg.norm(w) ** 2 / np.linalg.norm(w, 2) ** 2
        assert m["stable_rank"] == pytest.approx(exact_rank, rel=1e-9)
        fit, a = m["fit"], np.abs(w).ravel()
        tail = np.sort(a[a >= fit["xmin"]])
        assert fit["n_tail"] == len(tail)
        assert fit["n"] + fit["n_excluded"] == w.size
        # the maximum-likelihood estimate, from its formula
        exponent = len(tail) / np.log(tail / fit["xmin"]).sum()
        assert fit["tail_exponent"] == pytest.approx(exponent, rel=1e-9)
        assert fit["alpha"] == pytest.approx(exponent + 1, rel=1e-9)
        exact = statistics.pstdev(map(Fraction, w.ravel().tolist()))
        assert m["split"]["threshold"] == pytest.approx(float(exact), rel=1e-15)
        assert m["split"]["nnz"] == np.count_nonzero(a > m["split"]["threshold"])


def test_predictions_are_binomial_tails(report):
    result, weights = report
    for m in result["matrices"]:
        size, nnz, tau = np.prod(m["shape"]), m["split"]["nnz"], m["split"]["threshold"]
        a = np.abs(weights[m["name"]].numpy().astype(float))
        assert m["predicted"]["paper"]["xmin"] == a[a > 0].min()
        for key, n_tail in (("fitted_tail", m["fit"]["n_tail"]), ("paper", np.count_nonzero(a))):
            tail = m["predicted"][key]
            assert tail["below_xmin"] == (tau < tail["xmin"])
            if tail["below_xmin"]:
                assert "p" not in tail
                continue
            p = n_tail / size * (tail["xmin"] / tau) ** tail["tail_exponent"]
            assert tail["p"] == pytest.approx(p, rel=1e-9)
            exact = stats.binom.sf(nnz - 1, size, p)
            assert math.exp(tail["log_exact"]) == pytest.approx(exact, rel=1e-8)
            q = nnz / size
            chernoff = 0.0
            if q > p:
                chernoff = -size * (q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)))
            assert tail["log_chernoff"] == pytest.approx(chernoff, rel=1e-8, abs=1e-12)
            assert tail["log_chernoff"] >= tail["log_exact"]


def test_accuracies_are_of_real_trials(report):
    result, weights = report
    accuracy = result["accuracy"]
    for cells in accuracy["compressed"].values():
        assert list(cells) == ["paper", "matched", "none"]
        for noise, cell in cells.items():
            assert len(cell["values"]) == accuracy["trials"] == 3
            assert cell["mean"] == pytest.approx(np.mean(cell["values"]), rel=1e-12)
            assert cell["std"] == pytest.approx(np.std(cell["values"], ddof=1), abs=1e-12)
            # trials differ where there is noise, and only there
            assert (len(set(cell["values"])) == 1) == (noise == "none")
    # pruning all layers, done again by hand
    data = digits()
    x = data.x_test
    for layer in ("hidden1", "hidden2", "head"):
        w = weights[f"{layer}.weight"].numpy()
        w = np.where(np.abs(w) > w.astype(float).std(), w, 0)
        x = x @ w.T + weights[f"{layer}.bias"].numpy()
        x = x if layer == "head" else np.maximum(x, 0)
    pruned = np.mean(x.argmax(1) == data.y_test)
    assert accuracy["compressed"]["all layers"]["none"]["mean"] == pytest.approx(pruned, abs=1e-9)


def test_the_rate_counts_all_kept_weights(report):
    rate = report[0]["rate"]
    kept = sum(m["split"]["nnz"] for m in report[0]["matrices"])
    assert rate["kind"] == "rate"
    assert rate["value"] == pytest.approx(math.sqrt(kept / 1437))


def test_tables_fit_and_label_what_they_say(capsys):
    text = texts(capsys)
    assert max(map(len, text.splitlines())) <= 100
    for word in (
        "alpha", "tail", "xmin", "KS", "n_tail", "stable rank", "P exact", "P Chernoff", "paper",
        "below xmin", "last layer", "all layers", "paper's noise", "matched noise",
        "none (prune)", "Rate (not a bound",
    ):  # fmt: skip
        assert word in text
    tail = text[text.index("Try next") :].splitlines()
    assert 2 <= len(tail) - 1 <= 3
    assert all(line.startswith("  htstats ") for line in tail[1:])


def test_seeds_decide(capsys):
    first = texts(capsys)
    assert texts(capsys) == first
    assert texts(capsys, "--seed", "1") != first


def test_training_leaves_the_callers_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(digits(), (8,), seed=0, epochs=1, weight_decay=0.0)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("log", "text"),
    [(0.0, "1"), (math.log(0.25), "0.25"), (-1000.0, "5.08e-435"), (math.log(1e-7), "1.00e-7")],
)
def test_probabilities_below_the_float_range(log, text):
    assert _probability(log) == text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--seed=-1", "--seed must be at least 0, got -1"),
        ("--trials=1", "--trials must be at least 2, got 1"),
        ("--epochs=0", "--epochs must be at least 1, got 0"),
        ("--threshold=sigma", "threshold must be a number, 'std', 'quantile:Q', 'nnz:K', 'xmin'"),
        ("--threshold=nan", "threshold must be finite, got nan"),
        ("--save=no/such/folder/x.pt", "no/such/folder: No such file or directory"),
    ],
)
def test_bad_input_is_one_line(argument, message, capsys):
    assert main(["demo", "--epochs", "1", argument]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err.replace("\r", "\n").strip().splitlines()[-1]
    assert message in last
    assert last.startswith("htstats: ")
