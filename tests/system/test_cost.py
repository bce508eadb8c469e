"""What sharing a CPU costs, in instructions: counted by the bench's plugin, which
tells a guest's from Plinth's."""

import json
import shlex
import sys

import machine
import pytest

sys.path.append(str(machine.ROOT / "tests" / "bench"))
import exits  # noqa: E402

pytestmark = pytest.mark.long


def counted(tmp_path, **settings):
    """The plugin's counts of a run on one CPU under icount."""
    plugin = machine.BUILD / "bench/plugin/exits.so"
    machine.guest_parts(plugin.relative_to(machine.ROOT))
    out = tmp_path / "counts.json"
    words = exits.plugin_arguments(plugin, machine.BUILD / "plinth.elf", out)
    machine.run(
        seconds=3 * machine.LINUX_SECONDS, pcpus=1, icount=True,
        qemu_args=shlex.join(["-plugin", words]), **settings,
    ).expect(machine.OK)  # fmt: skip
    with open(out, encoding="utf-8") as file:
        counts = json.load(file)
    assert not counts["trouble"]
    return counts


def test_four_vcpus_on_one_cpu_boot_with_little_more_than_one(tmp_path):
    """A stock kernel to its init: what more is not spinning for each other."""

    def guest(smp):
        parts = machine.BUILD / "linux"
        return counted(
            tmp_path, kernel=parts / "Image", initrd=parts / "initramfs.cpio.gz",
            smp=smp, mem="256M", append="console=ttyAMA0 plinth.off quiet",
        )["guest"]  # fmt: skip

    one, four = guest(1), guest(4)
    print(f"guest instructions: 1 vCPU {one}, 4 vCPUs {four}, {four / one:.3f}")
    assert four <= 1.15 * one
