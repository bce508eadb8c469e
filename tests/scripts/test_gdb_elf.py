"""ELF files as the gdb commands read them, and where a guest's program is found
to be. The files are made by the cross compiler."""

import struct
import subprocess

import pytest
from plinth import NotYet, Refused, elf, guest

SOURCE = """
	.text
	.globl _text, second
	.type _text, %function
	.type second, %function
_text:	nop
	b	second
local:	nop
	.size _text, . - _text
second:	nop
	nop
	.size second, . - second
	.data
	.globl linux_banner, kimage_voffset
	.type linux_banner, %object
	.type kimage_voffset, %object
linux_banner:
	.asciz "Linux version 6.12 (test)\\n"
	.size linux_banner, . - linux_banner
	.balign 8
kimage_voffset:
	.quad	0
	.size kimage_voffset, 8
"""
LAYOUT = """
PHDRS { text PT_LOAD FLAGS(5); data PT_LOAD FLAGS(6); }
SECTIONS {
	. = BASE;
	.text : { *(.text) } :text
	. = BASE + 0x1000;
	.data : { *(.data) } :data
}
"""
CODE = 20
BASE = 0xFFFF800080000000  # where arm64 kernels are linked
IPA = 0x48000000


def build(folder, base, source=SOURCE):
    text, layout, out = folder / "a.S", folder / "a.ld", folder / "a.elf"
    text.write_text(source)
    layout.write_text(LAYOUT.replace("BASE", hex(base)))
    subprocess.run(
        ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,--build-id=none",
         "-Wl,-e,_text", f"-Wl,-T,{layout}", text, "-o", out],
        check=True,
    )  # fmt: skip
    return elf.Elf(str(out))


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("kernel"), BASE)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    source = SOURCE.replace("linux_banner", "another_name")
    return build(tmp_path_factory.mktemp("program"), 0x10000, source)


class Memory:
    """Guest memory with a file's segments loaded."""

    def __init__(self, file=None, at=IPA):
        self.data = bytearray(1 << 16)
        for part in file.loads() if file else []:
            start = part.addr - file.loads()[0].addr
            content = file.data[part.offset : part.offset + part.in_file]
            self.data[start : start + part.in_file] = content
        self.at = at

    def __call__(self, ipa, size):
        offset = ipa - self.at
        if not 0 <= offset <= len(self.data) - size:
            raise Refused(f"IPA {ipa:#x} is not in the memory")
        return bytes(self.data[offset : offset + size])

    def write64(self, ipa, value):
        struct.pack_into("<Q", self.data, ipa - self.at, value)


# ---- files


def test_symbols_by_name(kernel):
    assert kernel.symbol("second") == (BASE + 12, 8)
    assert kernel.symbol("nothing") is None


@pytest.mark.parametrize(
    "offset, name",
    [(0, "_text"), (4, "_text+0x4"), (8, "local"), (12, "second"), (16, "second+0x4")],
)
def test_names_of_instructions(kernel, offset, name):
    assert kernel.name(BASE + offset) == name


@pytest.mark.parametrize("addr", [0, BASE - 1, BASE + CODE, BASE + 0x1000, 1 << 64])
def test_what_is_no_code_has_no_name(kernel, addr):
    assert kernel.name(addr) is None


def test_code_and_data(kernel):
    ((addr, data),) = kernel.code()
    assert (addr, len(data)) == (BASE, CODE)
    assert kernel.content(BASE + 0x1000, 5) == b"Linux"
    with pytest.raises(Refused, match="loads nothing to 0x5"):
        kernel.content(5, 1)


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "is empty"),
        (b"text" * 100, "is no 64-bit little-endian ELF file"),
        (b"\x7fELF\x02\x01" + bytes(20), "is no 64-bit little-endian ELF file"),
        (b"\x7fELF\x02\x01" + bytes(100), "is not for AArch64"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, data, why):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(Refused, match=why):
        elf.Elf(str(path))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(Refused, match="No such file"):
        elf.Elf(str(tmp_path / "none"))


