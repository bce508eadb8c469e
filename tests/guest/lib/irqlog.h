/*
 * Interrupts taken, per CPU and in order: acknowledge, log, a hook of the
 * test, end of interrupt. irq_log_start() installs it as irq_handler.
 */
#ifndef PLINTH_GUEST_IRQLOG_H
#define PLINTH_GUEST_IRQLOG_H

#include "gic.h"
#include "timer.h"
#include "trap.h"

#define IRQ_LOG_MAX 128

struct irq_log {
	volatile unsigned nr; /* taken; the first IRQ_LOG_MAX are kept */
	volatile unsigned spurious, fiqs;
	volatile uint16_t intid[IRQ_LOG_MAX];
	volatile uint8_t rpr[IRQ_LOG_MAX]; /* running priority in the handler */
};

extern struct irq_log irq_logs[CPU_MAX];

/* Between acknowledge and end of interrupt; interrupts are masked. */
typedef void (*irq_hook_fn)(unsigned intid);

/* Empties this CPU's log and sets the hook of all CPUs (NULL for none). */
void irq_log_start(irq_hook_fn hook);
/* EOImode 1: the handler only drops the priority. */
void irq_log_keep_active(bool keep);

static inline struct irq_log *irq_log(void)
{
	return &irq_logs[this_cpu()->idx];
}

/* Unmasks until `n` are logged, or WAIT_US; then masks. */
bool irq_take(unsigned n);
/* Unmasks for a while; whether nothing came. */
bool irq_none(void);

#endif
