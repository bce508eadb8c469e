/*
 * The transmitter of the machine's UART, a PL011 (EL2 build): what a guest's
 * text leaves by, so it is inline. The rest of that UART is drivers/pl011.c.
 * Arm DDI 0183, UARTDR and UARTFR.
 */
#ifndef PLINTH_PORT_UART_HW_H
#define PLINTH_PORT_UART_HW_H

#include <base/types.h>

#define UART_HW_DR   0x00U
#define UART_HW_FR   0x18U
#define UART_HW_TXFF 0x20U

/* Registers of a transmitter that never has room. */
static const uint32_t uart_hw_full[] = {[UART_HW_FR / 4] = UART_HW_TXFF};
#define UART_HW_FULL ((uintptr_t)uart_hw_full)

/* `regs`: the registers' address at EL2. False when the transmitter has no
 * room; the byte was not taken. Callers take turns. */
MUST_CHECK static inline bool uart_hw_put(uintptr_t regs, uint8_t byte)
{
	if (*(volatile uint32_t *)(regs + UART_HW_FR) & UART_HW_TXFF)
		return false;
	*(volatile uint32_t *)(regs + UART_HW_DR) = byte;
	return true;
}

#endif
