/*
 * Physical PL011: bytes in while there are any, and the interrupts that tell of
 * them and of room; contract in pl011.h. Bytes out are port/uart_hw.h's.
 * Left out: DMA, modem lines, line errors. Registers from Arm DDI 0183.
 */
#include <base/bits.h>

#include <drivers/io.h>
#include <drivers/pl011.h>

#define UARTDR   0x00
#define UARTFR   0x18
#define UARTCR   0x30
#define UARTIMSC 0x38

#define FR_RXFE BIT(4)

#define CR_UARTEN BIT(0)
#define CR_TXE    BIT(8)
#define CR_RXE    BIT(9)

#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)

void pl011_uart_init(struct pl011_uart *u, uintptr_t base)
{
	u->base = base;
	io_write32(base + UARTIMSC, 0);
	io_write32(base + UARTCR,
		   io_read32(base + UARTCR) |
			   (uint32_t)(CR_UARTEN | CR_TXE | CR_RXE));
}

int pl011_uart_get(struct pl011_uart *u)
{
	if (io_read32(u->base + UARTFR) & FR_RXFE)
		return -1;
	return (int)(io_read32(u->base + UARTDR) & 0xff);
}

static void irq_mask(struct pl011_uart *u, uint32_t bits, bool on)
{
	uint32_t imsc = io_read32(u->base + UARTIMSC);

	io_write32(u->base + UARTIMSC, on ? imsc | bits : imsc & ~bits);
}

void pl011_uart_rx_irq(struct pl011_uart *u, bool on)
{
	irq_mask(u, (uint32_t)(INT_RX | INT_RT), on);
}

void pl011_uart_tx_irq(struct pl011_uart *u, bool on)
{
	irq_mask(u, (uint32_t)INT_TX, on);
}
