"""The laws of the house.

privileged  `asm`, `volatile` and accessors of system registers stand in
            arch/aarch64/el2/ (its port headers included), boot/ and drivers/
            only, and there not in the sources that the build host compiles too.
conditions  no #if in a .c or .S file; in a header only the include guard. So
            the product holds no switch for tests, for the build host or for a
            configuration. Nor is one passed by the compiler's -D.
includes    boot -> hyp -> arch -> base, boot -> drivers -> base.
formats     no length that the formatter of EL2's C library does not know (it
            would take the wrong argument next); the compiler lets them pass.
"""

import posixpath
import re

from . import PRODUCT, Result
from .tree import blank, matches

CODE = (".c", ".h", ".S")
EDGE = ("arch/aarch64/el2/", "boot/", "drivers/")

PRIVILEGED = re.compile(
    r"\b(?:asm|__asm|__asm__|volatile|__volatile__|SYSREG_R[OW]\w*"
    r"|(?:read|write)_\w+_el[0-3]|__builtin_(?:aarch64|arm)_\w+)\b"
)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else)\b(.*)$", re.M)
GUARD = re.compile(r"\s*PLINTH_\w+_H\s*$")
# Names that tell one build from another, wherever they are used.
BUILD_NAMES = re.compile(
    r"\b(?:UNIT_TEST\w*|HOST_(?:TEST|BUILD)\w*|TEST_BUILD|FUZZING_BUILD_MODE\w*"
    r"|NDEBUG|__STDC_HOSTED__|__x86_64__|__linux__|__SANITIZE_\w+__"
    r"|__has_feature|__has_include)\b"
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
FORMAT = re.compile(
    r"(?<!%)(?:%%)*(%[-+ #0]*[\d*]*(?:\.[\d*]*)?(?:hh|ll|[zjtLq])[diouxX])"
)

# Who lives where: the first prefix that fits.
ROOMS = (
    ("hyp/base/", "base"),
    ("arch/aarch64/el2/include/port/", "port"),
    ("arch/aarch64/el2/", "el2"),
    ("arch/", "arch"),
    ("drivers/", "drivers"),
    ("hyp/", "hyp"),
    ("boot/", "boot"),
)
# Port headers are inline and the host build has its own set: open to all but
# base. boot/ is where the layers are wired together: it may include everything.
MAY_INCLUDE = {
    "base": {"base"},
    "port": {"base", "port"},
    "arch": {"base", "port", "arch"},
    "el2": {"base", "port", "arch", "el2"},
    "drivers": {"base", "port", "arch", "drivers"},
    "hyp": {"base", "port", "arch", "hyp"},
}
FREESTANDING = {
    f"{name}.h" for name in "stdint stddef stdbool stdarg errno string".split()
}
MAY_INCLUDE_LIBRARY = {"hyp": FREESTANDING | {"libfdt.h"}}
# The assembler's offsets are of structures of every floor.
EXCEPTIONS = {"arch/aarch64/el2/asm-offsets.c": {"hyp"}}
SEARCH = ("", "hyp/", "arch/aarch64/el2/include/")
GENERATED = {"asm-offsets.h": "arch/aarch64/el2/asm-offsets.h"}


def is_pure(name, pure):
    """Whether the build host compiles it: a source, or the header beside one."""
    return re.sub(r"\.h$", ".c", name) in pure


def privileged(name, text, pure):
    """Findings of one file of the product."""
    if name.startswith(EDGE) and not is_pure(name, pure):
        return
    if name.endswith(".S"):
        yield f"{name}: assembly belongs into {', '.join(EDGE[:2])}"
        return
    for line, match in matches(PRIVILEGED, blank(text)):
        yield f"{name}:{line}: {match[0]} outside the privileged edge"


def conditions(name, text):
    """Findings of one file, a test's or of the product."""
    code = blank(text)
    seen = 0
    for line, match in matches(CONDITION, code):
        seen += 1
        guard = match[1] == "ifndef" and GUARD.match(match[2])
        if not (name.endswith(".h") and seen == 1 and guard):
            yield f"{name}:{line}: #{match[1]} (files are chosen by the build)"
    if name.startswith(PRODUCT):
        for line, match in matches(BUILD_NAMES, code):
            yield f"{name}:{line}: {match[0]} tells one build from another"


def compiler_switches(variables):
    """Findings of the Makefile's compiler flags."""
    for name, value in variables.items():
        for flag in value.split():
            if name.endswith("FLAGS") and re.match(r"-[DU]\w|-include$", flag):
                yield f"Makefile: {name}: {flag} makes a second product"


def room(name):
    return next((r for prefix, r in ROOMS if name.startswith(prefix)), None)


def resolve(name, quoted, target, known):
    """The file of the tree that an #include means; None: a library's."""
    if quoted and target in GENERATED:
        return GENERATED[target]
    folders = SEARCH
    if quoted:
        folders = (posixpath.dirname(name) + "/", *SEARCH)
    for folder in folders:
        path = posixpath.normpath(folder + target)
        if path in known:
            return path
    return None


def includes(name, text, known, pure):
    """Findings of one file of the product."""
    here = room(name)
    if here == "boot":
        return
    for line, match in matches(INCLUDE, blank(text, literals=False)):
        path = resolve(name, match[1] == '"', match[2], known)
        if path is None:
            if match[2] not in MAY_INCLUDE_LIBRARY.get(here, FREESTANDING):
                yield f"{name}:{line}: {here} may not include <{match[2]}>"
            continue
        there = room(path)
        if there in MAY_INCLUDE[here] | EXCEPTIONS.get(name, set()):
            continue
        # A driver without a device is a data structure that a VM may hold.
        if here == "hyp" and there == "drivers" and is_pure(path, pure):
            continue
        yield f"{name}:{line}: {here} may not include {path}"


def formats(name, text):
    """Findings of one file of the product."""
    for line, match in matches(FORMAT, blank(text, literals=False)):
        yield f"{name}:{line}: {match[1]} (%l is the one length)"


def check_privileged(tree, variables):
    pure = frozenset(variables["PURE_SRCS"].split())
    files = tree.select(CODE, PRODUCT)
    found = [f for n in files for f in privileged(n, tree.text(n), pure)]
    return Result(f"{len(files)} files, {len(pure)} sources pure", found)


def check_conditions(tree, variables):
    product = tree.select(CODE, PRODUCT)
    files = product + tree.select((".c",), ("tests/",))
    found = [f for n in files for f in conditions(n, tree.text(n))]
    found += compiler_switches(variables)
    return Result(f"{len(files)} files", found)


def check_includes(tree, variables):
    pure = frozenset(variables["PURE_SRCS"].split())
    files = tree.select(CODE, PRODUCT)
    found = [f for n in files for f in includes(n, tree.text(n), tree.known, pure)]
    return Result(f"{len(files)} files", found)


def check_formats(tree, _variables):
    files = tree.select(CODE, PRODUCT)
    found = [f for n in files for f in formats(n, tree.text(n))]
    return Result(f"{len(files)} files", found)
