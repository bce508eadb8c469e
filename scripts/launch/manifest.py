"""The manifest: which VMs there are and where their modules stand.

Either generated from the settings (`text`), or a file of the user's (`resolve`)
in which a module may name its file instead of its address:

    kernel { compatible = "plinth,kernel"; file = "$KERNEL"; };
    disk { compatible = "plinth,disk"; file = "a.img"; reg = <0 0x60000000 0 0>; };

`file` is relative to the manifest, or "$KERNEL", "$INITRD", "$DTB", "$DISK" (of
several disks "$DISK" is the first, "$DISK2" the second) for what the command line
names; a module whose variable is empty is left out. A module without `reg` is
placed as the default ones are, a size of 0 is filled in, a whole `reg` stays as it
is. Plinth never sees `file`.
"""

import os
import re
import subprocess

from . import UsageError
from .image import DTB_MAGIC, read_file
from .layout import ALIGN, FIXED, ORDER, Module
from .size import align_up

HEAD = """/dts-v1/;
/ {
	compatible = "plinth,manifest-1";
	#address-cells = <2>;
	#size-cells = <2>;
"""


def cells(value):
    """A 64-bit number as two cells."""
    return f"0x{value >> 32:x} 0x{value & 0xFFFFFFFF:x}"


def pairs(values):
    """Cells joined two by two to 64-bit numbers."""
    return [values[i] << 32 | values[i + 1] for i in range(0, len(values) - 1, 2)]


def quoted(string):
    return '"' + string.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text(modules, cpus, memory, bootargs=None, vms=1, name="linux", hvc=False):
    """Device-tree source of a manifest with `vms` equal VMs; `hvc`: each with a
    virtio console."""
    out = [HEAD]
    for vm in range(vms):
        out.append(f"\t{name if vms == 1 else f'{name}{vm}'} {{\n")
        out.append('\t\tcompatible = "plinth,vm";\n')
        out.append("\t\t#address-cells = <2>;\n\t\t#size-cells = <2>;\n")
        out.append(f"\t\tcpus = <{cpus}>;\n\t\tmemory = <{cells(memory)}>;\n")
        if bootargs:
            out.append(f"\t\tbootargs = {quoted(bootargs)};\n")
        if hvc:
            out.append("\t\tvirtio-console;\n")
        for module in modules:
            if module.vm in (None, vm):
                out.append(
                    f"\t\t{module.kind}@{module.base:x} {{\n"
                    f'\t\t\tcompatible = "plinth,{module.kind}";\n'
                    f"\t\t\treg = <{cells(module.base)} {cells(module.size)}>;\n"
                    "\t\t};\n"
                )
        out.append("\t};\n")
    out.append("};\n")
    return "".join(out)


