/*
 * The lines of the crash report, one function a part. They take no lock, trust
 * no pointer that they follow further than they must, and print nothing before
 * there is a console. Called by the one pCPU that reports (boot/panic.c).
 * Arm ARM DDI 0487, ESR_EL2, for the syndromes; docs/design/04-exceptions.md.
 */
#ifndef PLINTH_BOOT_CRASH_REPORT_H
#define PLINTH_BOOT_CRASH_REPORT_H

#include <base/types.h>

/* One line. */
PRINTF_LIKE(1, 2) void report_say(const char *fmt, ...);

/* Which pCPU this is and the vCPU that is loaded on it. */
void report_where(void);

/* `word`, an address and the function that holds it. `ret`: it is where a call
 * returns to. */
void report_address(const char *word, uint64_t pc, bool ret);

/* The return addresses of the chain of frame records that begins at `fp`, as
 * far as it is in this pCPU's stacks. */
void report_backtrace(uint64_t fp);

/* This pCPU's last exits, newest first. */
void report_exits(void);

/* A line for every other pCPU: whether it stopped, and what it did. */
void report_cpus(void);

/* Lines that were said before and are not on the terminal. They come last: of
 * all that is looked at, they are the most likely to be spoilt. */
void report_unsent(void);

#endif
