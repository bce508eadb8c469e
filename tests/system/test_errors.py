"""System errors of a guest. The emulator has no source of them, so a debugger
is one: it has EL2 give a vCPU what a physical SError would."""

import time

import machine
import pytest

GDB_SECONDS = 180
ERROR_PLEASE = 0x8600E550  # tests/guest/errors.c
ESR = 0xBE000E11


def wait_for(path):
    end = time.monotonic() + machine.PAYLOAD_SECONDS
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def make_errors(folder, number):
    """Answers so many requests of the payload, and lets it go on."""
    words = ["gdb-multiarch", "-q", "-nx", "-batch", str(machine.BUILD / "plinth.elf")]
    commands = [
        "set pagination off",
        f"target remote {folder}/gdb",
        f"break firmware_call if v->regs.x[0] == {ERROR_PLEASE:#x}",
        *(["continue", f"call abort_serror(v, {ESR:#x})"] * number),
        "delete",
        "detach",
    ]
    for command in commands:
        words += ["-ex", command]
    return machine.finished(words, seconds=GDB_SECONDS)


# Rules out: serror-lost
@pytest.mark.parametrize(
    "cpu, number, checks",
    [
        ("max", 3, 19),
        pytest.param("cortex-a76", 3, 19, marks=pytest.mark.long),
        pytest.param("cortex-a57", 1, 8, marks=pytest.mark.long),
    ],
)
def test_pending_error_is_deferred_or_taken_by_its_own_vcpu(
    cpu, number, checks, tmp_path
):
    settings = {
        "kernel": machine.payload("errors"),
        "append": "debugger",
        "cpu": cpu,
        "smp": 2,
        "pcpus": 1,
        "qemu_args": f"-S -gdb unix:{tmp_path}/gdb,server=on,wait=off",
    }
    with machine.session(machine.PAYLOAD_SECONDS, **settings) as talk:
        wait_for(tmp_path / "gdb")
        made = make_errors(tmp_path, number)
        assert made.out.count("Breakpoint 1, firmware_call") == number, made.out
        talk.expect(r"done: .* failed\r\n")
        said = machine.text(talk.before + talk.after)
    assert "not ok" not in said
    assert len([line for line in said.splitlines() if line.startswith("ok ")]) == checks
