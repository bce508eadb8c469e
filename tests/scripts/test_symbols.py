"""The table of function names that the build links into Plinth."""

import re
import struct
import subprocess

import pytest
from linking import symbols

CC = "aarch64-linux-gnu-gcc"


def row(name, value, kind, typ, size="", section=".text"):
    return f"{name:20}|{value:016x}|   {kind}  |{typ:>18}|{size:>16}|     |{section}"


BOUNDS = [
    row("__image_start", 0x40200000, "T", "NOTYPE"),
    row("__text_end", 0x40201000, "T", "NOTYPE"),
]


def functions(*rows):
    return symbols.functions(symbols.parse("\n".join([*rows, *BOUNDS])))


def test_functions_are_sorted_by_address():
    found = functions(
        row("_start", 0x40200000, "T", "NOTYPE"),
        row("later", 0x40200200, "t", "FUNC", "0000000000000010"),
        row("early", 0x40200100, "T", "FUNC", "0000000000000020"),
    )
    assert [(f.name, f.offset) for f in found] == [
        ("_start", 0),
        ("early", 0x100),
        ("later", 0x200),
    ]
    assert [f.size for f in found[1:]] == [0x20, 0x10]


def test_label_without_size_ends_where_the_next_one_begins():
    found = functions(
        row("_start", 0x40200000, "T", "NOTYPE"),
        row("label", 0x40200040, "t", "NOTYPE"),
        row("last", 0x40200060, "t", "NOTYPE"),
    )
    assert [f.size for f in found] == [0x40, 0x20, 0xFA0]


def test_what_is_no_code_is_left_out():
    found = functions(
        row("_start", 0x40200000, "T", "NOTYPE"),
        row("$x", 0x40200000, "t", "NOTYPE"),
        row("$d", 0x40200004, "t", "NOTYPE"),
        row("table", 0x40202000, "r", "OBJECT", "8", ".rodata"),
        row("bss", 0x40203000, "b", "OBJECT", "8", ".bss"),
    )
    assert [f.name for f in found] == ["_start"]


def test_of_two_names_the_same_one_is_always_taken():
    rows = [
        row("_start", 0x40200000, "T", "NOTYPE"),
        row("alias", 0x40200100, "T", "FUNC", "4"),
        row("static_one", 0x40200100, "t", "FUNC", "4"),
        row("label", 0x40200100, "T", "NOTYPE"),
    ]
    for order in (rows, rows[::-1]):
        assert [f.name for f in functions(*order)] == ["_start", "alias"]


def test_static_functions_of_one_name_are_all_there():
    found = functions(
        row("_start", 0x40200000, "T", "NOTYPE"),
        row("helper", 0x40200100, "t", "FUNC", "4"),
        row("helper", 0x40200200, "t", "FUNC", "4"),
    )
    assert [f.name for f in found].count("helper") == 2


@pytest.mark.parametrize(
    "function",
    [
        symbols.Function(0, 4 * 65536, "long"),
        symbols.Function(2**32, 4, "far"),
        symbols.Function(0, 6, "odd"),
    ],
)
def test_what_does_not_fit_is_an_error(function):
    with pytest.raises(symbols.SymbolError, match=function.name):
        symbols.assemble([function])


def test_names_that_do_not_fit_are_an_error():
    with pytest.raises(symbols.SymbolError, match="last"):
        symbols.assemble(
            [symbols.Function(0, 4, "x" * 65536), symbols.Function(4, 4, "last")]
        )


def test_table_has_the_layout_that_plinth_reads(tmp_path):
    text = symbols.assemble(
        [symbols.Function(0x40, 16, "first"), symbols.Function(0x50, 4, "second")]
    )
    (tmp_path / "t.S").write_text(text)
    subprocess.run([CC, "-c", "t.S", "-o", "t.o"], cwd=tmp_path, check=True)
    copy = ["aarch64-linux-gnu-objcopy", "-O", "binary", "-j", ".symbols", "t.o", "t"]
    subprocess.run(copy, cwd=tmp_path, check=True)
    assert (tmp_path / "t").read_bytes() == (
        struct.pack("<II", 2, 13)
        + struct.pack("<IHH", 0x40, 4, 0)
        + struct.pack("<IHH", 0x50, 1, 6)
        + b"first\0second\0"
    )


SOURCE = """
	.section .text.{name}, "ax"
	.globl {name}
	.type {name}, %function
{name}:
	{body}
	ret
	.size {name}, . - {name}
"""
SCRIPT = """
SECTIONS {
	. = 0x40200000;
	.text : { __image_start = .; *(.text.*) __text_end = .; }
	.symbols : { __symbols_start = .; KEEP(*(.symbols)) __symbols_end = .; }
	/DISCARD/ : { *(.note*) }
}
"""


def link(root, folder, script, **parts):
    """Links functions `name=body` in their order by scripts/link-el2."""
    (folder / "s.ld").write_text(script)
    objects = []
    for name, body in parts.items():
        (folder / f"{name}.S").write_text(SOURCE.format(name=name, body=body))
        compiled = [CC, "-c", f"{name}.S", "-o", f"{name}.o"]
        subprocess.run(compiled, cwd=folder, check=True)
        objects.append(f"{name}.o")
    command = [root / "scripts/link-el2", "out.elf", CC, "-nostdlib", "-static"]
    flags = ["-Wl,-T,s.ld", "-Wl,--build-id=none", "-Wl,-e,__image_start"]
    done = subprocess.run(
        [*command, *flags, *objects], cwd=folder, capture_output=True, text=True
    )
    return done, folder / "out.elf"


def test_linked_image_carries_its_own_functions(root, tmp_path):
    done, elf = link(root, tmp_path, SCRIPT, one="nop", two="nop; nop")
    assert done.returncode == 0, done.stderr
    assert b"one\0two\0" in elf.read_bytes()
    assert not list(tmp_path.glob("tmp*"))


def test_link_is_deterministic(root, tmp_path):
    images = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        done, elf = link(root, tmp_path / name, SCRIPT, one="nop", two="nop")
        assert done.returncode == 0, done.stderr
        images.append(elf.read_bytes())
    assert images[0] == images[1]


def test_table_that_moves_functions_is_an_error(root, tmp_path):
    script = SCRIPT.replace("*(.text.*)", "KEEP(*(.symbols)) *(.text.*)")
    done, elf = link(root, tmp_path, script, one="nop")
    assert done.returncode != 0
    assert re.search("link-el2: out.elf: ", done.stderr)
    assert not elf.exists()


def test_failing_link_is_an_error(root, tmp_path):
    done, elf = link(root, tmp_path, SCRIPT, one="bl nowhere")
    assert done.returncode != 0
    assert not elf.exists()
