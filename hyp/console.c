/*
 * The physical console: a ring of output, a transmitter that is asked when it
 * has room, input that is pulled only where there is room for it; contract in
 * console.h. Choosing among several guests is hyp/mux.c's.
 * docs/design/17-console.md.
 */
#include <errno.h>
#include <port/barrier.h>
#include <string.h>

#include <hyp/console.h>

void console_init(struct console *c, const struct console_uart *uart)
{
	memset(c, 0, sizeof(*c));
	c->uart = *uart;
	c->held = -1;
	c->regs = uart->regs;
	c->last = '\n';
}

static uint32_t ring_used(const struct console *c)
{
	return c->tx_head - c->tx_tail;
}

static void drain_tx_locked(struct console *c)
{
	while (ring_used(c) && uart_hw_put(console_regs(c),
					   c->tx[c->tx_tail % CONSOLE_TX_RING]))
		c->tx_tail++;
}

/* Straight to the UART while it keeps up, else into the ring. */
static int put_locked(struct console *c, uint8_t byte)
{
	if (console_straight_locked(c, byte))
		return CONSOLE_TX_RING;
	if (ring_used(c) == CONSOLE_TX_RING)
		return -EAGAIN;
	if (!ring_used(c))
		c->uart.tx_irq(c->uart.ctx, true);
	c->tx[c->tx_head++ % CONSOLE_TX_RING] = byte;
	c->last = byte;
	return (int)(CONSOLE_TX_RING - ring_used(c));
}

int console_put(struct console *c, uint8_t byte)
{
	int room;

	spin_lock(&c->tx_lock);
	room = put_locked(c, byte);
	if (room <= 0)
		c->tx_blocked = true;
	spin_unlock(&c->tx_lock);
	return room;
}

size_t console_send(struct console *c, const uint8_t *data, size_t len)
{
	size_t n = 0;

	spin_lock(&c->tx_lock);
	while (n < len && console_straight_locked(c, data[n]))
		n++;
	while (n < len && put_locked(c, data[n]) >= 0)
		n++;
	if (n < len)
		c->tx_blocked = true;
	spin_unlock(&c->tx_lock);
	return n;
}

/* The transmit interrupt stays as it is, even when the ring runs empty: it is
 * what will tell a guest of the room. */
static void put_wait_locked(struct console *c, uint8_t byte)
{
	while (put_locked(c, byte) < 0) {
		drain_tx_locked(c);
		cpu_relax();
	}
}

bool console_reserve(struct console *c, unsigned len)
{
	bool ok;

	spin_lock(&c->tx_lock);
	drain_tx_locked(c);
	ok = CONSOLE_TX_RING - ring_used(c) >= len;
	if (!ok) /* it is not empty, so the interrupt is on */
		c->tx_blocked = true;
	spin_unlock(&c->tx_lock);
	return ok;
}

void console_write(struct console *c, const void *data, size_t len)
{
	const uint8_t *byte = data;

	spin_lock(&c->tx_lock);
	for (; len; len--)
		(void)put_locked(c, *byte++);
	spin_unlock(&c->tx_lock);
}

void console_want_room(struct console *c)
{
	spin_lock(&c->tx_lock);
	c->tx_blocked = true;
	c->uart.tx_irq(c->uart.ctx, true);
	spin_unlock(&c->tx_lock);
}

bool console_drain(struct console *c)
{
	bool empty;

	spin_lock(&c->tx_lock);
	drain_tx_locked(c);
	empty = !ring_used(c);
	spin_unlock(&c->tx_lock);
	return empty;
}

void console_line(struct console *c, const char *text)
{
	if (c->log) {
		c->log(c->log_ctx, text);
		return;
	}
	spin_lock(&c->tx_lock);
	if (c->last != '\n') {
		put_wait_locked(c, '\r');
		put_wait_locked(c, '\n');
	}
	for (; *text; text++)
		put_wait_locked(c, (uint8_t)*text);
	put_wait_locked(c, '\r');
	put_wait_locked(c, '\n');
	spin_unlock(&c->tx_lock);
}

static void set_rx_irq(struct console *c, bool on)
{
	spin_lock(&c->tx_lock);
	c->uart.rx_irq(c->uart.ctx, on);
	spin_unlock(&c->tx_lock);
}

/* The byte that comes next: one that was held back, or the UART's; or -1. */
static int next_rx_locked(struct console *c)
{
	int byte = c->held;

	c->held = -1;
	return byte >= 0 ? byte : c->uart.get(c->uart.ctx);
}

/* Whether the UART has run empty before a byte was refused. */
static bool pump_batch_locked(struct console *c)
{
	int byte;

	while ((byte = next_rx_locked(c)) >= 0) {
		if (!c->sink.push(c->sink.ctx, (uint8_t)byte)) {
			c->held = byte;
			break;
		}
	}
	if (c->sink.flush)
		c->sink.flush(c->sink.ctx);
	return byte < 0;
}

/* Receive interrupts are on exactly while nothing has been refused. */
static void pump_rx_locked(struct console *c)
{
	bool empty;

	if (!c->sink.push)
		return;
	do {
		empty = pump_batch_locked(c);
	} while (!empty && c->sink.flush && c->sink.room(c->sink.ctx));
	set_rx_irq(c, empty);
}

/* True when somebody who waits for room can be told now. */
static bool pump_tx(struct console *c)
{
	bool wake;

	spin_lock(&c->tx_lock);
	drain_tx_locked(c);
	wake = c->tx_blocked && ring_used(c) < CONSOLE_TX_RING;
	if (wake)
		c->tx_blocked = false;
	if (!ring_used(c))
		c->uart.tx_irq(c->uart.ctx, false);
	spin_unlock(&c->tx_lock);
	return wake;
}

void console_pump(struct console *c)
{
	bool wake = pump_tx(c);

	spin_lock(&c->rx_lock);
	if (wake && c->sink.tx_ready)
		c->sink.tx_ready(c->sink.ctx);
	pump_rx_locked(c);
	spin_unlock(&c->rx_lock);
}

void console_attach(struct console *c, const struct console_sink *sink)
{
	spin_lock(&c->rx_lock);
	c->sink = *sink;
	pump_rx_locked(c);
	spin_unlock(&c->rx_lock);
}

void console_panic_begin(struct console *c)
{
	__atomic_store_n(&c->regs, UART_HW_FULL, __ATOMIC_RELEASE);
	if (c->last != '\n')
		console_panic_puts(c, "\r\n");
}

void console_panic_puts(struct console *c, const char *text)
{
	for (; *text; text++)
		while (!uart_hw_put(c->uart.regs, (uint8_t)*text))
			cpu_relax();
}
