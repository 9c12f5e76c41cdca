"""Time htstats with other values of a constant in its source: `source_constants.py sort`.

    python bench/studies/source_constants.py sort scan   # words in the names; all without a word
    python bench/studies/source_constants.py --list

Each value has a copy of the source, in which the constant is replaced, and which is then built.
Processes of the copies alternate, round by round; the fastest round of each counts. A row gives the
time of each value, divided by the time of the value in the source. A value should be changed if
another one is faster by more than the times of two runs differ. No result depends on these
constants: they are sizes of blocks, and limits between two methods.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "versions"))

from cases import CASES  # noqa: E402
from compare import time_case  # noqa: E402

# What a build reads, and what an earlier build left that need not be made again.
TREE = ("csrc", "htstats", "setup.py", "pyproject.toml", "README.md", "build/cython", "build/obj*")


class Study(NamedTuple):
    """A constant, where it is defined, other values of it, and the cases of cases.py to time."""

    file: str
    name: str
    values: tuple[str, ...]
    cases: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{Path(self.file).stem.removeprefix('htst_')}.{self.name}"

    def find(self) -> re.Match[str]:
        """The place of the value in the source: after #define or =, before a comment."""
        pattern = rf"^(?:#define )?{self.name}(?: =)? +(?P<value>\S[^/#\n]*?)(?= *(?:/\*|#|$))"
        found = list(re.finditer(pattern, (ROOT / self.file).read_text(), re.MULTILINE))
        if len(found) != 1:
            raise ValueError(f"{self.file} defines {self.name} {len(found)} times, not once")
        return found[0]


def of(file: str, name: str, values: str, *cases: str) -> Study:
    """A study; the values are separated by spaces."""
    if missing := set(cases) - CASES.keys():
        raise ValueError(f"cases.py has no case {missing}")
    return Study(file, name, tuple(values.split()), cases)


SORT, SCAN, DISTANCE, DISCRETE = (
    f"csrc/fit/htst_{name}.c" for name in ("sort", "scan", "distance", "discrete")
)
PROBES = "csrc/fit/htst_scan_probes.h"
PARETO = ("fit 1e5", "fit 1e7 Pareto")
NORMAL = ("fit 1e7 normal",)
THREADS = "fit 1e7 Pareto, 2 threads"
INTEGERS = ("fit 1e6 integers",)
PRUNE = "htstats/_exact_fit/prune.py"

