/*
 * A program for a Linux guest, with no library: counts its own instructions
 * and cycles with the CPU's counters, and lets a hardware watchpoint and a
 * breakpoint of ptrace stop a child. Prints as the payloads of tests/guest do.
 * Started by tests/system/test_hardware.py; the instruction event exists on the
 * emulator only when it counts instructions. Linux: perf_event_open(2),
 * ptrace(2), struct user_hwdebug_state.
 */
#include "linux.h"

#define SYS_ioctl           29
#define SYS_read            63
#define SYS_exit_group      94
#define SYS_ptrace          117
#define SYS_kill            129
#define SYS_getpid          172
#define SYS_clone           220
#define SYS_perf_event_open 241
#define SYS_wait4           260

#define SIGTRAP 5
#define SIGCHLD 17
#define SIGSTOP 19

#define PERF_COUNT_CYCLES       0
#define PERF_COUNT_INSTRUCTIONS 1
#define PERF_DISABLED           1U
#define PERF_EXCLUDE_KERNEL     (1U << 5)
#define PERF_IOC_ENABLE         0x2400
#define PERF_IOC_DISABLE        0x2401

#define PTRACE_TRACEME    0
#define PTRACE_CONT       7
#define PTRACE_KILL       8
#define PTRACE_GETSIGINFO 0x4202
#define PTRACE_SETREGSET  0x4205
#define NT_ARM_HW_BREAK   0x402
#define NT_ARM_HW_WATCH   0x403
#define TRAP_HWBKPT       4
#define HW_EL0_ON         (2U << 1 | 1U)
#define HW_WATCH_STORE_8  (0xffU << 5 | 2U << 3 | HW_EL0_ON)
#define HW_BREAK_4        (0xfU << 5 | HW_EL0_ON)

/* ------------------------------------------------------------------ output */

static unsigned nr_ok, nr_failed;

static void check(const char *name, int good, uint64_t seen)
{
	if (good)
		nr_ok++;
	else
		nr_failed++;
	say(good ? "ok " : "not ok ");
	say(name);
	if (!good) {
		say(": ");
		say_number(seen);
	}
	say("\n");
}

/* ---------------------------------------------------------------- counters */

struct perf_attr {
	uint32_t type, size;
	uint64_t config, period, sample_type, read_format, flags;
	uint32_t wakeup, bp_type;
	uint64_t config1;
};

#define ROUNDS UINT64_C(1000000)

/* Two instructions a round. */
static void work(void)
{
	uint64_t n = ROUNDS;

	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n)::"cc");
}

static uint64_t counted(unsigned event)
{
	struct perf_attr a = {.size = sizeof(a),
			      .config = event,
			      .flags = PERF_DISABLED | PERF_EXCLUDE_KERNEL};
	uint64_t value = 0;
	long fd = call(SYS_perf_event_open, (long)&a, 0, -1, -1, 0);

	if (fd < 0)
		return 0;
	(void)call(SYS_ioctl, fd, PERF_IOC_ENABLE, 0, 0, 0);
	work();
	(void)call(SYS_ioctl, fd, PERF_IOC_DISABLE, 0, 0, 0);
	(void)call(SYS_read, fd, (long)&value, sizeof(value), 0, 0);
	return value;
}

#define TRIES 16

/*
 * An interrupt within the work may cost some instructions of user mode more:
 * what the work itself counts is the least of several, and comes again.
 */
static void check_counters(void)
{
	uint64_t least = counted(PERF_COUNT_INSTRUCTIONS), same = 0;
	uint64_t cycles = counted(PERF_COUNT_CYCLES);

	for (unsigned i = 1; i < TRIES; i++) {
		uint64_t n = counted(PERF_COUNT_INSTRUCTIONS);

		same = n < least ? 0 : same + (n == least);
		least = n < least ? n : least;
	}
	check("instructions_are_counted",
	      least >= 2 * ROUNDS && least < 2 * ROUNDS + 1000, least);
	check("the_same_work_counts_the_same", same > 0, same);
	check("cycles_are_counted", cycles > 0, cycles);
}

/* ---------------------------------------------- watchpoint and breakpoint */

static volatile uint64_t watched;

static __attribute__((noipa)) void landmark(void)
{
	__asm__ volatile("nop");
}

static void child(void)
{
	(void)call(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, 0);
	(void)call(SYS_kill, call(SYS_getpid, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0);
	watched = 1;
	landmark();
	(void)call(SYS_exit_group, 0, 0, 0, 0, 0);
}

struct hw_state {
	uint32_t info, pad;
	uint64_t address;
	uint32_t control, pad2;
};

struct siginfo {
	int32_t signo, err, code, pad;
	uint64_t address;
	uint64_t rest[13];
};

/* Where the child stopped for the one debug register that was set. */
static uint64_t stopped_at(long set, uint64_t address, uint32_t control)
{
	struct hw_state hw = {.address = address, .control = control};
	struct {
		void *base;
		size_t len;
	} io = {&hw, sizeof(hw)};
	struct siginfo info = {0};
	int status = 0;
	long pid = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		child();
	(void)call(SYS_wait4, pid, (long)&status, 0, 0, 0);
	if (call(SYS_ptrace, PTRACE_SETREGSET, pid, set, (long)&io, 0) == 0) {
		(void)call(SYS_ptrace, PTRACE_CONT, pid, 0, 0, 0);
		(void)call(SYS_wait4, pid, (long)&status, 0, 0, 0);
		(void)call(SYS_ptrace, PTRACE_GETSIGINFO, pid, 0, (long)&info,
			   0);
	}
	(void)call(SYS_ptrace, PTRACE_KILL, pid, 0, 0, 0);
	return info.signo == SIGTRAP && info.code == TRAP_HWBKPT ? info.address
								 : 0;
}

static void check_debug(void)
{
	uint64_t data = (uint64_t)(uintptr_t)&watched;
	uint64_t code = (uint64_t)(uintptr_t)landmark;
	uint64_t at = stopped_at(NT_ARM_HW_WATCH, data, HW_WATCH_STORE_8);

	check("watchpoint_fires", at == data, at);
	at = stopped_at(NT_ARM_HW_BREAK, code, HW_BREAK_4);
	check("breakpoint_fires", at == code, at);
	check("child_stored_in_its_own_memory", watched == 0, watched);
}

void _start(void);
void _start(void)
{
	check_counters();
	check_debug();
	say("done: ");
	say_number(nr_ok);
	say(" ok, ");
	say_number(nr_failed);
	say(" failed\n");
	(void)call(SYS_exit_group, nr_failed != 0, 0, 0, 0, 0);
	__builtin_unreachable();
}
