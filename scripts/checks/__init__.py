"""The checks behind `make lint`, one module a theme.

A check is a function that returns a Result. The modules that judge text (laws,
shape, words, nofp) take it as strings, so that tests can hand them samples; the
ones that run a tool (tools) keep the tool's verdict in the build directory.
"""

import subprocess
from dataclasses import dataclass, field

PRODUCT = ("boot/", "arch/", "hyp/", "drivers/")


@dataclass
class Result:
    """What was looked at, in a few words, and one line for each finding."""

    summary: str
    findings: list[str] = field(default_factory=list)


class LintError(Exception):
    """Nothing can be judged: a tool or the build is missing."""


def run(command, folder=None, text=None):
    """Runs a tool on `text`; whatever its status, what it printed."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise LintError(
            f"{command[0]} is not installed: scripts/setup build lint"
        ) from error


def unique(lines):
    return list(dict.fromkeys(lines))
