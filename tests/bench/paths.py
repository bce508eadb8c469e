"""The anatomy of an exit: the instructions of a reason's usual one, by function.

The plugin writes the addresses (`paths=on`) of the last exit that was as long as most of
its reason. Functions and source lines are those of plinth.elf's own symbols. A function
that calls another appears before and after it.
"""

import os
import re
import subprocess
from itertools import groupby

import exits  # noqa: F401 # finds the modules below
from plinth import elf as elves

OBJDUMP = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-") + "objdump"
ADDR2LINE = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-") + "addr2line"
SHOWN = 3  # of the reasons that take most
INSN = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$", re.M)
TARGET = re.compile(r"\b(?:0x)?[0-9a-f]+ (<[^>]+>)")  # addresses change with every build


def usual(raw):
    """{reason: exit} of the plugin's results, without those whose exits are longer than
    the plugin keeps. Of a reason with several handlers it is the most frequent one's."""
    return {
        exits.reason(e["esr"], e["device"]): e
        for e in sorted(raw["exits"], key=lambda e: e["count"])
        if e["path"]
    }


def by_reason(raw):
    """{reason: [address]}."""
    return {reason: e["path"] for reason, e in usual(raw).items()}


def hottest(raw):
    """The reasons whose exits take most in all, and have a path."""
    found = by_reason(raw)
    names = [row["reason"] for row in exits.digest(raw)["reasons"]]
    return [name for name in names if name in found][:SHOWN]


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


def sources(elf_path, addresses):
    """{address: (file's name, line number, the line)}; a line that is unknown is ""."""
    done = subprocess.run(
        [ADDR2LINE, "-e", elf_path, *(f"{at:#x}" for at in addresses)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found, texts = {}, {}
    for at, where in zip(addresses, done.stdout.splitlines()):
        path, _, number = where.partition(" ")[0].rpartition(":")
        if path not in texts:
            try:
                with open(path, encoding="utf-8") as file:
                    texts[path] = file.read().splitlines()
            except OSError:
                texts[path] = []
        line = int(number) if number.isdigit() else 0
        known = 0 < line <= len(texts[path])
        text = " ".join(texts[path][line - 1].split()) if known else ""
        found[at] = (os.path.basename(path), line, text)
    return found


def lines(raw):
    """{reason: (cache lines of code, of data)} that these exits touch, of 64 bytes."""
    return {
        reason: (len({at >> 6 for at in e["path"]}), e["lines"])
        for reason, e in usual(raw).items()
    }


def summary(raw, elf_path, reasons):
    """{reason: [[function, instructions]]} of these paths."""
    found, elf = by_reason(raw), elves.Elf(elf_path)
    missing = [name for name in reasons if name not in found]
    if missing:
        raise exits.Unusable(f"no path of {', '.join(missing)}; of {', '.join(found)}")
    return {
        reason: [[name, len(part)] for name, part in grouped(found[reason], elf)]
        for reason in reasons
    }


def remark(name, number, words, insn):
    """What stands beside an instruction; of an assembler source only what it adds."""
    code, _, comment = words.partition("//")
    if code.split(" ")[0] == insn.split(" ")[0]:
        words = comment.strip()
    return f"{name}:{number} {words}".rstrip()


def annotated(part, text, source):
    """Lines of one function's instructions, the source beside where it changes."""
    lines, before = [], None
    for at in part:
        insn = TARGET.sub(r"\1", text.get(at, "?")).partition(" //")[0]
        name, number, words = source[at]
        told = "" if (name, number) == before else remark(name, number, words, insn)
        before = (name, number)
        lines.append(f"    {insn:<32} {told}".rstrip())
    return lines


def listing(raw, elf_path, reasons):
    """{reason: lines} with every instruction of these reasons' paths."""
    steps, found = summary(raw, elf_path, reasons), by_reason(raw)
    elf, text, listed = elves.Elf(elf_path), assembly(elf_path), {}
    source = sources(elf_path, sorted({at for name in reasons for at in found[name]}))
    for reason in reasons:
        lines = [f"{reason}: {sum(count for _, count in steps[reason])} instructions"]
        for name, part in grouped(found[reason], elf):
            lines.append(f"  {name}: {len(part)}")
            lines += annotated(part, text, source)
        listed[reason] = lines
    return listed
