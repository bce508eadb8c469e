/* Emulated PL031: offsets and identification from DDI 0224. */
#include <errno.h>
#include <string.h>

#include <hyp/vdev/pl031.h>

#include "../host/host.h"

#define DR   0x00
#define MR   0x04
#define LR   0x08
#define CR   0x0c
#define IMSC 0x10
#define RIS  0x14
#define MIS  0x18
#define ICR  0x1c

#define START UINT64_C(1767225600) /* 2026-01-01 */

static struct fix {
	struct pl031 rtc;
	uint64_t now, alarm;
	unsigned nr_alarms;
	bool irq;
} fx;

static uint64_t now_seconds(void *ctx)
{
	return ((struct fix *)ctx)->now;
}

static void set_irq(void *ctx, bool level)
{
	struct fix *f = ctx;

	assert_true(level != f->irq);
	f->irq = level;
}

static void set_alarm(void *ctx, uint64_t at)
{
	struct fix *f = ctx;

	f->alarm = at;
	f->nr_alarms++;
}

static void init(bool with_alarm)
{
	struct pl031_ops ops = {now_seconds, set_irq,
				with_alarm ? set_alarm : NULL, &fx};

	memset(&fx, 0, sizeof(fx));
	fx.now = START;
	pl031_init(&fx.rtc, &ops);
}

static int setup(void **state)
{
	(void)state;
	init(true);
	return 0;
}

static int access(uint64_t reg, unsigned size, bool write, uint64_t *value)
{
	struct mmio_op op = {.offset = reg,
			     .size = (uint8_t)size,
			     .write = write,
			     .value = *value};
	int err = pl031_mmio(&fx.rtc, &op);

	*value = op.value;
	return err;
}

static uint32_t rd(uint64_t reg)
{
	uint64_t v = ~UINT64_C(0);

	assert_int_equal(access(reg, 4, false, &v), 0);
	return (uint32_t)v;
}

static void wr(uint64_t reg, uint64_t v)
{
	assert_int_equal(access(reg, 4, true, &v), 0);
}

/* The alarm service is one-shot. */
static void fire(void)
{
	fx.alarm = 0;
	pl031_alarm(&fx.rtc);
}

static void clock_counts_the_hosts_seconds(void **state)
{
	(void)state;
	assert_int_equal(rd(DR), START);
	fx.now += 5;
	assert_int_equal(rd(DR), START + 5);
	wr(DR, 1); /* read-only */
	assert_int_equal(rd(DR), START + 5);
}

static void load_sets_the_time_and_it_goes_on(void **state)
{
	(void)state;
	wr(LR, 1000);
	assert_int_equal(rd(LR), 1000);
	assert_int_equal(rd(DR), 1000);
	fx.now += 60;
	assert_int_equal(rd(DR), 1060);
	wr(LR, 0xffffffff);
	fx.now += 2;
	assert_int_equal(rd(DR), 1);
	pl031_reset(&fx.rtc);
	assert_int_equal(rd(DR), START + 62);
}

