"""Where matrices come from: files read lazily in blocks of rows, modules, arrays.

`open_weights` takes what there is and gives named matrices, whatever the format:

    _sources      bytes of a tensor, wherever they lie: files, memory, strides
    _archives     members of a zip archive
    _tensors      RawTensor, WeightMatrix, Weights: what users hold
    _numpy        .npy and .npz
    _safetensors  one .safetensors file, or a folder of shards with their index
    _torch        torch checkpoints, without torch: tensors are found, nothing is executed
    _memory       arrays, dicts, torch modules
    _open         which of these is meant

Files are data: sizes are checked before anything is allocated, and no pickle is ever executed.
"""

from htstats.weights._open import open_weights
from htstats.weights._tensors import RawTensor, WeightMatrix, Weights

__all__ = ["RawTensor", "WeightMatrix", "Weights", "open_weights"]
