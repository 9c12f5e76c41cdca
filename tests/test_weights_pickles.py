"""Pickles of torch checkpoints: harmless names are stand-ins, nothing is imported or called."""

import argparse
import array
import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import random
import re
import struct
import sys
import types
import uuid
import zipfile
from dataclasses import dataclass, field

import numpy as np
import pytest
from checkpoints import survives

from htstats.weights import open_weights

torch = pytest.importorskip("torch")


class Color(enum.Enum):
    RED = "red"
    TWO = 2


class Flags(enum.IntFlag):
    A = 1


@dataclass
class Config:
    width: int = 3
    names: list = field(default_factory=lambda: ["a", "b"])


@dataclass
class Holder:
    weight: object


Point = collections.namedtuple("Point", "x y")


class AttributeDict(dict):
    """As Lightning keeps its hyper-parameters."""


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, [2]


HARMLESS = {
    "namespace": argparse.Namespace(lr=0.1, layers=[1, 2]),
    "simple namespace": types.SimpleNamespace(a=1),
    "posix path": pathlib.PosixPath("a/b"),
    "pure path": pathlib.PureWindowsPath("c:/x"),
    "float32": np.float32(1.5),
    "int64": np.int64(3),
    "bool": np.bool_(True),
    "text": np.str_("a"),
    "complex128": np.complex128(1j),
    "dtype": np.dtype("float32"),
    "structured dtype": np.dtype([("a", "f4"), ("b", "i8")]),
    "array": np.arange(6.0).reshape(2, 3),
    "array of objects": np.array([1, "a", None], object),
    "masked": np.ma.masked_array([1.0, 2.0], [0, 1]),
    "random state": np.random.RandomState(0),
    "generator": np.random.default_rng(0),
    "legacy state": np.random.RandomState(0).get_state(),
    "python state": random.Random(0).getstate(),
    "python generator": random.Random(0),
    "ordered": collections.OrderedDict(a=1),
    "default": collections.defaultdict(list, {"a": [1]}),
    "counter": collections.Counter("abca"),
    "deque": collections.deque([1, 2], maxlen=3),
    "chain": collections.ChainMap({"a": 1}, {"b": 2}),
    "user dict": collections.UserDict(a=1),
    "datetime": datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
    "date": datetime.date(2020, 1, 2),
    "delta": datetime.timedelta(3),
    "decimal": decimal.Decimal("1.5"),
    "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=3),
    "array module": array.array("d", [1, 2]),
    "regular expression": re.compile("a+b"),
    "set": {1, 2},
    "frozenset": frozenset([3]),
    "complex": 1 + 2j,
    "slice": slice(1, 5),
    "range": range(10**15),
    "bytearray": bytearray(b"ab"),
    "bytes": b"ab",
    "ellipsis": ...,
    "type": int,
    "type of none": type(None),
    "exception": ValueError("x"),
    "size": torch.Size([2, 3]),
    "device": torch.device("cuda:1"),
    "torch dtype": torch.bfloat16,
    "layout": torch.strided,
    "memory format": torch.channels_last,
    "version": torch.torch_version.TorchVersion("2.1"),
    "enum": Color.RED,
    "enum of a number": Color.TWO,
    "flags": Flags.A,
    "dataclass": Config(),
    "named tuple": Point(1, 2),
    "attributes": AttributeDict(lr=3),
    "slots": Slotted(),
    "optimizer": torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]).__class__,
    "long": 1 << 70,
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_harmless_objects_are_stand_ins(tmp_path, name, protocol):
    """Each beside a tensor, nested and twice, by each protocol that has tensors."""
    value = HARMLESS[name]
    if protocol < 2 and isinstance(value, Slotted):
        pytest.skip("objects with slots cannot be pickled by protocol 1")
    if protocol < 4 and name == "memory format":
        pytest.skip("torch gives it a dotted name, which these protocols have not")
    state = {"w": torch.arange(6.0).reshape(2, 3), "hyper": value, "again": [value, {"x": value}]}
    torch.save(state, tmp_path / "a.pt", pickle_protocol=protocol)
    before = set(sys.modules)
    weights = open_weights(tmp_path / "a.pt")
    assert {m for m in set(sys.modules) - before if not m.startswith("htstats")} <= {"zipfile"}
    assert list(weights) == ["w"]
    assert weights["w"].toarray().tolist() == [[0, 1, 2], [3, 4, 5]]
    for _, reason in weights.skipped:
        assert reason.endswith("not a tensor")


