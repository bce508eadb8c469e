"""ICOUNT=1 makes a run repeatable to the byte."""

import machine
import pytest


@pytest.mark.parametrize("name, smp", [("irq", 1), ("psci", 4), ("irqsmp", 4)])
def test_deterministic_runs_print_the_same(name, smp):
    runs = [
        machine.run(kernel=machine.payload(name), smp=smp, icount=True).expect(0).out
        for _ in range(2)
    ]
    machine.checks(runs[0])
    assert runs[0] == runs[1]


@pytest.mark.long
def test_deterministic_linux_prints_the_same():
    settings = machine.linux(smp=2, icount=True, cpu="max")
    runs = [
        machine.run(b"poweroff -f\n", machine.LINUX_SECONDS, **settings).expect(0).out
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
