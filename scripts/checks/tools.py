"""The checks that a tool makes: clang-format, clang-tidy, cppcheck, shellcheck
and, on the linked image, objdump."""

import hashlib
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

from . import PRODUCT, LintError, Result, laws, nofp, run, unique
from .tree import blank

JOBS = int(os.environ.get("JOBS") or os.cpu_count() or 2)
SUPPRESSIONS = "scripts/checks/cppcheck.suppress"


# ---- formatting


def check_format(tree, _variables, _build):
    files = tree.select((".c", ".h"))
    done = run(["clang-format", "--dry-run", "-Werror", *files], tree.root)
    bad = unique(re.findall(r"^(\S+?):\d+:\d+: error:", done.stderr, re.M))
    findings = [f"{name}: clang-format -i changes it" for name in bad]
    if done.returncode and not findings:
        findings = [done.stderr.strip() or "clang-format failed"]
    return Result(f"{len(files)} files", findings)


# ---- clang-tidy

# What it says, without the note lines and the source it quotes.
TIDY_FINDING = re.compile(
    r"^(?P<where>\S+?:\d+):\d+: (?:warning|error): (?P<what>.*?)"
    r" \[(?P<check>[^\[\]]+?)(?:,-warnings-as-errors)?\]$"
)


def tidy_flags(variables, pure):
    """How clang is to read a source: as the build reads it."""
    warn = [f for f in variables["WARN"].split() if f != "-Werror"]
    inc = variables["INC"].split()
    if pure:
        return ["-std=gnu11", *warn, *inc, "-Itests/host/include"]
    # The compiler's own headers must be clang's.
    libraries = re.sub(
        r"-isystem \S*/gcc\S*/include(?= |$)", "", variables["EL2_CPPFLAGS"]
    ).split()
    own = run(["clang", "-print-resource-dir"]).stdout.strip()
    return ["--target=aarch64-linux-gnu", "-std=gnu11", "-O2", *warn,
            *variables["EL2_CODEGEN"].split(), *inc, "-Iarch/aarch64/el2/include",
            *libraries, "-isystem", f"{own}/include"]  # fmt: skip


def tidy_findings(output, root):
    """The findings in clang-tidy's output, paths relative to the tree."""
    found = []
    for line in output.splitlines():
        match = TIDY_FINDING.match(line)
        if match:
            where = match["where"].removeprefix(f"{root}/").removeprefix("./")
            found.append(f"{where}: {match['what']} [{match['check']}]")
    return unique(found)


def closure(tree, name, roots):
    """`name` and all of the tree that it includes, directly or not. Conditions
    are not looked at, so it may be too much but not too little."""
    found, todo = {name}, [name]
    while todo:
        at = todo.pop()
        text = blank(tree.text(at), literals=False)
        for match in laws.INCLUDE.finditer(text):
            folders = (os.path.dirname(at), *roots)
            paths = {os.path.normpath(os.path.join(f, match[2])) for f in folders}
            new = (paths & tree.known) - found
            found |= new
            todo += new
    return sorted(found)


def tidy_key(tree, name, flags, basis):
    """Names all that the verdict on a source depends on."""
    roots = [f[2:] or "." for f in flags if f.startswith("-I")]
    digest = hashlib.sha256(json.dumps([basis, name, flags]).encode())
    for part in closure(tree, name, roots):
        digest.update(part.encode() + b"\0" + hashlib.sha256(tree.data(part)).digest())
    return digest.hexdigest()


