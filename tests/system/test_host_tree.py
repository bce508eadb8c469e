"""A host device tree that lacks something: one line names it, status 4.

The raw binary stands at 0x80200000 and so looks for the tree at 0x80000000
first, where a test's own takes the place of QEMU's (at 0x40000000)."""

import subprocess

import machine
import pytest

TREE, IMAGE, RAM = 0x80000000, 0x80200000, "1536M"
UART, GIC, CPU = "/pl011@9000000", "/intc@8000000", "/cpus/cpu@1"

RAM_NODE = "/memory@40000000"


def put(node, name, *values, kind="s"):
    """A change of a tree: fdtput's options, and its arguments after the file."""
    return ["-t", kind], [node, name, *values]


def drop(node, name=None):
    return (["-d"], [node, name]) if name else (["-r"], [node])


# The change -> what the line must name.
FAULTS = {
    "memory_reg": (
        put(RAM_NODE, "reg", "0", "40000000", "0", "60000000", "7", kind="x"),
        [RAM_NODE, "reg"],
    ),
    "uart_interrupts": (drop(UART, "interrupts"), [UART, "interrupts"]),
    "uart_reg": (drop(UART, "reg"), [UART, "reg"]),
    "uart_disabled": (put(UART, "status", "disabled"), ["arm,pl011"]),
    "gic_reg": (drop(GIC, "reg"), [GIC, "reg"]),
    "gic_too_old": (put(GIC, "compatible", "arm,gic-400"), [GIC, "arm,gic-400"]),
    "gic_absent": (drop(GIC), ["arm,gic-v3"]),
    "timer_absent": (drop("/timer"), ["arm,armv8-timer"]),
    "timer_interrupts": (drop("/timer", "interrupts"), ["/timer", "interrupts"]),
    "cpus_absent": (drop("/cpus"), ["cpus"]),
    "cpu_reg": (drop(CPU, "reg"), [CPU, "reg"]),
    "cpu_enable_method": (drop(CPU, "enable-method"), [CPU, "enable-method"]),
    "psci_absent": (drop("/psci"), ["arm,psci-0.2"]),
    "psci_method": (drop("/psci", "method"), ["/psci", "method"]),
    "psci_hvc": (put("/psci", "method", "hvc"), ["/psci", "method", "hvc"]),
}


def edit(tree, change):
    options, arguments = change
    subprocess.run(["fdtput", *options, tree, *arguments], check=True)


@pytest.fixture(scope="module", name="tree")
def host_tree(tmp_path_factory):
    """QEMU's own tree for the machine of run_with()."""
    path = tmp_path_factory.mktemp("host") / "host.dtb"
    subprocess.run(
        ["qemu-system-aarch64", "-M",
         f"virt,gic-version=3,virtualization=on,dumpdtb={path}", "-cpu", "max",
         "-smp", "2", "-m", RAM, "-display", "none", "-nic", "none"],
        check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
    )  # fmt: skip
    # Squeezed: QEMU's own has room for a megabyte.
    edit(path, put("/chosen", "bootargs", ""))
    return path


def run_with(tree):
    return machine.run(
        kernel=machine.payload("hello"),
        smp=2,
        raw=machine.BUILD / "plinth.bin",
        raw_at=IMAGE,
        qemu_args=f"-m {RAM} -device loader,file={tree},addr={TREE},force-raw=on",
    )


def test_unchanged_tree_boots(tree):
    done = run_with(tree).expect(machine.OK)
    machine.checks(done.out)
    assert f"EL2 at 0x{IMAGE:x}" in done.out


# Rules out: missing-property
@pytest.mark.parametrize("fault", FAULTS)
def test_missing_property_stops_the_boot(fault, tree, tmp_path):
    change, named = FAULTS[fault]
    changed = tmp_path / "host.dtb"
    changed.write_bytes(tree.read_bytes())
    edit(changed, change)
    done = run_with(changed).expect(machine.BOOT)
    said = done.err.splitlines()[-1]
    assert all(word in said for word in named), said
    assert len(done.plinth_errors()) <= 1
