"""Sizes and counts as users write them."""

import re

from . import UsageError

MIB = 1 << 20
UNITS = {"": MIB, "K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40}
BLOCK = 2 * MIB  # guests' RAM is mapped in blocks of this size
MAX_CPUS = 512  # of QEMU's virt machine with GICv3


def parse_size(name, text):
    """512M, 1G, 1GiB; a plain number is MiB, as with QEMU's -m. Bytes."""
    match = re.fullmatch(r"(\d+)\s*([KMGT]?)(?:i?B)?", text.strip(), re.I)
    if not match:
        raise UsageError(f"{name}={text}: not a size like 512M or 1G")
    return int(match[1]) * UNITS[match[2].upper()]


def parse_mem(name, text):
    """The RAM of a guest: a positive multiple of 2 MiB. Bytes."""
    size = parse_size(name, text)
    if size == 0 or size % BLOCK:
        raise UsageError(f"{name}={text}: not a positive multiple of 2M")
    if size >= 1 << 48:
        raise UsageError(f"{name}={text}: more than any CPU can address")
    return size


def parse_count(name, text, most=MAX_CPUS):
    """A count from 1 to `most`."""
    if not re.fullmatch(r"\d+", text.strip()) or not 1 <= int(text) <= most:
        raise UsageError(f"{name}={text}: not a number from 1 to {most}")
    return int(text)


def show_size(size):
    """Bytes in the largest unit that leaves no fraction, or in MiB."""
    for unit in "TGM":
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return f"{size / MIB:.1f}M"


def align_up(value, step):
    return -(-value // step) * step
