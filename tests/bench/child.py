"""What a tool of the bench runs ends with the tool, whatever ends that.

Settings that people give to `make run` are not inherited (scripts/run's options say all),
nor is what QEMU says about every run, so that what remains on stderr matters. See
docs/performance.md, "How to reproduce".
"""

import os
import re
import signal
import subprocess
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Environment variables that are defaults of scripts/run's options.
SETTINGS = (
    "KERNEL INITRD DTB DISK APPEND CONSOLE SMP PCPUS MEM VMS CPU MANIFEST HOST_APPEND "
    "QEMU_ARGS TIMEOUT CORE BUILD ELF RAW RAW_AT ICOUNT NATIVE"
).split()
NOISE = re.compile(r"^\S+: warning: icount sleep disabled and no active timers\n", re.M)
GRACE = 10  # seconds that scripts/run has to end QEMU


class Stopped(Exception):
    """A signal told this tool to end."""


def _on_signal(number, _frame):
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


def _end(child):
    """Ends a child with all that it started, politely at first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.communicate(timeout=GRACE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def run(command, timeout=None):
    """(status, its stdout as bytes, the end of its stderr: QEMU's line and that of
    scripts/run), of words or of a line for the shell. Passes stderr on.
    subprocess.TimeoutExpired after so many seconds."""
    with subprocess.Popen(
        command,
        shell=isinstance(command, str),
        env={name: value for name, value in os.environ.items() if name not in SETTINGS},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            out, err = child.communicate(timeout=timeout)
        except BaseException:
            _end(child)
            raise
    said = NOISE.sub("", err.decode("utf-8", errors="replace"))
    sys.stderr.write(said)
    return child.returncode, out, "; ".join(said.splitlines()[-2:])


def tell(text):
    """Says what is under way: some of it takes long."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def tool(main):
    """Runs a tool's main() as the process; what ends it early is told in a line."""
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    name = os.path.basename(sys.argv[0])
    try:
        status = main()
        sys.stdout.flush()
    except Stopped as stop:
        status = 128 + stop.args[0]
    except BrokenPipeError:  # nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 128 + signal.SIGPIPE
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        status = 2
    sys.exit(status)
