"""Syndromes: ESR_ELx and what its parts mean. Arm ARM DDI 0487, ESR_EL2; the
encodings are the specification's."""

from .bits import bit, field

CLASSES = {
    0x00: "unknown reason",
    0x01: "WFI or WFE",
    0x03: "AArch32 MCR or MRC, cp15",
    0x04: "AArch32 MCRR or MRRC, cp15",
    0x05: "AArch32 MCR or MRC, cp14",
    0x06: "AArch32 LDC or STC",
    0x07: "FP or SIMD",
    0x08: "AArch32 VMRS",
    0x09: "pointer authentication",
    0x0A: "LD64B or ST64B",
    0x0C: "AArch32 MRRC, cp14",
    0x0D: "branch target",
    0x0E: "illegal execution state",
    0x11: "AArch32 SVC",
    0x12: "AArch32 HVC",
    0x13: "AArch32 SMC",
    0x15: "SVC",
    0x16: "HVC",
    0x17: "SMC",
    0x18: "system register",
    0x19: "SVE",
    0x1A: "ERET",
    0x1C: "pointer authentication failed",
    0x1D: "SME",
    0x20: "instruction abort from a lower EL",
    0x21: "instruction abort",
    0x22: "PC alignment",
    0x24: "data abort from a lower EL",
    0x25: "data abort",
    0x26: "SP alignment",
    0x27: "memory copy or set",
    0x28: "AArch32 FP exception",
    0x2C: "FP exception",
    0x2F: "SError",
    0x30: "breakpoint from a lower EL",
    0x31: "breakpoint",
    0x32: "software step from a lower EL",
    0x33: "software step",
    0x34: "watchpoint from a lower EL",
    0x35: "watchpoint",
    0x38: "AArch32 BKPT",
    0x3C: "BRK",
}
FAULTS = {
    0x00: "address size fault",
    0x04: "translation fault",
    0x08: "access flag fault",
    0x0C: "permission fault",
    0x14: "external abort on a table walk",
}
OTHER_FAULTS = {
    0x10: "external abort",
    0x11: "tag check fault",
    0x21: "alignment fault",
    0x30: "TLB conflict",
    0x31: "unsupported atomic update",
    0x35: "unsupported exclusive or atomic",
}
# Registers that Plinth traps, by op0, op1, CRn, CRm, op2.
REGISTERS = {
    (3, 0, 1, 0, 1): "ACTLR_EL1",
    (3, 0, 4, 6, 0): "ICC_PMR_EL1",
    (3, 0, 12, 11, 1): "ICC_DIR_EL1",
    (3, 0, 12, 11, 3): "ICC_RPR_EL1",
    (3, 0, 12, 11, 5): "ICC_SGI1R_EL1",
    (3, 0, 12, 11, 6): "ICC_ASGI1R_EL1",
    (3, 0, 12, 11, 7): "ICC_SGI0R_EL1",
    (3, 0, 12, 12, 4): "ICC_CTLR_EL1",
    (2, 0, 1, 0, 4): "OSLAR_EL1",
    (3, 0, 9, 14, 1): "PMINTENSET_EL1",
    (3, 0, 9, 14, 2): "PMINTENCLR_EL1",
    (3, 3, 9, 12, 0): "PMCR_EL0",
    (3, 3, 9, 12, 1): "PMCNTENSET_EL0",
    (3, 3, 9, 12, 2): "PMCNTENCLR_EL0",
    (3, 3, 9, 12, 3): "PMOVSCLR_EL0",
    (3, 3, 9, 12, 4): "PMSWINC_EL0",
    (3, 3, 9, 12, 5): "PMSELR_EL0",
    (3, 3, 9, 12, 6): "PMCEID0_EL0",
    (3, 3, 9, 12, 7): "PMCEID1_EL0",
    (3, 3, 9, 13, 0): "PMCCNTR_EL0",
    (3, 3, 9, 13, 1): "PMXEVTYPER_EL0",
    (3, 3, 9, 13, 2): "PMXEVCNTR_EL0",
    (3, 3, 9, 14, 0): "PMUSERENR_EL0",
    (3, 3, 9, 14, 3): "PMOVSSET_EL0",
    (3, 3, 14, 15, 7): "PMCCFILTR_EL0",
    (3, 0, 0, 4, 0): "ID_AA64PFR0_EL1",
    (3, 0, 0, 4, 1): "ID_AA64PFR1_EL1",
    (3, 0, 0, 4, 4): "ID_AA64ZFR0_EL1",
    (3, 0, 0, 4, 5): "ID_AA64SMFR0_EL1",
    (3, 0, 0, 5, 0): "ID_AA64DFR0_EL1",
    (3, 0, 0, 5, 1): "ID_AA64DFR1_EL1",
    (3, 0, 0, 6, 0): "ID_AA64ISAR0_EL1",
    (3, 0, 0, 6, 1): "ID_AA64ISAR1_EL1",
    (3, 0, 0, 6, 2): "ID_AA64ISAR2_EL1",
    (3, 0, 0, 7, 0): "ID_AA64MMFR0_EL1",
    (3, 0, 0, 7, 1): "ID_AA64MMFR1_EL1",
    (3, 0, 0, 7, 2): "ID_AA64MMFR2_EL1",
}
WFX = ("WFI", "WFE", "WFIT", "WFET")


