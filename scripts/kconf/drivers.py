"""Which option of a kernel source builds a driver: from its Makefiles, and from
the tables in its sources by which drivers find their devices.

The index of a source tree is plain data, so that it can be kept as JSON:

    modules     module name -> [[folder, option, ...]]: the options that build it
    objects     source file -> options that build it
    compatible  text of a device tree -> source files
    amba        part number of a PrimeCell -> source files
    drivers     name of a driver -> source files
    firmware    source file -> names of firmware that it asks for
    parts       module ("folder/name") -> its source files
"""

import os
import re
from collections import defaultdict

from . import kconfig

SOURCES = ("drivers", "sound", "net", "arch/arm64", "fs")
ASSIGN = re.compile(r"^\s*([\w-]+?)-(y|m|objs|\$\((?:subst\s+m,y,\$\()?CONFIG_(\w+)\)?\))"
                    r"\s*[:+]?=\s*(.*)$")  # fmt: skip
COMPATIBLE = re.compile(rb'\.compatible\s*=\s*"([^"]+)"|\b\w+_DECLARE\w*\(\s*\w+,\s*"([^"]+)"')
DRIVER = re.compile(rb"struct\s+\w*driver\s+\w+\s*=\s*\{(.*?)^\}", re.S | re.M)
NAME = re.compile(rb'\.name\s*=\s*(?:"([^"]+)"|(\w+))')
AMBA = re.compile(rb"struct\s+amba_id\s+\w+\[\]\s*=\s*\{(.*?)^\}", re.S | re.M)
AMBA_ID = re.compile(rb"\.id\s*=\s*0x([0-9a-fA-F]+)")
FIRMWARE = re.compile(rb"\bMODULE_FIRMWARE\(((?:[^()]|\([^()]*\))*)\)")
DEFINE = re.compile(rb'^\s*#\s*define\s+(\w+)(?:\(\w+\))?\s+(.*"[^"\n]*".*)$', re.M)
WANTED = (b".compatible", b"_DECLARE", b"driver ", b"amba_id", b"MODULE_FIRMWARE")


def canonical(name):
    return name.replace("-", "_")


def is_makefile(name):
    return name in ("Makefile", "Kbuild")


class _Makefiles:
    """What the Makefiles build: objects by the options that ask for them."""

    def __init__(self):
        self.builds = defaultdict(list)  # folder/object -> option or ""
        self.holds = defaultdict(list)  # folder/object -> [(folder/composite, option)]

    def add(self, folder, text):
        for line in kconfig.logical_lines(text):
            match = ASSIGN.match(line)
            if not match:
                continue
            target, option, words = match[1], match[3] or "", match[4].split()
            for word in words:
                path = os.path.normpath(os.path.join(folder, word))
                if word.endswith("/") and target == "obj":
                    self.builds[path + "/"].append(option)
                elif word.endswith(".o") and target in ("obj", "lib"):
                    self.builds[path[:-2]].append(option)
                elif word.endswith(".o"):
                    self.holds[path[:-2]].append((os.path.join(folder, target), option))

    def options(self, path, seen=()):
        """Options that build folder/object, those of its folders included."""
        found = []
        for option in self.builds.get(path, []):
            found += [option] if option else []
        for whole, option in self.holds.get(path, []):
            if whole != path and whole not in seen:
                found += self.options(whole, (*seen, path))
                found += [option] if option else []
        return list(dict.fromkeys(found))

    def folders(self, path):
        """Options that lead to the folder."""
        found, folder = [], os.path.dirname(path)
        while folder:
            found += [option for option in self.builds.get(folder + "/", []) if option][:1]
            folder = os.path.dirname(folder)
        return found


def _macros(data):
    return {name: value for name, value in DEFINE.findall(data)}


def _text(expression, macros, depth=4):
    """A C expression of string literals and macros as text; None if it is more
    than that."""
    out = ""
    for literal, name, other in re.findall(rb'"([^"]*)"|(\w+)(?:\([^()]*\))?|(\S)', expression):
        if name and depth and name in macros:
            inner = _text(macros[name], macros, depth - 1)
            if inner is None:
                return None
            out += inner
        elif name or other:
            return None
        else:
            out += literal.decode("utf-8", "replace")
    return out or None


def _scan(path, data, index):
    """The tables of one source file."""
    for one, other in COMPATIBLE.findall(data):
        index["compatible"][(one or other).decode("utf-8", "replace")].append(path)
    macros = _macros(data)
    for body in DRIVER.findall(data):
        for literal, macro in NAME.findall(body):
            name = literal.decode("utf-8", "replace") if literal else _text(macro, macros)
            if name:
                index["drivers"][name].append(path)
    for body in AMBA.findall(data):
        for number in AMBA_ID.findall(body):
            index["amba"][f"{int(number, 16) & 0xFFF:03x}"].append(path)
    for expression in FIRMWARE.findall(data):
        name = _text(expression, macros)
        if name:
            index["firmware"][path].append(name)


def _read(source, path):
    with open(os.path.join(source, path), "rb") as file:
        return file.read()


def build(source):
    """The index of a source tree."""
    makes = _Makefiles()
    for path in sorted(kconfig.files(source, is_makefile)):
        makes.add(os.path.dirname(path), _read(source, path).decode("utf-8", "replace"))
    index = {kind: defaultdict(list)
             for kind in ("compatible", "amba", "drivers", "firmware")}  # fmt: skip
    for room in SOURCES:
        below = os.path.join(source, room)
        for path in sorted(kconfig.files(below, lambda name: name.endswith(".c"))):
            data = _read(below, path)
            if any(word in data for word in WANTED):
                _scan(os.path.join(room, path), data, index)
    files = {path for kind in ("compatible", "amba", "drivers", "firmware")
             for path in _paths(index, kind)}  # fmt: skip
    index["objects"] = {path: _with_folders(makes, path[:-2]) for path in sorted(files)}
    _add_modules(makes, index)
    return {kind: dict(table) for kind, table in index.items()}


def _paths(index, kind):
    if kind == "firmware":
        return list(index[kind])
    return [path for paths in index[kind].values() for path in paths]


def _with_folders(makes, path):
    return list(dict.fromkeys(makes.options(path) + makes.folders(path)))


def _add_modules(makes, index):
    index["modules"], index["parts"] = defaultdict(list), defaultdict(list)
    for path, options in makes.builds.items():
        if path.endswith("/") or not any(options):
            continue
        name = canonical(os.path.basename(path))
        index["modules"][name].append([path, *_with_folders(makes, path)])
        index["parts"][path].append(path + ".c")
    for part, wholes in makes.holds.items():
        for whole, _option in wholes:
            if whole in index["parts"]:
                index["parts"][whole].append(part + ".c")
