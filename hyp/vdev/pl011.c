/*
 * Emulated PL011; see pl011.h for the contract, the input gate and what is
 * left out.
 *
 * Interrupts, after the manual's UARTRIS: RXRIS follows the trigger level of
 * IFLS; it is raised by an arriving byte and falls when reads take the FIFO
 * below the level. RTRIS stands for "no more came for a while"; time-outs
 * elapse at once here, so it is raised by every arrival or read that leaves
 * data, and falls when the FIFO is empty. TXRIS is raised when a written byte
 * has left, which is at once, or when the console has room again. All are
 * cleared by ICR until the next such event.
 * The mirror holds what peek() says. Whatever changes that puts it there, or
 * hides the mirror, before the interrupt that a vCPU would read because of.
 *
 * Called from the MMIO bus and from the console.
 */
#include <errno.h>

#include <base/bits.h>

#include <arch/aarch64/mirror.h>

#include <hyp/vdev/pl011.h>
#include <hyp/vdev/pl011_regs.h>

#define REG(p, r) ((p)->regs[REG_##r / 4])

#define IMSC_LISTEN (INT_RX | INT_RT)

/* Writable bits of the registers that only store, and of those that act. */
static const uint16_t write_mask[] = {
	[REG_ILPR / 4] = 0xff,  [REG_IBRD / 4] = 0xffff, [REG_FBRD / 4] = 0x3f,
	[REG_LCR_H / 4] = 0xff, [REG_CR / 4] = 0xff87,   [REG_IFLS / 4] = 0x3f,
	[REG_IMSC / 4] = 0x7ff, [REG_DMACR / 4] = 0x7,
};

