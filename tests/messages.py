"""Damaged messages of certificates, and reports of a search."""

import pytest

from htstats.certificate import decode, encode


def decode_flips(data):
    """Flip each bit of a message in turn; yield what decodes, which must be encoded as it was."""
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            form, found = decode(bytes(damaged))
        except ValueError:
            continue
        assert encode(form, found) == bytes(damaged)
        yield form, found


def require_prefix_free(data):
    """No shorter message begins this one, and this one begins no longer one."""
    for n in range(len(data)):
        with pytest.raises(ValueError, match=r"message|format|shape|non-zeros"):
            decode(data[:n])
    for tail in (b"\0", b"\1", b"\0" * 50):
        with pytest.raises(ValueError, match="follow"):
            decode(data + tail)


class StopAtSecondReport:
    """A `progress` that stops a search at its second report, and keeps the reports."""

    def __init__(self):
        self.reports = []

    def __call__(self, seed, proposals, bound, errors):
        self.reports.append((seed, proposals, bound, errors))
        return len(self.reports) < 2

    def check(self, found, errors):
        """The search ended at that report, and returned what it had then."""
        assert len(self.reports) == 2
        assert found.errors == errors == self.reports[-1][3]
        assert found.proposals == self.reports[-1][1] < 2_000_000
