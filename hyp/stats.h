/*
 * What a VM's life cost: exits by reason, and how many pages are left. For the
 * command line's `stats`; printed when the life ends, by a reset or for good.
 * The counts are Plinth's own; no specification has a say in them.
 */
#ifndef PLINTH_HYP_STATS_H
#define PLINTH_HYP_STATS_H

struct vm;

/*
 * One line for each reason that occurred, one with their sum, and one with the
 * pages that the allocator has free: the same after every life, unless
 * something keeps memory. No vCPU of the VM runs; no lock is held.
 */
void stats_print(const struct vm *vm);

/* Starts counting anew, at a VM's start. */
void stats_reset(struct vm *vm);

#endif
