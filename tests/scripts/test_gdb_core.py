"""scripts/gdb/plinth/core.py on cores of a few bytes."""

import struct

import pytest
from plinth import core

MEMORY = b"\xd0\x0d\xfe\xed memory"


def note(name, size):
    data = struct.pack("<III", len(name), size, 1) + name
    return data + bytes(-len(data) % 4) + bytes(size)


def dump(path, told):
    """As QEMU writes it: section headers, program headers, notes, memory, names.
    `told` is what the file says of the size of the notes."""
    notes = note(b"CORE\0", 8) + note(b"LINUX\0", 40) + note(b"CORE\0", 8) + note(b"LINUX\0", 24)
    at = 64 + 2 * 64 + 2 * 56
    told = len(notes) + told
    head = b"\x7fELF" + bytes(28) + struct.pack("<QQIHHHHHH", 192, 64, 0, 64, 56, 2, 64, 2, 1)
    sections = bytes(64) + bytes(24) + struct.pack("<QQ", at + told + len(MEMORY), 6) + bytes(24)
    segments = struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, told, told, 0)
    segments += struct.pack("<IIQQQQQQ", 1, 0, at + told, 0, 0, len(MEMORY), len(MEMORY), 0)
    path.write_bytes(head + sections + segments + notes + MEMORY + b"names\0")


def read(path):
    """What the headers lead to: (size of the notes, memory, names)."""
    data = path.read_bytes()
    size = struct.unpack_from("<QQ", data, 192 + 32)
    (memory,) = struct.unpack_from("<Q", data, 192 + 56 + 8)
    (names,) = struct.unpack_from("<Q", data, 64 + 64 + 24)
    assert size[0] == size[1]
    return size[0], data[memory : memory + len(MEMORY)], data[names:]


@pytest.mark.parametrize("told", [16, -16, 0])
def test_headers_lead_to_what_is_there(tmp_path, told):
    path = tmp_path / "core"
    dump(path, told)
    size = len(path.read_bytes()) - 64 - 2 * 64 - 2 * 56 - len(MEMORY) - 6
    before = path.read_bytes()
    assert core.mend(path) == (told != 0)
    assert read(path) == (size, MEMORY, b"names\0")
    assert told or path.read_bytes() == before
    assert not core.mend(path)


def test_file_that_ends_early_is_left_alone(tmp_path):
    path = tmp_path / "core"
    path.write_bytes(b"\x7fELF" + bytes(20))
    with pytest.raises(struct.error):
        core.mend(path)
    assert len(path.read_bytes()) == 24
