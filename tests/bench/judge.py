"""Whether figures of the bench are accepted: one place for all of them.

A figure may be 3 % (and half an instruction) above the base line, 25 % where VMs share a
CPU, and may not be above its limit: that of limits.json or startup-limits.json, which hold
what was reached, or else its budget. Starts and sizes have limits only. A row that one
side alone has is a finding as well, so that the base line is complete. docs/performance.md
says what the rows are.
"""

from dataclasses import dataclass
from typing import Optional

TOLERANCE = 0.03
TOLERANCE_INSNS = 0.5
# When a CPU is shared, a shift of a few instructions moves who runs when.
LOOSE, LOOSE_TOLERANCE = ("latency_", "vm_switch"), 0.25
# And the worst of all is the one that meets with another interrupt, if any does.
WORST, WORST_TOLERANCE = "latency_worst", 0.5
TOTALS = ("exits", "in_exits", "startup", "guest", "native")


@dataclass
class Row:
    """A figure, and what it is judged by; None is what there is not."""

    name: str
    now: Optional[float] = None
    base: Optional[float] = None
    limit: Optional[float] = None
    held_by: str = "limit"  # or its budget
    tolerance: Optional[float] = None  # of the base line; None where that does not matter

    def word(self):
        """What is to be said of it; "" when nothing is."""
        if self.now is None:
            return "missing"
        if self.limit is not None and self.now > self.limit:
            return "over its " + self.held_by
        if self.tolerance is None:
            return ""
        if self.base is None:
            return "new"
        allowed = max(self.base * self.tolerance, TOLERANCE_INSNS)
        if self.now > self.base + allowed:
            return "regression"
        return "improved" if self.now < self.base - allowed else ""

    def held(self):
        """Whether it keeps its limit: what no new base line excuses."""
        return self.limit is None or (self.now is not None and self.now <= self.limit)

    def fails(self):
        return self.word() not in ("", "improved")

    def change(self):
        return f"{100 * (self.now - self.base) / self.base:+.1f} %" if self.base and self.now else ""

    def line(self):
        """All about it: its figure, the base line, the limit."""
        parts = ["missing" if self.now is None else number(self.now)]
        if self.base is not None:
            allowed = "" if self.tolerance is None else f"{100 * self.tolerance:g} % may be"
            said = "; ".join(text for text in (self.change(), allowed) if text)
            parts.append(f"base line {number(self.base)}" + (f" ({said})" if said else ""))
        elif self.tolerance is not None:
            parts.append("not in the base line")
        if self.limit is not None:
            parts.append(f"{self.held_by} {number(self.limit)}")
        return f"{self.name}: {', '.join(parts)}"


def number(value):
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def held(name, limits, budget):
    """(limit, what it is) of a row; its budget where no limit is told."""
    return (limits[name], "limit") if name in limits else (budget, "budget")


def union(*names):
    return list(dict.fromkeys(name for each in names for name in each))


def operations(now, base, limits, budgets, loose=LOOSE):
    """Rows of the operations, {model: {name: figure}}. Of a model that the base line has
    not got, the limits matter alone."""
    rows = []
    for cpu, figures in now.items():
        other = base.get(cpu)
        for name in union(figures, other or {}, limits):
            limit = held(name, limits, budgets.get(name, {}).get("budget"))
            tolerance = LOOSE_TOLERANCE if name.startswith(loose) else TOLERANCE
            tolerance = WORST_TOLERANCE if name == WORST else tolerance
            pair = figures.get(name), other and other.get(name)
            rows.append(Row(f"{name}, {cpu}", *pair, *limit, tolerance if other else None))
    return rows


def linux(now, base, tolerance=TOLERANCE):
    """Rows of the totals of a Linux boot."""
    return [
        Row(f"Linux: {name}", now.get(name), base.get(name), tolerance=tolerance)
        for name in TOTALS
        if name in now or name in base
    ]


def starts(now, base, limits):
    """Rows of starts and sizes, of tests/bench/startup."""

    def figures(found):
        of = {row["what"]: (row["apart"], row["budget"]) for row in found.get("starts", [])}
        of.update({row["what"]: (row["value"], row["budget"]) for row in found.get("sizes", [])})
        return of

    mine, other, rows = figures(now), figures(base), []
    for name in union(mine, limits):
        value, budget = mine.get(name, (None, None))
        rows.append(Row(name, value, other.get(name, (None,))[0], *held(name, limits, budget)))
    return rows


def series(setup):
    """The settings with the kernel's series (6.12) in place of its release."""
    return {**setup, "kernel": ".".join(setup["kernel"].split(".")[:2])} if setup else None


def same_boot(now, base):
    """(tolerance of the Linux boot, None where it cannot be compared; the note that says
    why)."""
    mine, other = now["setup"], base.get("setup")
    if mine == other:
        return TOLERANCE, ""
    if series(mine) == series(other):
        return LOOSE_TOLERANCE, f"the base line's boot is of {other['kernel']}: compared loosely"
    names = [name for name in union(mine, other or {}) if mine.get(name) != (other or {}).get(name)]
    told = "; ".join(f"{n}={mine.get(n, '')}, there {(other or {}).get(n, '')}" for n in names)
    return None, f"Linux boot not compared, the base line's is another: {told}"


def table(rows):
    """What there is to say of rows, as aligned text."""
    lines = [f"{'row':<32}{'base line':>15}{'now':>15}{'change':>10}"]
    for row in rows:
        cells = ["-" if v is None else f"{v:.2f}" for v in (row.base, row.now)]
        lines.append(f"{row.name:<32}{cells[0]:>15}{cells[1]:>15}{row.change():>10}  {row.word()}")
    return "\n".join(lines) if rows else ""
