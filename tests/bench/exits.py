"""What tests/bench/plugin counts: its arguments, its results by name, the table.

Syndromes are named by scripts/gdb/plinth/esr.py, devices by the handler that an exit
came by. Plinth counts exits itself (`stats`), by exception class: both have to agree.
docs/performance.md says what the figures mean.
"""

import json
import os
import re
import shlex
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "scripts", "gdb")]

import child  # noqa: E402
from launch import image  # noqa: E402
from plinth import esr as syndrome  # noqa: E402

# Handlers of devices, and what to call these.
DEVICES = {
    "line_store": "pl011",
    "pl011_mmio": "pl011",
    "pl031_mmio": "pl031",
    "vgic_dist_mmio": "GICD",
    "vgic_redist_mmio": "GICR",
    "vits_mmio": "ITS",
    "virtio_mmio_access": "virtio",
}
IRQ = 62  # CPU_EXIT_IRQ
UART = "uart=9000000"  # the data register of QEMU's virt
MARKER = "plinth guest ready\r\n"  # guest/linux/initramfs/init, before it does as told
# Plinth's words for the classes, exit_class_name().
CLASSES = {
    0x01: "wfx",
    0x16: "hvc",
    0x17: "smc",
    0x18: "sysreg",
    0x19: "sve",
    0x20: "instruction-abort",
    0x24: "data-abort",
    IRQ: "irq",
}
STATS = re.compile(r"^plinth: VM \S+: exits: (\S+) (\d+)\r?$", re.M)


class Unusable(Exception):
    """A run that gives no figures: one line that says why."""


def plugin_arguments(plugin, elf_path, out):
    """What follows QEMU's -plugin."""
    elf = image.Elf(elf_path)

    def address(name):
        value = elf.symbol(name)
        if value is None:
            raise Unusable(f"{elf_path} has no symbol {name}")
        return f"{value:x}"

    words = [
        os.path.abspath(plugin),
        f"image={address('__image_start')}",
        f"end={address('__text_end')}",
        f"vectors={address('el2_vectors')}",
        f"vectors_end={address('panic_entry')}",
        *(f"device={address(name)}" for name in DEVICES),
        UART,
        f"out={os.path.abspath(out)}",
    ]
    return ",".join(words)


def run(command, plugin, out):
    """(the plugin's results, the console's text) of a run of scripts/run; `plugin` as
    of plugin_arguments(), which name the file `out`."""
    if os.path.exists(out):
        os.unlink(out)
    words = [*command, f"--qemu-args={shlex.join(['-plugin', plugin])}"]
    status, console, said = child.run(words)
    text = console.decode("latin-1")  # a character is a byte
    if status or not os.path.exists(out):
        sys.stderr.write(text[-2000:])
        raise Unusable(f"no counts, status {status}" + (f": {said}" if said else ""))
    with open(out, encoding="utf-8") as file:
        return json.load(file), text


def native(command, plugin, out):
    """The same as run() of a command line without Plinth."""
    options = f"{os.path.abspath(plugin)},native=on,{UART},out={os.path.abspath(out)}"
    return run(command, options, out)


def until(raw, text, marker=MARKER):
    """The counts when `marker` had been sent: exits, in_exits, el2 (with the start-up),
    guest. A byte counts when the exit that sent it has ended."""
    before, found, _ = text.partition(marker)
    if not found:
        raise Unusable(f"the console never said {marker.strip()!r}")
    if raw["bytes"] != len(text):
        raise Unusable(f"{raw['bytes']} bytes were sent, {len(text)} arrived")
    end = len(before) + len(marker)
    counts = next(counts for sent, *counts in raw["sent"] if sent >= end)
    return dict(zip(("exits", "in_exits", "el2", "guest"), counts))


def class_of(esr):
    """The word that Plinth's own counts have for it."""
    number = syndrome.exception_class(esr)
    return CLASSES.get(number, f"class {number:#x}")


def reason(esr, device):
    """One reason's name; `device` is an index into DEVICES, or -1."""
    number = syndrome.exception_class(esr)
    if number == IRQ:
        return "interrupt"
    if number == 0x01:
        return syndrome.WFX[esr & 3]
    if number == 0x18:
        # Without the register moved, which is x0 here.
        return syndrome.system_register(esr).replace(" x0,", "").replace(", x0", "")
    if number == 0x24:
        name = list(DEVICES.values())[device] if device >= 0 else "memory"
        return f"{name} {'write' if esr & 0x40 else 'read'}"
    return syndrome.CLASSES.get(number, f"exception class {number:#x}")


