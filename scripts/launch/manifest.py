"""The manifest: which VMs there are and where their modules stand.

Either generated from the settings (`text`), or a file of the user's (`resolve`)
in which a module may name its file instead of its address:

    kernel { compatible = "plinth,kernel"; file = "$KERNEL"; };
    disk { compatible = "plinth,disk"; file = "a.img"; reg = <0 0x60000000 0 0>; };

`file` is relative to the manifest, or "$KERNEL", "$INITRD", "$DTB", "$DISK" for
what the command line names; a module whose variable is empty is left out. A
module without `reg` is placed as the default ones are, a size of 0 is filled
in, a whole `reg` stays as it is. Plinth never sees `file`.
"""

import os
import subprocess

from . import UsageError
from .image import read_file
from .layout import ALIGN, FIXED, Module
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
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["failed"]
        raise UsageError(f"MANIFEST: {what}: {lines[0]}")
    return done.stdout


def compile_dts(source, output):
    """Compiles device-tree source to a file."""
    _tool("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", output, source, what=source)


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

    def string(self, node, prop):
        return _tool("fdtget", "-d", "", self.path, node, prop, what=node).strip()

    def numbers(self, node, prop):
        """The property's cells, joined in pairs to 64-bit numbers."""
        out = _tool("fdtget", "-t", "x", "-d", "", self.path, node, prop, what=node)
        values = [int(cell, 16) for cell in out.split()]
        return [
            values[i] << 32 | values[i + 1] for i in range(0, len(values) - 1, 2)
        ]

    def set_numbers(self, node, prop, values):
        split = [f"{half:x}" for v in values for half in (v >> 32, v & 0xFFFFFFFF)]
        _tool("fdtput", "-t", "x", self.path, node, prop, *split, what=node)

    def drop(self, node, prop=None):
        if prop:
            _tool("fdtput", "-d", self.path, node, prop, what=node)
        else:
            _tool("fdtput", "-r", self.path, node, what=node)


def resolve(tree, folder, variables):
    """Replaces every `file` in a compiled manifest by an address and a size.
    Returns the modules to load and the bytes of RAM of all VMs."""
    modules, memory, free, shared = [], 0, 0, {}
    for vm, vm_node in enumerate(tree.nodes("/")):
        memory += sum(tree.numbers(vm_node, "memory")[:1])
        for node in tree.nodes(vm_node):
            name = tree.string(node, "file")
            if not name:
                continue
            path = variables.get(name[1:]) if name[0] == "$" else name
            if not path:
                tree.drop(node)
                continue
            if name[0] != "$":
                path = os.path.join(folder, path)
            kind = tree.string(node, "compatible").rpartition(",")[2]
            if kind not in FIXED:
                raise UsageError(f"MANIFEST: {node}: no module has a file of this kind")
            size = len(read_file(f"MANIFEST: {node}", path))
            base, told = (tree.numbers(node, "reg") + [0, 0])[:2]
            key = (kind, path, base, vm if kind == "disk" else None)
            if key not in shared:
                if not base:
                    base = align_up(max(FIXED[kind], free), ALIGN[kind])
                shared[key] = Module(kind, path, base, size, key[3])
                modules.append(shared[key])
                free = max(free, base + size)
            tree.set_numbers(node, "reg", [shared[key].base, told or size])
            tree.drop(node, "file")
    return modules, memory
