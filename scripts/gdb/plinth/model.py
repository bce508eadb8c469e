"""Plinth's structures in the machine's memory, by the types of its DWARF.

A structure is read once, as bytes, and becomes a gdb.Value of its type; pointers
in it are plain numbers that the next read takes. Types are looked up from a
function of Plinth's that uses them: a guest's symbols, when they are loaded,
have a struct vcpu of their own.
"""

import functools

import gdb

from . import NotYet, Refused, stage2, target

# Where the whole of a type is known: a function in a source that includes it.
HOMES = {
    "struct hypervisor": "hyp_vm_ended",
    "struct cpu": "hyp_vm_ended",
    "struct cpu_exit": "hyp_vm_ended",
    "struct vm": "hyp_vm_ended",
    "struct vcpu": "hyp_vm_ended",
    "struct vm_config": "hyp_vm_ended",
    "struct vm_range": "hyp_vm_ended",
    "struct vm_slot": "vm_devices_create",
    "struct virtio_mmio": "vm_devices_create",
    "struct virtio_dev_ops": "vm_devices_create",
    "struct virtq": "vm_devices_create",
    "struct vgic": "vgic_flush",
    "struct vgic_cpu": "vgic_flush",
    "struct vgic_shared": "vgic_flush",
    "struct vgic_spis": "vgic_flush",
    "struct mmio_entry": "mmio_bus_add",
    "struct exit_record": "machine_end",
    "struct early": "boot_early",
}
ANCHOR = "hyp_vm_ended"


def objfile():
    """Plinth's symbols among all that are loaded."""
    for each in gdb.objfiles():
        if each.is_valid() and each.lookup_global_symbol(ANCHOR):
            return each
    raise Refused("no symbols of Plinth: 'file build/plinth.elf' first")


def block(function):
    symbol = objfile().lookup_global_symbol(function)
    if symbol is None:
        raise Refused(f"Plinth's symbols have no function {function}")
    return symbol.symtab.static_block()


def type_of(name):
    try:
        return gdb.lookup_type(name, block(HOMES[name]))
    except gdb.error as error:
        raise Refused(f"Plinth's symbols have no {name}") from error


def static(name, function):
    """The address of a static object in the source that has `function`."""
    symbol = gdb.lookup_symbol(name, block(function))[0]
    if symbol is None:
        raise Refused(f"Plinth's symbols have no object {name}")
    return int(symbol.value().address)


def value_at(kind, addr):
    """An object of a type (or its name) at a physical address."""
    kind = type_of(kind) if isinstance(kind, str) else kind
    if not addr:
        raise Refused(f"a null pointer to {kind}")
    return gdb.Value(target.read(addr, kind.sizeof), kind)


def array_at(kind, addr, count):
    """[(address, object)]"""
    kind = type_of(kind)
    data = target.read(addr, count * kind.sizeof) if count else b""
    places = range(0, len(data), kind.sizeof)
    return [(addr + at, gdb.Value(data[at : at + kind.sizeof], kind)) for at in places]


def member(kind, path):
    """The offset of a member, in bytes."""
    kind, offset = type_of(kind), 0
    for name in path.split("."):
        field = kind.strip_typedefs()[name]
        offset += field.bitpos // 8
        kind = field.type
    return offset


def numbers(value):
    """An array's elements as integers."""
    low, high = value.type.range()
    return [int(value[i]) for i in range(low, high + 1)]


def enumerator(kind, value):
    """The name of an enumeration's value, without the common prefix."""
    fields = {f.enumval: f.name for f in gdb.lookup_type(kind, block(ANCHOR)).fields()}
    prefix = kind.split()[-1].split("_")[0].upper() + "_"
    name = fields.get(int(value))
    return name.removeprefix(prefix).lower() if name else f"{int(value)}?"


class Hypervisor:
    """One look at the hypervisor: nothing is remembered over a stop."""

    def __init__(self):
        self.addr = static("hyp", "boot_main")
        self.value = value_at("struct hypervisor", self.addr)

    @functools.cached_property
    def cpus(self):
        """[(address, struct cpu)]"""
        if not int(self.value["cpus"]):
            raise NotYet(f"Plinth has not started yet: {where_it_is()}")
        return array_at(
            "struct cpu", int(self.value["cpus"]), int(self.value["nr_cpus"])
        )

    @functools.cached_property
    def vms(self):
        count = int(self.value["nr_vms"])
        rows = array_at("struct vm", int(self.value["vms"]), count) if count else []
        if not rows:
            raise NotYet(f"no VM has been started yet: {where_it_is()}")
        return [Vm(i, at, value) for i, (at, value) in enumerate(rows)]

    def names(self):
        """[(name, number of vCPUs)] of the VMs."""
        return [(vm.name, int(vm.value["nr_vcpus"])) for vm in self.vms]

    @functools.cached_property
    def machine(self):
        """The machine's CPUs by the number of Plinth's: by the structure that
        TPIDR_EL2 names where that can be read, otherwise by the order that the
        machine and its device tree have in common."""
        found = {}
        places = {at: i for i, (at, _) in enumerate(self.cpus)}
        for cpu in target.cpus():
            at = cpu.register("TPIDR_EL2")
            if at is None:
                found[cpu.number] = cpu
            elif at in places:
                found[places[at]] = cpu
        return found


def where_it_is():
    """Where CPU 0 is, for an error line."""
    cpu = target.cpus()[0]
    pc = cpu.register("pc") or 0
    name = gdb.execute(f"info symbol {pc:#x}", to_string=True).strip()
    name = name.split(" in section")[0]
    if name.startswith("No symbol"):
        name = ""
    return f"CPU 0 is at {pc:#x}" + (f", {name}" if name else "")


class Vm:
    def __init__(self, index, addr, value):
        self.index = index
        self.addr = addr
        self.value = value

    @functools.cached_property
    def config(self):
        return value_at("struct vm_config", int(self.value["cfg"]))

    @functools.cached_property
    def name(self):
        return self.config["name"].string()

    @functools.cached_property
    def vcpus(self):
        """[(address, struct vcpu)]"""
        table, count = int(self.value["vcpus"]), int(self.value["nr_vcpus"])
        pointers = [target.read64(table + 8 * i) for i in range(count)]
        return [(at, value_at("struct vcpu", at)) for at in pointers]

    def root(self):
        """Where its stage 2 begins."""
        table = self.value["s2"]["pgt"]
        return stage2.Root(
            int(table["root"]), int(table["start_level"]), int(table["addr_bits"])
        )

    def read(self, ipa, size):
        """The guest's memory, page by page through its stage 2."""
        data = b""
        while len(data) < size:
            at = ipa + len(data)
            part = min(size - len(data), 4096 - at % 4096)
            pa = stage2.translate(stage2.walk(self.root(), at, target.read64), at)
            if pa is None:
                raise Refused(f"IPA {at:#x} is not in the memory of VM {self.name}")
            data += target.read(pa, part)
        return data
