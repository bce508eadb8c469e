"""The walk of a stage-2 table with the 4 KiB granule, level by level.

Arm ARM DDI 0487, "VMSAv8-64 translation table format descriptors", "Stage 2
block and page descriptors", "Concatenated translation tables". What a level
resolves is 9 bits, but the first one has as many as the input address leaves:
with concatenated tables that is more than 9, and the root more than a page.
"""

from dataclasses import dataclass

from . import Refused
from .bits import bit, field, flags, size

LAST_LEVEL = 3
ADDRESS = ((1 << 48) - 1) & ~0xFFF
MEMORY = {0: "Device-nGnRnE", 1: "Device-nGnRE", 2: "Device-nGRE", 3: "Device-GRE"}
CACHE = {1: "Non-cacheable", 2: "Write-Through", 3: "Write-Back"}
SHARE = {0: "non-shareable", 1: "reserved", 2: "outer shareable", 3: "inner shareable"}
NEVER = {0: "x", 1: "x at EL0 only", 2: "xn", 3: "x at EL1 only"}
TABLE, BLOCK, PAGE, INVALID = "table", "block", "page", "invalid"


@dataclass(frozen=True)
class Root:
    """Where a walk begins: the root's address, its level, the width of input
    addresses."""

    table: int
    level: int
    bits: int

    def entries(self):
        return 1 << (self.bits - shift(self.level))

    def pages(self):
        return max(1, self.entries() // 512)


@dataclass(frozen=True)
class Step:
    """One look-up: `table` is the page that holds the entry, `index` the
    entry's place from the beginning of the level's table on."""

    level: int
    table: int
    index: int
    entry: int

    def kind(self):
        if not self.entry & 1:
            return INVALID
        if self.level == LAST_LEVEL:
            return PAGE if self.entry & 2 else INVALID
        if self.entry & 2:
            return TABLE
        return BLOCK if self.level in (1, 2) else INVALID

    def output(self):
        """The next table, or the base of what is mapped."""
        at = self.entry & ADDRESS
        return at if self.kind() == TABLE else at & -(1 << shift(self.level))


def shift(level):
    return 39 - 9 * level


def check(root, ipa):
    if ipa < 0 or ipa >> root.bits:
        raise Refused(
            f"IPA {ipa:#x} is outside the VM's IPA space of {root.bits} bits"
        )


def walk(root, ipa, read):
    """The steps for an IPA; `read` gives the 64-bit word at an address."""
    check(root, ipa)
    steps, table = [], root.table
    for level in range(root.level, LAST_LEVEL + 1):
        high = root.bits - 1 if level == root.level else shift(level) + 8
        index = field(ipa, high, shift(level))
        at = table + 8 * index
        step = Step(level, at & ~0xFFF, index, read(at))
        steps.append(step)
        if step.kind() != TABLE:
            break
        table = step.output()
    return steps


def translate(steps, ipa):
    """The physical address of the byte, None where nothing is mapped."""
    last = steps[-1]
    if last.kind() not in (BLOCK, PAGE):
        return None
    return last.output() | ipa & (1 << shift(last.level)) - 1


def memory(entry):
    outer, inner = field(entry, 5, 4), field(entry, 3, 2)
    if outer == 0:
        return MEMORY[inner]
    kind = f"Normal {CACHE[outer]}"
    if inner == 0:
        return "reserved memory type"
    return kind if inner == outer else f"{kind} outer, {CACHE[inner]} inner"


def attributes(entry):
    """What a leaf allows, in words."""
    access = ("r" if bit(entry, 6) else "-") + ("w" if bit(entry, 7) else "-")
    words = [f"{access} {NEVER[field(entry, 54, 53)]}", memory(entry)]
    words.append(SHARE[field(entry, 9, 8)])
    words += flags(entry, {10: "AF", 51: "DBM", 52: "contiguous"})
    if not bit(entry, 10):
        words.append("no AF: faults")
    return ", ".join(words)


def describe(step):
    """One step in words."""
    kind = step.kind()
    if kind == INVALID:
        return "invalid" if not step.entry & 1 else "reserved: faults"
    if kind == TABLE:
        return f"table at {step.output():#x}"
    span = size(1 << shift(step.level))
    return f"{span} {kind} at {step.output():#x}: {attributes(step.entry)}"


def lines(root, ipa, steps):
    """The whole walk as the command prints it."""
    pages = root.pages()
    size_ = f"{pages} concatenated pages" if pages > 1 else "1 page"
    yield f"root {root.table:#x}: level {root.level}, {size_}, {root.bits}-bit IPAs"
    for step in steps:
        page = ""
        if pages > 1 and step.level == root.level:
            page = f" (page {step.index // 512 + 1} of {pages})"
        yield (
            f"level {step.level}: table {step.table:#x}{page} "
            f"entry {step.index % 512} = {step.entry:#018x}  {describe(step)}"
        )
    to = translate(steps, ipa)
    yield f"IPA {ipa:#x} -> " + ("not mapped" if to is None else f"PA {to:#x}")
