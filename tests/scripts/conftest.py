"""Paths for the tests of scripts/ and guest/linux/: run them from anywhere by
`/usr/bin/python3 -m pytest tests/scripts`."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "gdb")]


@pytest.fixture
def root():
    return ROOT
