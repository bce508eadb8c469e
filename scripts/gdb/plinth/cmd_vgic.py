"""plinth vgic: the banks of the virtual GIC and the list registers.
arch/aarch64/vgic_internal.h says what the words mean."""

import gdb

from . import gic, model, where
from .base import Command, vcpu_names
from .bits import each_bit, flags
from .cmd_vcpu import Registers

SENT = 48  # VGIC_STALE_SGI_OF


class Interface:
    """A vCPU's virtual CPU interface."""

    def __init__(self, regs, value, count):
        self.regs, self.value = regs, value
        self.slots = {int(value["lr_intid"][i]): i for i in each_bit(int(value["used"]))}
        names = ["ICH_HCR_EL2", "ICH_VMCR_EL2"]
        names += [f"ICH_LR{i}_EL2" for i in range(count)]
        self.hard = regs.cpu.registers(names) if regs.cpu else {}

    def lr(self, intid):
        """The list register of a resident interrupt."""
        return self.hard.get(f"ICH_LR{self.slots.get(intid)}_EL2", gic.UNREAD)

    def head(self, name):
        words = [f"vCPU {name}: {'' if self.value['loaded'] else 'not '}loaded"]
        if self.value["sleep"]:
            words.append("redistributor asleep")
        if self.value["overflow"]:
            words.append("more is pending or active than list registers hold")
        stale = int(self.value["stale"].dereference())
        if stale:
            words.append(f"stale {stale:#x}")
        sent = [str(i) for i in each_bit(stale >> SENT)]
        if sent:
            words.append(f"SGIs {' '.join(sent)} have been sent to it")
        return ", ".join(words)

    def lines(self):
        if "ICH_HCR_EL2" in self.hard:
            yield f"  ICH_HCR  {gic.hcr(self.hard['ICH_HCR_EL2'])}"
        else:
            yield f"  ICH_HCR  {gic.hcr(int(self.value['hcr']))} (as written last)"
        vmcr = self.hard.get("ICH_VMCR_EL2")
        if vmcr is None and not self.regs.loaded:
            vmcr = int(self.value["vmcr"])
        if vmcr is not None:
            yield f"  ICH_VMCR {gic.vmcr(vmcr)}"
        lrs = [name for name in self.hard if name.startswith("ICH_LR")]
        for name in lrs:
            value = self.hard[name]
            yield f"  {name[4:-4]:8} {value:#018x} {gic.list_register(value)}"
        if self.slots and not lrs:
            yield from self.written()

    def written(self):
        yield "  list registers as Plinth wrote them (this QEMU shows no ICH_LR<n>_EL2):"
        for intid, i in self.slots.items():
            how = "pending" if int(self.value["placed_p"]) >> i & 1 else "active"
            yield f"    LR{i:<2} INTID {intid} {gic.kind(intid)}, placed {how}"


class Vgic(Command):
    """Interrupts of a vCPU: pending, active, enabled, resident; list registers.

    Without argument those of every vCPU. List registers are shown as the hardware
    has them where QEMU lets a debugger read ICH_LR<n>_EL2; otherwise as Plinth wrote
    them, and an interrupt in one is `pending?` or `active?`: that is what Plinth saw
    last, and the guest may have taken or ended it since."""

    NAME = "vgic"
    USAGE = "[[VM.]N]"
    MOST = 1

    def run(self, which=None):
        hypervisor = model.Hypervisor()
        if which is not None:
            vm, index = where.pick_vcpu(which, hypervisor.names())
            yield from self.of_vm(hypervisor, hypervisor.vms[vm], index)
            return
        for vm in hypervisor.vms:
            yield from self.of_vm(hypervisor, vm)

    def of_vm(self, hypervisor, vm, only=None):
        """All of a VM's interrupts, or those of one vCPU."""
        vgic = model.value_at("struct vgic", int(vm.value["vgic"]))
        rows = model.array_at(
            "struct vgic_cpu", int(vgic["cpus"]), int(vgic["nr_vcpus"])
        )
        cpus = [
            Interface(Registers(hypervisor, vm, i), cpu, int(vgic["nr_lrs"]))
            for i, (_, cpu) in enumerate(rows)
        ]
        groups = flags(int(vgic["ctlr"]), {0: "EnableGrp0", 1: "EnableGrp1"})
        yield (
            f"VM {vm.index} \"{vm.name}\": {int(vgic['nr_lrs'])} list registers a vCPU, "
            f"GICD_CTLR {' '.join(groups) or 'all off'}"
        )
        for index, cpu in enumerate(cpus):
            if only in (None, index):
                yield cpu.head(f"{vm.index}.{index}")
                yield from self.private(cpu)
                yield from cpu.lines()
        yield "SPIs" + ("" if only is None else f" of vCPU {vm.index}.{only}")
        yield from self.spis(vgic, cpus, only)
        if int(vgic["nr_lpi_banks"]):
            yield "LPIs" + ("" if only is None else f" of vCPU {vm.index}.{only}")
            yield from self.lpis(vgic, cpus, only)

    def private(self, cpu):
        bank = self.bank(cpu.value["b"])
        for i in gic.remarkable(bank):
            if not bank["resident"] >> i & 1:
                yield "  " + gic.row(bank, i)
            else:
                slot = cpu.slots.get(i, "?")
                yield "  " + gic.row(bank, i, f"in LR{slot}", cpu.lr(i))

    def spis(self, vgic, cpus, only):
        rows = model.array_at(
            "struct vgic_spis", int(vgic["spis"]), int(vgic["nr_banks"])
        )
        for number, (_, spis) in enumerate(rows):
            yield from self.shared(spis["s"], 32 * (number + 1), cpus, only)

    def lpis(self, vgic, cpus, only):
        """Those that are pending; the others have no state."""
        rows = model.array_at(
            "struct vgic_shared", int(vgic["lpis"]), int(vgic["nr_lpi_banks"])
        )
        for number, (_, lpis) in enumerate(rows):
            if int(lpis["b"]["latch"]) | int(lpis["b"]["resident"]):
                yield from self.shared(lpis, gic.LPI_FIRST + 32 * number, cpus, only)

    def shared(self, banks, first, cpus, only):
        """A bank of interrupts that go to one vCPU or another."""
        bank = self.bank(banks["b"])
        for i in gic.remarkable(bank):
            to, owner = int(banks["route"][i]), None
            if (bank["resident"] | bank["active"]) >> i & 1:
                owner = int(banks["owner"][i])
            if only is None or only in (to, owner):
                yield "  " + self.spi(bank, first + i, to, owner, cpus)

    def spi(self, bank, intid, to, owner, cpus):
        """With the vCPU that it goes to, and that which has it."""
        text = "to no vCPU" if to == gic.NOWHERE else f"to vCPU {to}"
        if owner is None or owner >= len(cpus):
            return gic.row(bank, intid, text)
        if not bank["resident"] >> intid % 32 & 1:
            return gic.row(bank, intid, f"{text}, active on vCPU {owner}")
        cpu = cpus[owner]
        text += f", in LR{cpu.slots.get(intid, '?')} of vCPU {owner}"
        return gic.row(bank, intid, text, cpu.lr(intid))

    def bank(self, value):
        words = {
            f.name: int(value[f.name])
            for f in value.type.fields()
            if f.type.strip_typedefs().code == gdb.TYPE_CODE_INT
        }
        return {**words, "prio": model.numbers(value["prio"])}

    def choices(self, before):
        return [] if before else vcpu_names()
