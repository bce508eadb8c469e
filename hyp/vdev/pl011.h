/*
 * Emulated UART: Arm PL011 r1p5 (DDI 0183), 32-entry receive FIFO.
 *
 * No byte is dropped between the console and the guest's data register: the
 * console keeps the byte that pl011_rx_push() refuses, and is told by
 * rx_drained() when there is room again.
 *
 * Input gate. Drivers empty the receive FIFO when they open a port, which
 * would lose what was typed before. The device therefore takes no input, and
 * shows an empty FIFO, until the guest shows that it listens:
 *  - the receive or receive time-out interrupt is enabled in IMSC (and not
 *    taken back before the guest has looked at RIS, MIS or DR), or
 *  - FR or RIS has been read PL011_POLLS times with nothing to wait for on
 *    the transmit side and no byte written in between.
 * It closes again when the receiver is switched off in CR; bytes that the
 * guest has not read stay and are shown when it listens again.
 *
 * Mirror. While no input waits a read changes nothing in the device, so the
 * guest may read a page of memory in its place, without an exit; stores are
 * exits, and those of text may go past the device (pl011_text()). The page is
 * shown at a read of FR with nothing in the FIFO, refused or in loopback, and
 * hidden before any of that changes. The gate above sees polls and looks only
 * while input waits, which is when it matters.
 *
 * Transmission takes no time: a byte goes to the console as it is written.
 * TXFF, BUSY and TXFE follow the console's room. A byte written when there is
 * none is not lost either: the access is executed again (-EAGAIN). Bytes are
 * sent even while CR disables the UART, as early boot consoles rely on a
 * firmware that left it running.
 *
 * Leaves out: baud rate (stored), word length, parity, break and framing,
 * DMA, IrDA, integration test registers. CTS, DSR and DCD are asserted.
 *
 * Lock: one spinlock a device. tx() and set_irq() are called with it held, so
 * that their order is the order of events: they may take leaf locks (console
 * ring, vGIC) and must not call back into the device. rx_drained() is called
 * without it and may push. pl011_* may not be called with a lock held that
 * tx() or set_irq() take.
 */
#ifndef PLINTH_HYP_VDEV_PL011_H
#define PLINTH_HYP_VDEV_PL011_H

#include <port/spinlock.h>

#include <base/mmio.h>

#define PL011_FIFO    32 /* receive FIFO entries */
#define PL011_POLLS   16
#define PL011_SIZE    0x1000 /* bytes of register space */
#define PL011_NO_TEXT UINT64_MAX

struct pl011_ops {
	/*
	 * One byte from the guest. Returns how many more will be accepted (0:
	 * this was the last), or -EAGAIN when this one was not. After 0 or
	 * -EAGAIN the console calls pl011_tx_ready() when there is room.
	 */
	int (*tx)(void *ctx, uint8_t byte);
	/* There is room for input, after pl011_rx_push() refused a byte. */
	void (*rx_drained)(void *ctx);
	/* The interrupt line; called on change only. */
	void (*set_irq)(void *ctx, bool level);
	void *ctx;
};

/*
 * The registers as memory: `regs` is a zeroed page that the guest reads at the
 * device's first 4 KiB while it is shown (mirror.h). Called under the
 * device's lock.
 */
struct pl011_mirror {
	uint32_t *regs; /* NULL: no mirror */
	void (*show)(void *ctx);
	/* No read of the guest's comes out of the page when it returns. */
	void (*hide)(void *ctx);
	void *ctx;
};

struct pl011 {
	struct pl011_ops ops; /* immutable */
	struct spinlock lock; /* guards all below; text, fr, gate, offer and
				 polls are also used without it */
	uint64_t text;        /* see pl011_text() */
	uint64_t text_at;     /* what it is while it is not PL011_NO_TEXT */
	struct pl011_mirror mirror;
	bool shown;
	bool offer; /* the next read of FR may show the mirror */
	uint16_t fr;
	bool gate; /* the guest listens */
	bool irq;  /* level of the line */
	bool tx_full;
	bool configured; /* CR has been written */
	bool looked;     /* RIS, MIS or DR read since IMSC enabled reception */
	bool starved;    /* a byte was refused: rx_drained() is due */
	bool overrun;    /* loopback: mark the next byte */
	uint8_t polls;
	uint8_t head; /* oldest entry */
	uint8_t count;
	uint16_t ris;
	uint16_t rsr;
	uint16_t regs[19];         /* plain registers by offset / 4 */
	uint16_t fifo[PL011_FIFO]; /* data and error bits as in DR */
};

/* Power-on state. */
void pl011_init(struct pl011 *p, const struct pl011_ops *ops);

/*
 * Back to power-on state; the line is lowered. Input that the guest has not
 * read stays, behind the closed gate.
 */
void pl011_reset(struct pl011 *p);

/* From now on (NULL: no more) the device has this mirror, hidden. */
void pl011_set_mirror(struct pl011 *p, const struct pl011_mirror *mirror);

/*
 * mmio_fn. A read of any size and alignment takes the bytes of the registers
 * that it is on, as it would take them from the mirror. -ENXIO: unaligned
 * store or one of 64 bits; -EAGAIN: no room to send.
 */
int pl011_mmio(void *dev, struct mmio_op *op);

/*
 * Where the guest has the data register, while a byte that is stored there, and
 * leaves at once, changes nothing else: of a text, all but the first. Else
 * PL011_NO_TEXT. Who stores such a byte while the mirror is shown may send it
 * without the device and its lock. A store of another vCPU's that ends it comes
 * before or after, as the two do by themselves.
 */
static inline uint64_t pl011_text(const struct pl011 *p)
{
	return __atomic_load_n(&p->text, __ATOMIC_RELAXED);
}

/* The guest has the data register at this IPA; PL011_NO_TEXT: there is no other
 * way than tx() to where bytes go. So it is at first. */
void pl011_set_text(struct pl011 *p, uint64_t at);

/* Bytes that pl011_rx_push() will take now; asked while there are some. 0: as
 * if one had been refused. */
size_t pl011_rx_room(struct pl011 *p);

/* One byte of input. False: no room; rx_drained() follows. */
MUST_CHECK bool pl011_rx_push(struct pl011 *p, uint8_t byte);

/* The console has room again for what the guest sends. */
void pl011_tx_ready(struct pl011 *p);

#endif
