"""The checks of scripts/lint: what each finds and what it lets pass."""

import subprocess

import pytest
from checks import LintError, guestregs, laws, nofp, tools, words
from checks.tree import Tree, blank
from folder import in_folder

PURE = {"boot/cmdline.c", "drivers/ramdisk.c", "hyp/vm.c"}
KNOWN = {
    "arch/aarch64/el2/asm-offsets.c",
    "arch/aarch64/el2/include/port/barrier.h",
    "arch/aarch64/el2/sysreg.h",
    "arch/aarch64/esr.h",
    "boot/platform.h",
    "drivers/pl011.h",
    "drivers/ramdisk.h",
    "hyp/base/bits.h",
    "hyp/cpu.h",
    "hyp/vdev/virtq.h",
    "hyp/vm.h",
}


# ---- reading C


@pytest.mark.parametrize(
    "text, code",
    [
        ("a /* b */ c", "a         c"),
        ("a // b\nc", "a     \nc"),
        ('"/*" d "*/"', "     d     "),
        ("/* it's */ e '\"' f", "           e     f"),
        ('"\\"" g', "     g"),
        ("/* 1\n2 */\nh", "    \n    \nh"),
    ],
)
def test_comments_and_literals_become_spaces(text, code):
    assert blank(text) == code


def test_literals_stay_when_wanted():
    assert blank('"a//b" // c', literals=False) == '"a//b"     '


# ---- the laws


@pytest.mark.parametrize(
    "name, text, line",
    [
        ("hyp/vm.c", '\n__asm__ volatile("wfi");', 2),
        ("hyp/vm.h", "*(volatile uint32_t *)p = 1;", 1),
        ("arch/aarch64/gic.c", "x = read_esr_el2();", 1),
        ("arch/aarch64/gic.h", "SYSREG_RW(tcr_el2)", 1),
        ("hyp/vm.c", "__builtin_aarch64_get_fpcr();", 1),
        ("drivers/ramdisk.c", "asm(1);", 1),
        ("drivers/ramdisk.h", "asm(1);", 1),
        ("boot/cmdline.c", "asm(1);", 1),
    ],
)
def test_privileged_code_stands_at_the_edge_only(name, text, line):
    (finding,) = set(f.rsplit(":", 1)[0] for f in laws.privileged(name, text, PURE))
    assert finding == f"{name}:{line}"


@pytest.mark.parametrize(
    "name, text",
    [
        ("arch/aarch64/el2/maint.c", 'asm("isb");'),
        ("arch/aarch64/el2/include/port/el1.h", "read_far_el2();"),
        ("arch/aarch64/el2/fp.S", "ret"),
        ("boot/early.c", "asm(1);"),
        ("drivers/io.h", "volatile"),
        ("hyp/vm.c", '/* asm */ "volatile" // read_esr_el2\nlog_reread(asmall);'),
    ],
)
def test_privileged_code_passes_where_it_belongs(name, text):
    assert not list(laws.privileged(name, text, PURE))


def test_assembly_files_stand_at_the_edge_only():
    assert list(laws.privileged("hyp/fast.S", "ret", PURE))


@pytest.mark.parametrize(
    "name, text, lines",
    [
        ("hyp/vm.c", "#if X\n#endif", [1]),
        ("hyp/vm.c", "#ifndef PLINTH_VM_H", [1]),
        ("hyp/vm.c", "\n #  ifdef X\n#elif Y\n#else", [2, 3, 4]),
        ("tests/unit/test_vm.c", "#ifdef X", [1]),
        ("boot/start.S", "#if X", [1]),
        ("hyp/vm.h", "#ifndef PLINTH_VM_H\n#ifdef X", [2]),
        ("hyp/vm.h", "#ifndef OTHER_H", [1]),
        ("hyp/vm.h", "#ifdef PLINTH_VM_H", [1]),
        ("hyp/vm.c", "if (__STDC_HOSTED__)", [1]),
        ("hyp/vm.c", "if (UNIT_TESTING)", [1]),
        ("hyp/vm.h", "#ifndef PLINTH_VM_H\n#define PLINTH_VM_H\n#endif", []),
        ("hyp/vm.c", "/* #if X */ // #else\n#include <a.h>\n#define IF 1", []),
        ("tests/unit/test_vm.c", "int NDEBUG;", []),
    ],
)
def test_conditions_are_found(name, text, lines):
    found = [int(f.split(":")[1]) for f in laws.conditions(name, text)]
    assert found == lines


def test_compiler_defines_are_found():
    flags = {"EL2_CFLAGS": "-O2 -DTEST -fPIE", "INC": "-I.", "PURE_SRCS": "-Dx.c"}
    (finding,) = laws.compiler_switches(flags)
    assert "EL2_CFLAGS: -DTEST" in finding


