"""A machine with Plinth on it: started by scripts/run as a user would, fed and
read by the tests.

    run()       feeds all input at once, before anything runs, and waits
    session()   a conversation over pipes: wait for this text, then send that
    terminal()  a conversation over a terminal of its own

Time-outs only end a hang: they are many times what a run takes on a slow and
busy machine.
"""

import fcntl
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
from pexpect.popen_spawn import PopenSpawn

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
TEST = BUILD / "test"
# What a run leaves; each worker of pytest has its own.
RUNS = TEST / "runs" / os.environ.get("PYTEST_XDIST_WORKER", "")

PAYLOAD_SECONDS = 180
LINUX_SECONDS = 400
LEAVE_SECONDS = 60  # for the script to end its QEMU after its own time-out

OK, USAGE, CRASH, BOOT, PANIC, LEFT = 0, 2, 3, 4, 5, 130
PROMPT = "plinth:[^#]*# "

# Tests run side by side; those that call make itself go one after another.
BY_MAKE = pytest.mark.xdist_group("make")

# A kernel on eight CPUs of a busy host of two waits long for itself, native as
# well, and would call it a stall or a lockup. A hang still ends by time-out.
PATIENT = "rcupdate.rcu_cpu_stall_timeout=300 watchdog_thresh=60"
BOOT_ARGS = f"console=ttyAMA0 {PATIENT}"

# Set by whoever calls make; here each test says what it wants.
NOT_INHERITED = (
    "KERNEL INITRD DTB DISK APPEND SMP PCPUS MEM VMS CPU MANIFEST HOST_APPEND "
    "QEMU_ARGS ICOUNT NATIVE TIMEOUT CORE ELF CONSOLE RAW RAW_AT PLINTH_NO_CHECK "
    "MAKEFLAGS MFLAGS MAKELEVEL PLINTH_CACHED_ONLY TEMPLATE DISK_SIZE DISK_FROM"
).split()


def environment(extra=None):
    kept = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
    return {**kept, "BUILD": str(BUILD), "TERM": "vt100", **(extra or {})}


@dataclass
class Result:
    """How a run ended. `out` is the console's text, `err` what the script (or
    make) said; line ends are newlines."""

    status: int
    out: str
    err: str

    def expect(self, status):
        """Fails, and shows the end of the console, unless it ended so."""
        if self.status != status:
            tail = "\n".join(self.out.splitlines()[-40:])
            raise AssertionError(
                f"status {self.status}, not {status}\n{tail}\n{self.err}"
            )
        return self

    def lines(self, start=""):
        return [line for line in self.out.splitlines() if line.startswith(start)]

    def plinth_errors(self):
        return self.lines("plinth: error: ")


def text(data):
    return data.decode("utf-8", "replace").replace("\r", "")


def command(settings):
    """scripts/run with options: smp=4 is --smp=4, icount=True is --icount."""
    settings = {"build": RUNS, **settings}
    words = [str(ROOT / "scripts" / "run")]
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        words.append(option if value is True else f"{option}={value}")
    return words


def finished(words, stdin=b"", seconds=PAYLOAD_SECONDS, env=None):
    """Runs a program to its end, with `stdin` in a pipe."""
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            out, err = child.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            child.terminate()  # the script ends its QEMU
            out, err = child.communicate()
        return Result(child.returncode, text(out), text(err))


def run(stdin=b"", seconds=PAYLOAD_SECONDS, env=None, **settings):
    words = command({"elf": BUILD / "plinth.elf", "timeout": seconds, **settings})
    return finished(words, stdin, seconds + LEAVE_SECONDS, env)


class Session(PopenSpawn):
    """A conversation over pipes. The input's end is no event for a guest."""

    def __init__(self, words, seconds):
        super().__init__(words, timeout=seconds, cwd=str(ROOT), env=environment())

    def shell(self, line):
        """Types a line at the prompt that was seen and waits for the next.
        Returns what was between them."""
        self.sendline(line)
        self.expect(PROMPT)
        return text(self.before)

    def end(self):
        """Waits until the script has ended. Returns its status, and what came
        since the last match."""
        self.expect(pexpect.EOF)
        return Result(self.wait(), text(self.before), "")


