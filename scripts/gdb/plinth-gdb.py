"""Plinth's commands for gdb: `source scripts/gdb/plinth-gdb.py`, then
`help plinth`. `make gdb` does so. docs/design/15-debugging.md describes them.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from plinth import commands  # noqa: E402

commands.register()
