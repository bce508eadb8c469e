/*
 * A Plinth that breaks down at a guest's first firmware call: each file beside
 * this one is linked in the place of firmware_call() (ld --wrap) and breaks an
 * invariant of its own. break_down() is called through one more function, so
 * that the backtrace has something to show.
 */
#ifndef PLINTH_TESTS_PANIC_H
#define PLINTH_TESTS_PANIC_H

#include <base/panic.h>

#include <hyp/firmware.h>
#include <hyp/vcpu.h>

void __wrap_firmware_call(struct vcpu *v);
void __real_firmware_call(struct vcpu *v);

/* Nor cloned, nor split: the names in the backtrace are those in the source. */
#define NOINLINE       __attribute__((noipa))
/* After a call: keeps it from being a jump. */
#define NO_TAIL_CALL() __asm__ volatile("" ::: "memory")

#define ON_FIRMWARE_CALL(break_down)                                           \
	static NOINLINE void go_on(struct vcpu *v)                             \
	{                                                                      \
		break_down(v);                                                 \
		NO_TAIL_CALL();                                                \
	}                                                                      \
	void __wrap_firmware_call(struct vcpu *v)                              \
	{                                                                      \
		go_on(v);                                                      \
		NO_TAIL_CALL();                                                \
	}

#endif
