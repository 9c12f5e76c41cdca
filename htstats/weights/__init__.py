"""Where matrices come from: files read lazily in blocks of rows, modules, arrays.

`open_weights` takes what there is and gives named matrices, whatever the format:

    _sources        bytes of a tensor, wherever they lie: files, memory, strides
    _archives       members of a zip archive
    _raw            RawTensor, UnreadTensor: what is stored
    _quantized      which tensors are scales or optimizer state, and the scales of 8-bit weights
    _tensors        WeightMatrix, Weights: what users hold
    _choice         matrices by names, patterns and exclusions
    _numpy          .npy and .npz
    _safetensors    .safetensors
    _globals        the names in a pickle that are harmless
    _pickles        pickles run without running anything
    _torch_pickle   torch's tensors in a pickle
    _torch          torch checkpoints, without torch: tensors are found, nothing is executed
    _memory         arrays, dicts, torch modules
    _formats        the reader for a file, by its content
    _folders        shards with their index, the Hugging Face cache
    _open           which of these is meant

Files are data: sizes are checked before anything is allocated, and no pickle is ever executed.
"""

from htstats.weights._choice import choose
from htstats.weights._open import files_at, files_of, index_keys_of, metadata_of, open_weights
from htstats.weights._raw import ITEMSIZES, RawTensor, UnreadTensor
from htstats.weights._tensors import WeightMatrix, Weights

__all__ = [
    "ITEMSIZES",
    "RawTensor",
    "UnreadTensor",
    "WeightMatrix",
    "Weights",
    "choose",
    "files_at",
    "files_of",
    "index_keys_of",
    "metadata_of",
    "open_weights",
]
