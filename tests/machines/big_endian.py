"""htstats in Python on an emulated big-endian processor: every byte form must be the same.

Debian's Python, NumPy and SciPy for s390x are unpacked below build/ (some 25 MB to download, once;
nothing is installed), htstats is compiled against them, and byte_forms.py runs here and there. Each
then reads the other's files.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Debian releases to look into, the first that has a package: mirrors may lag behind for one.
RELEASES = ("trixie", "forky")
PACKAGES = (
    "libc6 libgcc-s1 libstdc++6 libgfortran5 libblas3 liblapack3 zlib1g libexpat1 libffi8 "
    "libbz2-1.0 liblzma5 libpython3.13-minimal python3.13-minimal libpython3.13-stdlib "
    "python3-numpy python3-scipy python3-decorator libpython3.13-dev"
).split()
TOOLS = {
    "apt-get": "Debian's package manager",
    "dpkg-deb": "apt-get install dpkg",
    "qemu-s390x": "apt-get install qemu-user",
    "s390x-linux-gnu-gcc": "apt-get install gcc-s390x-linux-gnu libc6-dev-s390x-cross",
}
C_FLAGS = [
    "-O1", "-fPIC", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
    "-fvisibility=hidden",
]  # fmt: skip
APT = """
APT::Architecture "s390x";
APT::Architectures {{"s390x";}};
APT::Sandbox::User "root";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Acquire::Languages "none";
Acquire::Retries "3";
"""

Outcome = tuple[int, str, str]


def compare_bytes(root: Path, folder: Path) -> Outcome:
    """byte_forms.py here and on s390x: (forms, result, what differs)."""
    for tool, how in TOOLS.items():
        if not shutil.which(tool):
            return 0, f"skipped: {tool} is missing: {how}", ""
    if missing := unpack_python(folder):
        return 0, f"skipped: {missing} for s390x not to be had from Debian's mirror now", ""
    if failed := build(root, folder):
        return 0, "FAILED", failed
    libraries = "/usr/lib/s390x-linux-gnu"
    path = f"LD_LIBRARY_PATH={libraries}/blas:{libraries}/lapack"
    system = folder / "system"
    python = ["qemu-s390x", "-L", str(system), "-E", path, str(system / "usr/bin/python3.13")]
    return compare_with(python, root, folder, folder / "tree")


def unpack_python(folder: Path) -> str:
    """Unpack the packages below `folder`/system. Return the names of those that were not found."""
    done = folder / "unpacked"
    if done.exists():
        return ""
    downloads = folder / "downloads"
    for part in ("state/lists/partial", "cache/archives/partial", "downloads"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    (folder / "apt.conf").write_text(APT.format(folder=folder))
    lines = [f"deb http://deb.debian.org/debian {name} main" for name in RELEASES]
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}

    def apt(*words: str) -> bool:
        command = ["apt-get", "-qq", *words]
        answer = subprocess.run(command, env=environment, cwd=downloads, capture_output=True)
        return answer.returncode == 0

    apt("update")
    missing = [
        package
        for package in PACKAGES
        if not any(apt("download", f"{package}:s390x/{release}") for release in RELEASES)
        and not apt("download", f"{package}/{RELEASES[0]}")
    ]
    if missing:
        return ", ".join(missing)
    system = folder / "system"
    system.mkdir(exist_ok=True)
    for package in sorted(downloads.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(system)], check=True)
    for name in ("lib", "lib64", "bin"):  # as an installed system has them
        if not (system / name).exists():
            (system / name).symlink_to(f"usr/{name}")
    done.touch()
    return ""


def build(root: Path, folder: Path) -> str:
    """Compile htstats for s390x into `folder`/tree; return the output of a compiler that fails."""
    tree, system = folder / "tree" / "htstats", folder / "system"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(root / "htstats", tree, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    objects = folder / "objects"
    objects.mkdir(exist_ok=True)
    include = sorted({f"-I{header.parent}" for header in (root / "csrc").rglob("*.h")})
    headers = [f"-I{system}/usr/include/python3.13", f"-I{system}/usr/include"]
    compiler = ["s390x-linux-gnu-gcc", *C_FLAGS, *include]
    library = sorted((root / "csrc").rglob("*.c"))
    compiled = [str(objects / f"{source.stem}.o") for source in library]
    steps = [
        [*compiler, "-c", str(source), "-o", target]
        for source, target in zip(library, compiled, strict=True)
    ]
    bindings = sorted((root / "build" / "cython").rglob("_core/*.c"))
    if not bindings:
        return "build/cython has no bindings: make build"
    links = [
        [*compiler, "-O0", "-shared", *headers, str(source), *compiled, "-lm", "-o",
         str(tree / "_core" / f"{source.stem}.so")]
        for source in bindings
    ]  # fmt: skip

    def one(command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for stage in (steps, links):
            if failed := [text for text in pool.map(one, stage) if text]:
                return "\n".join(failed)
    return ""


def compare_with(python: list[str], root: Path, folder: Path, tree: Path) -> Outcome:
    """Run byte_forms.py by this Python and by `python`, each reading the other's files.

    `tree` is the folder in which `python` finds htstats.
    """
    script = str(root / "tests" / "machines" / "byte_forms.py")
    here, there = folder / "forms-here", folder / "forms-there"
    for place in (here, there):
        shutil.rmtree(place, ignore_errors=True)

    def forms(command: list[str], where: Path, *folders: Path) -> list[str] | str:
        done = subprocess.run(
            [*command, script, *map(str, folders)],
            env={**os.environ, "PYTHONPATH": str(where)}, capture_output=True, text=True,
        )  # fmt: skip
        return done.stderr if done.returncode else done.stdout.splitlines()

    own = forms([sys.executable], root, here)
    other = forms(python, tree, there, here)
    # what was written there must also be read here
    back = forms([sys.executable], root, folder / "forms-again", there)
    for answer in (own, other, back):
        if isinstance(answer, str):
            return 0, "FAILED", answer
    wrong = [f"{a}\n  there: {b}" for a, b in zip(own, other, strict=True) if a != b]
    wrong += [f"{a}\n  read here: {b}" for a, b in zip(own, back, strict=True) if a != b]
    return len(own), "FAILED" if wrong else "ok", "\n".join(wrong)
