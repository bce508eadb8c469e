"""scripts/run against QEMU, with a stand-in for Plinth that only ends."""

import os
import signal
import subprocess
import time

import pexpect
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
OFF, RESET = "0x84000008", "0x84000009"


@pytest.fixture
def start(root, tmp_path):
    """start(kind, function, ...) -> the running script, on pipes."""

    def build(kind=1, function=OFF, magic="P", spin=0, echo=0):
        elf = tmp_path / "end.elf"
        subprocess.run(
            ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-o", elf,
             "-Wl,-Ttext=0x40200000,--build-id=none", f"-DKIND={kind}",
             f'-DMAGIC="{magic}"', f"-DFUNCTION={function}", f"-DSPIN={spin}",
             f"-DECHO={echo}", f"{HERE}/el2_end.S"],
            check=True,
        )  # fmt: skip
        subprocess.run(
            ["aarch64-linux-gnu-objcopy", "-O", "binary", elf, f"{tmp_path}/end.bin"],
            check=True,
        )
        return ["timeout", "400", f"{root}/scripts/run", f"--elf={elf}",
                f"--build={tmp_path}", "--timeout=300"]  # fmt: skip

    def begin(*args, more=(), stdin=subprocess.DEVNULL, env=None, **how):
        return subprocess.Popen(
            [*build(*args, **how), *more],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )

    begin.build = build
    return begin


@pytest.mark.parametrize(
    "kind, function, status, text",
    [
        (1, OFF, 0, ""),
        (2, RESET, 3, "VM linux crashed: the test's reason"),
        (3, RESET, 4, "refused to start linux: the test's reason"),
        (4, RESET, 5, "Plinth panicked: the test's reason"),
        (0, RESET, 5, "no exit record"),
        (1, RESET, 5, "behind a record of success"),
        (0, OFF, 6, "no exit record"),
    ],
)
def test_status_tells_how_it_ended(start, kind, function, status, text):
    child = start(kind, function)
    out, err = child.communicate()
    assert (out, child.returncode) == (b"end\n", status)
    assert text in (err.decode().splitlines() or [""])[-1]


@pytest.mark.parametrize("stdin, lines", [(subprocess.DEVNULL, 0), (subprocess.PIPE, 1)])
def test_input_is_spoken_of_where_there_is_some(start, stdin, lines):
    _, err = start(1, OFF, stdin=stdin).communicate()
    assert err.decode().count("input is not a terminal") == lines == len(err.splitlines())


# Rules out: forged-status
def test_forged_magic_is_no_success(start):
    child = start(1, OFF, "Q")
    child.communicate()
    assert child.returncode == 6


@pytest.mark.parametrize("cpus", ["1", "4"])
def test_deterministic_run_ends_too(start, cpus):
    child = start(env={"ICOUNT": "1", "SMP": cpus})
    child.communicate()
    assert child.returncode == 0


def test_raw_binary_runs_at_another_address(start, tmp_path):
    child = start(more=[f"--raw={tmp_path}/end.bin", "--raw-at=0x44400000"])
    child.communicate()
    assert child.returncode == 0


def test_piped_input_arrives_whole_and_its_end_is_no_event(start):
    sent = bytes(range(256)) * 256
    child = start(echo=len(sent), stdin=subprocess.PIPE)
    out, _ = child.communicate(sent)
    assert out == b"end\n" + sent
    assert child.returncode == 0


def test_timeout_ends_qemu(start):
    child = start(spin=1, more=["--timeout=1"])
    _, err = child.communicate()
    assert child.returncode == 124
    assert b"out of time" in err


@pytest.mark.parametrize(
    "more",
    [{"kind": 4, "function": RESET}, {"kind": 2, "function": RESET}, {"spin": 1}],
    ids=["panic", "crash", "timeout"],
)
def test_memory_of_a_machine_that_ended_badly_is_kept(start, tmp_path, more):
    core = tmp_path / "core"
    core.write_text("an old one")
    core.chmod(0o400)
    child = start(more=[f"--core={core}", "--timeout=5"], **more)
    _, err = child.communicate()
    assert child.returncode in (3, 5, 124)
    assert f"; core in {core} (status" in err.decode()
    with open(core, "rb") as file:
        head = file.read(64)
    core.unlink()
    assert head[:4] == b"\x7fELF" and head[16] == 4  # ET_CORE


