"""plinth cpu, plinth vm: what there is."""

import gdb

from . import Refused, model, pstate, target, where
from .base import Command, of_guest, of_plinth, vcpu_owners, vm_names
from .bits import span


class Cpus(Command):
    """The physical CPUs: what each runs, and where it is."""

    NAME = "cpu"

    def run(self):
        hypervisor = model.Hypervisor()
        owners = vcpu_owners(hypervisor)
        for i, (_, cpu) in enumerate(hypervisor.cpus):
            loaded = owners.get(int(cpu["loaded"]), "no vCPU")
            state = "online" if cpu["online"] else "not started"
            yield (
                f"CPU {i}: MPIDR {int(cpu['mpidr']):#x}, {state}, {loaded} loaded, "
                + self.place(hypervisor.machine.get(i))
            )

    def place(self, cpu):
        if cpu is None:
            return "where: not known"
        found = cpu.registers(["pc", "cpsr"])
        level = pstate.level(found["cpsr"])
        where_ = f"thread {cpu.thread.num} at EL{level}"
        if level == 2:
            return f"{where_}, {of_plinth(found['pc'])}"
        return f"{where_}, in the guest at {found['pc']:#x}"


class Vms(Command):
    """The VMs: name, state, vCPUs, VMID, entry point, memory and devices."""

    NAME = "vm"
    USAGE = "[VM]"
    MOST = 1

    def run(self, which=None):
        yield from end_lines()
        vms = model.Hypervisor().vms
        if which is not None:
            vms = [vms[where.pick_vm(which, [vm.name for vm in vms])]]
        for vm in vms:
            yield vm_line(vm)
            yield from vm_memory(vm)
            if which is not None:
                yield from vm_devices(vm)

    def choices(self, before):
        return [] if before else vm_names()


def vm_line(vm):
    v = vm.value
    text = (
        f"VM {vm.index} \"{vm.name}\": {model.enumerator('enum vm_state', v['state'])}, "
        f"VMID {int(v['vmid'])}, {int(v['nr_vcpus'])} vCPUs ({int(v['nr_live'])} live), "
        f"entry {of_guest(vm, int(v['plan']['entry']['v']))}"
    )
    stop = model.enumerator("enum vm_stop", v["stop"])
    if stop != "stop_none":
        text += f", stop: {stop.removeprefix('stop_')}"
    why = target.read_string(int(v["why"]))
    return f"{text} ({why})" if why else text


def vm_memory(vm):
    pieces = int(vm.value["mem"]["nr_extents"])
    config = vm.config
    rows = model.array_at("struct vm_range", int(config["ram"]), int(config["nr_ram"]))
    for _, ram in rows:
        yield f"  RAM    IPA {span(int(ram['base']['v']), int(ram['size']))}"
    yield f"  in {pieces} piece{'s' * (pieces != 1)} of the machine's memory"
    plan = vm.value["plan"]
    for name in ("kernel", "initrd", "dtb"):
        if int(plan[name]["size"]):
            at, length = int(plan[name]["base"]["v"]), int(plan[name]["size"])
            yield f"  {name:6} IPA {at:#x} + {length:#x}"


def vm_devices(vm):
    entry = int(vm.value["bus"]["regions"])
    while entry:
        row = model.value_at("struct mmio_entry", entry)
        region = row["region"]
        name = target.read_string(int(region["name"]))
        yield f"  device IPA {span(int(region['base']['v']), int(region['size']))} {name}"
        entry = int(row["next"])


def end_lines():
    """How the machine ended, once it has."""
    record = model.value_at(
        "struct exit_record", model.static("plinth_exit_record", "machine_end")
    )
    if bytes(model.numbers(record["magic"])) == b"PLNTHEND":
        how = model.enumerator("enum end_kind", record["kind"])
        words = [how, record["vm"].string(), record["reason"].string()]
        yield f"plinth: the machine has ended: {' '.join(filter(None, words))}"


def state_lines():
    yield from end_lines()
    try:
        hypervisor = model.Hypervisor()
        for vm in hypervisor.vms:
            yield vm_line(vm)
    except Refused as error:
        yield f"plinth: {error}"


class Print(Command):
    """Print an expression of Plinth's, whatever the selected CPU executes.

    As gdb's own `print`, but memory is read as Plinth sees it, not as the guest that
    the CPU may be in."""

    NAME = "print"
    USAGE = "EXPRESSION"
    RAW = True

    def run(self, expression):
        if not expression:
            raise Refused(f"usage: {self.usage()}")
        model.Hypervisor()
        with target.physical():
            yield gdb.execute(f"print {expression}", to_string=True).rstrip("\n")

    def complete(self, _text, _word):
        return gdb.COMPLETE_EXPRESSION
