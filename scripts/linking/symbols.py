"""The symbol table that Plinth carries to name addresses in a crash report.

Made from what `nm -f sysv` says of a linked image, as assembler text for the
section .symbols, in the layout that hyp/symbols.h describes. The same image
always gives the same text.
"""

from dataclasses import dataclass

# Limits of the layout's fields.
OFFSET_MAX = 2**32 - 1
INSNS_MAX = 2**16 - 1
NAME_MAX = 2**16 - 1


class SymbolError(Exception):
    """The image does not fit the layout."""


@dataclass(frozen=True)
class Function:
    """Where a function is, in bytes from the image's start."""

    offset: int
    size: int
    name: str


def parse(listing):
    """Symbols of .text in the output of `nm -f sysv`: (value, size, type,
    class, name)."""
    found = []
    for line in listing.splitlines():
        column = [c.strip() for c in line.split("|")]
        if len(column) != 7 or column[6] != ".text" or not column[1]:
            continue
        name, value, kind, typ, size = column[:5]
        if name.startswith("$"):  # $x and $d tell code from data
            continue
        found.append((int(value, 16), int(size or "0", 16), typ, kind, name))
    return found


def _preference(symbol):
    """Which name of one address is shown: the smallest."""
    _, _, typ, kind, name = symbol
    return typ != "FUNC", kind.islower(), len(name), name


def functions(symbols):
    """One Function an address, sorted. A label of assembler code has no size:
    it ends where the next one begins."""
    base = next(v for v, *_, name in symbols if name == "__image_start")
    end = next(v for v, *_, name in symbols if name == "__text_end")
    best = {}
    for symbol in symbols:
        value = symbol[0]
        if value < end and (
            value not in best or _preference(symbol) < _preference(best[value])
        ):
            best[value] = symbol
    starts = sorted(best)
    return [
        Function(start - base, best[start][1] or after - start, best[start][4])
        for start, after in zip(starts, [*starts[1:], end])
    ]


def assemble(table):
    """Assembler text of the table."""
    lines = ['\t.section .symbols, "a"', "\t.balign 8"]
    names, position = [], 0
    lines.append(f"\t.word {len(table)}, {sum(len(f.name) + 1 for f in table)}")
    for f in table:
        if f.size % 4 or f.offset % 4:
            raise SymbolError(f"{f.name}: not made of whole instructions")
        if f.offset > OFFSET_MAX or f.size // 4 > INSNS_MAX or position > NAME_MAX:
            raise SymbolError(f"{f.name}: does not fit the symbol table")
        lines.append(f"\t.word {f.offset:#x}; .hword {f.size // 4}, {position}")
        names.append(f'\t.asciz "{f.name}"')
        position += len(f.name) + 1
    return "\n".join(lines + names) + "\n"


def of_image(listing):
    """Assembler text of the table for an image that nm listed."""
    return assemble(functions(parse(listing)))
