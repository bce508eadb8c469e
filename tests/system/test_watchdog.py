"""The watchdog and the driver that Debian ships for it: sbsa_gwdt of a stock
kernel, whose interrupts and restarts are the guest's own business."""

import shutil

import machine
import pytest

MANIFEST = """/dts-v1/;
/ {{
	compatible = "plinth,manifest-1";
	worker {{
		compatible = "plinth,vm";
		cpus = <1>;
		memory = <0x0 0x1000000>;
		kernel {{ compatible = "plinth,kernel"; file = "{work}"; }};
		disk {{ compatible = "plinth,disk"; file = "{disk}"; }};
	}};
	dog {{
		compatible = "plinth,vm";
		cpus = <1>;
		memory = <0x0 0x20000000>;
		bootargs = "console=ttyAMA0 quiet sbsa_gwdt.timeout=30";
		watchdog;
		restart = "on-crash";
		kernel {{ compatible = "plinth,kernel"; file = "$KERNEL"; }};
		initrd {{ compatible = "plinth,initrd"; file = "{initrd}"; }};
	}};
}};
"""


def ramdisk(folder):
    """The default template, and the watchdog's module, loaded by init."""
    template = folder / "template"
    shutil.copytree(machine.ROOT / "guest/linux/initramfs", template)
    for name in ("modules.ramfs", "modules.autoload"):
        with open(template / name, "a", encoding="utf-8") as file:
            file.write("sbsa_gwdt\n")
    out = folder / "initramfs.cpio.gz"
    maker = machine.ROOT / "guest/linux/mkinitramfs"
    name = (machine.BUILD / "linux/kernel.id").read_text(encoding="utf-8").split()[0]
    machine.finished([maker, "-o", out, template, name]).expect(machine.OK)
    return out


@pytest.mark.long
def test_debians_own_module_keeps_a_guest_alive_or_restarts_it(tmp_path):
    """A ping each second, for longer than the 30 s that a busy host may make one
    late; then none."""
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    path = tmp_path / "manifest.dts"
    path.write_text(
        MANIFEST.format(
            work=machine.payload("work"), disk=tmp_path / "disk", initrd=ramdisk(tmp_path)
        )
    )
    settings = {"kernel": machine.BUILD / "linux/Image", "manifest": path}
    with machine.session(pcpus=2, **settings) as talk:
        talk.expect_exact("[worker] working")
        talk.expect(rf"\[dog\] {machine.PROMPT}")
        talk.send("\x1d1")
        talk.sendline("cd /sys/class/watchdog/watchdog0; echo $(cat identity timeout)")
        talk.expect_exact("SBSA Generic Watchdog 30")
        talk.sendline(
            "exec 3>/dev/watchdog0; n=0; while [ $n -lt 36 ]; "
            "do sleep 1; echo >&3; n=$((n + 1)); done; echo alive after $n s"
        )
        talk.expect_exact("alive after 36 s")
        talk.expect_exact("VM dog: crashed: its watchdog has expired")
        talk.expect_exact("VM dog: starts again in 100 ms")
        talk.expect(rf"\[dog\] {machine.PROMPT}")  # nobody opens it in this life
        talk.sendline("sleep 31; echo still alive $((40 + 2)); poweroff -f")
        talk.expect_exact("still alive 42")
        talk.send("\x1d0x")
        done = talk.end().expect(machine.OK)
    assert "ok work.memory_is_as_written" in done.out
    assert "ok work.disk_is_as_written" in done.out
    assert "not ok" not in done.out
