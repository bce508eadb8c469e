"""Hardware that a guest's user space reaches through its kernel: performance
counters, watchpoints and breakpoints of the vCPU's own."""

import machine
import pytest

SVE = b"dmesg -n 1; /test/sve; poweroff -f\n"
DAILY = {("max", 2), ("cortex-a57", 2)}
PROGRAM = b"dmesg -n 1; /test/hardware; poweroff -f\n"


# Linux opens the instruction event; the emulator has it under icount only.
@pytest.mark.parametrize("cpu, smp", machine.grid((2,), DAILY))
def test_counters_watchpoints_and_breakpoints_work_in_linux(cpu, smp):
    settings = machine.linux(smp, cpu=cpu, dtb=machine.device_tree(smp), icount=True)
    done = machine.run(PROGRAM, machine.LINUX_SECONDS, **settings)
    machine.checks(done.expect(machine.OK).out, 6)


# Two vCPUs on one CPU: their processes take turns twice over.
@pytest.mark.long
def test_programs_of_scalable_vectors_work_in_linux():
    settings = machine.linux(2, cpu="max", pcpus=1)
    done = machine.run(SVE, machine.LINUX_SECONDS, **settings)
    machine.checks(done.expect(machine.OK).out, 4)
