/*
 * A program for a Linux guest, with no library, compiled for SVE: computes
 * with vectors of the longest length, then keeps patterns in all vectors and
 * predicates in several processes at once, each with a length of its own,
 * while they take the CPUs from each other; a signal handler changes them all
 * meanwhile. Prints as the payloads of tests/guest do. Started by
 * tests/system/test_hardware.py. Linux: Documentation/arch/arm64/sve.rst.
 */
#include "linux.h"

#define SYS_exit           93
#define SYS_setitimer      103
#define SYS_ptrace         117
#define SYS_kill           129
#define SYS_rt_sigaction   134
#define SYS_prctl          167
#define SYS_getpid         172
#define SYS_clone          220
#define SYS_wait4          260
#define PR_SVE_SET_VL      50
#define PR_SVE_GET_VL      51
#define PR_SVE_VL_LEN_MASK 0xffff
#define PTRACE_TRACEME     0
#define PTRACE_CONT        7
#define PTRACE_GETREGSET   0x4204
#define NT_ARM_SVE         0x405
#define SIGALRM            14
#define SIGCHLD            17
#define SIGSTOP            19

#define NR_PROCESSES 4
#define ROUNDS       40
#define SPINS        1000000 /* longer than computing the patterns */
#define ALARM_US     10000
#define NR_VALUES    1000
#define QUAD         16
#define VL_MAX       (16 * QUAD)

static unsigned nr_ok, nr_failed;
static volatile unsigned alarms;

static void check(const char *name, int ok)
{
	*(ok ? &nr_ok : &nr_failed) += 1;
	say(ok ? "ok linux.sve." : "not ok linux.sve.");
	say(name);
	say(ok ? "\n" : ": it is not so\n");
}

/* ------------------------------------------------------------- computation */

static uint32_t a[NR_VALUES], b[NR_VALUES], c[NR_VALUES];

/* The compiler makes a loop of vectors of it, of any length. */
__attribute__((noinline, optimize("O3"))) static uint32_t product(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < NR_VALUES; i++) {
		c[i] = a[i] * b[i] + i;
		sum += c[i];
	}
	return sum;
}

static int computes(void)
{
	volatile uint32_t want = 0;

	for (unsigned i = 0; i < NR_VALUES; i++) {
		a[i] = i * 2654435761U;
		b[i] = i ^ 0x5a5a5a5aU;
		want = want + a[i] * b[i] + i;
	}
	return product() == want;
}

/* ------------------------------------------------------------------ patterns
 */

struct vectors {
	uint8_t z[32 * VL_MAX], p[16 * VL_MAX / 8];
} __attribute__((aligned(16)));

#define EACH_Z(insn)                                                           \
	insn(0) insn(1) insn(2) insn(3) insn(4) insn(5) insn(6) insn(7)        \
		insn(8) insn(9) insn(10) insn(11) insn(12) insn(13) insn(14)   \
			insn(15) insn(16) insn(17) insn(18) insn(19) insn(20)  \
				insn(21) insn(22) insn(23) insn(24) insn(25)   \
					insn(26) insn(27) insn(28) insn(29)    \
						insn(30) insn(31)
#define EACH_P(insn)                                                           \
	insn(0) insn(1) insn(2) insn(3) insn(4) insn(5) insn(6) insn(7)        \
		insn(8) insn(9) insn(10) insn(11) insn(12) insn(13) insn(14)   \
			insn(15)
#define LDR_Z(n)   "ldr	z" #n ", [%0, #" #n ", mul vl]\n"
#define LDR_P(n)   "ldr	p" #n ", [%3, #" #n ", mul vl]\n"
#define STR_Z(n)   "str	z" #n ", [%1, #" #n ", mul vl]\n"
#define STR_P(n)   "str	p" #n ", [%4, #" #n ", mul vl]\n"
#define ZERO_Z(n)  "mov	z" #n ".d, #0\n"
#define FALSE_P(n) "pfalse	p" #n ".b\n"
#define CLOBBERED                                                              \
	"memory", "z0", "z1", "z2", "z3", "z4", "z5", "z6", "z7", "z8", "z9",  \
		"z10", "z11", "z12", "z13", "z14", "z15", "z16", "z17", "z18", \
		"z19", "z20", "z21", "z22", "z23", "z24", "z25", "z26", "z27", \
		"z28", "z29", "z30", "z31", "p0", "p1", "p2", "p3", "p4",      \
		"p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13",      \
		"p14", "p15"

/* Nothing between the loads and the stores but interrupts and signals: system
 * calls leave no predicates and no more than the SIMD registers. */
