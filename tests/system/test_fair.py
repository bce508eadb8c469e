"""How much of a CPU each VM gets, and how soon: told by the guests themselves,
on one CPU, with one instruction a nanosecond."""

import machine
import pytest

VM = """	{name} {{
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		cpus = <1>;
		memory = <0x0 0x400000>;
		{what}
		kernel {{ compatible = "plinth,kernel"; file = "$KERNEL"; }};
	}};
"""
# Starts again and again, for longer than the others measure, and each time its
# RAM has to be made fresh.
RESTLESS = """	restless {{
		compatible = "plinth,vm";
		cpus = <1>;
		memory = <0x0 0x20000000>;
		bootargs = "lives=150 reset";
		kernel {{ compatible = "plinth,kernel"; file = "{kernel}"; }};
		disk {{ compatible = "plinth,disk"; file = "{disk}"; }};
	}};
"""


def measured(out, vm):
    said = machine.said_by(out, vm)
    machine.checks("\n".join(said))
    (line,) = [line for line in said if line.startswith("value ")]
    return int(line.split(": ")[1], 0)


def side_by_side(tmp_path, *vms):
    """Runs a VM for each text of further properties. Returns what each of them
    measured: its work, or how late it woke at worst."""
    nodes = [VM.format(name=f"vm{i}", what=what) for i, what in enumerate(vms)]
    path = tmp_path / "manifest.dts"
    path.write_text(
        '/dts-v1/;\n/ { compatible = "plinth,manifest-1";\n' + "".join(nodes) + "};\n"
    )
    done = machine.run(
        seconds=600, kernel=machine.payload("fair"), smp=1, pcpus=1,
        manifest=path, icount=True,
    ).expect(machine.OK)  # fmt: skip
    return [measured(done.out, f"vm{i}") for i in range(len(vms))]


def test_busy_vms_share_a_cpu_by_their_weights(tmp_path):
    weights = (1, 2, 4)
    counts = side_by_side(tmp_path, *(f"weight = <{512 * w}>;" for w in weights))
    for weight, count in zip(weights, counts):
        assert count / sum(counts) == pytest.approx(weight / sum(weights), rel=0.03)


@pytest.mark.long
def test_vm_that_resets_for_ever_leaves_its_neighbour_half_of_the_cpu(tmp_path):
    whole = sum(side_by_side(tmp_path, "", ""))
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    path = tmp_path / "manifest.dts"
    path.write_text(
        '/dts-v1/;\n/ { compatible = "plinth,manifest-1";\n'
        + RESTLESS.format(kernel=machine.payload("lives"), disk=disk)
        + VM.format(name="vm0", what="")
        + "};\n"
    )
    done = machine.run(
        seconds=600, kernel=machine.payload("fair"), pcpus=1, manifest=path, icount=True
    ).expect(machine.OK)
    beside = measured(done.out, "vm0")
    assert done.out.index("[vm0] done:") < done.out.index("[restless] life 140")
    assert beside / whole > 0.45
    print(f"{beside} of {whole}")


@pytest.mark.long
def test_a_reservation_holds_beside_seven_that_never_sleep(tmp_path):
    """A fifth of the time, though its weight gives it less than a hundredth."""
    reserved = "weight = <64>; reservation = <2000 10000>;"
    counts = side_by_side(tmp_path, reserved, *["weight = <1024>;"] * 7)
    assert counts[0] / sum(counts) == pytest.approx(0.2, rel=0.02)
    for count in counts[1:]:
        assert count / sum(counts) == pytest.approx(0.8 / 7, rel=0.03)


@pytest.mark.long
def test_vms_that_never_trap_delay_a_sleeper_by_no_more_than_a_slice(tmp_path):
    busy = "weight = <1024>;"
    late, *counts = side_by_side(tmp_path, 'bootargs = "sleeper";', busy, busy, busy)
    assert late <= 3500
    assert min(counts) > 0.9 * max(counts)
