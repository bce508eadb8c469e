"""Input that cannot work: one clear line and a status, both from the script
that starts QEMU and, where that is told to keep quiet, from Plinth itself."""

import machine
import pytest

HELLO = machine.payload("hello")
LINUX = machine.BUILD / "linux" / "Image"


def refused_by_script(named, **settings):
    """The script says it in one line and starts nothing."""
    done = machine.run(**settings).expect(machine.USAGE)
    (line,) = done.err.splitlines()
    assert line.startswith("run: ")
    assert named in line
    assert done.out == ""


def refused_by_plinth(named, **settings):
    """One of Plinth's lines names what is wrong; no guest starts."""
    done = machine.run(env={"PLINTH_NO_CHECK": "1"}, **settings).expect(machine.BOOT)
    assert len([line for line in done.plinth_errors() if named in line]) == 1
    assert "# payload" not in done.out
    assert "Plinth refused to start " in done.err.splitlines()[-1]


@pytest.fixture(name="bad")
def bad_file(tmp_path):
    """bad(bytes) -> a file of them."""

    def write(data):
        (tmp_path / "bad").write_bytes(data)
        return tmp_path / "bad"

    return write


def test_missing_file():
    refused_by_script("KERNEL: no such file", kernel="/nowhere/Image")
    refused_by_script("INITRD: no such file", kernel=HELLO, initrd="/nowhere/initrd")


# Rules out: bad-kernel
def test_truncated_image(bad):
    cut = bad(LINUX.read_bytes()[: 20 << 20])
    refused_by_script("is truncated", kernel=cut)
    refused_by_plinth("Image is truncated", kernel=cut)


def test_image_cut_in_its_header(bad):
    cut = bad(HELLO.read_bytes()[:48])
    refused_by_script("is truncated", kernel=cut)
    refused_by_plinth("kernel@48000000", kernel=cut)


def test_kernel_that_is_no_image(bad):
    other = bad(b"\0" * 4096)
    refused_by_script("is no arm64 Image", kernel=other)
    refused_by_plinth("is not an arm64 Image", kernel=other)


def with_flags(bad, flags):
    """The payload with other flags in its header."""
    image = HELLO.read_bytes()
    return bad(image[:24] + bytes([flags]) + image[25:])


def test_kernel_with_pages_that_the_cpu_lacks(bad):
    refused_by_plinth(
        "Image has pages of 16 KiB, which these CPUs do not have",
        kernel=with_flags(bad, 0xC), cpu="cortex-a57", smp=1,
    )  # fmt: skip


@pytest.mark.parametrize("flags", [0xC, 0xE, 0xB, 0x2])
def test_kernel_of_any_pages_and_byte_order_starts(bad, flags):
    done = machine.run(kernel=with_flags(bad, flags), cpu="cortex-a76", smp=1)
    machine.checks(done.expect(machine.OK).out, 3)


def test_device_tree_with_a_wrong_magic(bad):
    other = bad(b"\xd0\x0d\xfe\xee" + machine.device_tree(4).read_bytes()[4:])
    refused_by_script("is no device tree", kernel=HELLO, dtb=other)
    refused_by_plinth("no device tree: magic is 0xd00dfeee", kernel=HELLO, dtb=other)


def test_truncated_device_tree(bad):
    cut = bad(machine.device_tree(4).read_bytes()[:600])
    refused_by_script("is truncated", kernel=HELLO, dtb=cut)
    refused_by_plinth("dtb@47000000", kernel=HELLO, dtb=cut)


def test_device_tree_that_disagrees():
    """Only Plinth reads the tree."""
    tree = machine.device_tree(4)
    refused_by_plinth("cpus: 2, but dtb@47000000 says 4", kernel=HELLO, dtb=tree, smp=2)
    refused_by_plinth(
        "memory: 0x10000000, but dtb@47000000 says 0x20000000",
        kernel=HELLO, dtb=tree, mem="256M",
    )  # fmt: skip


@pytest.mark.parametrize("mem", ["0", "3M", "many", "-512M", "60000G", "1000T"])
def test_impossible_memory(mem):
    refused_by_script("MEM", kernel=HELLO, mem=mem)


MANIFEST = """/dts-v1/;
/ {
	compatible = "plinth,manifest-1";
	#address-cells = <2>;
	#size-cells = <2>;
	guest {
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		cpus = <1>;
		memory = <0x0 0x10000000>;
		kernel {
			compatible = "plinth,kernel";
			file = "$KERNEL";
		};
	};
};
"""


def test_memory_that_the_machine_has_not(tmp_path):
    """The machine is made for the manifest; here it is made smaller."""
    manifest = tmp_path / "manifest.dts"
    manifest.write_text(MANIFEST)
    refused_by_plinth(
        "VM guest: memory: not enough",
        kernel=HELLO, manifest=manifest, smp=1, qemu_args="-m 256M",
    )  # fmt: skip


def test_manifest_with_an_unknown_property(tmp_path):
    manifest = tmp_path / "manifest.dts"
    manifest.write_text(MANIFEST.replace("cpus = <1>;", "cpus = <1>; cpu = <1>;"))
    refused_by_plinth("/guest: property cpu", kernel=HELLO, manifest=manifest, smp=1)
