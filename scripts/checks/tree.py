"""The files of the tree and their text."""

import os
import re

from . import LintError, run

# In this order: a quote inside a comment opens no string, and the reverse.
COMMENT_OR_LITERAL = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.DOTALL,
)


def blank(text, literals=True):
    """`text` with comments, and literals too, turned into spaces; every line
    and column stays where it is."""

    def spaces(match):
        if not literals and not match["comment"]:
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])

    return COMMENT_OR_LITERAL.sub(spaces, text)


def matches(pattern, text):
    """(line number, match) for every match."""
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match


class Tree:
    """What git tracks, and what it would if all were added."""

    def __init__(self, root, files=None):
        self.root = root
        if files is None:
            files = list_files(root)
        self.files = sorted(files)
        self.known = frozenset(self.files)
        self._data = {}

    def path(self, name):
        return os.path.join(self.root, name)

    def select(self, suffixes, folders=("",)):
        return [
            name
            for name in self.files
            if name.endswith(suffixes) and name.startswith(tuple(folders))
        ]

    def data(self, name):
        if name not in self._data:
            with open(self.path(name), "rb") as file:
                self._data[name] = file.read()
        return self._data[name]

    def text(self, name):
        return self.data(name).decode("utf-8", "replace")


def list_files(root):
    command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]  # fmt: skip
    done = run(command)
    if done.returncode:
        raise LintError(f"which files are tracked? {done.stderr.strip()}")
    found = {name for name in done.stdout.split("\0") if name}
    # A file that was removed but not yet from the index is gone.
    return {name for name in found if os.path.isfile(os.path.join(root, name))}