def exception_class(esr):
    return field(esr, 31, 26)


def register(number, wide=True):
    """A general register's name; 31 is the zero register."""
    prefix = "x" if wide else "w"
    return f"{prefix}zr" if number == 31 else f"{prefix}{number}"


def fault(esr):
    """The fault status of an abort, with its level."""
    status = field(esr, 5, 0)
    if status in OTHER_FAULTS:
        return OTHER_FAULTS[status]
    kind = FAULTS.get(status & ~3)
    return f"{kind}, level {status & 3}" if kind else f"fault status {status:#x}"


def data_abort(esr):
    """What was accessed, as far as the syndrome tells."""
    kind = "write" if bit(esr, 6) else "read"
    if bit(esr, 8):
        kind = "cache maintenance"
    elif bit(esr, 24):
        name = register(field(esr, 20, 16), bit(esr, 15))
        kind = f"{kind} of {1 << field(esr, 23, 22)} bytes, {name}"
        if bit(esr, 21):
            kind += ", sign-extended"
    else:
        kind += ", no syndrome"
    walk = ", on a stage-1 walk" if bit(esr, 7) else ""
    return f"{kind}: {fault(esr)}{walk}"


def system_register(esr):
    """The access as the assembler writes it."""
    key = (
        field(esr, 21, 20),
        field(esr, 16, 14),
        field(esr, 13, 10),
        field(esr, 4, 1),
        field(esr, 19, 17),
    )
    name = REGISTERS.get(key, "S{}_{}_C{}_C{}_{}".format(*key))
    moved = register(field(esr, 9, 5))
    return f"mrs {moved}, {name}" if bit(esr, 0) else f"msr {name}, {moved}"


def details(esr):
    """The meaning of ISS; empty where the class alone tells."""
    kind = exception_class(esr)
    if kind in (0x24, 0x25):
        return data_abort(esr)
    if kind in (0x20, 0x21):
        return fault(esr) + (", on a stage-1 walk" if bit(esr, 7) else "")
    if kind == 0x18:
        return system_register(esr)
    if kind in (0x11, 0x12, 0x15, 0x16, 0x17, 0x3C):
        return f"#{field(esr, 15, 0)}"
    if kind == 0x01:
        return WFX[field(esr, 1, 0)]
    return ""


def text(esr):
    """One syndrome in words."""
    kind = exception_class(esr)
    name = CLASSES.get(kind, f"exception class {kind:#x}")
    more = details(esr)
    return f"{name}: {more}" if more else name
