"""Calls of the public functions of numbers and samples; see public_calls.py."""

import math
from fractions import Fraction

import numpy as np
from public_calls_given import given

BINOMIAL = {
    **{
        f"binomial.{name}": lambda w: given(w.k, 300, w.p)
        for name in ("cdf", "chernoff_logsf", "kl", "logcdf", "logpmf", "logsf", "pmf", "sf")
    },
    "binomial.log_isf": lambda w: given(w.levels, 300, w.p),
    "binomial.lower_limit": lambda w: given(w.k, 300, -3.0),
    "binomial.upper_limit": lambda w: given(w.k, 300, -3.0),
    "binomial.proportion_interval": lambda w: given(w.k, 300),
    "binomial.Limit": lambda w: given(0.5, math.log(0.5), math.log(0.5)),
}

STABLE = {
    **{
        f"stable.{name}": lambda w: given(w.points, 1.4, 0.2)
        for name in ("cdf", "logcdf", "logpdf", "logsf", "pdf", "sf")
    },
    **{f"stable.{name}": lambda w: given(w.p, 1.4, 0.2) for name in ("isf", "ppf")},
    "stable.log_isf": lambda w: given(w.levels, 1.4, 0.2),
    "stable.sample": lambda w: given(50, 1.4, 0.2, seed=1),
    "stable.fit_stable": lambda w: given(w.signed, "ecf"),
    "stable.LevyStable": lambda w: given("S0"),
    "stable.StableDistribution": lambda w: given(1.4, 0.2),
}

FITS = {
    "fit_power_law": lambda w: given(w.sample, curve=True),
    "power_law.confidence_interval": lambda w: given(
        w.sample, method="bootstrap", n_resamples=40, xmin=1.0
    ),
    "power_law.goodness_of_fit": lambda w: given(w.sample, 20),
    "power_law.fit_rows": lambda w: given(w.rows),
    "power_law.fit_sketch": lambda w: given(w.sketch, reread=w.sample),
    "sketch.sketch_rows": lambda w: given(w.rows),
    "streaming.read_blocks": lambda w: given(w.rows),
    "alternatives.compare": lambda w: given(w.sample, "power_law", "lognormal", xmin=1.0),
    "alternatives.compare_all": lambda w: given(w.sample, xmin=1.0),
    "alternatives.fit_alternative": lambda w: given(w.sample, "stretched_exponential", xmin=1.0),
    "alternatives.likelihood_ratio": lambda w: given(w.points, -w.points),
    "alternatives.log_expint": lambda w: given(0.7, np.abs(w.points) + 0.1),
    "alternatives.standard_errors": lambda w: given(w.law, w.sample),
    "alternatives.Exponential": lambda w: given(1.0, 0.5),
    "alternatives.Lognormal": lambda w: given(1.0, 0.5, 1.0),
    "alternatives.LognormalPositive": lambda w: given(1.0, 0.5, 1.0),
    "alternatives.PowerLaw": lambda w: given(1.0, 2.5),
    "alternatives.TruncatedPowerLaw": lambda w: given(1.0, 2.5, 0.1),
    "alternatives.StretchedExponential": lambda w: given(1.0, 0.5, 0.7),
    "alternatives.family.climb": lambda w: given(
        lambda p: float(p @ p), [0.5, 0.5], [(-1.0, 1.0), (-1.0, 1.0)]
    ),
    "alternatives.family.family_maximum": lambda w: given(
        w.moments_of, 0.4, 0.7, -1.0, (-20.0, 20.0)
    ),
    "alternatives.family.root": lambda w: given(lambda x: x - 0.3, 0.5, 0.1, 0.0, 1.0),
    "alternatives.integrals.cutoff_sum": lambda w: given(2.5, 0.1, 1.0, 1.0, math.inf),
    "alternatives.integrals.integral": lambda w: given(1.5, 0.3, 0.0, math.inf),
    "alternatives.integrals.legendre": lambda w: given(),
    "alternatives.integrals.log1mexp": lambda w: given(-np.abs(w.points) - 0.1),
}

