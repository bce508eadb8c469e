/*
 * Emulated generic watchdog; contract in gwdt.h. The registers and when WS0 and
 * WS1 come: Arm DEN 0094 (BSA), "Generic Watchdog". Called from the MMIO bus
 * and from the timer that serves set_timer().
 */
#include <errno.h>

#include <base/bits.h>

#include <hyp/vdev/gwdt.h>

#define REFRESH_WRR 0x000

#define REG_WCS    0x000
#define REG_WOR    0x008
#define REG_WOR_U  0x00c
#define REG_WCV    0x010
#define REG_WCV_U  0x014
#define REG_W_IIDR 0xfcc /* in both frames */

#define WCS_EN  BIT(0)
#define WCS_WS0 BIT(1)
#define WCS_WS1 BIT(2)
#define WOR_U   GENMASK(15, 0)

#define IIDR_VERSION_1 0x10000U

#define NEVER UINT64_MAX

static uint64_t now(const struct gwdt *w)
{
	return w->ops.now(w->ops.ctx);
}

static void set_ws0(struct gwdt *w, bool level)
{
	if (level != w->ws0)
		w->ops.set_irq(w->ops.ctx, level);
	w->ws0 = level;
}

static void set_timer(struct gwdt *w)
{
	w->ops.set_timer(w->ops.ctx,
			 w->enabled && !w->ws1 ? w->compare : NEVER);
}

/* A sum that would wrap is never reached either. */
static void restart(struct gwdt *w)
{
	uint64_t t = now(w);

	w->compare = t + w->offset < t ? NEVER : t + w->offset;
}

/* An explicit refresh. */
static void refresh(struct gwdt *w)
{
	set_ws0(w, false);
	w->ws1 = false;
	restart(w);
	set_timer(w);
}

static uint32_t control_read(const struct gwdt *w, uint64_t reg)
{
	switch (reg) {
	case REG_WCS:
		return (uint32_t)((w->enabled ? WCS_EN : 0) |
				  (w->ws0 ? WCS_WS0 : 0) |
				  (w->ws1 ? WCS_WS1 : 0));
	case REG_WOR:
		return (uint32_t)w->offset;
	case REG_WOR_U:
		return (uint32_t)(w->offset >> 32);
	case REG_WCV:
		return (uint32_t)w->compare;
	case REG_WCV_U:
		return (uint32_t)(w->compare >> 32);
	case REG_W_IIDR:
		return IIDR_VERSION_1;
	default:
		return 0;
	}
}

static void set_half(uint64_t *word, bool upper, uint32_t value)
{
	*word = upper ? (uint64_t)value << 32 | (uint32_t)*word
		      : (*word & ~UINT64_C(0xffffffff)) | value;
}

/* A write to WCS or WOR refreshes; one to WCV says when it is due. */
static void control_write(struct gwdt *w, uint64_t reg, uint32_t value)
{
	switch (reg) {
	case REG_WCS:
		w->enabled = value & WCS_EN;
		refresh(w);
		break;
	case REG_WOR:
	case REG_WOR_U:
		if (reg == REG_WOR_U)
			value &= WOR_U;
		set_half(&w->offset, reg == REG_WOR_U, value);
		refresh(w);
		break;
	case REG_WCV:
	case REG_WCV_U:
		set_half(&w->compare, reg == REG_WCV_U, value);
		set_timer(w);
		break;
	default:
		break;
	}
}

static bool good(const struct mmio_op *op)
{
	return op->size == 4 && is_aligned(op->offset, 4);
}

int gwdt_control_mmio(void *dev, struct mmio_op *op)
{
	struct gwdt *w = dev;

	if (!good(op))
		return -ENXIO;
	spin_lock(&w->lock);
	if (op->write)
		control_write(w, op->offset, (uint32_t)op->value);
	else
		op->value = control_read(w, op->offset);
	spin_unlock(&w->lock);
	return 0;
}

int gwdt_refresh_mmio(void *dev, struct mmio_op *op)
{
	struct gwdt *w = dev;

	if (!good(op))
		return -ENXIO;
	if (!op->write) {
		op->value = op->offset == REG_W_IIDR ? IIDR_VERSION_1 : 0;
	} else if (op->offset == REFRESH_WRR) {
		spin_lock(&w->lock);
		refresh(w);
		spin_unlock(&w->lock);
	}
	return 0;
}

/* The first time is WS0, the second WS1. True: it is expired. */
static bool time_out(struct gwdt *w)
{
	if (!w->ws0) {
		set_ws0(w, true);
		restart(w);
		return false;
	}
	w->ws1 = true;
	return true;
}

void gwdt_timer(struct gwdt *w)
{
	bool expired = false;

	spin_lock(&w->lock);
	if (w->enabled && !w->ws1 && now(w) >= w->compare)
		expired = time_out(w);
	set_timer(w);
	spin_unlock(&w->lock);
	if (expired)
		w->ops.expired(w->ops.ctx);
}

void gwdt_init(struct gwdt *w, const struct gwdt_ops *ops)
{
	w->ops = *ops;
}

void gwdt_reset(struct gwdt *w)
{
	spin_lock(&w->lock);
	w->enabled = false;
	w->offset = 0;
	w->compare = 0;
	w->ws1 = false;
	set_ws0(w, false);
	set_timer(w);
	spin_unlock(&w->lock);
}