def _tool(*command, what):
    """Standard output of a device-tree tool."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UsageError(f"{command[0]} is missing (run scripts/setup run)") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["failed"]
        raise UsageError(f"MANIFEST: {what}: {lines[0]}")
    return done.stdout


def compile_dts(source, output):
    """Compiles device-tree source to a file."""
    _tool("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", output, source, what=source)


def compile_any(path, output):
    """The blob of a manifest, source or compiled, in a file of our own."""
    data = read_file("MANIFEST", path)
    if data[:4] == DTB_MAGIC:
        with open(output, "wb") as file:
            file.write(data)
    else:
        compile_dts(path, output)


def decompile(path, output):
    """The source of a compiled manifest, for people."""
    _tool("dtc", "-q", "-I", "dtb", "-O", "dts", "-o", output, path, what=path)


class Tree:
    """A compiled manifest that is read and changed by fdtget and fdtput."""

    def __init__(self, path):
        self.path = path

    def nodes(self, node):
        names = _tool("fdtget", "-l", self.path, node, what=node).split()
        return [f"{node.rstrip('/')}/{name}" for name in names]

    def has(self, node, prop):
        return prop in _tool("fdtget", "-p", self.path, node, what=node).split()

    def string(self, node, prop):
        return _tool("fdtget", "-d", "", self.path, node, prop, what=node).strip()

    def cells(self, node, prop):
        out = _tool("fdtget", "-t", "x", "-d", "", self.path, node, prop, what=node)
        return [int(cell, 16) for cell in out.split()]

    def numbers(self, node, prop):
        return pairs(self.cells(node, prop))

    def set_numbers(self, node, prop, values):
        split = [f"{half:x}" for v in values for half in (v >> 32, v & 0xFFFFFFFF)]
        _tool("fdtput", "-t", "x", self.path, node, prop, *split, what=node)

    def drop(self, node, prop=None):
        if prop:
            _tool("fdtput", "-d", self.path, node, prop, what=node)
        else:
            _tool("fdtput", "-r", self.path, node, what=node)


def variables(settings):
    """What a `file` may name: {"KERNEL": path, ...} of the settings so called."""
    named = {}
    for kind in ORDER:
        value = getattr(settings, kind)
        paths = value.split() if kind == "disk" else [value]
        for number, path in enumerate(paths, 1):
            named[kind.upper() + (str(number) if number > 1 else "")] = path
    return named


VARIABLE = re.compile(r"\$(KERNEL|INITRD|DTB|DISK([2-9]|[1-9]\d+)?)")


def _path_of(name, node, folder, named):
    """The file of that name; "" for an empty variable."""
    if not name.startswith("$"):
        return os.path.join(folder, name)
    if not VARIABLE.fullmatch(name):
        raise UsageError(
            f"MANIFEST: {node}: file: there is no {name},"
            " only $KERNEL, $INITRD, $DTB, $DISK, $DISK2 and so on"
        )
    return named.get(name[1:], "")


def _dtb_memory(path):
    """Bytes of RAM that a guest's own tree describes; 0 for one that cannot be
    read: Plinth says why."""
    tree, total = Tree(path), 0
    try:
        base = (tree.cells("/", "#address-cells") or [2])[0]
        step = base + (tree.cells("/", "#size-cells") or [1])[0]
        for node in tree.nodes("/"):
            if tree.string(node, "device_type") != "memory":
                continue
            reg = tree.cells(node, "reg")
            for at in range(0, len(reg) - step + 1, step):
                total += int("".join(f"{c:08x}" for c in reg[at + base : at + step]), 16)
    except (UsageError, ValueError):
        return 0
    return total


class _Places:
    """Gives each file an address in the machine's memory, and one that VMs share
    a single one: a disk that is written to only where the manifest says so."""

    def __init__(self):
        self.modules = []
        self.free = 0
        self.shared = {}

    def module(self, kind, path, base, size, owner):
        """`base` is 0 when any will do; `owner` is None or the only VM."""
        key = (path, base) if base else (kind, path, owner)
        if key not in self.shared:
            base = base or align_up(max(FIXED[kind], self.free), ALIGN[kind])
            self.shared[key] = Module(kind, path, base, size, owner)
            self.modules.append(self.shared[key])
            self.free = max(self.free, base + size)
        return self.shared[key]


def _resolve_module(tree, node, vm, path, places):
    """Replaces the `file` of one node. Returns the module's kind."""
    kind = tree.string(node, "compatible").rpartition(",")[2]
    if kind not in FIXED:
        raise UsageError(f"MANIFEST: {node}: no module has a file of this kind")
    size = len(read_file(f"MANIFEST: {node}", path))
    reg = tree.cells(node, "reg")
    if len(reg) not in (0, 4):
        raise UsageError(
            f"MANIFEST: {node}: reg: not two cells of address and two of size"
        )
    base, told = pairs(reg) or (0, 0)
    written = kind == "disk" and not tree.has(node, "read-only")
    module = places.module(kind, path, base, size, vm if written else None)
    tree.set_numbers(node, "reg", [module.base, told or module.size])
    tree.drop(node, "file")
    return kind


def resolve(tree, folder, named):
    """Replaces every `file` in a compiled manifest by an address and a size.
    Returns the modules to load and the bytes of RAM of all VMs."""
    places, memory = _Places(), 0
    for vm, vm_node in enumerate(tree.nodes("/")):
        own = tree.numbers(vm_node, "memory")[:1]
        for node in tree.nodes(vm_node):
            name = tree.string(node, "file")
            if not name:
                continue
            path = _path_of(name, node, folder, named)
            if not path:
                tree.drop(node)
            elif _resolve_module(tree, node, vm, path, places) == "dtb" and not own:
                own = [_dtb_memory(path)]
        memory += sum(own)
    return places.modules, memory
