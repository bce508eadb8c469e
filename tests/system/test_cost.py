"""What idle guests and a shared CPU cost, in instructions: counted by the bench's
plugin, which tells a guest's from Plinth's."""

import json
import shlex
import sys

import machine
import pytest

sys.path.append(str(machine.ROOT / "tests" / "bench"))
import exits  # noqa: E402

LINUX = machine.BUILD / "linux/parts-built"


def counted(tmp_path, **settings):
    """The plugin's counts of a run under icount, on one CPU unless told."""
    plugin = machine.BUILD / "bench/plugin/exits.so"
    out = tmp_path / "counts.json"
    words = exits.plugin_arguments(plugin, machine.BUILD / "plinth.elf", out)
    machine.run(
        seconds=9 * machine.LINUX_SECONDS, icount=True,
        qemu_args=shlex.join(["-plugin", words]), **{"pcpus": 1, **settings},
    ).expect(machine.OK)  # fmt: skip
    with open(out, encoding="utf-8") as file:
        counts = json.load(file)
    assert not counts["trouble"]
    return counts


def el2_each_second(tmp_path, append, seconds=(10, 60), **settings):
    """What Plinth executes in a virtual second of guests that do as `append` says,
    which has a boot argument seconds=N: of two runs the one, without the other."""
    short, long = (
        counted(tmp_path, append=f"{append} seconds={n}", **settings)["el2"]
        for n in seconds
    )
    cost = (long - short) / (seconds[1] - seconds[0])
    print(f"EL2 instructions each second: {cost:.0f}")
    return cost


def test_eight_guests_that_wake_ten_times_a_second_cost_little(tmp_path):
    cost = el2_each_second(
        tmp_path, "sleeper period=100000", seconds=(2, 7),
        kernel=machine.payload("fair"), vms=8, smp=1, mem="8M",
    )  # fmt: skip
    assert 0 < cost < 400_000


def test_guest_alone_that_wakes_ten_times_a_second_costs_its_interrupts(tmp_path):
    cost = el2_each_second(
        tmp_path, "sleeper period=100000", seconds=(2, 7),
        kernel=machine.payload("fair"), smp=1, mem="8M",
    )  # fmt: skip
    assert 0 < cost < 2_000


@pytest.fixture
def sleeper(tmp_path):
    """The settings of a Linux guest that sleeps for seconds=N."""
    machine.guest_parts("linux-parts", "KERNEL=built")
    initrd = tmp_path / "idle.cpio.gz"
    script = machine.ROOT / "tests/system/guest/idle"
    words = [machine.ROOT / "guest/linux/mkinitramfs", "-o", initrd]
    words += [machine.ROOT / "guest/linux/initramfs", LINUX / "kernel"]
    machine.finished([*map(str, words), f"{script}=test/idle"]).expect(machine.OK)
    return {
        "kernel": LINUX / "Image",
        "initrd": initrd,
        "append": "console=ttyAMA0 quiet rdinit=/test/idle",
    }


@pytest.mark.guest
@pytest.mark.long
def test_idle_linux_costs_under_20_000_instructions_a_second(tmp_path, sleeper):
    assert 0 < el2_each_second(tmp_path, smp=1, mem="128M", **sleeper) < 20_000


@pytest.mark.guest
@pytest.mark.long
def test_idle_linux_of_four_cpus_costs_under_20_000_in_all(tmp_path, sleeper):
    cost = el2_each_second(tmp_path, smp=4, pcpus=4, mem="128M", **sleeper)
    assert 0 < cost < 20_000


@pytest.mark.guest
@pytest.mark.long
def test_eight_idle_linux_guests_cost_under_20_000_a_second_each(tmp_path, sleeper):
    cost = el2_each_second(tmp_path, smp=1, vms=8, mem="128M", **sleeper)
    assert 0 < cost < 8 * 20_000


@pytest.mark.guest
@pytest.mark.long
def test_four_vcpus_on_one_cpu_boot_with_little_more_than_one(tmp_path):
    """Linux to its init and off: what more is not spinning for each other."""
    machine.guest_parts("linux-parts", "KERNEL=built")

    def boot(smp):
        return counted(
            tmp_path, kernel=LINUX / "Image", initrd=LINUX / "initramfs.cpio.gz",
            smp=smp, append="console=ttyAMA0 plinth.off quiet",
        )  # fmt: skip

    one, four = boot(1), boot(4)
    spent = (four["el2"] - four["startup"]) / four["guest"]
    print(f"guest instructions: 1 vCPU {one['guest']}, 4 vCPUs {four['guest']}, ")
    print(f"{four['guest'] / one['guest']:.3f}; of EL2 {100 * spent:.2f} %")
    assert four["guest"] <= 1.15 * one["guest"]
    assert spent < 0.02
