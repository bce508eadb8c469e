"""The words that the gdb commands have for registers and descriptors. Values are
the assembler's and the specification's."""

import pytest
from plinth import Refused, bits, esr, gic, pstate, stage2, where

# ---- words


def test_field_and_flags():
    assert bits.field(0xABCD, 11, 4) == 0xBC
    assert bits.flags(0b101, {0: "a", 1: "b", 2: "c"}) == ["a", "c"]
    assert list(bits.each_bit(0x8000_0012)) == [1, 4, 31]


@pytest.mark.parametrize(
    "value, text",
    [(2 << 20, "2 MiB"), (3 << 30, "3 GiB"), (4096, "4 KiB"), (513, "513 bytes"),
     (0, "0 bytes")],
)  # fmt: skip
def test_sizes_are_in_the_biggest_unit_without_a_rest(value, text):
    assert bits.size(value) == text


@pytest.mark.parametrize(
    "value, text, level",
    [
        (0x600003C5, "EL1h DAIF nZCv", 1),
        (0x3C9, "EL2h DAIF nzcv", 2),
        (0x80000000, "EL0 daif Nzcv", 0),
        (0x3C4, "EL1t DAIF nzcv", 1),
        (0x60000030, "EL0 AArch32 Thumb aif nZCv", 0),
        (0x00600005, "EL1h daif nzcv PAN SS", 1),
    ],
)
def test_pstate(value, text, level):
    assert pstate.text(value) == text
    assert pstate.level(value) == level


# ---- syndromes


@pytest.mark.parametrize(
    "value, text",
    [
        (0x5A000000, "HVC: #0"),
        (0x5E000007, "SMC: #7"),
        (0x5600ABCD, "SVC: #43981"),
        (0xF2000001, "BRK: #1"),
        (0x93C08006, "data abort from a lower EL: read of 8 bytes, x0: "
                     "translation fault, level 2"),
        (0x93810006, "data abort from a lower EL: read of 4 bytes, w1: "
                     "translation fault, level 2"),
        (0x939F0046, "data abort from a lower EL: write of 4 bytes, wzr: "
                     "translation fault, level 2"),
        (0x9300004F, "data abort from a lower EL: write of 1 bytes, w0: "
                     "permission fault, level 3"),
        (0x93600007, "data abort from a lower EL: read of 2 bytes, w0, "
                     "sign-extended: translation fault, level 3"),
        (0x92000006, "data abort from a lower EL: read, no syndrome: "
                     "translation fault, level 2"),
        (0x92000146, "data abort from a lower EL: cache maintenance: "
                     "translation fault, level 2"),
        (0x92000087, "data abort from a lower EL: read, no syndrome: "
                     "translation fault, level 3, on a stage-1 walk"),
        (0x96000050, "data abort: write, no syndrome: external abort"),
        (0x82000006, "instruction abort from a lower EL: translation fault, level 2"),
        (0x62300009, "system register: mrs x0, ID_AA64PFR0_EL1"),
        (0x623A3016, "system register: msr ICC_SGI1R_EL1, x0"),
        (0x62300409, "system register: mrs x0, S3_0_C1_C4_0"),
        (0x07E00000, "WFI or WFE: WFI"),
        (0x07E00001, "WFI or WFE: WFE"),
        (0x02000000, "unknown reason"),
        (0xBE000011, "SError"),
        (0xC4000000, "breakpoint"),
        (0xFE000000, "exception class 0x3f"),
    ],
)  # fmt: skip
def test_syndrome(value, text):
    assert esr.text(value) == text


# ---- stage 2


class Tables:
    """Descriptors by address; everything else reads zero."""

    def __init__(self):
        self.words = {}

    def __call__(self, addr):
        assert addr % 8 == 0
        return self.words.get(addr, 0)


RAM_BLOCK = 0x7FD  # valid block, AF, inner shareable, rw, write-back
RAM_PAGE = 0x7FF


def test_block_at_level_2_of_a_concatenated_root():
    tables = Tables()
    root = stage2.Root(0x48012000, 2, 31)
    tables.words[0x48012000 + 8 * 513] = 0x60200000 | RAM_BLOCK
    steps = stage2.walk(root, 0x40212345, tables)
    assert root.pages() == 2
    assert stage2.translate(steps, 0x40212345) == 0x60212345
    assert list(stage2.lines(root, 0x40212345, steps)) == [
        "root 0x48012000: level 2, 2 concatenated pages, 31-bit IPAs",
        "level 2: table 0x48013000 (page 2 of 2) entry 1 = 0x00000000602007fd  "
        "2 MiB block at 0x60200000: rw x, Normal Write-Back, inner shareable, AF",
        "IPA 0x40212345 -> PA 0x60212345",
    ]


