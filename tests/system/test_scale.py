"""What an operation costs does not depend on how much else there is: the bench's
payload beside other VMs, with other CPUs and with other devices. The rows are read
under icount, so a run is its own proof."""

import json
import re
import sys

import machine
import pytest

sys.path.insert(0, str(machine.ROOT / "tests" / "bench"))

import exits  # noqa: E402

PLUGIN = machine.BUILD / "bench" / "plugin" / "exits.so"

pytestmark = pytest.mark.long

TOLERANCE = 0.03


def vm(name, cpus, more):
    return (
        f'{name} {{ compatible = "plinth,vm"; #address-cells = <2>; #size-cells = <2>;'
        f'cpus = <{cpus}>; memory = <0x0 0x4000000>; {more} kernel {{ '
        'compatible = "plinth,kernel"; file = "KERNEL"; }; DISK };'
    )


DISK = 'disk { compatible = "plinth,disk"; file = "disk.img"; };'


def disk(number):
    """A disk with a file of its own."""
    return DISK.replace("disk {", f"disk{number} {{").replace("disk.img", f"disk{number}.img")


def source_of(folder, vms):
    folder.mkdir()
    for file in set(re.findall(r'"(disk\d*\.img)"', vms)):
        (folder / file).write_bytes(bytes(2 << 20))
    source = folder / "vms.dts"
    source.write_text(
        '/dts-v1/; / { compatible = "plinth,manifest-1"; #address-cells = <2>;'
        f" #size-cells = <2>; {vms} }};"
    )
    return source


def idle(nr, pcpu):
    """So many VMs that sleep until the others have ended, on a CPU of their own."""
    text = ""
    for other in range(nr):
        text += vm(f"idle{other}", 1, f'pcpus = <{pcpu}>; bootargs = "idle";')
    return text.replace("DISK", "").replace("KERNEL", str(machine.payload("shared")))


def measured(source, pcpus, tag):
    done = machine.run(
        manifest=source, pcpus=pcpus, icount=True, cpu="cortex-a57"
    ).expect(machine.OK)
    assert not re.search(r"^(?:\[\w+\] )?not ok", done.out, re.M)
    found = re.findall(rf"^(?:\[(?:{tag})\] )?bench (\w+) ([\d.]+)$", done.out, re.M)
    return {name: float(value) for name, value in found}


def rows(folder, vms=1, cpus=2, slots=1, slot=0):
    """{operation: instructions} of a VM with CPUs of its own. Its disk is the one in
    `slot`, with others in those before."""
    busy = " ".join(str(cpu) for cpu in range(cpus))
    text = vm(
        "bench",
        cpus,
        f"pcpus = <{busy}>; spis = <96>; virtio-slots = <{slots}>;"
        'populate = "first-touch"; overcommit = "allowed"; '
        f'bootargs = "late slot={slot}";',
    ).replace("DISK", "".join(disk(n) for n in range(slot + 1)))
    text = text.replace("KERNEL", str(machine.payload("bench")))
    source = source_of(folder, text + idle(vms - 1, cpus))
    found = measured(source, cpus + (vms > 1), "bench")
    assert len(found) > 20
    return found


def shared_rows(folder, vms=2, cpus=2, slots=1):
    """The same of two VMs that share a CPU, the first of `cpus` vCPUs. How late the worst
    of 10 000 interrupts is depends on what it meets with."""
    more = f"pcpus = <0>; virtio-slots = <{slots}>;"
    text = vm("shared", cpus, more + 'bootargs = "late";') + vm("load", 1, more + 'bootargs = "load";')
    text = text.replace("DISK", DISK).replace("KERNEL", str(machine.payload("shared")))
    source = source_of(folder, text + idle(vms - 2, 1))
    found = measured(source, 1 + (vms > 2), "shared|load")
    assert len(found) == 10
    del found["latency_worst"]
    return found


