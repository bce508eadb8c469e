/*
 * The end of the machine: fills the record, cleans it to memory and asks the
 * firmware for the power state; contract in exit_record.h.
 * docs/design/03-boot.md, "The end of the machine".
 */
#include "exit_record.h"

#include <string.h>

#include <base/fmt.h>

#include <arch/aarch64/maint.h>

#include <drivers/power.h>

struct exit_record plinth_exit_record;

void machine_end(enum end_kind kind, const char *vm, const char *reason)
{
	struct exit_record *r = &plinth_exit_record;

	r->version = EXIT_RECORD_VERSION;
	r->kind = kind;
	(void)fmt_line(r->vm, sizeof(r->vm), "%s", vm ? vm : "");
	(void)fmt_line(r->reason, sizeof(r->reason), "%s",
		       reason ? reason : "");
	memcpy(r->magic, "PLNTHEND", sizeof(r->magic));
	dcache_clean_poc(r, sizeof(*r));
	if (kind == END_SUCCESS)
		power_system_off();
	power_system_reset();
}

void machine_refuse(const char *why)
{
	log_err("%s", why);
	machine_end(END_BOOT_ERROR, NULL, why);
}
