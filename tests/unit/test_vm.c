#include "../host/sim.h"
static struct sim r;
static void boots(void **state)
{
	(void)state;
	sim_boot(&r, 2);
	assert_non_null(sim_vcpu(&r, 0));
	assert_null(sim_vcpu(&r, 1));
	sim_free(&r);
}
int main(void)
{
	const struct CMUnitTest t[] = { cmocka_unit_test(boots) };
	return cmocka_run_group_tests(t, NULL, NULL);
}
