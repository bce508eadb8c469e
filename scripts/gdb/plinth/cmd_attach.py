"""plinth attach, plinth symbols: to the machine, and symbols where things run."""

import os
import struct

import gdb

from . import NotYet, Refused, symbols, target, where
from .base import Command, vm_names
from .cmd_vm import state_lines
from .core import mend
from .elf import Elf


class Attach(Command):
    """Attach to a machine, or open a core of one.

    A machine is a port of this host (1234), host:port, or the path of a Unix
    socket: what QEMU's -gdb was told. A core is a file that QEMU's monitor wrote
    by dump-guest-memory. Plinth's symbols are moved to where it runs."""

    NAME = "attach"
    USAGE = "PORT|HOST:PORT|SOCKET|CORE"
    MOST = 1

    def run(self, to=None):
        if to is None:
            raise Refused(f"usage: {self.usage()}")
        memory = self.connect(to)
        base = symbols.place_plinth(memory)
        count = len(target.cpus())
        kind = "core" if memory else "live machine"
        yield f"plinth: {kind} of {count} CPUs, image at {base:#x}"
        if memory:
            symbols.add_stacks()
        yield from state_lines()

    def connect(self, to):
        """Returns the memory that a core holds; nothing for a machine."""
        if self.is_core(to):
            core = self.core(to)
            gdb.execute(f"core-file {os.path.abspath(to)}", to_string=True)
            return core.loads()
        at = f":{to}" if to.isdigit() else to
        gdb.execute(f"target remote {at}", to_string=True)
        return []

    def is_core(self, to):
        try:
            with open(to, "rb") as file:
                if file.read(4) != b"\x7fELF":
                    raise Refused(f"{to} is no core")
        except OSError:
            return False  # a socket, or no file
        return True

    def core(self, to):
        try:
            if mend(to):
                print(f"plinth: the sizes in the headers of {to} are corrected")
        except (OSError, struct.error) as error:
            print(f"plinth: {to} is read as it is: {error}")
        return Elf(to)


class Symbols(Command):
    """Load symbols where the programs stand.

    Without argument: Plinth's own, moved to where it runs, and those of guests
    that were asked for. With FILE, the vmlinux of a Linux kernel or the ELF file
    of a payload (build/guest/NAME.elf): those of VM, by default 0. A file that is
    not what is in the guest's memory is refused. The place is looked up again at
    every stop: a kernel with KASLR gets its symbols when it has chosen it."""

    NAME = "symbols"
    USAGE = "[FILE [VM]]"
    MOST = 2

    def run(self, path=None, vm="0"):
        if path is None:
            base = symbols.place_plinth()
            yield f"Plinth: image at {base:#x}"
        else:
            symbols.guests.want(self.index(vm), path)
        for index in list(symbols.guests.wanted):
            yield self.line(index)

    def index(self, vm):
        """May be asked for before there are VMs."""
        try:
            return where.pick_vm(vm, vm_names())
        except NotYet:
            return where.number(vm, "VM")

    def line(self, index):
        path = symbols.guests.wanted[index].path
        try:
            place = symbols.guests.put(index)
        except NotYet as error:
            return f"VM {index}: {path}: later: {error}"
        return f"VM {index}: {path}: {place.how}"

    def complete(self, text, word):
        before, _ = where.split(text)
        return super().complete(text, word) if before else gdb.COMPLETE_FILENAME

    def choices(self, before):
        return vm_names() if len(before) == 1 else []
