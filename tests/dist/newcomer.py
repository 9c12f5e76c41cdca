"""Type the pages of docs/ in, as a new user would: a fresh environment with the wheel alone.

    python tests/dist/newcomer.py WHEEL [--python ROOT:python3.13] [--pages tutorial.md ...]

ROOT is the folder of a Debian root without a compiler (make_pythons.sh makes one); without it the
Python of this machine is used. Nothing but the wheel and what it requires is installed. If a
command fails and its message says which package to install, that is done, as the user would, and
the command is typed again. The tutorial begins in an empty folder; other pages find the files that
their readers have (tests/page_files.py). Exit status 1 if a command fails or prints something else
than the page says.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from page_files import make_files  # noqa: E402
from test_house_pages import (  # noqa: E402
    DOCS,
    SHORTER,
    agree,
    blocks,
    commands_of,
    reason_not_to_run,
)

PLACE = Path("/newcomer")
ASKED = re.compile(r"pip install '?([\w.\[\],-]+)'?")
# What pip inside a root needs to reach an index, if this machine needs it.
PASSED = ("PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT",
          "HTTPS_PROXY", "https_proxy")  # fmt: skip


class Newcomer:
    """A fresh environment, and what was asked for in it."""

    def __init__(self, wheel: Path, name: str, place: Path) -> None:
        root, _, self.program = name.rpartition(":")
        self.root = Path(root or "/")
        self.prefix = ["chroot", root] if root else []
        self.inside = PLACE if root else place
        self.outside = self.root / self.inside.relative_to("/")
        shutil.rmtree(self.outside, ignore_errors=True)
        self.outside.mkdir(parents=True)
        shutil.copy(wheel, self.outside)
        self.wheel = self.inside / wheel.name
        self.asked: list[str] = []
        self.passed = [f"{key}={os.environ[key]}" for key in PASSED if key in os.environ]
        self.require(f"{self.program} -m venv {self.inside}/venv", self.inside)
        self.require(f"pip install -q {self.wheel}", self.inside)

    def type(self, line: str, folder: Path) -> subprocess.CompletedProcess[str]:
        path = f"PATH={self.inside}/venv/bin:/usr/bin:/bin"
        clean = ["env", "-i", path, "HOME=/tmp", "COLUMNS=100", "LANG=C.UTF-8", *self.passed]
        command = [*self.prefix, *clean, "bash", "-o", "pipefail", "-c", f"cd {folder} && {line}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=1800)

    def require(self, line: str, folder: Path) -> None:
        done = self.type(line, folder)
        if done.returncode:
            sys.exit(f"{line}\n{done.stderr}")

    def try_line(self, line: str, folder: Path) -> tuple[list[str], str]:
        """The lines that a command prints, and its error; what it asks for is installed."""
        for _ in range(4):
            done = self.type(line, folder)
            asked = ASKED.search(done.stderr)
            if done.returncode == 0 or asked is None or asked[1] in self.asked:
                break
            self.asked.append(asked[1])
            # the wheel in place of its name, which the index may not have
            package = re.sub(r"^htstats(?=\[|$)", str(self.wheel), asked[1])
            self.require(f"pip install -q '{package}'", folder)
        failed = done.stderr.strip() or f"exit {done.returncode}" if done.returncode else ""
        return done.stdout.splitlines(), failed


def type_page(newcomer: Newcomer, page: Path) -> tuple[int, list[str]]:
    """(number of programs, what went wrong) of a page."""
    folder = newcomer.inside / page.stem
    (newcomer.outside / page.stem).mkdir()
    if page.name != "tutorial.md":
        make_files(newcomer.outside / page.stem)
    found, wrong, count = blocks(page), [], 0
    for number, (kind, text) in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else ("", "")
        typed = list(commands_of(kind, text))
        if kind == "python":
            (newcomer.outside / page.stem / "example.py").write_text(text)
            is_output = following[0] == "text" and "print(" in text
            typed = [("python example.py", following[1].splitlines() if is_output else None)]
        for line, expected in typed:
            if reason_not_to_run(line):
                continue
            for pattern, replacement in SHORTER if page.name != "tutorial.md" else ():
                line = re.sub(pattern, replacement, line)
            printed, failed = newcomer.try_line(line, folder)
            count += 1
            if failed:
                wrong.append(f"$ {line}\n{failed}")
            elif expected is not None and not agree(printed, expected):
                wrong.append("\n".join([f"$ {line}", "prints:", *printed, "not:", *expected]))
    return count, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", default=sys.executable, metavar="[ROOT:]PROGRAM")
    parser.add_argument("--pages", nargs="*", default=["tutorial.md"])
    parser.add_argument("--place", type=Path, default=TESTS.parent / "build" / "newcomer")
    args = parser.parse_args()
    newcomer = Newcomer(args.wheel, args.python, args.place.resolve())
    failed = 0
    for name in args.pages:
        before = len(newcomer.asked)
        count, wrong = type_page(newcomer, DOCS / name)
        asked = ", ".join(newcomer.asked[before:]) or "nothing"
        print(f"{name}: {count} programs, {len(wrong)} wrong; asked for: {asked}", flush=True)
        for text in wrong:
            print(text, flush=True)
        failed += len(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