POWERLAW = {
    "compat.powerlaw.Fit": lambda w: given(w.sample, xmin=1.0, verbose=False),
    **{
        f"compat.powerlaw.{name}": lambda w: given(xmin=1.0, data=w.sample)
        for name in (
            "Exponential", "Lognormal", "Lognormal_Positive", "Power_Law",
            "Stretched_Exponential", "Truncated_Power_Law",
        )
    },
    "compat.powerlaw.ccdf": lambda w: given(w.sample),
    "compat.powerlaw.cdf": lambda w: given(w.sample),
    "compat.powerlaw.pdf": lambda w: given(w.sample),
    "compat.powerlaw.checkunique": lambda w: given(w.sample),
    "compat.powerlaw.is_discrete": lambda w: given(w.sample),
    "compat.powerlaw.trim_to_range": lambda w: given(w.sample, xmin=1.5),
    "compat.powerlaw.loglikelihood_ratio": lambda w: given(w.points, -w.points),
    "compat.powerlaw.nested_loglikelihood_ratio": lambda w: given(w.points, -w.points),
}  # fmt: skip

SUMS = {
    "sketch.exact_sums.moments": lambda w: given(4, Fraction(7, 2), Fraction(21, 4)),
    "sketch.exact_sums.round_fraction": lambda w: given(Fraction(1, 3)),
    "sketch.exact_sums.round_root": lambda w: given(Fraction(1, 3)),
    "sketch.exact_sums.sum_half": lambda w: given(w.half_counts, w.half_format),
    "sketch.exact_sums.ExactSums": lambda w: given("float32"),
    "sketch.exact_sums.HalfSums": lambda w: given("float16"),
    "sketch.exact_sums.SumsOfSplit": lambda w: given("float32"),
    "TailSketch": lambda w: given("float64"),
}

NORMS = {"spectral_norms": [2.0, 3.0], "frobenius_norms": [3.0, 4.0]}
CUSHIONS = {"cushions": [0.5, 0.4], "contraction": 1.5}

THEORY = {
    "theory.Statement": lambda w: given("name", 0.5, "exact", "(1)"),
    "theory.component_second_moment": lambda w: given(w.p, tail_exponent=1.5, tau=2.0),
    "theory.projection_law": lambda w: given(w.split, w.vector),
    "theory.SpikeLaw": lambda w: given(w.p, 3, w.tail_model, 2.0),
    "theory.approximation_error": lambda w: given(w.matrix, w.split),
    "theory.bernstein_failure_probability": lambda w: given(
        0.5, w.p, w.p, variance=1.0, max_deviation=2.0
    ),
    "theory.error_budget": lambda w: given(0.1, 0.05),
    "theory.exact_failure_probability": lambda w: given(0.1, bias=0.01, t=0.001),
    "theory.failure_probability": lambda w: given(0.1, tau=0.02),
    "theory.interval_length": lambda w: given(0.3),
    "theory.largest_noise_variance": lambda w: given(0.1, 0.05),
    "theory.matrix_approximation": lambda w: given(w.matrix, 3.0, 0.1),
    "theory.bracket_decomposition": lambda w: given(w.matrix),
    "theory.bracket_probability": lambda w: given(w.whole, 1.5),
    "theory.bracket_tail_surface": lambda w: given(w.p[5:9] + 1, w.whole),
    "theory.stable_tail_constant": lambda w: given(w.p + 0.5),
    "theory.arora_complexity": lambda w: given(
        **CUSHIONS, interlayer_cushions=[0.3, 0.2], max_output_norm=5.0, margin=0.5, n_samples=100
    ),
    "theory.bartlett_bound": lambda w: given(
        0.1, spectral_norms=[2.0, 3.0], group_norms=[3.0, 4.0], width=10, data_norm=9.0,
        margin=0.5, n_samples=100, delta=0.05,
    ),
    "theory.covering_log_constant": lambda w: given(
        nonzeros=[5, 7], spectral_norms=[2.0, 3.0], input_norm=1.0, margin=0.5, largest_value=2.0
    ),
    "theory.dudley_bound": lambda w: given(0.1, 12, 1000, 0.05, K=3.0),
    "theory.dudley_integral": lambda w: given(12.0, 3.0),
    "theory.kappa": lambda w: given(**CUSHIONS, max_output_norm=5.0),
    "theory.layer_tolerances": lambda w: given(
        0.1, 0.05, **CUSHIONS, interlayer_cushions=[0.3, 0.2], frobenius_norms=[3.0, 4.0],
        n_samples=100, width=10,
    ),
    "theory.margin_loss": lambda w: given(w.outputs, w.labels, 0.1),
    "theory.margin_tolerance": lambda w: given(0.5, 4.0),
    "theory.margins": lambda w: given(w.outputs, w.labels),
    "theory.neyshabur_complexity": lambda w: given(
        **NORMS, width=10, input_norm=1.0, margin=0.5, n_samples=100, delta=0.05
    ),
    "theory.parameter_count_complexity": lambda w: given(100, 1000),
    "theory.perturbation_bound": lambda w: given(
        input_norm=1.0, spectral_norms=[2.0, 3.0], perturbations=[0.1, 0.1]
    ),
    "theory.theorem_2_rate": lambda w: given([5, 7], 1000),
    "theory.vector_error": lambda w: given(x_norm=1.0, frobenius=3.0, t=0.1, eta=0.05),
    "theory.exceedance_probability": lambda w: given(w.tail_model, 2.0),
    "theory.nonzeros_tail": lambda w: given(7, 0.1, (5, 6)),
    "theory.pattern_nats": lambda w: given(100, 7),
    "theory.predicted_nonzeros": lambda w: given(w.tail_model, 2.0, 12, (5, 6)),
    "theory.smallest_k": lambda w: given(0.05, 0.1, (5, 6)),
    "theory.sparsity_report": lambda w: given(w.matrix, w.split),
    "theory.TailModel": lambda w: given(1.5, 1.0),
    "theory.sparsity.counts.rows_and_elements": lambda w: given((5, 6), "matrix"),
}  # fmt: skip