static void hold(const struct vectors *in, struct vectors *out, long spins)
{
	__asm__ volatile(EACH_Z(LDR_Z)
				 EACH_P(LDR_P) "1:	subs	%2, %2, #1\n"
					       "b.ne	1b\n" EACH_Z(STR_Z)
						       EACH_P(STR_P)
			 : "+r"(in), "+r"(out), "+r"(spins)
			 : "r"(in->p), "r"(out->p)
			 : CLOBBERED, "cc");
}

/* All of them other than before. */
static void on_alarm(int signal)
{
	(void)signal;
	__asm__ volatile(EACH_Z(ZERO_Z) EACH_P(FALSE_P)::: CLOBBERED);
	alarms = alarms + 1;
}

static void fill(struct vectors *v, uint32_t seed)
{
	for (size_t i = 0; i < sizeof(*v); i++) {
		seed = seed * 1664525 + 1013904223;
		((uint8_t *)v)[i] = (uint8_t)(seed >> 24);
	}
}

static int same(const uint8_t *x, const uint8_t *y, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (x[i] != y[i])
			return 0;
	return 1;
}

static unsigned set_length(unsigned bytes)
{
	return (unsigned)(call(SYS_prctl, PR_SVE_SET_VL, bytes, 0, 0, 0) &
			  PR_SVE_VL_LEN_MASK);
}

/* ----------------------------------------------------------------- processes
 */

struct sigaction {
	void (*handler)(int);
	unsigned long flags;
	void *restorer; /* the kernel has one of its own */
	unsigned long mask;
};

static void start_alarms(void)
{
	static const struct sigaction how = {.handler = on_alarm};
	static const long timer[4] = {0, ALARM_US, 0, ALARM_US};

	(void)call(SYS_rt_sigaction, SIGALRM, (long)&how, 0, sizeof(how.mask),
		   0);
	(void)call(SYS_setitimer, 0, (long)timer, 0, 0, 0);
}

/* Status of process `n`: 0 when all is as it should be. */
static long keep(unsigned n, unsigned longest)
{
	static struct vectors in, out;
	unsigned len = set_length(longest - n % (longest / QUAD) * QUAD);

	start_alarms();
	for (unsigned i = 0; i < ROUNDS; i++) {
		fill(&in, n + i * NR_PROCESSES);
		hold(&in, &out, SPINS);
		if (!same(in.z, out.z, 32 * len))
			return 1;
		if (!same(in.p, out.p, 16 * len / 8))
			return 2;
	}
	return alarms ? 0 : 3;
}

static long start(void)
{
	return call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int processes_keep_their_own(unsigned longest)
{
	int good = 0;

	for (unsigned n = 0; n < NR_PROCESSES; n++)
		if (start() == 0)
			(void)call(SYS_exit, keep(n, longest), 0, 0, 0, 0);
	for (unsigned n = 0; n < NR_PROCESSES; n++) {
		int status = -1;

		(void)call(SYS_wait4, -1, (long)&status, 0, 0, 0);
		good += status == 0;
	}
	return good == NR_PROCESSES;
}

/* Header of the regset NT_ARM_SVE. */
struct user_sve_header {
	uint32_t size, max_size;
	uint16_t vl, max_vl, flags, reserved;
};

static int ptrace_tells_the_length(unsigned longest)
{
	struct user_sve_header h = {0};
	long iov[2] = {(long)&h, sizeof(h)}, child = start();
	int status;

	if (child == 0) {
		(void)set_length(QUAD);
		(void)call(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, 0);
		(void)call(SYS_kill, call(SYS_getpid, 0, 0, 0, 0, 0), SIGSTOP,
			   0, 0, 0);
		(void)call(SYS_exit, 0, 0, 0, 0, 0);
	}
	(void)call(SYS_wait4, child, (long)&status, 0, 0, 0);
	(void)call(SYS_ptrace, PTRACE_GETREGSET, child, NT_ARM_SVE, (long)iov,
		   0);
	(void)call(SYS_ptrace, PTRACE_CONT, child, 0, 0, 0);
	(void)call(SYS_wait4, child, (long)&status, 0, 0, 0);
	return h.vl == QUAD && h.max_vl == longest;
}

static void run(void)
{
	long now = call(SYS_prctl, PR_SVE_GET_VL, 0, 0, 0, 0);
	unsigned longest = set_length(VL_MAX);

	check("is_there", now > 0);
	if (now <= 0)
		return;
	say("# longest vector: ");
	say_number(longest);
	say(" bytes\n");
	check("computes", computes());
	check("ptrace_tells_the_length", ptrace_tells_the_length(longest));
	check("processes_keep_their_own", processes_keep_their_own(longest));
}

void _start(void);
void _start(void)
{
	run();
	say("done: ");
	say_number(nr_ok);
	say(" ok, ");
	say_number(nr_failed);
	say(" failed\n");
	for (;;)
		(void)call(SYS_exit, 0, 0, 0, 0, 0);
}
