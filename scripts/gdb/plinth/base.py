"""What the commands have in common: a command gives the lines to print, and what
it cannot do is one line, never a traceback."""

import inspect

import gdb

from . import Refused, model, symbols, where


class Command(gdb.Command):
    """A command whose run() gives the lines to print."""

    NAME = ""
    USAGE = ""
    MOST = 0  # arguments
    RAW = False  # one argument: all that was typed

    def __init__(self):
        self.__doc__ = f"{inspect.cleandoc(self.__doc__)}\n\nUsage: {self.usage()}"
        super().__init__(f"plinth {self.NAME}", gdb.COMMAND_STATUS)

    def usage(self):
        return f"plinth {self.NAME} {self.USAGE}".strip()

    def invoke(self, argument, from_tty):
        words = [argument] if self.RAW else gdb.string_to_argv(argument)
        try:
            if len(words) > self.MOST and not self.RAW:
                raise Refused(f"usage: {self.usage()}")
            for line in self.run(*words):
                print(line)
        except Refused as error:
            raise gdb.GdbError(f"plinth {self.NAME}: {error}") from error
        except KeyError as error:
            raise gdb.GdbError(
                f"plinth {self.NAME}: Plinth's symbols have no member {error}: "
                "do they fit these scripts?"
            ) from error
        except (gdb.error, OSError) as error:
            raise gdb.GdbError(f"plinth {self.NAME}: {error}") from error

    def run(self, *words):
        raise NotImplementedError

    def complete(self, text, word):
        """Choices for the last word; none when the machine does not tell."""
        before, last = where.split(text)
        try:
            return where.complete(last, word, self.choices(before))
        except (Refused, gdb.error, KeyError):
            return []

    def choices(self, _before):
        return []


def vm_names():
    return [name for name, _ in model.Hypervisor().names()]


def vcpu_names():
    names = []
    for vm, (name, count) in enumerate(model.Hypervisor().names()):
        for i in range(count):
            names += [f"{vm}.{i}", f"{name}.{i}"]
    return names


def of_guest(vm, addr):
    """An address of a guest's with its name."""
    name = symbols.guests.name(vm.index, addr)
    return f"{addr:#x} {name}" if name else f"{addr:#x}"


def of_plinth(addr):
    text = gdb.execute(f"info symbol {addr:#x}", to_string=True)
    name = "" if text.startswith("No symbol") else text.split(" in section")[0]
    return f"{addr:#x} {name}".rstrip().replace(" + ", "+")


def vcpu_owners(hypervisor):
    """{address of a vCPU: its name}"""
    if not int(hypervisor.value["nr_vms"]):
        return {}
    return {
        at: f"vCPU {vm.index}.{i}"
        for vm in hypervisor.vms
        for i, (at, _) in enumerate(vm.vcpus)
    }
