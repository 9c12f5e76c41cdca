"""Builds the C library once and one Cython extension per C module against it."""

import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
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
HEADERS = {p.name: str(p.relative_to(HERE)) for p in HERE.glob("csrc/**/*.h")}

GNU_FLAGS = [
    "-O3",
    "-std=c11",
    "-fvisibility=hidden",
    # Clones with and without fused multiply-adds would give different sums.
    "-ffp-contract=off",
    # sqrt and similar functions can then become one instruction; nothing here reads errno.
    "-fno-math-errno",
    # Nothing reads the floating-point exception flags either. Choices between values then need no
    # branches, so that loops with them are vectorised. No value changes.
    "-fno-trapping-math",
]
# The same for Microsoft's compiler, which fuses nothing with /fp:precise. Its atomics of C11 are
# complete, but still need an option.
MSVC_FLAGS = ["/O2", "/std:c11", "/experimental:c11atomics", "/fp:precise"]
MORE_FLAGS = os.environ.get("HTST_CFLAGS", "").split()
MORE_MACROS = [flag for flag in MORE_FLAGS if flag.startswith("-D")]
# Options of setuptools' kinds of compilers; the other kinds understand those of GCC.
C_FLAGS = {"unix": [*GNU_FLAGS, *MORE_FLAGS], "msvc": [*MSVC_FLAGS, *MORE_FLAGS]}
# The bindings hold no loops: they convert and check arguments.
BINDING_FLAGS = {
    "unix": ["-O1", "-g0", "-std=c11", "-fvisibility=hidden", *MORE_MACROS],
    "msvc": ["/O1", "/std:c11", "/experimental:c11atomics", *MORE_MACROS],
}

# The bindings use the limited API of Python 3.11, so that one wheel serves it and later versions.
# A Python without the global lock has no limited API: its modules are built for it alone.
OLDEST = (3, 11)
IS_ABI3 = not sysconfig.get_config_var("Py_GIL_DISABLED")
ABI3 = [("Py_LIMITED_API", "0x{:02x}{:02x}0000".format(*OLDEST)), ("CYTHON_LIMITED_API", "1")]
# htstats.show_config() reads the last one, and HTST_FLAGS, which the compiler's kind decides.
BINDING_MACROS = [*(ABI3 if IS_ABI3 else []), ("HTST_ABI3", str(int(IS_ABI3)))]

