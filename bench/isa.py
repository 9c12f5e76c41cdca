"""Print the environment that holds htstats and NumPy to one kind of instructions.

    env $(python bench/isa.py avx2) python -m pytest bench
    python bench/isa.py all            # the kinds that this processor has

The kinds are those of HTST_ISA: plain, avx2, avx512. NumPy has no such variable: it is told which
features of the processor it must not use (NPY_DISABLE_CPU_FEATURES). No variable changes its
baseline, SSE4.2.
"""

from __future__ import annotations

import sys

KINDS = ("plain", "avx2", "avx512")
# Features of NumPy that a kind has; names of NumPy 1 and of NumPy 2.4.
ALLOWED = {
    "plain": (),
    "avx2": ("SSE41", "POPCNT", "SSE42", "AVX", "F16C", "FMA3", "AVX2", "X86_V3"),
}


def features_to_disable(kind: str, features: list[str]) -> list[str]:
    """Those of NumPy's features that this kind of processor does not have."""
    return [name for name in features if name not in ALLOWED.get(kind, features)]


def found_features() -> list[str]:
    """The features that NumPy found on this processor beyond its baseline."""
    from numpy._core import _multiarray_umath as umath

    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]


def environment(kind: str, features: list[str]) -> dict[str, str]:
    """The variables for a kind."""
    if kind not in KINDS:
        raise SystemExit(f"ISA must be one of {', '.join(KINDS)}, got {kind!r}")
    disabled = features_to_disable(kind, features)
    # one word for the shell: NumPy accepts commas
    numpy = {"NPY_DISABLE_CPU_FEATURES": ",".join(disabled)} if disabled else {}
    return {"HTST_ISA": kind, **numpy}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: isa.py plain|avx2|avx512|all")
    if sys.argv[1] == "all":
        from htstats._common.processor import usable_instructions

        print(*usable_instructions())
        raise SystemExit
    print(
        *(f"{name}={value}" for name, value in environment(sys.argv[1], found_features()).items())
    )