def test_page_through_three_levels():
    tables = Tables()
    root = stage2.Root(0x1000, 1, 39)
    tables.words[0x1000 + 8 * 3] = 0x2003
    tables.words[0x2000 + 8 * 511] = 0x3003
    tables.words[0x3000 + 8 * 5] = 0x80007000 | RAM_PAGE
    ipa = 3 << 30 | 511 << 21 | 5 << 12 | 0x123
    steps = stage2.walk(root, ipa, tables)
    assert [(s.level, s.table, s.index, s.kind()) for s in steps] == [
        (1, 0x1000, 3, "table"), (2, 0x2000, 511, "table"), (3, 0x3000, 5, "page"),
    ]  # fmt: skip
    assert stage2.translate(steps, ipa) == 0x80007123
    assert "root 0x1000: level 1, 1 page, 39-bit IPAs" in stage2.lines(root, ipa, steps)


def test_sixteen_concatenated_pages():
    root = stage2.Root(0x10000, 1, 43)
    assert root.pages() == 16
    tables = Tables()
    tables.words[0x1F000 + 8 * 511] = 0xC0000000 | RAM_BLOCK
    (step,) = stage2.walk(root, (1 << 43) - 1, tables)
    assert (step.table, step.index) == (0x1F000, 16 * 512 - 1)
    assert stage2.translate([step], (1 << 43) - 1) == 0xFFFFFFFF


def test_small_space_has_one_page_with_few_entries():
    assert stage2.Root(0, 2, 25).pages() == 1


def test_nothing_mapped_ends_where_it_is_seen():
    tables = Tables()
    root = stage2.Root(0x1000, 1, 39)
    tables.words[0x1000] = 0x2003
    steps = stage2.walk(root, 0x1000, tables)
    assert [s.kind() for s in steps] == ["table", "invalid"]
    assert stage2.translate(steps, 0x1000) is None
    assert list(stage2.lines(root, 0x1000, steps))[-1] == "IPA 0x1000 -> not mapped"


@pytest.mark.parametrize("level, entry", [(0, 0x1), (3, 0x1)])
def test_reserved_descriptors_are_no_mappings(level, entry):
    step = stage2.Step(level, 0x1000, 0, entry)
    assert step.kind() == "invalid"
    assert stage2.describe(step) == "reserved: faults"


def test_ipa_outside_the_space_is_refused():
    for ipa in (1 << 31, -1):
        with pytest.raises(Refused, match="outside the VM's IPA space of 31 bits"):
            stage2.walk(stage2.Root(0x1000, 2, 31), ipa, Tables())


@pytest.mark.parametrize(
    "entry, text",
    [
        (0x7FF, "rw x, Normal Write-Back, inner shareable, AF"),
        (0x77F | 1 << 54, "r- xn, Normal Write-Back, inner shareable, AF"),
        (0x4C7 | 1 << 54, "rw xn, Device-nGnRE, non-shareable, AF"),
        (0x0FF, "rw x, Normal Write-Back, non-shareable, no AF: faults"),
        (0x6D5, "rw x, Normal Non-cacheable, outer shareable, AF"),
        (0x7FF | 1 << 51 | 1 << 52,
         "rw x, Normal Write-Back, inner shareable, AF, DBM, contiguous"),
        (0x7EF, "rw x, Normal Write-Through outer, Write-Back inner, "
                "inner shareable, AF"),
    ],
)  # fmt: skip
def test_attributes(entry, text):
    assert stage2.attributes(entry) == text


# ---- interrupts


@pytest.mark.parametrize(
    "value, text",
    [
        (0x50A0000000000003, "INTID 3, pending, priority 0xa0, group 1"),
        (0x9050000000000028, "INTID 40, active, priority 0x50, group 1"),
        (0xD0A0020000000030, "INTID 48, pending and active, priority 0xa0, group 1, "
                             "EOI maintenance"),
        (0x7000001B0000001B, "INTID 27, pending, priority 0x00, group 1, "
                             "HW, physical INTID 27"),
        (0, "INTID 0, inactive, priority 0x00, group 0"),
    ],
)  # fmt: skip
def test_list_register(value, text):
    assert gic.list_register(value) == text


def test_control_registers():
    assert gic.hcr(0x1) == "En"
    assert gic.hcr(0x1800400D) == "En LRENPIE NPIE TDIR, EOIcount 3"
    assert gic.hcr(0) == "0"
    assert gic.vmcr(0xF04C0002) == "VENG1, priority mask 0xf0, BPR0 2 BPR1 3"


