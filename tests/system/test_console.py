"""The console under Linux: by pipe nothing is lost, on a terminal it feels like
one."""

import hashlib

import machine
import pytest

LINE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def printable(size):
    """Lines of different lengths, no two alike."""
    out, number = [], 0
    while sum(map(len, out)) < size:
        number += 1
        out.append(f"{number} {LINE[number % 26 :]}{LINE[: number % 31]}\n")
    return "".join(out)[: size - 1] + "\n"


CONSOLES = ("ttyAMA0", "hvc0")


def on(console, **settings):
    """Linux that speaks there."""
    append = f"console={console} {machine.PATIENT}"
    return machine.linux(2, append=append, console=console, **settings)


@pytest.mark.parametrize("console", CONSOLES)
def test_64_kib_of_lines_typed_before_the_guest_started_arrive_whole(console):
    """And come back: the guest types them out again."""
    sent = printable(64 << 10)
    typed = (
        f"cat >/tmp/x\n{sent}\x04\nwc -c /tmp/x\nsha256sum /tmp/x\n"
        "echo BEGIN $((1 + 1)); cat /tmp/x; poweroff -f\n"
    )
    done = machine.run(typed.encode(), machine.LINUX_SECONDS, **on(console))
    done.expect(machine.OK)
    assert done.lines("65536 /tmp/x")
    assert done.lines(hashlib.sha256(sent.encode()).hexdigest())
    assert done.out.partition("\nBEGIN 2\n")[2].startswith(sent)
    assert "2 CPUs, disks: - plinth guest ready" in done.out


@pytest.mark.long
def test_two_guests_with_virtio_consoles_share_the_terminal():
    """Whole lines, and each byte typed where it belongs."""
    settings = on("hvc0", vms=2, pcpus=2)
    typed = b"".join(
        b"\x1d%d" % vm
        + b"".join(b"echo $((%d * 1000 + %d)) here\n" % (vm + 1, i) for i in range(50))
        + b"cat >/tmp/y\n"
        + printable(5000 + vm).encode()
        + b"\x04\nwc -c </tmp/y; poweroff -f\n"
        for vm in range(2)
    )
    done = machine.run(typed, machine.LINUX_SECONDS, **settings).expect(machine.OK)
    for vm in range(2):
        said = machine.said_by(done.out, f"linux{vm}")
        # What is typed ahead is echoed by the guest in the middle of its output,
        # right before a line's end as well.
        for i in range(50):
            assert any(f"{(vm + 1) * 1000 + i} here" in line for line in said)
        assert str(5000 + vm) in said


@machine.BY_MAKE
def test_terminal_session():
    """`make run-linux` as a person uses it: prompt, typing, Ctrl-C, Ctrl-a x."""
    with machine.terminal(["make", "run-linux"]) as tty:
        tty.expect("run: Ctrl-a x leaves QEMU")
        tty.expect_exact("plinth: version")
        tty.expect_exact("plinth guest ready")
        tty.expect(machine.PROMPT)
        tty.sendline("echo $((6 * 7)) is the answer")
        tty.expect(r"\n42 is the answer")
        tty.expect(machine.PROMPT)
        # cat reads until it is interrupted. The shell has left the mode of its
        # line editor when echo runs: what is typed sooner may go without an echo.
        tty.sendline("echo $((40 + 2)) follows; cat")
        tty.expect(r"\n42 follows\r*\n")
        tty.sendline("is it listening")
        tty.expect(r"is it listening\r*\nis it listening\r*\n")
        tty.sendcontrol("c")
        tty.expect(machine.PROMPT)
        tty.sendline("echo after $?")
        tty.expect(r"\nafter 130")
        tty.expect(machine.PROMPT)
        tty.send("echo a key too man\x7f\x7f\x7fmuch\r")
        tty.expect(r"\na key too much\r*\n")
        tty.expect(machine.PROMPT)
        tty.send("\x01x")
        tty.expect_exact(f"(status {machine.LEFT})")
        tty.expect(machine.pexpect.EOF)
        tty.close()
        assert tty.exitstatus != 0
