"""Table 1 of the paper; the same as `htstats reproduce table1`."""

import sys

from htstats.cli import main

if __name__ == "__main__":
    sys.exit(main(["reproduce", "table1", *sys.argv[1:]]))
