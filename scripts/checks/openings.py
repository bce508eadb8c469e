"""How a file of the product opens: with a comment of some lines that says what
it models and what it leaves out, and that names its source: a specification, or
the page of docs/ that has Plinth's own design. A source file may leave the
source to the header whose contract it keeps.

And what a header declares has a contract: a comment above the declaration, or
above the group of declarations without a blank line in which it stands.
"""

import posixpath
import re

from . import PRODUCT, Result
from .laws import CODE

LINES_MIN = 3
OPENING = re.compile(r"/\*.*?\*/", re.S)
HEADER = re.compile(r"\b([\w/]+\.h)\b")
SOURCE = re.compile(
    r"\b(?:DDI \d{4}|IHI \d{4}|DEN \d{4}|virtio 1\.\d|RFC \d+|AAPCS64|ISO C"
    r"|Devicetree Specification|arm64 boot(?:ing|\s+protocol)|PE/COFF)|arm64/booting"
    r"|\bPlinth's own|\bdocs/[\w/-]+\.md"
)

# A prototype in the first column; macros that make functions are upper case.
DECLARATION = re.compile(
    r"(?!static\b|typedef\b|return\b)[A-Za-z][\w (),*]*?[ *]([a-z]\w*)\((?!\*)[^{]*$"
)


def opening(text):
    """The comment with which a file starts, without its stars; "" for none."""
    match = OPENING.match(text)
    return re.sub(r"\n \*", "\n", match[0]) if match else ""


def has_source(words):
    # A name may be cut by the end of a line.
    return bool(SOURCE.search(re.sub(r"\s+", " ", words)))


def header_of(name, words, known):
    """The headers of the tree that an opening comment names."""
    for path in HEADER.findall(words):
        places = (posixpath.join(posixpath.dirname(name), path), path, f"hyp/{path}")
        yield from (p for p in places if p in known)


def openings(name, texts):
    """Findings of one file; texts {name: text} of all files that may be named."""
    words = opening(texts[name])
    if not words:
        yield f"{name}:1: opens with no comment"
        return
    if len(words.splitlines()) < LINES_MIN:
        yield f"{name}:1: opens with a title, not with what it models"
    headers = header_of(name, words, texts)
    if not has_source(words) and not any(has_source(opening(texts[h])) for h in headers):
        yield f"{name}:1: names no specification and no page of docs/"


def contracts(name, text):
    """Findings: declarations of a header without a comment."""
    group = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            group = ""
        elif line.rstrip().endswith("*/"):
            group = line
        match = DECLARATION.match(line)
        if match and not group:
            yield f"{name}:{number}: {match[1]}() has no contract"


def missing_pages(name, words, known):
    for page in re.findall(r"docs/[\w/-]+\.md", words):
        if page not in known:
            yield f"{name}:1: {page} is not there"


def check_openings(tree, _variables):
    texts = {name: tree.text(name) for name in tree.select(CODE, PRODUCT)}
    found = [f for name in texts for f in openings(name, texts)]
    for name, text in texts.items():
        if name.endswith(".h"):
            found += contracts(name, text)
        found += missing_pages(name, opening(text), tree.known)
    return Result(f"{len(texts)} files", found)
