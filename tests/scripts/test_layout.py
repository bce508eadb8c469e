"""Where modules stand and how much memory the machine needs."""

import pytest
from launch import UsageError, layout
from launch.size import BLOCK, MIB

SMALL = [
    ("kernel", "Image", 35 * MIB + 5),
    ("dtb", "g.dtb", 3000),
    ("initrd", "i.gz", 2 * MIB),
    ("disk", "d.img", 64 * MIB),
]


def bases(modules):
    return {m.path: m.base for m in modules}


def test_files_that_fit_stand_at_the_fixed_addresses():
    assert bases(layout.place(SMALL)) == {
        "g.dtb": 0x47000000,
        "Image": 0x48000000,
        "i.gz": 0x54000000,
        "d.img": 0x58000000,
    }


def test_a_file_too_big_for_its_gap_moves_the_next():
    files = [("kernel", "Image", 200 * MIB + 1), *SMALL[1:]]
    placed = bases(layout.place(files))
    assert placed["Image"] == 0x48000000
    assert placed["i.gz"] == 0x48000000 + 200 * MIB + 4096
    assert placed["d.img"] == 0x58000000


def test_a_moved_kernel_keeps_its_alignment():
    files = [("dtb", "g.dtb", 17 * MIB), ("kernel", "Image", 1)]
    assert bases(layout.place(files))["Image"] == 0x48200000


@pytest.mark.parametrize("vms", [1, 3])
def test_modules_never_overlap(vms):
    files = [(kind, path, size * 9 + 1) for kind, path, size in SMALL]
    files.append(("disk", "second", 3))
    modules = sorted(layout.place(files, vms), key=lambda m: m.base)
    assert len(modules) == 3 + 2 * vms
    for low, high in zip(modules, modules[1:]):
        assert low.base + low.size <= high.base
        assert high.base % layout.ALIGN[high.kind] == 0


def test_every_vm_has_disks_of_its_own():
    disks = [m for m in layout.place(SMALL, 2) if m.kind == "disk"]
    assert [m.vm for m in disks] == [0, 1]


def test_memory_covers_modules_guests_and_the_hypervisor():
    end = 0x58000000 + 64 * MIB
    size = layout.machine_memory([end], 4 * 512 * MIB)
    assert size >= end - layout.RAM_BASE + 2048 * MIB + layout.SLACK
    assert size % BLOCK == 0


def test_memory_has_a_least_size():
    assert layout.machine_memory([], 2 * MIB) == layout.LEAST


def test_more_memory_than_the_host_has_is_refused():
    layout.check_host(512 * MIB)
    with pytest.raises(UsageError, match="MEM: .* more than this host"):
        layout.check_host(1 << 60)
    with pytest.raises(UsageError, match="MANIFEST: .* more than this host"):
        layout.check_host(1 << 60, "MANIFEST")


def test_modules_that_overlap_are_named():
    low, high = (layout.Module("disk", p, b, 16) for p, b in (("a", 32), ("b", 48)))
    layout.check_apart([high, low])
    with pytest.raises(UsageError, match="MANIFEST: a at 0x20 and c at 0x2f overlap"):
        layout.check_apart([layout.Module("disk", "c", 47, 1), high, low])
