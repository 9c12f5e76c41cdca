"""python bench/paper/magika_outputs.py [FOLDER ...]: magika's last layer on files of this machine.

A file is labelled by its extension if this extension belongs to only one content type. At most 100
files of a type are used. The result depends on the files of the machine. Writes magika.head.npz,
the inputs of the last layer (214 x 512) and the labels, for Table 1. Needs magika, onnx and
onnxruntime.
"""

import argparse
import json
import os
import random
import sys
from collections import defaultdict
from pathlib import Path

import magika
import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

CACHE = Path.home() / ".cache" / "htstats" / "paper"
PACKAGE = Path(magika.__file__).parent
MODEL = PACKAGE / "models" / "standard_v3_3"

MOST_OF_A_TYPE = 100
BATCH = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", default=["/usr", sys.prefix])
    parser.add_argument("--out", type=Path, default=CACHE / "magika.head.npz")
    args = parser.parse_args()
    config = json.loads((MODEL / "config.min.json").read_text())
    labels = config["target_labels_space"]
    files = labelled(args.folders, types(labels))
    paths, right, tokens = [], [], []
    for label, path in files:
        read = features(path, config)
        if read is not None:
            paths.append(path)
            right.append(labels.index(label))
            tokens.append(read)
    weight, bias, entering = last_layer(np.array(tokens, np.int32))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        args.out, data="files by extension", weight=weight, bias=bias, features=entering,
        labels=np.array(right),
    )  # fmt: skip
    hits = (entering @ weight.T + bias).argmax(1) == np.array(right)
    print(f"{args.out}: {len(right)} files of {len(set(right))} types, {hits.mean():.2%} right")


def types(labels):
    """Extension -> content type, for extensions of only one type that the model knows."""
    owners = defaultdict(set)
    kinds = json.loads((PACKAGE / "config" / "content_types_kb.min.json").read_text())
    for label, kind in kinds.items():
        for extension in kind["extensions"]:
            owners[f".{extension}"].add(label)
    return {
        extension: next(iter(found))
        for extension, found in owners.items()
        if len(found) == 1 and found <= set(labels)
    }


def labelled(folders, kinds):
    """(type, path) of at most 100 files of each type, chosen at random by a fixed seed."""
    found = defaultdict(set)
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = Path(where, name)
                kind = kinds.get(path.suffix.lower())
                if kind and path.is_file() and not path.is_symlink():
                    found[kind].add(path)
    rng = random.Random(0)
    for kind in sorted(found):
        paths = sorted(found[kind])
        for path in rng.sample(paths, min(len(paths), MOST_OF_A_TYPE)):
            yield kind, path


def features(path, config):
    """The model's 2,048 tokens: first and last bytes without the space around them."""
    size, block = path.stat().st_size, config["block_size"]
    with path.open("rb") as file:
        first = file.read(block).lstrip()
        file.seek(max(0, size - block))
        last = file.read(block).rstrip()
    if len(first) < config["min_file_size_for_dl"]:
        return None
    pad = [config["padding_token"]]
    first, last = list(first[: config["beg_size"]]), list(last[-config["end_size"] :])
    first += pad * (config["beg_size"] - len(first))
    return first + pad * (config["end_size"] - len(last)) + last


def last_layer(tokens):
    """(weight, bias, inputs of the layer); the graph gets one more output for the inputs."""
    model = onnx.load(MODEL / "model.onnx")
    product = next(node for node in reversed(model.graph.node) if node.op_type == "MatMul")
    addition = next(node for node in model.graph.node if product.output[0] in node.input)
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    entering, matrix = product.input
    bias = next(name for name in addition.input if name != product.output[0])
    model.graph.output.append(onnx.helper.make_tensor_value_info(entering, 1, None))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    parts = [
        session.run([entering], {name: tokens[start : start + BATCH]})[0]
        for start in range(0, len(tokens), BATCH)
    ]
    return np.ascontiguousarray(values[matrix].T), values[bias].ravel(), np.concatenate(parts)


if __name__ == "__main__":
    main()
