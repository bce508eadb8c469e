"""ELF files: what a debugger's scripts want to know of them, and whether one is
what stands in memory. ELF-64, little endian, AArch64."""

import bisect
import mmap
import os
import struct
from dataclasses import dataclass

from . import Refused

EM_AARCH64 = 183
PT_LOAD, SHT_PROGBITS, SHT_SYMTAB, SHT_NOBITS = 1, 1, 2, 8
SHF_ALLOC, SHF_EXECINSTR = 2, 4
STT_NOTYPE, STT_OBJECT, STT_FUNC = 0, 1, 2
SHN_LORESERVE = 0xFF00


@dataclass(frozen=True)
class Part:
    """A segment or section: where it is in memory and in the file."""

    addr: int
    size: int
    offset: int
    in_file: int
    code: bool = False


class Elf:
    """A file, mapped: a core may be larger than this host's memory."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    raise Refused(f"{path} is empty")
                self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}") from error
        if self.data[:6] != b"\x7fELF\x02\x01" or len(self.data) < 64:
            raise Refused(f"{path} is no 64-bit little-endian ELF file")
        if self._u("<H", 18) != EM_AARCH64:
            raise Refused(f"{path} is not for AArch64")
        self._names = None
        self._sorted = None

    def _u(self, form, at):
        try:
            return struct.unpack_from(form, self.data, at)[0]
        except struct.error as error:
            raise Refused(f"{self.path} is truncated") from error

    def _table(self, form, offset_at, size_at):
        offset, size = self._u("<Q", offset_at), self._u("<H", size_at)
        for i in range(self._u("<H", size_at + 2)):
            try:
                yield struct.unpack_from(form, self.data, offset + i * size)
            except struct.error as error:
                raise Refused(f"{self.path} is truncated") from error

    def loads(self):
        """The loaded segments, by address."""
        rows = self._table("<IIQQQQQQ", 32, 54)
        return sorted(
            (Part(vaddr, memsz, offset, filesz, bool(flags & 1))
             for kind, flags, offset, vaddr, _, filesz, memsz, _ in rows
             if kind == PT_LOAD),
            key=lambda part: part.addr,
        )  # fmt: skip

    def _sections(self):
        return list(self._table("<IIQQQQIIQQ", 40, 58))

    def code(self):
        """(address, bytes) of each section of instructions."""
        for _, kind, flags, addr, offset, size, *_ in self._sections():
            if kind == SHT_PROGBITS and flags & SHF_EXECINSTR and size:
                yield addr, self.data[offset : offset + size]

    def base(self):
        """The lowest address that is loaded."""
        loads = self.loads()
        if not loads:
            raise Refused(f"{self.path} has nothing to load")
        return loads[0].addr

    def content(self, addr, size):
        """Bytes of the file that are loaded to an address."""
        for part in self.loads():
            if part.addr <= addr and addr + size <= part.addr + part.in_file:
                at = part.offset + addr - part.addr
                return self.data[at : at + size]
        raise Refused(f"{self.path} loads nothing to {addr:#x}")

    def _read_symbols(self):
        sections, names, found = self._sections(), {}, []
        for section in sections:
            if section[1] != SHT_SYMTAB:
                continue
            start, size, strings = section[4], section[5], sections[section[6]][4]
            rows = struct.iter_unpack("<IBBHQQ", self.data[start : start + size])
            for text, info, _, index, value, length in rows:
                if not 0 < index < SHN_LORESERVE or info & 15 > STT_FUNC:
                    continue
                at = strings + text
                name = self.data[at : self.data.find(b"\0", at)].decode("latin-1")
                if not name or name.startswith("$"):
                    continue  # mapping symbols of the assembler
                names.setdefault(name, (value, length))
                code = sections[index][2] & SHF_EXECINSTR
                if code:
                    found.append((value, info >> 4 == 0, name))
        found.sort(key=lambda row: (row[0], row[1]))
        self._names, self._sorted = names, found

    def symbol(self, name):
        """(value, size) of a symbol, None when there is none."""
        if self._names is None:
            self._read_symbols()
        return self._names.get(name)

    def name(self, addr):
        """The place of an instruction, `function+0x10`; None outside of the
        file's code. Global names come before local ones."""
        if self._sorted is None:
            self._read_symbols()
        if not any(at <= addr < at + len(data) for at, data in self.code()):
            return None
        i = bisect.bisect_right(self._sorted, (addr, True, "\U0010ffff")) - 1
        if i < 0:
            return None
        value = self._sorted[i][0]
        while i and self._sorted[i - 1][0] == value:
            i -= 1
        text = self._sorted[i][2]
        return f"{text}+{addr - value:#x}" if addr != value else text


PIECE = 4096


def same(part, addr, read):
    """Whether memory at `addr` is as `part`; stops at the first difference."""
    for at in range(0, len(part), PIECE):
        want = part[at : at + PIECE]
        if read(addr + at, len(want)) != want:
            return False
    return True


def stands_at(elf, delta, read):
    """Whether the code of a position-independent image is in memory, `delta`
    above where it was linked."""
    return all(same(data, addr + delta, read) for addr, data in elf.code())


def begins_at(elf, delta, read):
    """Whether an arm64 Image begins there as this one does; that of another build
    may, too. Its size, in the header, does not count."""
    addr, data = next(elf.code())
    there = read(addr + delta, 64)
    return there[:16] + there[24:] == data[:16] + data[24:64]


def write_elf(parts):
    """An ELF file with a section for each (address, bytes), and no code."""
    names = b"\0.plinth\0.shstrtab\0"
    header = 64 + 64 * (len(parts) + 2)
    rows = [struct.pack("<IIQQQQIIQQ", *(10 * [0]))]
    data = b""
    for addr, content in parts:
        at = header + len(names) + len(data)
        rows.append(
            struct.pack("<IIQQQQIIQQ", 1, SHT_PROGBITS, SHF_ALLOC, addr, at,
                        len(content), 0, 0, 1, 0)
        )  # fmt: skip
        data += content
    rows.append(
        struct.pack("<IIQQQQIIQQ", names.index(b".shstrtab"), 3, 0, 0, header,
                    len(names), 0, 0, 1, 0)
    )  # fmt: skip
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 2, EM_AARCH64, 1, 0, 0, 64, 0, 64, 0, 0,
                       64, len(rows), len(rows) - 1)  # fmt: skip
    return ident + head + b"".join(rows) + names + data
