"""The arrows of the house: each room imports only from rooms before it."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import htstats

ROOT = Path(htstats.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

# rank: a module may import from its own rank or a lower one
RANKS = {
    "_core": 0,
    "torch": 2,
    "distributed": 2,
    "reproduce": 2,
    "commands": 3,
    "cli": 4,
    "__main__": 4,
}
HEAVY = {"torch", "dask", "distributed", "matplotlib", "sklearn", "tqdm", "safetensors", "pandas"}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def rank(name: str) -> int:
    return RANKS.get(name, 1)


def imports(tree: ast.AST):
    """(module, is at module level) for each import statement."""
    top = set()
    for node in ast.iter_child_nodes(tree):
        top.add(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in top
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node in top
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node in top


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_import_points_to_the_right(path):
    for module, _ in imports(ast.parse(path.read_text())):
        parts = module.split(".")
        if parts[0] == "htstats" and len(parts) > 1:
            assert rank(parts[1]) <= rank(room(path)), f"{path} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_packages_stay_in_their_rooms(path):
    allowed = {
        "torch": {"torch", "tqdm"},
        "reproduce": {"torch"},
        "distributed": {"dask", "distributed"},
    }
    for module, at_top in imports(ast.parse(path.read_text())):
        name = module.split(".")[0]
        if name not in HEAVY or name in allowed.get(room(path), set()):
            continue
        assert not at_top, f"{path} imports {module} at module level"
        if name == "torch":
            where = path.relative_to(ROOT).as_posix()
            assert where == "weights/_torch.py" or rank(room(path)) >= 2, f"{path} imports torch"


def test_importing_htstats_is_light():
    code = (
        f"import sys, htstats\nprint(sorted({{m.split('.')[0] for m in sys.modules}} & {HEAVY!r}))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_all_is_sorted_and_real():
    assert list(htstats.__all__) == sorted(htstats.__all__)
    for name in htstats.__all__:
        assert hasattr(htstats, name)


def test_importing_htstats_loads_no_numpy_and_any_order_gives_the_same_names():
    code = (
        "import sys, htstats; assert 'numpy' not in sys.modules\n"
        "assert set(htstats.__all__) <= set(dir(htstats))\n"
        "import htstats.streaming, htstats.compression.partition\n"
        "assert callable(htstats.partition)\n"
        "from htstats import partition, binomial, fit_power_law\n"
        "assert partition is htstats.partition is htstats.compression.partition.partition\n"
        "assert htstats.weights.open_weights is htstats.open_weights\n"
        "assert htstats.fit_power_law is fit_power_law and binomial.logsf\n"
        "try: htstats.nothing\n"
        "except AttributeError as error: print(error)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "module 'htstats' has no attribute 'nothing'\n", answer.stderr
    assert answer.stderr == ""


def test_a_fit_loads_what_it_needs(tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, np.random.default_rng(0).standard_t(3, (30, 20)))
    others = (
        "scipy,dask,torch,numpy.random,concurrent.futures,logging,threadpoolctl,"
        "htstats.compression.container"
    )
    code = (
        "import sys\n"
        "from htstats.cli import main\n"
        f"sys.argv[1:] = ['fit', {str(path)!r}]\n"
        "main()\n"
        f"print(sorted({{*{others.split(',')!r}}} & set(sys.modules)), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stderr == "[]\n"
    assert "30 x 20" in answer.stdout
