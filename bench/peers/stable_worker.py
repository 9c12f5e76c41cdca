"""Run libstable (the package pystable) and pystab as programs of their own, for the races.

    python stable_worker.py values    densities, distribution functions and seconds of libstable
    python stable_worker.py pystab    seconds of pystab's samples and of its quantile fit

A JSON object on stdin says what to do; the answer is a JSON object on stdout. Both libraries are
under the GPL: they are called as installed programs, and nothing of htstats is loaded here.
libstable needs GSL (Debian: libgsl27). Its wheel asks for an older version of GSL, so the folder
that `GSL` names is given a link from the old name to the installed library.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path


def libraries():
    """The copies of libstable in the package, newest C library first."""
    spec = importlib.util.find_spec("pystable")
    folders = [Path(place) for place in spec.submodule_search_locations]
    return sorted(
        (path for folder in folders for path in folder.rglob("libstable.so")), reverse=True
    )


def load(pystable):
    """The first copy of libstable that loads; the last error if none does."""
    error = OSError("pystable has no libstable.so")
    for path in libraries():
        try:
            pystable.create(1.5, 0.0, 1.0, 0.0, 0, str(path))
        except OSError as failure:
            error = failure
        else:
            return str(path)
    raise error


def values(groups):
    """pdf and cdf of each group (alpha, beta, kind, points), kind being 0 or 1, and the seconds."""
    import pystable

    path, found = load(pystable), []
    for alpha, beta, kind, points in groups:
        law = pystable.create(alpha, beta, 1.0, 0.0, kind, path)
        start = time.perf_counter()
        density = pystable.pdf(law, points, len(points), path)
        middle = time.perf_counter()
        lower = pystable.cdf(law, points, len(points), path)
        end = time.perf_counter()
        seconds = [middle - start, end - middle]
        found.append({"pdf": list(density), "cdf": list(lower), "seconds": seconds})
    return found


def pystab(law, count, data):
    """Seconds that pystab takes for so many numbers of a law, and for a fit by quantiles."""
    import numpy as np
    import stab

    start = time.perf_counter()
    stab.stables(*law, count)
    middle = time.perf_counter()
    estimate = stab.fit_quantiles(np.array(data))
    end = time.perf_counter()
    return {"sample": middle - start, "fit": end - middle, "estimate": list(map(float, estimate))}


if __name__ == "__main__":
    task = json.load(sys.stdin)
    run = values if sys.argv[1] == "values" else pystab
    json.dump(run(**task), sys.stdout)
