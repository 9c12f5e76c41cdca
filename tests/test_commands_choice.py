"""--tensor and --exclude: names and patterns, in every command that has them."""

import json

import numpy as np
import pytest
from checkpoints import write_safetensors

from htstats.cli import main
from htstats.compression.container import open_container
from htstats.weights import choose, open_weights

NAMES = ["enc.0.w", "enc.1.w", "dec.0.w", "head", "odd[0].w", "odd[1].w"]
RNG = np.random.default_rng(1)
ARRAYS = {name: RNG.standard_t(3, (12, 9)).astype(np.float32) for name in NAMES}


@pytest.fixture
def file(tmp_path):
    return write_safetensors(tmp_path / "a.safetensors", ARRAYS | {"enc.bias": np.ones(3)})


CHOICES = [
    ([], [], NAMES),
    (["head"], [], ["head"]),
    (["enc.*"], [], ["enc.0.w", "enc.1.w"]),
    (["*.0.w"], [], ["enc.0.w", "dec.0.w"]),
    (["enc.?.w", "head"], [], ["enc.0.w", "enc.1.w", "head"]),
    (["head", "enc.0.w"], [], ["enc.0.w", "head"]),
    (["head", "head", "h*"], [], ["head"]),
    (["enc.[1-9].w"], [], ["enc.1.w"]),
    (["odd[0].w"], [], ["odd[0].w"]),  # the name itself, though it could be a pattern
    (["*"], [], NAMES),
    ([], ["enc.*"], ["dec.0.w", "head", "odd[0].w", "odd[1].w"]),
    ([], ["head", "*.0.w"], ["enc.1.w", "odd[0].w", "odd[1].w"]),
    (["enc.*"], ["*.1.w"], ["enc.0.w"]),
    ([], ["*.bias"], NAMES),
    ([], ["odd[1].w"], NAMES[:-1]),
]


def options(patterns, exclude):
    words = [word for pattern in patterns for word in ("--tensor", pattern)]
    return words + [word for pattern in exclude for word in ("--exclude", pattern)]


@pytest.mark.parametrize(("patterns", "exclude", "expected"), CHOICES)
def test_both_commands_choose_alike(file, tmp_path, capsys, patterns, exclude, expected):
    words = options(patterns, exclude)
    assert choose(open_weights(file), patterns or None, exclude) == expected
    assert main(["fit", str(file), "--json", *words]) == 0
    rows = json.loads(capsys.readouterr().out)["matrices"]
    assert [row["name"] for row in rows] == expected
    assert [row["layer_id"] for row in rows] == [NAMES.index(name) + 1 for name in expected]
    out = tmp_path / "a.htz"
    assert main(["compress", str(file), "-o", str(out), *words]) == 0
    with open_container(out) as container:
        assert list(container.matrices) == expected
        assert {m.info.layer for m in container.matrices.values()} == {
            NAMES.index(name) for name in expected
        }
        assert set(container.tensors) == {*NAMES, "enc.bias"} - set(expected)


WRONG = [
    (["nothing"], [], "no tensor named 'nothing'; there are "),
    (["enc.0.wt"], [], "no tensor named 'enc.0.wt'; there are 'enc.0.w'"),
    (["encoder.*"], [], "no tensor matches 'encoder.*'; there are 'enc."),
    (["enc.bias"], [], "'enc.bias' is no matrix: 1-D, 3 elements"),
    (["*.bias"], [], "'*.bias' matches no matrix: 'enc.bias' is none: 1-D, 3 elements"),
    (["head", "x*"], [], "no tensor matches 'x*'"),
    ([], ["x*"], "no tensor matches 'x*'"),
    ([], ["haed"], "no tensor named 'haed'; there are 'head'"),
    ([], ["*"], "every matrix is excluded"),
    (["head"], ["he*"], "every matrix is excluded"),
    ([""], [], "no tensor named ''"),
]


@pytest.mark.parametrize(("patterns", "exclude", "message"), WRONG)
def test_what_matches_nothing_is_exit_code_2(file, tmp_path, capsys, patterns, exclude, message):
    words = options(patterns, exclude)
    for argv in (["fit", str(file)], ["compress", str(file), "-o", str(tmp_path / "a.htz")]):
        assert main([*argv, *words]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert message in err
    assert list(tmp_path.iterdir()) == [file]


def test_names_that_are_near_take_no_time():
    """Thousands of long names, as large models have them."""
    many = {f"model.layers.{i}.{'block.' * 80}{i}": np.ones((1, 1)) for i in range(300)}
    with pytest.raises(ValueError, match="no tensor named") as caught:
        choose(open_weights(many), ["a" * 5000])
    assert len(str(caught.value)) < 7000
