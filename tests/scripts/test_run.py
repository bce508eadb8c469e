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
    assert text in err.decode().splitlines()[-1]


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
    ],
)
def test_what_cannot_work_gives_one_line(start, more, text):
    child = start(more=more)
    out, err = child.communicate()
    lines = err.decode().splitlines()
    assert (child.returncode, out, len(lines)) == (2, b"", 1)
    assert text in lines[0]


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
