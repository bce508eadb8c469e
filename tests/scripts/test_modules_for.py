"""From hardware to kernel options: readers of lspci, lsmod and device trees, and
the index of a kernel's source, here of a very small one."""

import json

import pytest
from kconf import KconfError, advice, drivers, expression, hardware, kconfig

LSPCI = """\
00:00.0 Host bridge: Red Hat, Inc. QEMU PCIe Host bridge
00:01.0 Ethernet controller: Intel Corporation 82574L
\tSubsystem: Intel Corporation 82574L
\tKernel driver in use: e1000e
\tKernel modules: e1000e, other
00:02.0 SCSI storage controller: Red Hat, Inc. Virtio block device
\tKernel driver in use: virtio-pci
"""
LSMOD = """\
Module                  Size  Used by
virtio_blk             20480  2
nf-tables             300000  1 nft_ct
"""
TREE = """\
/dts-v1/;

/ {
\tcompatible = "linux,dummy-virt";

\tcpus {
\t\tcpu@0 {
\t\t\tdevice_type = "cpu";
\t\t\tcompatible = "arm,armv8";
\t\t};
\t};

\tbus {
\t\tcompatible = "simple-bus";
\t\tstatus = "disabled";

\t\tdev@1 {
\t\t\tcompatible = "vendor,off-with-its-bus";
\t\t};
\t};

\tuart@9000000 {
\t\tcompatible = "arm,pl011", "arm,primecell";
\t\tstatus = "okay";
\t};

\tnet@2 {
\t\tcompatible = "vendor,net-2", "vendor,net";
\t};
};
"""


def test_lspci_gives_the_driver_first():
    needs = hardware.lspci(LSPCI)
    assert [need.modules for need in needs] == [[], ["e1000e", "other"], ["virtio-pci"]]
    assert needs[1].what.startswith("00:01.0 Ethernet")


def test_lsmod_gives_modules():
    assert [need.modules for need in hardware.lsmod(LSMOD)] == [["virtio_blk"], ["nf-tables"]]


def test_device_tree_gives_enabled_devices_and_primecell_numbers():
    needs = hardware.device_tree(TREE)
    assert [(need.compatible, need.parts) for need in needs] == [
        (["vendor,net-2", "vendor,net"], []),
        (["arm,pl011"], ["011"]),
    ]


def test_input_is_recognised():
    assert hardware.kind(LSPCI.encode()) == "lspci"
    assert hardware.kind(LSMOD.encode()) == "lsmod"
    assert hardware.kind(TREE.encode()) == "dts"
    assert hardware.kind(b"\xd0\x0d\xfe\xed\0\0") == "dtb"
    with pytest.raises(KconfError, match="neither"):
        hardware.kind(b"hello\n")


@pytest.mark.parametrize(
    "condition, value",
    [
        ("A", True),
        ("B", False),
        ("!B", True),
        ("A && B", False),
        ("A || B", True),
        ("B || A && M", True),
        ("!(A && M)", True),  # the complement of m is m
        ("!(A && A)", False),
        ("M=m && A!=n", True),
        ("M = y", False),
        ("B=n", True),
        ('TEXT="x"', True),
        ("(A", True),
        ("", False),
    ],
)
def test_conditions_are_evaluated_as_kconfig_does(condition, value):
    assert expression.holds(condition, {"A": "y", "M": "m", "TEXT": '"x"'}) is value


