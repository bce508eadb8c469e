"""No use of general registers that are the guest's at all times.

An exit saves what AAPCS64 lets a function change, less some registers that EL2's
code is compiled without (-ffixed-xN, EL2_FIXED in the Makefile): these hold the
guest's values from the exit to the next entry (docs/design/04-exceptions.md). A
library or a routine that used one would corrupt a guest.
"""

import re
from dataclasses import dataclass, field

GUESTS = frozenset(f"{size}{n}" for size in "xw" for n in (9, 10, 11, 12, 13, 14, 15, 18))
# The world switch; what keeps them itself; what runs before any guest.
ALLOWED = frozenset("""el2_vectors exit_tail vcpu_resume panic_entry memcpy smc_call
    _start primary_entry secondary_entry el2_mmu_on dcache_invalidate_early""".split())

LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSN = re.compile(r"^ *([0-9a-f]+):\t[0-9a-f]{8} \t(\S+)\s*(.*)$")
REGISTER = re.compile(r"\b[xw]\d+\b")


@dataclass
class Scan:
    """What was found in a disassembly."""

    count: int = 0
    allowed: int = 0
    findings: list[str] = field(default_factory=list)


def operands(text):
    """Without comments and the names of places."""
    return re.sub(r"<[^>]*>|//.*", "", text)


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
        if not insn or insn[2] in (".word", ".short", ".byte"):
            continue
        result.count += 1
        if GUESTS.isdisjoint(REGISTER.findall(operands(insn[3]))):
            continue
        if function in ALLOWED:
            result.allowed += 1
        else:
            result.findings.append(f"{insn[1]} {function}: {insn[2]} {insn[3].strip()}")
    return result
