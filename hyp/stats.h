/*
 * What a VM's life cost: exits by reason, and how many pages are left. For the
 * command line's `stats`; printed when the life ends, by a reset or for good.
 * The counts are Plinth's own; no specification has a say in them.
 */
#ifndef PLINTH_HYP_STATS_H
#define PLINTH_HYP_STATS_H

#include <base/types.h>

struct hypervisor;
struct vm;

/*
 * One line for each reason that occurred, one with their sum, one with the
 * memory that the VM has, and one with the pages that the allocator has free
 * (where none came on demand the same after every life, unless something keeps
 * memory). No vCPU of the VM runs; no lock is held.
 */
void stats_print(struct vm *vm);

/*
 * Where the machine's memory is: one line for all of it, then one for each VM
 * with its RAM, the memory taken for that, and how much of its images is
 * shared. `text` has no newline and lives as long as the call. May be called at
 * any time; the lines are not of one moment.
 */
void stats_memory(struct hypervisor *h,
		  void (*line)(void *ctx, const char *text), void *ctx);

/* Starts counting anew, at a VM's start. */
void stats_reset(struct vm *vm);

#endif
