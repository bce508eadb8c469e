/*
 * Emulated watchdog: the generic watchdog of Arm's BSA (DEN 0094, "Generic
 * Watchdog"), architecture version 1, known to device trees as arm,sbsa-gwdt.
 *
 * The guest sets an offset and enables it; whoever does not refresh it within
 * that many ticks gets the signal WS0, an interrupt, and after as many again
 * WS1: expired() is called. A refresh, or a write to the control frame, starts
 * anew. Time is the VM's virtual counter, which is what kernels read.
 *
 * Leaves out: accesses of other sizes than 4 bytes; W_IIDR has no product.
 *
 * Lock: one spinlock a device. now(), set_irq() and set_timer() are called with
 * it held and must not call back; expired() is called without it.
 */
#ifndef PLINTH_HYP_VDEV_GWDT_H
#define PLINTH_HYP_VDEV_GWDT_H

#include <port/spinlock.h>

#include <base/mmio.h>

#define GWDT_FRAME KIB(64) /* bytes of register space, of each frame */

struct gwdt_ops {
	/* The virtual counter. */
	uint64_t (*now)(void *ctx);
	/* WS0; called on change only. */
	void (*set_irq)(void *ctx, bool level);
	/* Call gwdt_timer() when now() is `at` or more; replaces the call
	 * before. UINT64_MAX: none. */
	void (*set_timer)(void *ctx, uint64_t at);
	/* WS1. */
	void (*expired)(void *ctx);
	void *ctx;
};

struct gwdt {
	struct gwdt_ops ops;  /* immutable */
	struct spinlock lock; /* guards all below */
	bool enabled, ws0, ws1;
	uint64_t offset;  /* WOR, 48 bits */
	uint64_t compare; /* WCV */
};

/* Disabled. `ops` is copied, *w zeroed. */
void gwdt_init(struct gwdt *w, const struct gwdt_ops *ops);

/* As after power-on: disabled, WS0 low, no timer. */
void gwdt_reset(struct gwdt *w);

/* mmio_fn of the two frames. -ENXIO: not 4 bytes, or not aligned. */
int gwdt_refresh_mmio(void *dev, struct mmio_op *op);
int gwdt_control_mmio(void *dev, struct mmio_op *op);

/* The time of set_timer() has come, or the counter goes on after it stood
 * still; early or spurious calls do no harm. */
void gwdt_timer(struct gwdt *w);

#endif
