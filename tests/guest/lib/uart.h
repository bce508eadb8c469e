/*
 * PL011 (Arm DDI 0183) at the address of QEMU virt's map, SPI 1.
 */
#ifndef PLINTH_GUEST_UART_H
#define PLINTH_GUEST_UART_H

#include "arm.h"

#define UART_BASE  UINT64_C(0x09000000)
#define UART_INTID 33

#define UARTDR    0x00
#define UARTRSR   0x04
#define UARTFR    0x18
#define UARTIBRD  0x24
#define UARTLCR_H 0x2c
#define UARTCR    0x30
#define UARTIFLS  0x34
#define UARTIMSC  0x38
#define UARTRIS   0x3c
#define UARTMIS   0x40
#define UARTICR   0x44

#define UARTFR_RXFE   BIT(4)
#define UARTFR_TXFF   BIT(5)
#define UARTINT_RX    BIT(4)
#define UARTINT_TX    BIT(5)
#define UARTINT_RT    BIT(6)
#define UARTINT_OE    BIT(10)
#define UARTDR_ERRORS GENMASK(11, 8)

static inline uint32_t uart_read(uint64_t reg)
{
	return mmio_read32(UART_BASE + reg);
}

static inline void uart_write(uint64_t reg, uint32_t v)
{
	mmio_write32(UART_BASE + reg, v);
}

static inline void uart_init(void)
{
	uart_write(UARTIMSC, 0);
	uart_write(UARTLCR_H, 0x70); /* 8 bits, FIFOs */
	uart_write(UARTCR, 0x301);   /* RXE, TXE, UARTEN */
}

static inline void uart_put(uint8_t c)
{
	while (uart_read(UARTFR) & UARTFR_TXFF)
		cpu_relax();
	uart_write(UARTDR, c);
}

static inline bool uart_has_input(void)
{
	return !(uart_read(UARTFR) & UARTFR_RXFE);
}

/* Waits for a byte. */
static inline uint8_t uart_get(void)
{
	while (!uart_has_input())
		cpu_relax();
	return (uint8_t)uart_read(UARTDR);
}

#endif
