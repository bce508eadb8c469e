"""plinth exits: the counts in struct vcpu, the rings of the last exits in struct
cpu. hyp/cpu.h says how to read a ring."""

import itertools

from . import esr, model, target, where
from .base import Command, of_guest, vcpu_owners, vm_names

PUT, IRQ = 61, 62  # classes of hyp/cpu.h, beside those of ESR_EL2


class Exits(Command):
    """Exits of each vCPU, counted by reason, and the last of each CPU.

    With VM the counts are those of one VM."""

    NAME = "exits"
    USAGE = "[VM]"
    MOST = 1

    def run(self, which=None):
        hypervisor = model.Hypervisor()
        vms = hypervisor.vms
        if which is not None:
            vms = [vms[where.pick_vm(which, [vm.name for vm in vms])]]
        names = self.reasons()
        for vm in vms:
            for i, (_, vcpu) in enumerate(vm.vcpus):
                yield self.counts(f"{vm.index}.{i}", vcpu, names)
        yield from self.trace(hypervisor)

    def reasons(self):
        """The names that Plinth itself prints, by class."""
        table = model.static("class_name", "exit_class_name")
        low, high = model.type_of("struct vcpu")["exits"].type.range()
        return [
            target.read_string(target.read64(table + 8 * i))
            for i in range(low, high + 1)
        ]

    def counts(self, name, vcpu, names):
        counts = model.numbers(vcpu["exits"])
        rows = [
            f"{names[i] or f'class {i:#x}'} {n}" for i, n in enumerate(counts) if n
        ]
        return f"{name}: {sum(counts)} exits: " + (", ".join(rows) or "none")

    def trace(self, hypervisor):
        owners = vcpu_owners(hypervisor)
        for i, (addr, cpu) in enumerate(hypervisor.cpus):
            lines = list(self.events_in_words(hypervisor, owners, addr, cpu))
            yield f"CPU {i}: last exits, newest first" + ("" if lines else ": none")
            for line, same in itertools.groupby(lines):
                count = len(list(same))
                yield f"  {line}" + (f" ({count} times)" if count > 1 else "")

    def events_in_words(self, hypervisor, owners, addr, cpu):
        owner = int(cpu["loaded"])
        for syndrome, pc in self.events(addr, cpu):
            name = owners.get(owner, "a vCPU")
            kind = esr.exception_class(syndrome)
            if kind == PUT:
                owner = pc
                yield f"{owners.get(owner, 'a vCPU')} was put"
                continue
            text = "interrupt" if kind == IRQ else esr.text(syndrome)
            yield f"{name} at {self.place(hypervisor, name, pc)}: {text}"

    def place(self, hypervisor, name, pc):
        if name == "a vCPU":
            return f"{pc:#x}"
        vm, _ = name.split()[1].split(".")
        return of_guest(hypervisor.vms[int(vm)], pc)

    def events(self, addr, cpu):
        """(syndrome, pc) from the newest on."""
        loaded = int(cpu["loaded"])
        at = int(cpu["next_exit"])
        if loaded:
            at = int(model.value_at("struct vcpu", loaded)["regs"]["next_exit"])
        exits = cpu["exits"]
        count = exits.type.range()[1] + 1
        first = addr + model.member("struct cpu", "exits")
        place = (at - first) // exits[0].type.sizeof
        for i in range(count):
            event = exits[(place - 1 - i) % count]
            if int(event["esr"]) == 0:
                return
            yield int(event["esr"]), int(event["pc"])

    def choices(self, before):
        return [] if before else vm_names()
