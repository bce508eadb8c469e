"""Interrupts in words: list registers, and the banks of the virtual GIC.

GICv3/v4 IHI 0069, ICH_LR<n>_EL2, ICH_HCR_EL2, ICH_VMCR_EL2. A bank is a
mapping of the words of struct vgic_bank by name; arch/aarch64/vgic_internal.h
says what they mean.
"""

from .bits import bit, each_bit, field, flags

STATES = ("inactive", "pending", "active", "pending and active")
HCR = {
    0: "En", 1: "UIE", 2: "LRENPIE", 3: "NPIE", 4: "VGrp0EIE", 5: "VGrp0DIE",
    6: "VGrp1EIE", 7: "VGrp1DIE", 10: "TC", 11: "TALL0", 12: "TALL1", 13: "TSEI",
    14: "TDIR",
}  # fmt: skip
VMCR = {0: "VENG0", 1: "VENG1", 3: "VFIQEn", 4: "VCBPR", 9: "VEOIM"}
NOWHERE = 0xFFFF
LPI_FIRST = 8192
UNREAD = -1  # a list register that cannot be read


def kind(intid):
    """SGI, PPI, SPI or LPI."""
    for limit, name in ((16, "SGI"), (32, "PPI"), (1020, "SPI"), (8192, "special")):
        if intid < limit:
            return name
    return "LPI"


def list_register(value):
    """An ICH_LR<n>_EL2 in words."""
    state = field(value, 63, 62)
    intid = field(value, 31, 0)
    words = [
        f"INTID {intid}",
        STATES[state],
        f"priority {field(value, 55, 48):#04x}",
        f"group {int(bit(value, 60))}",
    ]
    if bit(value, 61):
        words.append(f"HW, physical INTID {field(value, 44, 32)}")
    elif bit(value, 41):
        words.append("EOI maintenance")
    return ", ".join(words)


def hcr(value):
    text = " ".join(flags(value, HCR)) or "0"
    count = field(value, 31, 27)
    return f"{text}, EOIcount {count}" if count else text


def vmcr(value):
    words = flags(value, VMCR)
    words.append(f"priority mask {field(value, 31, 24):#04x}")
    words.append(f"BPR0 {field(value, 23, 21)} BPR1 {field(value, 20, 18)}")
    return ", ".join(words)


def pending(bank):
    """As ISPENDR would read, for what is in no list register."""
    return bank["latch"] | bank["line"] & ~bank["edge"]


def remarkable(bank):
    """INTIDs (0..31) about which there is something to say."""
    posted = bank["set_p"] | bank["clr_p"] | bank["set_a"] | bank["clr_a"]
    return list(
        each_bit(
            pending(bank)
            | bank["active"]
            | bank["enabled"]
            | bank["resident"]
            | bank["line"]
            | bank["hw"]
            | posted
        )
    )


def state(bank, i, lr=None):
    """Words for one interrupt of a bank; upper case is what matters most. `lr` is
    the value of its list register, when it has one. Where that is UNREAD, what Plinth
    saw last is marked as such: the guest may have taken or ended it since."""
    mask = 1 << i
    is_pending, is_active = pending(bank) & mask, bank["active"] & mask
    if lr not in (None, UNREAD):
        is_pending, is_active = lr >> 62 & 1, lr >> 63
    words = [name for name, on in (
        ("PENDING", is_pending),
        ("ACTIVE", is_active),
        ("enabled", bank["enabled"] & mask),
    ) if on]  # fmt: skip
    if lr == UNREAD:
        words = [w.lower() + "?" if w.isupper() else w for w in words]
    if not bank["enabled"] & mask:
        words.append("disabled")
    elif not bank["open"] & mask:
        words.append("its group is off in GICD_CTLR")
    words.append("edge" if bank["edge"] & mask else "level")
    words += [text for name, text in (
        ("line", "line high"),
        ("hw", "physical one active"),
        ("set_p", "set-pending posted"),
        ("clr_p", "clear-pending posted"),
        ("set_a", "set-active posted"),
        ("clr_a", "clear-active posted"),
    ) if bank[name] & mask]  # fmt: skip
    return ", ".join(words)


def row(bank, intid, more="", lr=None):
    """A line of the table of interrupts."""
    i = intid % 32
    group = int(bit(bank["group"], i))
    text = (
        f"{intid:5} {kind(intid)}  prio {bank['prio'][i]:#04x} group {group}  "
        f"{state(bank, i, lr)}"
    )
    return f"{text}, {more}" if more else text
