"""The words of an image that hold an address of its own, for a start elsewhere.

Made from what `readelf -rW` says of a position-independent image, as assembler
text for the section .relr, in the format of ELF's SHT_RELR (System V gABI,
"Relative relocation table"): an even entry is the link address of such a word;
an odd one is a map of the 63 words behind those told of so far, bit n of it,
from 1 on, for the n-th. A word holds what it is at the link address. boot/start.S
reads it.
"""

import re

# Offset, type, addend.
LINE = re.compile(r"^([0-9a-f]{12,16}) +[0-9a-f]+ +(R_AARCH64_\S+) +(\S+)", re.M)
WORD, MAPPED = 8, 63


class RelocationError(Exception):
    """The image cannot be relocated by adding to aligned words."""


def places(listing):
    """The addresses of the words, ascending."""
    found = []
    for offset, kind, _ in LINE.findall(listing):
        at = int(offset, 16)
        if kind != "R_AARCH64_RELATIVE" or at % WORD:
            raise RelocationError(f"{kind} at {at:#x}")
        found.append(at)
    return sorted(found)


def pack(addresses):
    """The entries for ascending addresses."""
    entries, left = [], list(addresses)
    while left:
        entries.append(left.pop(0))
        base = entries[-1] + WORD
        while left and left[0] < base + MAPPED * WORD:
            bits = 1
            while left and left[0] < base + MAPPED * WORD:
                bits |= 1 << 1 + (left.pop(0) - base) // WORD
            entries.append(bits)
            base += MAPPED * WORD
    return entries


def assemble(entries):
    """Assembler text of the table."""
    lines = ['\t.section .relr, "a"', "\t.balign 8"]
    return "\n".join(lines + [f"\t.quad {entry:#x}" for entry in entries]) + "\n"


def of_image(listing):
    """Assembler text of the table for an image that readelf listed."""
    return assemble(pack(places(listing)))
