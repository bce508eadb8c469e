"""What the end of a machine means."""

import pytest
from launch import qemu


def record(kind, vm=b"linux", reason=b"why", magic=qemu.MAGIC, version=1):
    return qemu.RECORD.pack(magic, version, kind, vm, reason)


def test_record_has_the_size_that_plinth_gives_it():
    assert qemu.RECORD.size == 128


@pytest.mark.parametrize("kind, status", [(1, 0), (2, 3), (3, 4), (4, 5)])
def test_record_is_decoded(kind, status):
    assert qemu.decode_record(record(kind)) == (status, "linux", "why")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        record(1)[:-1],
        record(0),
        record(9),
        record(1, magic=b"PLNTHENX"),
        record(1, version=2),
        bytes(128),
    ],
)
def test_what_is_no_record_is_none(data):
    assert qemu.decode_record(data) is None


def test_control_bytes_never_reach_the_terminal():
    assert qemu.decode_record(record(2, reason=b"a\x1b[2J\xff"))[2] == "a?[2J\ufffd"


# Rules out: forged-status
@pytest.mark.parametrize(
    "reason, kind, status",
    [
        ("guest-shutdown", 1, 0),
        ("guest-shutdown", 2, 3),
        ("guest-reset", 2, 3),
        ("guest-reset", 3, 4),
        ("guest-reset", 4, 5),
        ("guest-reset", 1, 5),
        ("guest-reset", 0, 5),
        ("guest-shutdown", 0, 6),
        ("host-signal", 1, 6),
        ("host-qmp-quit", 1, 6),
    ],
)
def test_status(reason, kind, status):
    decoded = qemu.decode_record(record(kind))
    assert qemu.judge(reason, decoded)[0] == status
