"""Calls that take long, for tests of interrupts: each is a function that makes its data first.

    python tests/long_calls.py fit

makes the call again and again, sends the process the signal of Ctrl-C while it runs, and prints
what came of it as JSON: the exception, the processor time between signal and exception, and whether
what the call used is in order afterwards.
"""

import json
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

__all__ = ["LONG_CALLS"]


def pareto(n):
    return np.random.default_rng(1).pareto(1.5, n) + 1


def fit(threads=1):
    from htstats import fit_power_law

    x = pareto(20_000_000)
    return lambda: fit_power_law(x, n_threads=threads, ks="two-sided"), lambda: None


def fit_discrete():
    from htstats import fit_power_law

    x = np.ceil(pareto(3_000_000) * 1000)
    return lambda: fit_power_law(x, discrete=True), lambda: None


def curve():
    from htstats import fit_power_law

    x = pareto(300_000)
    return lambda: fit_power_law(x, curve=True), lambda: None


def goodness(threads=1):
    from htstats import fit_power_law

    found = fit_power_law(pareto(30_000))
    first = found.goodness_of_fit(2)
    return (
        lambda: found.goodness_of_fit(100_000, n_threads=threads),
        lambda: found.goodness_of_fit(2) == first or "the fit has changed",
    )


def bootstrap(threads=1):
    from htstats.power_law import confidence_interval

    x = pareto(30_000)
    return (
        lambda: confidence_interval(x, method="bootstrap", n_resamples=100_000, n_threads=threads),
        lambda: None,
    )


def goodness_discrete():
    from htstats import fit_power_law

    found = fit_power_law(np.ceil(pareto(20_000) * 100), discrete=True)
    return lambda: found.goodness_of_fit(100_000), lambda: None


def anneal(threads=1):
    from htstats.certificate import Stage, anneal

    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, 6000)
    x = np.clip(rng.integers(-60, 60, (4, 30))[y] + rng.normal(0, 45, (6000, 30)), -127, 127)
    x = x.astype(np.int8)
    stages = [Stage(400_000_000, 5.5)]
    return lambda: anneal(x, y, stages=stages, seeds=[0, 1], n_threads=threads), lambda: None


def features():
    from htstats.certificate import extract_features

    images = np.random.default_rng(3).integers(0, 256, (60_000, 28, 28)).astype(np.uint8)
    return lambda: extract_features("gabor", images), lambda: None


def spectrum():
    from htstats.spectral import fit_spectrum

    W = np.random.default_rng(4).standard_normal((4000, 4000))
    return lambda: fit_spectrum(W), lambda: None


def svd():
    from htstats.spectral import fit_spectrum

    W = np.random.default_rng(4).standard_normal((2000, 2000))
    return lambda: fit_spectrum(W, way="svd"), lambda: None


def eigenvalues():
    from htstats.spectral._eigenvalues import solve_gram
    from htstats.spectral._gram import Gram

    half = np.random.default_rng(4).integers(-9, 9, (4000, 4000)).astype(float, order="F")
    matrix = half + half.T
    return lambda: solve_gram(Gram(matrix.copy(order="F"), 0.0, 1.0)), lambda: None


def norm():
    from htstats import spectral_norm

    W = np.random.default_rng(5).standard_normal((5000, 5000))
    return lambda: spectral_norm(W, rtol=1e-14), lambda: None


def partition(threads=1):
    from htstats import partition as split

    W = np.random.default_rng(6).standard_normal((4000, 4000)).astype(np.float32)
    return lambda: split(W, "nnz:1000", n_threads=threads), lambda: None


def compress():
    from htstats.compression.container import ContainerWriter
    from htstats.streaming import compress_rows
    from htstats.weights import open_weights

    temporary = tempfile.TemporaryDirectory(prefix="htstats-long-")
    folder = Path(temporary.name)
    np.save(folder / "w.npy", np.random.default_rng(7).standard_normal((3000, 3000)))
    (matrix,) = open_weights(folder / "w.npy").values()

    def run():
        with ContainerWriter(folder / "w.htz") as writer:
            for number in range(999):
                compress_rows(writer, f"w{number}", matrix, 0.1)
            writer.commit()

    def check():
        left = sorted(path.name for path in folder.iterdir())
        with ContainerWriter(folder / "w.htz", resume=True) as writer:
            compress_rows(writer, "last", matrix, 1.0)
            writer.commit()
        from htstats import open_container

        with open_container(folder / "w.htz") as container:
            container.verify()
        temporary.cleanup()
        return "w.htz" not in left or f"left behind: {left}"

    return run, check


def stable(method="mle"):
    from htstats.stable import fit_stable, sample

    x = sample(600_000, 1.3, 0.4, seed=1)
    return lambda: [fit_stable(x + n, method) for n in range(99)], lambda: None


def stable_points():
    from htstats import stable

    x = np.linspace(-50, 50, 2_000_000)
    alpha = np.linspace(1.1, 1.9, 2_000_000)
    return lambda: stable.pdf(x, alpha, 0.3), lambda: None


def stable_goodness():
    from htstats.stable import fit_stable, sample

    found = fit_stable(sample(2000, 1.3, 0.4, seed=1))
    return lambda: found.goodness_of_fit("ks", n_resamples=100_000), lambda: None


def rows():
    from htstats.power_law import fit_rows
    from htstats.weights import open_weights

    temporary = tempfile.TemporaryDirectory(prefix="htstats-long-")
    path = Path(temporary.name) / "w.npy"
    np.save(path, pareto(16_000_000).reshape(4000, 4000))
    (matrix,) = open_weights(path).values()
    return lambda: fit_rows(matrix, max_memory=16 << 20), lambda: temporary.cleanup()


LONG_CALLS = {
    "fit": fit,
    "fit on threads": lambda: fit(2),
    "discrete fit": fit_discrete,
    "curve": curve,
    "goodness of fit": goodness,
    "goodness of fit on threads": lambda: goodness(2),
    "discrete goodness of fit": goodness_discrete,
    "bootstrap": bootstrap,
    "bootstrap on threads": lambda: bootstrap(2),
    "anneal": anneal,
    "anneal on threads": lambda: anneal(2),
    "features": features,
    "spectrum": spectrum,
    "svd": svd,
    "eigenvalues": eigenvalues,
    "norm": norm,
    "partition": partition,
    "partition on threads": lambda: partition(2),
    "compress": compress,
    "stable fit": stable,
    "stable points": stable_points,
    "stable goodness of fit": stable_goodness,
    "fit out of memory": rows,
}


# Seconds of processor time after which a call is not repeated any more: no interrupt has come.
ENOUGH = 60


def main():
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run, check = LONG_CALLS[sys.argv[1]]()
    sent = []

    def interrupt():
        time.sleep(0.4)
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        # A fast processor may end a call before the signal: the call is made until it comes.
        while time.process_time() < ENOUGH:
            run()
        found = "finished"
    except BaseException as error:
        found = "KeyboardInterrupt" if isinstance(error, KeyboardInterrupt) else repr(error)
    end = time.process_time()
    if not sent:
        sys.exit(f"the call ended before the signal: {found}")
    thread.join()
    after = check()
    answer = {"ended": found, "processor": end - sent[0],
              "after": True if after is None else after}  # fmt: skip
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
