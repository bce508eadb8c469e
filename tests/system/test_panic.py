"""Plinth's own broken invariants: status 5, and a report with registers, a
backtrace by name, the last exits, and what the other CPUs did. The images are
made by system.mk: the product's objects, and one function in the place of
another."""

import re
from dataclasses import dataclass

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
    "brk": ("exception at EL2: synchronous", 0x3C, "break_down"),
}

# word, address, name+0xoffset/0xsize
PLACE = re.compile(
    r"^  (at|lr|from) +[0-9a-f]{16} (?:(\w+)(?:[.\w]*)\+0x([0-9a-f]+)/0x([0-9a-f]+)|\?)$"
)
EXIT = re.compile(r"^  exit ([\w-]+), esr ([0-9a-f]+), guest pc ([0-9a-f]{16}), (.*)$")
CPU = re.compile(r"^  CPU (\d) (.*)$")


@dataclass
class Report:
    """The crash report on a console."""

    head: str  # what broke
    lines: list

    @classmethod
    def of(cls, console):
        text = re.search(r"plinth: panic: (.*)\n((?:  .*\n)+)", console)
        assert text, console[-2000:]
        return cls(text[1], text[2].splitlines())

    def places(self, *words):
        """Functions of the lines that begin with one of these words."""
        found = [PLACE.match(line) for line in self.lines]
        for place in filter(None, found):
            if place[2]:
                assert int(place[3], 16) <= int(place[4], 16)
        return [p[2] for p in found if p and p[1] in words]

    @property
    def backtrace(self):
        return self.places("at", "from")

    @property
    def exits(self):
        return [m.groups() for m in map(EXIT.match, self.lines) if m]

    @property
    def cpus(self):
        """What is said of the CPUs that do not report."""
        found = map(CPU.match, self.lines)
        return {int(m[1]): m[2] for m in found if m}

    @property
    def registers(self):
        upper = [line for line in self.lines if not line.startswith("  exit")]
        found = re.findall(r"(\w+) +([0-9a-f]{16})", "\n".join(upper))
        return {name: int(value, 16) for name, value in found}


def console(kind, payload="hello", smp=2, **settings):
    kernel = machine.payload(payload)
    elf = machine.TEST / f"panic-{kind}.elf"
    done = machine.run(elf=elf, kernel=kernel, smp=smp, **settings)
    done.expect(machine.PANIC)
    assert "run: Plinth panicked: " in done.err
    return done.out


def panic(kind, payload="hello", smp=2):
    return Report.of(console(kind, payload, smp))


# Rules out: el2-exception, write-execute
@pytest.mark.parametrize("kind", BREAKDOWNS)
def test_breakdown_is_reported_by_name(kind):
    text, ec, innermost = BREAKDOWNS[kind]
    report = panic(kind)
    assert re.fullmatch(text, report.head)
    assert report.lines[0] == "  CPU 0, VM linux, vCPU 0"
    assert report.backtrace[0] == innermost
    assert report.backtrace[-2:] == ["__wrap_firmware_call", "el2_vectors"]
    # A leaf has no frame record: its caller is in x30.
    assert "go_on" in report.places("from", "lr")
    values = report.registers
    assert {"esr", "far", "pc", "pstate"} <= set(values)
    if ec is not None:
        assert values["esr"] >> 26 == ec
        assert {"sp"} | {f"x{i}" for i in range(31)} <= set(values)


# Rules out: write-execute
def test_jump_to_data_is_reported():
    report = panic("run_data")
    assert report.head == "exception at EL2: synchronous"
    assert report.registers["esr"] >> 26 == 0x21
    assert report.places("at") == [None]  # there is no function
    assert report.places("lr") == ["break_down"]
    assert report.backtrace[1:] == ["go_on", "__wrap_firmware_call", "el2_vectors"]


def test_last_exits_are_those_of_the_guest():
    report = panic("called")
    reason, esr, _, whose = report.exits[0]
    assert (reason, int(esr, 16) >> 26) == ("hvc", 0x16)
    assert len(report.exits) == 16
    # Before its call the payload wrote a line to its UART.
    assert {e[0] for e in report.exits[1:]} <= {"data-abort", "irq"}
    assert {e[3] for e in report.exits} == {whose} == {"VM linux, vCPU 0"}
    assert all(0x48000000 <= int(e[2], 16) < 0x48100000 for e in report.exits)


# Rules out: guard-page
def test_overflown_stack_is_caught_by_its_guard_page():
    report = panic("stack")
    values = report.registers
    assert report.head == "exception at EL2: synchronous"
    assert values["esr"] >> 26 == 0x25
    assert 0 <= values["sp"] - values["far"] < 4096
    assert set(report.backtrace) == {"break_down_deeper"}
    assert "  and so on" in report.lines


def test_spoilt_chain_of_frames_is_followed_no_further():
    report = panic("chain")
    assert report.head == "on purpose, far from home"
    assert report.backtrace == ["break_down", "go_on"]
    assert "  from a frame at 00dead0000dead00: not in a stack" in report.lines
    assert report.exits


def test_fault_during_the_report_ends_it_with_a_line_of_its_own():
    out = console("twice")
    head, again = re.findall(r"^plinth: panic: (.*)$", out, re.M)
    assert head == "on purpose, and again"
    assert again == "panic while reporting a panic"
    assert re.search(r"^  at   [0-9a-f]{16} exit_trace_\w+\+0x", out, re.M)


# Rules out: el2-exception, late-cpu
def test_any_cpu_can_report_and_stops_the_others():
    report = panic("secondary", "psci", smp=4)
    assert re.fullmatch("on purpose, vCPU [123]", report.head)
    me = int(report.head[-1])
    assert report.lines[0] == f"  CPU {me}, VM linux, vCPU {me}"
    assert "break_down" in report.backtrace
    cpus = report.cpus
    assert set(cpus) == {0, 1, 2, 3} - {me}
    stopped = r"stopped: VM linux, vCPU 0, guest pc 0000000048[0-9a-f]{6}"
    assert re.fullmatch(stopped, cpus.pop(0))
    # Those that are not needed sleep, or are still on their way.
    idle = r"stopped: asleep, no vCPU|is not online"
    assert all(re.fullmatch(idle, text) for text in cpus.values())


def test_cpu_that_panics_meanwhile_is_reported_by_the_first():
    report = panic("both", "psci", smp=2)
    me = int(report.head[-1])
    assert report.lines[0] == f"  CPU {me}, VM linux, vCPU {me}"
    other = f"panicked, too: VM linux, vCPU {1 - me}, at [0-9a-f]{{16}} break_down\\+0x.*"
    assert re.fullmatch(other, report.cpus[1 - me])


def test_cpu_that_hangs_at_el2_does_not_hold_up_the_report():
    report = panic("silent", "psci", smp=2)
    assert report.head == "on purpose, vCPU 1"
    silent = r"does not answer: VM linux, vCPU 0, last exit hvc, esr 5a000000, .*"
    assert re.fullmatch(silent, report.cpus[0])


def test_lines_that_waited_are_told_after_the_report():
    """As text, with the name of the VM that said it."""
    out = console("unsent", smp=1, vms=2, pcpus=1, mem="64M", icount=True)
    report = Report.of(out)
    assert report.lines[-1] == "  unsent: [linux1] half a line"
    assert "half a" not in out[: out.index("plinth: panic: ")]
