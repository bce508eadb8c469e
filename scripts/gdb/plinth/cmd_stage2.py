"""plinth stage2: the walk of a VM's tables, in words."""

import gdb

from . import Refused, model, stage2, target, where
from .base import Command, vm_names


class Stage2(Command):
    """Walk a VM's stage-2 tables for an IPA, every level shown.

    IPA is an expression, $x0 and the like included; VM is 0 unless named."""

    NAME = "stage2"
    USAGE = "[VM] IPA"
    MOST = 16

    def run(self, *words):
        if not words:
            raise Refused(f"usage: {self.usage()}")
        vms, words = model.Hypervisor().vms, list(words)
        names, vm = [vm.name for vm in vms], vms[0]
        if len(words) > 1 and (words[0].isdigit() or words[0] in names):
            vm = vms[where.pick_vm(words.pop(0), names)]
        text = " ".join(words)
        try:
            ipa = int(gdb.parse_and_eval(text)) & (1 << 64) - 1
        except gdb.error as error:
            raise Refused(f"'{text}' is no address: {error}") from error
        steps = stage2.walk(vm.root(), ipa, target.read64)
        yield f"VM {vm.index} \"{vm.name}\", IPA {ipa:#x}"
        yield from stage2.lines(vm.root(), ipa, steps)

    def choices(self, before):
        return [] if before else vm_names()