@contextmanager
def session(seconds=LINUX_SECONDS, **settings):
    """`seconds` are for each wait of the conversation."""
    words = command({"elf": BUILD / "plinth.elf", **settings})
    talk = Session(words, seconds)
    try:
        yield talk
    finally:
        if talk.proc.poll() is None:
            talk.proc.terminate()
        talk.proc.communicate()


@contextmanager
def terminal(words, seconds=LINUX_SECONDS):
    """A program on a terminal of 80 columns and 24 lines."""
    talk = pexpect.spawn(
        words[0], words[1:], cwd=str(ROOT), env=environment(), timeout=seconds
    )
    try:
        yield talk
    finally:
        talk.close(force=True)


# ------------------------------------------------------------- what is there

CPU_MODELS = ("max", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1")


def grid(sizes, daily):
    """Parameters `cpu, smp`: every CPU model with every size. Only the pairs in
    `daily` are for every day."""
    return [
        pytest.param(
            cpu,
            smp,
            marks=() if (cpu, smp) in daily else pytest.mark.long,
            id=f"{cpu}-{smp}",
        )
        for cpu in CPU_MODELS
        for smp in sizes
    ]


def payload(name):
    return BUILD / "guest" / f"{name}.img"


def linux(smp=4, mem="512M", **settings):
    """The settings of the default guest, with the tests' scripts in it."""
    return {
        "kernel": BUILD / "linux" / "Image",
        "initrd": TEST / "initramfs.cpio.gz",
        "append": BOOT_ARGS,
        "smp": smp,
        "mem": mem,
        **settings,
    }


def device_tree(smp, mem="512M"):
    """The default guest's own device tree, compiled for these."""
    path = RUNS / f"guest-{smp}-{mem}.dtb"
    subprocess.run(
        [ROOT / "guest/linux/mkdtb", f"--smp={smp}", f"--mem={mem}", path],
        check=True,
        env=environment(),
    )
    return path


# ------------------------------------------------------- what guests print


def checks(out, expected=1):
    """Payloads and guest scripts print `ok NAME` or `not ok NAME: why` and at
    last `done: N ok, M failed`. Fails unless all of that is well; `expected`
    is how many checks there must be at the least. Returns N."""
    bad = re.findall(r"^(?:not ok|.*unexpected) .*$", out, re.M)
    done = re.findall(r"^done: (\d+) ok, (\d+) failed$", out, re.M)
    assert not bad, "\n".join(bad)
    assert len(done) == 1, f"{len(done)} lines say done"
    good, failed = map(int, done[0])
    assert failed == 0
    assert good == len(re.findall(r"^ok ", out, re.M))
    assert good >= expected
    return good


def said_by(out, console):
    """Lines that a VM said, by its tag, where there are several. One that others
    broke into comes again."""
    tag, broken = f"[{console}] ", " ..."
    lines = [line for line in out.splitlines() if not line.endswith(broken)]
    return [line[len(tag) :] for line in lines if line.startswith(tag)]


def sections(out):
    """Text between lines `== NAME`, by name."""
    parts = re.split(r"^== (\S+)\n", out, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


# ------------------------------------------------- guests that take long to make

CHECK_GUEST = os.environ.get("CHECK_GUEST") == "1"


def guest_parts(*targets):
    """Makes parts of a guest, `make TARGET`. Only check-guest downloads and
    builds for it; elsewhere a test whose parts the cache has not got is skipped."""
    words = ["make", "--no-print-directory", "-s", *targets]
    env = {} if CHECK_GUEST else {"PLINTH_CACHED_ONLY": "1"}
    with open(TEST / "guest-parts.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = finished(words, seconds=4 * 3600, env=env)
    if done.status and not CHECK_GUEST and "not in the cache" in done.err:
        pytest.skip(f"{done.err.splitlines()[0]} (make check-guest makes it)")
    return done.expect(OK)