def test_memory_of_a_machine_that_ended_well_is_not_kept(start, tmp_path):
    child = start(more=[f"--core={tmp_path}/core"])
    child.communicate()
    assert child.returncode == 0
    assert not (tmp_path / "core").exists()


def test_core_that_cannot_be_written_changes_no_status(start, tmp_path):
    child = start(4, RESET, more=[f"--core={tmp_path}/none/core"])
    _, err = child.communicate()
    assert child.returncode == 5
    assert "; no core in" in err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_its_own_qemu(start, number):
    child = start(spin=1)
    assert child.stdout.readline() == b"end\n"
    (script,) = children(child.pid)
    (machine,) = children(script)
    os.kill(script, number)
    child.communicate()
    assert child.returncode == 128 + number
    assert not alive(machine)


def test_killed_script_leaves_no_qemu(start):
    child = start(spin=1)
    assert child.stdout.readline() == b"end\n"
    (script,) = children(child.pid)
    (machine,) = children(script)
    os.kill(script, signal.SIGKILL)
    child.communicate()
    for _ in range(100):
        if not alive(machine):
            return
        time.sleep(0.05)
    pytest.fail("QEMU outlived the script")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_dead_qemu_is_told_from_a_failed_guest(start):
    child = start(more=["--cpu=nonsense"])
    _, err = child.communicate()
    assert child.returncode == 6
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    "more, text",
    [
        (["--kernel=/none"], "KERNEL: no such file: /none"),
        (["--mem=3M"], "MEM=3M"),
        (["--mem=60000G"], "MEM: "),
        (["--smp=0"], "SMP=0"),
        (["--console=tty1"], "CONSOLE=tty1"),
        (["--elf=/none"], "ELF: no such file"),
        (["--manifest=/none"], "MANIFEST: no such file"),
        (["--qemu-args='"], "QEMU_ARGS=': No closing quotation"),
        (["--raw=/none", "--host-append=stats"], "HOST_APPEND: "),
    ],
)
def test_what_cannot_work_gives_one_line(start, more, text):
    child = start(more=more)
    out, err = child.communicate()
    lines = err.decode().splitlines()
    assert (child.returncode, out, len(lines)) == (2, b"", 1)
    assert text in lines[0]


@pytest.fixture
def vms(tmp_path):
    """vms(body...) -> a manifest with a VM of each body."""

    def write(*bodies, memory="<0 0x400000>"):
        vm = '{} {{ compatible = "plinth,vm"; memory = {}; {} }};'
        text = "".join(vm.format(f"v{i}", memory, b) for i, b in enumerate(bodies))
        (tmp_path / "m.dts").write_text(
            f'/dts-v1/; / {{ compatible = "plinth,manifest-1"; {text} }};'
        )
        return f"--manifest={tmp_path}/m.dts"

    return write