@pytest.mark.parametrize(
    "name, include",
    [
        ("hyp/base/fmt.h", "<base/bits.h>"),
        ("hyp/base/fmt.h", "<stdint.h>"),
        ("arch/aarch64/esr.c", '"esr.h"'),
        ("arch/aarch64/esr.c", "<port/barrier.h>"),
        ("arch/aarch64/el2/maint.c", '"sysreg.h"'),
        ("arch/aarch64/el2/maint.c", "<arch/aarch64/esr.h>"),
        ("arch/aarch64/el2/vectors.S", '"asm-offsets.h"'),
        ("arch/aarch64/el2/asm-offsets.c", "<hyp/cpu.h>"),
        ("drivers/gic.c", "<drivers/pl011.h>"),
        ("hyp/vm.c", '"cpu.h"'),
        ("hyp/vdev/virtq.c", "<hyp/vm.h>"),
        ("hyp/vdev/virtq.c", '"../vm.h"'),
        ("hyp/vm.c", "<libfdt.h>"),
        ("hyp/vm.c", "<drivers/ramdisk.h>"),
        ("boot/main.c", "<drivers/pl011.h>"),
        ("boot/main.c", "<arch/aarch64/el2/sysreg.h>"),
        ("boot/main.c", "<stdio.h>"),
    ],
)
def test_includes_in_the_direction_of_travel_pass(name, include):
    assert not list(laws.includes(name, f"#include {include}", KNOWN, PURE))


@pytest.mark.parametrize(
    "name, include",
    [
        ("hyp/base/fmt.h", "<port/barrier.h>"),
        ("hyp/base/fmt.h", "<hyp/vm.h>"),
        ("hyp/base/fmt.h", "<stdio.h>"),
        ("arch/aarch64/esr.c", "<hyp/vm.h>"),
        ("arch/aarch64/esr.c", "<arch/aarch64/el2/sysreg.h>"),
        ("arch/aarch64/esr.c", "<drivers/ramdisk.h>"),
        ("arch/aarch64/esr.c", "<libfdt.h>"),
        ("arch/aarch64/el2/maint.c", "<hyp/cpu.h>"),
        ("arch/aarch64/el2/asm-offsets.c", "<drivers/pl011.h>"),
        ("drivers/gic.c", "<hyp/vm.h>"),
        ("drivers/gic.c", "<arch/aarch64/el2/sysreg.h>"),
        ("hyp/vm.c", "<arch/aarch64/el2/sysreg.h>"),
        ("hyp/vm.c", '"../boot/platform.h"'),
        ("hyp/vm.c", "<drivers/pl011.h>"),
        ("hyp/vm.c", "<stdlib.h>"),
        ("hyp/vm.c", '"not_there.h"'),
    ],
)
def test_includes_against_it_are_found(name, include):
    (finding,) = laws.includes(name, f"\n # include {include}", KNOWN, PURE)
    assert finding.startswith(f"{name}:2: ")


@pytest.mark.parametrize(
    "text, found",
    [
        ('log("%zu");', ["%zu"]),
        ('log("%-8llx %#hhx", a);', ["%-8llx", "%#hhx"]),
        ('log("%.*jd %td");', ["%.*jd", "%td"]),
        ('log("%08lx %s %c %p %#x %-*s %.*s %% zu");', []),
        ('/* "%zu" */', []),
    ],
)
def test_formats_that_the_formatter_does_not_know_are_found(text, found):
    assert [f.split()[1] for f in laws.formats("hyp/vm.c", text)] == found


# ---- words. What is to be found is written in two pieces, or this file would
# be a finding itself.


@pytest.mark.parametrize(
    "line",
    [
        "cd /wor" "k/main",
        'open("/ho' 'me/me/x")',
        "in /tm" "p/mine/x",
        "https://pypi" ".org/simple",
        "http://apt.proxy" ".internal/debian",
        "see issue" " #12",
        "as Issue" " 7 asks",
        "/* TO" "DO: more */",
    ],
)
def test_words_that_do_not_belong_are_found(line):
    (finding,) = words.words("a", f"\n{line}\n")
    assert finding.startswith("a:2: ")


@pytest.mark.parametrize(
    "line",
    [
        'cp "$dir/work/x" "$dir"/work/y ${a}/work/z',
        "mktemp in /tmp; cat > /tmp/x",
        "/usr/src/newlib /dev/vda /proc/interrupts",
        "deb http://deb.debian.org/debian bookworm main",
        "issue L of DDI 0487",
        "a / b /c",
    ],
)
def test_words_that_may_stand_pass(line):
    assert not list(words.words("a", line))


def test_binaries_are_found():
    assert list(words.binary("a", b"text\0text"))
    assert list(words.binary("a", b"x" * (64 * 1024 + 1)))
    assert not list(words.binary("a", b"x" * 64 * 1024))
    assert not list(words.binary("guest/linux/config-aarch64-6.12", b"x" * 99 * 1024))
    assert not list(words.binary("tests/fuzz/corpus/fuzz_a/1", b"\0"))


