/*
 * Registers of the emulated PL011 as its model (pl011.c) has them: offsets,
 * bits, reset values. Left out: what it does not look at. Arm DDI 0183.
 */
#ifndef PLINTH_HYP_VDEV_PL011_REGS_H
#define PLINTH_HYP_VDEV_PL011_REGS_H

#include <base/bits.h>

#define REG_DR    0x00
#define REG_RSR   0x04 /* write: ECR */
#define REG_FR    0x18
#define REG_ILPR  0x20
#define REG_IBRD  0x24
#define REG_FBRD  0x28
#define REG_LCR_H 0x2c
#define REG_CR    0x30
#define REG_IFLS  0x34
#define REG_IMSC  0x38
#define REG_RIS   0x3c
#define REG_MIS   0x40
#define REG_ICR   0x44
#define REG_DMACR 0x48
#define REG_ID    0xfe0 /* UARTPeriphID0..3, UARTPCellID0..3 */

#define DR_OE  0x800
#define RSR_OE 0x8

#define FR_CTS  BIT(0)
#define FR_DSR  BIT(1)
#define FR_DCD  BIT(2)
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define FR_RXFF BIT(6)
#define FR_TXFE BIT(7)
#define FR_RI   BIT(8)

#define LCR_H_FEN  BIT(4)
#define CR_UARTEN  BIT(0)
#define CR_LBE     BIT(7)
#define CR_TXE     BIT(8)
#define CR_RXE     BIT(9)
#define CR_DTR     BIT(10)
#define CR_RTS     BIT(11)
#define CR_OUT1    BIT(12)
#define CR_OUT2    BIT(13)
#define CR_RESET   (CR_RXE | CR_TXE)
#define IFLS_RX    GENMASK(5, 3)
#define IFLS_RESET 0x12

#define INT_RI  BIT(0)
#define INT_CTS BIT(1)
#define INT_DCD BIT(2)
#define INT_DSR BIT(3)
#define INT_RX  BIT(4)
#define INT_TX  BIT(5)
#define INT_RT  BIT(6)
#define INT_OE  BIT(10)

#endif
