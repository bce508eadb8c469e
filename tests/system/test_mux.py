"""Several VMs on one console: whose line is whose, and who gets what is typed."""

import itertools
import random
import re
import zlib

import machine
import pytest

ESCAPE = "\x1d"


def switch(talk, key, name):
    talk.send(ESCAPE + key)
    talk.expect(rf"plinth: console: {name}\r+\n")


def prompts(talk, names):
    """Waits until each of the VMs has shown its prompt, in any order."""
    missing = set(names)
    while missing:
        talk.expect(r"\[(\w+)\](?:\x1b\[0m)? plinth:[^#\n]*# ")
        missing.discard(talk.match[1].decode())


def test_lines_are_whole_and_each_has_the_name_of_its_vm():
    hello = machine.payload("hello")
    one = machine.run(kernel=hello, smp=1).expect(machine.OK)
    said = [line for line in one.out.splitlines() if not line.startswith("plinth:")]
    done = machine.run(kernel=hello, smp=1, vms=4, pcpus=3, mem="64M").expect(machine.OK)
    for vm in range(4):
        assert machine.said_by(done.out, f"linux{vm}") == [
            line.replace("+ 0x20000000", "+ 0x4000000") for line in said
        ]
    rest = re.sub(r"^(\[linux\d\]|plinth:) .*\n", "", done.out, flags=re.M)
    assert rest == ""


def test_thirty_two_vms_run_and_finish():
    done = machine.run(
        kernel=machine.payload("hello"), smp=1, vms=32, pcpus=2, mem="4M"
    ).expect(machine.OK)
    for vm in range(32):
        machine.checks("\n".join(machine.said_by(done.out, f"linux{vm}")), 3)


def pieces(data, seed):
    """`data` in pieces of different sizes, with the escape byte doubled."""
    rnd, at = random.Random(seed), 0
    while at < len(data):
        size = rnd.randrange(1, 700)
        yield data[at : at + size].replace(b"\x1d", b"\x1d\x1d")
        at += size


def test_every_byte_typed_reaches_the_vm_it_was_typed_for():
    """All of it before a VM runs, more than any buffer holds, and the focus
    changes in between: by number and by name."""
    rnd = random.Random(1)
    parts = [
        [bytes(rnd.choices([*range(4), *range(5, 256)], k=5000)) for _ in range(3)]
        for _ in range(2)
    ]
    streams = [pieces(b"\x04".join([*parts[vm], b""]), vm) for vm in range(2)]
    keys = [b"\x1d0", b"\x1dlinux1\r"]
    typed = b"".join(
        keys[vm] + piece
        for both in itertools.zip_longest(*streams, fillvalue=b"")
        for vm, piece in enumerate(both)
    )
    done = machine.run(
        typed, kernel=machine.payload("echo"), smp=1, vms=2, pcpus=2, mem="64M"
    ).expect(machine.OK)
    for vm in range(2):
        said = machine.said_by(done.out, f"linux{vm}")
        for name, data in zip(("poll", "irq", "bursts"), parts[vm]):
            assert f"{name}: 5000 bytes, crc32 {zlib.crc32(data):08x}" in said


def test_one_vm_with_the_multiplexer_is_not_touched():
    done = machine.run(
        b"\x1d?nothing",
        kernel=machine.payload("hello"),
        smp=1,
        host_append="console=mux",
    ).expect(machine.OK)
    assert done.lines("ok hello.")
    assert done.lines("plinth: console: 0 linux, here")


def test_two_linux_guests_take_turns_at_the_keyboard():
    settings = machine.linux(4, append=f"{machine.BOOT_ARGS} quiet", vms=2)
    with machine.session(**settings) as talk:
        prompts(talk, ["linux0", "linux1"])
        talk.sendline("echo here $((40 + 2)); hostname zero")
        talk.expect(r"\[linux0\] here 42")
        switch(talk, "1", "linux1")
        talk.sendline("echo there $((50 + 1)); nproc")
        talk.expect(r"\[linux1\] there 51\r\n")
        talk.expect(r"\[linux1\] 4\r\n")  # the other's prompt may come between
        talk.send("\x1d?")
        talk.expect_exact("plinth: console: 1 linux1, here")
        talk.sendline("poweroff -f")
        talk.expect_exact("plinth: VM linux1: off")
        switch(talk, "linux0\r", "linux0")
        talk.expect(r"\[linux0\] here 42")  # from the scroll-back
        talk.sendline("hostname")
        talk.expect(r"\[linux0\] zero")
        talk.sendline("poweroff -f")
        assert talk.end().status == machine.OK


@pytest.mark.long
def test_eight_guests_of_two_vcpus_on_two_cpus_reach_eight_shells():
    """`make run-linux KERNEL=built VMS=8 SMP=2 PCPUS=2`, on a terminal."""
    machine.guest_parts("linux-parts", "KERNEL=built")
    words = ["make", "run-linux", "KERNEL=built", "VMS=8", "SMP=2", "PCPUS=2"]
    with machine.terminal(words, 2 * machine.LINUX_SECONDS) as tty:
        tty.expect_exact("Ctrl-] and a digit or a name")
        prompts(tty, [f"linux{vm}" for vm in range(8)])
        for vm in range(8):
            switch(tty, str(vm), f"linux{vm}")
            tty.sendline(f"echo shell $((100 + {vm})) of $(nproc)")
            tty.expect(rf"\[linux{vm}\][^\r\n]* shell {100 + vm} of 2\r")
        tty.send("\x01x")
        tty.expect_exact(f"(status {machine.LEFT})")
