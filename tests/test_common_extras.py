"""A missing optional package is named in one line, with the extra that installs it."""

import json
import pkgutil
import subprocess
import sys

import numpy as np
import pytest

import htstats
from htstats._common.extras import EXTRA_OF, name_missing_package

# What a user may type -> (who needs the package, the packages that may be named, extras).
STATEMENTS = {
    "import htstats.torch": ("htstats.torch", {"torch"}, "torch"),
    "from htstats.torch import layers": ("htstats.torch", {"torch"}, "torch"),
    "import htstats.distributed": ("htstats.distributed", {"dask", "distributed"}, "dask"),
    "from htstats.reproduce import figure3": ("htstats.reproduce", {"torch"}, "torch"),
    "htstats.plot.plot_ccdf(fit)": ("htstats.plot", {"matplotlib"}, "plot"),
    "htstats.plot.plot_scan(fit)": ("htstats.plot", {"matplotlib"}, "plot"),
    "drop_in.Fit(x).plot_ccdf()": ("a plot of htstats.compat.powerlaw", {"matplotlib"}, "plot"),
}
COMMANDS = {
    "demo": ("demo", {"torch"}, "torch"),
    "reproduce figure1 --out made": ("reproduce figure1", {"matplotlib"}, "plot"),
    "reproduce table1 --out made": ("reproduce table1", {"matplotlib", "torch"}, "torch,plot"),
    "fit model.npz --dask local:2": ("--dask", {"dask", "distributed"}, "dask"),
    "fit model.npz --spectrum --device cuda": ("--device", {"torch"}, "torch"),
    "compress model.npz -o made.htz --dask local:2": ("--dask", {"dask", "distributed"}, "dask"),
    "fit model.npz --plot made": ("--plot", {"matplotlib"}, "plot"),
    "fit x.npy --plot made": ("--plot", {"matplotlib"}, "plot"),
    "certify --data data.npz --preset fcnn -o made.htc": ("the preset fcnn", {"torch"}, "torch"),
    "certify --data data.npz --preset held-out -o made.npz": (
        "the preset held-out", {"torch"}, "torch"),
    "certify --data data.npz --model package:name": ("--model", {"torch"}, "torch"),
}  # fmt: skip

PROGRAM = """
import contextlib, io, json, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in json.loads(sys.argv[1]):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
import htstats
import htstats.compat.powerlaw as drop_in
from htstats.cli import main
import numpy as np
x = np.random.default_rng(0).pareto(1.5, 300) + 1
fit = htstats.fit_power_law(x)
answers = {}
for statement in json.loads(sys.argv[2]):
    try:
        exec(statement)
        answers[statement] = "no error"
    except ImportError as error:
        answers[statement] = str(error)
for command in json.loads(sys.argv[3]):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(None):
        code = main(command.split())
    answers[command] = [code, said.getvalue()]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without")
    rng = np.random.default_rng(1)
    np.savez(folder / "model.npz", w=rng.standard_t(3, (30, 20)).astype(np.float32))
    np.save(folder / "x.npy", rng.pareto(1.5, 200) + 1)
    np.savez(folder / "data.npz", x=rng.integers(0, 255, (80, 8, 8)).astype(np.uint8),
             y=rng.integers(0, 2, 80))  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def answers(folder):
    """What every statement and command says in a Python without the optional packages."""
    lists = (sorted(EXTRA_OF), list(STATEMENTS), list(COMMANDS))
    call = [sys.executable, "-c", PROGRAM, *map(json.dumps, lists)]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(user, packages, extras):
    return {f"{user} needs {package}: pip install 'htstats[{extras}]'" for package in packages}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_names_the_missing_package(answers, statement):
    assert answers[statement] in expected(*STATEMENTS[statement])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_the_missing_package(answers, folder, command):
    code, said = answers[command]
    assert code == 2
    assert said in {f"htstats: {line}\n" for line in expected(*COMMANDS[command])}
    assert not list(folder.glob("made*"))


def test_every_extra_that_is_named_installs_the_package():
    from importlib.metadata import requires

    for package, extra in EXTRA_OF.items():
        lines = [line for line in requires("htstats") if f'extra == "{extra}"' in line]
        assert any(line.startswith(package) for line in lines), (package, extra)


@pytest.mark.parametrize("error", [
    ImportError("libtorch.so: cannot open shared object file", name="torch"),
    ModuleNotFoundError("No module named 'torch.nothing'", name="torch.nothing"),
    ModuleNotFoundError("No module named 'other'", name="other"),
    ModuleNotFoundError("no name"),
])  # fmt: skip
def test_other_errors_pass(error):
    with pytest.raises(type(error)) as raised, name_missing_package("it"):
        raise error
    assert raised.value is error


ROOMS = [module.name for module in pkgutil.iter_modules(htstats.__path__)
         if not module.name.startswith("_")]  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_there_or_its_import_is_named(room):
    program = f"import htstats; print(htstats.{room}.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if done.returncode:
        hint = f"module 'htstats' has no attribute '{room}'; import htstats.{room} loads it"
        assert done.stderr.splitlines()[-1] == f"AttributeError: {hint}"
    else:
        assert done.stdout == f"htstats.{room}\n"


def test_an_unknown_name_gets_no_hint():
    with pytest.raises(AttributeError, match=r"^module .htstats. has no attribute .wieghts.$"):
        _ = htstats.wieghts
