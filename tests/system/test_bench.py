"""The bench's plugin against what Plinth and the payloads count themselves."""

import json
import re
import subprocess
import sys

import machine
import pytest

sys.path.insert(0, str(machine.ROOT / "tests" / "bench"))

import exits  # noqa: E402

PLUGIN = machine.BUILD / "bench" / "plugin" / "exits.so"


def counted(out, name, smp, **more):
    """(the plugin's results, the console's text) of a payload's run."""
    elf = machine.BUILD / "plinth.elf"
    result = machine.run(
        kernel=machine.payload(name),
        smp=smp,
        icount=True,
        host_append="stats",
        qemu_args=f"-plugin {exits.plugin_arguments(PLUGIN, elf, out)}",
        **more,
    ).expect(machine.OK)
    return json.loads(out.read_text()), result.out


# More vCPUs than CPUs: exits in which another vCPU comes next.
@pytest.mark.parametrize("name, smp, pcpus", [("psci", 4, 4), ("irqsmp", 4, 2)])
def test_every_exit_is_counted_by_its_reason(tmp_path, name, smp, pcpus):
    raw, text = counted(tmp_path / "a", name, smp, pcpus=pcpus)
    assert exits.disagreements(raw, text) == []
    assert exits.digest(raw)["exits"] > 20
    assert not [r for r in exits.digest(raw)["reasons"] if "class 0x" in r["reason"]]


def test_two_runs_count_the_same(tmp_path):
    runs = [counted(tmp_path / side, "irqsmp", 4)[0] for side in "ab"]
    assert runs[0] == runs[1]


def bench(*words):
    subprocess.run(
        ["make", "-s", *words],
        cwd=machine.ROOT,
        env=machine.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=10 * machine.LINUX_SECONDS,
    )


@machine.BY_MAKE
@pytest.mark.long
def test_the_bench_made_twice_gives_the_same_figures():
    """All that it leaves, to the byte: operations, boots, starts, sizes, paths."""
    runs = []
    for _ in range(2):
        for old in (machine.BUILD / "bench").glob("results*.json"):
            old.unlink()
        bench("bench")
        bench("bench-boots", "BASELINE=check")
        kept = ("results*.json", "linux.json", "anatomy.txt", "chart.svg")
        files = [f for name in kept for f in (machine.BUILD / "bench").glob(name)]
        runs.append({file.name: file.read_text() for file in files})
    assert json.loads(runs[0]["results.json"]).keys() >= {"operations", "linux", "starts", "boots"}
    assert len(runs[0]) >= 6
    assert runs[0] == runs[1]


# The bench is timed by virtual time, the plugin counts: two ways to one figure.
def test_the_plugin_finds_what_the_bench_measures(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(2 << 20))
    raw, text = counted(
        tmp_path / "a",
        "bench",
        2,
        cpu="cortex-a57",
        disk=disk,
        manifest=machine.ROOT / "tests" / "bench" / "bench.dts",
    )
    machine.checks(text)
    rows = {r["reason"]: r for r in exits.digest(raw)["reasons"]}
    cost = {n: float(v) for n, v in re.findall(r"^bench (\w+) ([\d.]+)$", text, re.M)}
    # Natively a register or a word is read by one instruction.
    assert abs(rows["mrs PMCR_EL0"]["mean"] - (cost["pmcr"] - 1)) < 0.5
    assert abs(rows["GICD read"]["mean"] - (cost["gicd_typer"] - 1)) < 2
    # And each 64 KiB of RAM that come with their first touch are one exit.
    touch = rows["memory read"]
    assert touch["count"] >= 256
    assert abs(touch["mean"] - cost["first_touch"]) < cost["first_touch"] / 10
