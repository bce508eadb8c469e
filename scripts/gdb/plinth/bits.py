"""Fields and flags of a word, and numbers as people read them."""


def field(value, high, low):
    """Bits high..low of a word."""
    return value >> low & (1 << (high - low + 1)) - 1


def bit(value, number):
    return bool(value >> number & 1)


def each_bit(mask):
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def flags(value, names):
    """Names of the set bits; `names` is {bit: name}."""
    return [name for number, name in names.items() if bit(value, number)]


def size(value):
    """Bytes in the biggest unit that leaves no fraction."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if value and value % (1 << shift) == 0:
            return f"{value >> shift} {unit}"
    return f"{value} bytes"


def span(base, length):
    """A range of addresses with its size."""
    return f"{base:#x}-{base + length - 1:#x} ({size(length)})"
