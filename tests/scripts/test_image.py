"""Checks of kernel, device tree and ELF files."""

import struct

import pytest
from launch import UsageError, image


def pe_image(section_end=4096, certificates=(0, 0)):
    """An arm64 Image with an EFI stub's headers."""
    data = bytearray(section_end + certificates[1])
    data[0:2] = b"MZ"
    data[56:60] = b"ARMd"
    struct.pack_into("<I", data, 60, 64)
    data[64:68] = b"PE\0\0"
    struct.pack_into("<HH", data, 68, 0xAA64, 2)
    struct.pack_into("<H", data, 64 + 20, 160)
    struct.pack_into("<II", data, 64 + 24 + 144, *certificates)
    table = 64 + 24 + 160
    struct.pack_into("<II", data, table + 16, 1024, 512)
    struct.pack_into("<II", data, table + 40 + 16, section_end - 2048, 2048)
    return bytes(data)


def plain_image(size=64):
    data = bytearray(size)
    data[56:60] = b"ARMd"
    return bytes(data)


@pytest.mark.parametrize(
    "data", [plain_image(), pe_image(), pe_image(certificates=(4096, 24))]
)
def test_whole_image_passes(data):
    image.check_kernel("Image", data)


@pytest.mark.parametrize(
    "data, why",
    [
        (plain_image()[:63], "truncated"),
        (bytes(4096), "wrong magic"),
        (b"\x1f\x8b" + bytes(100), "unpack it with gzip"),
        (b"\x7fELF" + bytes(100), "an ELF file"),
        (pe_image()[:4095], "truncated: 4095 bytes of 4096"),
        (pe_image()[:300], "truncated"),
        (pe_image(certificates=(4096, 24))[:4100], "truncated: 4100 bytes of 4120"),
    ],
)
def test_unusable_image_is_refused(data, why):
    with pytest.raises(UsageError, match=f"KERNEL: Image .*{why}"):
        image.check_kernel("Image", data)


def dtb(total, size):
    return image.DTB_MAGIC + struct.pack(">I", total) + bytes(size - 8)


def test_whole_device_tree_passes():
    image.check_dtb("a.dtb", dtb(64, 64))
    image.check_dtb("a.dtb", dtb(64, 100))


@pytest.mark.parametrize(
    "data, why",
    [
        (bytes(64), "wrong magic"),
        (b"\xd0\x0d\xfe\xee" + bytes(60), "wrong magic"),
        (dtb(65, 64), "truncated: 64 bytes of 65"),
        (dtb(64, 64)[:20], "truncated"),
    ],
)
def test_unusable_device_tree_is_refused(data, why):
    with pytest.raises(UsageError, match=f"DTB: a.dtb .*{why}"):
        image.check_dtb("a.dtb", data)


def test_missing_and_empty_files_are_named(tmp_path):
    with pytest.raises(UsageError, match="DISK: no such file: .*/none"):
        image.read_file("DISK", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="DISK: not a file"):
        image.read_file("DISK", str(tmp_path))
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="is empty"):
        image.read_file("DISK", str(tmp_path / "empty"))


def elf(symbols, segments=((0x40200000, 0x1000),), machine=183):
    """An ELF-64 file with a symbol table and nothing else of use."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in symbols)
    table, at = bytes(24), 1
    for name, value in symbols.items():
        table += struct.pack("<IBBHQQ", at, 0x11, 0, 1, value, 8)
        at += len(name) + 1
    headers = b"".join(
        struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 4096)
        for base, size in segments
    )
    body = 64 + len(headers)
    sections = struct.pack("<IIQQQQIIQQ", *[0] * 10)
    sections += struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, body, len(table), 2, 1, 8, 24)
    sections += struct.pack(
        "<IIQQQQIIQQ", 0, 3, 0, 0, body + len(table), len(names), 0, 0, 1, 0
    )
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, 0x40200000, 64, body + len(table + names),
        0, 64, 56, len(segments), 64, 3, 2,
    )  # fmt: skip
    return head + headers + table + names + sections


def write_elf(tmp_path, *args, **more):
    path = tmp_path / "plinth.elf"
    path.write_bytes(elf(*args, **more))
    return image.Elf(str(path))


def test_symbol_is_found_by_its_whole_name(tmp_path):
    symbols = {"plinth_exit_record_2": 1, "plinth_exit_record": 0x40234560}
    assert write_elf(tmp_path, symbols).symbol("plinth_exit_record") == 0x40234560


def test_missing_symbol_is_none(tmp_path):
    assert write_elf(tmp_path, {"main": 1}).symbol("exit_record") is None


def test_end_is_behind_the_last_segment(tmp_path):
    loads = ((0x40200000, 0x1000), (0x40400000, 0x234), (0x40300000, 0x10))
    assert write_elf(tmp_path, {}, loads).end() == 0x40400234


def test_other_files_are_no_plinth(tmp_path):
    with pytest.raises(UsageError, match="not for AArch64"):
        write_elf(tmp_path, {}, machine=62)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UsageError, match="no 64-bit little-endian ELF"):
        image.Elf(str(tmp_path / "text"))


def test_cut_elf_is_told(tmp_path):
    whole = elf({"plinth_exit_record": 1})
    path = tmp_path / "cut.elf"
    for size in (len(whole) - 1, len(whole) // 2, 100, 64):
        path.write_bytes(whole[:size])
        with pytest.raises(UsageError, match="ELF: .*/cut.elf is truncated"):
            image.Elf(str(path)).symbol("plinth_exit_record")
    with pytest.raises(UsageError, match="is truncated"):
        image.Elf(str(path)).end()
