"""Random stable numbers against NumPy's normal ones; fits of stable laws against sorting."""

import json
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from htstats.stable import fit_stable, levy_stable, sample

SAMPLES = "stable random numbers, one thread"
FITS = "fits of stable laws, one thread"


@pytest.mark.parametrize("law", [(1.5, 0.3), (1.0, 0.5), (0.4, 1.0)])
def test_sample(race, quick, law):
    out = np.empty(10**5 if quick else 10**7)
    rng = np.random.default_rng(0)
    race(
        SAMPLES,
        f"{out.size} numbers, alpha, beta = {law}",
        lambda: sample(out.size, *law, seed=0, out=out),
        {"Generator.standard_normal": lambda: rng.standard_normal(out=out)},
        reach={"Generator.standard_normal": "time <= 2"},
    )


@pytest.mark.parametrize("method", ["mle", "ecf", "quantile"])
@pytest.mark.parametrize("n", [10**4, 10**6])
def test_fit(race, quick, n, method):
    x = sample(n // 10 if quick else n, 1.7, 0.3, 1.0, 2.0, seed=0)
    race(
        FITS,
        f"{x.size} values, {method}",
        lambda: fit_stable(x, method),
        {"np.sort": lambda: np.sort(x)},
    )


# SciPy's fit in a process of its own, which stops itself after a given time of the processor: other
# load on the machine does not shorten it.
SCIPY = """
import json, resource, sys
limit, x = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
from scipy.stats import levy_stable
print(json.dumps(levy_stable.fit(x)))
"""


def test_fit_of_scipy(fact, quick):
    """One run of SciPy's fit. If it is stopped after ten minutes, the figure is a lower bound."""
    n, limit = (30, 20) if quick else (10**4, 600)
    x = sample(n, 1.7, 0.3, 1.0, 2.0, seed=0)
    before = children_seconds()
    done = subprocess.run(
        [sys.executable, "-c", SCIPY],
        input=json.dumps([limit, x.tolist()]),
        text=True,
        capture_output=True,
    )
    spent = children_seconds() - before
    ended = done.returncode == 0
    assert ended or done.returncode == -signal.SIGXCPU, done.stderr
    mine = min(own_seconds(lambda: levy_stable.fit(x)) for _ in range(3))
    note = "" if ended else f", stopped after {limit} s"
    fact(FITS, f"{n} values: levy_stable.fit of htstats", mine, "s", "<= 0.5")
    fact(FITS, f"{n} values: levy_stable.fit of scipy{note}", spent / mine, "times our time")
    if ended:
        theirs = levy_stable.nnlf(json.loads(done.stdout), x)
        gain = theirs - levy_stable.nnlf(levy_stable.fit(x), x)
        fact(FITS, f"{n} values: log-likelihood of our fit above scipy's", gain, "", ">= -0.001")


def children_seconds() -> float:
    """Processor seconds of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_seconds(call) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
