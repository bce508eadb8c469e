/*
 * Emulated real-time clock: Arm PL031 (DDI 0224). Counts seconds from power
 * on; DR is the host's time plus an offset that a write to LR sets.
 *
 * The match interrupt is evaluated at every access and by pl031_alarm(). With
 * a set_alarm() callback it comes on time; without, at the guest's next
 * access to the device.
 *
 * Leaves out: integration test registers; CR always reads 1 (started).
 *
 * Lock: one spinlock a device. set_irq() and set_alarm() are called with it
 * held: they may take leaf locks and must not call back into the device.
 */
#ifndef PLINTH_HYP_VDEV_PL031_H
#define PLINTH_HYP_VDEV_PL031_H

#include <port/spinlock.h>

#include <base/mmio.h>

#define PL031_SIZE 0x1000 /* bytes of register space */

struct pl031_ops {
	/* Seconds since 1970 of the host; never goes back. */
	uint64_t (*now_seconds)(void *ctx);
	/* The interrupt line; called on change only. */
	void (*set_irq)(void *ctx, bool level);
	/* Call pl031_alarm() once when now_seconds() reaches `at`; replaces
	 * the alarm before. 0: none. NULL when there is no such service. */
	void (*set_alarm)(void *ctx, uint64_t at);
	void *ctx;
};

struct pl031 {
	struct pl031_ops ops; /* immutable */
	struct spinlock lock; /* guards all below */
	uint32_t offset;      /* DR - host seconds, modulo 2^32 */
	uint32_t match;
	uint32_t load;  /* LR as written last */
	bool enabled;   /* IMSC */
	bool raw;       /* RIS */
	bool irq;       /* level of the line */
	uint64_t due;   /* host seconds of the match; 0 = it has passed */
	uint64_t alarm; /* what set_alarm() was told */
};

/* The host's time, no match set, line low. `ops` is copied. */
void pl031_init(struct pl031 *p, const struct pl031_ops *ops);

/* Back to the host's time; the line is lowered, the alarm withdrawn. */
void pl031_reset(struct pl031 *p);

/* mmio_fn. -ENXIO: 64-bit or unaligned access. */
int pl031_mmio(void *dev, struct mmio_op *op);

/* The time of set_alarm() has come; early or spurious calls do no harm. */
void pl031_alarm(struct pl031 *p);

#endif
