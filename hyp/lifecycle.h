/*
 * The life of a VM while others run: commands from outside, what follows when
 * a guest stops, restarts by policy. The states are enum vm_state.
 *
 *	          create            start              pause
 *	ABSENT ----------> OFF ------------> RUNNING --------> PAUSED
 *	   ^    destroy     |                 |    ^   resume    |
 *	   +----------------+ <-- STOPPING <--+----|-------------+
 *	                                 stop, reset, destroy
 *
 * A VM has an aim (vm.want), and a depth that it has to reach before (vm.floor:
 * a reset has RUNNING as its aim and goes through OFF). A command changes
 * these two and is judged by the aim, that is by what the commands before it
 * will have led to; so any sequence of commands means the same however fast it
 * comes. Getting there takes its time:
 *
 * - vCPUs leave their guests, or wait, each on its own pCPU. The pCPU of the
 *   last one goes on with what is next.
 * - Creation, loading and destruction take long. One pCPU that the VM may use
 *   does them, outside of guests, with no lock held; the VM is BUSY. Commands
 *   that come meanwhile are looked at when it is done.
 *
 * docs/design/08b-lifecycle.md.
 */
#ifndef PLINTH_HYP_LIFECYCLE_H
#define PLINTH_HYP_LIFECYCLE_H

#include <hyp/vm.h>

enum vm_command {
	VM_CREATE,  /* ABSENT -> OFF: memory, devices, vCPUs */
	VM_START,   /* OFF -> RUNNING, from pristine images */
	VM_PAUSE,   /* RUNNING -> PAUSED */
	VM_RESUME,  /* PAUSED -> RUNNING */
	VM_RESET,   /* as the guest's SYSTEM_RESET; PAUSED stays PAUSED */
	VM_HALT,    /* -> OFF, whatever the guest thinks of it */
	VM_DESTROY, /* -> ABSENT; all memory goes back */
	VM_COMMANDS
};

/*
 * From any pCPU, with no lock held that is above vm->lock. Returns before it is
 * done, and 0; the end of it is a line in the log. -EALREADY: that is where
 * the VM is, or goes, already. -EINVAL: not from there; nothing happens.
 */
MUST_CHECK int vm_command(struct vm *vm, enum vm_command cmd);

/* A word for a state, as users know it: "running". */
const char *vm_state_name(enum vm_state state);

/* Where the VM is; it may have changed by now. */
enum vm_state vm_state_now(struct vm *vm);

/*
 * For who looks at a VM that it does not run, on any pCPU: true, and what the
 * VM consists of (struct vm from `vcpus` on: memory, tables, vCPUs, virtual
 * GIC) stays as it is made until vm_leave(). False, and there is nothing to
 * look at. Between the two vm->lock is held: it is made, loaded and taken away
 * only by who made the VM BUSY, which takes that lock, and by the boot, before
 * anybody looks.
 */
MUST_CHECK bool vm_enter(struct vm *vm);
void vm_leave(struct vm *vm);

/* ------------------------------------------- between the files of the module
 */

/*
 * hyp/vm_load.c: zeroed RAM (unless `warm`), pristine images, devices, vGIC and
 * firmware as after power-on, time begins anew. The VM is BUSY. Errors name
 * the module.
 */
MUST_CHECK int vm_load(struct vm *vm, bool warm);

/* hyp/vm_vcpus.c, all with vm->lock held. */

/* vCPU 0 is ready to run; sched_start() follows without the lock. `paused`: it
 * will wait at once. */
void vm_boot_vcpu_locked(struct vm *vm, bool paused);

/* RUNNING, PAUSING or PAUSED -> STOPPING; otherwise nothing, and false. */
bool vm_stop_locked(struct vm *vm, enum vm_stop how, const char *why);

void vm_pause_locked(struct vm *vm);  /* RUNNING -> PAUSING */
void vm_resume_locked(struct vm *vm); /* PAUSING or PAUSED -> RUNNING */

/* hyp/lifecycle.c: before anything else; *vm is zeroed. */
void vm_life_init(struct vm *vm);

/* hyp/lifecycle.c: the last vCPU has left, the VM is BUSY; without the lock. */
void vm_stopped(struct vm *vm);

#endif
