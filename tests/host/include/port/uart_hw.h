/*
 * The transmitter of the machine's UART (host build): `regs` is the address of
 * a struct fake_uart, tests/host/fake_uart.h, or UART_HW_FULL.
 */
#ifndef PLINTH_PORT_UART_HW_H
#define PLINTH_PORT_UART_HW_H

#include <base/types.h>

#define UART_HW_FULL ((uintptr_t)0)

MUST_CHECK bool uart_hw_put(uintptr_t regs, uint8_t byte);

#endif
