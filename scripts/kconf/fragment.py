"""Edits of the annotated fragment that leave its comments where they are."""

import re

HEADING = "# ---- From menuconfig: give each a group and a reason."


def edited(text, changed):
    """The fragment with `changed`, (name, old, new) of each option. A line that
    is there is changed in place, or goes when its option is off now, which is
    what an option without a line is; new lines follow at the end."""
    lines = text.splitlines()
    added = []
    for name, _old, new in changed:
        at = [i for i, line in enumerate(lines) if re.match(rf"CONFIG_{name}=", line)]
        if at and new == "n":
            del lines[at[0]]
        elif at:
            lines[at[0]] = f"CONFIG_{name}={new}"
        else:
            added.append(f"CONFIG_{name}={new}")
    if added and HEADING not in lines:
        added[:0] = ["", HEADING]
    return "\n".join(lines + added) + "\n"
