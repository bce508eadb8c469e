"""What an image's bytes are for, by area, from the linker's map."""

import re

# Which object is of which area: the first pattern that its path matches.
AREAS = (
    ("exits, scheduler", r"hyp/(abort|emulate|exit_trace|firmware|mmio|run|runq|sched\w*|trap|vcpu|vm_vcpus|pvtime)\.o"),
    ("virtual GIC and ITS", r"arch/aarch64/(vgic|vits)\w*\.o"),
    ("registers, PSCI, SMCCC, instructions", r"arch/aarch64/(?!pgtable|stage|el2/)\w+\.o"),
    ("world switch, vectors, maintenance", r"arch/aarch64/el2/\w+\.o"),
    ("tables, pages, guests' memory", r"arch/aarch64/(pgtable|stage)\w*\.o|hyp/(page_alloc|arena|gmem\w*|vm_memory)\.o"),
    ("devices", r"hyp/vdev/\w+\.o|drivers/\w+\.o|hyp/vm_devices\.o"),
    ("device trees, manifest", r"hyp/(dt\w*|manifest\w*|multiboot|vm_dt\w*|vm_config)\.o"),
    ("console, monitor, log", r"hyp/(console|mux\w*|monitor\w*|line_edit|log|stats|unsent|vm_console)\.o"),
    ("VMs: creation, loading, life", r"hyp/\w+\.o"),
    ("boot, panic", r"boot/\w+\.o"),
    ("libfdt", r"libfdt\.a"),
    ("newlib", r"libc\.a"),
    ("words to relocate", r"tables\.o"),
)  # fmt: skip
# A line of the map that places something: section, address, size, file.
PLACED = re.compile(r"^ (\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$", re.M)
CODE, CONSTANTS = ("text", "head", "vectors"), ("rodata", "data.rel.ro", "got", "relr")


def kind(section):
    """"code" or "constants" (with what little is initialised data); None: it is not
    loaded, or is the table of symbols."""
    name = section[1:]
    if name.startswith(CODE):
        return "code"
    if name.startswith((*CONSTANTS, "data")):
        return "constants"
    return None


def area(path):
    return next((name for name, pattern in AREAS if re.search(pattern, path)), "else")


def of_map(text):
    """[{"what", "code", "constants"}], the largest first."""
    memory = text.partition("Linker script and memory map")[2]
    # A long section name stands on a line of its own.
    memory = re.sub(r"^( \.\S+)\n +0x", r"\1 0x", memory, flags=re.M)
    found = {}
    for section, address, size, path in PLACED.findall(memory):
        what = kind(section)
        if what and int(address, 16):
            row = found.setdefault(area(path), {"code": 0, "constants": 0})
            row[what] += int(size, 16)
    rows = [{"what": name, **row} for name, row in found.items()]
    return sorted(rows, key=lambda row: -row["code"] - row["constants"])
