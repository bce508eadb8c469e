"""No use of general registers that are the guest's at all times.

An exit saves what AAPCS64 lets a function change, less some registers that EL2's
code is compiled without (-ffixed-xN, EL2_FIXED in the Makefile): these hold the
guest's values from the exit to the next entry (docs/design/04-exceptions.md). A
library or a routine that used one would corrupt a guest.
"""

import re

from . import disassembly

GUESTS = frozenset(f"{size}{n}" for size in "xw" for n in (9, 10, 11, 12, 13, 14, 15, 18))
# The world switch; what keeps them itself; what runs before any guest.
ALLOWED = frozenset("""el2_vectors exit_tail vcpu_resume panic_entry smc_call
    _start primary_entry secondary_entry el2_mmu_on dcache_invalidate_early""".split())

REGISTER = re.compile(r"\b[xw]\d+\b")


def operands(text):
    """Without comments and the names of places."""
    return re.sub(r"<[^>]*>|//.*", "", text)


def scan(disassembly_lines):
    """Judges the lines of `objdump -d`."""
    return disassembly.scan(
        disassembly_lines,
        lambda _, text: not GUESTS.isdisjoint(REGISTER.findall(operands(text))),
        ALLOWED,
    )
