"""The machine: memory and registers, of a live QEMU or of a core.

Memory is physical. QEMU's stub translates as the CPU at hand would just then,
which is a guest's business half of the time; so its physical mode is on while
one of our reads lasts (Qqemu.PhyMemMode). In a core of dump-guest-memory
addresses are physical. EL2 maps RAM at VA == PA, so Plinth's pointers fit both.
"""

import struct
from contextlib import contextmanager

import gdb

from . import Refused, pstate

# Registers of EL1 that QEMU's stub calls otherwise.
ALIASES = {"AMAIR_EL1": "AMAIR0"}


def connection():
    found = gdb.selected_inferior().connection
    if found is None:
        raise Refused("no machine: 'plinth attach' first, or 'make gdb'")
    return found


def live():
    return connection().type != "core"


@contextmanager
def physical():
    """Memory packets mean physical addresses."""
    link = connection()
    if link.type == "core":
        yield
        return
    if link.send_packet(b"Qqemu.PhyMemMode:1") != b"OK":
        raise Refused("this is no QEMU: it cannot read physical memory")
    try:
        yield
    finally:
        link.send_packet(b"Qqemu.PhyMemMode:0")


def read(addr, size):
    """Physical memory."""
    try:
        with physical():
            return bytes(gdb.selected_inferior().read_memory(addr, size))
    except gdb.MemoryError as error:
        raise Refused(f"no memory at {addr:#x} + {size:#x}") from error


def read64(addr):
    return struct.unpack("<Q", read(addr, 8))[0]


def read_string(addr, limit=256):
    """Text that ends with a zero byte; empty for a null pointer."""
    text = b""
    while addr and len(text) < limit and b"\0" not in text:
        # Never beyond a page, so as not to leave RAM.
        text += read(addr + len(text), min(64, 4096 - (addr + len(text)) % 4096))
    return text.split(b"\0")[0].decode("ascii", "replace")


@contextmanager
def selection_kept():
    thread, frame = gdb.selected_thread(), None
    try:
        frame = gdb.selected_frame()
    except gdb.error:
        pass
    try:
        yield
    finally:
        if thread and thread.is_valid():
            thread.switch()
        if frame and frame.is_valid():
            frame.select()


class Cpu:
    """A CPU of the machine: a thread of gdb's."""

    def __init__(self, thread):
        self.thread = thread
        self.number = thread.num - 1  # QEMU's threads are its CPUs, in order

    def registers(self, names):
        """{name: value}, without those that cannot be had."""
        found = {}
        with selection_kept():
            self.thread.switch()
            frame = gdb.newest_frame()
            for name in names:
                for known in (name, ALIASES.get(name), name.removesuffix("_EL1")):
                    try:
                        value = frame.read_register(known) if known else None
                    except (ValueError, gdb.error):
                        continue
                    if value is not None and not value.is_optimized_out:
                        found[name] = int(value) & (1 << 64) - 1
                        break
        return found

    def outermost(self, names):
        """The same in the frame where a backtrace ends."""
        with selection_kept():
            self.thread.switch()
            frame = gdb.newest_frame()
            while frame.older() is not None:
                frame = frame.older()
            return {name: int(frame.read_register(name)) & (1 << 64) - 1 for name in names}

    def register(self, name):
        return self.registers([name]).get(name)

    def level(self):
        """The exception level at which it is."""
        return pstate.level(self.register("cpsr") or 0)


def cpus():
    """All CPUs, in the machine's order."""
    connection()
    threads = gdb.selected_inferior().threads()
    if any(t.is_running() for t in threads):
        raise Refused("the machine runs: stop it with Ctrl-C first")
    return sorted(map(Cpu, threads), key=lambda cpu: cpu.number)
