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


def row(esr, path, spent=0):
    return {"esr": esr, "device": -1, "path": path, "count": 1, "sum": spent, "max": spent}


def raw(*rows):
    return {"trouble": "", "exceptions": 0, "guest": 1, "el2": 1, "startup": 0, "exits": rows}


def test_a_function_that_calls_is_there_before_and_after():
    found = paths.grouped([0x100, 0x104, 0x200, 0x108], Image())
    assert found == [("f1", [0x100, 0x104]), ("f2", [0x200]), ("f1", [0x108])]


def test_a_path_that_was_not_kept_is_none():
    assert paths.by_reason(raw(row(HVC, [1, 2]), row(IRQ, []))) == {"HVC": [1, 2]}


def test_of_several_handlers_the_most_frequent_one_is_shown():
    seldom, often = row(HVC, [1]), {**row(HVC, [2, 3]), "count": 5}
    assert paths.by_reason(raw(often, seldom)) == {"HVC": [2, 3]}


def test_lines_of_code_and_data_are_counted():
    told = {**row(HVC, [0x100, 0x104, 0x140, 0x100]), "lines": 5}
    assert paths.lines(raw(told, row(IRQ, []))) == {"HVC": (2, 5)}


def test_the_hottest_take_most_in_all():
    rows = [row(HVC, [1], 10), row(IRQ, [1], 30), row(1 << 26, [1], 20), row(1 << 26 | 1, [], 99)]
    assert paths.hottest(raw(*rows)) == ["interrupt", "WFI", "HVC"]


def test_a_reason_that_did_not_occur_is_said(monkeypatch):
    monkeypatch.setattr(paths.elves, "Elf", lambda path: Image())
    with pytest.raises(exits.Unusable, match="GICD read"):
        paths.summary(raw(row(HVC, [1])), "x.elf", ["GICD read"])


def test_the_listing_has_every_instruction_and_its_source(monkeypatch):
    text = {0x100: "nop", 0x104: "b.eq 4008000 <f2> // b.none", 0x200: "ret", 0x204: "isb // x"}
    source = {
        0x100: ("a.S", 7, "nop // waits"),
        0x104: ("a.S", 8, "macro"),
        0x200: ("b.c", 9, "return x;"),
        0x204: ("b.c", 9, "return x;"),
    }
    monkeypatch.setattr(paths.elves, "Elf", lambda path: Image())
    monkeypatch.setattr(paths, "assembly", lambda path: text)
    monkeypatch.setattr(paths, "sources", lambda path, addresses: source)
    found = paths.listing(raw(row(HVC, [0x100, 0x104, 0x200, 0x204])), "x.elf", ["HVC"])
    assert [" ".join(line.split()) for line in found["HVC"]] == [
        "HVC: 4 instructions",
        "f1: 2",
        "nop a.S:7 waits",
        "b.eq <f2> a.S:8 macro",
        "f2: 2",
        "ret b.c:9 return x;",
        "isb",
    ]
