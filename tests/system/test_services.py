"""What a stock Linux makes of firmware and hypervisor services: a PTP clock, a
source of entropy, stolen time, an idle state, and sleep."""

import re

import machine
import pytest

NS = 10**9
DISK = machine.BUILD / "linux" / "disk.img"


def check_clock(said):
    """The PTP clock lies between two looks at the RTC."""
    assert said["ptp"] == "KVM virtual PTP\n"
    before, ptp, after = map(int, said["times"].split())
    assert before * NS <= ptp < (after + 1) * NS


def check_idle(said, cpus):
    """Each CPU has used the state, and never was refused it."""
    lines = [line.split() for line in said["idle"].splitlines()]
    assert len(lines) == cpus
    for name, wfi, sleep, rejected in lines:
        assert name == "cpu-sleep"
        assert int(wfi) > 0 and int(sleep) > 0 and int(rejected) == 0


@pytest.mark.parametrize(
    "cpu, tree",
    [("max", True), pytest.param("cortex-a57", False, marks=pytest.mark.long)],
)
def test_linux_finds_the_services_and_sleeps(cpu, tree):
    settings = machine.linux(2, cpu=cpu, append="console=ttyAMA0 quiet", disk=DISK)
    if tree:
        settings["dtb"] = machine.device_tree(2)
    typed = b"sh /test/services\nsh /test/suspend\npoweroff -f\n"
    done = machine.run(typed, machine.LINUX_SECONDS, **settings).expect(machine.OK)
    assert not done.plinth_errors()
    said = machine.sections(done.out)
    check_clock(said)
    check_idle(said, 2)
    assert ("smccc_trng" in said["rng"].split()) == (cpu == "max")
    assert "arm-pv: using stolen time PV" in said["log"]
    assert re.search(r"psci: PSCIv1\.1 .*SMC Calling Convention v1\.3", said["log"], re.S)
    machine.checks(done.out, 6)
