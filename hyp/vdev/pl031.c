/*
 * Emulated PL031; see pl031.h. The 32-bit counter is never stored: it is the
 * host's time plus an offset. A write of MR or LR fixes the moment at which
 * counter and match register are equal next, at most 2^32 seconds ahead.
 *
 * Called from the MMIO bus and from the timer that serves set_alarm().
 */
#include <errno.h>

#include <base/bits.h>

#include <hyp/vdev/pl031.h>

#define REG_DR   0x00
#define REG_MR   0x04
#define REG_LR   0x08
#define REG_CR   0x0c
#define REG_IMSC 0x10
#define REG_RIS  0x14
#define REG_MIS  0x18
#define REG_ICR  0x1c
#define REG_ID   0xfe0 /* RTCPeriphID0..3, RTCPCellID0..3 */

static const uint8_t id[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static uint64_t now(const struct pl031 *p)
{
	return p->ops.now_seconds(p->ops.ctx);
}

static uint32_t counter(const struct pl031 *p)
{
	return (uint32_t)now(p) + p->offset;
}

/* After a change of MR or of the counter. */
static void plan(struct pl031 *p)
{
	p->due = now(p) + (uint32_t)(p->match - counter(p));
}

/* Raises a match that has come, updates line and alarm. */
static void update(struct pl031 *p)
{
	uint64_t alarm;
	bool level;

	if (p->due && now(p) >= p->due) {
		p->raw = true;
		p->due = 0;
	}
	level = p->raw && p->enabled;
	if (level != p->irq) {
		p->irq = level;
		p->ops.set_irq(p->ops.ctx, level);
	}
	alarm = p->enabled && !p->raw ? p->due : 0;
	if (alarm != p->alarm && p->ops.set_alarm)
		p->ops.set_alarm(p->ops.ctx, alarm);
	p->alarm = alarm;
}

static uint32_t reg_read(const struct pl031 *p, uint64_t reg)
{
	switch (reg) {
	case REG_DR:
		return counter(p);
	case REG_MR:
		return p->match;
	case REG_LR:
		return p->load;
	case REG_CR:
		return 1;
	case REG_IMSC:
		return p->enabled;
	case REG_RIS:
		return p->raw;
	case REG_MIS:
		return p->raw && p->enabled;
	default:
		return reg >= REG_ID ? id[(reg - REG_ID) / 4 % 8] : 0;
	}
}

static void reg_write(struct pl031 *p, uint64_t reg, uint32_t value)
{
	switch (reg) {
	case REG_MR:
		p->match = value;
		plan(p);
		break;
	case REG_LR:
		p->load = value;
		p->offset = value - (uint32_t)now(p);
		plan(p);
		break;
	case REG_IMSC:
		p->enabled = value & 1;
		break;
	case REG_ICR:
		if (value & 1)
			p->raw = false;
		break;
	default: /* CR: started, and cannot be stopped */
		break;
	}
}

/* Whether a match that has come meanwhile would be seen now: to look for one
 * takes the machine's clock. */
static bool shows_match(const struct pl031 *p, uint64_t reg)
{
	return p->enabled || reg == REG_RIS || reg == REG_MIS;
}

/* The bytes of a register that the access asked for. */
static uint32_t sized(uint32_t value, unsigned size)
{
	return size == 4 ? value : value & ((1U << 8 * size) - 1);
}

int pl031_mmio(void *dev, struct mmio_op *op)
{
	struct pl031 *p = dev;
	uint64_t reg = op->offset & ~UINT64_C(3);
	unsigned lane = 8 * (op->offset & 3);

	if (op->size > 4 || !is_aligned(op->offset, op->size))
		return -ENXIO;
	spin_lock(&p->lock);
	if (op->write || shows_match(p, reg))
		update(p);
	if (!op->write)
		op->value = sized(reg_read(p, reg) >> lane, op->size);
	else if (lane == 0)
		reg_write(p, reg, (uint32_t)op->value);
	if (op->write)
		update(p);
	spin_unlock(&p->lock);
	return 0;
}

void pl031_alarm(struct pl031 *p)
{
	spin_lock(&p->lock);
	p->alarm = 0;
	update(p);
	spin_unlock(&p->lock);
}

static void power_on(struct pl031 *p)
{
	p->offset = 0;
	p->match = 0;
	p->load = 0;
	p->enabled = false;
	p->raw = false;
	plan(p);
	update(p);
}

void pl031_init(struct pl031 *p, const struct pl031_ops *ops)
{
	*p = (struct pl031){.ops = *ops};
	power_on(p);
}

void pl031_reset(struct pl031 *p)
{
	spin_lock(&p->lock);
	power_on(p);
	spin_unlock(&p->lock);
}
