/* Exit counts of a VM, by reason: for the command line's `stats`. */
#ifndef PLINTH_HYP_STATS_H
#define PLINTH_HYP_STATS_H

struct vm;

/* One line a reason, most interesting facts only; no vCPU runs. */
void stats_print(const struct vm *vm);

/* Starts counting anew, at a VM's start. */
void stats_reset(struct vm *vm);

#endif
