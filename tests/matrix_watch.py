"""Watch the matrices that a torch module multiplies by."""

from torch.utils._python_dispatch import TorchDispatchMode


class MatrixWatch(TorchDispatchMode):
    """Records the second operand of each product of matrices: its shape, and its memory."""

    def __init__(self):
        super().__init__()
        self.shapes, self.memory = [], set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket._qualified_op_name
        if name in ("aten::mm", "aten::mv"):
            matrix = args[0] if name == "aten::mv" else args[1]
            self.shapes.append(tuple(matrix.shape))
            self.memory.add(matrix.data_ptr())
        return func(*args, **(kwargs or {}))
