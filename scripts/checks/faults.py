"""Known faults, and the tests that rule them out.

tests/faults.txt names the faults, comments `Rules out: ID, ID` in front of tests
say which test fails if Plinth has one. The table in docs/design/12-testing.md is
made of both, and is current when render() gives the page that is there.
"""

import re
from dataclasses import dataclass, field

from . import Result

FAULTS = "tests/faults.txt"
PAGE = "docs/design/12-testing.md"
BEGIN = "<!-- Made by `scripts/fault-table --write`; the sources are tests/ and"
BEGIN += " tests/faults.txt. -->\n"
END = "<!-- End of what scripts/fault-table made. -->\n"

ENTRY = re.compile(r"([a-z][a-z0-9-]*): (\S.*)")
REVIEW = re.compile(r"\s+review: (\S.*)")
SECTION = re.compile(r"\[(.+)\]")

# In a comment of C, or of Python; what follows names the test.
RULES_OUT = re.compile(
    r"^[ \t]*(?:/\*|\*|#)[ \t]*Rules out:[ \t]*(?P<ids>[^\n*\\]*)", re.M
)
# A definition, the name of a check, or a row of a list of them.
C_SUBJECT = re.compile(
    r'^[a-z][\w\n *]*?\b(?P<function>\w+)\([^;]*?\)\n\{|^\s*X\((?P<row>\w+)'
    r'|"(?P<check>[a-z]\w*)"|^int (?P<fuzz>LLVM\w+)\(',
    re.M,
)
PY_SUBJECT = re.compile(r"^ *def (?P<function>\w+)\(", re.M)
# By whom a reader would look for a test first.
KINDS = ("unit/", "guest/", "fuzz/", "system/", "scripts/", "bench/")


@dataclass
class Fault:
    id: str
    section: str
    text: str
    review: str = ""
    tests: list[str] = field(default_factory=list)


def parse(text):
    """(faults, findings) of tests/faults.txt."""
    faults, findings, section = {}, [], ""
    last = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if match := SECTION.fullmatch(line):
            section = match[1]
        elif match := ENTRY.fullmatch(line):
            if match[1] in faults:
                findings.append(f"{FAULTS}:{number}: {match[1]} is there already")
            last = faults[match[1]] = Fault(match[1], section, match[2])
        elif (match := REVIEW.fullmatch(line)) and last:
            last.review = match[1]
        else:
            findings.append(f"{FAULTS}:{number}: neither fault, review nor section")
    return faults, findings


def annotations(name, text):
    """(line number, ids, the test's name or None) for each comment of a file."""
    pattern = PY_SUBJECT if name.endswith(".py") else C_SUBJECT
    for match in RULES_OUT.finditer(text):
        subject = pattern.search(text, match.end())
        ids = [word.strip() for word in match["ids"].split(",")]
        found = next((g for g in subject.groups() if g), None) if subject else None
        yield text.count("\n", 0, match.start()) + 1, ids, found


def is_run(name, text, test, system):
    """Whether somebody runs that test: a unit test is in its file's list, a
    payload is named in `system`, the text of the system tests and of the
    conformance run's list."""
    if name.startswith("tests/unit/"):
        return len(re.findall(rf"\b{test}\b", text)) > 1
    if name.endswith(".py"):
        return test.startswith("test_")
    if name.startswith("tests/guest/"):
        payload = name.rpartition("/")[2].partition(".")[0]
        return bool(re.search(rf'"{payload}"|^{payload} = ', system, re.M))
    return True


def collect(faults, files, system):
    """Gives each fault its tests, of files {name: text}. Findings."""
    findings = []
    for name, text in files.items():
        for line, ids, test in annotations(name, text):
            where = f"{name}:{line}"
            if test is None:
                findings.append(f"{where}: no test follows")
                continue
            if not is_run(name, text, test, system):
                findings.append(f"{where}: nobody runs {test}")
            for word in ids:
                if word not in faults:
                    findings.append(f"{where}: no fault is called '{word}'")
                else:
                    faults[word].tests.append(f"{name.removeprefix('tests/')}:{test}")
    return findings


def cell(fault):
    """What stands in the table's second column."""
    rank = {kind: i for i, kind in enumerate(KINDS)}
    tests = sorted(
        dict.fromkeys(fault.tests), key=lambda t: rank.get(t.split("/")[0] + "/", 9)
    )
    words = ", ".join(f"`{test}`" for test in tests)
    if fault.review:
        words += ("; " if words else "") + f"*review*: {fault.review}"
    return words


def render(faults):
    """The generated part of the page, its two marks included."""
    lines, section = [BEGIN], None
    for fault in faults.values():
        if fault.section != section:
            section = fault.section
            lines.append(f"\n### {section}\n\n| fault | tests |\n|---|---|\n")
        lines.append(f"| {fault.text} | {cell(fault)} |\n")
    return "".join(lines) + "\n" + END


def put(page, made):
    """The page with its generated part made anew; None: no marks in it."""
    start, end = page.find(BEGIN), page.find(END)
    if start < 0 or end < start:
        return None
    return page[:start] + made + page[end + len(END) :]


def gather(tree):
    """(faults, findings) of the tree; the page is not looked at."""
    faults, findings = parse(tree.text(FAULTS))
    names = tree.select((".c", ".py", ".S"), ("tests/",))
    system = "".join(tree.text(n) for n in names if n.startswith("tests/system/"))
    system += tree.text("tests/conformance/areas.toml")
    findings += collect(faults, {n: tree.text(n) for n in names}, system)
    findings += [
        f"{FAULTS}: {fault.id}: neither a test nor a review"
        for fault in faults.values()
        if not fault.tests and not fault.review
    ]
    return faults, findings


def check_faults(tree, _variables=None):
    faults, findings = gather(tree)
    page = tree.text(PAGE)
    new = put(page, render(faults))
    if new is None:
        findings.append(f"{PAGE}: the marks of the table are gone")
    elif new != page and not findings:
        findings.append(f"{PAGE}: not current: scripts/fault-table --write")
    nr_tests = len({test for fault in faults.values() for test in fault.tests})
    reviews = sum(1 for fault in faults.values() if fault.review)
    return Result(
        f"{len(faults)} faults, {nr_tests} tests, {reviews} with a review", findings
    )