@pytest.mark.parametrize(
    "intid, kind",
    [(0, "SGI"), (15, "SGI"), (16, "PPI"), (31, "PPI"), (32, "SPI"), (1019, "SPI"),
     (1023, "special"), (8192, "LPI")],
)  # fmt: skip
def test_kinds_of_interrupts(intid, kind):
    assert gic.kind(intid) == kind


def bank(**words):
    names = (
        "open latch line edge active resident hw set_p clr_p set_a clr_a enabled group"
    )
    return {**dict.fromkeys(names.split(), 0), "prio": [0xA0] * 32, **words}


def test_row_of_a_pending_interrupt():
    b = bank(latch=1 << 8, group=1 << 8)
    assert gic.remarkable(b) == [8]
    assert gic.row(b, 40, "to vCPU 0") == (
        "   40 SPI  prio 0xa0 group 1  PENDING, disabled, level, to vCPU 0"
    )


def test_a_high_line_is_pending_only_while_level_sensitive():
    assert "PENDING" in gic.state(bank(line=1), 0)
    assert "PENDING" not in gic.state(bank(line=1, edge=1), 0)
    assert "line high" in gic.state(bank(line=1, edge=1), 0)


def test_state_says_what_holds_an_interrupt_back_and_what_is_posted():
    b = bank(enabled=3, open=1, active=2, hw=2, clr_p=2)
    assert gic.state(b, 0) == "enabled, level"
    assert gic.state(b, 1) == (
        "ACTIVE, enabled, its group is off in GICD_CTLR, level, physical one active, "
        "clear-pending posted"
    )


def test_what_is_in_a_list_register_is_what_that_says():
    b = bank(latch=1, enabled=1, open=1, resident=1, edge=1)
    assert gic.state(b, 0, 0x9000000000000000) == "ACTIVE, enabled, edge"
    assert gic.state(b, 0, 0x10A0000000000000) == "enabled, edge"
    assert gic.state(b, 0, 0) == "enabled, edge"


def test_what_cannot_be_read_is_what_was_seen_last():
    b = bank(latch=1, active=1, enabled=1, open=1, resident=1, edge=1)
    assert gic.state(b, 0, gic.UNREAD) == "pending?, active?, enabled, edge"


def test_quiet_interrupts_are_not_listed():
    assert not gic.remarkable(bank(edge=0xFFFF, group=0xFFFFFFFF))


# ---- what users type

VMS = [("linux", 4), ("other", 1)]


@pytest.mark.parametrize(
    "text, found",
    [("0", (0, 0)), ("3", (0, 3)), ("1.0", (1, 0)), ("other.0", (1, 0)),
     ("linux.2", (0, 2))],
)  # fmt: skip
def test_vcpus_have_names(text, found):
    assert where.pick_vcpu(text, VMS) == found


@pytest.mark.parametrize(
    "text, why",
    [
        ("4", "VM linux has no vCPU 4: 0 to 3"),
        ("1.1", "VM other has no vCPU 1: 0 to 0"),
        ("2.0", "no VM 2: there are 2"),
        ("third.0", r"no VM 'third' \(there are: linux other\)"),
        ("linux", "'linux' is no vCPU: N, or VM.N"),
        ("0.-1", "'0.-1' is no vCPU"),
        ("", "'' is no vCPU"),
    ],
)
def test_wrong_names_are_refused_in_one_line(text, why):
    with pytest.raises(Refused, match=why):
        where.pick_vcpu(text, VMS)


def test_numbers():
    assert where.number("0x10", "slot") == 16
    with pytest.raises(Refused, match="slot: 'x' is not a number"):
        where.number("x", "slot")


@pytest.mark.parametrize(
    "signed, addr",
    [
        (0xB4DFAB4A36D1336C, 0xFFFFAB4A36D1336C),
        (0xFFFFAB4A36D1336C, 0xFFFFAB4A36D1336C),
        (0x122A000000481234, 0x0000000000481234),
        (0x48004070, 0x48004070),
    ],
)
def test_return_addresses_lose_their_signature(signed, addr):
    assert where.unsigned(signed) == addr


def test_completion_gives_what_is_behind_the_words_gdb_sees():
    assert where.split("0 li") == (["0"], "li")
    assert where.split("") == ([], "")
    assert where.complete("li", "li", ["linux", "other"]) == ["linux"]
    assert where.complete("0.", "", ["0.0", "0.1", "1.0"]) == ["0", "1"]
