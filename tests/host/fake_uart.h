/*
 * The machine's UART for tests of the console: so much room, so much typed,
 * which of its interrupts are on. Stands where drivers/pl011.c stands; its
 * contract is struct console_uart (hyp/console.h).
 */
#ifndef PLINTH_TESTS_FAKE_UART_H
#define PLINTH_TESTS_FAKE_UART_H

#include <hyp/console.h>

struct fake_uart {
	char out[1 << 17]; /* what was sent; see fake_uart_text() */
	unsigned nr_out;
	unsigned room;   /* bytes that it takes now */
	unsigned refill; /* and again after each refusal: time goes by */
	const char *in;  /* what is typed */
	size_t nr_in;
	bool rx_irq, tx_irq;
	/* Held whenever an interrupt is switched, or NULL: nobody looks. */
	const struct spinlock *irq_lock;
	unsigned nr_irq_unlocked;
};

/* Takes bytes in place of all fake_uarts; NULL: they do it. */
extern bool (*fake_uart_put)(uint8_t byte);

struct console_uart fake_uart_ops(struct fake_uart *u);

void fake_uart_type(struct fake_uart *u, const char *keys);

/* All that was sent, as a string; fails if it was more than `out` holds. */
const char *fake_uart_text(struct fake_uart *u);

#endif
