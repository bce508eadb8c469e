"""What an operation costs does not depend on how much else there is: the bench's
payload beside other VMs, with other CPUs and with other devices. The rows are read
under icount, so a run is its own proof."""

import re
import sys

import machine
import pytest

sys.path.insert(0, str(machine.ROOT / "tests" / "bench"))

pytestmark = pytest.mark.long

TOLERANCE = 0.03
ROW = re.compile(r"^(?:\[bench\] )?bench (\w+) ([\d.]+)$", re.M)
# A CPU that goes or comes looks at each SPI and waits for others by the clock.
GROWS = {"cpu_on"}


def vm(name, cpus, more):
    return (
        f'{name} {{ compatible = "plinth,vm"; #address-cells = <2>; #size-cells = <2>;'
        f'cpus = <{cpus}>; memory = <0x0 0x4000000>; {more} kernel {{ '
        'compatible = "plinth,kernel"; file = "KERNEL"; }; DISK };'
    )


DISK = 'disk { compatible = "plinth,disk"; file = "disk.img"; };'


def rows(folder, vms=1, cpus=2, slots=1):
    """{operation: instructions} of the first VM. The others sleep until it has
    ended, on a CPU that it does not use."""
    folder.mkdir()
    (folder / "disk.img").write_bytes(bytes(2 << 20))
    busy = " ".join(str(cpu) for cpu in range(cpus))
    text = vm(
        "bench",
        cpus,
        f"pcpus = <{busy}>; spis = <96>; virtio-slots = <{slots}>;"
        'populate = "first-touch"; overcommit = "allowed"; bootargs = "late";',
    ).replace("DISK", DISK)
    text = text.replace("KERNEL", str(machine.payload("bench")))
    for other in range(1, vms):
        idle = vm(f"idle{other}", 1, f'pcpus = <{cpus}>; bootargs = "idle";')
        text += idle.replace("DISK", "").replace("KERNEL", str(machine.payload("shared")))
    source = folder / "vms.dts"
    source.write_text(
        '/dts-v1/; / { compatible = "plinth,manifest-1"; #address-cells = <2>;'
        f" #size-cells = <2>; {text} }};"
    )
    done = machine.run(
        manifest=source, pcpus=cpus + (vms > 1), icount=True, cpu="cortex-a57"
    ).expect(machine.OK)
    assert not re.search(r"^(?:\[\w+\] )?not ok", done.out, re.M)
    found = {name: float(value) for name, value in ROW.findall(done.out)}
    assert len(found) > 20
    return found


def assert_flat(one, many):
    for name in sorted(one.keys() & many.keys() - GROWS):
        print(f"{name:<20}{one[name]:>12.2f}{many[name]:>12.2f}")
    for name in one.keys() & many.keys() - GROWS:
        assert many[name] <= one[name] * (1 + TOLERANCE) + 1, name


def test_sixteen_vms_cost_what_one_costs(tmp_path):
    assert_flat(rows(tmp_path / "1"), rows(tmp_path / "16", vms=16))


def test_eight_vcpus_cost_what_one_costs(tmp_path):
    eight = rows(tmp_path / "8", cpus=8)
    assert_flat(rows(tmp_path / "1", cpus=1), eight)
    assert_flat(rows(tmp_path / "2", cpus=2), eight)


def test_thirty_two_devices_cost_what_two_cost(tmp_path):
    """A device alone in its page is found one step sooner than those that share one:
    that much is between one and two."""
    one, two = rows(tmp_path / "1"), rows(tmp_path / "2", slots=2)
    many = rows(tmp_path / "32", slots=32)
    assert_flat(two, many)
    assert many["virtio_notify"] <= one["virtio_notify"] + 10
    assert_flat({k: v for k, v in one.items() if "virtio" not in k}, many)
