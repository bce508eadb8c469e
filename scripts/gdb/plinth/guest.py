"""Where a guest's program stands, so that its symbols fit.

A payload (linked anywhere, position independent) stands where Plinth's loader
put it. A Linux kernel does so too, physically; the virtual address at which it
runs is its own choice (KASLR) and is known from the moment on at which it has
written kimage_voffset, the distance between its virtual and physical addresses.
Nothing is taken for granted: a file that is not what is in the guest's memory
is refused.
"""

import struct
from dataclasses import dataclass

from . import NotYet, Refused
from .elf import stands_at

BANNER = "linux_banner"
VOFFSET = "kimage_voffset"


@dataclass(frozen=True)
class Place:
    """`delta`: what to add to the file's addresses. `how` says why; `final` is
    false while the guest may still move."""

    delta: int
    how: str
    final: bool


def text(data):
    line = data.split(b"\0")[0].split(b"\n")[0].decode("latin-1")
    return line if len(line) < 60 else line[:57] + "..."


def loaded(kernel, read):
    """Whether anything is there: no program begins with nothing but zeros."""
    return any(read(kernel, 64))


def payload(elf, kernel, read):
    delta = kernel - elf.base()
    if stands_at(elf, delta, read):
        return Place(delta, f"loaded at IPA {kernel:#x}", True)
    raise Refused(f"{elf.path} is not what was loaded at IPA {kernel:#x}")


def linux(elf, kernel, read, nokaslr):
    start = elf.symbol("_text")
    offset = elf.symbol(VOFFSET)
    if not start or not offset:
        raise Refused(f"{elf.path} has no symbols _text and {VOFFSET}")
    delta = kernel - start[0]
    at, size = elf.symbol(BANNER)
    want = elf.content(at, size or 64)
    have = read(at + delta, len(want))
    if have != want:
        raise Refused(
            f"{elf.path} is not the running kernel: '{text(want)}' "
            f"against '{text(have)}'"
        )
    (distance,) = struct.unpack("<Q", read(offset[0] + delta, 8))
    if distance:
        virtual = (distance + kernel - start[0]) % (1 << 64)
        how = f"KASLR offset {virtual:#x}" if virtual else "no KASLR offset"
        return Place(virtual, how, True)
    if nokaslr:
        return Place(0, "MMU off yet, nokaslr: at virtual addresses", True)
    return Place(delta, "MMU off yet: at physical addresses", False)


def place(elf, kernel, read, nokaslr=False):
    """Where the program of `elf` is. `kernel`: the IPA to which Plinth loaded
    it; `read(ipa, size)` gives the guest's memory."""
    if not loaded(kernel, read):
        raise NotYet("the guest is not in its memory yet")
    if elf.symbol(BANNER):
        return linux(elf, kernel, read, nokaslr)
    return payload(elf, kernel, read)
