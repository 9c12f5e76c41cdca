"""Builds the C library once and one Cython extension per C module against it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

HERE = Path(__file__).parent
# One folder for each part of the C library; csrc/examples holds programs that use it.
FOLDERS = sorted(p for p in HERE.glob("csrc/*/") if p.is_dir() and p.name != "examples")
INCLUDES = ["csrc", *(str(p.relative_to(HERE)) for p in FOLDERS)]
SOURCES = sorted(str(p.relative_to(HERE)) for f in FOLDERS for p in f.glob("*.c"))
HEADERS = sorted(str(p.relative_to(HERE)) for f in FOLDERS for p in f.glob("*.h"))

C_FLAGS = [
    "-O3",
    "-std=c11",
    "-fvisibility=hidden",
    # A fused multiply-add in one clone and not in another would give different sums.
    "-ffp-contract=off",
    # sqrt and friends may then become one instruction; nothing here reads errno.
    "-fno-math-errno",
    # Nothing reads the floating-point exception flags either; choices between values then need no
    # branches, and loops with them become vectors. No value changes.
    "-fno-trapping-math",
]

# Programs that are compiled, linked *and run*: a flag the compiler accepts can still fail on the
# machine (target_clones needs IFUNC from the C library's loader).
PROBES = {
    "HTST_HAVE_TARGET_CLONES": """
        __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
        static double twice(double x) { return 2 * x; }
        int main(int argc, char **argv) { (void)argv; return twice(argc) == 2.0 * argc ? 0 : 1; }
    """,
}


def probe(source: str) -> bool:
    """Whether a C program compiles, links, runs and returns 0."""
    compiler = os.environ.get("CC", "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "probe"
        program.with_suffix(".c").write_text(source)
        steps = [[*compiler, "-O1", f"{program}.c", "-o", str(program)], [str(program)]]
        try:
            return all(
                subprocess.run(step, capture_output=True, timeout=60).returncode == 0
                for step in steps
            )
        except (OSError, subprocess.TimeoutExpired):
            return False


# The bindings hold no loops: what they do is convert and check arguments.
BINDING_FLAGS = ["-O1", "-g0", "-std=c11", "-fvisibility=hidden"]


def compile_older(compiler: Any) -> None:
    """Let `compiler` pass over objects that are newer than their source and every header."""
    compile_one = compiler._compile

    def compile_if_older(obj: str, source: str, *arguments: object) -> None:
        if newer_group([source, *HEADERS, __file__], obj):
            compile_one(obj, source, *arguments)

    compiler._compile = compile_if_older


class BuildLibrary(build_clib):
    """build_clib that compiles only what changed."""

    def build_libraries(self, libraries: list) -> None:
        compile_older(self.compiler)
        super().build_libraries(libraries)


class BuildExtensionsAfterLibrary(build_ext):
    """build_ext that builds the C library first, also when called alone (`--inplace`).

    Bindings are compiled side by side, and again only where they changed: a new library relinks
    them.
    """

    def initialize_options(self) -> None:
        super().initialize_options()
        self.parallel = os.cpu_count()

    def run(self) -> None:
        self.run_command("build_clib")
        super().run()

    def build_extensions(self) -> None:
        compile_older(self.compiler)
        # Asked only where something is new. That may be the library, and what is asked about is
        # the bindings' objects alone.
        self.compiler._need_link = lambda objects, output: True
        super().build_extensions()


def c_library() -> tuple[str, dict]:
    macros = [(name, "1") for name, source in PROBES.items() if probe(source)]
    return "htst", {
        "sources": SOURCES,
        "obj_deps": {"": HEADERS},
        "include_dirs": INCLUDES,
        "macros": macros,
        "cflags": [*C_FLAGS, *os.environ.get("HTST_CFLAGS", "").split()],
    }


def extensions() -> list[Extension]:
    # relinked when the library changes: a static library leaves no trace of its own
    depends = [*SOURCES, *HEADERS]
    modules = [
        Extension(
            f"htstats._core.{path.stem}",
            [str(path.relative_to(HERE))],
            include_dirs=INCLUDES,
            depends=depends,
            extra_compile_args=BINDING_FLAGS,
        )
        for path in sorted(HERE.glob("htstats/_core/*.pyx"))
    ]
    checked = bool(os.environ.get("HTST_BOUNDS_CHECK"))
    return cythonize(
        modules,
        build_dir="build/cython",
        compiler_directives={
            "language_level": 3,
            "boundscheck": checked,
            "wraparound": False,
            "initializedcheck": checked,
            "cdivision": True,
            "embedsignature": True,
        },
        quiet="-v" not in sys.argv,
    )


setup(
    libraries=[c_library()],
    ext_modules=extensions(),
    cmdclass={"build_clib": BuildLibrary, "build_ext": BuildExtensionsAfterLibrary},
)
