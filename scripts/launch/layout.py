"""Where the modules stand in the machine's memory.

Each kind has a fixed address, so that a manifest or a debugger can know it. A
file that is too big for its gap moves those behind it.
"""

from dataclasses import dataclass

from . import UsageError
from .size import BLOCK, MIB, align_up, show_size

RAM_BASE = 0x40000000
HYPERVISOR = 0x40200000
MANIFEST = 0x46000000
MANIFEST_MAX = 16 * MIB
SLACK = 128 * MIB  # the hypervisor's own pages: tables, stacks, vCPUs
LEAST = 512 * MIB  # of machine memory

ORDER = ("dtb", "kernel", "initrd", "disk")
FIXED = {
    "dtb": 0x47000000,
    "kernel": 0x48000000,
    "initrd": 0x54000000,
    "disk": 0x58000000,
}
ALIGN = {"dtb": 4096, "kernel": BLOCK, "initrd": 4096, "disk": 4096}


@dataclass(frozen=True)
class Module:
    """A file in the machine's memory; `vm` is None when all VMs use it."""

    kind: str
    path: str
    base: int
    size: int
    vm: int = None


def place(files, vms=1):
    """Modules for `files`, a list of (kind, path, size). Every VM has a copy of
    its own of each disk, for a disk is written to."""
    modules, free = [], MANIFEST + MANIFEST_MAX
    for kind in ORDER:
        for path, size in [(p, s) for k, p, s in files if k == kind]:
            for vm in range(vms) if kind == "disk" else [None]:
                base = align_up(max(FIXED[kind], free), ALIGN[kind])
                modules.append(Module(kind, path, base, size, vm))
                free = base + size
    return modules


def machine_memory(ends, guest_memory):
    """Bytes of RAM that the machine needs: up to the last of `ends` (addresses
    behind modules), then all guests' RAM and the hypervisor's own."""
    top = max([MANIFEST + MANIFEST_MAX, *ends]) - RAM_BASE
    return max(LEAST, align_up(top + guest_memory + SLACK, BLOCK))


def check_apart(modules):
    """A manifest may say where its modules are; QEMU loads no two to one place."""
    ordered = sorted(modules, key=lambda module: module.base)
    for low, high in zip(ordered, ordered[1:]):
        if low.base + low.size > high.base:
            raise UsageError(
                f"MANIFEST: {low.path} at {low.base:#x} and {high.path} at "
                f"{high.base:#x} overlap"
            )


def check_host(size, name="MEM"):
    """QEMU backs the machine by this host's memory."""
    host = 0
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith(("MemTotal:", "SwapTotal:")):
                    host += int(line.split()[1]) * 1024
    except OSError:
        return
    if size > host:
        raise UsageError(
            f"{name}: this needs a machine of {show_size(size)}, "
            f"more than this host's {show_size(host // MIB * MIB)}"
        )
