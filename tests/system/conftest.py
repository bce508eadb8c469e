"""Tests that start QEMU with Plinth in it; `make system` builds what they need
and runs them. Run some by hand with

    /usr/bin/python3 -m pytest -m 'not long' tests/system -k disk
"""

import ctypes
import os
import signal

import pytest

pytest.register_assert_rewrite("machine")

import machine  # noqa: E402

PR_SET_CHILD_SUBREAPER = 36
PARTS = (
    "plinth.elf",
    "plinth.bin",
    "guest/hello.img",
    "linux/Image",
    "linux/disk.img",
    "test/initramfs.cpio.gz",
)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only in check-long")
    config.addinivalue_line(
        "markers", "guest: needs parts that take long to make; all of it in check-guest"
    )
    config.addinivalue_line("filterwarnings", "ignore:setDaemon:DeprecationWarning")
    # Orphans become our children, so that none can hide.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def pytest_sessionstart(session):
    missing = [p for p in PARTS if not (machine.BUILD / p).exists()]
    if missing:
        pytest.exit(f"not built: {' '.join(missing)} (make system-parts)", 2)
    machine.RUNS.mkdir(parents=True, exist_ok=True)


def children():
    """Living children of this process; dead ones are reaped."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        pids = [int(word) for word in file.read().split()]
    alive = []
    for pid in pids:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                alive.append(pid)
        except ChildProcessError:
            pass
    return alive


@pytest.fixture(autouse=True)
def no_process_is_left():
    before = children()
    yield
    left = [pid for pid in children() if pid not in before]
    names = []
    for pid in left:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            names.append(file.read().replace("\0", " "))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert not left, f"left running: {names}"
