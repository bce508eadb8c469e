"""LPIs and an ITS for a VM whose own device tree has one, and for Linux. What a
guest with `its` in its manifest sees is test_conformance.py's."""

import re
import subprocess

import machine
from test_linux import check_interrupts, check_log

LEAST = 70  # checks of the payload on one CPU

MANIFEST = """/dts-v1/;
/ {{
	compatible = "plinth,manifest-1";
	guest {{
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		{what}
		kernel {{ compatible = "plinth,kernel"; file = "$KERNEL"; }};
		initrd {{ compatible = "plinth,initrd"; file = "$INITRD"; }};
		dtb {{ compatible = "plinth,dtb"; file = "$DTB"; }};
	}};
}};
"""


def manifest(tmp_path, what):
    path = tmp_path / "manifest.dts"
    path.write_text(MANIFEST.format(what=what))
    return path


def hardware(smp, mem):
    return f'cpus = <{smp}>; memory = <0 {mem:#x}>; bootargs = "console=ttyAMA0"; its;'


def test_guest_brings_its_its_in_its_own_device_tree(tmp_path):
    tree = tmp_path / "guest.dtb"
    tree.write_bytes(machine.device_tree(2, "64M").read_bytes())
    gic, node = "/intc@8000000", "/intc@8000000/its@8080000"
    for words in (
        [tree, "-c", node],
        [tree, "-t", "s", node, "compatible", "arm,gic-v3-its"],
        [tree, "-t", "x", node, "reg", "0", "8080000", "0", "20000"],
        [tree, "-t", "u", gic, "#address-cells", "2"],
        [tree, "-t", "u", gic, "#size-cells", "2"],
        [tree, gic, "ranges"],
    ):
        subprocess.run(["fdtput", *words], check=True)
    done = machine.run(
        kernel=machine.payload("its"), smp=2, dtb=tree, manifest=manifest(tmp_path, "")
    )
    machine.checks(done.expect(machine.OK).out, LEAST)


def test_linux_finds_its_and_lpis_without_a_complaint(tmp_path):
    settings = machine.linux(4, manifest=manifest(tmp_path, hardware(4, 0x20000000)))
    settings.pop("mem")
    done = machine.run(
        b"sh /test/report\npoweroff -f\n", machine.LINUX_SECONDS, **settings
    ).expect(machine.OK)
    assert not done.plinth_errors()
    said = machine.sections(done.out)
    check_interrupts(said["interrupts"], 4, disk=False)
    check_log(said["log"])
    assert "ITS [mem 0x08080000-0x0809ffff]" in said["log"]
    assert len(re.findall(r"allocated \d+ (Devices|Interrupt Collections)", said["log"])) == 2
    assert len(re.findall(r"using allocated LPI pending table", said["log"])) == 4
