"""plinth vgic: the banks of the virtual GIC and the list registers.
arch/aarch64/vgic_internal.h says what the words mean."""

import gdb

from . import gic, model, where
from .base import Command, vcpu_names
from .bits import each_bit, flags
from .cmd_vcpu import Registers


class Vgic(Command):
    """Interrupts of a vCPU: pending, active, enabled, resident; list registers.

    Without argument those of every vCPU. List registers are shown as the hardware
    has them where QEMU lets a debugger read ICH_LR<n>_EL2; otherwise, and of a vCPU
    that is not loaded, as Plinth knows them: which interrupt is in which one, and
    what it saw at the last exit. SPIs are listed with their target."""

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
        cpus = [
            cpu
            for _, cpu in model.array_at(
                "struct vgic_cpu", int(vgic["cpus"]), int(vgic["nr_vcpus"])
            )
        ]
        groups = flags(int(vgic["ctlr"]), {0: "EnableGrp0", 1: "EnableGrp1"})
        yield (
            f"VM {vm.index} \"{vm.name}\": {int(vgic['nr_lrs'])} list registers a vCPU, "
            f"GICD_CTLR {' '.join(groups) or 'all off'}"
        )
        for index, cpu in enumerate(cpus):
            if only in (None, index):
                yield self.head(vm, index, cpu)
                yield from self.private(cpu)
                yield from self.interface(Registers(hypervisor, vm, index), vgic, cpu)
        yield "SPIs" + ("" if only is None else f" of vCPU {vm.index}.{only}")
        yield from self.spis(vgic, cpus, only)

    def head(self, vm, index, cpu):
        words = [f"vCPU {vm.index}.{index}: {'' if cpu['loaded'] else 'not '}loaded"]
        if cpu["sleep"]:
            words.append("redistributor asleep")
        if cpu["overflow"]:
            words.append("more is pending or active than list registers hold")
        if int(cpu["stale"]):
            words.append(f"stale {int(cpu['stale']):#x}")
        return ", ".join(words)

    def private(self, cpu):
        bank, slots = self.bank(cpu["b"]), self.slots(cpu)
        for i in gic.remarkable(bank):
            resident = bank["resident"] >> i & 1
            yield "  " + gic.row(bank, i, f"in LR{slots.get(i, '?')}" if resident else "")

    def spis(self, vgic, cpus, only):
        rows = model.array_at(
            "struct vgic_spis", int(vgic["spis"]), int(vgic["nr_banks"])
        )
        for number, (_, spis) in enumerate(rows):
            bank = self.bank(spis["b"])
            for i in gic.remarkable(bank):
                to, owner = int(spis["route"][i]), None
                if (bank["resident"] | bank["active"]) >> i & 1:
                    owner = int(spis["owner"][i])
                if only is None or only in (to, owner):
                    intid = 32 * (number + 1) + i
                    yield "  " + gic.row(bank, intid, self.place(intid, to, owner, cpus))

    def place(self, intid, to, owner, cpus):
        """Which vCPU an SPI goes to, and which has it."""
        text = "to no vCPU" if to == gic.NOWHERE else f"to vCPU {to}"
        if owner is None or owner >= len(cpus):
            return text
        slot = self.slots(cpus[owner]).get(intid)
        return f"{text}, {'active on' if slot is None else f'in LR{slot} of'} vCPU {owner}"

    def slots(self, cpu):
        """{INTID: list register}"""
        return {int(cpu["lr_intid"][i]): i for i in each_bit(int(cpu["used"]))}

    def bank(self, value):
        words = {
            f.name: int(value[f.name])
            for f in value.type.fields()
            if f.type.strip_typedefs().code == gdb.TYPE_CODE_INT
        }
        return {**words, "prio": model.numbers(value["prio"])}

    def interface(self, regs, vgic, cpu):
        hard = self.hardware(regs, int(vgic["nr_lrs"]))
        yield f"  ICH_HCR  {gic.hcr(hard.get('ICH_HCR_EL2', int(cpu['hcr'])))}" + (
            "" if "ICH_HCR_EL2" in hard else " (as written last)"
        )
        if not regs.loaded or "ICH_VMCR_EL2" in hard:
            yield f"  ICH_VMCR {gic.vmcr(hard.get('ICH_VMCR_EL2', int(cpu['vmcr'])))}"
        lrs = [name for name in hard if name.startswith("ICH_LR")]
        for name in lrs:
            yield f"  {name[4:-4]:8} {hard[name]:#018x} {gic.list_register(hard[name])}"
        if not lrs:
            yield from self.software(cpu)

    def hardware(self, regs, count):
        """What of the virtual CPU interface can be read from the CPU."""
        if regs.cpu is None:
            return {}
        names = ["ICH_HCR_EL2", "ICH_VMCR_EL2"]
        return regs.cpu.registers(names + [f"ICH_LR{i}_EL2" for i in range(count)])

    def software(self, cpu):
        slots = self.slots(cpu)
        if slots:
            yield "  list registers as Plinth wrote them (QEMU does not show ICH_LR<n>_EL2):"
        for intid, i in slots.items():
            how = "pending" if int(cpu["placed_p"]) >> i & 1 else "active"
            yield f"    LR{i:<2} INTID {intid} {gic.kind(intid)}, placed {how}"

    def choices(self, before):
        return [] if before else vcpu_names()
