"""Record what public calls give, bit for bit, and compare with an earlier record.

    python tests/record_results.py write before.json     # at one commit
    python tests/record_results.py check before.json     # at another, on the same machine

`check` prints every difference with its key and exits with 1 if there is one; `--quick` makes a
part of the calls, in less than half a minute. Numbers are recorded as `float.hex`, arrays and bytes
by their SHA-256, errors by their class: their words are free to change. `recorded_calls.py` has the
calls. They use public names only, so that one script runs at every commit: to record an older
commit, run the script of this one with that commit's Python.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
from recorded_calls import PARTS

LONG = 6  # arrays with more elements than this are recorded by their hash


def encode(value):
    """A value as text that is the same if and only if the value is the same, to the bit."""
    if isinstance(value, bool | int | str | type(None) | Fraction):
        return repr(value)
    if isinstance(value, float | np.floating):
        return ("" if type(value) is float else f"{value.dtype}:") + float(value).hex()
    if isinstance(value, np.generic):
        return f"{value.dtype}:{value}"
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes {digest(value)}"
    if isinstance(value, np.ndarray):
        few = value.size <= LONG and value.dtype.kind in "fiub"
        rest = str([encode(v) for v in value.ravel().tolist()]) if few else digest(value.tobytes())
        return f"{value.dtype}{list(value.shape)} {rest}"
    return encode_record(value)


def encode_record(value):
    """`encode` of what has parts: a sequence, mapping, sparse matrix, tensor, record or sketch."""
    if hasattr(value, "to_bytes"):
        return encode(value.to_bytes())
    if hasattr(value, "indptr"):
        return encode({"data": value.data, "indices": value.indices, "indptr": value.indptr})
    if hasattr(value, "detach"):
        return encode(value.detach().cpu().numpy())
    if hasattr(value, "items"):
        return "{" + ", ".join(f"{k}: {encode(v)}" for k, v in value.items()) + "}"
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
    elif hasattr(value, "_fields"):
        names = value._fields
    elif isinstance(value, list | tuple | frozenset):
        parts = sorted(value) if isinstance(value, frozenset) else value
        return "[" + ", ".join(map(encode, parts)) + "]"
    else:
        names = sorted(vars(value)) if hasattr(value, "__dict__") else []
    names = [n for n in names if not n.startswith("_")]
    if not names:
        raise TypeError(f"no way to record a {type(value).__name__}")
    return type(value).__name__ + encode({name: getattr(value, name) for name in names})


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()[:24]


class Record(dict):
    """Keys of calls, and what they gave."""

    def call(self, key, function, *args, **options):
        """Record what a call gives, or the class of its error; return the result."""
        assert key not in self, key
        try:
            result = function(*args, **options)
        except (ValueError, TypeError, ArithmeticError, OSError, ImportError) as error:
            self[key] = f"raises {type(error).__name__}"
            return None
        self[key] = encode(result)
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true", help="a part of the calls")
    options = parser.parse_args()
    kept = json.loads(options.file.read_text()) if options.file.exists() else {}
    name = "quick" if options.quick else "all"
    if options.action == "check" and name not in kept:
        parser.error(f"FILE must have a record of these calls, got {options.file}: write it first")
    warnings.simplefilter("ignore")  # poor samples overflow in fits of other laws
    record = Record()
    for part in PARTS:
        part(record, options.quick)
    if options.action == "write":
        options.file.write_text(json.dumps({**kept, name: record}, indent=0) + "\n")
        print(f"{len(record)} calls recorded in {options.file}")
        return 0
    before = kept[name]
    differences = [key for key in {**before, **record} if before.get(key) != record.get(key)]
    for key in differences:
        print(f"{key}\n  before: {before.get(key)}\n  now:    {record.get(key)}")
    print(f"{len(differences)} of {len(record)} calls differ")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
