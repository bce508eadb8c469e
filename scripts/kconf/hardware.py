"""What a machine has, from the text of lspci -k, lsmod or a device tree.

Each reader returns a list of Need: the device as people know it, and the ways
to find its driver, the best first.
"""

import re
from dataclasses import dataclass, field

from . import KconfError

DTB_MAGIC = b"\xd0\x0d\xfe\xed"
PRIMECELL = re.compile(r"arm,pl(\d{3})$")
IGNORED = {"arm,primecell", "simple-bus"}


@dataclass
class Need:
    what: str
    modules: list = field(default_factory=list)  # names of modules or drivers
    compatible: list = field(default_factory=list)
    parts: list = field(default_factory=list)  # numbers of PrimeCells


def kind(data):
    """Which of the readers takes this input."""
    if data.startswith(DTB_MAGIC):
        return "dtb"
    text = data.decode("utf-8", "replace")
    if re.search(r"^\s*/dts-v1/\s*;", text, re.M):
        return "dts"
    if re.match(r"Module\s+Size\s+Used by", text):
        return "lsmod"
    if re.search(r"^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] ", text, re.M):
        return "lspci"
    raise KconfError("neither lspci -k, lsmod, nor a device tree (dts or dtb)")


def lsmod(text):
    names = [line.split()[0] for line in text.splitlines()[1:] if line.strip()]
    return [Need(name, modules=[name]) for name in names]


def lspci(text):
    """The driver in use comes first, then the modules that could be."""
    needs = []
    for line in text.splitlines():
        if line and not line[0].isspace():
            needs.append(Need(line.strip()))
            continue
        match = re.match(r"\s+Kernel (driver in use|modules): (.*)", line)
        if match and needs:
            have = needs[-1].modules
            have += [n for n in match[2].replace(",", " ").split() if n not in have]
    return needs


def device_tree(text):
    """From the text that dtc writes: one property or brace a line."""
    needs, nodes = [], []
    for line in text.splitlines():
        line = line.strip()
        if line.endswith("{"):
            nodes.append({"name": line.split(":")[-1].strip(" {")})
        elif line.startswith("}") and nodes:
            node = nodes.pop()
            if nodes and not any(n.get("off") for n in [*nodes, node]):
                needs += _node(node)
        elif nodes and line.startswith("compatible = "):
            nodes[-1]["compatible"] = [
                name for text in re.findall(r'"([^"]*)"', line) for name in text.split("\\0")
            ]
        elif nodes and re.match(r'status = "(?!okay|ok")', line):
            nodes[-1]["off"] = True
        elif nodes and line.startswith('device_type = "cpu"'):
            nodes[-1]["cpu"] = True
    return list(reversed(needs))


def _node(node):
    names = [name for name in node.get("compatible", []) if name not in IGNORED]
    if not names or node.get("cpu"):
        return []
    parts = [match[1] for match in map(PRIMECELL.match, names) if match]
    return [Need(f"{node['name']} ({', '.join(names)})", [], names, parts)]