def test_manifest_that_cannot_work_gives_one_line(start, vms, tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(bytes(4096))
    disk = '{0} {{ compatible = "plinth,disk"; file = "{0}"; reg = <0 0x60000{1} 0 0>; }};'
    disks = disk.format("a", "000") + disk.format("b", "800")
    wrong = 'k { compatible = "plinth,kernel"; file = "$IMAGE"; };'
    for bodies, memory, text in (
        ([""], "<0xffffff 0>", "MANIFEST: this needs a machine of"),
        ([disks], "<0 0x400000>", "b at 0x60000800 overlap"),
        ([wrong], "<0 0x400000>", "there is no $IMAGE"),
    ):
        child = start(more=[vms(*bodies, memory=memory)])
        (line,) = child.communicate()[1].decode().splitlines()
        assert child.returncode == 2
        assert text in line


def test_disk_that_two_vms_read_is_loaded_once(start, vms, tmp_path):
    (tmp_path / "a").write_bytes(bytes(4096))
    disk = (
        'd { compatible = "plinth,disk"; file = "a"; reg = <0 0x60000000 0 0>; read-only; };'
    )
    child = start(more=[vms(disk, disk)])
    child.communicate()
    assert child.returncode == 0


def test_compiled_manifest_is_as_good_as_its_source(start, vms, tmp_path):
    vms("")
    blob = tmp_path / "m.dtb"
    subprocess.run(["dtc", "-q", "-o", blob, tmp_path / "m.dts"], check=True)
    child = start(more=[f"--manifest={blob}"])
    child.communicate()
    assert child.returncode == 0
    assert 'compatible = "plinth,vm"' in (tmp_path / "manifest.dts").read_text()


def test_kernel_that_no_module_names_is_told(start, vms, tmp_path):
    (tmp_path / "Image").write_bytes(bytes(56) + b"ARMd" + bytes(4))
    more = [f"--kernel={tmp_path}/Image"]
    _, err = start(more=[vms(""), *more]).communicate()
    assert f"run: KERNEL={tmp_path}/Image is not used" in err.decode()
    kernel = 'k { compatible = "plinth,kernel"; file = "$KERNEL"; };'
    _, err = start(more=[vms(kernel), *more]).communicate()
    assert "not used" not in err.decode()


def test_plinth_is_taken_from_where_the_build_is(start, root, tmp_path):
    command = [word for word in start.build() if not word.startswith("--elf=")]
    (tmp_path / "end.elf").rename(tmp_path / "plinth.elf")
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"end\n")
    command = [word for word in command if not word.startswith("--build=")]
    env = {**os.environ, "BUILD": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, check=False, env=env)
    assert (done.returncode, done.stdout) == (0, b"end\n")


@pytest.mark.parametrize(
    "append, nr_vms, key",
    [
        ("", 1, None),
        ("", 2, "Ctrl-]"),
        ("console=raw", 2, None),
        ("console=mux escape=^T", 1, "Ctrl-T"),
    ],
)
def test_keys_of_the_multiplexer_are_said_where_there_is_one(
    start, vms, append, nr_vms, key
):
    command = start.build(spin=1)
    command += [vms(*[""] * nr_vms), f"--host-append={append}"]
    shell = pexpect.spawn("timeout", ["--foreground", *command[1:]], timeout=60)
    shell.expect("Ctrl-a x leaves QEMU")
    shell.expect("end\r\n")
    said = shell.before.decode()
    shell.send("\x01x")
    shell.expect(pexpect.EOF)
    assert ("chooses a VM" in said) == bool(key)
    assert not key or f"{key} and a digit" in said


def test_empty_settings_are_none(start):
    empty = {name: "" for name in ("KERNEL", "INITRD", "DISK", "DTB", "APPEND")}
    child = start(env=empty)
    child.communicate()
    assert child.returncode == 0


def test_content_checks_can_be_left_to_plinth(start, tmp_path):
    (tmp_path / "bad").write_text("no kernel, no device tree, only this text")
    more = [f"--kernel={tmp_path}/bad", f"--dtb={tmp_path}/bad"]
    assert start(more=more).wait() == 2
    assert start(more=more, env={"PLINTH_NO_CHECK": "1"}).wait() == 0


def test_closed_input_is_no_event(start):
    command = start.build()
    done = subprocess.run(
        ["bash", "-c", 'exec "$@" <&-', "bash", *command], stdout=subprocess.PIPE
    )
    assert (done.returncode, done.stdout) == (0, b"end\n")


def test_terminal_says_its_keys_first_and_is_restored(start, tmp_path):
    shell = pexpect.spawn(
        "bash",
        ["-c", 'stty -a >"$0.1"; "$@"; echo "status $?"; stty -a >"$0.2"',
         f"{tmp_path}/stty", "timeout", "--foreground", *start.build(spin=1)[1:]],
        timeout=20,
    )  # fmt: skip
    shell.expect("Ctrl-a x leaves QEMU")
    shell.expect("end")
    shell.send("\x01x")
    shell.expect("status 130")
    shell.expect(pexpect.EOF)
    before, after = ((tmp_path / f"stty.{n}").read_text() for n in "12")
    assert before == after
