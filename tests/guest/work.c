/*
 * A neighbour that notices everything: for `ms=N` milliseconds of its time
 * (boot argument) each CPU fills its memory with what can be told from anything
 * else, looks at it again, and at the clock; CPU 0 does the same with a disk,
 * if there is one. Prints `working`, then checks.
 */
#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/uart.h"

const char payload_name[] = "work";

#define WORDS    4096U
#define WORKERS  8U
#define DISK_SEC 16U

static struct worker {
	uint64_t memory[WORDS];
	uint64_t rounds, bad_memory, bad_clock;
} workers[WORKERS];

static uint64_t sectors[DISK_SEC * SECTOR / 8] __attribute__((aligned(512)));
static uint64_t bad_disk;
static volatile bool enough;

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void fill(uint64_t *p, unsigned n, uint64_t seed)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = next_random(&seed);
}

static uint64_t count_bad(const uint64_t *p, unsigned n, uint64_t seed)
{
	uint64_t bad = 0;

	for (unsigned i = 0; i < n; i++)
		bad += p[i] != next_random(&seed);
	return bad;
}

static void look_at_clock(struct worker *w, uint64_t *last)
{
	uint64_t now = time_now();

	w->bad_clock += now < *last;
	*last = now;
}

static void disk_round(uint64_t seed)
{
	const unsigned n = DISK_SEC * SECTOR / 8;
	uint64_t at = seed % 64 * DISK_SEC;

	fill(sectors, n, seed);
	bad_disk += blk_request1(BLK_T_OUT, at, sectors, sizeof(sectors)) != 0;
	fill(sectors, n, ~seed);
	bad_disk += blk_request1(BLK_T_IN, at, sectors, sizeof(sectors)) != 0;
	bad_disk += count_bad(sectors, n, seed);
}

static bool disk;

static void first_only(uint64_t seed)
{
	if (disk)
		disk_round(seed);
	if (uart_has_input())
		enough = true;
}

static void worker(void *arg)
{
	struct worker *w = &workers[this_cpu()->idx];
	uint64_t last = time_now();

	(void)arg;
	mmu_on();
	while (!enough) {
		uint64_t seed = last | 1;

		fill(w->memory, WORDS, seed);
		if (w == &workers[0])
			first_only(seed);
		look_at_clock(w, &last);
		w->bad_memory += count_bad(w->memory, WORDS, seed);
		w->rounds++;
	}
}

static bool start_disk(void)
{
	return vm_read(VM_DEVICE_ID) == 2 && virtio_start(BLK_FEATURES);
}

static void report(void)
{
	struct worker sum = {.rounds = 0};

	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		sum.rounds += workers[i].rounds;
		sum.bad_memory += workers[i].bad_memory;
		sum.bad_clock += workers[i].bad_clock;
	}
	check_note("%lu rounds", sum.rounds);
	CHECK("work_was_done", sum.rounds > 0);
	CHECK_EQ("memory_is_as_written", sum.bad_memory, 0);
	CHECK_EQ("disk_is_as_written", bad_disk, 0);
	CHECK_EQ("clock_goes_forward", sum.bad_clock, 0);
}

void payload_main(void)
{
	mmu_on();
	disk = start_disk();
	print("working\n");
	if (guest.nr_cpus > 1)
		CHECK("others_work", smp_start_all(worker));
	worker(NULL);
	CHECK("others_end", smp_wait_all_off());
	report();
	check_done();
}
