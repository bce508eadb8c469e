"""Chains of a virtqueue as the gdb command follows them: the rings are a
guest's, and may hold anything."""

import struct

import pytest
from plinth import Refused
from plinth.ring import INDIRECT, NEXT, WRITE, Ring

SIZE = 8


def desc(addr, length, flags=0, after=0):
    return struct.pack("<QIHH", addr, length, flags, after)


def ring(table=(), avail=(), idx=None, used_idx=0):
    """`table` is {index: descriptor}, `avail` the heads."""
    rows = [dict(table).get(i, bytes(16)) for i in range(SIZE)]
    heads = list(avail) + [0] * (SIZE - len(avail))
    count = len(avail) if idx is None else idx
    return Ring(
        SIZE,
        b"".join(rows),
        struct.pack(f"<HH{SIZE}H", 0, count, *heads),
        struct.pack("<HH", 0, used_idx) + bytes(8 * SIZE),
    )


def no_memory(ipa, _size):
    raise Refused(f"IPA {ipa:#x} is not in the memory of VM linux")


def texts(found):
    chain, why = found
    return [d.text() for d in chain], why


def test_chain_of_two():
    r = ring({1: desc(0x1000, 16, NEXT, 5), 5: desc(0x2000, 1, WRITE)}, [1])
    assert texts(r.chain(1, no_memory)) == (
        ["[1] 0x1000 + 0x10 device reads -> 5", "[5] 0x2000 + 0x1 device writes"],
        None,
    )


def test_indirect_table_is_followed():
    inner = desc(0x3000, 16, NEXT, 1) + desc(0x4000, 1, WRITE)
    r = ring({2: desc(0x9000, 32, INDIRECT)})

    def read(ipa, size):
        assert (ipa, size) == (0x9000, 32)
        return inner

    assert texts(r.chain(2, read)) == (
        [
            "[2] 0x9000 + 0x20 indirect table",
            "[0] 0x3000 + 0x10 device reads -> 1",
            "[1] 0x4000 + 0x1 device writes",
        ],
        None,
    )


@pytest.mark.parametrize(
    "table, why",
    [
        ({0: desc(0, 1, NEXT, 0)}, "the chain loops"),
        ({0: desc(0, 1, NEXT, 1), 1: desc(0, 1, NEXT, 0)}, "the chain loops"),
        ({0: desc(0, 1, NEXT, SIZE)}, "descriptor 8 of 8 does not exist"),
        ({0: desc(0x9000, 0, INDIRECT)}, "an indirect table of 0 bytes"),
        ({0: desc(0x9000, 17, INDIRECT)}, "an indirect table of 17 bytes"),
        ({0: desc(0x9000, 1 << 31, INDIRECT)},
         "an indirect table of 134217728 descriptors, not shown"),
        ({0: desc(0x9000, 16, INDIRECT)}, "IPA 0x9000 is not in the memory of VM linux"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_ends_with_the_reason(table, why):
    assert ring(table).chain(0, no_memory)[1] == why


def test_indirect_table_inside_an_indirect_table():
    r = ring({0: desc(0x9000, 16, INDIRECT)})
    _, why = r.chain(0, lambda ipa, size: desc(0xA000, 16, INDIRECT))
    assert why == "an indirect table inside an indirect table"


def test_head_outside_the_table():
    assert ring().chain(99, no_memory)[1] == "descriptor 99 of 8 does not exist"


def test_heads_between_two_indices_even_when_those_wrap():
    r = ring(avail=[10, 11, 12, 13, 14, 15, 16, 17], idx=1)
    assert r.heads(0, 3) == [10, 11, 12]
    assert r.heads(0xFFFE, 1) == [16, 17, 10]
    assert r.heads(5, 5) == []


def test_indices_too_far_apart_are_no_list():
    assert ring().heads(0, SIZE + 1) is None
    assert ring().heads(3, 2) is None


def test_indices_of_the_rings():
    r = ring(idx=7, used_idx=5)
    assert (r.avail_idx(), r.used_idx()) == (7, 5)
