"""tests/bench/child.py: what a tool started ends with it."""
import os
import signal
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import child  # noqa: E402

TOOL = f"""
import sys
sys.path.insert(0, {HERE!r})
import child
def main():
    print(child.run(sys.argv[1]))
    return 0
child.tool(main)
"""


def tool(command):
    return subprocess.Popen(
        [sys.executable, "-c", TOOL, command], text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def within_a_minute(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def number_in(path):
    """The process that a shell wrote down, once it has."""
    within_a_minute(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def gone(pid):
    """Whether it has ended; nobody may have waited for it yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


SLEEPS = "sleep 600 & echo $! > {}; wait"


def test_a_run_gives_status_output_and_its_last_word():
    assert child.run("echo out; echo one >&2; echo two >&2; exit 3") == (3, b"out\n", "one; two")
    assert child.run(["true"]) == (0, b"", "")


def test_settings_of_a_run_are_not_inherited(monkeypatch):
    for name in child.SETTINGS:
        monkeypatch.setenv(name, "told")
    _, out, _ = child.run("env")
    assert not [line for line in out.decode().splitlines() if line.endswith("=told")]
    assert b"PATH=" in out


def test_settings_are_the_defaults_of_scripts_run():
    with open(os.path.join(HERE, "..", "..", "scripts", "run"), encoding="utf-8") as file:
        text = file.read()
    names = [part.partition('"')[0] for part in text.split('    add("')[1:]]
    assert sorted(child.SETTINGS) == sorted(
        [*(name.upper().replace("-", "_") for name in names), "ICOUNT", "NATIVE"]
    )


def test_what_qemu_says_of_every_run_is_left_out(capfd):
    noise = "qemu-system-aarch64: warning: icount sleep disabled and no active timers"
    assert child.run(f"echo {noise} >&2; echo other warning >&2; echo {noise} >&2")[2] == "other warning"
    assert capfd.readouterr().err == "other warning\n"


def test_time_that_runs_out_ends_what_was_started(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        child.run(SLEEPS.format(tmp_path / "pid"), timeout=2)
    within_a_minute(lambda: gone(number_in(tmp_path / "pid")))


@pytest.mark.parametrize("number", child.SIGNALS)
def test_a_signal_ends_tool_and_child_without_a_word(tmp_path, number):
    """Though the child's processes are of another session, which Ctrl-C does not reach."""
    with tool(SLEEPS.format(tmp_path / "pid")) as held:
        pid = number_in(tmp_path / "pid")
        assert not gone(pid)
        held.send_signal(number)
        assert held.communicate(timeout=60) == ("", "")
    assert held.returncode == 128 + number
    within_a_minute(lambda: gone(pid))


def test_a_child_that_ignores_the_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "GRACE", 0.5)
    with pytest.raises(subprocess.TimeoutExpired):
        child.run(f"trap '' TERM; {SLEEPS.format(tmp_path / 'pid')}; sleep 600", timeout=2)
    within_a_minute(lambda: gone(number_in(tmp_path / "pid")))


def test_a_file_that_is_missing_is_told_in_a_line():
    done = subprocess.run(
        [sys.executable, "-c", TOOL.replace("child.run(sys.argv[1])", "open('/no/such')")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "/no/such" in done.stderr
