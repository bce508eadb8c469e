"""The table of words to relocate that the build links into Plinth."""

import random

import pytest
from linking import relocations

BASE = 0x40239000
HEAD = """
Relocation section '.rela.dyn' at offset 0x3f000 contains 2 entries:
    Offset             Info             Type               Symbol's Value
"""


def line(at, kind="R_AARCH64_RELATIVE"):
    return f"{at:016x}  0000000000000403 {kind}                    40202abc\n"


def unpack(entries):
    """As boot/start.S reads them."""
    found, at = [], None
    for entry in entries:
        if not entry & 1:
            found.append(entry)
            at = entry + 8
            continue
        found += [at + 8 * n for n in range(63) if entry >> n + 1 & 1]
        at += 63 * 8
    return found


def test_places_are_those_of_the_listing():
    listing = HEAD + line(BASE + 16) + line(BASE)
    assert relocations.places(listing) == [BASE, BASE + 16]
    assert relocations.places("There are no relocations in this file.\n") == []


@pytest.mark.parametrize(
    "bad", [line(BASE, "R_AARCH64_GLOB_DAT"), line(BASE + 4)], ids=["kind", "place"]
)
def test_what_no_table_can_say_is_an_error(bad):
    with pytest.raises(relocations.RelocationError):
        relocations.places(HEAD + bad)


def test_neighbours_share_an_entry():
    assert relocations.pack([BASE, BASE + 8, BASE + 24]) == [BASE, 0b1011]
    assert relocations.pack([BASE, BASE + 63 * 8]) == [BASE, 1 | 1 << 63]
    # The map's last word; the first of another map; too far for that.
    assert relocations.pack([BASE, BASE + 64 * 8]) == [BASE, BASE + 64 * 8]
    assert relocations.pack([]) == []


def test_what_is_packed_is_what_was_there():
    rnd = random.Random(1)
    for density in (2, 9, 70, 400):
        places = sorted(BASE + 8 * n for n in rnd.sample(range(100 * density), 100))
        entries = relocations.pack(places)
        assert unpack(entries) == places
        assert all(entry < 1 << 64 for entry in entries)


def test_table_is_text_for_the_assembler():
    text = relocations.of_image(HEAD + line(BASE) + line(BASE + 8))
    assert text.splitlines()[-2:] == [f"\t.quad {BASE:#x}", "\t.quad 0x3"]
