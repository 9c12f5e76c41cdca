"""Damaged messages of certificates, and reports of a search."""

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
