"""tests/bench/exits.py judged by results that are written here, no emulator."""

import os
import struct
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import exits  # noqa: E402

HVC, WFE, IRQ = 0x16 << 26, 0x01 << 26 | 1, 62 << 26
READ, WRITE = 0x24 << 26, 0x24 << 26 | 0x40
GICD = list(exits.DEVICES).index("vgic_dist_mmio")
PMCEID0 = 0x18 << 26 | 3 << 20 | 6 << 17 | 3 << 14 | 9 << 10 | 12 << 1 | 1


def row(esr, count, spent, worst, device=-1):
    return {"esr": esr, "device": device, "count": count, "sum": spent, "max": worst}


def raw(**more):
    result = {
        "trouble": "",
        "guest": 10000,
        "el2": 1500,
        "startup": 1000,
        "exceptions": 0,
        "open": [HVC],
        "bytes": 0,
        "sent": [],
        "exits": [row(HVC, 2, 200, 110), row(WRITE, 1, 250, 250, GICD)],
    }
    return {**result, **more}


def stats(**counts):
    lines = [f"plinth: VM linux: exits: {n} {c}\r\n" for n, c in counts.items()]
    return "".join(lines).replace("_", "-")


@pytest.mark.parametrize(
    "esr, device, name",
    [
        (HVC, -1, "HVC"),
        (WFE, -1, "WFE"),
        (IRQ, -1, "interrupt"),
        (READ, GICD, "GICD read"),
        (WRITE, GICD, "GICD write"),
        (WRITE, -1, "memory write"),
        (PMCEID0, -1, "mrs PMCEID0_EL0"),
        (PMCEID0 - 1, -1, "msr PMCEID0_EL0"),
        (0x3D << 26, -1, "exception class 0x3d"),
    ],
)
def test_a_reason_has_a_name(esr, device, name):
    assert exits.reason(esr, device) == name


def test_the_most_expensive_reason_comes_first():
    names = [r["reason"] for r in exits.digest(raw())["reasons"]]
    assert names == ["GICD write", "HVC"]


def test_a_device_with_two_handlers_is_one_reason():
    handlers = [i for i, name in enumerate(exits.DEVICES.values()) if name == "pl011"]
    rows = [row(WRITE, 2, 300, 200, handlers[0]), row(WRITE, 1, 300, 300, handlers[1])]
    assert exits.digest(raw(exits=rows))["reasons"] == [
        {"reason": "pl011 write", "count": 3, "mean": 200.0, "worst": 300, "sum": 600}
    ]


def test_every_instruction_of_el2_is_in_one_total():
    result = exits.digest(raw())
    assert result["in_exits"] == 450
    assert result["elsewhere"] == 50
    assert result["startup"] + result["in_exits"] + result["elsewhere"] == 1500


def test_the_table_is_aligned_and_adds_up():
    lines = exits.table(exits.digest(raw())).splitlines()
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[1].split() == ["GICD", "write", "1", "250.0", "250", "55.6", "%"]
    assert lines[3].split() == ["all", "3", "150.0", "250", "100.0", "%"]
    assert "EL2 per exit" in lines[8] and lines[8].endswith(" 150.0")
    assert lines[9].endswith(" 5.000 %")


def test_a_boot_is_compared_with_the_native_one():
    lines = exits.table({**exits.digest(raw()), "native": 8000}).splitlines()
    assert lines[-1].startswith("guest, of the native boot's")
    assert lines[-1].endswith(" 1.2500")


def test_a_boot_is_counted_to_the_end_of_the_exit_that_sent_the_marker():
    text = f"boot\r\n{exits.MARKER}bye"
    end = len(text) - len("bye")
    sent = [[end - 1, 1, 10, 50, 100], [end + 1, 2, 25, 70, 120], [len(text), 3, 40, 90, 150]]
    found = exits.until(raw(bytes=len(text), sent=sent), text)
    assert found == {"exits": 2, "in_exits": 25, "el2": 70, "guest": 120}


def test_a_boot_that_never_was_ready_gives_no_figures():
    with pytest.raises(exits.Unusable, match="never said"):
        exits.until(raw(), "Kernel panic\r\n")


def test_bytes_that_got_lost_are_told():
    text = exits.MARKER
    sent = [[len(text) + 1, 1, 1, 1, 1]]
    with pytest.raises(exits.Unusable, match="arrived"):
        exits.until(raw(bytes=len(text) + 1, sent=sent), text)


def test_the_marker_is_what_the_init_says():
    with open(os.path.join(exits.ROOT, "guest/linux/initramfs/init"), encoding="utf-8") as file:
        assert f"{exits.MARKER.strip()}\"\n" in file.read()


def test_a_boot_without_exits_has_a_table():
    assert "all" in exits.table(exits.digest(raw(exits=[], open=[])))


def test_counts_that_agree_are_no_finding():
    text = stats(hvc=3, data_abort=1, total=4)
    assert exits.disagreements(raw(), text) == []


def test_counts_that_disagree_say_how():
    found = exits.disagreements(raw(), stats(hvc=2, irq=1, total=3))
    assert found == [
        "data-abort: Plinth counted 0, the plugin 1",
        "hvc: Plinth counted 2, the plugin 3",
        "irq: Plinth counted 1, the plugin 0",
    ]


@pytest.mark.parametrize("more", [{"trouble": "no image"}, {"exceptions": 1}])
def test_a_run_in_trouble_gives_no_figures(more):
    with pytest.raises(exits.Unusable):
        exits.digest(raw(**more))


def test_an_image_without_the_symbols_is_refused(tmp_path):
    elf = bytearray(b"\x7fELF\x02\x01".ljust(64, b"\0"))
    struct.pack_into("<H", elf, 18, 183)  # AArch64
    struct.pack_into("<HH", elf, 58, 64, 0)  # no section headers
    (tmp_path / "a.elf").write_bytes(elf)
    with pytest.raises(exits.Unusable, match="__image_start"):
        exits.plugin_arguments("x.so", str(tmp_path / "a.elf"), "out")
