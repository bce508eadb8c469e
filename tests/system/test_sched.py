"""More vCPUs than CPUs: payloads and Linux do not notice."""

import machine
import pytest

@pytest.mark.parametrize("name, smp, pcpus", [("psci", 4, 1), ("irqsmp", 4, 2)])
def test_more_vcpus_than_cpus(name, smp, pcpus):
    done = machine.run(kernel=machine.payload(name), smp=smp, pcpus=pcpus)
    machine.checks(done.expect(machine.OK).out, 10)


def test_linux_with_four_vcpus_on_one_cpu():
    done = machine.run(
        b"nproc; cat /proc/interrupts; poweroff -f\n",
        machine.LINUX_SECONDS,
        pcpus=1,
        **machine.linux(4, append="console=ttyAMA0 quiet"),
    ).expect(machine.OK)
    assert done.lines("4")
