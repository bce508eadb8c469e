"""What became of a configuration in another kernel, as a table."""

from dataclasses import dataclass

TITLES = (
    ("vanished", "Vanished: the new kernel has no such option, or hides it"),
    ("changed", "Changed value"),
    ("appeared", "Appeared: the old kernel had no such option, or hid it"),
)


@dataclass
class Row:
    kind: str
    name: str
    old: str
    new: str
    prompt: str

    @property
    def quiet(self):
        """Of no effect: what came or went is off."""
        return {self.old, self.new} <= {"n", "-"}


def rows(old, new, prompts):
    """`old` and `new` as config.parse_all() gives them; `prompts` by name."""
    found = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, "-"), new.get(name, "-")
        if before == after:
            continue
        kind = "vanished" if after == "-" else "appeared" if before == "-" else "changed"
        found.append(Row(kind, name, before, after, prompts.get(name, "")))
    return found


def text(found, with_quiet):
    """The table; rows that are off on both sides are only counted unless
    `with_quiet`."""
    lines = []
    for kind, title in TITLES:
        all_rows = [row for row in found if row.kind == kind]
        shown = [row for row in all_rows if with_quiet or not row.quiet]
        lines.append(f"{title}: {len(all_rows)}")
        lines += [_line(row) for row in shown]
        if len(shown) < len(all_rows):
            lines.append(f"  (and {len(all_rows) - len(shown)} that are off)")
        lines.append("")
    return "\n".join(lines)


def _line(row):
    return f"  {row.name:<36} {_value(row.old):>8} -> {_value(row.new):<8} {row.prompt}".rstrip()


def _value(value):
    return value if len(value) <= 24 else value[:21] + "..."
