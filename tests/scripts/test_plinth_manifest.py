"""scripts/plinth-manifest: what Plinth would say at boot, said on the host."""

import os
import subprocess

import pytest

KERNEL = 'kernel { compatible = "plinth,kernel"; reg = <0 0x48000000 0 0x100000>; };'
GOOD = f"cpus = <2>; memory = <0 0x4000000>; {KERNEL}"


def vm(name, body=GOOD):
    return f'{name} {{ compatible = "plinth,vm"; {body} }};'


def source(*vms):
    return f'/dts-v1/;\n/ {{ compatible = "plinth,manifest-1"; {" ".join(vms)} }};\n'


@pytest.fixture(name="check")
def checker(root, tmp_path):
    """check(text, option...) -> (status, lines on stdout, text on stderr)."""

    def run(text, *options, name="m.dts"):
        path = tmp_path / name
        if isinstance(text, str):
            path.write_text(text)
        elif text is not None:
            path.write_bytes(text)
        words = [root / "scripts" / "plinth-manifest", "check", *options, path]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines(), done.stderr

    return run


@pytest.fixture(name="compiled")
def compiler(tmp_path):
    def run(text):
        (tmp_path / "source.dts").write_text(text)
        words = ["dtc", "-q", "-O", "dtb", tmp_path / "source.dts"]
        return subprocess.run(words, capture_output=True, check=True).stdout

    return run


def test_good_manifest_says_nothing(check, compiled):
    assert check(source(vm("a"), vm("b"))) == (0, [], "")
    assert check(compiled(source(vm("a"), vm("b"))), name="m.dtb") == (0, [], "")


def test_each_refused_vm_is_one_line(check):
    status, lines, err = check(
        source(
            vm("a"),
            vm("b", GOOD.replace("<2>", "<0>")),
            vm("c", GOOD + KERNEL.replace("kernel {", "k2 {")),
            vm("d", f"colour = <1>; {GOOD}"),
        )
    )
    assert (status, err) == (1, "")
    assert lines == [
        "manifest: /b: property cpus: 0 is not from 1 to 4096",
        "manifest: /c/k2: property compatible: there is already kernel",
        "manifest: /d: property colour: unknown property",
    ]


def test_blob_that_is_cut_short_or_no_manifest(check, compiled):
    blob = compiled(source(vm("a")))
    for data in (blob[:200], blob[:30], blob[:4]):
        status, (line,), _ = check(data, name="m.dtb")
        assert status == 1
        assert line.startswith("manifest: ")
    status, (line,), _ = check('/dts-v1/; / { compatible = "else"; };')
    assert status == 1
    assert line == 'manifest: /: property compatible: not "plinth,manifest-1"'


def test_source_that_does_not_compile_is_one_line(check):
    status, lines, _ = check("/dts-v1/;\n/ { a = ; };\n")
    assert status == 1
    (line,) = lines
    assert "m.dts:2" in line


def test_machine_is_as_told(check):
    text = source(vm("a", f"pcpus = <4>; {GOOD}"))
    assert check(text)[1] == [
        "manifest: /a: property pcpus: 4, but the machine has 4 CPUs"
    ]
    assert check(text, "--cpus=5")[0] == 0
    assert check(source(vm("a")), "--memory=64M")[1] == [
        "manifest: /a/kernel: property reg: 0x48000000 + 0x100000 is not in the "
        "machine's RAM"
    ]
    far = source(vm("a", GOOD.replace("0 0x48000000", "8 0x48000000")))
    assert check(far)[0] == 1
    assert check(far, "--ram=0x800000000,2G")[0] == 0
    (line,) = check(source(vm("a")), "--taken=0x480ff000,1G")[1]
    assert "overlaps Plinth's own 0x480ff000 + 0x40000000" in line


def test_guests_tree_is_looked_into(check, tmp_path):
    body = f'{KERNEL} dtb {{ compatible = "plinth,dtb"; file = "guest.dtb"; }};'
    (tmp_path / "guest.dtb").write_bytes(b"no tree, but long enough for its header" * 9)
    status, (line,), _ = check(source(vm("a", body)))
    assert status == 1
    assert line.startswith("manifest: /a/dtb: no device tree: magic is 0x6e6f2074")
    body = body.replace('file = "guest.dtb"', "reg = <0 0x47000000 0 0x40>")
    (line,) = check(source(vm("a", body)))[1]
    assert "magic is 0," in line
    (line,) = check(source(vm("a", body)), f"--file=0x47000000,{tmp_path}/guest.dtb")[1]
    assert "magic is 0x6e6f2074" in line


def test_usage_and_missing_files_have_a_status_of_their_own(check):
    assert check(None, name="nowhere.dts")[0] == 2
    for option in ("--cpus=0", "--memory=lots", "--memory=0", "--ram=5", "--taken=1,x", "--file=7"):
        status, lines, err = check(source(vm("a")), option)
        assert (status, lines) == (2, [])
        assert len(err.splitlines()) == 1
    missing = source(vm("a", f'{GOOD} initrd {{ compatible = "plinth,initrd"; file = "x"; }};'))
    status, (line,), _ = check(missing)
    assert status == 1
    assert "no such file" in line


def test_disks_are_as_make_run_has_them(check, tmp_path):
    for name in ("d1.img", "d2.img"):
        (tmp_path / name).write_bytes(bytes(512))
    disk = '{0} {{ compatible = "plinth,disk"; file = "${1}"; }};'
    text = source(vm("a", GOOD + disk.format("x", "DISK") + disk.format("y", "DISK2")))
    assert check(text, f"--disk={tmp_path}/d1.img {tmp_path}/d2.img") == (0, [], "")
    status, (line,), _ = check(text.replace("$DISK2", "$DISKS"))
    assert status == 1
    assert "there is no $DISKS" in line


def test_tree_of_two_gigabytes_is_accepted(root, check, tmp_path):
    words = [root / "guest/linux/mkdtb", "--mem=2G", tmp_path / "guest.dtb"]
    subprocess.run(words, check=True)
    dtb = 'dtb { compatible = "plinth,dtb"; file = "guest.dtb"; };'
    assert check(source(vm("a", KERNEL + dtb))) == (0, [], "")


def test_machine_without_a_compiler_is_told_what_to_run(root, tmp_path):
    (tmp_path / "m.dts").write_text(source(vm("a")))
    words = [root / "scripts" / "plinth-manifest", "check", tmp_path / "m.dts"]
    env = {**os.environ, "BUILD": str(tmp_path / "build"), "HOST_CC": "no-such-gcc"}
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "scripts/setup build" in done.stderr.splitlines()[0]
    (tmp_path / "bin").mkdir()
    env["PATH"] = str(tmp_path / "bin")  # nor make
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2
    assert done.stderr == "plinth-manifest: make is missing (run scripts/setup build)\n"
