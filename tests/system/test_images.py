"""Both forms of the hypervisor start: the ELF file, and the raw binary at any
2 MiB boundary, with the host device tree at the base of RAM or in x0."""

import random

import machine
import pytest

HELLO = machine.payload("hello")


def starts_at(address, **settings):
    done = machine.run(kernel=HELLO, smp=2, **settings)
    machine.checks(done.expect(machine.OK).out)
    assert f"EL2 at 0x{address:x}" in done.out


def test_elf_starts():
    starts_at(0x40200000)


# Rules out: link-address
@pytest.mark.parametrize(
    "address",
    [0x40200000, 0x40400000, 0x45E00000, 0x52600000, 0x7FE00000, 0x80000000],
    ids=hex,
)
def test_raw_binary_starts_at_any_2_mib_boundary(address):
    starts_at(address, raw=machine.BUILD / "plinth.bin", raw_at=address, mem="1G")


def test_memory_full_of_garbage_is_none_of_its_business(tmp_path):
    """Whatever RAM holds at reset where nothing was loaded, the BSS and the pages that
    boot lives on among it, counts for nothing; the guest finds its RAM zeroed."""
    binary, garbage = machine.BUILD / "plinth.bin", tmp_path / "garbage"
    at, end = 0x40200000 + binary.stat().st_size, 0x60000000
    used = [(0x40000000, at), (0x46000000, 0x4A000000)]  # tree; manifest, tree, kernel
    arguments = ""
    for (_, start), (stop, _) in zip(used, [*used[1:], (end, end)]):
        file = garbage.with_suffix(f".{start:x}")
        file.write_bytes(random.Random(start).randbytes(1 << 20) * ((stop - start) >> 20))
        arguments += f" -device loader,file={file},addr={start:#x},force-raw=on"
    kernel = machine.payload("reset")
    done = machine.run(b"ro", kernel=kernel, smp=2, raw=binary, qemu_args=arguments, mem="64M")
    out = done.expect(machine.OK).out
    assert out.count("ok reset.last_word_of_ram_is_fresh\n") == 2
    assert "not ok" not in out


MODULES_ELSEWHERE = """/dts-v1/;
/ {
	compatible = "plinth,manifest-1";
	#address-cells = <2>;
	#size-cells = <2>;
	guest {
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		cpus = <2>;
		memory = <0x0 0x10000000>;
		kernel {
			compatible = "plinth,kernel";
			file = "$KERNEL";
			reg = <0x0 0x50000000 0x0 0x0>;
		};
	};
};
"""


# Rules out: link-address
def test_image_started_by_the_boot_protocol_finds_its_tree_by_x0(tmp_path):
    """QEMU loads an arm64 Image as a boot loader would: x0 = device tree, which
    is then at 0x48000000."""
    manifest = tmp_path / "manifest.dts"
    manifest.write_text(MODULES_ELSEWHERE)
    binary = machine.BUILD / "plinth.bin"
    starts_at(0x40200000, manifest=manifest, qemu_args=f"-kernel {binary}")
