"""The rings of a split virtqueue. virtio 1.2 sec. 2.7.

A Ring is given the areas' bytes, read once; chains are followed in them and,
for an indirect table, in what `read` gives for an IPA. A guest may have written
anything there: nothing is believed, and a chain that breaks a rule ends with
the reason.
"""

import struct
from dataclasses import dataclass

from . import Refused

NEXT, WRITE, INDIRECT = 1, 2, 4
DESC = struct.Struct("<QIHH")
INDIRECT_MAX = 1024  # descriptors shown of one indirect table


@dataclass(frozen=True)
class Desc:
    index: int
    addr: int
    len: int
    flags: int
    next: int

    def text(self):
        way = "device writes" if self.flags & WRITE else "device reads"
        if self.flags & INDIRECT:
            way = "indirect table"
        after = f" -> {self.next}" if self.flags & NEXT else ""
        return f"[{self.index}] {self.addr:#x} + {self.len:#x} {way}{after}"


class Ring:
    """`num` entries; the three areas as bytes."""

    def __init__(self, num, desc, avail, used):
        self.num = num
        self.desc = desc
        self.avail = avail
        self.used = used

    def avail_idx(self):
        return struct.unpack_from("<H", self.avail, 2)[0]

    def used_idx(self):
        return struct.unpack_from("<H", self.used, 2)[0]

    def head(self, position):
        """The head that stands at a position of the available ring."""
        return struct.unpack_from("<H", self.avail, 4 + 2 * (position % self.num))[0]

    def heads(self, first, end):
        """Heads from one free-running index to another, at most all."""
        count = (end - first) & 0xFFFF
        if count > self.num:
            return None
        return [self.head(first + i) for i in range(count)]

    def chain(self, head, read):
        """The descriptors of a chain, and None or why it ends early."""
        return follow(self.desc, self.num, head, read, False)


def descriptor(table, index):
    return Desc(index, *DESC.unpack_from(table, DESC.size * index))


def follow(table, count, head, read, nested):
    found, index = [], head
    while len(found) < count:
        if index >= count:
            return found, f"descriptor {index} of {count} does not exist"
        desc = descriptor(table, index)
        found.append(desc)
        if desc.flags & INDIRECT:
            inner, why = indirect(desc, read, nested)
            return found + inner, why
        if not desc.flags & NEXT:
            return found, None
        index = desc.next
    return found, "the chain loops"


def indirect(desc, read, nested):
    if nested:
        return [], "an indirect table inside an indirect table"
    count, rest = divmod(desc.len, DESC.size)
    if not count or rest:
        return [], f"an indirect table of {desc.len} bytes"
    if count > INDIRECT_MAX:
        return [], f"an indirect table of {count} descriptors, not shown"
    try:
        table = read(desc.addr, desc.len)
    except Refused as error:
        return [], str(error)
    return follow(table, count, 0, read, True)