def test_truncated_file_is_refused(kernel, tmp_path):
    path = tmp_path / "short"
    path.write_bytes(kernel.data[: len(kernel.data) // 2])
    with pytest.raises(Refused, match="is truncated"):
        elf.Elf(str(path)).symbol("_text")


def test_written_sections_can_be_read(tmp_path):
    path = tmp_path / "stacks"
    pages = [(0x7F0000001000, b"a" * 4096), (0x7F0000004000, b"b" * 4096)]
    path.write_bytes(elf.write_elf(pages))
    listing = subprocess.run(
        ["aarch64-linux-gnu-objdump", "-s", "-j", ".plinth", path],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert " 7f0000001000 61616161" in listing
    assert " 7f0000004ff0 62626262" in listing


# ---- images


def test_image_is_found_wherever_it_stands(program):
    memory = Memory(program)
    assert elf.stands_at(program, IPA - 0x10000, memory)
    memory.data[CODE - 1] ^= 1
    assert not elf.stands_at(program, IPA - 0x10000, memory)


def test_another_build_of_an_image_begins_in_the_same_way(tmp_path):
    source = SOURCE.replace("_text:	nop", "_text: .skip 100")
    image = build(tmp_path, 0x10000, source)
    memory = Memory(image)
    memory.data[16:24] = b"\xff" * 8  # image_size
    memory.data[100] ^= 1
    assert elf.begins_at(image, IPA - 0x10000, memory)
    assert not elf.stands_at(image, IPA - 0x10000, memory)
    memory.data[0] ^= 1
    assert not elf.begins_at(image, IPA - 0x10000, memory)


# ---- guests


def test_payload_stands_where_it_was_loaded(program):
    place = guest.place(program, IPA, Memory(program))
    assert place.delta == IPA - 0x10000
    assert place.final


def test_another_payload_is_refused(program):
    memory = Memory(program)
    memory.data[3] ^= 0xFF
    with pytest.raises(Refused, match="is not what was loaded at IPA 0x48000000"):
        guest.place(program, IPA, memory)


def test_before_the_guest_is_loaded_it_is_too_early(program, kernel):
    for file in (program, kernel):
        with pytest.raises(NotYet, match="not in its memory yet"):
            guest.place(file, IPA, Memory())


def test_kernel_before_its_mmu_is_on_is_at_physical_addresses(kernel):
    place = guest.place(kernel, IPA, Memory(kernel))
    assert place.delta == IPA - BASE
    assert not place.final


def test_kernel_without_kaslr_is_at_its_virtual_addresses_at_once(kernel):
    assert guest.place(kernel, IPA, Memory(kernel), nokaslr=True).delta == 0


@pytest.mark.parametrize("offset", [0, 0x200000, 0x3A5C0000, 0x7FFE00000000])
def test_kaslr_offset_is_what_the_kernel_says(kernel, offset):
    memory = Memory(kernel)
    voffset = kernel.symbol("kimage_voffset")[0] - BASE + IPA
    memory.write64(voffset, BASE + offset - IPA)
    place = guest.place(kernel, IPA, memory)
    assert place.delta == offset
    assert place.final
    assert place.how == (f"KASLR offset {offset:#x}" if offset else "no KASLR offset")


def test_another_kernel_is_refused_with_both_names(kernel):
    memory = Memory(kernel)
    memory.data[0x1000:0x1014] = b"Linux version 6.1 -x"
    with pytest.raises(Refused, match="'Linux version 6.12 .*' against 'Linux version 6.1 "):
        guest.place(kernel, IPA, memory)


def test_a_linux_file_without_what_is_needed_is_refused(tmp_path):
    source = SOURCE.replace("kimage_voffset", "something_else")
    file = build(tmp_path, BASE, source)
    with pytest.raises(Refused, match="no symbols _text and kimage_voffset"):
        guest.place(file, IPA, Memory(file))