def tidy_store():
    """The folder of the verdicts by key, in the cache that clones share; those
    that nobody has asked for in a month are gone."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    cache = os.environ.get("PLINTH_CACHE") or os.path.join(home, "plinth")
    store = os.path.join(cache, "lint-tidy")
    os.makedirs(store, exist_ok=True)
    for entry in os.scandir(store):
        if time.time() - entry.stat().st_mtime > 30 * 24 * 3600:
            os.unlink(entry.path)
    return store


def tidy_one(tree, name, flags, key, store):
    """The findings of one source, from the store when it has them."""
    entry = os.path.join(store, f"{key}.json")
    try:
        with open(entry, encoding="utf-8") as file:
            findings = json.load(file)
        os.utime(entry)
        return findings
    except (OSError, ValueError):
        pass
    command = ["clang-tidy", "--quiet",
               "--header-filter=(^|/)(arch|boot|drivers|hyp)/[^.]*[.]h$",
               name, "--", *flags]  # fmt: skip
    done = run(command, tree.root)
    findings = tidy_findings(done.stdout, os.path.realpath(tree.root))
    if done.returncode and not findings:
        last = done.stderr.strip().splitlines() or ["no output"]
        return [f"{name}: clang-tidy failed: {last[-1]}"]
    with open(f"{entry}.{os.getpid()}", "w", encoding="utf-8") as file:
        json.dump(findings, file)
    os.replace(f"{entry}.{os.getpid()}", entry)
    return findings


def check_tidy(tree, variables, build):
    pure = variables["PURE_SRCS"].split()
    edge = [n for n in variables["EDGE_SRCS"].split() if n.endswith(".c")]
    basis = [run(["clang-tidy", "--version"]).stdout, tree.text(".clang-tidy")]
    # Libraries are known by what the build's links point to.
    for library in ("newlib", "libfdt"):
        basis.append(os.path.realpath(os.path.join(build, "deps", library)))
    store = tidy_store()
    work = [(n, f) for f, group in ((tidy_flags(variables, True), pure),
                                    (tidy_flags(variables, False), edge))
            for n in group]  # fmt: skip

    def one(item):
        name, flags = item
        key = tidy_key(tree, name, flags, basis)
        return tidy_one(tree, name, flags, key, store)

    with ThreadPoolExecutor(JOBS) as pool:
        found = [line for lines in pool.map(one, work) for line in lines]
    return Result(f"{len(pure)} pure sources, {len(edge)} of the edge", unique(found))


# ---- cppcheck


def cppcheck(tree, files, port):
    command = ["cppcheck", "--quiet", "--std=c11", "--platform=unix64",
               "--enable=warning,style,performance,portability",
               "--inline-suppr", f"--suppressions-list={SUPPRESSIONS}",
               "--template={file}:{line}: {message} [{id}]", "--error-exitcode=1",
               f"-j{JOBS}", "-I.", "-Ihyp", f"-I{port}", *files]  # fmt: skip
    done = run(command, tree.root)
    findings = re.findall(r"^\S+:\d+: .* \[\w+\]$", done.stderr, re.M)
    if done.returncode and not findings:
        findings = [(done.stderr or done.stdout).strip()]
    return unique(findings)


def check_cppcheck(tree, _variables, _build):
    product = tree.select((".c",), PRODUCT)
    tests = tree.select((".c",), ("tests/",))
    found = cppcheck(tree, product, "arch/aarch64/el2/include")
    found += cppcheck(tree, tests, "tests/host/include")
    return Result(f"{len(product)} sources, {len(tests)} of tests", unique(found))


# ---- shell


def check_shell(tree, _variables, _build):
    files = [n for n in tree.files
             if re.match(rb"#!.*\b(?:ba)?sh\s", tree.data(n)[:64])
             or n.endswith(".sh")]  # fmt: skip
    command = ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR",
               "--format=gcc", *files]  # fmt: skip
    done = run(command, tree.root)
    findings = unique(done.stdout.splitlines())
    if done.returncode and not findings:
        findings = [done.stderr.strip() or "shellcheck failed"]
    return Result(f"{len(files)} scripts", findings)


# ---- the image


def check_image(_tree, _variables, build):
    elf = os.path.join(build, "plinth.elf")
    if not os.path.exists(elf):
        raise LintError(f"{elf} is missing: make all")
    objdump = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-") + "objdump"
    result = nofp.scan(run([objdump, "-d", elf]).stdout.splitlines())
    if not result.allowed:
        result.findings.append("the world switch of FP/SIMD registers is not there")
    return Result(
        f"{result.count} instructions, {result.allowed} FP/SIMD in the world switch",
        result.findings,
    )
