"""Certificates: a proven upper limit of a classifier's error, and the short file that proves it.

The file decodes to a classifier. Occam's bound with the exact binomial tail computes an upper limit
of the classifier's error on new examples. It needs two numbers: the length of the file, and the
number of errors on the training examples. It assumes nothing about the weights or the training. The
limit holds if the code was fixed before the examples were seen, and if the examples are independent
draws. A code is a fixed rule that decodes files to classifiers.

The steps from images to a certificate, in order:

    images -> _features (+ _banks)   whole-number features, the same on every machine
           -> _start (_dense_start)  the head from which the search begins
           -> _anneal (_chains)      a ternary head with few errors and few bits
           -> _file (_formats, _coder)  the message, the file whose bits are counted
           -> _bound                 the certified error
           -> _verify                recomputes the certified error from the file and the data alone

A network takes the place of the head in _network (_layer, _convolution), _network_search
(_convolution_search) and _network_file; _certify_network goes through these steps.
"""

from __future__ import annotations

from htstats.certificate._anneal import Annealed, anneal, grid_relatives
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
from htstats.certificate._chains import Stage
from htstats.certificate._convolution import Convolution
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
from htstats.certificate._formats import FORMATS, TRUNK_SHA256, Format, format_for
from htstats.certificate._head import TernaryHead
from htstats.certificate._layer import MEANS, NOISES, Layer
from htstats.certificate._network import IntegerNetwork
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
    "TRUNK_SHA256",
    "Annealed",
    "AnnealedNetwork",
    "Certificate",
    "Convolution",
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
