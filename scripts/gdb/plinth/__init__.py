"""Plinth's commands for gdb.

Pure, tested without gdb by tests/scripts/test_gdb_*.py:

    bits      fields and flags of a word
    elf       ELF files: segments, symbols, where an image stands in memory
    esr       syndromes
    guest     where a guest's program stands
    gic       list registers, the state of interrupts
    pstate    PSTATE
    ring      chains of a virtqueue
    stage2    the walk of a stage-2 table, descriptors decoded
    where     a debugger's place names: VM.N, addresses

With gdb:

    target    memory and registers of the machine, live or from a core
    model     Plinth's structures, by the types of its DWARF
    symbols   Plinth's and guests' symbols, moved to where the programs stand
    base      what the commands have in common; each cmd_NAME has its own
    commands  all of them
"""


class Refused(Exception):
    """What the user asked for cannot be had: one line that says why."""


class NotYet(Refused):
    """It can be had later: the machine has not come that far."""
