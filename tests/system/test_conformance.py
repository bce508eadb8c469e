"""What guests can see is what the specifications say, on every CPU model and
with any number of CPUs: `make conformance`, by the numbers."""

import re

import machine
import pytest

DAILY = {("cortex-a57", 1), ("cortex-a53", 2), ("max", 4), ("cortex-a76", 8)}
# The least number of checks, by area, of a machine with one CPU.
LEAST = {
    "entry": 30,
    "general registers": 9,
    "mmio decode": 430,
    "exceptions": 170,
    "cpu identity": 100,
    "smccc": 30,
    "entropy": 5,
    "hypervisor services": 15,
    "psci": 60,
    "gic": 150,
    "its": 100,
    "vector registers": 12,
    "timers": 85,
    "debug": 50,
}


# Rules out: el2-register-unset, absent-register
@pytest.mark.parametrize("cpu, smp", machine.grid((1, 2, 4, 8), DAILY))
def test_every_check_holds_and_every_difference_is_explained(cpu, smp):
    words = ["tests/conformance/run", "--build", str(machine.BUILD)]
    words += ["--cpu", cpu, "--smp", str(smp)]
    done = machine.finished(words, seconds=20 * machine.PAYLOAD_SECONDS)
    assert done.status == 0, f"{done.out}\n{done.err}"
    counts = {
        match[1]: int(match[2])
        for match in re.finditer(r"^(\w[\w ]*?) +(\d+) +\d+ +0 +\d+ +\d+$", done.out, re.M)
    }
    few = {area: counts.get(area) for area in LEAST if counts.get(area, 0) < LEAST[area]}
    assert not few, done.out
