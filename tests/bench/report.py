"""The tables of docs/performance.md, from the committed results.

    tests/bench/report.py --write

replaces what stands between the markers in the document; a test fails when that is not
what the base line says. A row is judged by the worse of the CPU models.
"""

import argparse
import fcntl
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs", "performance.md")
BEGIN = "<!-- tests/bench/report.py: begin -->\n"
END = "<!-- tests/bench/report.py: end -->\n"
APPENDIX = ("<!-- tests/bench/report.py: trace -->\n", "<!-- tests/bench/report.py: end of trace -->\n")


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


def store(name, result):
    """`name` is beside this file, or absolute."""
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
        file.write("\n")


def keep(path, elf, **sections):
    """Puts sections into the file of results, which is of one image: what another one
    left there goes."""
    with open(elf, "rb") as file:
        image = hashlib.sha256(file.read()).hexdigest()
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            found = json.load(file)
        except ValueError:
            found = {}
        if not isinstance(found, dict) or found.get("image") != image:
            found = {"unit": "instructions", "image": image}
        found.update(sections)
        file.truncate(0)
        json.dump(found, file, indent=2)
        file.write("\n")


OTHERS = "all others"  # exits.by_kind()

# Columns of the table of boots: names in boots.json and in the table.
BOOTS = {
    "exits": "exits",
    "el2": "EL2",
    "mean": "each",
    "percent": "EL2 %",
    "guest": "guest",
    "ratio": "of native",
    "all_exits": "to power-off: exits",
    "all_in_exits": "EL2 in exits",
}


def against(row, name):
    """A boot's figure, and its budget where it has one."""
    return "" if row[name] is None else judged(row[name], row["budgets"].get(name))


MODELS = ("cortex-a57", "max")  # of the shapes that are told in full


def boots(result):
    """The table of boots in several shapes, of tests/bench/boots."""
    heads = ["boot", "vCPUs on CPUs", "model", *BOOTS.values()]
    lines = [f"| {' | '.join(heads)} |", f"|---|---|---|{'--:|' * len(BOOTS)}"]
    for row in result["boots"]:
        if row["model"] not in MODELS:
            continue
        cells = [row["what"], f"{row['vcpus']} on {row['cpus']}", row["model"]]
        cells += [against(row, name) for name in BOOTS]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def others(result):
    """The table of boots on other CPU models: exits and EL2, by shape."""
    found = {}
    for row in result["boots"]:
        if row["model"] not in MODELS:
            name = f"{row['what']}, {row['vcpus']} on {row['cpus']}"
            found.setdefault(name, {})[row["model"]] = row
    budgets = [next(iter(rows.values()))["budgets"] for rows in found.values()]
    heads = [f"{name} ({b['exits']}, {b['el2']})" for name, b in zip(found, budgets)]
    lines = [f"| model | {' | '.join(heads)} |", f"|---|{'--:|' * len(heads)}"]
    for model in dict.fromkeys(model for rows in found.values() for model in rows):
        cells = [pair(rows.get(model)) for rows in found.values()]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def pair(row):
    """Exits and EL2 of a boot; bold is above its budget."""
    if row is None:
        return ""
    cells = []
    for name in ("exits", "el2"):
        over = row[name] > row["budgets"].get(name, row[name])
        cells.append(f"**{row[name]}**" if over else f"{row[name]}")
    return ", ".join(cells)


def reasons(result):
    """The table of exits by reason, a column for each boot of which they are kept."""
    told = [row for row in result["boots"] if "reasons" in row]
    names = dict.fromkeys(
        reason["reason"]
        for reason in sorted((r for row in told for r in row["reasons"]), key=lambda r: -r["sum"])
    )
    names = [name for name in names if name != OTHERS] + [OTHERS]
    heads = [shape(row) for row in told]
    lines = [f"| exit | {' | '.join(heads)} |", f"|---|{'--:|' * len(told)}"]
    for name in names:
        cells = []
        for row in told:
            of = [r for r in row["reasons"] if r["reason"] == name]
            cells += [
                f"{r['count']} × {r['sum'] / r['count']:.0f} ({r['worst']})" for r in of
            ] or [""]
        if any(cells):
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def judged(value, budget):
    if budget is None:
        return f"{value}"
    return f"{value} ({'met' if value <= budget else 'not met'}: {budget})"


def starts(found):
    """The tables of starts and sizes, of tests/bench/startup."""
    heads = "| start | all | scrubbing RAM | copying images | all else | without scrubbing |"
    lines = [heads, f"|---|{'--:|' * 5}"]
    for row in found["starts"]:
        cells = [f"{row[name]}" for name in ("all", "scrub", "copy", "rest")]
        lines.append(
            f"| {row['what']} | {' | '.join(cells)} | {judged(row['apart'], row['budget'])} |"
        )
    lines += ["", "| size | |", "|---|--:|"]
    for row in found["sizes"]:
        lines.append(f"| {row['what']} | {judged(row['value'], row['budget'])} |")
    lines += ["", "| of the image | code | constants |", "|---|--:|--:|"]
    for row in found["areas"]:
        lines.append(f"| {row['what']} | {row['code']} | {row['constants']} |")
    return "\n".join(lines)