def assert_flat(one, many, step=1, more=()):
    """Within 3 %, up or down, and one step of the clock; with rows `more` besides."""
    assert many.keys() == one.keys() | set(more)
    for name in one:
        print(f"{name:<20}{one[name]:>12.2f}{many[name]:>12.2f}")
    allowed = {name: cost * TOLERANCE + step for name, cost in one.items()}
    assert not {
        name: (one[name], many[name])
        for name in one
        if abs(many[name] - one[name]) > allowed[name]
    }


# Rows that one vCPU has not got.
OF_TWO = ("sgi_cross", "sgi_cross_send", "sgi_cross_receive", "cpu_on")


def test_sixteen_vms_cost_what_one_costs(tmp_path):
    assert_flat(rows(tmp_path / "1"), rows(tmp_path / "16", vms=16))


# A CPU goes to another vCPU by these, where there is one; no other row may tell of it.
WAITS, SWITCHES = "WFI", ("interrupt", "WFI")
CALLS = "HVC"
OFTEN = 5000  # rounds of the bench at least


def by_reason(folder, neighbours):
    """{reason: instructions of an exit}, of the frequent ones (the mean; of calls the
    least), of a VM that measures while others compute on its CPU. Time says nothing then:
    the bench's plugin counts."""
    text = vm("bench", 1, 'pcpus = <0>; weight = <4096>; spis = <96>; bootargs = "late";')
    text = text.replace("DISK", DISK).replace("KERNEL", str(machine.payload("bench")))
    for number in range(neighbours):
        text += vm(f"busy{number}", 1, "pcpus = <0>; weight = <64>;")
    text = text.replace("DISK", "").replace("KERNEL", str(machine.payload("fair")))
    source, out = source_of(folder, text), folder / "counts"
    plugin = exits.plugin_arguments(PLUGIN, machine.BUILD / "plinth.elf", out)
    done = machine.run(
        manifest=source, pcpus=1, icount=True, cpu="cortex-a57", qemu_args=f"-plugin {plugin}"
    ).expect(machine.OK)
    assert not re.search(r"^(?:\[\w+\] )?not ok", done.out, re.M)
    raw = json.loads(out.read_text())
    found = exits.digest(raw)["reasons"]
    costs = {row["reason"]: row["mean"] for row in found if row["count"] > OFTEN}
    # The mean has the neighbours' own calls, which switch them off.
    calls = [e["min"] for e in raw["exits"] if exits.reason(e["esr"], e["device"]) == CALLS]
    return {**costs, CALLS: min(calls)}


def test_exits_that_do_not_switch_cost_the_same_beside_fifteen_that_compute(tmp_path):
    alone, beside = by_reason(tmp_path / "0", 0), by_reason(tmp_path / "15", 15)
    assert WAITS in beside and WAITS not in alone  # it traps where another can run
    for found in (alone, beside):
        for reason in SWITCHES:
            found.pop(reason, None)
    assert len(alone) > 15
    assert_flat(alone, beside)


def test_eight_vcpus_cost_what_one_costs(tmp_path):
    eight = rows(tmp_path / "8", cpus=8)
    assert_flat(rows(tmp_path / "1", cpus=1), eight, more=OF_TWO)
    assert_flat(rows(tmp_path / "2", cpus=2), eight)


def test_thirty_two_devices_cost_what_one_costs(tmp_path):
    one, two = rows(tmp_path / "1"), rows(tmp_path / "2", slots=2)
    many = rows(tmp_path / "32", slots=32)
    assert_flat(two, many)
    assert_flat(one, many)
    assert_flat(one, rows(tmp_path / "last", slots=32, slot=31))


@pytest.mark.parametrize("more", [{"vms": 16}, {"cpus": 8}, {"slots": 32}])
def test_a_switch_costs_the_same_beside_many(tmp_path, more):
    few, many = shared_rows(tmp_path / "few"), shared_rows(tmp_path / "many", **more)
    assert_flat(few, many, step=16)
