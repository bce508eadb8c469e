"""The tables of docs/performance.md and a chart, from the committed results.

    tests/bench/report.py [--svg FILE] [--write]

--write replaces what stands between the markers in the document; a test fails when that
is not what the base line says. The chart shows each operation beside its budget. A row
is judged by the worse of the CPU models.
"""

import argparse
import json
import os
import sys
from html import escape

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs", "performance.md")
BEGIN = "<!-- tests/bench/report.py: begin -->\n"
END = "<!-- tests/bench/report.py: end -->\n"
BAR, HEIGHT, LABELS, WIDTH = 12, 34, 300, 560


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


def store(name, result):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
        file.write("\n")


# Columns of the table of boots: names in boots.json and in the table.
BOOTS = {
    "exits": "exits",
    "in_exits": "EL2 in exits",
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


def boots(result):
    """The table of boots in several shapes, of tests/bench/boots."""
    heads = ["boot", "vCPUs on CPUs", "model", *BOOTS.values()]
    lines = [f"| {' | '.join(heads)} |", f"|---|---|---|{'--:|' * len(BOOTS)}"]
    for row in result["boots"]:
        cells = [row["what"], f"{row['vcpus']} on {row['cpus']}", row["model"]]
        cells += [against(row, name) for name in BOOTS]
        lines.append(f"| {' | '.join(cells)} |")
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
                "over": over,
            }
        )
    return found


def cell(value):
    return "" if value is None else f"{value:.0f}"


def operations(baseline, budgets):
    """The table of operations."""
    models = list(baseline["operations"])
    heads = ["operation", "row", *models, "budget", "over it by"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * 2}{'--:|' * (len(models) + 2)}"]
    for row in rows(baseline, budgets):
        over = "met" if row["over"] == 0 else cell(row["over"])
        cells = [row["what"], f"`{row['name']}`"]
        cells += [cell(row["figures"][cpu]) for cpu in models]
        lines.append(f"| {' | '.join([*cells, cell(row['budget']), over])} |")
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


def anatomy(paths):
    """The table of paths: where their instructions are."""
    parts = []
    for reason, path in paths.items():
        total = sum(count for _, count in path)
        steps = ", ".join(f"`{name}` {count}" for name, count in path)
        parts.append(f"| {reason} | {total} | {steps} |")
    return "\n".join(["| exit | all | by function, in order |", "|---|--:|---|", *parts])


def generated(baseline, budgets, shapes, startup):
    """What stands between the markers."""
    parts = [
        operations(baseline, budgets),
        "What others take for the same, of the program that \"How the peers were counted\"\n"
        "tells of:",
        peers(baseline, budgets),
        "Requests to a disk, by size and by how many are in the queue:",
        disk(baseline, budgets),
        boot(baseline["linux"]),
        f"Linux {shapes['kernel']}, from its first instruction until its init is ready;\n"
        "in brackets the budget:",
        boots(shapes),
    ]
    parts += [
        "From reset to the first instruction of a guest with 512 MiB, a kernel of 35 MiB and\n"
        "a ramdisk of 2 MiB, on cortex-a57; in brackets the budget:",
        starts(startup),
    ]
    if "paths" in baseline:
        parts.append("Where the instructions of the three most frequent exits are:")
        parts.append(anatomy(baseline["paths"]))
    return "\n\n".join(parts) + "\n"


def replace(text, new):
    """The document with its generated part replaced."""
    head, _, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise ValueError("the document has no markers")
    return f"{head}{BEGIN}{new}{END}{tail}"


def svg(found):
    """A bar for each operation that has a budget, a line where the budget is."""
    found = [row for row in found if row["budget"] is not None and row["worst"] < 1000]
    scale = (WIDTH - 60) / max([row["worst"] for row in found] + [1])
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" '
        f'width="{LABELS + WIDTH}" height="{HEIGHT * len(found) + 30}">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="8" y="16" font-weight="bold">'
        "extra instructions an operation; line: budget</text>",
    ]
    for number, row in enumerate(found):
        y = 30 + number * HEIGHT
        color = "#3a7d44" if row["over"] == 0 else "#b5532a"
        length, mark = row["worst"] * scale, LABELS + row["budget"] * scale
        parts += [
            f'<text x="8" y="{y + BAR}">{escape(row["what"])}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR + 4}" '
            f'fill="{color}"/>',
            f'<text x="{LABELS + length + 6:.1f}" y="{y + BAR}">{row["worst"]:.0f}</text>',
            f'<path d="M{mark:.1f} {y - 4}v{BAR + 12}" stroke="black" stroke-width="2"/>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--svg", help="file for the chart")
    parser.add_argument("--write", action="store_true", help="into the document")
    settings = parser.parse_args(argv)
    baseline, budgets = load("baseline.json"), load("budgets.json")
    shapes, startup = load("boots.json"), load("startup.json")
    if settings.svg:
        with open(settings.svg, "w", encoding="utf-8") as file:
            file.write(svg(rows(baseline, budgets)))
    if settings.write:
        with open(DOCUMENT, encoding="utf-8") as file:
            text = file.read()
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(replace(text, generated(baseline, budgets, shapes, startup)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
