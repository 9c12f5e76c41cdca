"""--json: the output of every command agrees with its schema, and the schema names every key."""

import json
from pathlib import Path

import numpy as np
import pytest

from htstats.cli import main
from htstats.commands import command_names
from htstats.commands._json import VERSIONS

jsonschema = pytest.importorskip("jsonschema", reason="pip install 'htstats[test]'")

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


def load(command):
    return json.loads((SCHEMAS / f"htstats-{command}-{VERSIONS[command]}.json").read_text())


def close(schema):
    """The schema without room for keys that it does not name."""
    if isinstance(schema, list):
        return [close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def require_agreement(command, text):
    report = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert report["schema"] == f"htstats-{command}-{VERSIONS[command]}"
    jsonschema.validate(report, close(load(command)))
    return report


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a checkpoint, columns, images and answers."""
    folder = tmp_path_factory.mktemp("json")
    rng = np.random.default_rng(0)
    heavy = rng.standard_t(3, (40, 30)).astype(np.float32)
    np.savez(folder / "few.npz", a=heavy, b=np.full((4, 5), np.nan, np.float32), c=np.ones(3))
    np.savetxt(folder / "x.csv", rng.zipf(2.5, 2000), fmt="%d", header="people", comments="")
    y = rng.integers(0, 4, 500)
    x = rng.integers(0, 90, (500, 10, 10)).astype(np.uint8)
    for image, corner in zip(x, y, strict=True):
        row, column = 5 * (corner // 2), 5 * (corner % 2)
        image[row : row + 5, column : column + 5] += 90
    np.savez(folder / "spots.npz", x=x[:400], y=y[:400], x_test=x[400:], y_test=y[400:])
    np.save(folder / "answers.npy", y[400:])
    np.save(folder / "new.npy", x[400:])
    return folder


def run(capsys, code, *argv):
    found = main([str(word) for word in argv])
    printed = capsys.readouterr()
    assert found == code, printed.err
    return printed.out


FITS = [
    ("few.npz", 1, ["--gof", "20", "--compare", "--spectrum", "--stable"]),
    ("few.npz", 0, ["--tensor", "a", "--xmin", "1:3", "--ks", "two-sided", "--min-tail", "20"]),
    ("few.npz", 0, ["--tensor", "a", "--side", "negative", "--xmin", "1", "--xmax", "9"]),
    ("x.csv", 0, ["--discrete", "--compare", "--gof", "20"]),
    ("x.csv", 0, ["--column", "people", "--stable"]),
]


@pytest.mark.parametrize(("file", "code", "options"), FITS)
def test_fit(place, capsys, file, code, options):
    report = require_agreement("fit", run(capsys, code, "fit", place / file, "--json", *options))
    assert report["matrices"][0]["alpha"] > 1
    assert [row["status"] for row in report["matrices"]][1:] == ["failed"] * code


def test_compress_and_decompress(place, tmp_path, capsys):
    out = tmp_path / "few.htz"
    argv = ["compress", place / "few.npz", "-o", out, "--threshold", "quantile:0.9", "--json"]
    report = require_agreement("compress", run(capsys, 1, *argv))
    (matrix,) = report["matrices"]
    assert (matrix["name"], matrix["nnz"], matrix["kept"]) == ("a", 120, 0.1)
    assert [tensor["name"] for tensor in report["carried"]] == ["c"]
    assert [(t["name"], t["bytes"]) for t in report["failed"]] == [("b", 80)]
    assert report["stored_bytes"] == out.stat().st_size
    for name, n_files in (("few.npz", 1), ("shards/", 2)):
        argv = ["decompress", out, "-o", f"{tmp_path}/{name}", "--json"]
        report = require_agreement("decompress", run(capsys, 0, *argv))
        assert len(report["files"]) == n_files
        assert report["bytes"] == sum(Path(file).stat().st_size for file in report["files"])
        assert (report["matrices"], report["tensors"]) == (1, 2)


def test_certify_and_verify(place, tmp_path, capsys):
    data, net = place / "spots.npz", tmp_path / "net.htc"
    argv = ["certify", "--data", data, "-o", net, "--preset", "pixels", "--minutes", ".02"]
    text = run(capsys, 0, *argv, "--json")
    report = require_agreement("certify", text)
    assert Path(f"{net}.json").read_text() == text
    again = require_agreement("verify", run(capsys, 0, "verify", net, "--data", data, "--json"))
    assert again["certified_error"] == report["certified_error"]
    assert again["holds"]
    argv = ["certify", "--data", data, "--predictions", place / "answers.npy", "--json"]
    assert require_agreement("certify", run(capsys, 0, *argv))["errors"] == 0
    argv += ["--surrogate", net, "--unlabelled", place / "new.npy"]
    assert require_agreement("certify", run(capsys, 0, *argv))["surrogate"]["m"] == 400


def test_the_preset_held_out(place, tmp_path, capsys):
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    rng = np.random.default_rng(1)
    x = rng.integers(0, 255, (120, 28, 28)).astype(np.uint8)
    np.savez(tmp_path / "d.npz", x=x, y=rng.integers(0, 2, 120))
    argv = ["certify", "--data", tmp_path / "d.npz", "--preset", "held-out", "--json"]
    require_agreement("certify", run(capsys, 0, *argv, "-o", tmp_path / "n.npz"))
    argv = ["verify", tmp_path / "n.npz", "--data", tmp_path / "d.npz", "--json"]
    assert require_agreement("verify", run(capsys, 0, *argv))["different_answers"] == 0


def test_demo(capsys):
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    require_agreement("demo", run(capsys, 0, "demo", "--epochs", "2", "--trials", "2", "--json"))


def test_reproduce(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="pip install 'htstats[plot]'")
    argv = ["reproduce", "figure2", "--out", tmp_path, "--json"]
    report = require_agreement("reproduce", run(capsys, 0, *argv))
    assert all(Path(file).is_file() for file in report["files"])


def test_report(place, tmp_path, capsys):
    out = tmp_path / "r.html"
    argv = ["report", place / "few.npz", "-o", out, "--json"]
    report = require_agreement("report", run(capsys, 1, *argv))
    assert (report["output"], report["bytes"]) == (str(out), out.stat().st_size)
    assert report["matrices"] == 2
    assert list(report["failed"]) == [f"{place / 'few.npz'}: b"]


def test_completion(capsys):
    report = require_agreement("completion", run(capsys, 0, "completion", "--json"))
    assert [command["name"] for command in report["commands"]] == command_names()


@pytest.mark.parametrize("command", command_names())
def test_every_command_has_json_and_a_schema(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--json" in capsys.readouterr().out
    jsonschema.Draft202012Validator.check_schema(load(command))


def test_every_schema_belongs_to_a_version():
    names = {f"htstats-{command}-{version}.json" for command, version in VERSIONS.items()}
    assert names <= {path.name for path in SCHEMAS.iterdir()}


def descriptions(schema, path=""):
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
        yield from descriptions(part, f"{path}.{name}")
    if isinstance(items := schema.get("items"), dict):
        yield from descriptions(items, f"{path}[]")


@pytest.mark.parametrize("command", sorted(VERSIONS))
def test_every_key_of_a_schema_is_described(command):
    parts = dict(descriptions(load(command)))
    assert parts
    missing = [path for path, part in parts.items() if not part.get("description")]
    assert missing == []


def test_a_key_without_description_is_found():
    schema = load("fit")
    report = {"schema": "htstats-fit-1", "file": "a", "side": "abs", "matrices": [], "skipped": []}
    jsonschema.validate(report, close(schema))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report | {"more": 1}, close(schema))
    jsonschema.validate(report | {"more": 1}, schema)  # readers accept keys that are new
