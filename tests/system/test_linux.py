"""A stock Linux as a guest: on every CPU model and size, with the device tree
that comes with it and with one of Plinth's own making."""

import re

import machine
import pytest

# Every model and every size, once or twice: a diagonal of the whole matrix.
DAILY = {
    ("cortex-a53", 1),
    ("cortex-a57", 2),
    ("cortex-a72", 4),
    ("cortex-a76", 8),
    ("neoverse-n1", 4),
    ("max", 8),
}
ALLOWED = machine.ROOT / "tests/system/allowed-warnings.txt"
WARNING = 4
DISK = machine.BUILD / "linux" / "disk.img"


def allowed_warnings():
    lines = ALLOWED.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def check_log(raw):
    """`raw` is the output of dmesg -r: <level>[time] text. Nothing is more
    severe than a warning, and every warning is on the list."""
    found = re.findall(r"^<(\d+)>\[ *\d+\.\d+\] (.*)$", raw, re.M)
    assert len(found) > 100, "this is no kernel log"
    severe = [(n, text) for n, text in found if int(n) % 8 < WARNING]
    assert not severe
    for level, text in found:
        if int(level) % 8 == WARNING:
            assert any(re.fullmatch(a, text) for a in allowed_warnings()), text


def interrupts(table):
    """/proc/interrupts -> counts by the name at the end of the line."""
    counts = {}
    for line in table.splitlines():
        found = re.match(r"\s*\w+:((?:\s+\d+)+)\s.*?(\S+)$", line)
        if found:
            counts[found[2]] = [int(n) for n in found[1].split()]
    return counts


def check_interrupts(table, cpus, disk=True):
    counts = interrupts(table)
    assert len(counts["arch_timer"]) == cpus
    assert all(counts["arch_timer"]), "a CPU without timer interrupts"
    assert sum(counts["uart-pl011"]) > 0
    if disk:
        assert sum(counts["virtio0"]) > 0


def report(settings, disk=DISK):
    done = machine.run(
        b"sh /test/report\npoweroff -f\n",
        machine.LINUX_SECONDS,
        disk=disk,
        **settings,
    ).expect(machine.OK)
    assert not done.plinth_errors()
    return machine.sections(done.out)


# Rules out: false-feature, absent-register
@pytest.mark.parametrize("cpu, smp", machine.grid((1, 2, 4, 8), DAILY))
def test_linux_runs(cpu, smp):
    settings = machine.linux(smp, cpu=cpu, dtb=machine.device_tree(smp))
    said = report(settings)
    assert said["release"].startswith("6.12.")
    assert said["cpus"] == f"{smp}\n"
    assert said["disk"] == f"{DISK.stat().st_size // 512}\n"
    check_interrupts(said["interrupts"], smp)
    check_log(said["log"])


@pytest.mark.parametrize(
    "smp, mem", [(2, "256M"), pytest.param(4, "2G", marks=pytest.mark.long)]
)
def test_linux_runs_with_the_generated_device_tree(smp, mem):
    said = report(machine.linux(smp, mem, append=f"{machine.BOOT_ARGS} quiet"))
    total = int(re.search(r"MemTotal: +(\d+) kB", said["memory"])[1])
    whole = int(mem[:-1]) << {"M": 10, "G": 20}[mem[-1]]
    assert whole * 0.7 < total < whole
    assert said["cpus"] == f"{smp}\n"
    check_interrupts(said["interrupts"], smp)
    check_log(said["log"])


@machine.BY_MAKE
def test_make_run_linux_obeys_what_was_piped_in_before_it_started():
    """The whole way, as a user would script it."""
    typed = (
        "uname -r; nproc; cat /proc/interrupts; ls /dev/vda; dmesg | tail -3; "
        "dmesg -n 1; echo == log; dmesg -r; echo == end; poweroff -f\n"
    )
    done = machine.finished(["make", "run-linux"], typed.encode(), machine.LINUX_SECONDS)
    done.expect(machine.OK)
    assert re.search(r"^6\.12\.\S+\n4\n +CPU0 +CPU1 +CPU2 +CPU3 *\n", done.out, re.M)
    assert done.lines("/dev/vda")
    check_interrupts(done.out, 4)
    check_log(machine.sections(done.out)["log"])
    (keys,) = [line for line in done.err.splitlines() if "Ctrl-" in line]
    assert keys.startswith("run: ")


@machine.BY_MAKE
def test_make_run_linux_needs_no_disk():
    words = ["make", "run-linux", "DISK=", "SMP=1", "CPU=cortex-a57"]
    typed = b"ls /sys/block | wc -l; poweroff -f\n"
    done = machine.finished(words, typed, machine.LINUX_SECONDS).expect(machine.OK)
    assert "disks: - plinth guest ready" in done.out
    assert done.lines("0")
