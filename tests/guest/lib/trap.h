/*
 * EL1 exceptions of a payload. Between trap_expect() and trap_end() every
 * synchronous exception of this CPU is recorded, its instruction skipped (a
 * fetch from a bad address returns to the caller, x30); at any other time one
 * ends the program with a failed check. Interrupts go to irq_handler.
 */
#ifndef PLINTH_GUEST_TRAP_H
#define PLINTH_GUEST_TRAP_H

#include "cpu.h"

struct trap_frame {
	uint64_t x[31];
	uint64_t elr, spsr, esr, far;
	uint64_t pad;
};

_Static_assert(offsetof(struct trap_frame, elr) == 0xf8, "start.S");
_Static_assert(offsetof(struct trap_frame, esr) == 0x108, "start.S");
_Static_assert(sizeof(struct trap_frame) == 0x120, "start.S");

#define ESR_EC   GENMASK(31, 26)
#define ESR_IL   BIT(25)
#define ESR_FNV  BIT(10)
#define ESR_CM   BIT(8)
#define ESR_WNR  BIT(6)
#define ESR_DFSC GENMASK(5, 0)

#define EC_UNKNOWN    0x00
#define EC_SVC64      0x15
#define EC_IABT_LOW   0x20
#define EC_IABT_SAME  0x21
#define EC_PC_ALIGN   0x22
#define EC_DABT_LOW   0x24
#define EC_DABT_SAME  0x25
#define EC_BRK64      0x3c
#define DFSC_ADDRSIZE 0x00 /* + level */
#define DFSC_SEA      0x10 /* synchronous external abort */
#define DFSC_SEA_TTW  0x14 /* + level, on a table walk */
#define DFSC_ALIGN    0x21
#define DFSC_EXCL     0x35 /* unsupported exclusive or atomic */

void trap_expect(void);
/* What happened since trap_expect(); the last exception's registers. */
struct trap_record trap_end(void);

static inline unsigned trap_ec(const struct trap_record *t)
{
	return (unsigned)FIELD_GET(ESR_EC, t->esr);
}

static inline unsigned trap_dfsc(const struct trap_record *t)
{
	return (unsigned)FIELD_GET(ESR_DFSC, t->esr);
}

/* Called for an IRQ (fiq false) or FIQ with both masked; has to acknowledge. */
typedef void (*irq_handler_fn)(bool fiq);

extern irq_handler_fn irq_handler;

/* Runs fn(x0, x1) at EL0, with stage 1 off, and returns what it does. */
uint64_t el0_call(uint64_t (*fn)(uint64_t, void *), uint64_t x0, void *x1);

void trap_entry(struct trap_frame *f, uint64_t slot);

#endif
