"""Threshold rules: compute the threshold of a matrix from "std", "quantile:0.9" and so on.

=====================  =======================================================================
rule                   tau, where the *key* of w is what `keep` compares: abs(w), w or
                       abs(w - mean)
=====================  =======================================================================
a number               that number
``"std"``              standard deviation (ddof 0) of all elements
``"quantile:Q"``       the key of rank ceil(Q n), counted from the smallest (Q = 0: the smallest)
``"nnz:K"``            the (K+1)-th largest key, so that at most K elements are kept
``"xmin"``             the fitted lower end of the power-law tail of the keys
``"error:EPS,ETA"``    the largest tau with R(tau)^2/4 + t <= EPS^2/(2 log(2/ETA)): then
                       P(abs(u^T (W - W(t)) v) > EPS abs(u) abs(v)) <= ETA for fixed u and v
=====================  =======================================================================

An element is kept if its key is strictly above tau, so elements with the key tau are not kept. In
the last rule, R(tau) is the length of the interval that contains the replaced elements (with
``support="full"``, also the zeros at the kept positions), and t is the variance of the noise.
"""

from htstats.compression.thresholds._error_budget import rigorous_budget
from htstats.compression.thresholds._rank_resolver import Resolver
from htstats.compression.thresholds._resolve import resolve, resolver_of
from htstats.compression.thresholds.rules import Rule, needs_sketch, parse_rule

__all__ = [
    "Resolver",
    "Rule",
    "needs_sketch",
    "parse_rule",
    "resolve",
    "resolver_of",
    "rigorous_budget",
]
