"""The anatomy of an exit: the instructions of a reason's shortest one, by function.

The plugin writes the addresses (`paths=on`); functions are named by plinth.elf's own
symbols. A function that calls another appears before and after it.
"""

import os
import re
import subprocess
from itertools import groupby

import exits  # noqa: F401 # finds the modules below
from plinth import elf as elves

OBJDUMP = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-") + "objdump"
# The paths that the document shows: the shortest ways through the three kinds of exit
# that a guest makes most.
SHOWN = ("HVC", "GICD read", "interrupt")
INSN = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$", re.M)


def by_reason(raw):
    """{reason: [address]} of the plugin's results; None where the exit is longer than
    the plugin keeps."""
    return {
        exits.reason(e["esr"], e["device"]): e["path"]
        for e in raw["exits"]
        if len(e["path"]) == e["min"]
    }


def grouped(addresses, elf):
    """[(function, its addresses)] in the order of execution."""

    def function(address):
        return (elf.name(address) or "?").partition("+")[0]

    return [(name, list(part)) for name, part in groupby(addresses, function)]


def assembly(elf_path):
    """{address: instruction} of the image."""
    done = subprocess.run(
        [OBJDUMP, "-d", "--no-show-raw-insn", elf_path],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {int(at, 16): " ".join(text.split()) for at, text in INSN.findall(done.stdout)}


def summary(raw, elf_path):
    """{reason: [[function, instructions]]} of the paths that are shown."""
    found, elf = by_reason(raw), elves.Elf(elf_path)
    missing = [name for name in SHOWN if name not in found]
    if missing:
        raise exits.Unusable(f"no path of {', '.join(missing)}")
    return {
        reason: [[name, len(part)] for name, part in grouped(found[reason], elf)]
        for reason in SHOWN
    }


def listing(raw, elf_path, reasons):
    """Every instruction of these reasons' paths, as text."""
    found, elf, text = by_reason(raw), elves.Elf(elf_path), assembly(elf_path)
    unknown = [reason for reason in reasons if reason not in found]
    if unknown:
        raise exits.Unusable(f"no path of {', '.join(unknown)}; of {', '.join(found)}")
    lines = []
    for reason in reasons:
        lines.append(f"{reason}: {len(found[reason])} instructions")
        for name, part in grouped(found[reason], elf):
            lines.append(f"  {name}: {len(part)}")
            lines += [f"    {at:x}  {text.get(at, '?')}" for at in part]
    return "\n".join(lines)