# Programs that are compiled, linked *and run*: a flag the compiler accepts can still fail on the
# machine.
PROBES = {
    "HTST_HAVE_CLONES": """
        __attribute__((always_inline)) static inline double twice(double x) { return 2 * x; }
        __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,f16c")))
        static double fast(double x) { return twice(x); }
        static int better = 0;
        __attribute__((constructor)) static void choose(void) {
            better = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
        }
        int main(int argc, char **argv) {
            (void)argv;
            return (better ? fast(argc) : twice(argc)) == 2.0 * argc ? 0 : 1;
        }
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


MACROS = [(name, "1") for name, source in PROBES.items() if probe(source)]


def flags_of(flags: dict[str, list[str]], compiler: Any) -> list[str]:
    """The options for this compiler."""
    return flags.get(compiler.compiler_type, flags["unix"])


def set_flags(extension: Extension, compiler: Any) -> None:
    """Set the options that a binding is compiled with, and its record of those of the library."""
    flags = " ".join(flags_of(C_FLAGS, compiler))
    extension.extra_compile_args = flags_of(BINDING_FLAGS, compiler)
    extension.define_macros = [*extension.define_macros, ("HTST_FLAGS", f'"{flags}"')]


@cache
def headers_of(file: str) -> frozenset[str]:
    """The headers of csrc that a C file includes, directly or through another."""
    names = re.findall(r'^ *# *include "(\w+\.h)"', (HERE / file).read_text(), re.MULTILINE)
    direct = {HEADERS[name] for name in names if name in HEADERS}
    return frozenset(direct.union(*map(headers_of, direct)))


def object_folder() -> str:
    """The folder that keeps objects between builds; each set of compiler options has its own."""
    compiler = [os.environ.get(name, "") for name in ("CC", "CFLAGS", "CPPFLAGS", "LDFLAGS")]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    key = repr([suffix, C_FLAGS, BINDING_FLAGS, BINDING_MACROS, MACROS, compiler])
    return f"build/objects-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


class BuildLibrary(build_clib):
    """build_clib that compiles only the files that changed, in parallel.

    The one of setuptools compiles all files of a library if one of them changed.
    """

    def finalize_options(self) -> None:
        # An editable install gives its commands a new temporary folder each time.
        self.build_temp = self.build_temp or object_folder()
        self.build_clib = self.build_clib or self.build_temp
        super().finalize_options()

    def build_libraries(self, libraries: list) -> None:
        for name, options in libraries:
            sources = sorted(options["sources"])
            objects = self.compiler.object_filenames(sources, output_dir=self.build_temp)
            old = [s for s, o in zip(sources, objects, strict=True) if is_old(o, s, options)]
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(partial(self._compile, options), old))
            library = Path(self.library_path(name))
            if newer_group(objects, str(library)):
                library.unlink(missing_ok=True)  # otherwise it would keep objects of removed files
                self.compiler.create_static_lib(objects, name, output_dir=self.build_clib)

    def _compile(self, options: dict, source: str) -> None:
        self.compiler.compile(
            [source],
            output_dir=self.build_temp,
            macros=options["macros"],
            include_dirs=options["include_dirs"],
            extra_postargs=flags_of(options["cflags"], self.compiler),
        )

    def library_path(self, name: str) -> str:
        return self.compiler.library_filename(name, output_dir=self.build_clib)


def is_old(target: str, source: str, options: dict) -> bool:
    """Whether a library's object is older than its source or a header that the source includes."""
    return newer_group([source, *options["obj_deps"][source]], target)


class BuildExtensions(build_ext):
    """build_ext that builds the C library first, also when called alone (`--inplace`).

    Bindings are compiled in parallel, and only if they changed. They are linked again if the
    library changed.
    """

    def initialize_options(self) -> None:
        super().initialize_options()
        self.parallel = os.cpu_count()

    def finalize_options(self) -> None:
        self.build_temp = self.build_temp or object_folder()
        super().finalize_options()

    def run(self) -> None:
        self.run_command("build_clib")
        super().run()

    def build_extension(self, extension: Extension) -> None:
        built = self.get_finalized_command("build_clib")
        libraries = [built.library_path(name) for name, _ in self.distribution.libraries]
        objects = self.compiler.object_filenames(extension.sources, output_dir=self.build_temp)
        headers = frozenset().union(*map(headers_of, extension.sources))
        # build_ext compiles an extension whenever it links one, so an object that is up to date
        # takes the place of its source. The library is named as an object because build_ext
        # compares no times of libraries.
        if not newer_group([*extension.sources, *headers], objects[0]):
            extension.sources = []
            extension.extra_objects = [*objects, *extension.extra_objects]
        set_flags(extension, self.compiler)
        extension.extra_objects = [*extension.extra_objects, *libraries]
        extension.depends = [*extension.depends, *headers, *extension.extra_objects]
        super().build_extension(extension)


def c_library() -> tuple[str, dict]:
    return "htst", {
        "sources": SOURCES,
        "obj_deps": {source: sorted(headers_of(source)) for source in SOURCES},
        "include_dirs": INCLUDES,
        "macros": MACROS,
        "cflags": C_FLAGS,
    }


def extensions() -> list[Extension]:
    modules = [
        Extension(
            f"htstats._core.{path.stem}",
            [str(path.relative_to(HERE))],
            include_dirs=INCLUDES,
            define_macros=[*BINDING_MACROS, *MACROS],
            py_limited_api=IS_ABI3,
        )
        for path in sorted(HERE.glob("htstats/_core/*.pyx"))
    ]
    checked = bool(os.environ.get("HTST_BOUNDS_CHECK"))
    return cythonize(
        modules,
        build_dir="build/cython-checked" if checked else "build/cython",
        compiler_directives={
            "language_level": 3,
            "boundscheck": checked,
            "wraparound": False,
            "initializedcheck": checked,
            "cdivision": True,
            "embedsignature": True,
            # A Python without the global lock leaves it off: bindings keep nothing between calls.
            "freethreading_compatible": True,
        },
        quiet="-v" not in sys.argv,
    )


setup(
    libraries=[c_library()],
    ext_modules=extensions(),
    cmdclass={"build_clib": BuildLibrary, "build_ext": BuildExtensions},
    options={"bdist_wheel": {"py_limited_api": "cp{}{}".format(*OLDEST)}} if IS_ABI3 else {},
)
