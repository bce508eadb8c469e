"""Plinth's own broken invariants: status 5, a report with registers and a
backtrace that leads to the place. The images are made by system.mk."""

import re
import subprocess

import machine
import pytest

# What breaks down -> the report's first line, its syndrome (EC, or None when
# panic() was called), and the innermost function of the backtrace.
BREAKDOWNS = {
    "called": ("on purpose, vCPU 0", None, "break_down"),
    "assertion": ("assertion.c:.*: assertion failed: v == NULL", None, "assert_failed"),
    "read": ("exception at EL2: synchronous", 0x25, "break_down"),
    "write_text": ("exception at EL2: synchronous", 0x25, "break_down"),
    "write_constant": ("exception at EL2: synchronous", 0x25, "break_down"),
    "run_data": ("exception at EL2: synchronous", 0x21, "code"),
    "brk": ("exception at EL2: synchronous", 0x3C, "break_down"),
}


def elf(kind):
    return machine.TEST / f"panic-{kind}.elf"


def panic(kind, payload="hello", smp=2):
    """Returns the report's first line and the lines below it."""
    kernel = machine.payload(payload)
    done = machine.run(elf=elf(kind), kernel=kernel, smp=smp).expect(machine.PANIC)
    head, report = re.search(r"plinth: panic: (.*)\n((?:  .*\n)+)", done.out).groups()
    assert "run: Plinth panicked: " in done.err
    return head, report


def functions(kind, report):
    """Names for the backtrace's addresses, innermost first."""
    listing = subprocess.run(
        ["aarch64-linux-gnu-nm", "-n", elf(kind)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    symbols = [(int(a, 16), n) for a, _, n in map(str.split, listing.splitlines())]
    found = []
    for kind, digits in re.findall(r"^  (at|from) ([0-9a-f]{16})$", report, re.M):
        # A call that does not return may be the last instruction of a function.
        address = int(digits, 16) - (kind == "from")
        below = [name for start, name in symbols if start <= address]
        found.append(below[-1] if below else "?")
    return found


def registers(report):
    return {name: int(v, 16) for name, v in re.findall(r"(\w+) +([0-9a-f]{16})", report)}


# Rules out: el2-exception, write-execute
@pytest.mark.parametrize("kind", BREAKDOWNS)
def test_breakdown_is_reported(kind):
    text, ec, innermost = BREAKDOWNS[kind]
    head, report = panic(kind)
    assert re.fullmatch(text, head)
    assert "  CPU 0, VM linux, vCPU 0\n" in report
    names = functions(kind, report)
    assert names[0] == innermost
    assert "__wrap_firmware_call" in names  # go_on() is in x30 where a leaf broke
    values = registers(report)
    assert {"esr", "far", "pc", "pstate"} <= set(values)
    if ec is not None:
        assert values["esr"] >> 26 == ec
        assert {"sp"} | {f"x{i}" for i in range(31)} <= set(values)


# Rules out: guard-page
def test_overflown_stack_is_caught_by_its_guard_page():
    head, report = panic("stack")
    values = registers(report)
    assert head == "exception at EL2: synchronous"
    assert values["esr"] >> 26 == 0x25
    assert 0 <= values["sp"] - values["far"] < 4096
    assert set(functions("stack", report)) == {"break_down_deeper"}


# Rules out: el2-exception, late-cpu
def test_any_cpu_can_report():
    head, report = panic("secondary", "psci", smp=4)
    assert re.fullmatch("on purpose, vCPU [123]", head)
    assert f"  CPU {head[-1]}, VM linux, vCPU {head[-1]}\n" in report
    assert "break_down" in functions("secondary", report)