STUDIES = (
    of(SORT, "FEW", "12 48", *PARETO),
    of(SORT, "IN_CACHE", "(1<<20) (1<<22)", *PARETO),
    of(SORT, "MAX_BITS", "11 13", *PARETO),
    of(SORT, "SPARE_BITS", "4 6", *PARETO),
    of(SORT, "PART_BITS", "11 13", *PARETO),
    of(SORT, "MAX_PARTS_BITS", "9 11", *PARETO),
    of(SORT, "CROWDED", ".12 .5", *PARETO),
    of(SORT, "FAR", "8 32", *PARETO),
    of(SORT, "SPARSE", "2 8", *PARETO),
    of(SORT, "MAX_COUNTED", "(1<<17) (1<<19)", *PARETO),
    of(SORT, "FIRST", "1024 16384", *PARETO),
    of(SORT, "LEAP", "32 128", *PARETO),
    of("csrc/fit/htst_estimate.c", "AHEAD", "2 8", *PARETO),
    of("csrc/fit/htst_estimate.c", "RUN", "32 128", *PARETO),
    of(PROBES, "N_PROBES", "4 16", *PARETO),
    of(SCAN, "N_FIRST", "16 64", *PARETO),
    of(SCAN, "GAP", "128 512", *PARETO),
    of(PROBES, "NEAR", ".02 .1", *PARETO),
    of(DISTANCE, "LANES", "8 32", *PARETO),
    of(DISTANCE, "CHUNK", "128 512", *PARETO),
    of(DISTANCE, "FEW", "32 128", *PARETO),
    of(DISTANCE, "NOT_MANY", "128 512", *PARETO),
    of(DISTANCE, "PER_ROOT", "4 16", *PARETO),
    of(DISTANCE, "DENSE", "4 16", *PARETO),
    of(DISCRETE, "N_PROBES", "3 12", *INTEGERS),
    of(DISCRETE, "N_STRATA", "12 48", *INTEGERS),
    of(DISCRETE, "WIDE", "1024 4096", *INTEGERS),
    of(DISCRETE, "FEW", "6 24", *INTEGERS),
    of("csrc/fit/htst_prune.c", "GUESSES_PER_HALVING", "4 16", "fit 1e6 normal, float64"),
    of("csrc/fit/htst_tail.c", "BLOCK", "1024 4096", *NORMAL),
    of("csrc/fit/htst_tally.c", "BLOCK", "256 1024", *INTEGERS),
    of("csrc/fit/htst_counts.h", "HTST_COUNTS_AHEAD", "16 128", "goodness of fit 1e3, 100"),
    of("csrc/fit/htst_fit.h", "HTST_FIT_ALL_AT_ONCE", "(1<<15) (1<<19)", *PARETO),
    of("csrc/sketch/htst_sketch.c", "BLOCK", "2048 8192", "sketch 1e7 float32", *NORMAL),
    of("csrc/sketch/htst_sketch.c", "PLACES", "512 2048", "sketch 1e7 float32", *NORMAL),
    of("csrc/partition/htst_split.c", "LOOK", "4096 16384", "partition 2048, noise"),
    of("csrc/partition/htst_split.c", "PATIENCE", "500 2000", "partition 2048, noise"),
    of("csrc/normal/htst_normal.c", "CHUNK", "128 512", "normal numbers 1e6"),
    of("csrc/binomial/htst_binomial_bulk.c", "BLOCK", "8 32", "binomial.logsf 1e5"),
    of("csrc/spectral/htst_products.c", "NARROW", "512 2048", "stable rank 1024 x 512"),
    of("csrc/spectral/htst_single.c", "PIECE", "256 1024", "stable rank 1024 x 4096"),
    of("csrc/stable/htst_stable_table.c", "BLOCK", "32 128", "stable pdf 1e5"),
    of("csrc/certificate/htst_features.c", "BLOCK", "32 128", "features of 500 images"),
    of(PRUNE, "TOO_MUCH_TO_TRY", ".25 .75", *NORMAL, "fit 1e7 Pareto"),
    of("htstats/_exact_fit/threaded_scan.py", "WORTH_THREADS", "(1<<17) (1<<19)", THREADS),
    of("htstats/_exact_fit/threaded_scan.py", "RANGES_OF_A_THREAD", "2 8", THREADS),
    of(PRUNE, "TAIL_OF_A_GUESS", "25 100", *NORMAL),
    of("htstats/alternatives/_base.py", "TABLE", "1024 16384", "sample 1e4 integers"),
)


def build_copy(folder: Path, study: Study, value: str) -> None:
    """Copy the source to a new folder, replace the value, and build the modules there."""
    for source in (path for name in TREE for path in ROOT.glob(name)):
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, target)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    found, path = study.find(), folder / study.file
    text = path.read_text()
    path.write_text(text[: found.start("value")] + value + text[found.end("value") :])
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{study.title} = {value}: {done.stderr.strip().splitlines()[-1]}")


def run_study(study: Study, rounds: int) -> None:
    """Build a copy for each value, the value of the source first, and print a row for each case."""
    values = (study.find()["value"], *study.values)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, str(i)) for i in range(len(values))]
        for folder, value in zip(folders, values, strict=True):
            folder.mkdir()
            build_copy(folder, study, value)
        for case in study.cases:
            times = time_case(folders, case, rounds)
            if times is None:
                raise RuntimeError(f"{study.title}: the case {case!r} failed")
            found = zip(values, times, strict=True)
            ratios = [f"{value}: {t / times[0]:.3f}" for value, t in found]
            print(f"{study.title:32}{case:28}{'   '.join(ratios)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("words", nargs="*", help="only constants whose name contains one of these")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--list", action="store_true", help="print the constants and their values")
    options = parser.parse_args()
    for study in STUDIES:
        if options.words and not any(word in study.title for word in options.words):
            continue
        if options.list:
            print(f"{study.title:32}{study.find()['value']:12}{study.file}")
        else:
            run_study(study, options.rounds)


if __name__ == "__main__":
    main()