CERTIFICATE = {
    "certificate.anneal": lambda w: given(w.features, w.classes, stages=[w.stage]),
    "certificate.anneal_network": lambda w: given(
        w.features, w.classes, [w.network], stages=[w.stage]
    ),
    "certificate.answers_of": lambda w: given(w.scores),
    "certificate.certify": lambda w: given(w.examples, stages=[w.stage]),
    "certificate.certify_by_surrogate": lambda w: given(w.classes, w.classes, w.certificate),
    "certificate.certify_networks": lambda w: given(w.examples, [w.network], stages=[w.stage]),
    "certificate.certify_post_hoc": lambda w: given(w.layers, w.examples),
    "certificate.certify_predictions": lambda w: given(w.scores, w.classes),
    "certificate.check_examples": lambda w: given(w.features, w.classes),
    "certificate.compress_network": lambda w: given(w.layers, w.features, share=0.5),
    "certificate.decode": lambda w: given(w.message),
    "certificate.digits_examples": lambda w: given(w.digits),
    "certificate.encode": lambda w: given(*w.decoded),
    "certificate.exchange_rate": lambda w: given(7, 100.0, 1000),
    "certificate.exponent_for": lambda w: given(w.scores),
    "certificate.extract_features": lambda w: given("gabor", w.images),
    "certificate.features_of": lambda w: given(w.decoded[0], w.features),
    "certificate.format_bits": lambda w: given(7),
    "certificate.format_for": lambda w: given("columns", 1, 12, 4),
    "certificate.grid_relatives": lambda w: given(2, 3, 4),
    "certificate.is_vacuous": lambda w: given(0.4, 4),
    "certificate.load_examples": lambda w: given(w.examples_file),
    "certificate.message_bits": lambda w: given(w.decoded[0], 7, 3),
    "certificate.network_inputs": lambda w: given(w.examples),
    "certificate.occam_bound": lambda w: given(7, 1000, 100.0),
    "certificate.quantize_columns": lambda w: given(w.scores),
    "certificate.read_network_layers": lambda w: given(w.layers_file),
    "certificate.test_set_bound": lambda w: given(7, 1000),
    "certificate.verify": lambda w: given(w.message, w.examples),
    "datasets.digits": lambda w: given(),
}

NUMBER_CALLS = {
    **BINOMIAL, **STABLE, **FITS, **POWERLAW, **SUMS, **THEORY, **CERTIFICATE,
}  # fmt: skip