def test_tree_is_what_git_would_add(tmp_path):
    in_folder(tmp_path, {"a": "", "b": "", "new": "", "no": "", ".gitignore": "no\n"})
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "a", "b", ".gitignore"], check=True)
    (tmp_path / "b").unlink()
    assert Tree(str(tmp_path)).files == [".gitignore", "a", "new"]


# ---- FP and SIMD


FP = """
	fmov	d0, #1.0
	fmov	x0, d0
	fadd	s0, s1, s2
	scvtf	d0, x0
	fcvtzs	w0, h1
	movi	v0.2d, #0
	add	v0.4s, v1.4s, v2.4s
	mov	v0.b[1], w0
	umov	w0, v0.h[0]
	aese	v0.16b, v1.16b
	ldr	q0, [x0]
	str	b0, [x0, #1]
	ldr	d0, [x0, x1]
	ldr	s0, .
	ldp	d0, d1, [sp], #16
	stnp	q0, q1, [sp]
	stur	h0, [x0, #-1]
	ld1	{v0.16b}, [x0], #16
	st4	{v0.b, v1.b, v2.b, v3.b}[1], [x0]
	fcsel	d0, d1, d2, eq
	mrs	x0, fpcr
	msr	fpsr, x1
	ldr	z0, [x0]
	add	z0.d, z1.d, z2.d
	ptrue	p0.b
	cntd	x0
"""
NO_FP = """
	ldr	x0, [x1]
	ldrb	w0, [x1, x2]
	strh	w0, [x1], #2
	ldp	x0, x1, [sp], #16
	stp	x29, x30, [sp, #-16]!
	ldxr	x0, [x1]
	stlr	w0, [x1]
	ldar	x0, [x1]
	ldapr	x0, [x1]
	cas	x0, x1, [x2]
	casp	x0, x1, x2, x3, [x4]
	ldadd	w0, w1, [x2]
	swp	x0, x1, [x2]
	ldr	x0, .
	ldrsw	x0, [x1]
	prfm	pldl1keep, [x0]
	ldraa	x0, [x1]
	stg	x0, [x1]
	cpyfp	[x0]!, [x1]!, x2!
	cpyp	[x0]!, [x1]!, x2!
	sete	[x0]!, x1!, x2
	madd	x0, x1, x2, x3
	csel	x0, x1, x2, eq
	crc32x	w0, w1, x2
	pacia	x0, x1
	b	.
	cbz	x0, .
	tbnz	x0, #40, .
	mrs	x0, esr_el2
	mrs	x0, nzcv
	msr	daifset, #15
	dsb	sy
	tlbi	vmalle1is
	dc	zva, x0
	adrp	x0, .
	movz	x0, #0xd24, lsl #16
	udf	#0
"""


def assemble(folder, text, name="a"):
    source, obj = folder / f"{name}.s", folder / f"{name}.o"
    source.write_text(".arch armv8.7-a+sve+memtag+mops+pauth+crypto\n" + text)
    subprocess.run(["aarch64-linux-gnu-as", "-o", obj, source], check=True)
    return str(obj)


def scan(obj):
    done = subprocess.run(
        ["aarch64-linux-gnu-objdump", "-d", obj],
        capture_output=True,
        text=True,
        check=True,
    )
    return nofp.scan(done.stdout.splitlines())


# Rules out: fp-clobbered
def test_every_fp_instruction_is_found(tmp_path):
    result = scan(assemble(tmp_path, f"bad: {FP}"))
    names = [line.split()[0] for line in FP.split("\n") if line]
    assert [f.split()[2] for f in result.findings] == names
    assert all(f.split()[1] == "bad:" for f in result.findings)
    assert result.count == len(names)


def test_no_other_instruction_is_found(tmp_path):
    result = scan(assemble(tmp_path, f"d24: {NO_FP}"))
    assert result.findings == []
    # udf is shown as data or as an instruction, by version
    assert result.count >= NO_FP.count("\n") - 2


def test_fp_passes_in_the_world_switch_only(tmp_path):
    text = "fp_context_save: stp q0, q1, [x0]\nret\nnext: ldr q0, [x0]\n"
    result = scan(assemble(tmp_path, text))
    assert (result.count, result.allowed, len(result.findings)) == (3, 1, 1)


def test_data_in_the_text_is_no_code(tmp_path):
    result = scan(assemble(tmp_path, "f: ret\n.word 0x4e040c00, 0x3dc00000\n"))
    assert (result.count, result.findings) == (1, [])


