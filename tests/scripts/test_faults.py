"""The table of known faults: what is read, what is found wrong, what is made."""

import subprocess

import pytest
from checks import faults

# Written so that this file itself has no such comment.
MARK = "Rules" + " out:"

TEXT = """# words
[First]
hpfar: a register is not valid
\treview: by the reader
leak: a page is lost
[Second]
loop: a chain has no end
"""


def parsed():
    found, findings = faults.parse(TEXT)
    assert not findings
    return found


def test_faults_are_read_with_section_and_review():
    found = parsed()
    assert list(found) == ["hpfar", "leak", "loop"]
    assert (found["leak"].section, found["loop"].section) == ("First", "Second")
    assert found["hpfar"].review == "by the reader"
    assert not found["leak"].review


@pytest.mark.parametrize(
    "line, word",
    [("leak: once more", "already"), ("Leak: capital", "neither"), ("leak", "neither")],
)
def test_lines_that_are_no_faults_are_found(line, word):
    (finding,) = faults.parse(TEXT + line + "\n")[1]
    assert finding.startswith("tests/faults.txt:8: ")
    assert word in finding


C = {
    f"/* {MARK} leak */\nstatic void no_page_is_lost(void **state)\n{{\n": "no_page_is_lost",
    f"/*\n * Words.\n * {MARK} leak\n */\nstatic int\nlong_one(int a,\n\t int b)\n{{\n": "long_one",
    f'\t/* {MARK} leak */\n\tCHECK_EQ("is_zero", bad, 0);\n}}\n': "is_zero",
    f'\t/* {MARK} leak */\n\t{{"in_a_row", use, 4}},\n': "in_a_row",
    f"\t/* {MARK} leak */   \\\n\tX(dc_zva, WRITE)   \\\n": "dc_zva",
    f"/* {MARK} leak */\nint LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)\n{{": (
        "LLVMFuzzerTestOneInput"
    ),
    f"/* {MARK} leak */\nstatic int x;\n": None,
}


@pytest.mark.parametrize("text, test", C.items())
def test_comment_of_c_belongs_to_the_next_test(text, test):
    assert list(faults.annotations("tests/unit/a.c", text)) == [
        (text[: text.index(MARK)].count("\n") + 1, ["leak"], test)
    ]


def test_comment_of_python_belongs_to_the_next_function():
    text = f"# {MARK} leak, loop\n@mark\ndef test_it(a):\n    pass\n"
    assert list(faults.annotations("tests/system/a.py", text)) == [
        (1, ["leak", "loop"], "test_it")
    ]


def unit(name, comment, listed=True):
    text = f"/* {MARK} {comment} */\nstatic void {name}(void **state)\n{{\n}}\n"
    return text + (f"cmocka_unit_test({name})" if listed else "")


def test_tests_are_given_to_their_faults():
    found = parsed()
    files = {"tests/unit/a.c": unit("first", "leak, loop"), "tests/unit/b.c": unit("x", "loop")}
    assert not faults.collect(found, files, "")
    assert found["leak"].tests == ["unit/a.c:first"]
    assert found["loop"].tests == ["unit/a.c:first", "unit/b.c:x"]


@pytest.mark.parametrize(
    "name, text, word",
    [
        ("tests/unit/a.c", unit("t", "lost"), "no fault is called 'lost'"),
        ("tests/unit/a.c", unit("t", "leak", listed=False), "nobody runs t"),
        ("tests/system/a.py", f"# {MARK} leak\ndef helper():\n", "nobody runs helper"),
        ("tests/guest/other.c", f'/* {MARK} leak */\nCHECK("c", x)', "nobody runs c"),
        ("tests/unit/a.c", f"/* {MARK} leak */\n", "no test follows"),
    ],
)
def test_comments_that_do_not_hold_are_found(name, text, word):
    (finding,) = faults.collect(parsed(), {name: text}, 'payload("blk")')
    assert finding == f"{name}:1: {word}"


def test_payload_that_the_system_tests_start_is_run():
    files = {"tests/guest/blk.c": f'/* {MARK} leak */\nCHECK("c", x)'}
    assert not faults.collect(parsed(), files, 'payload("blk")')
    assert not faults.collect(parsed(), files, "[payloads]\nblk = 1\n")
    assert faults.collect(parsed(), files, "[payloads]\nxblk = 1\n")


def test_table_has_sections_tests_and_reviews():
    found = parsed()
    found["hpfar"].tests = ["system/a.py:test_b", "unit/a.c:b", "unit/a.c:b"]
    made = faults.render(found)
    row = "| a register is not valid | `unit/a.c:b`, `system/a.py:test_b`; *review*: by the reader |"
    assert row in made.splitlines()
    assert made.index("### First") < made.index(row) < made.index("### Second")


def test_only_what_is_between_the_marks_changes():
    old = f"head\n{faults.BEGIN}old\n{faults.END}tail\n"
    made = faults.render(parsed())
    assert faults.put(old, made) == f"head\n{made}tail\n"
    assert faults.put(faults.put(old, made), made) == f"head\n{made}tail\n"
    assert faults.put("no marks\n", made) is None


def test_this_tree_has_a_test_for_every_fault(root):
    done = subprocess.run([root / "scripts/fault-table"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" 0 findings\n")
