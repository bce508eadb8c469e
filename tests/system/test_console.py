"""The console under Linux: by pipe nothing is lost, on a terminal it feels like
one."""

import hashlib

import machine

LINE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def printable(size):
    """Lines of different lengths, no two alike."""
    out, number = [], 0
    while sum(map(len, out)) < size:
        number += 1
        out.append(f"{number} {LINE[number % 26 :]}{LINE[: number % 31]}\n")
    return "".join(out)[: size - 1] + "\n"


def test_64_kib_of_lines_typed_before_the_guest_started_arrive_whole():
    sent = printable(64 << 10).encode()
    typed = b"cat >/tmp/x\n" + sent + b"\x04\nwc -c /tmp/x\nsha256sum /tmp/x\npoweroff -f\n"
    done = machine.run(typed, machine.LINUX_SECONDS, **machine.linux(2))
    done.expect(machine.OK)
    assert done.lines("65536 /tmp/x")
    assert done.lines(hashlib.sha256(sent).hexdigest())


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
