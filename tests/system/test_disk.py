"""The virtio disk under Linux: what was written is there after an unmount and
after a reboot, and writers at once do not mix."""

import hashlib

import machine
import pytest

FILES = 64


def hashes():
    """`sha256sum` of the files that guest/files makes, by name."""
    known = {}
    for number in range(FILES):
        line = f"plinth file {number}\n".encode()
        size = number * 997 + 1
        content = (line * (size // len(line) + 1))[:size]
        known[f"file{number}"] = hashlib.sha256(content).hexdigest()
    return known


def verify(guest):
    out = guest.shell("sh /test/files verify")
    machine.checks(out, 3)
    lines = machine.sections(out)["hashes"].splitlines()
    found = dict(reversed(line.split()) for line in lines)
    assert found == hashes()


def boot(guest):
    guest.expect_exact("plinth guest ready")
    guest.expect(machine.PROMPT)


def boot_id(guest):
    return guest.shell("cat /proc/sys/kernel/random/boot_id").splitlines()[-1]


def disk_of_the_default_guest():
    path = machine.BUILD / "linux" / "disk.img"
    return path, hashlib.sha256(path.read_bytes()).digest()


def test_files_survive_unmounting_and_reboots_and_writers_do_not_mix():
    """One machine, three boots: files, files again, four writers at once."""
    disk, before = disk_of_the_default_guest()
    with machine.session(disk=disk, **machine.linux(4, cpu="cortex-a57")) as guest:
        boot(guest)
        machine.checks(guest.shell("sh /test/files write"), 3)
        verify(guest)
        boots = {boot_id(guest)}
        guest.shell("echo old >/tmp/mark")
        for _ in range(2):
            guest.sendline("reboot -f")
            guest.expect_exact("VM linux: reset")
            boot(guest)
            verify(guest)
            assert "No such file" in guest.shell("cat /tmp/mark")
            boots.add(boot_id(guest))
        assert len(boots) == 3, "not three different boots"
        machine.checks(guest.shell("sh /test/direct"), 2)
        guest.sendline("poweroff -f")
        guest.end().expect(machine.OK)
    assert disk_of_the_default_guest()[1] == before, "the host's file was written to"


@pytest.mark.long
@pytest.mark.parametrize("cpu, smp", [("max", 8), ("cortex-a72", 1)])
def test_disk_under_load_for_long(cpu, smp):
    disk, _ = disk_of_the_default_guest()
    with machine.session(disk=disk, **machine.linux(smp, cpu=cpu)) as guest:
        boot(guest)
        for _ in range(10):
            machine.checks(guest.shell("sh /test/direct"), 2)
        guest.sendline("poweroff -f")
        guest.end().expect(machine.OK)


@pytest.mark.long
def test_twenty_reboots():
    disk, _ = disk_of_the_default_guest()
    settings = machine.linux(4, disk=disk, append=f"{machine.BOOT_ARGS} quiet")
    with machine.session(**settings) as guest:
        boot(guest)
        machine.checks(guest.shell("sh /test/files write"), 3)
        for _ in range(20):
            guest.sendline("reboot -f")
            guest.expect_exact("VM linux: reset")
            boot(guest)
        verify(guest)
        guest.sendline("poweroff -f")
        guest.end().expect(machine.OK)
