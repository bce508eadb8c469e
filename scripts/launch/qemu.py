"""A running QEMU: how it ended and what its end means.

When a guest of the machine asks for power-off or reset, QEMU pauses instead of
going away (-action) and says so over QMP. Then Plinth's exit record is read
from the machine's memory. It stands in Plinth's own image, which no guest can
write, so no guest can forge a status.

QMP runs over a socket pair that QEMU inherits: it has no name that another
process could open.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from contextlib import contextmanager

OK = 0
USAGE = 2
CRASH = 3
BOOT = 4
PANIC = 5
DIED = 6
TIMEOUT = 124
WITH_CORE = (CRASH, BOOT, PANIC, DIED, TIMEOUT)
CORE_SECONDS = 120
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

RECORD = struct.Struct("<8sII32s80s")
MAGIC = b"PLNTHEND"
VERSION = 1
KINDS = {1: OK, 2: CRASH, 3: BOOT, 4: PANIC}
MEANS = {
    CRASH: "VM {vm} crashed: {reason}",
    BOOT: "Plinth refused to start {vm}: {reason}",
    PANIC: "Plinth panicked: {reason}",
}


def decode_record(data):
    """(status, vm, reason) of an exit record, None when it is not one."""
    if len(data) < RECORD.size:
        return None
    magic, version, kind, vm, reason = RECORD.unpack_from(data)
    if magic != MAGIC or version != VERSION or kind not in KINDS:
        return None
    texts = [t.split(b"\0")[0].decode("ascii", "replace") for t in (vm, reason)]
    printable = ["".join(c if c.isprintable() else "?" for c in t) for t in texts]
    return KINDS[kind], *printable


def judge(reason, record):
    """(status, text) from QMP's reason and the decoded record, if any."""
    if reason not in ("guest-shutdown", "guest-reset"):
        return DIED, f"QEMU was ended by {reason}"
    if record is None:
        if reason == "guest-reset":
            return PANIC, "the machine was reset and there is no exit record"
        return DIED, "the machine was switched off and there is no exit record"
    status, vm, why = record
    if status == OK and reason == "guest-reset":
        return PANIC, "the machine was reset behind a record of success"
    return status, MEANS.get(status, "").format(vm=vm or "a VM", reason=why)


class Died(Exception):
    """QEMU went away by itself."""


class Stopped(Exception):
    """A signal told this process to end."""


class Qmp:
    """The few commands that are needed, one at a time."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.events = []

    def _message(self, deadline):
        while b"\n" not in self.buffer:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            if not select.select([self.sock], [], [], left)[0]:
                continue
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                raise Died
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def call(self, command, deadline=None, **arguments):
        message = {"execute": command, "arguments": arguments}
        try:
            self.sock.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Died from error
        while True:
            message = self._message(deadline)
            if "event" in message:
                self.events.append(message)
            elif "return" in message or "error" in message:
                return message.get("return")

    def shutdown_reason(self, deadline):
        """Waits for the end of the machine."""
        while True:
            message = self.events.pop(0) if self.events else self._message(deadline)
            if message.get("event") == "SHUTDOWN":
                return message["data"]["reason"]

    def read_memory(self, address, size):
        """Bytes of guest-physical memory."""
        text = self.call(
            "human-monitor-command",
            time.monotonic() + 10,
            **{"command-line": f"xp /{size}xb 0x{address:x}"},
        )
        data = bytearray()
        for line in (text or "").splitlines():
            _, _, values = line.partition(":")
            try:
                data += bytes(int(value, 16) for value in values.split())
            except ValueError:
                return b""
        return bytes(data)


@contextmanager
def terminal_kept():
    """QEMU sets the terminal raw and its files non-blocking; put that back."""
    flags = {}
    modes = None
    for fd in range(3):
        try:
            flags[fd] = fcntl.fcntl(fd, fcntl.F_GETFL)
        except OSError:
            continue
    try:
        modes = termios.tcgetattr(0)
    except termios.error:
        pass
    try:
        yield
    finally:
        for fd, value in flags.items():
            fcntl.fcntl(fd, fcntl.F_SETFL, value)
        if modes:
            termios.tcsetattr(0, termios.TCSADRAIN, modes)


def _die_with_parent():
    """In the child: no QEMU outlives a killed launcher (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _on_signal(number, _frame):
    raise Stopped(number)


def _finish(child, qmp):
    """Ends our QEMU, politely if it listens."""
    if child.poll() is None:
        try:
            qmp.call("quit", time.monotonic() + 2)
            child.wait(5)
        except (Died, TimeoutError, subprocess.TimeoutExpired):
            child.kill()
    child.wait()


def _leave_core(qmp, path):
    """The machine's memory and its CPUs' registers in a file, for `make gdb CORE=`.
    Returns what to say of it."""
    try:
        if os.path.isfile(path):
            os.unlink(path)  # an old one is read-only
        done = qmp.call(
            "dump-guest-memory",
            time.monotonic() + CORE_SECONDS,
            paging=True,
            protocol=f"file:{os.path.abspath(path)}",
        )
    except (Died, TimeoutError, OSError):
        done = None
    return f"; no core in {path}" if done is None else f"; core in {path}"


def _watch(child, qmp, record_at, deadline, go):
    try:
        for number in SIGNALS:
            signal.signal(number, _on_signal)
        # QMP tells no event before this call, so the CPUs wait for it (-S).
        qmp.call("qmp_capabilities", deadline)
        if go:
            qmp.call("cont", deadline)
        reason = qmp.shutdown_reason(deadline)
        if record_at is None:
            status = {"guest-shutdown": OK, "guest-reset": CRASH}.get(reason, DIED)
            return status, f"the machine ended by {reason}"
        return judge(reason, decode_record(qmp.read_memory(record_at, RECORD.size)))
    except TimeoutError:
        return TIMEOUT, "out of time"
    except Stopped as stop:
        return 128 + stop.args[0], f"ended by signal {stop.args[0]}"
    except Died:
        code = child.wait()
        if code == 0:  # Ctrl-a x: a key of the user's terminal
            return 130, "QEMU was left before the VMs were off"
        return DIED, f"QEMU ended by itself (status {code})"


def run(command, timeout=None, record_at=None, own_session=False, go=True, core=""):
    """Runs QEMU to the machine's end. `command` takes the number of the QMP
    file descriptor and gives the command line, with -S in it; the exit record
    is read at `record_at`, None where the machine's end alone tells; without
    `go` a debugger starts the CPUs; `core` is where the memory of a machine that did
    not end well goes. Returns (status, text)."""
    ours, theirs = socket.socketpair()
    deadline = time.monotonic() + timeout if timeout else None
    with terminal_kept():
        try:
            child = subprocess.Popen(
                command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                start_new_session=own_session,
                preexec_fn=_die_with_parent,
            )
        except FileNotFoundError as error:
            return USAGE, f"{error.filename} is missing (run scripts/setup run)"
        theirs.close()
        qmp = Qmp(ours)
        try:
            status, text = _watch(child, qmp, record_at, deadline, go)
            if core and status in WITH_CORE and child.poll() is None:
                text += _leave_core(qmp, core)
        finally:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            _finish(child, qmp)
        return status, text