static void identification_and_constants_are_the_manuals(void **state)
{
	static const uint8_t id[] = {0x31, 0x10, 0x04, 0x00,
				     0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(rd(0xfe0 + 4 * i), id[i]);
	wr(CR, 0);
	assert_int_equal(rd(CR), 1);
	assert_int_equal(rd(0x20), 0);
	assert_int_equal(rd(0x80), 0);
	wr(0x80, 1);
	assert_int_equal(rd(0xfdc), 0);
	assert_int_equal(rd(ICR), 0);
}

static void match_raises_the_interrupt_at_its_second(void **state)
{
	(void)state;
	wr(MR, START + 10);
	wr(IMSC, 1);
	assert_int_equal(fx.alarm, START + 10);
	fx.now = START + 9;
	fire(); /* early */
	assert_false(fx.irq);
	assert_int_equal(fx.alarm, START + 10);
	fx.now = START + 10;
	fire();
	assert_true(fx.irq);
	assert_int_equal(rd(RIS), 1);
	assert_int_equal(rd(MIS), 1);
	wr(ICR, 0);
	assert_true(fx.irq);
	wr(ICR, 1);
	assert_false(fx.irq);
	fx.now += 100; /* once only */
	fire();
	assert_int_equal(rd(RIS), 0);
	assert_int_equal(fx.alarm, 0);
}

static void match_that_equals_the_time_is_due_at_once(void **state)
{
	(void)state;
	wr(IMSC, 1);
	wr(MR, START);
	assert_true(fx.irq);
}

static void masked_match_is_remembered(void **state)
{
	(void)state;
	wr(MR, START + 3);
	assert_int_equal(fx.alarm, 0);
	fx.now += 4;
	assert_int_equal(rd(RIS), 1);
	assert_int_equal(rd(MIS), 0);
	assert_false(fx.irq);
	wr(IMSC, 1);
	assert_true(fx.irq);
	assert_int_equal(rd(IMSC), 1);
	wr(IMSC, 0);
	assert_false(fx.irq);
}

static void setting_the_clock_moves_the_alarm(void **state)
{
	(void)state;
	wr(MR, START + 100);
	wr(IMSC, 1);
	wr(LR, START + 90);
	assert_int_equal(fx.alarm, START + 10);
	wr(LR, START + 101); /* just past: a whole round to go */
	assert_int_equal(fx.alarm, START + UINT64_C(0xffffffff));
	wr(IMSC, 0);
	assert_int_equal(fx.alarm, 0);
}

static void alarm_is_told_only_when_it_changes(void **state)
{
	unsigned before;

	(void)state;
	wr(MR, START + 100);
	wr(IMSC, 1);
	before = fx.nr_alarms;
	for (unsigned i = 0; i < 10; i++)
		(void)rd(DR);
	assert_int_equal(fx.nr_alarms, before);
	pl031_reset(&fx.rtc);
	assert_int_equal(fx.alarm, 0);
}

static void without_alarm_service_the_next_access_shows_the_match(void **state)
{
	(void)state;
	init(false);
	wr(MR, START + 1);
	wr(IMSC, 1);
	fx.now += 2;
	assert_false(fx.irq);
	(void)rd(DR);
	assert_true(fx.irq);
	pl031_reset(&fx.rtc);
	assert_false(fx.irq);
}

static void narrow_accesses_see_their_bytes_and_wide_ones_fail(void **state)
{
	uint64_t v = 0;

	(void)state;
	wr(MR, 0x12345678);
	assert_int_equal(rd(MR), 0x12345678);
	assert_int_equal(access(MR, 1, false, &v), 0);
	assert_int_equal(v, 0x78);
	assert_int_equal(access(MR + 3, 1, false, &v), 0);
	assert_int_equal(v, 0x12);
	assert_int_equal(access(MR + 2, 2, false, &v), 0);
	assert_int_equal(v, 0x1234);
	v = 0xff;
	assert_int_equal(access(MR + 2, 2, true, &v), 0);
	assert_int_equal(rd(MR), 0x12345678);
	assert_int_equal(access(MR, 8, false, &v), -ENXIO);
	assert_int_equal(access(MR + 1, 2, false, &v), -ENXIO);
	assert_int_equal(access(MR + 2, 4, true, &v), -ENXIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup(f, setup)
		T(clock_counts_the_hosts_seconds),
		T(load_sets_the_time_and_it_goes_on),
		T(identification_and_constants_are_the_manuals),
		T(match_raises_the_interrupt_at_its_second),
		T(match_that_equals_the_time_is_due_at_once),
		T(masked_match_is_remembered),
		T(setting_the_clock_moves_the_alarm),
		T(alarm_is_told_only_when_it_changes),
		T(without_alarm_service_the_next_access_shows_the_match),
		T(narrow_accesses_see_their_bytes_and_wide_ones_fail),
	};

	return cmocka_run_group_tests_name("pl031", tests, NULL, NULL);
}
