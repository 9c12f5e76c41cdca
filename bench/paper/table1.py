"""python bench/paper/table1.py OUT [DATA]: writes what htstats.torch.reproduce.table1 makes."""

import sys
from pathlib import Path

from htstats.torch.reproduce import table1

if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:3]] or [Path("build/paper")]
    print(*table1(folders[0], data=folders[1] if folders[1:] else None), sep="\n")
