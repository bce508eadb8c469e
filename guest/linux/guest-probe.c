/*
 * What plinth-guest-check asks of the running kernel and a shell cannot ask:
 * one system call interface a run.
 *
 *     plinth-guest-probe bpf|jit|perf|pmu|vsock|ptp
 *
 * Prints one line. Status 0: it works; 1: it does not; 2: the kernel has it,
 * the machine does not.
 *
 * A static arm64 program without a C library: call numbers and structures are
 * those of Linux' arm64 ABI (include/uapi/asm-generic/unistd.h, linux/bpf.h,
 * linux/perf_event.h, linux/vm_sockets.h), which do not change.
 */
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"

enum {
	SYS_openat = 56,
	SYS_read = 63,
	SYS_write = 64,
	SYS_exit_group = 94,
	SYS_clock_gettime = 113,
	SYS_socket = 198,
	SYS_socketpair = 199,
	SYS_setsockopt = 208,
	SYS_perf_event_open = 241,
	SYS_bpf = 280,
};

enum {
	WORKS,
	FAILS,
	ABSENT
};
enum {
	ENOENT = 2,
	ENODEV = 19,
	EOPNOTSUPP = 95
};

__asm__(".globl _start\n"
	"_start:\n"
	"	mov	x29, xzr\n"
	"	mov	x30, xzr\n"
	"	mov	x0, sp\n"
	"	b	start\n");

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static void print(const char *text)
{
	call(SYS_write, 1, (long)text, (long)length(text), 0, 0);
}

static void print_number(uint64_t n)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	print(&digits[at]);
}

/* A line for a call that returned `error`, a negative number. */
static int failed(const char *what, long error)
{
	print(what);
	print(": error ");
	print_number((uint64_t)-error);
	print("\n");
	return FAILS;
}

/* ---- bpf(2): a program that is loaded and decides over a packet */

struct bpf_insn {
	uint8_t code;
	uint8_t registers;
	int16_t offset;
	int32_t immediate;
};

/* The beginning of union bpf_attr for BPF_PROG_LOAD. */
struct bpf_prog_load {
	uint32_t type;
	uint32_t nr_insns;
	uint64_t insns;
	uint64_t license;
	uint32_t log_level, log_size;
	uint64_t log;
	uint32_t kernel_version, flags;
};

/* struct bpf_prog_info, as far as the length of the translated program. */
struct bpf_prog_info {
	uint32_t type, id;
	uint8_t tag[8];
	uint32_t jited_len, xlated_len;
};

struct bpf_get_info {
	uint32_t fd, len;
	uint64_t info;
};

enum {
	BPF_PROG_LOAD = 5,
	BPF_OBJ_GET_INFO_BY_FD = 15
};
enum {
	BPF_PROG_TYPE_SOCKET_FILTER = 1
};
enum {
	SOL_SOCKET = 1,
	SO_ATTACH_BPF = 50
};
enum {
	AF_UNIX = 1,
	AF_VSOCK = 40,
	SOCK_STREAM = 1,
	SOCK_DGRAM = 2
};

/* r0 = the first 8 bytes of each packet are kept; exit. */
static const struct bpf_insn keep_8[] = {
	{.code = 0xb7, .immediate = 8},
	{.code = 0x95},
};

static long load_filter(void)
{
	struct bpf_prog_load load = {
		.type = BPF_PROG_TYPE_SOCKET_FILTER,
		.nr_insns = sizeof(keep_8) / sizeof(keep_8[0]),
		.insns = (uintptr_t)keep_8,
		.license = (uintptr_t) "GPL",
	};

	return call(SYS_bpf, BPF_PROG_LOAD, (long)&load, sizeof(load), 0, 0);
}

static int probe_bpf(void)
{
	char packet[16] = {0};
	int pair[2], filter;
	long got = load_filter();

	if (got < 0)
		return failed("BPF_PROG_LOAD", got);
	filter = (int)got;
	got = call(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, (long)pair, 0);
	if (got < 0)
		return failed("socketpair", got);
	got = call(SYS_setsockopt, pair[1], SOL_SOCKET, SO_ATTACH_BPF,
		   (long)&filter, sizeof(filter));
	if (got < 0)
		return failed("SO_ATTACH_BPF", got);
	call(SYS_write, pair[0], (long)packet, sizeof(packet), 0, 0);
	got = call(SYS_read, pair[1], (long)packet, sizeof(packet), 0, 0);
	if (got != 8)
		return failed("the program did not run", -got);
	print("a socket filter cut its packet\n");
	return WORKS;
}

