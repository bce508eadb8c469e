"""Cores whose notes the emulator sized wrongly. QEMU 7.2 sizes the notes of all
CPUs by the vector length of the first (NT_ARM_SVE): when they differ, because
some are in guests, the notes are shorter or longer than the file says, and all
behind them stands elsewhere than it says. What is wrong is in headers only.
The ELF-64 object file format, "Note Section"; no gdb in here."""

import struct

NOTE, LOAD = 4, 1
NAMES = (b"CORE\0", b"LINUX\0")


def padded(size):
    return (size + 3) & ~3


def notes_end(file, at, header=12):
    """Where the notes that begin at `at` end in truth."""
    while True:
        file.seek(at)
        head = file.read(header)
        if len(head) < header:
            return at
        name, desc, _ = struct.unpack("<III", head)
        if name not in map(len, NAMES) or file.read(name) not in NAMES:
            return at
        at += header + padded(name) + padded(desc)


def mend(path):
    """Corrects the headers of such a core; whether there was anything wrong."""
    with open(path, "r+b") as file:
        start = file.read(64)
        phoff, shoff = struct.unpack_from("<QQ", start, 32)
        phnum, _, shnum = struct.unpack_from("<HHH", start, 56)
        segments = []
        for i in range(phnum):
            file.seek(phoff + 56 * i)
            segments.append((phoff + 56 * i, *struct.unpack("<IIQQQQ", file.read(40))))
        notes = [s for s in segments if s[1] == NOTE]
        if len(notes) != 1:
            return False
        place, _, _, offset, _, _, size = notes[0]
        short = offset + size - notes_end(file, offset)
        if not short:
            return False
        put(file, place + 32, size - short)
        put(file, place + 40, size - short)
        for place, kind, _, offset, *_ in segments:
            if kind == LOAD:
                put(file, place + 8, offset - short)
        for i in range(1, shnum):  # the names, behind everything
            place = shoff + 64 * i + 24
            file.seek(place)
            (offset,) = struct.unpack("<Q", file.read(8))
            put(file, place, offset - short)
        return True


def put(file, at, value):
    file.seek(at)
    file.write(struct.pack("<Q", value))
