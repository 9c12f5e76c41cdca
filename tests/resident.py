"""The memory that the split of a file takes, in a process of its own."""

import subprocess
import sys

PROGRAM = """
from pathlib import Path
from htstats.compression.container import ContainerWriter
from htstats.streaming import compress_rows
from htstats.weights import open_weights

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

(matrix,) = open_weights({path!r}).values()
before = peak()
with ContainerWriter({path!r} + ".htz") as writer:
    info = compress_rows(writer, "w", matrix, {rule!r}, **{options!r})
print(peak() - before, info.threshold)
"""


def split_in_a_process(path, rule, **options):
    """(KiB of resident memory that `compress_rows` takes in addition, threshold)."""
    code = PROGRAM.format(path=str(path), rule=rule, options=options)
    kib, tau = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    return int(kib), float(tau)
