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
from htstats.certificate._examples import (
    Examples,
    check_examples,
    digits_examples,
    load_examples,
)
from htstats.certificate._features import extract_features
from htstats.certificate._file import decode, encode, message_bits
from htstats.certificate._formats import FORMATS, Format, format_for
from htstats.certificate._head import TernaryHead
from htstats.certificate._search import PRESETS, Found, certify
from htstats.certificate._verify import Verification, verify

__all__ = [
    "FORMATS",
    "METHODS",
    "PRESETS",
    "Annealed",
    "Certificate",
    "Examples",
    "Format",
    "Found",
    "Stage",
    "TernaryHead",
    "Verification",
    "anneal",
    "certify",
    "check_examples",
    "decode",
    "digits_examples",
    "encode",
    "exchange_rate",
    "extract_features",
    "format_bits",
    "format_for",
    "grid_relatives",
    "is_vacuous",
    "load_examples",
    "message_bits",
    "occam_bound",
    "test_set_bound",
    "verify",
]
