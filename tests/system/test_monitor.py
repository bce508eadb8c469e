"""The monitor, asked through a pipe and on a running Linux."""

import re

import machine

QUESTIONS = (
    "help vms vcpus mem log exits".split()
    + ["regs linux1.0", "irqs linux0", "map linux0 0x40000000", "nonsense"]
)


def answers(out):
    """What the monitor said to each question."""
    parts = re.split(r"^plinth> (.+)\n", out, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def test_every_command_can_be_piped_in():
    """While two VMs wait for input, which comes after the commands."""
    typed = "\x1dm" + "".join(f"{q}\r" for q in QUESTIONS)
    with machine.session(
        kernel=machine.payload("echo"), smp=2, vms=2, pcpus=2, mem="64M"
    ) as talk:
        for _ in range(2):  # in whichever order
            talk.expect(r"\[linux[01]\] ready poll")
        talk.send(typed)
        talk.expect_exact("nonsense: unknown")
        said = answers(machine.text(talk.before))
        talk.send("\x1d0\x04\x04\x04\x1d1\x04\x04\x04")
        done = talk.end()
    assert done.status == machine.OK
    for question in QUESTIONS[:-1]:
        assert question.split()[0] in said["help"] and question in said
    assert re.search(r"^linux0 running 2 64 1024 linux0$", said["vms"], re.M)
    assert len(re.findall(r"^linux[01]\.[01] (?:runs|off) ", said["vcpus"], re.M)) == 4
    assert re.search(r"^linux1 65536 65536 0 0 ", said["mem"], re.M)
    assert "plinth: console: monitor" in said["log"]
    assert re.search(r"^data-abort \d+", said["exits"], re.M)
    assert re.search(r"^pc    00000000400\w+ ", said["regs linux1.0"], re.M)
    assert "rwx, by 2048 KiB, contiguous" in said["map linux0 0x40000000"]


def test_monitor_beside_one_vm_that_keeps_its_console():
    with machine.session(
        kernel=machine.payload("echo"), smp=1, mem="64M", host_append="console=mux"
    ) as talk:
        talk.expect_exact("\nready poll")
        talk.send("\x1dmexits\r\x1d0\x04\x04\x04")
        talk.expect(r"data-abort \d+")
        talk.expect_exact("ready irq")
        assert talk.end().status == machine.OK


def test_vm_lives_by_the_monitors_commands_beside_another():
    with machine.session(
        kernel=machine.payload("echo"), smp=1, vms=2, pcpus=2, mem="64M"
    ) as talk:
        for _ in range(2):  # in whichever order
            talk.expect(r"\[linux[01]\] ready poll")
        talk.send("\x1dm")

        def says(command, *texts):
            talk.send(f"{command}\r")
            for text in texts:
                talk.expect_exact(text)

        def becomes(state):
            """Asks until it is so; the session's time-out ends it."""
            seen = None
            while seen != state:
                talk.send("vms\r")
                talk.expect(r"\nlinux1 (\w+) ")
                seen = talk.match[1].decode()

        says("vm pause linux1", "plinth> ")
        becomes("paused")
        says("vm resume linux1", "plinth> ")
        becomes("running")
        says("vm reset linux1", "plinth: VM linux1: reset", "[linux1] ready poll")
        says("vm stop linux1", "plinth: VM linux1: stopped")
        says("vm destroy linux1", "plinth: VM linux1: destroyed")
        becomes("absent")
        says("vm start linux1", "plinth: VM linux1: created", "[linux1] ready poll")
        talk.send("\x1d1\x04\x04\x04")
        talk.expect_exact("plinth: VM linux1: off")
        talk.send("\x1d0\x04\x04\x04")
        assert talk.end().status == machine.OK
