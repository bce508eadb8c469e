"""Every lock says beside itself what it guards, and stands in the locking
chapter, which has the order.
"""

import re

from . import PRODUCT, Result

CHAPTER = "docs/design/13-locking.md"
STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\}", re.M | re.S)
LOCK = re.compile(r"^\tstruct spinlock (\w+);[ \t]*(/\*.*?\*/)?", re.M | re.S)


def locks(text):
    """(line number, NAME.field, whether it says what it guards) of a header."""
    for struct in STRUCT.finditer(text):
        for lock in LOCK.finditer(struct[2]):
            line = text.count("\n", 0, struct.start(2) + lock.start()) + 1
            yield line, f"{struct[1]}.{lock[1]}", "guards" in (lock[2] or "")


def judge(name, text, chapter):
    """Findings of one file."""
    for line, lock, says in locks(text):
        if not says:
            yield f"{name}:{line}: {lock} does not say what it guards"
        if f"| `{lock}` |" not in chapter:
            yield f"{name}:{line}: {lock} has no row in {CHAPTER}"


def check_locks(tree, _variables):
    files = tree.select((".h", ".c"), PRODUCT)
    chapter = tree.text(CHAPTER)
    found = [f for n in files for f in judge(n, tree.text(n), chapter)]
    nr = sum(1 for n in files for _ in locks(tree.text(n)))
    return Result(f"{nr} locks", found)
