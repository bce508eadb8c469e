#!/usr/bin/python3
"""A chart of what operations cost, of a run's results.

    tests/bench/chart.py RESULTS SVG

RESULTS is what `make bench` leaves (build/bench/results.json). A bar for each operation
that has a budget, the worse of the CPU models; a line where the budget is, and a mark for
each other hypervisor of docs/performance.md. The scale is logarithmic, its left end 10:
less has no bar.
"""
import json
import math
import os
import sys
from html import escape

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import report  # noqa: E402

BAR, HEIGHT, WIDTH = 12, 34, 640
LETTER, GAP, FIGURE = 7, 8, 50  # a letter at most, between columns, that of figures
LEAST, MOST = 10, 100_000
SIGNS = "BXKk"  # of report.PEERS


def place(value):
    """How far to the right a figure is."""
    value = min(max(value, LEAST), MOST)
    return WIDTH * math.log(value / LEAST) / math.log(MOST / LEAST)


def numbers(peer):
    """A peer's figure, of a range the lower one; None where it has none."""
    try:
        return float(str(peer).partition("-")[0])
    except ValueError:
        return None


def labels(found):
    """Where the bars begin: beside the longest label and the figures."""
    longest = max((len(row["what"]) for row in found), default=0)
    return GAP + longest * LETTER + GAP + FIGURE + GAP


def marks(row, left, y):
    parts = []
    for sign, peer in zip(SIGNS, row["peers"]):
        value = numbers(peer)
        if value is not None:
            x = left + place(value)
            parts.append(f'<text x="{x:.1f}" y="{y + BAR}" text-anchor="middle">{sign}</text>')
    return parts


def bar(row, left, y):
    color = "#3a7d44" if row["over"] == 0 else "#b5532a"
    length, budget = place(row["worst"]), left + place(row["budget"])
    return [
        f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{BAR + 4}" fill="{color}"/>',
        f'<path d="M{budget:.1f} {y - 4}v{BAR + 12}" stroke="black" stroke-width="2"/>',
        f'<text x="{GAP}" y="{y + BAR}">{escape(row["what"])}</text>',
        f'<text x="{left - GAP}" y="{y + BAR}" text-anchor="end">{row["worst"]:.0f}</text>',
        *marks(row, left, y),
    ]


def svg(found):
    found = [row for row in found if row["budget"] is not None]
    left = labels(found)
    legend = ", ".join(f"{sign} {name}" for sign, name in zip(SIGNS, report.PEERS))
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" '
        f'width="{left + WIDTH + GAP}" height="{HEIGHT * len(found) + 40}">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{GAP}" y="16" font-weight="bold">extra instructions an operation, '
        f"{LEAST} to {MOST} on a logarithmic scale; line: budget; {escape(legend)}</text>",
    ]
    for number, row in enumerate(found):
        parts += bar(row, left, 34 + number * HEIGHT)
    return "\n".join([*parts, "</svg>\n"])


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(argv[0], encoding="utf-8") as file:
            found = json.load(file)
        if not found["operations"]:
            raise ValueError("no operations")
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"chart: {argv[0]}: no results of the bench: {error}", file=sys.stderr)
        return 2
    with open(argv[1], "w", encoding="utf-8") as file:
        file.write(svg(report.rows(found, report.load("budgets.json"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