/* Revision 3 is r1p5, the first with 32 entries. */
static const uint8_t id[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static unsigned fifo_depth(const struct pl011 *p)
{
	return REG(p, LCR_H) & LCR_H_FEN ? PL011_FIFO : 1;
}

static bool loopback(const struct pl011 *p)
{
	return (REG(p, CR) & CR_LBE) != 0;
}

/* A guest that never writes CR relies on firmware that left the UART on. */
static bool receiver_on(const struct pl011 *p)
{
	return !p->configured ||
	       (REG(p, CR) & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE);
}

/* Entries that the guest is shown. */
static unsigned visible(const struct pl011 *p)
{
	return p->gate || loopback(p) ? p->count : 0;
}

static unsigned room(const struct pl011 *p)
{
	unsigned depth = fifo_depth(p);

	if (!p->gate || loopback(p) || p->count >= depth)
		return 0;
	return depth - p->count;
}

static unsigned rx_trigger(const struct pl011 *p)
{
	static const uint8_t level[] = {4, 8, 16, 24, 28, 28, 28, 28};

	if (fifo_depth(p) == 1)
		return 1;
	return level[FIELD_GET(IFLS_RX, REG(p, IFLS))];
}

/* After anything that changes what is visible. */
static void rx_changed(struct pl011 *p, bool arrived)
{
	unsigned n = visible(p);

	if (n < rx_trigger(p))
		p->ris &= (uint16_t)~INT_RX;
	else if (arrived)
		p->ris |= INT_RX;
	if (n)
		p->ris |= INT_RT;
	else
		p->ris &= (uint16_t)~INT_RT;
}

static void gate_set(struct pl011 *p, bool open)
{
	__atomic_store_n(&p->gate, open, __ATOMIC_RELAXED);
	rx_changed(p, true);
}

static void polls_clear(struct pl011 *p)
{
	__atomic_store_n(&p->polls, 0, __ATOMIC_RELAXED);
}

/*
 * A register that only a guest waiting for input reads again and again. The
 * count is kept without the lock: losing one of two racing reads is harmless.
 */
static bool poll_counted(struct pl011 *p)
{
	uint8_t n = __atomic_load_n(&p->polls, __ATOMIC_RELAXED);

	if (n >= PL011_POLLS - 1)
		return false;
	__atomic_store_n(&p->polls, (uint8_t)(n + 1), __ATOMIC_RELAXED);
	return true;
}

static void polled(struct pl011 *p)
{
	if (p->gate || poll_counted(p))
		return;
	polls_clear(p);
	if (!p->tx_full && receiver_on(p))
		gate_set(p, true);
}

static uint16_t modem_lines(const struct pl011 *p)
{
	uint32_t cr = REG(p, CR);

	if (!loopback(p))
		return FR_CTS | FR_DSR | FR_DCD;
	return (uint16_t)((cr & CR_RTS ? FR_CTS : 0) |
			  (cr & CR_DTR ? FR_DSR : 0) |
			  (cr & CR_OUT1 ? FR_DCD : 0) |
			  (cr & CR_OUT2 ? FR_RI : 0));
}

static uint16_t flags(const struct pl011 *p)
{
	unsigned n = visible(p);
	uint32_t fr = modem_lines(p);

	fr |= p->tx_full ? FR_TXFF | FR_BUSY : FR_TXFE;
	if (n == 0)
		fr |= FR_RXFE;
	if (n >= fifo_depth(p))
		fr |= FR_RXFF;
	return (uint16_t)fr;
}

/* What a read of a register says; it changes nothing yet. */
static uint16_t peek(const struct pl011 *p, uint64_t reg)
{
	switch (reg) {
	case REG_DR:
		return visible(p) ? p->fifo[p->head] : 0;
	case REG_RSR:
		return p->rsr;
	case REG_FR:
		return flags(p);
	case REG_RIS:
		return p->ris;
	case REG_MIS:
		return p->ris & REG(p, IMSC);
	default:
		if (reg >= REG_ID)
			return id[(reg - REG_ID) / 4 % ARRAY_SIZE(id)];
		return reg / 4 < ARRAY_SIZE(p->regs) ? p->regs[reg / 4] : 0;
	}
}

/* ------------------------------------------------------------------ mirror */

/*
 * Whether a read, of whatever register, would change nothing that matters: no
 * input is here or waits to be let in. A look that is not seen may close the
 * gate at the next store to IMSC; the one after that opens it, nothing is lost.
 */
static bool reads_are_idle(const struct pl011 *p)
{
	return p->mirror.regs && p->count == 0 && !p->starved && !loopback(p);
}

static void mirror_show(struct pl011 *p)
{
	for (uint64_t reg = 0; reg < 4 * ARRAY_SIZE(p->regs); reg += 4)
		mirror_put(p->mirror.regs, reg, peek(p, reg));
	polls_clear(p); /* stores of bytes are not seen from now on */
	p->shown = true;
	p->mirror.show(p->mirror.ctx);
}

static void mirror_hide(struct pl011 *p)
{
	if (p->shown)
		p->mirror.hide(p->mirror.ctx);
	p->shown = false;
}

/* What an operation may have changed beside the register that it wrote. */
static void mirror_follow(struct pl011 *p)
{
	bool idle = reads_are_idle(p);

	if (p->shown && idle) {
		mirror_put(p->mirror.regs, REG_FR, p->fr);
		mirror_put(p->mirror.regs, REG_RIS, p->ris);
		mirror_put(p->mirror.regs, REG_MIS, p->ris & REG(p, IMSC));
	} else {
		mirror_hide(p);
	}
	__atomic_store_n(&p->offer, idle && !p->shown, __ATOMIC_RELAXED);
}

/* A byte that leaves finds the last one gone: it changes nothing but that. */
static bool sends_on(const struct pl011 *p)
{
	return !p->tx_full && (p->ris & INT_TX) && !loopback(p);
}

/* Brings FR, the mirror and the interrupt line up to date, in this order; ends
 * every operation. */
static void update(struct pl011 *p)
{
	bool level = (p->ris & REG(p, IMSC)) != 0;

	__atomic_store_n(&p->text, sends_on(p) ? p->text_at : PL011_NO_TEXT,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&p->fr, flags(p), __ATOMIC_RELAXED);
	if (p->mirror.regs)
		mirror_follow(p);
	if (level == p->irq)
		return;
	p->irq = level;
	p->ops.set_irq(p->ops.ctx, level);
}

/* Whether rx_drained() is due: half the FIFO is free, or all of one entry. */
static bool drained(struct pl011 *p)
{
	bool due = p->starved && room(p) && room(p) >= fifo_depth(p) / 2;

	if (due)
		p->starved = false;
	return due;
}

/* Ends an operation: the callback that is made without the lock. */
static void finish(struct pl011 *p)
{
	bool call;

	update(p);
	call = drained(p);
	spin_unlock(&p->lock);
	if (call)
		p->ops.rx_drained(p->ops.ctx);
}

static void fifo_put(struct pl011 *p, uint8_t byte)
{
	uint16_t entry = byte;

	if (p->overrun)
		entry |= DR_OE;
	p->overrun = false;
	p->fifo[(p->head + p->count) % PL011_FIFO] = entry;
	p->count++;
	rx_changed(p, true);
}

static uint16_t dr_read(struct pl011 *p)
{
	uint16_t entry = peek(p, REG_DR);

	p->looked = true;
	if (visible(p) == 0)
		return 0;
	p->head = (uint8_t)((p->head + 1) % PL011_FIFO);
	p->count--;
	rx_changed(p, false);
	return entry;
}

/* The guest's own byte comes back; only here can the FIFO overrun. */
static void loop_back(struct pl011 *p, uint8_t byte)
{
	if (p->count < fifo_depth(p)) {
		fifo_put(p, byte);
	} else {
		p->overrun = true;
		p->rsr = RSR_OE;
		p->ris |= INT_OE;
	}
	p->ris |= INT_TX;
}

static int dr_sent(struct pl011 *p, int more)
{
	p->tx_full = more <= 0;
	if (p->tx_full)
		p->ris &= (uint16_t)~INT_TX;
	else
		p->ris |= INT_TX;
	return more < 0 ? -EAGAIN : 0;
}

static int dr_write(struct pl011 *p, uint8_t byte)
{
	polls_clear(p);
	if (loopback(p)) {
		loop_back(p, byte);
		return 0;
	}
	return dr_sent(p, p->ops.tx(p->ops.ctx, byte));
}

static void modem_changed(struct pl011 *p, uint16_t before)
{
	uint32_t diff = before ^ modem_lines(p);

	p->ris |= (uint16_t)((diff & FR_RI ? INT_RI : 0) |
			     (diff & FR_CTS ? INT_CTS : 0) |
			     (diff & FR_DCD ? INT_DCD : 0) |
			     (diff & FR_DSR ? INT_DSR : 0));
}

static void cr_write(struct pl011 *p, uint16_t value)
{
	uint16_t before = modem_lines(p);

	REG(p, CR) = value;
	p->configured = true;
	polls_clear(p);
	modem_changed(p, before);
	if (!receiver_on(p))
		gate_set(p, false);
	else if (REG(p, IMSC) & IMSC_LISTEN)
		gate_set(p, true);
	else
		rx_changed(p, true);
}

/*
 * A driver may enable reception on its way, take that back, and only then
 * empty the FIFO: what was enabled and disabled again without a look at the
 * result was no listening.
 */
static void imsc_write(struct pl011 *p, uint16_t value)
{
	bool before = REG(p, IMSC) & IMSC_LISTEN;
	bool after = value & IMSC_LISTEN;

	REG(p, IMSC) = value;
	if (after && !before) {
		p->looked = false;
		if (receiver_on(p) && !p->gate)
			gate_set(p, true);
	} else if (before && !after && !p->looked) {
		gate_set(p, false);
	}
}

static int reg_write(struct pl011 *p, uint64_t reg, uint16_t value)
{
	if (reg / 4 < ARRAY_SIZE(write_mask))
		value &= reg == REG_DR || reg == REG_ICR ? 0xffff
							 : write_mask[reg / 4];
	switch (reg) {
	case REG_DR:
		return dr_write(p, (uint8_t)value);
	case REG_RSR:
		p->rsr = 0;
		break;
	case REG_CR:
		cr_write(p, value);
		break;
	case REG_IMSC:
		imsc_write(p, value);
		break;
	case REG_ICR:
		p->ris &= (uint16_t)~value;
		break;
	case REG_LCR_H:
	case REG_IFLS:
		p->regs[reg / 4] = value;
		rx_changed(p, true);
		break;
	default:
		if (reg / 4 < ARRAY_SIZE(write_mask) && write_mask[reg / 4])
			p->regs[reg / 4] = value;
		break;
	}
	return 0;
}

static uint16_t reg_read(struct pl011 *p, uint64_t reg)
{
	switch (reg) {
	case REG_DR:
		return dr_read(p);
	case REG_FR:
		polled(p);
		if (!p->shown && reads_are_idle(p))
			mirror_show(p);
		break;
	case REG_RIS:
		p->looked = true;
		polled(p);
		break;
	case REG_MIS:
		p->looked = true;
	}
	return peek(p, reg);
}

/* The bytes of the register or registers that the access is on. */
static uint64_t bytes_read(struct pl011 *p, const struct mmio_op *op)
{
	uint64_t reg = op->offset & ~UINT64_C(3);
	unsigned lane = 8 * (op->offset & 3);
	uint64_t value = (uint64_t)reg_read(p, reg) >> lane;

	for (unsigned have = 32 - lane; have < 8U * op->size; have += 32) {
		reg += 4;
		value |= (uint64_t)reg_read(p, reg) << have;
	}
	return value & ~UINT64_C(0) >> (64 - 8 * op->size);
}

static int bytes_write(struct pl011 *p, const struct mmio_op *op)
{
	uint64_t reg = op->offset;
	int err;

	if (!is_aligned(reg, 4))
		return 0; /* the upper bytes of registers of 16 bits */
	err = reg_write(p, reg, (uint16_t)op->value);
	if (p->shown && reg != REG_DR && reg / 4 < ARRAY_SIZE(p->regs))
		mirror_put(p->mirror.regs, reg, peek(p, reg));
	return err;
}

/*
 * Whether nothing will have to be brought up to date after it: a byte of a
 * text, or a look at a register that is just as it is.
 */
static bool is_idle(const struct pl011 *p, const struct mmio_op *op)
{
	if (op->write)
		return op->offset == REG_DR && sends_on(p);
	return op->offset >= REG_ID ||
	       (op->offset >= REG_FR + 4 && op->offset + op->size <= REG_RIS);
}

int pl011_mmio(void *dev, struct mmio_op *op)
{
	struct pl011 *p = dev;
	bool idle;
	int err = 0;

	if (op->write && (op->size > 4 || !is_aligned(op->offset, op->size)))
		return -ENXIO;
	/* The one register that is read for every byte sent. */
	if (op->offset == REG_FR && !op->write && op->size <= 4 &&
	    !__atomic_load_n(&p->offer, __ATOMIC_RELAXED) &&
	    (__atomic_load_n(&p->gate, __ATOMIC_RELAXED) || poll_counted(p))) {
		uint16_t fr = __atomic_load_n(&p->fr, __ATOMIC_RELAXED);

		op->value = op->size == 1 ? (uint8_t)fr : fr;
		return 0;
	}
	spin_lock(&p->lock);
	idle = is_idle(p, op);
	if (op->write)
		err = bytes_write(p, op);
	else
		op->value = bytes_read(p, op);
	if (idle && (!op->write || sends_on(p)))
		spin_unlock(&p->lock);
	else
		finish(p);
	return err;
}

void pl011_set_text(struct pl011 *p, uint64_t at)
{
	spin_lock(&p->lock);
	p->text_at = at;
	update(p);
	spin_unlock(&p->lock);
}

RARE void pl011_set_mirror(struct pl011 *p, const struct pl011_mirror *mirror)
{
	spin_lock(&p->lock);
	mirror_hide(p);
	p->mirror = mirror ? *mirror : (struct pl011_mirror){0};
	for (uint64_t reg = REG_ID; mirror && reg < PL011_SIZE; reg += 4)
		mirror_put(p->mirror.regs, reg, peek(p, reg));
	update(p);
	spin_unlock(&p->lock);
}

size_t pl011_rx_room(struct pl011 *p)
{
	size_t n;

	spin_lock(&p->lock);
	n = room(p);
	p->starved |= n == 0;
	update(p);
	spin_unlock(&p->lock);
	return n;
}

bool pl011_rx_push(struct pl011 *p, uint8_t byte)
{
	bool ok;

	spin_lock(&p->lock);
	ok = room(p) > 0;
	p->starved |= !ok;
	if (ok)
		fifo_put(p, byte);
	update(p);
	spin_unlock(&p->lock);
	return ok;
}

void pl011_tx_ready(struct pl011 *p)
{
	spin_lock(&p->lock);
	if (p->tx_full) {
		p->tx_full = false;
		p->ris |= INT_TX;
		polls_clear(p);
	}
	update(p);
	spin_unlock(&p->lock);
}

/* What the console has sent and the guest has not read is not the guest's yet:
 * it waits behind the gate. What a guest has sent to itself is gone. */
static void power_on(struct pl011 *p)
{
	if (REG(p, CR) & CR_LBE)
		p->head = p->count = 0;
	__atomic_store_n(&p->gate, false, __ATOMIC_RELAXED);
	p->tx_full = p->configured = p->looked = false;
	p->overrun = false;
	polls_clear(p);
	p->ris = p->rsr = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(p->regs); i++)
		p->regs[i] = 0;
	REG(p, CR) = CR_RESET;
	REG(p, IFLS) = IFLS_RESET;
}

void pl011_init(struct pl011 *p, const struct pl011_ops *ops)
{
	*p = (struct pl011){.ops = *ops, .text_at = PL011_NO_TEXT};
	power_on(p);
	update(p);
}

void pl011_reset(struct pl011 *p)
{
	spin_lock(&p->lock);
	mirror_hide(p);
	power_on(p);
	update(p);
	spin_unlock(&p->lock);
}
