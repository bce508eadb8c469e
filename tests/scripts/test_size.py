"""Sizes and counts as users write them."""

import pytest
from launch import UsageError
from launch.size import MIB, align_up, parse_count, parse_mem, parse_size, show_size


@pytest.mark.parametrize(
    "text, size",
    [
        ("512M", 512 * MIB),
        ("1G", 1024 * MIB),
        ("1GiB", 1024 * MIB),
        ("2048k", 2 * MIB),
        ("256", 256 * MIB),
        (" 4 mb ", 4 * MIB),
    ],
)
def test_size_is_read(text, size):
    assert parse_size("MEM", text) == size


@pytest.mark.parametrize("text", ["", "abc", "-5", "1.5G", "0x10M", "512MM", "M"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError, match="MEM="):
        parse_size("MEM", text)


@pytest.mark.parametrize("text", ["0", "0M", "513", "3M", "1K", "999999999G"])
def test_impossible_memory_is_refused(text):
    with pytest.raises(UsageError, match=f"MEM={text}: "):
        parse_mem("MEM", text)


@pytest.mark.parametrize("text", ["0", "513", "x", "-1", "1.0", ""])
def test_impossible_count_is_refused(text):
    with pytest.raises(UsageError, match="SMP="):
        parse_count("SMP", text)


def test_largest_count_is_taken():
    assert parse_count("SMP", "512") == 512


def test_size_is_shown_without_fraction_where_it_has_none():
    assert [show_size(s * MIB) for s in (1024, 1025, 3)] == ["1G", "1025M", "3M"]
    assert show_size(MIB + MIB // 2) == "1.5M"


def test_align_up():
    assert [align_up(v, 8) for v in (0, 1, 8, 9)] == [0, 8, 8, 16]
