/*
 * A UART in software; contract in fake_uart.h. What is sent beyond its buffer
 * begins anew at the front, for who does not look.
 * docs/design/12-testing.md.
 */
#include "fake_uart.h"

#include <string.h>

#include "host.h"

bool (*fake_uart_put)(uint8_t byte);

bool uart_hw_put(uintptr_t regs, uint8_t byte)
{
	struct fake_uart *u = (void *)regs;

	if (regs == UART_HW_FULL)
		return false;
	if (fake_uart_put)
		return fake_uart_put(byte);
	if (!u->room) {
		u->room = u->refill;
		return false;
	}
	u->room--;
	u->out[u->nr_out++ % sizeof(u->out)] = (char)byte;
	return true;
}

static int get(void *ctx)
{
	struct fake_uart *u = ctx;

	if (!u->nr_in)
		return -1;
	u->nr_in--;
	return (uint8_t)*u->in++;
}

static void look_at_lock(struct fake_uart *u)
{
	u->nr_irq_unlocked += u->irq_lock && !spin_is_held(u->irq_lock);
}

static void rx_irq(void *ctx, bool on)
{
	struct fake_uart *u = ctx;

	look_at_lock(u);
	u->rx_irq = on;
}

static void tx_irq(void *ctx, bool on)
{
	struct fake_uart *u = ctx;

	look_at_lock(u);
	u->tx_irq = on;
}

struct console_uart fake_uart_ops(struct fake_uart *u)
{
	return (struct console_uart){(uintptr_t)u, get, rx_irq, tx_irq, u};
}

void fake_uart_type(struct fake_uart *u, const char *keys)
{
	u->in = keys;
	u->nr_in = strlen(keys);
}

const char *fake_uart_text(struct fake_uart *u)
{
	assert_true(u->nr_out < sizeof(u->out));
	u->out[u->nr_out] = '\0';
	return u->out;
}
