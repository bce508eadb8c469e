/*
 * How the machine ended, left in EL2's memory for whoever owns the machine: a
 * debugger, or the script that runs QEMU, finds it by the symbol
 * plinth_exit_record. No guest can write it.
 *
 * The power state says the same in one bit: SYSTEM_OFF after success,
 * SYSTEM_RESET after anything else.
 *
 * Plinth's own layout, which scripts/launch/qemu.py reads:
 * docs/design/03-boot.md.
 */
#ifndef PLINTH_BOOT_EXIT_RECORD_H
#define PLINTH_BOOT_EXIT_RECORD_H

#include <hyp/hypervisor.h>

#define EXIT_RECORD_VERSION 1U

struct exit_record {
	char magic[8]; /* "PLNTHEND" once the machine has ended */
	uint32_t version;
	uint32_t kind;   /* enum end_kind */
	char vm[32];     /* which VM, NUL-terminated, or empty */
	char reason[80]; /* NUL-terminated */
};

extern struct exit_record plinth_exit_record;

/* Fills the record, makes it reach memory, ends the machine. */
NORETURN void machine_end(enum end_kind kind, const char *vm,
			  const char *reason);

/* The same for a boot that cannot go on: one line, and the boot-error status.
 */
NORETURN void machine_refuse(const char *why);

#endif
