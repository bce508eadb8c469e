"""All commands, and gdb's prefix for them."""

import gdb

from . import symbols
from .cmd_attach import Attach, Symbols
from .cmd_exits import Exits
from .cmd_stage2 import Stage2
from .cmd_vcpu import Vcpus
from .cmd_vgic import Vgic
from .cmd_virtq import Virtq
from .cmd_vm import Cpus, Print, Vms


class Prefix(gdb.Command):
    """Look at Plinth, its virtual machines, and its memory.

    Begin with 'plinth attach', as 'make gdb' does."""

    def __init__(self):
        super().__init__("plinth", gdb.COMMAND_STATUS, gdb.COMPLETE_NONE, True)


def register():
    Prefix()
    for command in (Attach, Symbols, Cpus, Vms, Vcpus, Exits, Stage2, Vgic, Virtq, Print):
        command()
    gdb.events.stop.connect(lambda _: symbols.refresh())
