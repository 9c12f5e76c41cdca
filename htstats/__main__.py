"""`python -m htstats` is `htstats`."""

import sys

from htstats.cli import main

sys.exit(main())
