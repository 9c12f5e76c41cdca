"""Read weight matrices from files (lazily, in blocks of rows), torch modules and arrays.

`open_weights` returns named matrices for every supported format. The modules are:

    _sources        the bytes of a tensor in a file or in memory, contiguous or strided
    _archives       members of a zip archive
    _raw            RawTensor, UnreadTensor: tensors as they are stored
    _quantized      find scales and optimizer state; the scales of 8-bit weights
    _tensors        WeightMatrix, Weights: the objects that users work with
    _choice         choose matrices by names, patterns and exclusions
    _numpy          .npy and .npz
    _safetensors    .safetensors
    _globals        the list of harmless names in a pickle
    _pickles        interpret a pickle without executing its calls
    _torch_pickle   torch's tensors in a pickle
    _torch          torch checkpoints, read without torch and without executing anything
    _memory         arrays, dicts, torch modules
    _formats        choose the reader for a file by its content
    _folders        shards with their index, the Hugging Face cache
    _open           open_weights, which chooses between these
    columns         a plain column of numbers: a text file, a 1-D .npy, standard input

Files are treated as data: sizes are checked before anything is allocated, and no pickle is ever
executed.
"""

from htstats.weights._choice import choose
from htstats.weights._numpy import read_arrays
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
    "read_arrays",
]
