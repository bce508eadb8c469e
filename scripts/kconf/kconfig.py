"""What the Kconfig files of a kernel source say of its options.

Not an implementation of the language: every definition of an option is found,
with its prompt and what it depends on as text. Conditions around it (`if`,
menus) are collected as further dependencies.
"""

import os
import re
from dataclasses import dataclass, field

OTHER_ARCHES = re.compile(r"arch/(?!arm64(?:/|$))[^/]+")
ENTRY = re.compile(r"(?:menu)?config\s+(\w+)$")
PROMPT = re.compile(r"(?:bool|tristate|string|int|hex|def_bool|def_tristate|prompt)"
                    r"\s+\"((?:[^\"\\]|\\.)*)\"")  # fmt: skip
SYMBOL = re.compile(r"\b[A-Z0-9][A-Z0-9_a-z]*\b")


@dataclass
class Option:
    name: str
    prompt: str = ""
    depends: list = field(default_factory=list)  # texts, all of which must hold


def files(source, name=lambda file: file.startswith("Kconfig")):
    """Paths below `source` of files that a build for arm64 may read."""
    for folder, folders, names in os.walk(source):
        inside = os.path.relpath(folder, source)
        if OTHER_ARCHES.match(inside) or inside.startswith(("tools", "scripts/kconfig/tests")):
            folders.clear()
            continue
        for file in names:
            if name(file):
                yield os.path.normpath(os.path.join(inside, file))


def logical_lines(text):
    """Lines with their continuations, and without what follows a #."""
    for line in text.replace("\\\n", " ").splitlines():
        yield re.sub(r"(?:^|\s)#.*", "", line.rstrip())


def parse(text, options):
    """Adds what one Kconfig file defines to `options`."""
    around = []  # conditions of the blocks that are open
    here, helping, indent = None, False, 0
    for line in logical_lines(text):
        if helping and (not line.strip() or _indent(line) > indent):
            continue
        helping = False
        word = line.split(None, 1)[0] if line.strip() else ""
        match = ENTRY.match(line.strip())
        if match:
            here = options.setdefault(match[1], Option(match[1]))
            here.depends += [c for c in filter(None, around) if c not in here.depends]
        elif word in ("help", "---help---"):
            helping, indent = True, _indent(line)
        elif word in ("if", "menu", "choice"):
            around.append(line.split(None, 1)[1] if word == "if" else "")
            here = None
        elif word in ("endif", "endmenu", "endchoice") and around:
            around.pop()
            here = None
        elif word == "depends" and not here and around and "on" in line:
            _and(around, line.split("on", 1)[1].strip())
        elif here:
            _attribute(here, line.strip(), word)


def _indent(line):
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _and(around, condition):
    around[-1] = f"({around[-1]}) && ({condition})" if around[-1] else condition


def _attribute(option, line, word):
    match = PROMPT.match(line)
    if match and not option.prompt:
        option.prompt = match[1]
    elif word == "depends":
        condition = line.split("on", 1)[1].strip()
        if condition not in option.depends:
            option.depends.append(condition)


def read(source):
    """All options of the source tree, by name."""
    options = {}
    for path in sorted(files(source)):
        with open(os.path.join(source, path), encoding="utf-8", errors="replace") as file:
            parse(file.read(), options)
    return options


def symbols(condition):
    """Names in a condition, without y, m and n."""
    return [name for name in SYMBOL.findall(condition) if name not in ("y", "m", "n")]
