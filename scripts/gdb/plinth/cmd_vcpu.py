"""plinth vcpu: a vCPU's registers, wherever they are just now. The vectors save those
general ones at each exit that C code changes; EL1's stay in the CPU while the vCPU is
loaded (docs/design/04-exceptions.md)."""

from . import esr, model, pstate, where
from .base import Command, of_guest, of_plinth, vcpu_names

GENERAL = [f"x{i}" for i in range(31)]
# What the vectors do not save: the CPU's own, or what C functions have put by.
KEPT = [f"x{i}" for i in (*range(10, 16), *range(18, 29))]
NOT_SHOWN = ("pauth", "debug_bvr", "debug_bcr", "debug_wvr", "debug_wcr")
TRANSIT = ("el2_vectors", "vcpu_resume", "exit_tail")


class Registers:
    """A vCPU's registers, wherever they are now."""

    def __init__(self, hypervisor, vm, index):
        self.vm, self.index = vm, index
        self.addr, self.vcpu = vm.vcpus[index]
        places = [at for at, _ in hypervisor.cpus]
        at = int(self.vcpu["cpu"])
        self.pcpu = places.index(at) if at in places else None
        self.loaded = (
            self.pcpu is not None
            and int(hypervisor.cpus[self.pcpu][1]["loaded"]) == self.addr
        )
        if self.loaded:
            addr, cpu = hypervisor.cpus[self.pcpu]
            self.ring = addr + model.member("struct cpu", "exits"), cpu["exits"]
        self.cpu = hypervisor.machine.get(self.pcpu) if self.loaded else None
        self.running = self.cpu is not None and self.cpu.level() < 2

    def general(self):
        """{name: value} of x0-x30, pc, pstate."""
        if self.running:
            found = self.cpu.registers([*GENERAL, "pc", "cpsr"])
            found["pstate"] = found.pop("cpsr")
            return found
        regs = self.vcpu["regs"]
        found = {f"x{i}": int(regs["x"][i]) for i in range(31)}
        found.update(pc=int(regs["pc"]), pstate=int(regs["pstate"]))
        if self.cpu is not None and not int(regs["whole"]):
            found.update(self.cpu.outermost(KEPT))
            now = self.cpu.registers(["ELR_EL2", "SPSR_EL2"])
            found["pc"] = now.get("ELR_EL2", self.last_exit())
            found["pstate"] = now.get("SPSR_EL2")
        return found

    def last_exit(self):
        """The PC that the vectors noted; a core has no ELR_EL2."""
        first, ring = self.ring
        event = model.type_of("struct cpu_exit")
        at = int(self.vcpu["regs"]["next_exit"])
        at = (at if at > first else first + ring.type.sizeof) - event.sizeof
        return int(model.value_at("struct cpu_exit", at)["pc"])

    def system(self):
        """{name: value} of EL1's and EL0's; what cannot be had is left out."""
        saved = self.vcpu["el1"]
        names = [f.name for f in saved.type.fields() if f.name not in NOT_SHOWN]
        if not self.loaded:
            return {name: int(saved[name]) for name in names}
        if self.cpu is None:
            return {}
        found = self.cpu.registers([name.upper() for name in names])
        if self.running:
            # The stack in use is the register that PSTATE selects.
            now = self.cpu.registers(["sp", "cpsr"])
            stack = "SP_EL1" if now["cpsr"] & 1 and not now["cpsr"] & 16 else "SP_EL0"
            found[stack] = now["sp"]
        return {name.lower(): value for name, value in found.items()}

    def state(self):
        return model.enumerator("enum vcpu_state", self.vcpu["state"])

    def where(self):
        """Which pCPU, and whether it is in the guest."""
        if self.pcpu is None:
            return "no pCPU"
        if not self.loaded:
            return f"CPU {self.pcpu}, not loaded"
        if self.cpu is None:
            return f"CPU {self.pcpu}, loaded"
        if self.running:
            return f"CPU {self.pcpu}, loaded, in the guest"
        return f"CPU {self.pcpu}, loaded, at EL2 in {self.routine()}"

    def routine(self):
        return of_plinth(self.cpu.register("pc") or 0).split(" ", 1)[-1]

    def in_transit(self):
        return (
            self.loaded
            and self.cpu is not None
            and not self.running
            and self.routine().startswith(TRANSIT)
        )


class Vcpus(Command):
    """The vCPUs; of one of them all registers.

    N is a vCPU of VM 0, VM.N one of another, VM being its index or name. While a
    vCPU is loaded its EL1 registers are those of the CPU, and while that executes
    the guest the general ones are, too; they are read there. A core holds the
    CPUs' general registers only."""

    NAME = "vcpu"
    USAGE = "[[VM.]N]"
    MOST = 1

    def run(self, which=None):
        hypervisor = model.Hypervisor()
        if which is not None:
            vm, index = where.pick_vcpu(which, hypervisor.names())
            yield from self.one(Registers(hypervisor, hypervisor.vms[vm], index))
            return
        for vm in hypervisor.vms:
            for index in range(len(vm.vcpus)):
                yield self.row(Registers(hypervisor, vm, index))

    def row(self, regs):
        text = f"{regs.vm.index}.{regs.index}  {regs.state():8} {regs.where()}"
        if regs.state() == "off" and not regs.loaded:
            return text
        text += f"  pc {of_guest(regs.vm, regs.general()['pc'])}"
        return f"{text} (being saved or restored)" if regs.in_transit() else text

    def one(self, regs):
        general = regs.general()
        yield f"vCPU {regs.vm.index}.{regs.index}: {regs.state()}, {regs.where()}"
        if regs.in_transit():
            yield "  the CPU is saving or restoring: general registers may be old"
        yield f"  pc      {of_guest(regs.vm, general['pc'])}"
        bits = general["pstate"]
        yield "  pstate  " + (
            f"{bits:#x} {pstate.text(bits)}" if bits is not None else "not in a core"
        )
        for i in range(0, 31, 3):
            row = [f"x{n:<3}{general[f'x{n}']:016x}" for n in range(i, min(i + 3, 31))]
            yield "  " + "  ".join(row)
        caller = of_guest(regs.vm, where.unsigned(general["x30"]))
        if " " in caller:
            yield f"  x30 is {caller}"
        yield from self.system(regs)
        requests = int(regs.vcpu["requests"])
        if requests:
            yield f"  requests {requests:#x}"

    def system(self, regs):
        found = regs.system()
        if regs.loaded and "sctlr_el1" not in found:
            yield "  EL1's registers are in the CPU, and a core does not hold those"
        cells = [f"{name:14} {value:016x}" for name, value in found.items()]
        for i in range(0, len(cells), 2):
            yield "  " + "  ".join(cells[i : i + 2])
        if found.get("esr_el1"):
            yield f"  esr_el1: {esr.text(found['esr_el1'])}"

    def choices(self, before):
        return [] if before else vcpu_names()
