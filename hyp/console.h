/*
 * The one physical console: log lines of the hypervisor and, for the single
 * guest that has it, raw pass-through in both directions.
 *
 * No byte is dropped between the physical UART and the guest's data register:
 * while the guest's UART has no room, one byte is held here, the others stay in
 * the physical FIFO (and so with the sender) and the physical receive interrupt
 * is off. By the byte that it refuses the guest's UART knows that input waits.
 *
 * Locks: rx_lock > (the guest UART's lock) > tx_lock > nothing. Input takes
 * rx_lock and pushes into the guest's UART under it; output is called by the
 * guest's UART with its own lock held, or of text with none, and takes tx_lock.
 * The interrupt mask of the physical UART is changed under tx_lock only.
 *
 * Plinth's own: docs/design/09-mmio.md; the lock order is
 * docs/design/13-locking.md.
 */
#ifndef PLINTH_HYP_CONSOLE_H
#define PLINTH_HYP_CONSOLE_H

#include <port/spinlock.h>
#include <port/uart_hw.h>

#include <base/types.h>

#define CONSOLE_TX_RING 4096U /* bytes, a power of two */

struct console_uart {
	uintptr_t regs;        /* its transmitter, for uart_hw_put() */
	int (*get)(void *ctx); /* -1: nothing there */
	void (*rx_irq)(void *ctx, bool on);
	void (*tx_irq)(void *ctx, bool on);
	void *ctx;
};

/* The guest that has the console. */
struct console_sink {
	/* Bytes of input it takes now; asked while there are some. */
	size_t (*room)(void *ctx);
	/* One byte of input. False: there is no room, and the guest's device
	 * will have console_pump() called when there is. */
	bool (*push)(void *ctx, uint8_t byte);
	void (*tx_ready)(void *ctx); /* room again after -EAGAIN or 0 */
	void *ctx;
	/* No more comes for now; there may be room() again. NULL: not told. */
	void (*flush)(void *ctx);
};

struct console {
	struct console_uart uart; /* constant */
	uintptr_t regs; /* uart's; UART_HW_FULL when the crash report has it */

	struct spinlock rx_lock; /* guards sink and the UART's receiver */
	struct console_sink sink;
	int held; /* a byte that the guest did not take, or -1; rx_lock */

	/* Where lines go instead, if that is not NULL; constant after boot. */
	void (*log)(void *ctx, const char *text);
	void *log_ctx;

	struct spinlock tx_lock; /* guards what follows, and the sender */
	uint8_t last;            /* the last byte written; at first a newline */
	bool tx_blocked;         /* somebody was told that there is no room */
	uint32_t tx_head, tx_tail; /* free running */
	uint8_t tx[CONSOLE_TX_RING];
};

static inline uintptr_t console_regs(const struct console *c)
{
	return __atomic_load_n(&c->regs, __ATOMIC_RELAXED);
}

/* Of console_put_straight(), by who holds tx_lock. */
static inline bool console_straight_locked(struct console *c, uint8_t byte)
{
	if (c->tx_head != c->tx_tail || !uart_hw_put(console_regs(c), byte))
		return false;
	c->last = byte;
	return true;
}

/* Nobody attached, nothing waiting. `uart` is copied. Boot CPU only. */
void console_init(struct console *c, const struct console_uart *uart);

/* Input goes here from now on; waiting input is delivered at once. */
void console_attach(struct console *c, const struct console_sink *sink);

/*
 * A byte of guest output. Returns how many more are taken at the least, or
 * -EAGAIN when this one was not; after 0 or -EAGAIN sink.tx_ready() follows.
 */
MUST_CHECK int console_put(struct console *c, uint8_t byte);

/*
 * The same where the byte goes straight to the UART: true. False: nothing has
 * happened. Inline, for of a guest that prints nearly all exits come by.
 */
MUST_CHECK static inline bool console_put_straight(struct console *c,
						   uint8_t byte)
{
	bool done;

	spin_lock(&c->tx_lock);
	done = console_straight_locked(c, byte);
	spin_unlock(&c->tx_lock);
	return done;
}

/* Takes as many of a guest's bytes as there is room for, and returns how many;
 * after less than `len` sink.tx_ready() follows. */
MUST_CHECK size_t console_send(struct console *c, const uint8_t *data,
			       size_t len);

/*
 * For who writes more than a byte at a time: whether that many fit, at most
 * CONSOLE_TX_RING. If not, sink.tx_ready() follows when there is some room.
 * Who asks is alone, and so can rely on the answer until console_write().
 */
MUST_CHECK bool console_reserve(struct console *c, unsigned len);
void console_write(struct console *c, const void *data, size_t len);

/* sink.tx_ready() comes soon, by the UART's interrupt. */
void console_want_room(struct console *c);

/* Moves what the UART takes now; true when nothing is left. */
bool console_drain(struct console *c);

/* One whole line (without newline) of the hypervisor; waits for room, or goes
 * to c->log. */
void console_line(struct console *c, const char *text);

/* Moves what can be moved in both directions: the UART's interrupt, or room
 * in the guest's UART. No lock of a guest's UART is held. */
void console_pump(struct console *c);

/* For the crash report, which takes no lock: from here on nobody else finds
 * room. Begins a line. Called once. */
void console_panic_begin(struct console *c);

/* After console_panic_begin(). Waits for the transmitter. */
void console_panic_puts(struct console *c, const char *text);

#endif
