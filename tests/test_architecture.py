"""The arrows of the house: each room imports only from rooms before it in one list."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import htstats

ROOT = Path(htstats.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

# A room may import from itself and from the rooms before it. An import counts wherever it stands:
# in a function, in a call of import_module, or where only a type checker looks.
ROOMS = (
    "_version _core _common _laws sketch binomial weights datasets alternatives stable "
    "_exact_fit power_law compat spectral plot compression theory certificate streaming torch "
    "report distributed reproduce commands cli __main__"
).split()
HEAVY = {"torch", "dask", "distributed", "matplotlib", "sklearn", "tqdm", "safetensors", "pandas"}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def is_import_module(call: ast.Call) -> bool:
    """Whether a call imports a module whose name it spells out."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name in ("import_module", "__import__") and isinstance(call.args[0], ast.Constant)


def imports(tree: ast.AST):
    """(module, is at module level) for each import statement."""
    top = set(ast.iter_child_nodes(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node in top
        elif isinstance(node, ast.Call) and is_import_module(node):
            yield f"{node.args[0].value}.*", False


def file_of(name: str) -> Path | None:
    """The file of a dotted name: a module, or the module that defines the name."""
    if name.split(".")[0] != "htstats":
        return None
    for dotted in (name, name.rpartition(".")[0]):
        path = ROOT.joinpath(*dotted.split(".")[1:])
        for found in (path.with_suffix(".py"), path / "__init__.py"):
            if found in FILES:
                return found
    return None  # a binding


FILES = set(SOURCES)
ARROWS = {
    path: {
        found
        for name, _ in imports(ast.parse(path.read_text()))
        if (found := file_of(name)) is not None and found != path
    }
    for path in SOURCES
}


def test_every_room_has_its_place_in_the_list():
    assert {room(path) for path in SOURCES} - {"__init__"} <= set(ROOMS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_import_points_up(path):
    if path == ROOT / "__init__.py":
        return  # it stands above all: nobody imports from it
    for found in ARROWS[path]:
        assert found != ROOT / "__init__.py", f"{path} imports from htstats itself"
        assert ROOMS.index(room(found)) <= ROOMS.index(room(path)), f"{path} imports {found}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_private_modules_and_names_stay_in_their_folder(path):
    for name, _ in imports(ast.parse(path.read_text())):
        found = file_of(name)
        if found is None:
            continue
        if found.name.startswith("_") and found.name != "__init__.py" and found.parent != ROOT:
            assert path.is_relative_to(found.parent), f"{path} imports the private {found}"
        last = name.rpartition(".")[2]
        if last.startswith("_") and not last.startswith("__") and file_of(name + ".x") is None:
            assert path.is_relative_to(found.parent), f"{path} takes the private name {name}"


def test_no_circle_of_files():
    """Files without an arrow to one that is left go, until none is left."""
    left = dict(ARROWS)
    while free := [path for path, to in left.items() if not to & left.keys()]:
        for path in free:
            del left[path]
    assert not left, f"a circle passes through {sorted(map(str, left))}"


def test_the_top_folder_shows_subjects():
    entries = [p.name for p in ROOT.iterdir() if p.name != "__pycache__"]
    assert len(entries) <= 28
    private = [p for p in entries if re.fullmatch(r"_[a-z]\w*\.py", p)]
    assert private == ["_version.py"]


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
            assert where == "weights/_torch.py" or ROOMS.index(room(path)) >= ROOMS.index("torch")


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
