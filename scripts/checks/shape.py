"""The lengths of functions and files, by universal-ctags.

A function's length is that of its definition, from the line of its name to its
closing brace. Constant tables are no functions, nor part of one.

The product's C has limits for the whole (half of the functions short, nine of ten
under 40 lines) and for each function, its C and assembly for each file. Of what
stands around it (scripts, guests, tests) each function of C and Python has the
same limit, and each file of Python, shell and assembly.
"""

import json
import math
import re
import statistics

from . import PRODUCT, LintError, Result, run

MEDIAN_MAX = 15
P90_MAX = 39
FUNCTION_MAX = 60
FILE_MAX = 600
AROUND = ("scripts/", "guest/", "tests/", ".ci/")
# Attributes in front of a function, which ctags would take for its name.
ATTRIBUTES = "COLD,HOT,MUST_CHECK,NORETURN,PRINTF_LIKE+"
TABLE = re.compile(r"^\tstatic const\b[^;{]*\{\n.*?^\t\}[^;\n]*(?:;|= \{\n.*?^\t\};)$", re.M | re.S)


def functions(json_lines, texts):
    """[(length, file, name)] of ctags' JSON output; texts {file: text}."""
    found = []
    for tag in (json.loads(line) for line in json_lines.splitlines() if line):
        if tag["_type"] != "tag" or "end" not in tag:
            continue
        path, first, last = tag["path"], tag["line"], tag["end"]
        body = "\n".join(texts[path].split("\n")[first - 1 : last])
        tables = sum(m[0].count("\n") + 1 for m in TABLE.finditer(body))
        found.append((last - first + 1 - tables, path, tag["name"]))
    return found


def nr_bodies(text):
    """How many functions a .c file defines: in this tree's format, and only
    there, a body opens with a brace alone in the first column."""
    return len(re.findall(r"^\{[ \t]*$", text, re.M))


def percentile(values, percent):
    """The smallest value that `percent` of all values do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def too_long(found, lengths):
    """Findings for functions as of functions() and {file: lines}."""
    for length, path, name in found:
        if length > FUNCTION_MAX:
            yield f"{path}: {name}() has {length} lines, at most {FUNCTION_MAX}"
    for path, length in lengths.items():
        if length > FILE_MAX:
            yield f"{path}: {length} lines, at most {FILE_MAX}"


def judge(found, lengths):
    """The Result for the product: each of them, and all together."""
    findings = list(too_long(found, lengths))
    sizes = [length for length, _, _ in found] or [0]
    median, p90 = statistics.median(sizes), percentile(sizes, 90)
    if median > MEDIAN_MAX:
        findings.append(f"functions: median {median:g}, at most {MEDIAN_MAX}")
    if p90 > P90_MAX:
        findings.append(f"functions: 90th percentile {p90}, at most {P90_MAX}")
    return Result(
        f"{len(found)} functions: median {median:g} (at most {MEDIAN_MAX}), "
        f"p90 {p90} ({P90_MAX}), max {max(sizes)} ({FUNCTION_MAX}); "
        f"longest file {max(lengths.values(), default=0)} ({FILE_MAX})",
        findings,
    )


def missed(found, texts):
    """Findings: what ctags did not see must not pass unmeasured."""
    for path, text in texts.items():
        seen = sum(1 for _, where, _ in found if where == path)
        if path.endswith(".c") and seen != nr_bodies(text):
            yield f"{path}: ctags sees {seen} of {nr_bodies(text)} functions"


def tags(tree, language, names):
    """functions() of these files."""
    options = {
        "C": ["--langmap=C:.c.h", "--kinds-C=f", "-I", ATTRIBUTES],
        "Python": ["--kinds-Python=fm"],
    }
    command = ["ctags", f"--languages={language}", f"--language-force={language}",
               *options[language], "--fields=+ne", "--output-format=json",
               "-f", "-", "-L", "-"]  # fmt: skip
    done = run(command, tree.root, "\n".join(names))
    if done.returncode:
        raise LintError(f"ctags: {done.stderr.strip()} (universal-ctags is needed)")
    return functions(done.stdout, {name: tree.text(name) for name in names})


def of_script(tree, word):
    """Files around the product whose first line names that interpreter."""
    return [n for n in tree.select(("",), AROUND)
            if re.match(rb"#!.*\b" + word, tree.data(n)[:64])]  # fmt: skip


def lines(tree, names):
    return {name: tree.text(name).count("\n") for name in names}


def check_shape(tree, _variables):
    code = tree.select((".c", ".h"), PRODUCT)
    found = tags(tree, "C", code)
    result = judge(found, lines(tree, tree.select((".c", ".h", ".S"), PRODUCT)))
    tests = tree.select((".c", ".h"), AROUND)
    python = {*tree.select((".py",), AROUND), *of_script(tree, b"python3?")}
    around = tags(tree, "C", tests) + tags(tree, "Python", sorted(python))
    limited = {*python, *of_script(tree, b"(?:ba)?sh"), *tree.select((".S",), AROUND)}
    result.findings += too_long(around, lines(tree, sorted(limited)))
    sources = {name: tree.text(name) for name in code + tests}
    result.findings += missed(found + around, sources)
    longest = max((length for length, _, _ in around), default=0)
    result.summary += f"; {len(around)} around it, max {longest}"
    return result
