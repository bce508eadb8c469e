"""Judges an image instruction by instruction, as `objdump -d` lists it.

What a check allows, it allows by the name of the function that an instruction is
in. docs/design/04-exceptions.md says which registers are whose.
"""

import re
from dataclasses import dataclass, field

LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSN = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f]{8}) \t(\S+)\s*(.*)$")


@dataclass
class Scan:
    """What was found in a disassembly."""

    count: int = 0
    allowed: int = 0
    findings: list[str] = field(default_factory=list)


def scan(disassembly, is_wrong, allowed):
    """is_wrong(word, operands) judges an instruction; one in a function of `allowed`
    is no finding."""
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
        if not is_wrong(int(insn[2], 16), insn[4]):
            continue
        if function in allowed:
            result.allowed += 1
        else:
            text = " ".join(line.split("\t")[2:]).strip()
            result.findings.append(f"{insn[1]} {function}: {text}")
    return result
