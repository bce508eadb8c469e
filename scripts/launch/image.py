"""Checks of input files before QEMU sees them, and symbols of ELF files.

Plinth makes the same checks itself: these here only spare the user a boot, and
PLINTH_NO_CHECK=1 leaves them out. Formats: arm64 boot protocol (Image), PE/COFF
(the EFI stub's section table), Devicetree specification (header), ELF-64.
"""

import os
import struct

from . import UsageError

ARM64_MAGIC = b"ARMd"
DTB_MAGIC = b"\xd0\x0d\xfe\xed"
PE_CERTIFICATES = 144  # data directory 4, in the optional header of PE32+
EM_AARCH64 = 183
PT_LOAD = 1
SHT_SYMTAB = 2
COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
}


def read_file(what, path):
    """The bytes of a file that must be there and not be empty."""
    if not os.path.exists(path):
        raise UsageError(f"{what}: no such file: {path}")
    if not os.path.isfile(path):
        raise UsageError(f"{what}: not a file: {path}")
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(f"{what}: {path}: {error.strerror}") from error
    if not data:
        raise UsageError(f"{what}: {path} is empty")
    return data


def pe_file_size(data):
    """How long a PE file must be at least by its section table and its
    certificate table (Debian signs kernels); 0 when it is no PE."""
    if data[:2] != b"MZ":
        return 0
    (pe,) = struct.unpack_from("<I", data, 60)
    if data[pe : pe + 4] != b"PE\0\0" or len(data) < pe + 24:
        return 0
    (sections,) = struct.unpack_from("<H", data, pe + 6)
    (optional,) = struct.unpack_from("<H", data, pe + 20)
    table = pe + 24 + optional
    ends = [table + 40 * sections]
    if len(data) < ends[0]:
        return ends[0]
    for at in range(table, ends[0], 40):
        ends.append(sum(struct.unpack_from("<II", data, at + 16)))
    if optional >= PE_CERTIFICATES + 8:
        ends.append(sum(struct.unpack_from("<II", data, pe + 24 + PE_CERTIFICATES)))
    return max(ends)


def check_kernel(path, data):
    """A whole, uncompressed arm64 Image."""
    for magic, name in COMPRESSED.items():
        if data.startswith(magic):
            raise UsageError(f"KERNEL: {path} is compressed: unpack it with {name} -d")
    if data.startswith(b"\x7fELF"):
        raise UsageError(f"KERNEL: {path} is an ELF file, not an arm64 Image")
    if len(data) < 64:
        raise UsageError(f"KERNEL: {path} is truncated: shorter than its header")
    if data[56:60] != ARM64_MAGIC:
        raise UsageError(f"KERNEL: {path} is no arm64 Image (wrong magic)")
    whole = pe_file_size(data)
    if len(data) < whole:
        raise UsageError(
            f"KERNEL: {path} is truncated: {len(data)} bytes of {whole}"
        )


def check_dtb(path, data):
    """A whole flattened device tree."""
    if data[:4] != DTB_MAGIC:
        raise UsageError(f"DTB: {path} is no device tree (wrong magic)")
    if len(data) < 40:
        raise UsageError(f"DTB: {path} is truncated: shorter than its header")
    (total,) = struct.unpack_from(">I", data, 4)
    if total > len(data):
        raise UsageError(f"DTB: {path} is truncated: {len(data)} bytes of {total}")


class Elf:
    """What the launcher wants to know of an AArch64 ELF executable."""

    def __init__(self, path):
        self.path = path
        self.data = read_file("ELF", path)
        if self.data[:6] != b"\x7fELF\x02\x01" or len(self.data) < 64:
            raise UsageError(f"ELF: {path} is no 64-bit little-endian ELF file")
        machine, _, self.entry = struct.unpack_from("<HIQ", self.data, 18)
        if machine != EM_AARCH64:
            raise UsageError(f"ELF: {path} is not for AArch64")

    def _unpack(self, form, at):
        try:
            return struct.unpack_from(form, self.data, at)
        except struct.error as error:
            raise UsageError(f"ELF: {self.path} is truncated") from error

    def _table(self, offset_at, size_at):
        (offset,) = self._unpack("<Q", offset_at)
        size, count = self._unpack("<HH", size_at)
        return range(offset, offset + size * count, size)

    def end(self):
        """The physical address behind the loaded segments."""
        ends = []
        for at in self._table(32, 54):
            kind, _, _, _, paddr, _, memsz = self._unpack("<IIQQQQQ", at)
            if kind == PT_LOAD:
                ends.append(paddr + memsz)
        return max(ends, default=0)

    def symbol(self, name):
        """The value of a symbol, None when there is none of that name."""
        sections = [self._unpack("<IIQQQQIIQQ", at) for at in self._table(40, 58)]
        wanted = name.encode() + b"\0"
        for section in sections:
            if section[1] != SHT_SYMTAB or section[6] >= len(sections):
                continue
            start, size, strings = section[4], section[5], sections[section[6]][4]
            for at in range(start, start + size, 24):
                text, _, _, _, value = self._unpack("<IBBHQ", at)
                if self.data.startswith(wanted, strings + text):
                    return value
        return None
