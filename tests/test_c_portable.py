"""The C library by compilers that are not GNU C: what is beyond C11 stands in one header."""

import importlib.util
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"
pytestmark = pytest.mark.skipif(
    not CSRC.is_dir(), reason="run the tests from a checkout or an unpacked sdist"
)
FILES = sorted(p for p in CSRC.glob("*/*.[ch]"))
SOURCES = sorted(p for p in FILES if p.suffix == ".c" and p.parent.name != "examples")
INCLUDES = [f"-I{folder}" for folder in sorted({p.parent for p in FILES} | {CSRC})]

# Keywords, attributes and built-in functions of GNU C, and the macros by which it is recognised.
EXTENSIONS = (
    r"__attribute__|__builtin_\w+|__extension__|__u?int128\w*|vector_size|__restrict\w*|__inline\w*"
    r"|__typeof\w*|\btypeof\b|__auto_type|\basm\b|__asm\w*|__label__|__alignof\w*|__real__|__imag__"
    r"|__sync_\w+|__atomic_\w+|__thread|__GNUC\w*|__clang__|\(\{|\?:|#pragma"
)
COMPILER = ("htst_compiler.h", "htst_build.h")  # the second only names the compiler


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_extensions_of_gnu_c_stand_in_one_header(path):
    if path.name not in COMPILER:
        assert re.findall(EXTENSIONS, without_comments(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    [
        "static __attribute__((noinline)) int f(void);",
        "typedef float v __attribute__((vector_size(16)));",
        "unsigned __int128 x;",
        "x = __builtin_clzll(y);",
        "#ifdef __GNUC__",
        "#if defined(__clang__)",
        "int y = ({ int x = 1; x + 1; });",
        "y = x ?: 1;",
        "typeof(x) y = x;",
        '__asm__("nop");',
        "__atomic_fetch_add(&x, 1, 0);",
        "double *__restrict__ x;",
        "#pragma GCC unroll 4",
    ],
)
def test_the_search_finds_extensions(line):
    assert re.search(EXTENSIONS, without_comments(line))


def test_intrinsics_stand_behind_the_macro_of_their_processors():
    users = [p for p in FILES if re.search(r"\b_mm\d*_|<(immintrin|cpuid)\.h>", p.read_text())]
    assert len(users) >= 8
    for path in users:
        text = path.read_text()
        if path.suffix == ".c":
            before = text[: re.search(r"\b_mm\d*_|<(immintrin|cpuid)\.h>", text).start()]
            assert "HTST_ISA_HAS_X86" in before, path
        else:  # included by such files alone
            assert "avx" in path.name or "vbmi2" in path.name, path


def compile_all(command: list[str]) -> str:
    """The output of the compiler if it fails. (/a/path would be an option of clang-cl.)"""
    sources = [str(path.relative_to(ROOT)) for path in SOURCES]
    done = subprocess.run([*command, *INCLUDES, *sources], capture_output=True, text=True, cwd=ROOT)
    return done.stderr + done.stdout if done.returncode else ""


@pytest.mark.slow
def test_the_library_is_c11_without_extensions():
    """`make test-machines MACHINES="--only portable"` runs the C tests of such a build."""
    warnings = ["-pedantic-errors", "-Wall", "-Wextra", "-Wno-missing-braces", "-Werror"]
    assert compile_all(["cc", "-std=c11", "-fsyntax-only", "-DHTST_PORTABLE", *warnings]) == ""


# ---- Windows ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zig() -> list[str]:
    """The Clang of Zig, which brings headers of Windows."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang is not installed: pip install ziglang")
    return [sys.executable, "-m", "ziglang"]


def zig_library(zig: list[str]) -> Path:
    said = subprocess.run([*zig, "env"], capture_output=True, text=True, check=True).stdout
    return Path(re.search(r'lib_dir"?\s*[=:]\s*"([^"]+)"', said).group(1))


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("macros", [[], ["-DHTST_PORTABLE"]], ids=["clang", "portable"])
def test_the_library_compiles_as_for_microsofts_linker(zig, machine, macros):
    """clang-cl, by MinGW's headers: they drop attributes unless they see a GNU C."""
    library = zig_library(zig)
    headers = [library / "include", library / "libc" / "include" / "any-windows-any"]
    command = [*zig, "clang", "--driver-mode=cl", f"--target={machine}-pc-windows-msvc"]
    command += [*("/std:c11", "-fgnuc-version=4.2.1", "-W3", "-WX", "-fsyntax-only"), *macros]
    for folder in headers:
        command += ["-imsvc", str(folder)]
    assert compile_all(command) == ""


# ---- setup.py -----------------------------------------------------------------------------------


@pytest.fixture
def setup_py(monkeypatch):
    """What setup.py passes to setuptools, and its names; nothing is built."""
    pytest.importorskip("setuptools", reason="pip install setuptools")
    passed = {}
    monkeypatch.setattr("setuptools.setup", lambda **options: passed.update(options))
    build = pytest.importorskip("Cython.Build", reason="pip install cython")
    monkeypatch.setattr(build, "cythonize", lambda modules, **options: modules)
    monkeypatch.chdir(ROOT)
    names = runpy.run_path(str(ROOT / "setup.py"))
    return passed, names


class Compiler:
    """A compiler that writes down its options."""

    def __init__(self, kind: str) -> None:
        self.compiler_type, self.options = kind, []

    def compile(self, sources, *, extra_postargs, **_):
        self.options += extra_postargs


@pytest.mark.parametrize(("kind", "sign"), [("msvc", "/"), ("unix", "-"), ("mingw32", "-")])
def test_every_compiler_gets_options_that_it_understands(setup_py, kind, sign):
    passed, names = setup_py
    compiler = Compiler(kind)
    [(_, library)] = passed["libraries"]
    builder = SimpleNamespace(compiler=compiler, build_temp="")
    passed["cmdclass"]["build_clib"]._compile(builder, library, "csrc/common/htst_common.c")
    assert len(compiler.options) >= 4
    assert all(option.startswith(sign) for option in compiler.options)

    extension = names["extensions"]()[0]
    names["set_flags"](extension, compiler)
    assert all(option.startswith(sign) for option in extension.extra_compile_args)
    told = dict(extension.define_macros)["HTST_FLAGS"]
    assert told == f'"{" ".join(compiler.options)}"'
