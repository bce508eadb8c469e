/*
 * The physical console: an Arm PL011 (DDI 0183). Polled transmit, interrupt
 * driven receive. Not locked: the console (hyp/console.h) serialises.
 */
#ifndef PLINTH_DRIVERS_PL011_H
#define PLINTH_DRIVERS_PL011_H

#include <base/types.h>

struct pl011_uart {
	uintptr_t base; /* EL2 virtual address */
};

/*
 * Enables the UART as firmware configured it: baud rate, line format and the
 * FIFO setting stay, because changing FEN would discard received bytes that a
 * user has typed already. All interrupts off.
 */
void pl011_uart_init(struct pl011_uart *u, uintptr_t base);

/* The next received byte, or -1. */
int pl011_uart_get(struct pl011_uart *u);

/* Receive and receive-timeout interrupts on or off. */
void pl011_uart_rx_irq(struct pl011_uart *u, bool on);
/* Transmit interrupt on or off. */
void pl011_uart_tx_irq(struct pl011_uart *u, bool on);

#endif
