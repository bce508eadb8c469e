"""More vCPUs than CPUs: payloads and Linux do not notice."""

import re

import machine
import pytest


@pytest.mark.parametrize(
    "name, smp, pcpus",
    [
        ("psci", 4, 1),
        ("irqsmp", 4, 2),
        ("pauth", 3, 1),
        ("pmu", 3, 1),
        ("sysregs", 3, 1),
    ],
)
def test_more_vcpus_than_cpus(name, smp, pcpus):
    done = machine.run(kernel=machine.payload(name), smp=smp, pcpus=pcpus)
    machine.checks(done.expect(machine.OK).out, 8)


def test_linux_with_four_vcpus_on_one_cpu():
    done = machine.run(
        b"nproc; cat /proc/interrupts; poweroff -f\n",
        machine.LINUX_SECONDS,
        pcpus=1,
        **machine.linux(4, append="console=ttyAMA0 quiet"),
    ).expect(machine.OK)
    assert done.lines("4")


def switches(out):
    """How often each kind of registers has lost its CPU to another vCPU."""
    return [int(nr) for nr in re.findall(r"^# (\d+) switches", out, re.M)]


# Rules out: vector-switch
@pytest.mark.parametrize(
    "cpu, smp", [("max", 3), pytest.param("cortex-a57", 4, marks=pytest.mark.long)]
)
def test_vector_registers_survive_ten_thousand_preemptions(cpu, smp):
    done = machine.run(
        seconds=900, kernel=machine.payload("simd"), cpu=cpu, smp=smp, pcpus=1,
        append="torture", icount=True,
    )  # fmt: skip
    machine.checks(done.expect(machine.OK).out, 10)
    assert min(switches(done.out)) >= 10_000


# Rules out: fp-clobbered
@pytest.mark.parametrize("cpu, smp", [("max", 3), ("cortex-a57", 2)])
def test_vector_registers_survive_the_copies_of_a_disk(cpu, smp, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(range(256)) * 4096)
    done = machine.run(
        seconds=300, kernel=machine.payload("simd"), cpu=cpu, smp=smp, pcpus=1,
        append="disk", disk=disk, icount=True,
    )  # fmt: skip
    machine.checks(done.expect(machine.OK).out, 15)
    names = re.findall(r"^ok (\S+)_disk\b", done.out, re.M)
    areas = ("fp", "sve") if cpu == "max" else ("fp",)
    for area in areas:
        assert {f"{area}.survive_a_write_to_a", f"{area}.survive_a_read_from_a"} <= {*names}


# Rules out: vector-switch
@pytest.mark.long
@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
def test_vector_registers_of_two_vms_survive_a_hundred_thousand_preemptions(cpu):
    done = machine.run(
        seconds=3600, kernel=machine.payload("simd"), cpu=cpu, smp=2, vms=2, pcpus=1,
        append="torture long", icount=True,
    )  # fmt: skip
    for vm in ("linux0", "linux1"):
        lines = done.expect(machine.OK).lines(f"[{vm}] ")
        out = "\n".join(line.partition("] ")[2] for line in lines)
        machine.checks(out, 10)
        assert min(switches(out)) >= 100_000
