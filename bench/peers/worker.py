"""Run one implementation of powerlaw on data sets: worker.py MODULE DATA.npz PROFILE > JSON."""

import contextlib
import importlib
import io
import json
import sys
import warnings

import numpy as np

module, path, profile = sys.argv[1:4]
powerlaw = importlib.import_module(module)
if hasattr(powerlaw, "use_profile"):
    powerlaw.use_profile(profile)

# name -> parameters at which density, distribution function and log-likelihoods are compared
LAWS = {
    "Power_Law": [2.5],
    "Exponential": [0.2],
    "Stretched_Exponential": [0.3, 0.7],
    "Truncated_Power_Law": [1.8, 0.1],
    "Lognormal": [0.4, 1.3],
    "Lognormal_Positive": [0.4, 1.3],
}
WORDS = {"1.5": {}, "2.0": {"parameter_ranges": {"alpha": [1, None]}}}


def fit(x):
    found = powerlaw.Fit(x, verbose=False, **(WORDS[profile]))
    if profile == "2.0" and not hasattr(found, "xmins"):
        table = found.xmin_fitting_results
        xmins, alphas, distances = table["xmins"], [], table["distances"]
    else:
        xmins, alphas, distances = found.xmins, found.alphas, getattr(found, "Ds")  # noqa: B009
    return {
        "xmin": float(found.xmin),
        "alpha": float(found.alpha),
        "sigma": float(found.sigma),
        "D": float(found.D),
        "xmins": np.asarray(xmins, dtype=float).tolist(),
        "Ds": np.asarray(distances, dtype=float).tolist(),
        "alphas": np.asarray(alphas, dtype=float).tolist(),
    }


def others(x):
    """Fits by other distances, and of x rounded up to integers: with the shortcut, by the
    profile's own choice, and without."""
    words = {"verbose": False, **WORDS[profile]}
    answers = {}
    for distance in ("V", "Asquare"):
        found = powerlaw.Fit(x, xmin_distance=distance, **words)
        answers[distance] = [float(found.xmin), float(found.alpha), float(getattr(found, distance))]
    whole = np.ceil(x)
    rules = {"discrete": {"estimate_discrete": True}, "discrete, own choice": {}}
    rules["discrete, searched"] = {"estimate_discrete": False}
    for rule, more in rules.items():
        if x.size < 100 or rule == "discrete":  # a numerical search at each candidate is slow
            found = powerlaw.Fit(whole, discrete=True, **more, **words)
            answers[rule] = [float(found.xmin), float(found.alpha), float(found.D)]
    return answers


def classes():
    """Densities of every class, continuous and discrete."""
    answers = {}
    for discrete in (False, True):
        xmin = 2.0 if discrete else 1.5
        x = np.arange(2.0, 42.0) if discrete else np.linspace(1.5, 30, 40)
        for name, parameters in LAWS.items():
            law = getattr(powerlaw, name)(xmin=xmin, parameters=parameters, discrete=discrete)
            answers[f"{'discrete ' * discrete}{name}"] = {
                what: np.asarray(getattr(law, what)(x), dtype=float).tolist()
                for what in ("pdf", "cdf", "ccdf", "loglikelihoods")
            }
    return answers


warnings.simplefilter("ignore")
noise = io.StringIO()
with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
    data = np.load(path)
    answers = {"fits": {name: fit(data[name]) for name in data.files}, "classes": classes()}
    chosen = [name for name in data.files if data[name].size < 400]
    answers["others"] = {name: others(data[name]) for name in chosen}
print(json.dumps(answers))
