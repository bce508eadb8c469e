/*
 * A system call of Linux, for programs without a C library.
 * Linux: arch/arm64/kernel/syscall.c; AAPCS64 for the registers.
 */
#ifndef PLINTH_GUEST_LINUX_SYSCALL_H
#define PLINTH_GUEST_LINUX_SYSCALL_H

/* Its result, or an error number, negative. */
static inline long call(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}

#endif