def pickle_of(module, name, args=b")", call=b"R"):
    """A pickle of {"x": module.name called with args}."""
    return b"\x80\x02}X\x01\x00\x00\x00xc%b\n%b\n%b%bs." % (
        module.encode(), name.encode(), args, call
    )  # fmt: skip


def write_checkpoint(path, content):
    """A torch archive around a pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", content)
        archive.writestr("a/version", b"3\n")
    return path


# Made by hand: the packages need not be there, and would not be imported if they were.
FOREIGN = [
    ("omegaconf.dictconfig", "DictConfig"),
    ("omegaconf.listconfig", "ListConfig"),
    ("omegaconf.base", "ContainerMetadata"),
    ("omegaconf.nodes", "AnyNode"),
    ("pytorch_lightning.utilities.parsing", "AttributeDict"),
    ("lightning_fabric.utilities.data", "AttributeDict"),
    ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"),
    ("fairseq.data.dictionary", "Dictionary"),
    ("fairseq.meters", "AverageMeter"),
    ("yacs.config", "CfgNode"),
    ("mmengine.config.config", "ConfigDict"),
    ("easydict", "EasyDict"),
    ("addict.addict", "Dict"),
    ("transformers.training_args", "TrainingArguments"),
    ("transformers.models.bert.configuration_bert", "BertConfig"),
    ("deepspeed.runtime.fp16.loss_scaler", "LossScaler"),
    ("apex.amp.scaler", "LossScaler"),
    ("__main__", "Args"),
    ("train", "Config"),
    ("collections", "defaultdict"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("pathlib._local", "PosixPath"),
    ("torch.optim.adam", "Adam"),
    ("__builtin__", "set"),
    ("copy_reg", "_reconstructor"),
]


@pytest.mark.parametrize(("module", "name"), FOREIGN)
def test_objects_of_packages_that_are_not_there(tmp_path, module, name):
    """An object with attributes, as protocol 2 states it, and its items."""
    state = b"\x81}X\x01\x00\x00\x00aK\x01sbX\x01\x00\x00\x00bK\x02s"
    path = write_checkpoint(tmp_path / "a.pt", pickle_of(module, name, call=state))
    before = set(sys.modules)
    assert open_weights(path).skipped == [
        ("x", f"{module}.{name}, not a tensor".removeprefix("builtins."))
    ]
    assert module not in set(sys.modules) - before


def test_tensors_inside_objects_are_found(tmp_path):
    w = torch.ones(2, 2)
    state = {
        "namespace": argparse.Namespace(w=w),
        "dataclass": Holder(w),
        "default": collections.defaultdict(list, {"a": [w]}),
        "tuple": Point(3, w),
        "attributes": AttributeDict(lr=1, w=w),
    }
    torch.save(state, tmp_path / "a.pt")
    assert list(open_weights(tmp_path / "a.pt")) == [
        "namespace.w", "dataclass.weight", "default.a.0", "tuple.1", "attributes.w",
    ]  # fmt: skip


TEXT = b"(X\x04\x00\x00\x00true"
HARMFUL = """
os.system posix.system nt.system os.popen os.execv os.mkdir os.remove os.putenv os.PathLike
subprocess.Popen subprocess.run subprocess.check_output pty.spawn commands.getoutput
popen2.popen2 platform.popen builtins.eval builtins.exec builtins.compile builtins.open
builtins.getattr builtins.setattr builtins.delattr builtins.__import__ builtins.globals
builtins.locals builtins.vars builtins.map builtins.filter builtins.iter builtins.apply
builtins.print builtins.input builtins.breakpoint builtins.super builtins.property
__builtin__.eval __builtin__.file __builtin__.execfile __builtin__.apply __builtin__.reduce
runpy._run_code runpy.run_path importlib.import_module importlib.__import__
importlib.machinery.SourceFileLoader imp.load_source pkgutil.resolve_name zipimport.zipimporter
operator.attrgetter operator.methodcaller operator.itemgetter functools.partial functools.reduce
_functools.partial types.FunctionType types.CodeType types.MethodType types.new_class
code.InteractiveInterpreter codeop.compile_command timeit.timeit timeit.Timer cProfile.run
profile.run pdb.run bdb.Bdb trace.Trace doctest.debug_script pickle.loads pickle.Unpickler
_pickle.loads marshal.loads shelve.open dbm.open sqlite3.connect ctypes.CDLL ctypes.cdll
shutil.rmtree shutil.move pathlib.os pathlib.Path.unlink tempfile.mkstemp socket.socket
urllib.request.urlopen http.client.HTTPConnection webbrowser.open smtplib.SMTP ftplib.FTP
asyncio.create_subprocess_shell asyncio.run multiprocessing.Process threading.Thread
concurrent.futures.ThreadPoolExecutor signal.signal atexit.register gc.get_objects sys.exit
sys.setprofile inspect.getsource ast.literal_eval site.main venv.create ensurepip.bootstrap
idlelib.pyshell.ModifiedInterpreter lib2to3.main.main distutils.spawn.spawn pydoc.pipepager
logging.config.fileConfig typing.get_type_hints typing.ForwardRef collections.namedtuple
enum._decompose dataclasses.make_dataclass weakref.finalize contextlib.ExitStack
torch.load torch.hub.load torch.hub._get_torch_home torch.jit.load torch.compile torch.save
torch.storage._load_from_bytes torch._C._jit_eval torch.package.PackageImporter
torch.ops.load_library
torch.utils.collect_env.run torch.utils.cpp_extension.load torch.utils.data.DataLoader
torch.distributed.launch.main torch.nn.Linear torch.nn.modules.linear.Linear torch.from_file
torch._dynamo.compile torch._inductor.codecache.compile_file torch.serialization.load
torch.ao.quantization.quantize torch.multiprocessing.spawn torch._utils._import_dotted_name
numpy.load numpy.fromfile numpy.f2py.compile numpy.testing._private.utils.runstring
numpy.distutils.exec_command.exec_command numpy.lib.npyio.load numpy.memmap numpy.vectorize
numpy.ctypeslib.load_library numpy.random.seed numpy.core.multiarray.fromfile
pip.main pip._internal.main setuptools.sandbox.run_setup pkg_resources.load_entry_point
dill.loads dill._dill._create_function cloudpickle.loads cloudpickle.cloudpickle._make_function
joblib.load IPython.get_ipython pexpect.run pandas.read_pickle pandas.eval scipy.io.loadmat
requests.get htstats.cli.main pytest.main numba.jit sympy.sympify
ultralytics.nn.tasks.DetectionModel torchvision.models.resnet.ResNet
mypackage.run mypackage.module.execute __main__.main evil.load
""".split()


@pytest.mark.parametrize("full", HARMFUL)
def test_what_would_execute_refuses_the_file(tmp_path, full):
    """By each way to call a name: REDUCE, NEWOBJ, OBJ, INST, and by a name on the stack."""
    module, _, name = full.rpartition(".")
    known = module.partition(".")[0] not in ("mypackage", "__main__", "evil")
    ways = [pickle_of(module, name, TEXT + b"t", b"R")]
    ways.append(b"\x80\x02}X\x01\x00\x00\x00x(i%b\n%b\ns." % (module.encode(), name.encode()))
    ways.append(
        b"\x80\x02}X\x01\x00\x00\x00x(c%b\n%b\nX\x01\x00\x00\x00ios."
        % (module.encode(), name.encode())
    )
    if known:
        ways.append(pickle_of(module, name, TEXT + b"t", b"\x81"))
        ways.append(pickle_of(module, name, b"", b""))
        stack = b"\x80\x04}\x8c\x01x\x8c%c%b\x8c%c%b\x93s."
        words = module.encode(), name.encode()
        ways.append(stack % (len(words[0]), words[0], len(words[1]), words[1]))
    before = set(sys.modules)
    for content in ways:
        path = write_checkpoint(tmp_path / "bad.pt", content)
        with pytest.raises(ValueError, match=r"bad\.pt: .*") as caught:
            open_weights(path)
        text = str(caught.value)
        assert "its pickle asks for" in text, content
        assert module[:40] in text
        assert "\n" not in text
    assert {m for m in set(sys.modules) - before if not m.startswith("htstats")} == set()


class Attack:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["value", "inside", "key", "state", "factory"])
def test_attacks_behind_harmless_objects(tmp_path, zipped, where):
    """An attack in an argument, a key or the state of a harmless object is one all the same."""
    mark = tmp_path / "executed"
    attack = Attack(exec, f"open({str(mark)!r}, 'w')")
    value = {
        "value": attack,
        "inside": argparse.Namespace(a=[{"b": attack}]),
        "key": {(1, attack): 2},
        "state": Config(width=attack),
        "factory": collections.defaultdict(None, {"a": attack}),
    }[where]
    path = tmp_path / "a.pt"
    torch.save({"w": torch.ones(2, 2), "x": value}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        ValueError, match=r"a\.pt: its pickle asks for (builtins|__builtin__)\.exec: "
    ):
        open_weights(path)
    assert not mark.exists()


def test_whole_modules_say_what_to_do(tmp_path):
    class Net(torch.nn.Module):
        pass

    Net.__qualname__, Net.__module__ = "Net", __name__
    globals()["Net"] = Net
    try:
        torch.save({"model": Net()}, tmp_path / "a.pt")
    finally:
        del globals()["Net"]
    with pytest.raises(ValueError, match=r"a whole module with its code.*\.state_dict\(\)"):
        open_weights(tmp_path / "a.pt")


@pytest.mark.parametrize("full", ["models.yolo.Model", "mynet.Net", "__main__.Net"])
def test_a_module_of_any_package_is_told_by_its_attributes(tmp_path, full):
    module, _, name = full.rpartition(".")
    keys = [b"X%c\x00\x00\x00%b}" % (len(k), k) for k in (b"_parameters", b"_modules", b"other")]
    content = pickle_of(module, name, call=b"\x81}(" + b"".join(keys) + b"ub")
    path = write_checkpoint(tmp_path / "a.pt", content)
    with pytest.raises(ValueError, match=f"{full} in its pickle: the file holds a whole module"):
        open_weights(path)


def test_dangerous_shapes_of_pickles(tmp_path):
    """Deep nesting, keys that take for ever to hash, text that doubles: refused or read at once."""
    double = b"\x80\x02}X\x01\x00\x00\x00x" + b"K\x01" + b"2\x86" * 40 + b"s."
    tuples = b"\x80\x02}" + b"K\x01" + b"2\x86" * 40 + b"K\x01s."
    deep = b"\x80\x02}" + b"K\x01" + b"\x85" * 200_000 + b"K\x01s."
    shown = b"\x80\x02}X\x01\x00\x00\x00xctorch\ndevice\nK\x01" + b"2\x86" * 40 + b"\x85Rs."
    in_set = b"\x80\x04}X\x01\x00\x00\x00x\x8f(K\x01" + b"2\x86" * 40 + b"\x90s."
    long_key = b"\x80\x02}X" + struct.pack("<I", 100_000) + b"a" * 100_000 + b"}K\x01K\x02ss."
    number = b"\x80\x02}\x8b" + struct.pack("<I", 9000) + b"\x7f" * 9000 + b"K\x02s."
    huge = b"\x8a\x08" + struct.pack("<q", 1 << 50)
    claims = {
        "bytearray": pickle_of("builtins", "bytearray", huge + b"\x85"),
        "range": pickle_of("builtins", "range", huge + b"\x85"),
        "array": pickle_of(
            "numpy._core.multiarray", "_reconstruct",
            b"cnumpy\nndarray\n" + huge + b"\x85C\x01b\x87",
        ),
    }  # fmt: skip
    refused = {"tuples": tuples, "deep": deep, "long": long_key}
    harmless = {"double": double, "shown": shown, "set": in_set, "number": number, **claims}
    for name, content in {**refused, **harmless}.items():
        path = write_checkpoint(tmp_path / "a.pt", content)
        assert survives(path) == (name not in refused), name


def test_calls_of_what_is_no_name_are_damage(tmp_path):
    for content in (b"\x80\x02}K\x01)R.", b"\x80\x02K\x01)\x81.", b"\x80\x02K\x01K\x02a.",
                    b"\x80\x02(K\x01K\x02K\x03s."):  # fmt: skip
        path = write_checkpoint(tmp_path / "a.pt", content)
        with pytest.raises(ValueError, match=r"a\.pt: truncated or damaged pickle"):
            open_weights(path)