# Rules out: gpr-clobbered
def test_registers_that_stay_a_guests_are_found(tmp_path):
    text = (
        "f: add x9, x0, x1\nldr w15, [x0]\nstr x0, [x18]\nmov x8, #9\n"
        "x10: bl x10\nsmc_call: str x9, [sp, #-16]!\nadd x16, x17, x19\nmadd x0, x1, x2, x13\n"
    )
    obj = assemble(tmp_path, text)
    done = subprocess.run(
        ["aarch64-linux-gnu-objdump", "-d", obj], capture_output=True, text=True, check=True
    )
    result = guestregs.scan(done.stdout.splitlines())
    assert (result.count, result.allowed) == (8, 2)
    assert [line.split()[1:3] for line in result.findings] == [
        ["f:", "add"], ["f:", "ldr"], ["f:", "str"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, status, words_",
    [
        ("f: mov x0, x12\n", 1, "f: mov"),
        ("fp_context_restore: ldr q0, [x0]\nf: ret", 0, ""),
        ("f: add x0, x0, x1\ng: fmov d0, x0", 1, "g: fmov"),
        (".data\n.word 0", 1, "no code"),
    ],
)
def test_link_check(root, tmp_path, text, status, words_):
    obj = assemble(tmp_path, text + "\n")
    done = subprocess.run(
        [f"{root}/scripts/check-nofp", obj], capture_output=True, text=True
    )
    assert done.returncode == status
    assert words_ in done.stderr and bool(done.stderr) == bool(words_)


# ---- clang-tidy

TIDY = """\
/a b/hyp/vm.c:3:2: error: leak [clang-analyzer-x.Y,-warnings-as-errors]
        x
        ^
/a b/hyp/vm.c:2:1: note: Assuming
./hyp/vm.h:7:1: warning: odd [misc-odd]
./hyp/vm.h:7:1: warning: odd [misc-odd]
"""


def test_tidy_findings_are_read():
    assert tools.tidy_findings(TIDY.replace("/a b", "/ab"), "/ab") == [
        "hyp/vm.c:3: leak [clang-analyzer-x.Y]",
        "hyp/vm.h:7: odd [misc-odd]",
    ]


@pytest.fixture
def tidy(tmp_path, monkeypatch):
    """tidy() -> (findings, how often clang-tidy has run), with a stand-in."""
    fake = tmp_path / "bin" / "clang-tidy"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\necho x >>"$0.runs"\n'
        'grep -q bad hyp/vm.c || exit 0\necho "hyp/vm.c:1:1: error: e [c]"\nexit 1\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    folder = tmp_path / "tree"
    files = {
        "hyp/vm.c": '#include "vm.h"\n',
        "hyp/vm.h": "#include <base/bits.h>\n",
        "hyp/base/bits.h": "",
        "hyp/other.h": "",
    }

    def check(basis="v1", **changed):
        files.update({name.replace("__", "/") + ".h": t for name, t in changed.items()})
        tree = in_folder(folder, files)
        flags = ["-I.", "-Ihyp"]
        key = tools.tidy_key(tree, "hyp/vm.c", flags, [basis])
        found = tools.tidy_one(tree, "hyp/vm.c", flags, key, str(tmp_path))
        return found, (tmp_path / "bin/clang-tidy.runs").read_text().count("x")

    check.files = files
    return check


def test_verdict_is_kept_until_something_it_rests_on_changes(tidy):
    assert tidy() == ([], 1)
    assert tidy(hyp__other="int x;") == ([], 1)
    assert tidy(hyp__base__bits="int x;") == ([], 2)
    assert tidy() == ([], 2)
    assert tidy(basis="v2") == ([], 3)


def test_findings_are_kept_too(tidy):
    tidy.files["hyp/vm.c"] += "bad"
    assert tidy() == (["hyp/vm.c:1: e [c]"], 1)
    assert tidy() == (["hyp/vm.c:1: e [c]"], 1)


def test_tidy_that_dies_is_a_finding_and_not_kept(tidy, tmp_path):
    (tmp_path / "bin/clang-tidy").write_text(
        '#!/bin/sh\necho x >>"$0.runs"\necho crash >&2\nexit 139\n'
    )
    for runs in (1, 2):
        (finding,), count = tidy()
        assert "crash" in finding and count == runs


def test_missing_tool_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    tree = Tree(str(tmp_path), [])
    with pytest.raises(LintError, match="clang-format is not installed"):
        tools.check_format(tree, {}, "")


# ---- the whole


def test_unknown_check_is_refused(root):
    done = subprocess.run(
        [f"{root}/scripts/lint", "build", "nonsense"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Checks: format" in done.stderr


def test_this_tree_keeps_the_laws(root, tmp_path):
    checks = "edge switches includes words"
    done = subprocess.run(
        [f"{root}/scripts/lint", str(tmp_path), *checks.split()],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("lint: 4 checks passed, 0 failed\n")
