"""Certificates: an error bound that holds, in a file that proves it.

A short file decodes to a classifier. Occam's bound with the exact binomial tail turns its length
and its errors on the training examples into an upper limit of its error on new ones. Nothing is
assumed about weights or training. The limit holds if the code was fixed before the examples were
seen, and if the examples are independent draws.

The steps from images to a certificate, in order:

    images -> _features (+ _banks)   whole-number features, the same on every machine
           -> _anneal                a ternary head with few errors and few bits
           -> _file (_formats, _coder)  the message, whose bits count
           -> _bound                 the certified error
           -> _verify                recomputes that number from the file and the data alone
"""

from __future__ import annotations

from htstats.certificate._anneal import Annealed, Stage, anneal, grid_relatives
from htstats.certificate._bound import (
    METHODS,
    exchange_rate,
    format_bits,
    is_vacuous,
    occam_bound,
    test_set_bound,
)
from htstats.certificate._certificate import Certificate
from htstats.certificate._certify_network import certify_networks, network_inputs
from htstats.certificate._examples import (
    Examples,
    check_examples,
    digits_examples,
    exponent_for,
    load_examples,
    quantize_columns,
)
from htstats.certificate._features import extract_features
from htstats.certificate._file import decode, encode, message_bits
from htstats.certificate._formats import FORMATS, Format, format_for
from htstats.certificate._head import TernaryHead
from htstats.certificate._network import MEANS, NOISES, IntegerNetwork, Layer
from htstats.certificate._network_search import AnnealedNetwork, anneal_network
from htstats.certificate._post_hoc import (
    PostHoc,
    certify_post_hoc,
    compress_network,
    read_network_layers,
)
from htstats.certificate._predictions import (
    SurrogateCertificate,
    answers_of,
    certify_by_surrogate,
    certify_predictions,
)
from htstats.certificate._search import PRESETS, Found, certify, features_of
from htstats.certificate._verify import Verification, verify

__all__ = [
    "FORMATS",
    "MEANS",
    "METHODS",
    "NOISES",
    "PRESETS",
    "Annealed",
    "AnnealedNetwork",
    "Certificate",
    "Examples",
    "Format",
    "Found",
    "IntegerNetwork",
    "Layer",
    "PostHoc",
    "Stage",
    "SurrogateCertificate",
    "TernaryHead",
    "Verification",
    "anneal",
    "anneal_network",
    "answers_of",
    "certify",
    "certify_by_surrogate",
    "certify_networks",
    "certify_post_hoc",
    "certify_predictions",
    "check_examples",
    "compress_network",
    "decode",
    "digits_examples",
    "encode",
    "exchange_rate",
    "exponent_for",
    "extract_features",
    "features_of",
    "format_bits",
    "format_for",
    "grid_relatives",
    "is_vacuous",
    "load_examples",
    "message_bits",
    "network_inputs",
    "occam_bound",
    "quantize_columns",
    "read_network_layers",
    "test_set_bound",
    "verify",
]
