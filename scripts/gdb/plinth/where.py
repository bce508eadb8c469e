"""What users type: VM, vCPU, numbers."""

from . import Refused


def number(text, what):
    try:
        return int(text, 0)
    except ValueError as error:
        raise Refused(f"{what}: '{text}' is not a number") from error


def pick_vm(text, names):
    """The index of the VM that `text` names, by index or name."""
    if text in names:
        return names.index(text)
    if not text.isdigit():
        raise Refused(f"no VM '{text}' (there are: {' '.join(names)})")
    index = int(text)
    if index >= len(names):
        raise Refused(
            f"no VM {index}: there {'is' if len(names) == 1 else 'are'} {len(names)}"
        )
    return index


def pick_vcpu(text, vms):
    """(VM, vCPU) of `N` or `VM.N`; `vms` is a list of (name, number of vCPUs).
    N alone is a vCPU of VM 0."""
    before, dot, after = text.rpartition(".")
    names = [name for name, _ in vms]
    vm = pick_vm(before, names) if dot else pick_vm("0", names)
    if not after.isdigit():
        raise Refused(f"'{text}' is no vCPU: N, or VM.N")
    if int(after) >= vms[vm][1]:
        raise Refused(f"VM {names[vm]} has no vCPU {after}: 0 to {vms[vm][1] - 1}")
    return vm, int(after)


def unsigned(addr):
    """A return address without its pointer authentication code: bit 55 says which
    half of the address space it is in, and 48 bits where."""
    rest = (1 << 48) - 1
    return addr | ~rest & (1 << 64) - 1 if addr >> 55 & 1 else addr & rest


def split(text):
    """What stands before the word that is typed, and that word."""
    before, space, last = text.rpartition(" ")
    return (before + space).split(), last


def complete(last, word, choices):
    """Completions of `last`, as gdb wants them: `word` is that part of it at its
    end which gdb takes for a word."""
    skip = len(last) - len(word)
    return [choice[skip:] for choice in choices if choice.startswith(last)]
