"""No FP or SIMD instruction in an AArch64 image but where it is meant.

FP/SIMD registers at EL2 hold the guest's values, so any such instruction in
Plinth would corrupt a guest. They are told by their encoding (Arm ARM DDI 0487,
"A64 instruction set encoding"), not by how a disassembler spells them; objdump
serves to tell code from data and to name the function.
"""

import re
from dataclasses import dataclass, field

# The world switch of these registers, and single ones for emulated accesses.
ALLOWED = frozenset("""fp_context_save fp_context_restore fp_read fp_write
    sve_vl sve_regs_save sve_regs_restore""".split())

LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSN = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f]{8}) \t(\S+)")


def is_fp(word):
    """Whether an A64 instruction touches FP, SIMD, SVE or SME registers."""
    op0 = word >> 25 & 0xF
    if op0 & 0x7 == 0x7:  # data processing, FP and SIMD
        return True
    if op0 & 0x5 == 0x4:  # loads and stores: bit V, which CPY* and SET* lack
        return bool(word >> 26 & 1) and word & 0x3B200C00 != 0x19000400
    if op0 == 0x2:  # SVE
        return True
    if op0 == 0x0:  # SME; reserved ones, UDF among them, have bit 31 clear
        return bool(word >> 31)
    # MRS and MSR of FPCR and FPSR: S3_3_C4_C4_0 and _1
    return word & 0xFFDFFFC0 == 0xD51B4400


@dataclass
class Scan:
    """What was found in a disassembly."""

    count: int = 0
    allowed: int = 0
    findings: list[str] = field(default_factory=list)


def scan(disassembly):
    """Judges the lines of `objdump -d`."""
    result = Scan()
    function = "?"
    for line in disassembly:
        label = LABEL.match(line)
        if label:
            function = label[1]
            continue
        insn = INSN.match(line)
        if not insn or insn[3] in (".word", ".short", ".byte"):
            continue
        result.count += 1
        if not is_fp(int(insn[2], 16)):
            continue
        if function in ALLOWED:
            result.allowed += 1
        else:
            text = " ".join(line.split("\t")[2:]).strip()
            result.findings.append(f"{insn[1]} {function}: {text}")
    return result