def rows(baseline, budgets):
    """One dict an operation: name, what, by CPU model, worst, budget, over."""
    models = baseline["operations"]
    names = dict.fromkeys(name for figures in models.values() for name in figures)
    found = []
    for name in names:
        told = budgets.get(name, {})
        figures = {cpu: of.get(name) for cpu, of in models.items()}
        worst = max(value for value in figures.values() if value is not None)
        budget = told.get("budget")
        over = None if budget is None else max(0, worst - budget)
        found.append(
            {
                "name": name,
                "what": told.get("what", name),
                "figures": figures,
                "worst": worst,
                "budget": budget,
                "then": told.get("then"),
                "peers": told.get("peers", []),
                "over": over,
            }
        )
    return found


def cell(value):
    return "" if value is None else f"{value:.0f}"


def operations(baseline, budgets):
    """The table of operations."""
    models = list(baseline["operations"])
    heads = ["operation", "row", *models, "budget", "over it by", "then towards"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * 2}{'--:|' * (len(models) + 3)}"]
    for row in rows(baseline, budgets):
        over = "met" if row["over"] == 0 else cell(row["over"])
        cells = [row["what"], f"`{row['name']}`"]
        cells += [cell(row["figures"][cpu]) for cpu in models]
        cells += [cell(row["budget"]), over, cell(row["then"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def boot(linux):
    """The totals of the Linux boot in words."""
    setup = linux["setup"]
    each = linux["in_exits"] / linux["exits"]
    native = ""
    if "native" in linux:
        native = (
            f"\nThe same boot without Plinth takes {linux['native']} instructions: "
            f"the guest executes {linux['guest'] / linux['native']:.4f}\ntimes as many."
        )
    return (
        f"A boot of Linux {setup['kernel']} (`{setup['append']}`, SMP={setup['smp']}, "
        f"{setup['cpu']}), from\npower-on to power-off: {linux['exits']} exits, "
        f"{linux['in_exits']} instructions of EL2 in them ({each:.0f}\neach), "
        f"{linux['guest']} of the guest, {linux['startup']} before its first."
        + native
    )


PEERS = ("Bao", "Xen 4.17", "KVM 6.1, VHE", "KVM 6.12, nVHE")


def peers(baseline, budgets):
    """The table of other hypervisors, beside the worse of the models here."""
    worst = {row["name"]: row["worst"] for row in rows(baseline, budgets)}
    lines = [f"| operation | {' | '.join(PEERS)} | Plinth |", f"|---|{'--:|' * 5}"]
    for name, told in budgets.items():
        if "peers" in told:
            cells = ["-" if value is None else f"{value}" for value in told["peers"]]
            lines.append(f"| {told['what']} | {' | '.join(cells)} | {cell(worst[name])} |")
    return "\n".join(lines)


def disk(baseline, budgets):
    """The table of disk requests: what a KiB costs, by size and depth."""
    models = list(baseline["operations"])
    heads = [f"{what}, {cpu}" for cpu in models for what in ("a request", "a KiB")]
    lines = [f"| request | {' | '.join(heads)} |", f"|---|{'--:|' * len(heads)}"]
    for name, told in budgets.items():
        if "kib" in told:
            cells = []
            for cpu in models:
                each = baseline["operations"][cpu].get(name, 0)
                cells += [cell(each), cell(each / told["kib"])]
            lines.append(f"| {told['what']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def anatomy(paths, lines):
    """The table of paths: where their instructions are, and what lines they touch."""
    heads = "| exit | instructions | lines of code | of data | by function, in order |"
    parts = [heads, "|---|--:|--:|--:|---|"]
    for reason, path in paths.items():
        cells = [reason, f"{sum(count for _, count in path)}", *map(str, lines[reason])]
        steps = ", ".join(f"`{name}` {count}" for name, count in path)
        parts.append(f"| {' | '.join(cells)} | {steps} |")
    return "\n".join(parts)


def shape(row):
    return f"{row['what']}, {row['vcpus']} on {row['cpus']}, {row['model']}"


def judgements(baseline, budgets, shapes, startup):
    """[(what, figure, budget)] of all that has a budget."""
    found = [
        (row["what"], row["worst"], row["budget"])
        for row in rows(baseline, budgets)
        if row["budget"] is not None
    ]
    for row in shapes["boots"]:
        found += [
            (f"{shape(row)}: {BOOTS[name]}", row[name], budget)
            for name, budget in row["budgets"].items()
        ]
    found += [
        (f"start, {row['what']}", row["apart"], row["budget"])
        for row in startup["starts"]
        if row["budget"] is not None
    ]
    found += [
        (row["what"], row["value"], row["budget"])
        for row in startup["sizes"]
        if row["budget"] is not None
    ]
    return found


def summary(*results):
    """How many budgets are met, and those that are not."""
    found = judgements(*results)
    missed = [judgement for judgement in found if judgement[1] > judgement[2]]
    if not missed:
        return f"All of the {len(found)} budgets below are met."
    lines = [
        f"Of the {len(found)} budgets below {len(found) - len(missed)} are met; these are not:",
        "",
        "| | is | budget |",
        "|---|--:|--:|",
        *(f"| {what} | {value:g} | {budget} |" for what, value, budget in missed),
    ]
    return "\n".join(lines)


# Boots of Linux under others, and the row of Plinth's that is most like each.
LOUD = ("earlycon, loglevel 8", 4)
STOCK = ("Debian's kernel, all lines", 4)
ANCHORS = (
    ("a small hypervisor in Rust, 4 vCPUs on 4 CPUs, PL011, loglevel 8", 30800, 11.4, LOUD),
    ("Bao, one CPU; the UART passed through, no ID register trapped", 640, 0.34, ("quiet", 1)),
    ("Xen, an unmodified 6.12, FEAT_RNG", 76372, 40.6, STOCK),
    ("KVM", 138729, None, STOCK),
)


def anchors(shapes):
    """Whole boots under other hypervisors, beside Plinth's, to power-off."""
    lines = ["| boot | exits | EL2, million | Plinth's, most like it | exits | EL2, million |"]
    lines.append("|---|--:|--:|---|--:|--:|")
    for what, count, millions, like in ANCHORS:
        row = next(
            row
            for row in shapes["boots"]
            if (row["what"], row["vcpus"]) == like and row["cpus"] == row["vcpus"]
        )
        cells = [what, f"{count}", "-" if millions is None else f"{millions}", shape(row)]
        cells += [f"{row['all_exits']}", f"{row['all_in_exits'] / 1e6:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def generated(baseline, budgets, shapes, startup):
    """What stands between the markers."""
    parts = [
        summary(baseline, budgets, shapes, startup),
        "### Operations",
        "Instructions under Plinth beyond those of a native run, by CPU model; the worse of the\n"
        "models has to keep the budget, and the last column is where it is to go.",
        operations(baseline, budgets),
        "What others take for the same (\"How the peers were counted\"):",
        peers(baseline, budgets),
        "### Disk requests",
        "By size, and by how many are in the queue:",
        disk(baseline, budgets),
        "### Boots",
        boot(baseline["linux"]),
        f"Linux {shapes['kernel']}, from its first instruction until its init is ready;\n"
        "in brackets the budget:",
        boots(shapes),
        "On the other models without FEAT_RNG: exits, and EL2, with the budgets in the first\n"
        "line; bold is not met:",
        others(shapes),
        "Boots under others, beside the one of Plinth that is most like them:",
        anchors(shapes),
        "### Exits of a boot",
        "Of five of these boots, to power-off: how many, how many instructions each on average,\n"
        "and in brackets the longest:",
        reasons(shapes),
        "The three kinds of exit that take most with loglevel 8, the usual one of each: its\n"
        "instructions, the cache lines of 64 bytes that it touches, devices and translation\n"
        "tables apart, and its functions. The last section has every instruction.",
        anatomy(shapes["paths"], shapes["lines"]),
        "### Starts and sizes",
        "From reset to the first instruction of a guest with 512 MiB, a kernel of 35 MiB and\n"
        "a ramdisk of 2 MiB, on cortex-a57; in brackets the budget:",
        starts(startup),
    ]
    return "\n\n".join(parts) + "\n"


def trace(shapes):
    """The instructions of these exits, one by one."""
    parts = []
    for reason, lines in shapes["listing"].items():
        parts += [f"### {reason}", "```", *lines[1:], "```"]
    return "\n".join(parts) + "\n"


def replace(text, new, markers=(BEGIN, END)):
    """The document with what is between two markers replaced."""
    head, _, rest = text.partition(markers[0])
    _, end, tail = rest.partition(markers[1])
    if not end:
        raise ValueError("the document has no markers")
    return f"{head}{markers[0]}{new}{markers[1]}{tail}"


def written(text):
    """The document as the committed results want it."""
    shapes = load("boots.json")
    tables = generated(*(load(f"{n}.json") for n in ("baseline", "budgets")), shapes, load("startup.json"))
    return replace(replace(text, tables), trace(shapes), APPENDIX)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", required=True, help="into the document")
    parser.parse_args(argv)
    with open(DOCUMENT, encoding="utf-8") as file:
        text = written(file.read())
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
