"""Figure 3 of the paper; the same as `htstats reproduce figure3`."""

import sys

from htstats.cli import main

if __name__ == "__main__":
    sys.exit(main(["reproduce", "figure3", *sys.argv[1:]]))
