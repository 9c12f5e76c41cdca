"""What is tried: BLAS kernels, threads, instruction sets, compilers and emulated processors."""

import os
import platform
from dataclasses import dataclass, field, replace
from pathlib import Path

# The flags of /proc/cpuinfo without which a kernel of OpenBLAS would be an illegal instruction.
KERNELS = {
    "x86_64": {
        "Nehalem": {"sse4_2"},
        "Haswell": {"avx2", "fma"},
        "Zen": {"avx2", "fma"},
        "SkylakeX": {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"},
    },
    "aarch64": {"ARMV8": set(), "NEOVERSEN1": {"asimddp"}, "NEOVERSEV1": {"sve"}},
}

# Files and folders, sockets, processes, documents: nothing in them goes by BLAS or by the machine.
NOT_NUMERICAL = {
    "architecture", "bench_llm", "bench_report", "commands_compress", "commands_demo",
    "commands_fit",
    "commands_fit_resume",
    "commands_kills", "commands_metadata", "commands_shards", "compression_container",
    "compression_damage", "compression_format", "datasets", "distributed", "distributed_workers",
    "exact_fit_out_of_core", "house_documentation", "house_names", "house_readme",
    "house_scale_document", "plot", "reproduce", "reproduce_sources", "reproduce_training",
    "streaming", "theory_document", "weights", "weights_damage",
}  # fmt: skip
# A minute on one core: what takes norms, products, factorisations and long sums of its own.
QUICK = (
    "spectral", "spectral_products", "spectral_spectrum", "compression_matrix",
    "power_law_refits", "core_normal", "reproduce_mixture",
)  # fmt: skip
# The C tests of what makes and reads bytes.
BYTE_FORMS = (
    "sketch", "gaps", "rank", "moments", "normal", "stable_sample", "partition", "counts",
)  # fmt: skip
# Plain C11, as for a compiler that is not GNU C. Vectors are then structures, and { 0 } warns.
PORTABLE = (
    *("-O2", "-pedantic-errors", "-Wall", "-Wextra", "-Wno-missing-braces", "-Werror"),
    "-DHTST_PORTABLE",
)
# The kernels of csrc with more than one path, for an emulator that is fifty times slower.
EMULATED = ("compression_partition", "spectral_products", "core_normal", "core_sort")


@dataclass(frozen=True)
class Suite:
    """A run of test files in an environment."""

    name: str
    files: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    kernel: str = ""  # what OpenBLAS must then say it runs
    emulator: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """The C tests by a compiler, with flags, perhaps under an emulator."""

    name: str
    compiler: str
    flags: tuple[str, ...]
    emulator: str = ""
    package: str = ""  # what to install for it
    tests: tuple[str, ...] = ()  # all of them if empty


def processor_flags() -> set[str]:
    """The processor's features as Linux names them; empty where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return set(value.split())
    return set()


def usable_kernels() -> tuple[list[str], list[str]]:
    """The kernels that this processor can run, and those that it cannot."""
    flags, known = processor_flags(), KERNELS.get(platform.machine(), {})
    able = [name for name, needs in known.items() if flags and needs <= flags]
    return able, [name for name in known if name not in able]


def numpy_features() -> list[str]:
    """What NumPy found on this processor beyond its baseline, and would choose a path by."""
    from numpy._core import _multiarray_umath as umath

    found = getattr(umath, "__cpu_features__", {})
    return [name for name in getattr(umath, "__cpu_dispatch__", []) if found.get(name)]


def numerical_files(tests: Path) -> tuple[str, ...]:
    names = (path.stem.removeprefix("test_") for path in sorted(tests.glob("test_*.py")))
    return tuple(name for name in names if name not in NOT_NUMERICAL)


def threads(blas: int, torch: int) -> dict[str, str]:
    return {"OPENBLAS_NUM_THREADS": str(blas), "OMP_NUM_THREADS": str(torch)}


def suites(tests: Path, *, quick: bool) -> list[Suite]:
    """Runs of the Python suite on this machine, each with other last bits."""
    files = QUICK if quick else numerical_files(tests)
    options = ("-m", "not slow") if quick else ()
    able, _ = usable_kernels()
    able = [kernel for kernel in able if not quick or kernel in ("Nehalem", "Haswell", "ARMV8")]
    found = []
    for kernel in able:
        for blas, torch in [(1, 2), (2, 1)][: 1 if quick else 2]:
            environment = {"OPENBLAS_CORETYPE": kernel, **threads(blas, torch)}
            if kernel == "Haswell" and blas == 1:
                environment["OPENBLAS_L2_SIZE"] = "512"  # cuts sums into other blocks
            name = f"{kernel}, {blas} BLAS, {torch} torch threads"
            found.append(Suite(name, files, environment, options, kernel))
    baseline = {"NPY_DISABLE_CPU_FEATURES": " ".join(numpy_features()), **threads(1, 1)}
    baseline |= {"ATEN_CPU_CAPABILITY": "default", "DNNL_MAX_CPU_ISA": "SSE41"}
    baseline |= {"MKL_CBWR": "COMPATIBLE"}
    found.append(Suite("NumPy and torch at their baseline", files, baseline, options))
    other = {"PYTHONPATH": str(Path(__file__).parent)}
    # Every sum that the tests take themselves, in another order: what a kernel not seen yet may do.
    found.append(Suite("sums in another order", files, other, (*options, "-p", "other_sums")))
    return found


def emulated_suites() -> list[Suite]:
    """The Python suite on a processor without AVX: each plain twin must be chosen, and right."""
    if platform.machine() != "x86_64":
        return []
    emulator = ("qemu-x86_64", "-cpu", "Nehalem")
    environment = {"OPENBLAS_CORETYPE": "Nehalem", **threads(1, 1)}
    options = ("-m", "not slow", "-o", "timeout=0")
    return [Suite("qemu: Nehalem, kernels", EMULATED, environment, options, "", emulator)]


def programs(*, quick: bool) -> list[Program]:
    found = [
        Program(f"C tests, {compiler} {' '.join(flags)}", compiler, flags, "", package)
        for compiler, package in (("gcc", "gcc"), ("clang", "clang"))
        for flags in (("-O0",), ("-O2",), ("-O3", "-march=native"))
    ]
    portable = Program("C tests, portable C11", "gcc", PORTABLE, "", "gcc")
    foreign = [
        Program(
            f"C tests, {machine}",
            f"{machine}-linux-gnu-gcc",
            ("-O2", "-static"),
            f"qemu-{machine}",
            f"gcc-{machine}-linux-gnu libc6-dev-{debian}-cross qemu-user",
        )
        for machine, debian in (("s390x", "s390x"), ("aarch64", "arm64"), ("riscv64", "riscv64"))
    ]
    if quick:  # clang as fast as it can, and the other byte order where bytes are made
        return [found[-1], portable, replace(foreign[0], tests=BYTE_FORMS)]
    return [*found, portable, *foreign]


def clean_environment() -> dict[str, str]:
    """The environment without what would choose kernels or threads."""
    chosen = ("OPENBLAS_", "OMP_", "MKL_", "NPY_", "ATEN_", "DNNL_", "GOTO_", "BLIS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(chosen)}
