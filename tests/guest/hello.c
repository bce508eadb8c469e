/*
 * The smallest payload: says where it runs, and turns the VM off.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/print.h"
#include "lib/timer.h"

const char payload_name[] = "hello";

void payload_main(void)
{
	uint64_t before;

	print("mpidr 0x%lx\n", read_mpidr_el1());
	print("currentel %u\n", (unsigned)(read_currentel() >> 2));
	print("cntfrq %lu\n", read_cntfrq_el0());
	CHECK_EQ("runs_at_el1", read_currentel() >> 2, 1);
	CHECK("counter_frequency_is_set", read_cntfrq_el0() != 0);
	before = time_now();
	CHECK("counter_counts", WAIT_FOR(time_now() > before));
}
