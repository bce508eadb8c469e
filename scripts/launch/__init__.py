"""Parts of scripts/run and guest/linux/mkdtb: what can be tested without QEMU.

size      MEM and the counts: text to numbers
image     checks of kernel, device tree and ELF files; ELF symbols
layout    which module stands at which address of the machine
manifest  the text of the manifest that Plinth reads
machine   QEMU's command line
qemu      the running QEMU: QMP, the exit record, the status
"""


class UsageError(Exception):
    """A setting or file that cannot work: one line for the user, status 2."""
