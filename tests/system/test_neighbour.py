"""A Linux that writes its disk and verifies what it wrote, beside a VM that
starts again a hundred times: nothing is lost and nobody notices."""

import re

import machine
import pytest
from test_guest_distro import DEFAULT, linux_out
from test_guest_kernel import built

LINUX = """	{name} {{
		compatible = "plinth,vm";
		cpus = <{cpus}>;
		memory = <0x0 0x{memory:x}>;
		bootargs = "{bootargs}";
		{more}
		kernel {{ compatible = "plinth,kernel"; file = "{kernel}"; }};
		initrd {{ compatible = "plinth,initrd"; file = "{initrd}"; }};
	}};
"""
PAYLOAD = """	mortal {{
		compatible = "plinth,vm";
		cpus = <1>;
		memory = <0x0 0x800000>;
		bootargs = "lives=101 reset";
		no-autostart;
		kernel {{ compatible = "plinth,kernel"; file = "{kernel}"; }};
		disk {{ compatible = "plinth,disk"; file = "{disk}"; }};
	}};
"""
DISKS = """
		disk {{ compatible = "plinth,disk"; file = "{disk}"; }};
		tools {{ compatible = "plinth,disk"; file = "{tools}"; read-only; }};
"""
# Each pass writes the same 4 MiB, so the overlay is complete after one.
FIO = (
    "fio --name=verified --filename=/dev/vda --direct=1 --rw=randwrite --bs=4k "
    "--size=4m --verify=crc32c --verify_backlog=64 --verify_fatal=1 --eta=never "
    "--output=/tmp/fio"
)
LOOP = (
    f"while [ ! -e /tmp/stop ]; do {FIO} && echo pass >>/tmp/passes || "
    "{ echo bad$((1 + 1)); cat /tmp/fio; }; done &"
)
# What a kernel says in passing of its boot arguments and of itself is left out.
NOTICED = (
    "dmesg | grep -vi 'command line\\|timeout set' | "
    "grep -iE 'error|stall|lockup|hung'"
)
SECONDS = 3 * machine.LINUX_SECONDS
pytestmark = [pytest.mark.long, pytest.mark.guest]


def machine_with(folder, mortal):
    """The Linux `worker` with disk and tools, and `mortal`."""
    settings = built()
    tools = linux_out(DEFAULT) / "tools.img"
    machine.guest_parts(tools, "linux-parts")
    worker = LINUX.format(
        name="worker", cpus=2, memory=512 << 20, bootargs=f"{machine.BOOT_ARGS} quiet",
        more=DISKS.format(disk=settings["disk"], tools=tools), **parts(settings),
    )  # fmt: skip
    path = folder / "manifest.dts"
    path.write_text(f'/dts-v1/;\n/ {{ compatible = "plinth,manifest-1";\n{worker}{mortal}}};\n')
    return path


def parts(settings):
    return {name: settings[name] for name in ("kernel", "initrd")}


def free_kib(talk):
    talk.send("\x1dmmem\r")
    talk.expect(r"free (\d+) KiB")
    return int(talk.match[1])


def beside_fio(path, live):
    """live(talk) starts `mortal` and lets it live, until it is off. Returns what
    the console showed meanwhile."""
    with machine.session(SECONDS, manifest=path, pcpus=2, host_append="stats") as talk:
        talk.expect(rf"\[worker\] {machine.PROMPT}")
        talk.sendline(LOOP)
        talk.sendline("until [ -s /tmp/passes ]; do sleep 1; done; echo first $(cat /tmp/passes)")
        talk.expect(r"\[worker\] [^\n]*first pass")
        before = free_kib(talk)
        seen = live(talk)
        assert free_kib(talk) == before
        talk.send("\x1d0")
        talk.sendline("touch /tmp/stop; wait; echo passes $(grep -c . /tmp/passes)")
        talk.expect(r"passes (\d+)")
        passes = int(talk.match[1])
        seen += machine.text(talk.before)
        talk.sendline(f"{NOTICED}; echo noticed $({NOTICED} | grep -c .) lines")
        talk.expect(r"noticed (\d+) lines")
        noticed = int(talk.match[1]), machine.text(talk.before)
        talk.sendline("poweroff -f")
        seen += talk.end().expect(machine.OK).out
    assert passes > 1
    assert "bad2" not in seen  # what was typed says it otherwise
    assert noticed[0] == 0, noticed[1]
    free = re.findall(r"VM mortal: memory: (\d+) pages free", seen)
    assert len(free) > 100 and len(set(free)) == 1, free
    print(f"{passes} passes of fio, {len(free)} lives, {free[0]} pages free after each")
    return seen


# Rules out: reset-neighbour, reset-leak
def test_hundred_reboots_of_a_payload_beside_a_linux_that_verifies_its_disk(tmp_path):
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    mortal = PAYLOAD.format(kernel=machine.payload("lives"), disk=tmp_path / "disk")

    def live(talk):
        talk.send("vm start mortal\r")
        talk.expect_exact("VM mortal: off")
        return machine.text(talk.before)

    seen = beside_fio(machine_with(tmp_path, mortal), live)
    assert re.findall(r"life (\d+)", seen) == [str(n) for n in range(1, 102)]
    assert "not ok" not in seen


# Rules out: reset-neighbour, reset-leak
def test_hundred_reboots_of_a_linux_beside_one_that_verifies_its_disk(tmp_path):
    """Every other by the monitor, at whatever it is about."""
    mortal = LINUX.format(
        name="mortal", cpus=2, memory=128 << 20, more="no-autostart;",
        bootargs=f"{machine.BOOT_ARGS} quiet rdinit=/bin/busybox -- reboot -f",
        **parts(built()),
    )  # fmt: skip

    def live(talk):
        seen = ""
        talk.send("vm start mortal\r")
        for n in range(100):
            if n % 2:
                talk.send("vm reset mortal\r")
            talk.expect_exact("VM mortal: reset")
            seen += machine.text(talk.before)
        talk.send("vm stop mortal\r")
        talk.expect_exact("VM mortal: stopped")
        return seen + machine.text(talk.before)

    beside_fio(machine_with(tmp_path, mortal), live)