FILES = {
    "drivers/Makefile": "obj-y += net/\nobj-$(CONFIG_TTY) += tty/\n",
    "drivers/net/Makefile": "obj-$(CONFIG_VENDOR) += vendor/\nobj-$(CONFIG_PLAIN) += plain.o\n",
    "drivers/net/vendor/Makefile": "obj-$(CONFIG_BIGNET) += big-net.o\n"
    "big-net-y := main.o \\\n\tring.o\nbig-net-$(CONFIG_BIGNET_PTP) += ptp.o\n",
    "drivers/net/vendor/main.c": '#define FW "vendor/"\n'
    'static const struct of_device_id t[] = {\n\t{ .compatible = "vendor,net" },\n};\n'
    'MODULE_FIRMWARE(FW "net.bin");\nMODULE_FIRMWARE(compute(3));\n'
    'static struct pci_driver d = {\n\t.name = "bignet_pci",\n};\n',
    "drivers/net/plain.c": 'IRQCHIP_DECLARE(x, "vendor,plain", init);\n',
    "drivers/tty/Makefile": "obj-$(CONFIG_PL011) += pl011.o\n",
    "drivers/tty/pl011.c": "static const struct amba_id ids[] = {\n\t{\n"
    "\t\t.id\t= 0x00041011,\n\t\t.mask\t= 0x000fffff,\n\t},\n};\n",
    "drivers/net/vendor/Kconfig": 'config BIGNET\n\ttristate "Big network"\n'
    "\tdepends on PCI && VENDOR\n",
    "arch/x86/Makefile": "obj-$(CONFIG_X86) += x.o\n",
}


@pytest.fixture
def source(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return str(tmp_path)


def test_index_knows_what_builds_and_what_finds_a_driver(source):
    index = json.loads(json.dumps(drivers.build(source)))
    assert index["modules"]["big_net"] == [["drivers/net/vendor/big-net", "BIGNET", "VENDOR"]]
    assert "x" not in index["modules"]
    main = "drivers/net/vendor/main.c"
    assert index["objects"][main] == ["BIGNET", "VENDOR"]
    assert index["compatible"]["vendor,net"] == [main]
    assert index["compatible"]["vendor,plain"] == ["drivers/net/plain.c"]
    assert index["amba"]["011"] == ["drivers/tty/pl011.c"]
    assert index["drivers"]["bignet_pci"] == [main]
    assert index["firmware"] == {main: ["vendor/net.bin"]}
    assert main in index["parts"]["drivers/net/vendor/big-net"]


def advise(source, need, config):
    return advice.lines(need, config, kconfig.read(source), drivers.build(source))


def test_advice_marks_options_and_firmware(source):
    need = hardware.Need("x", modules=["big_net"])
    assert advise(source, need, {"VENDOR": "y"}) == [
        "missing CONFIG_BIGNET  Big network; needs: PCI && VENDOR",
        "present CONFIG_VENDOR=y",
        "missing firmware vendor/net.bin  not in CONFIG_EXTRA_FIRMWARE",
    ]
    config = {"VENDOR": "y", "BIGNET": "m", "EXTRA_FIRMWARE": '"a vendor/net.bin"'}
    assert advise(source, need, config) == [
        "present CONFIG_BIGNET=m  Big network",
        "present CONFIG_VENDOR=y",
        "present firmware vendor/net.bin",
    ]


@pytest.mark.parametrize(
    "need, option",
    [
        (hardware.Need("x", modules=["bignet_pci"]), "BIGNET"),
        (hardware.Need("x", compatible=["vendor,net-2", "vendor,net"]), "BIGNET"),
        (hardware.Need("x", compatible=["arm,pl011"], parts=["011"]), "PL011"),
        (hardware.Need("x", compatible=["vendor,plain"]), "PLAIN"),
    ],
)
def test_a_driver_is_found_by_name_compatible_or_part(source, need, option):
    assert advise(source, need, {})[0].startswith(f"missing CONFIG_{option} ")


def test_device_that_no_driver_knows_is_unknown(source):
    assert advise(source, hardware.Need("x", compatible=["other,thing"]), {}) == ["unknown"]
    assert advise(source, hardware.Need("x"), {}) == ["unknown"]


def test_one_whole_driver_is_enough(source, tmp_path):
    (tmp_path / "drivers/net/Makefile").write_text(
        "obj-$(CONFIG_PLAIN) += plain.o\nobj-$(CONFIG_OTHER) += other.o\n"
    )
    (tmp_path / "drivers/net/other.c").write_text('X_DECLARE(x, "vendor,plain", init);\n')
    need = hardware.Need("x", compatible=["vendor,plain"])
    assert advise(source, need, {"OTHER": "y"}) == ["present CONFIG_OTHER=y"]
    assert len(advise(source, need, {})) == 2
