"""setup.py compiles what changed and nothing else: a small tree, built again and again."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("common", "laws", "spectral")
BINDINGS = ("status", "zeta", "tridiagonal")

needs_setup = pytest.mark.skipif(
    not (ROOT / "csrc").is_dir(), reason="run the tests from a checkout or an unpacked sdist"
)


class Tree:
    """A copy with three folders of csrc and three bindings; `build` returns what was compiled."""

    def __init__(self, place: Path) -> None:
        self.place, self.log = place, place / "compiled.log"
        for folder in FOLDERS:
            shutil.copytree(ROOT / "csrc" / folder, place / "csrc" / folder)
        (place / "htstats" / "_core").mkdir(parents=True)
        for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / file, place / file)
        for file in ("__init__.py", "_version.py"):
            shutil.copy(ROOT / "htstats" / file, place / "htstats" / file)
        for path in (ROOT / "htstats" / "_core").glob("*.p*"):
            if path.stem in BINDINGS or path.name in ("__init__.py", "__init__.pxd"):
                shutil.copy(path, place / "htstats" / "_core")
            elif path.suffix == ".pxd" and self._declares(path):
                shutil.copy(path, place / "htstats" / "_core")
        self.compiler = place / "compiler"
        real = shlex.join(os.environ.get("CC", "cc").split())
        self.compiler.write_text(f'#!/bin/sh\necho "$*" >> {self.log}\nexec {real} "$@"\n')
        self.compiler.chmod(0o755)

    def _declares(self, pxd: Path) -> bool:
        return any((self.place / "csrc" / f / f"{pxd.stem}.h").exists() for f in FOLDERS)

    def build(self) -> tuple[list[str], int]:
        """(the C files that were compiled, the number of links), each file by its name."""
        self.log.write_text("")
        environment = {**os.environ, "CC": str(self.compiler), "HTST_CFLAGS": "-O0"}
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        done = subprocess.run(
            command, cwd=self.place, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        calls = [line.split() for line in self.log.read_text().splitlines()]
        files = [Path(word).name for call in calls for word in call if word.endswith(".c")]
        compiled = [name for name in files if name != "probe.c"]
        return sorted(compiled), sum("-shared" in call for call in calls)

    def edit(self, file: str) -> None:
        """A change of the file, later than any before."""
        path = self.place / file
        text = path.read_text()
        note = {".pyx": "# edited\n", ".pxd": "# edited\n"}.get(path.suffix, "/* edited */\n")
        path.write_text(text + note)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    tree = Tree(tmp_path_factory.mktemp("tree"))
    tree.first = tree.build()
    return tree


@needs_setup
@pytest.mark.slow
class TestIncrementalBuild:
    def test_the_first_build_compiles_everything_once(self, tree):
        sources = [p.name for p in tree.place.glob("csrc/*/*.c")]
        assert tree.first == (sorted([*sources, *(f"{name}.c" for name in BINDINGS)]), 3)

    def test_nothing_changed_compiles_nothing(self, tree):
        assert tree.build() == ([], 0)

    @pytest.mark.parametrize("file", ["common/htst_common", "laws/htst_zeta"])
    def test_a_c_file_is_compiled_alone_and_the_bindings_linked(self, tree, file):
        tree.edit(f"csrc/{file}.c")
        assert tree.build() == ([f"{Path(file).name}.c"], 3)

    @pytest.mark.parametrize(
        ("header", "compiled"),
        [
            ("laws/htst_zeta.h", ["htst_zeta.c", "zeta.c"]),
            ("spectral/htst_tridiagonal.h", ["htst_tridiagonal.c", "tridiagonal.c"]),
        ],
    )
    def test_a_header_is_followed_to_what_includes_it(self, tree, header, compiled):
        tree.edit(f"csrc/{header}")
        assert tree.build() == (compiled, 3)

    def test_a_header_of_all_compiles_all(self, tree):
        tree.edit("csrc/common/htst_common.h")
        compiled, links = tree.build()
        assert len(compiled) == len(list(tree.place.glob("csrc/*/*.c"))) + 3
        assert links == 3

    @pytest.mark.parametrize("name", ["zeta"])
    def test_a_binding_is_compiled_alone(self, tree, name):
        tree.edit(f"htstats/_core/{name}.pyx")
        assert tree.build() == ([f"{name}.c"], 1)

    def test_a_new_folder_is_found_and_a_removed_file_leaves_the_library(self, tree):
        folder = tree.place / "csrc" / "extra"
        folder.mkdir()
        source = folder / "htst_extra.c"
        source.write_text("int htst_extra(void);\n\nint\nhtst_extra(void)\n{\n    return 1;\n}\n")
        compiled, _ = tree.build()
        assert "htst_extra.c" in compiled
        assert "htst_extra.o" in members(tree)
        source.unlink()
        tree.edit("csrc/laws/htst_zeta.c")
        tree.build()
        assert "htst_extra.o" not in members(tree)
        assert "htst_zeta.o" in members(tree)

    def test_other_flags_have_other_objects(self, tree, monkeypatch):
        monkeypatch.setenv("CFLAGS", "-DHTST_ANOTHER_WAY")
        compiled, _ = tree.build()
        assert "htst_zeta.c" in compiled
        monkeypatch.delenv("CFLAGS")
        assert tree.build()[0] == []


def members(tree: Tree) -> list[str]:
    """The objects of the static library that was built last."""
    libraries = sorted(
        tree.place.glob("build/objects-*/libhtst.a"), key=lambda p: p.stat().st_mtime
    )
    return subprocess.run(["ar", "t", libraries[-1]], capture_output=True, text=True).stdout.split()
