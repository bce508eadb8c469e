"""The bare-metal guests of tests/guest that need input, a disk or company, or
that end unusually. What the others check is test_conformance.py's."""

import zlib

import machine
import pytest

DISK_BYTES = 4 << 20
DAILY = {("max", 4), ("cortex-a57", 1)}


@pytest.mark.parametrize(
    "cpu, smp, more",
    [
        ("max", 4, ""),
        pytest.param("max", 8, "long", marks=pytest.mark.long),
        pytest.param("cortex-a57", 4, "long", marks=pytest.mark.long),
        pytest.param("cortex-a72", 3, "", marks=pytest.mark.long),
    ],
)
def test_cpus_that_come_and_go_race_well(cpu, smp, more):
    settings = {"cpu": cpu, "smp": smp, "append": more}
    done = machine.run(b"", 900, kernel=machine.payload("hotplug"), **settings)
    machine.checks(done.expect(machine.OK).out, 23)
    assert not done.plinth_errors()


@pytest.mark.parametrize("cpu, smp", machine.grid((1, 4), DAILY))
@pytest.mark.parametrize("name, least", [("blk", 60), ("blkbad", 20)])
def test_disk_is_what_virtio_says(name, least, cpu, smp, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(DISK_BYTES))
    done = machine.run(kernel=machine.payload(name), cpu=cpu, smp=smp, disk=disk)
    machine.checks(done.expect(machine.OK).out, least)
    assert disk.read_bytes() == bytes(DISK_BYTES), "the host's file was written to"


# ------------------------------------------------------------------- input


def text(seed, size):
    """Every byte value but the terminator's, with no short period."""
    values = [value for value in range(256) if value != 4]
    return bytes(values[(i * i + seed * i + (i >> 8)) % 255] for i in range(size))


# Rules out: early-input
def test_no_byte_of_piped_input_is_lost():
    parts = {"poll": text(1, 30_000), "irq": text(2, 65_536), "bursts": text(3, 9_000)}
    sent = b"".join(part + b"\x04" for part in parts.values())
    done = machine.run(sent, kernel=machine.payload("echo"), smp=1)
    machine.checks(done.expect(machine.OK).out)
    for name, part in parts.items():
        want = f"{name}: {len(part)} bytes, crc32 {zlib.crc32(part):08x}"
        assert want in done.out.splitlines()


def test_input_sent_when_asked_for_arrives_too():
    with machine.session(kernel=machine.payload("echo"), smp=1) as guest:
        for name in ("poll", "irq", "bursts"):
            part = text(7, 1_000)
            guest.expect_exact(f"ready {name}")
            for at in range(0, len(part), 100):
                guest.send(part[at : at + 100])
            guest.send(b"\x04")
            guest.expect_exact(f"{name}: 1000 bytes, crc32 {zlib.crc32(part):08x}")
        guest.end().expect(machine.OK)


# --------------------------------------------------- resets and their end


def reset(commands, smp, cpu="max"):
    """Obeys each of the commands in turn; after every boot all is fresh, but for
    RAM after a warm reset."""
    good = set()
    memory = "ram fresh, mem_protect 0"
    with machine.session(kernel=machine.payload("reset"), cpu=cpu, smp=smp) as guest:
        for command in commands:
            guest.expect_exact(f"# {memory}\r\n")
            warm = command == "2"
            memory = "ram kept, mem_protect 0" if warm else "ram fresh, mem_protect 1"
            guest.expect_exact("command?\r\n")
            guest.send(command)
            guest.expect(r"(resetting|done): (\d+) ok, (\d+) failed\r\n")
            assert guest.match[3] == b"0", machine.text(guest.before)
            good.add(guest.match[2])
        guest.end().expect(machine.OK)
    assert len(good) == 1, "not the same checks at every boot"


# Rules out: reset-state
@pytest.mark.parametrize("commands, smp", [("r2rro", 1), ("rs2sro", 4)])
def test_machine_is_fresh_after_every_reset(commands, smp):
    reset(commands, smp)


def test_input_that_waits_is_not_lost_by_a_reset():
    done = machine.run(b"r2sro", kernel=machine.payload("reset"), smp=2)
    assert done.expect(machine.OK).out.count("VM linux: reset") == 4
    assert "not ok" not in done.out


# Rules out: reset-leak
@pytest.mark.long
@pytest.mark.parametrize("cpu, smp", [("max", 2), ("cortex-a57", 8)])
def test_hundred_resets_leak_nothing(cpu, smp):
    reset("rs2s" * 25 + "o", smp, cpu)


@pytest.mark.parametrize("smp, others", [(1, ""), (4, "smp")])
def test_crashed_guest_gives_status_3(smp, others):
    done = machine.run(kernel=machine.payload("crash"), smp=smp, append=others)
    assert "crashing" in done.expect(machine.CRASH).out
    assert len(done.plinth_errors()) == 1
    assert "run: VM linux crashed: " in done.err


def test_vms_run_side_by_side_and_one_that_is_refused_alone_stays_out():
    hello = machine.payload("hello")
    done = machine.run(kernel=hello, smp=2, vms=2, pcpus=3).expect(machine.OK)
    assert sorted(done.lines("plinth: VM "))[-2:] == [
        "plinth: VM linux0: off",
        "plinth: VM linux1: off",
    ]
    done = machine.run(
        kernel=hello, smp=2, vms=2, pcpus=3, mem="256M", qemu_args="-m 448M"
    ).expect(machine.BOOT)
    machine.checks("\n".join(machine.said_by(done.out, "linux0")))
    (line,) = done.plinth_errors()
    assert "VM linux1: memory: not enough" in line


@machine.BY_MAKE
def test_make_tells_a_crash_from_success():
    words = ["make", f"KERNEL={machine.payload('crash')}", "SMP=1", "run"]
    done = machine.finished(words, seconds=machine.PAYLOAD_SECONDS)
    assert done.status != 0
    assert "(status 3)" in done.err
    words[1] = f"KERNEL={machine.payload('hello')}"
    done = machine.finished(words, seconds=machine.PAYLOAD_SECONDS)
    machine.checks(done.expect(machine.OK).out)
