"""PSTATE as SPSR_EL2 and a debugger's cpsr hold it. Arm ARM DDI 0487,
SPSR_EL2."""

from .bits import bit, field, flags

CONDITION = {31: "N", 30: "Z", 29: "C", 28: "V"}
MASKS = {9: "D", 8: "A", 7: "I", 6: "F"}
OTHERS = {25: "TCO", 24: "DIT", 23: "UAO", 22: "PAN", 21: "SS", 20: "IL", 12: "SSBS"}


def level(value):
    """The exception level; AArch32 is EL0 here, for EL1 is AArch64 always."""
    return 0 if bit(value, 4) else field(value, 3, 2)


def text(value):
    """EL1h DAIF nZCv and the like: a capital letter is a bit that is set."""
    if bit(value, 4):
        mode = "EL0 AArch32" + (" Thumb" if bit(value, 5) else "")
        masks = {n: MASKS[n] for n in (8, 7, 6)}
    else:
        stack = "h" if bit(value, 0) else "t"
        mode = f"EL{level(value)}" + (stack if level(value) else "")
        masks = MASKS
    letters = [
        "".join(c if bit(value, n) else c.lower() for n, c in names.items())
        for names in (masks, CONDITION)
    ]
    return " ".join([mode, *letters, *flags(value, OTHERS)])
