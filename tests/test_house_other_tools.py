"""What the pages for users of igraph and WeightWatcher say, checked against these programs."""

import csv
import io
import math

import numpy as np
import pytest

import htstats
from htstats.cli import main

RNG = np.random.default_rng(11)
SAMPLES = {
    "pareto": RNG.pareto(1.7, 400) + 1,
    "student": np.abs(RNG.standard_t(2.5, 300)),
    "exponential": RNG.exponential(1, 300),
    "lognormal": RNG.lognormal(0, 1, 300),
}
INTEGERS = {
    "zipf": RNG.zipf(2.4, 2000),
    "small": RNG.zipf(2.4, 60),
    "with zeros": np.r_[np.zeros(40, int), RNG.zipf(2.2, 300)],
    "mixed": RNG.poisson(5, 1000) + RNG.zipf(2.5, 1000),
}


def fit_with_igraph(x, **options):
    """igraph's fit; few resamples for the p-value, which nothing here looks at."""
    igraph = pytest.importorskip("igraph", reason="pip install igraph")
    return igraph.power_law_fit([*x.tolist()], p_precision=0.5, **options)


@pytest.mark.parametrize("name", INTEGERS)
def test_igraph_finds_the_same_in_whole_numbers(name):
    x = INTEGERS[name]
    theirs, ours = fit_with_igraph(x), htstats.fit_power_law(x, discrete=True)
    assert not theirs.continuous
    assert theirs.xmin == ours.xmin
    assert theirs.alpha == pytest.approx(ours.alpha, rel=1e-6)
    assert theirs.D == pytest.approx(ours.distance, rel=1e-5)
    assert theirs.L == pytest.approx(ours.logpdf(x[x >= ours.xmin]).sum(), rel=1e-6)


@pytest.mark.parametrize("name", SAMPLES)
def test_igraph_has_the_same_distance_and_never_a_smaller_one(name):
    x = SAMPLES[name]
    theirs, ours = fit_with_igraph(x), htstats.fit_power_law(x)
    assert theirs.continuous
    assert theirs.D >= ours.distance * (1 - 1e-12)
    there = htstats.fit_power_law(x, xmin=theirs.xmin)
    assert theirs.D == pytest.approx(there.distance, rel=1e-11)
    assert theirs.alpha == pytest.approx(there.alpha, rel=1e-11)


@pytest.mark.parametrize(("n", "is_less"), [(20, True), (49, True), (50, False), (200, False)])
def test_igraph_corrects_small_samples(n, is_less):
    x = np.random.default_rng(n).pareto(1.7, n) + 1
    xmin = float(x.min())
    theirs, ours = fit_with_igraph(x, xmin=xmin), htstats.fit_power_law(x, xmin=xmin)
    ratio = (theirs.alpha - 1) / (ours.alpha - 1)
    assert ratio == pytest.approx((n - 1) / n if is_less else 1, rel=1e-11)


# WeightWatcher's name -> that of the table
SPECTRAL = (
    "alpha sigma D xmin num_pl_spikes num_evals xmax norm log_norm spectral_norm log_spectral_norm "
    "lambda_max alpha_weighted log_alpha_norm matrix_rank rank_loss entropy sv_max sv_min"
).split()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_weightwatcher_has_the_columns_that_the_page_names(tmp_path, capsys):
    watcher = pytest.importorskip("weightwatcher", reason="pip install weightwatcher==0.7.7")
    torch = pytest.importorskip("torch")
    shapes = (200, 300), (120, 200)
    arrays = [RNG.standard_t(3, shape).astype(np.float32) for shape in shapes]
    layers = [torch.nn.Linear(cols, rows) for rows, cols in shapes]
    for layer, array in zip(layers, arrays, strict=True):
        layer.weight.data.copy_(torch.from_numpy(array))
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
    theirs = watcher.WeightWatcher(model=model).analyze(plot=False).to_dict("records")
    np.savez(tmp_path / "m.npz", **{"0.weight": arrays[0], "2.weight": arrays[1]})
    capsys.readouterr()
    assert main(["fit", str(tmp_path / "m.npz"), "--spectrum", "--csv"]) == 0
    ours = [*csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert [row["longname"] for row in ours] == [row["longname"] for row in theirs]
    assert [row["layer_id"] for row in theirs] == [1, 3]
    for them, us in zip(theirs, ours, strict=True):
        for name in ("N", "M", "Q", "stable_rank"):
            assert float(us[name]) == pytest.approx(them[name], rel=1e-6)
        for name in SPECTRAL:
            assert math.isclose(float(us[f"esd_{name}"]), float(them[name]), rel_tol=1e-6), name