static int probe_jit(void)
{
	struct bpf_prog_info info = {0};
	struct bpf_get_info get = {
		.len = sizeof(info),
		.info = (uintptr_t)&info,
	};
	long got = load_filter();

	if (got < 0)
		return failed("BPF_PROG_LOAD", got);
	get.fd = (uint32_t)got;
	got = call(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, (long)&get, sizeof(get), 0,
		   0);
	if (got < 0)
		return failed("BPF_OBJ_GET_INFO_BY_FD", got);
	if (!info.jited_len)
		return failed("the program is interpreted", 0);
	print("programs are compiled\n");
	return WORKS;
}

/* ---- perf_event_open(2) */

/* PERF_ATTR_SIZE_VER0 of struct perf_event_attr. */
struct perf_event_attr {
	uint32_t type, size;
	uint64_t config, period, sample_type, read_format, flags;
	uint32_t wakeup, bp_type;
	uint64_t bp_addr;
};

enum {
	PERF_TYPE_HARDWARE = 0,
	PERF_TYPE_SOFTWARE = 1
};
enum {
	PERF_COUNT_HW_CPU_CYCLES = 0,
	PERF_COUNT_SW_TASK_CLOCK = 1
};

static int count(uint32_t type, uint64_t event)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = event,
	};
	uint64_t counted = 0;
	long fd = call(SYS_perf_event_open, (long)&attr, 0, -1, -1, 0);

	if (fd == -ENOENT || fd == -ENODEV || fd == -EOPNOTSUPP) {
		print("no counter for it\n");
		return ABSENT;
	}
	if (fd < 0)
		return failed("perf_event_open", fd);
	for (int i = 0; i < 100; i++)
		call(SYS_write, 1, (long)"", 0, 0, 0);
	call(SYS_read, fd, (long)&counted, sizeof(counted), 0, 0);
	if (!counted)
		return failed("the counter stands still", 0);
	print("it counts\n");
	return WORKS;
}

/* ---- the rest */

static int probe_vsock(void)
{
	long fd = call(SYS_socket, AF_VSOCK, SOCK_STREAM, 0, 0, 0);

	if (fd < 0)
		return failed("socket(AF_VSOCK)", fd);
	print("sockets of its family exist\n");
	return WORKS;
}

/* The clock of a PTP device, by the number that its descriptor stands for. */
static int probe_ptp(void)
{
	const long at_fdcwd = -100, clockfd = 3;
	int64_t now[2] = {0, 0};
	long fd = call(SYS_openat, at_fdcwd, (long)"/dev/ptp0", 0, 0, 0);
	long got;

	if (fd == -ENOENT || fd == -ENODEV) {
		print("no /dev/ptp0\n");
		return ABSENT;
	}
	if (fd < 0)
		return failed("/dev/ptp0", fd);
	got = call(SYS_clock_gettime, ~fd * 8 | clockfd, (long)now, 0, 0, 0);
	if (got < 0)
		return failed("clock_gettime", got);
	print_number((uint64_t)now[0]);
	print(" s since 1970\n");
	return WORKS;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static int probe(const char *name)
{
	if (same(name, "bpf"))
		return probe_bpf();
	if (same(name, "jit"))
		return probe_jit();
	if (same(name, "perf"))
		return count(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
	if (same(name, "pmu"))
		return count(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
	if (same(name, "vsock"))
		return probe_vsock();
	if (same(name, "ptp"))
		return probe_ptp();
	print("plinth-guest-probe: no such probe\n");
	return FAILS;
}

/* `stack` is what the kernel leaves there: argc, then argv. */
_Noreturn void start(const long *stack);

_Noreturn void start(const long *stack)
{
	const char *name = stack[0] > 1 ? (const char *)stack[2] : "";

	for (;;)
		call(SYS_exit_group, probe(name), 0, 0, 0, 0);
}
