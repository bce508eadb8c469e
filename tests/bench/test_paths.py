"""tests/bench/paths.py with an image of three functions, no emulator."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import exits  # noqa: E402
import paths  # noqa: E402

HVC, IRQ = 0x16 << 26, 62 << 26


class Image:
    """As scripts/gdb/plinth/elf.py: a function every 0x100 bytes."""

    def name(self, address):
        at = address & 0xFF
        return f"f{address >> 8}" + (f"+{at:#x}" if at else "")


def row(esr, path, shortest=None):
    return {"esr": esr, "device": -1, "path": path, "min": shortest or len(path)}


def test_a_function_that_calls_is_there_before_and_after():
    found = paths.grouped([0x100, 0x104, 0x200, 0x108], Image())
    assert found == [("f1", [0x100, 0x104]), ("f2", [0x200]), ("f1", [0x108])]


def test_a_path_that_was_not_kept_whole_is_none():
    raw = {"exits": [row(HVC, [1, 2]), row(IRQ, [1], 600)]}
    assert paths.by_reason(raw) == {"HVC": [1, 2]}


def test_a_reason_that_did_not_occur_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(paths.elves, "Elf", lambda path: Image())
    with pytest.raises(exits.Unusable, match="GICD read"):
        paths.summary({"exits": [row(HVC, [1])]}, "x.elf")


def test_the_listing_has_every_instruction(monkeypatch):
    monkeypatch.setattr(paths.elves, "Elf", lambda path: Image())
    monkeypatch.setattr(paths, "assembly", lambda path: {0x100: "nop", 0x104: "ret"})
    text = paths.listing({"exits": [row(HVC, [0x100, 0x104])]}, "x.elf", ["HVC"])
    assert text.splitlines() == [
        "HVC: 2 instructions",
        "  f1: 2",
        "    100  nop",
        "    104  ret",
    ]
