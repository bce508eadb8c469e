"""The checks of scripts/lint on lengths, how files open, and locks."""

import json
import shutil

import pytest
from checks import locks, openings, shape
from folder import in_folder

# ---- shape


def tag(length, name="f", path="a.c"):
    return (length, path, name)


def test_tags_are_read():
    lines = [
        {"_type": "ptag", "name": "JSON_OUTPUT_VERSION"},
        {"_type": "tag", "name": "f", "path": "a.c", "line": 3, "end": 10},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    assert shape.functions(text, {"a.c": "\n" * 12}) == [(8, "a.c", "f")]


@pytest.mark.parametrize(
    "table",
    [
        "\tstatic const int t[] = {\n\t\t1,\n\t};",
        "\tstatic const struct {\n\t\tint a;\n\t} t[] = {\n\t\t{1},\n\t};",
        "\tstatic const struct row *const t[] = {\n\t\t&a,\n\t};",
    ],
)
def test_tables_inside_of_functions_do_not_count(table):
    text = f"void f(void)\n{{\n{table}\n\n\tg(t);\n}}\n"
    tag_ = {"_type": "tag", "name": "f", "path": "a.c", "line": 1, "end": text.count("\n")}
    assert shape.functions(json.dumps(tag_), {"a.c": text}) == [(5, "a.c", "f")]


def test_percentile_is_the_nearest_rank():
    assert [shape.percentile(range(1, 11), p) for p in (50, 90, 91)] == [5, 9, 10]


def test_shape_within_the_limits_passes():
    sizes = [tag(15)] * 89 + [tag(39)] * 9 + [tag(60)] * 2
    result = shape.judge(sizes, {"a.c": 600})
    assert result.findings == []
    assert "median 15 (at most 15), p90 39 (39), max 60 (60)" in result.summary


@pytest.mark.parametrize(
    "sizes, lines, words_",
    [
        ([tag(5)] * 99 + [tag(61, "long_one")], 600, "long_one"),
        ([tag(5)], 601, "a.c: 601 lines"),
        ([tag(16)] * 3, 600, "median"),
        ([tag(5)] * 89 + [tag(40)] * 11, 600, "percentile"),
    ],
)
def test_shape_beyond_a_limit_is_found(sizes, lines, words_):
    (finding,) = shape.judge(sizes, {"a.c": lines}).findings
    assert words_ in finding


def test_functions_that_ctags_misses_are_found():
    text = "int f(void)\n{\n}\nstatic int t[] = {\n\t1,\n};\nint g(void)\n{\n}\n"
    assert list(shape.missed([tag(3)], {"a.c": text})) == [
        "a.c: ctags sees 1 of 2 functions"
    ]
    assert not list(shape.missed([tag(3), tag(3, "g")], {"a.c": text}))


@pytest.mark.skipif(not shutil.which("ctags"), reason="universal-ctags is missing")
def test_attributes_hide_no_function(tmp_path):
    body = "\n{\n" + "\tx();\n" * 59 + "}\n"
    tree = in_folder(
        tmp_path,
        {
            "hyp/a.c": f"COLD int f(void){body}PRINTF_LIKE(1, 2) int g(int a){body}",
            "hyp/a.h": f"static inline MUST_CHECK int h(void){body}",
        },
    )
    findings = shape.check_shape(tree, {}).findings
    for name in "fgh":
        assert any(f"{name}() has 62 lines" in finding for finding in findings)


@pytest.mark.skipif(not shutil.which("ctags"), reason="universal-ctags is missing")
def test_what_is_around_the_product_is_measured_too(tmp_path):
    tree = in_folder(
        tmp_path,
        {
            "tests/unit/a.c": "int f(void)\n{\n" + "\tx();\n" * 57 + "}\n" + "\n" * 900,
            "tests/unit/b.c": "int g(void)\n{\n" + "\tx();\n" * 59 + "}\n",
            "scripts/run": "#!/usr/bin/python3\ndef h():\n" + "    x()\n" * 60,
            "scripts/set": "#!/bin/bash\n" * 601,
            "tests/guest/s.S": "\tnop\n" * 601,
        },
    )
    assert shape.check_shape(tree, {}).findings == [
        "tests/unit/b.c: g() has 62 lines, at most 60",
        "scripts/run: h() has 61 lines, at most 60",
        "scripts/set: 601 lines, at most 600",
        "tests/guest/s.S: 601 lines, at most 600",
    ]


# ---- how files open


DESIGN = "docs/design/05-stage2.md"


@pytest.mark.parametrize(
    "text",
    [
        "/*\n * What it models.\n * Arm ARM DDI 0487, TTBR0_EL2.\n */\nint a;\n",
        "/*\n * What it models. Devicetree\n * Specification.\n */\n",
        f"/*\n * What it models.\n * Plinth's own: {DESIGN}.\n */\n",
        "/*\n * Its parts; contract in\n * vm.h.\n */\n",
    ],
)
def test_openings_that_say_enough_pass(text):
    header = "/*\n * A VM.\n * PSCI DEN 0022.\n */\n"
    assert not list(openings.openings("hyp/a.c", {"hyp/a.c": text, "hyp/vm.h": header}))


@pytest.mark.parametrize(
    "text, word",
    [
        ("int a;\n/* late\n *\n *\n DDI 0487 */", "no comment"),
        ("/* A title. DDI 0487. */\n", "a title"),
        ("/*\n * What it models,\n * and no more.\n */\n", "no specification"),
        ("/*\n * Its parts; contract in\n * nothere.h.\n */\n", "no specification"),
        ("/*\n * Its parts; contract in\n * vm.h.\n */\n", "no specification"),
    ],
)
def test_openings_that_say_too_little_are_found(text, word):
    texts = {"hyp/a.c": text, "hyp/vm.h": "/*\n * Words\n * alone.\n */\n"}
    (finding,) = openings.openings("hyp/a.c", texts)
    assert finding.startswith("hyp/a.c:1: ") and word in finding


def test_pages_that_are_not_there_are_found():
    words_ = f"see {DESIGN} and docs/design/99-lost.md"
    assert list(openings.missing_pages("a.c", words_, {DESIGN})) == [
        "a.c:1: docs/design/99-lost.md is not there"
    ]


def test_declarations_need_a_contract():
    text = (
        "/* What it does. */\nint one(int a);\nMUST_CHECK int two(int a,\n\t\tint b);\n\n"
        "void three(void);\n\nMUST_CHECK char *four(void);\n\n"
        "static inline int five(void)\n{\n\treturn six(a, b);\n}\n\n"
        "SYSREG_RO(seven)\n\ntypedef int (*eight_fn)(void);\n"
    )
    assert list(openings.contracts("a.h", text)) == [
        "a.h:6: three() has no contract",
        "a.h:8: four() has no contract",
    ]


# ---- locks


def test_locks_that_say_what_they_guard_and_have_a_row_pass():
    text = "struct a {\n\tint x;\n\tstruct spinlock lock; /* guards\n\t\t\t\tall */\n};\n"
    assert [lock for _, lock, _ in locks.locks(text)] == ["a.lock"]
    assert not list(locks.judge("a.h", text, "| `a.lock` | all |\n"))


def test_locks_that_do_not_are_found():
    text = "struct a {\n\tint x;\n\tstruct spinlock lock;\n\tint guards;\n};\n"
    assert list(locks.judge("a.h", text, "| `b.lock` |")) == [
        "a.h:3: a.lock does not say what it guards",
        f"a.h:3: a.lock has no row in {locks.CHAPTER}",
    ]
