"""What no file of the tree holds: binaries, paths and servers of one machine
or workplace, numbers of tickets, unfinished business."""

import re

from . import Result

SIZE_MAX = 64 << 10
BINARIES = ("tests/fuzz/corpus/",)
# Whole kernel configurations, an input that a tool writes.
LARGE = ("guest/linux/config-aarch64-",)

# Every pattern is written so that it does not match itself.
WORDS = (
    (
        "a path of one machine",
        r'(?<![\w.$}/*)>-])(?<![\w}]")/(?:work|workspace|home|root|Users|opt|srv'
        r"|scratch|builds|tmp/\w+)/\w",
    ),
    (
        "a package server",
        r"\b(?:pypi|pythonhosted|npmjs|crates|docker|ghcr|golang)[.](?:org|io|com)\b"
        r"|\bartifactor[y]\b|\b[\w-]+[.](?:internal|local|corp)\b[:/]",
    ),
    ("a ticket's number", r"(?i)\b(?:issue|ticket|session)s?[ ]#?\d+\b"),
    ("unfinished business", r"\b(?:TOD[O]|FIXM[E])\b"),
)
PATTERNS = tuple((what, re.compile(pattern)) for what, pattern in WORDS)


def words(name, text):
    """Findings in the text of one file."""
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in PATTERNS:
            match = pattern.search(line)
            if match:
                yield f"{name}:{number}: {what}: {match[0].strip()}"


def binary(name, data):
    """Findings in the content of one file."""
    if name.startswith(BINARIES):
        return
    if b"\0" in data:
        yield f"{name}: binary"
    elif len(data) > SIZE_MAX and not name.startswith(LARGE):
        yield f"{name}: {len(data) >> 10} KiB, at most {SIZE_MAX >> 10}"


def check_words(tree, _variables):
    found = []
    for name in tree.files:
        bad = list(binary(name, tree.data(name)))
        found += bad
        if not bad and not name.startswith(BINARIES):
            found += words(name, tree.text(name))
    return Result(f"{len(tree.files)} files", found)
