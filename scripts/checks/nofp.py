"""No FP or SIMD instruction in an AArch64 image but where it is meant.

FP/SIMD registers at EL2 hold the guest's values, so any such instruction in
Plinth would corrupt a guest, unless it saves and restores what it changes. They are told by their encoding (Arm ARM DDI 0487,
"A64 instruction set encoding"), not by how a disassembler spells them; objdump
serves to tell code from data and to name the function.
"""

from . import disassembly

# The world switch of these registers, single ones for emulated accesses, and a copy
# that keeps them.
ALLOWED = frozenset("""fp_context_save fp_context_restore fp_read fp_write
    sve_vl sve_regs_save sve_regs_restore memcpy_vectors""".split())


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


def scan(disassembly_lines):
    """Judges the lines of `objdump -d`."""
    return disassembly.scan(disassembly_lines, lambda word, _: is_fp(word), ALLOWED)
