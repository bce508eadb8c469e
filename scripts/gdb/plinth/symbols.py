"""Symbols where the programs stand: Plinth's own, and those of guests."""

import os
import tempfile

import gdb

from . import NotYet, Refused, guest, model, stage2, target
from .elf import Elf, begins_at, stands_at, write_elf

BLOCK = 2 << 20  # Plinth runs at a multiple of this
STACK_WINDOW = 0x7F0000000000  # boot/early.c
_elf = {}


def elf_of(path):
    """The file, read anew when it has changed."""
    path = os.path.abspath(path)
    try:
        stamp = os.stat(path).st_mtime_ns
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error
    if path not in _elf or _elf[path][0] != stamp:
        _elf[path] = stamp, Elf(path)
    return _elf[path][1]


def run(command):
    """A command of gdb's that would ask, and print."""
    return gdb.execute(f"with confirm off -- {command}", to_string=True)


def quoted(path):
    text = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


# ---- Plinth


def image_candidates(elf, memory):
    """Addresses where the image may begin: as linked, around the vectors and
    PC of each CPU, and in a core anywhere."""
    yield elf.base()
    vectors = elf.symbol("el2_vectors")[0] - elf.base()
    for cpu in target.cpus():
        found = cpu.registers(["VBAR_EL2", "pc"])
        yield found.get("VBAR_EL2", 0) - vectors
        yield found.get("pc", 0) & -BLOCK
    for part in memory:
        first = -(-part.addr // BLOCK) * BLOCK
        yield from range(first, part.addr + part.size, BLOCK)


def try_read(addr, size):
    try:
        return target.read(addr, size)
    except Refused:
        return b""


def find_image(elf, memory=()):
    """What to add to the image's addresses."""
    if not elf.symbol("el2_vectors"):
        raise Refused(f"{elf.path} is not Plinth: it has no el2_vectors")
    near = False
    for base in image_candidates(elf, memory):
        delta = base - elf.base()
        if base < 0 or base % BLOCK or not begins_at(elf, delta, try_read):
            continue
        if stands_at(elf, delta, try_read):
            return delta
        near = True
    if near:
        raise Refused(f"{elf.path} is another build than what is in memory")
    raise Refused(f"Plinth ({elf.path}) is not in this machine's memory")


def place_plinth(memory=()):
    """Moves Plinth's symbols to where it runs. Returns its address."""
    file = model.objfile()
    elf = elf_of(file.filename)
    delta = find_image(elf, memory)
    now = model.objfile().lookup_global_symbol(model.ANCHOR).value().address
    if int(now) != elf.symbol(model.ANCHOR)[0] + delta:
        run(f"symbol-file -o {delta:#x} {quoted(elf.path)}")
    return elf.base() + delta


# ---- stacks, in a core: EL2 maps them at virtual addresses


def stack_pages():
    """(virtual address, bytes) of each page of EL2's stacks, by its tables."""
    name = "struct early"
    table = target.read64(model.static("boot_ttbr0", "boot_early"))
    early = model.value_at(name, model.static("early", "boot_early"))
    end = int(early["next_stack"])
    if not table or not end:
        return
    root = stage2.Root(table, 0, 48)  # the same format as far as addresses go
    for at in range(STACK_WINDOW, end, 4096):
        pa = stage2.translate(stage2.walk(root, at, target.read64), at)
        if pa is not None:
            yield at, target.read(pa, 4096)


def add_stacks():
    """Gives gdb a file with the stacks' bytes, which a core has at physical
    addresses alone: backtraces read them as any section of a program."""
    pages = list(stack_pages())
    if not pages:
        return
    with tempfile.NamedTemporaryFile(suffix=".stacks", delete=False) as file:
        file.write(write_elf(pages))
    gdb.events.gdb_exiting.connect(lambda _: os.unlink(file.name))
    run(f"add-symbol-file {quoted(file.name)}")


# ---- guests


class Guests:
    """The programs whose symbols were asked for, one a VM, and where they are.
    Placed anew at every stop: a guest may not have begun, or may move."""

    def __init__(self):
        self.wanted = {}
        self.placed = {}

    def want(self, vm, path):
        self.wanted[vm] = elf_of(path)
        self.forget(vm)

    def forget(self, vm):
        old = self.placed.pop(vm, None)
        if old:
            elf, place = old
            try:
                run(f"remove-symbol-file -a {next(elf.code())[0] + place.delta:#x}")
            except gdb.error:
                pass  # the user has removed it

    def find(self, vm):
        bootargs = target.read_string(int(vm.config["bootargs"]), 2048).split()
        return guest.place(
            self.wanted[vm.index],
            int(vm.value["plan"]["kernel"]["base"]["v"]),
            vm.read,
            "nokaslr" in bootargs,
        )

    def put(self, index):
        """Loads a VM's symbols where they belong, and returns the place. Those
        that do not fit are not tried again, but for NotYet."""
        elf = self.wanted[index]
        try:
            vms = model.Hypervisor().vms
            if index >= len(vms):
                raise Refused(f"there is no VM {index}")
            place = self.find(vms[index])
        except NotYet:
            self.forget(index)
            raise
        except Refused:
            self.forget(index)
            del self.wanted[index]
            raise
        if self.placed.get(index, (None, None))[1] != place:
            self.forget(index)
            run(f"add-symbol-file {quoted(elf.path)} -o {place.delta:#x}")
            self.placed[index] = elf, place
        return place

    def name(self, vm, addr):
        """The function of a guest's address, None when it has no name."""
        if vm not in self.placed:
            return None
        elf, place = self.placed[vm]
        return elf.name(addr - place.delta)


guests = Guests()


def refresh():
    """At every stop; silent."""
    for index in list(guests.wanted):
        try:
            guests.put(index)
        except Refused:
            pass
