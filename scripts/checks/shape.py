"""The lengths of functions and files, by universal-ctags.

A function's length is that of its definition, from the line of its name to its
closing brace. Constant tables are no functions.
"""

import json
import math
import re
import statistics

from . import PRODUCT, LintError, Result, run

MEDIAN_MAX = 15
P90_MAX = 40
FUNCTION_MAX = 60
FILE_MAX = 600
# Attributes in front of a function, which ctags would take for its name.
ATTRIBUTES = "COLD,HOT,MUST_CHECK,NORETURN,PRINTF_LIKE+"


def functions(json_lines):
    """[(length, file, name)] of ctags' JSON output."""
    tags = (json.loads(line) for line in json_lines.splitlines() if line)
    return [
        (tag["end"] - tag["line"] + 1, tag["path"], tag["name"])
        for tag in tags
        if tag["_type"] == "tag" and "end" in tag
    ]


def nr_bodies(text):
    """How many functions a .c file defines: in this tree's format, and only
    there, a body opens with a brace alone in the first column."""
    return len(re.findall(r"^\{[ \t]*$", text, re.M))


def percentile(values, percent):
    """The smallest value that `percent` of all values do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def judge(found, lengths):
    """The Result for functions as of functions() and {file: lines}."""
    findings = [
        f"{path}: {name}() has {length} lines, at most {FUNCTION_MAX}"
        for length, path, name in found
        if length > FUNCTION_MAX
    ]
    findings += [
        f"{path}: {length} lines, at most {FILE_MAX}"
        for path, length in lengths.items()
        if length > FILE_MAX
    ]
    sizes = [length for length, _, _ in found] or [0]
    median, p90 = statistics.median(sizes), percentile(sizes, 90)
    if median > MEDIAN_MAX:
        findings.append(f"functions: median {median:g}, at most {MEDIAN_MAX}")
    if p90 > P90_MAX:
        findings.append(f"functions: 90th percentile {p90}, at most {P90_MAX}")
    return Result(
        f"{len(found)} functions: median {median:g}, p90 {p90}, max {max(sizes)}; "
        f"longest file {max(lengths.values(), default=0)}",
        findings,
    )


def missed(found, texts):
    """Findings: what ctags did not see must not pass unmeasured."""
    for path, text in texts.items():
        seen = sum(1 for _, where, _ in found if where == path)
        if seen != nr_bodies(text):
            yield f"{path}: ctags sees {seen} of {nr_bodies(text)} functions"


def check_shape(tree, _variables):
    code = tree.select((".c", ".h"), PRODUCT)
    command = ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f",
               "--fields=+ne", "--output-format=json", "-I", ATTRIBUTES,
               "-f", "-", "-L", "-"]  # fmt: skip
    done = run(command, tree.root, "\n".join(code))
    if done.returncode:
        raise LintError(f"ctags: {done.stderr.strip()} (universal-ctags is needed)")
    found = functions(done.stdout)
    files = tree.select((".c", ".h", ".S"), PRODUCT)
    result = judge(found, {name: tree.text(name).count("\n") for name in files})
    sources = {name: tree.text(name) for name in code if name.endswith(".c")}
    result.findings += missed(found, sources)
    return result