def digest(raw):
    """The plugin's results with names, most expensive reason first."""
    if raw["trouble"]:
        raise Unusable(f"plugin: {raw['trouble']}")
    if raw["exceptions"]:
        raise Unusable(f"plugin: {raw['exceptions']} exceptions from EL2")
    found = {}
    for e in raw["exits"]:  # a device may have two handlers
        name = reason(e["esr"], e["device"])
        count, spent, worst = found.get(name, (0, 0, 0))
        found[name] = count + e["count"], spent + e["sum"], max(worst, e["max"])
    rows = [
        {
            "reason": name,
            "count": count,
            "mean": round(spent / count, 1),
            "worst": worst,
            "sum": spent,
        }
        for name, (count, spent, worst) in found.items()
    ]
    rows.sort(key=lambda row: (-row["sum"], row["reason"]))
    spent = sum(row["sum"] for row in rows)
    return {
        "guest": raw["guest"],
        "el2": raw["el2"],
        "startup": raw["startup"],
        "exits": sum(row["count"] for row in rows),
        "in_exits": spent,
        "elsewhere": raw["el2"] - raw["startup"] - spent,
        "reasons": rows,
    }


def disagreements(raw, text):
    """Where Plinth's own counts, in its console's text, are others."""
    own = {name: int(count) for name, count in STATS.findall(text)}
    own.pop("total", None)
    seen = {}
    for esr, count in [(e["esr"], e["count"]) for e in raw["exits"]] + [
        (esr, 1) for esr in raw["open"]
    ]:
        seen[class_of(esr)] = seen.get(class_of(esr), 0) + count
    return [
        f"{name}: Plinth counted {own.get(name, 0)}, the plugin {seen.get(name, 0)}"
        for name in sorted(own.keys() | seen.keys())
        if own.get(name) != seen.get(name)
    ]


ID_READS = "ID registers, read"
GROUP = re.compile(r"mrs (?:ID_|MVFR|REVIDR|AIDR|S3_0_C0_C)")


def by_kind(result, most=14):
    """The reasons with all ID registers as one, the `most` that take most; the rest is
    the last."""
    found = {}
    for row in result["reasons"]:
        name = ID_READS if GROUP.match(row["reason"]) else row["reason"]
        kind = found.setdefault(name, {"reason": name, "count": 0, "worst": 0, "sum": 0})
        kind["count"] += row["count"]
        kind["sum"] += row["sum"]
        kind["worst"] = max(kind["worst"], row["worst"])
    rows = sorted(found.values(), key=lambda row: -row["sum"])
    if len(rows) > most:
        rest = rows[most:]
        rows[most:] = [
            {
                "reason": "all others",
                "count": sum(row["count"] for row in rest),
                "worst": max(row["worst"] for row in rest),
                "sum": sum(row["sum"] for row in rest),
            }
        ]
    return rows


def ratio(result):
    """Guest instructions under Plinth to those of the native boot."""
    return result["guest"] / result["native"]


def totals(result):
    """The lines below the table: name, figure, and what it is of the whole."""
    after = result["el2"] - result["startup"]
    per_exit = result["in_exits"] / result["exits"] if result["exits"] else 0
    lines = [
        ("guest instructions", f"{result['guest']}"),
        ("EL2, start-up", f"{result['startup']}"),
        ("EL2, in exits", f"{result['in_exits']}"),
        ("EL2, elsewhere", f"{result['elsewhere']}"),
        ("EL2 per exit", f"{per_exit:.1f}"),
        ("EL2 of the guest's", f"{100 * after / result['guest']:.3f} %"),
    ]
    if "native" in result:
        lines.append(("guest, of the native boot's", f"{ratio(result):.4f}"))
    return lines


def table(result):
    """Exits by reason, and the totals, as aligned text."""
    spent = result["in_exits"] or 1
    lines = [f"{'reason':<34}{'count':>9}{'mean':>10}{'worst':>9}{'share':>9}"]
    for row in result["reasons"] + [
        {
            "reason": "all",
            "count": result["exits"],
            "mean": spent / (result["exits"] or 1),
            "worst": max((row["worst"] for row in result["reasons"]), default=0),
            "sum": result["in_exits"],
        }
    ]:
        lines.append(
            f"{row['reason']:<34}{row['count']:>9}{row['mean']:>10.1f}"
            f"{row['worst']:>9}{100 * row['sum'] / spent:>7.1f} %"
        )
    return "\n".join(lines + [f"{name:<34}{value:>14}" for name, value in totals(result)])
