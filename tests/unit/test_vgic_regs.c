/* The vGIC's registers: values, masks, access sizes, and what is not there. */
#include <errno.h>
#include <string.h>

#include "../host/host.h"
#include "../host/vgic_rig.h"

#define SGI_BASE 0x10000ULL

static struct vgic_rig *start(unsigned nr_vcpus, unsigned nr_spis)
{
	static struct vgic_rig r;

	rig_init(&r, nr_vcpus, 4, nr_spis);
	return &r;
}

static int teardown(void **state)
{
	struct vgic_rig *r = *state;

	if (r)
		rig_free(r);
	return 0;
}

static void distributor_says_exactly_what_it_is(void **state)
{
	struct vgic_rig *r = start(2, 64);

	*state = r;
	/* ARE and DS read as one, groups are off */
	assert_int_equal(rig_gicd(r, 0x0), 0x50);
	/* 64 SPIs + 32, no LPIs, MBIS, 10 INTID bits, A3V, RSS */
	assert_int_equal(rig_gicd(r, 0x4), 0x05490002);
	assert_int_equal(rig_gicd(r, 0x8), 0x5000143b);
	assert_int_equal(rig_gicd(r, 0xc), 0);
	assert_int_equal(rig_gicd(r, 0xffe8), 0x3b);
	assert_int_equal(rig_gicd(r, 0xffe0), 0x92);
	assert_int_equal(rig_gicd(r, 0xfffc), 0xb1);
	assert_int_equal(rig_gicd(r, 0xffcc), 0);
	assert_int_equal(rig_read(r, 1, true, 0x20000 + 0xffe8, 4), 0x3b);
	assert_int_equal(rig_read(r, 1, true, 0x20000 + 0xffe0, 4), 0x93);
}

static void ctlr_keeps_only_the_group_enables(void **state)
{
	struct vgic_rig *r = start(1, 32);

	*state = r;
	rig_set_gicd(r, 0, ~0U);
	assert_int_equal(rig_gicd(r, 0), 0x53);
	rig_set_gicd(r, 0, 2);
	assert_int_equal(rig_gicd(r, 0), 0x52);
	rig_set_gicd(r, 4, ~0U); /* TYPER is read-only */
	assert_int_equal(rig_gicd(r, 4), 0x05490001);
}

/* Rules out: gicr-typer */
static void redistributor_typer_is_exact_for_any_affinity(void **state)
{
	static const uint64_t mpidr[] = {0x80000000, 0x80000001, 0x80000100,
					 0x80010203, 0x0400010203};
	static const uint64_t want[] = {
		0x0000000000000020, 0x0000000100000120, 0x0000010000000220,
		0x0001020300000320, 0x0401020300000430,
	};
	static struct vgic_rig r;
	struct vgic_config cfg;

	memset(&r, 0, sizeof(r));
	*state = &r;
	r.nr_vcpus = 5;
	for (unsigned i = 0; i < 5; i++) {
		gich_init(&r.cpu[i], 4);
		r.mpidr[i] = mpidr[i];
	}
	cfg = rig_config(&r, 32);
	assert_int_equal(vgic_create(&cfg, &r.g), 0);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t frame = 0x20000ULL * i;

		assert_int_equal(rig_read(&r, 0, true, frame + 8, 8), want[i]);
		assert_int_equal(rig_read(&r, 0, true, frame + 8, 4),
				 (uint32_t)want[i]);
		assert_int_equal(rig_read(&r, 0, true, frame + 12, 4),
				 want[i] >> 32);
	}
}

static void registers_that_are_not_there_read_zero(void **state)
{
	struct vgic_rig *r = start(1, 32);
	/* bank 0 in GICD, ITARGETSR, IGRPMODR, NSACR, SGIR, SETSPI, ESPI */
	static const uint64_t gone[] = {
		0x10,  0x40,  0x80,   0x100,  0x200,  0x300,  0x400,  0x800,
		0x820, 0xc00, 0xc04,  0xd04,  0xe08,  0xf00,  0xf10,  0xf20,
		0x88,  0x440, 0x1000, 0x6000, 0x60f8, 0x6200, 0x8000, 0xc000};

	*state = r;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		rig_set_gicd(r, gone[i], ~0U);
		assert_int_equal(rig_gicd(r, gone[i]), 0);
	}
	/* STATUSR, PROPBASER, PENDBASER, SETLPIR, IGRPMODR0 */
	static const uint64_t rgone[] = {0x10,    0x40,    0x70,    0x78,
					 0xc0,    0x10084, 0x10104, 0x10420,
					 0x10d00, 0x10e00, 0x18000};

	for (size_t i = 0; i < ARRAY_SIZE(rgone); i++) {
		rig_write(r, 0, true, rgone[i], 4, ~0U);
		assert_int_equal(rig_read(r, 0, true, rgone[i], 4), 0);
	}
	rig_write(r, 0, true, 0x70, 8, ~0ULL);
	assert_int_equal(rig_read(r, 0, true, 0x70, 8), 0);
	/* CTLR: no LPIs, no DPG1S */
	rig_write(r, 0, true, 0, 4, ~0U);
	assert_int_equal(rig_read(r, 0, true, 0, 4), 0x03000000);
}

static void wrong_sizes_and_alignments_do_nothing(void **state)
{
	struct vgic_rig *r = start(1, 32);

	*state = r;
	rig_set_gicd(r, 0x104, 0xff);
	assert_int_equal(rig_read(r, 0, false, 0x104, 1), 0);
	assert_int_equal(rig_read(r, 0, false, 0x104, 2), 0);
	assert_int_equal(rig_read(r, 0, false, 0x100, 8), 0);
	assert_int_equal(rig_read(r, 0, false, 0x106, 4), 0);
	rig_write(r, 0, false, 0x184, 2, 0xffff);
	rig_write(r, 0, false, 0x186, 4, 0xffff);
	assert_int_equal(rig_gicd(r, 0x104), 0xff);
	assert_int_equal(rig_read(r, 0, false, 0x420, 2), 0);
	/* as the page has it that a guest is shown */
	assert_int_equal(rig_read(r, 0, true, 0x0, 8), 0x5000143bULL << 32);
	assert_int_equal(rig_read(r, 0, true, 0x4, 2), 0);
	rig_write(r, 0, true, 0x14, 4, 0);
	rig_write(r, 0, true, 0x10, 8, ~0ULL); /* not WAKER */
	assert_int_equal(rig_read(r, 0, true, 0x14, 4), 0);
}

static void no_access_anywhere_fails_inside_the_frames(void **state)
{
	struct vgic_rig *r = start(2, 32);
	struct mmio_op op;

	*state = r;
	for (uint64_t off = 0; off < 0x40000; off += 2) {
		for (uint8_t size = 1; size <= 8; size = (uint8_t)(size * 2)) {
			op = (struct mmio_op){.offset = off, .size = size};
			assert_int_equal(rig_mmio(r, 0, true, &op), 0);
			if (off < 0x10000)
				assert_int_equal(rig_mmio(r, 0, false, &op), 0);
		}
	}
	op = (struct mmio_op){.offset = 0x40000, .size = 4};
	assert_int_equal(rig_mmio(r, 0, true, &op), -ENXIO);
	op.offset = UINT64_MAX - 3;
	assert_int_equal(rig_mmio(r, 0, true, &op), -ENXIO);
}

static void enables_set_and_clear_bit_by_bit(void **state)
{
	struct vgic_rig *r = start(1, 64);

	*state = r;
	rig_set_gicd(r, 0x108, 0xf0f0f0f0);
	rig_set_gicd(r, 0x108, 1);
	assert_int_equal(rig_gicd(r, 0x108), 0xf0f0f0f1);
	assert_int_equal(rig_gicd(r, 0x188), 0xf0f0f0f1);
	rig_set_gicd(r, 0x188, 0xf0000001);
	assert_int_equal(rig_gicd(r, 0x108), 0x00f0f0f0);
	assert_int_equal(rig_gicd(r, 0x104), 0);
	assert_int_equal(rig_gicd(r, 0x10c), 0); /* INTIDs 96.. do not exist */
	rig_set_gicd(r, 0x84, 0x12345678);
	assert_int_equal(rig_gicd(r, 0x84), 0x12345678);
}

/* Rules out: gic-readback */
static void priority_bytes_merge_and_have_the_hardware_bits(void **state)
{
	struct vgic_rig *r = start(2, 32);

	*state = r;
	rig_set_gicd(r, 0x420, 0x11223344);
	assert_int_equal(rig_gicd(r, 0x420), 0x10203040); /* 5 bits */
	rig_write(r, 0, false, 0x422, 1, 0xff);
	assert_int_equal(rig_gicd(r, 0x420), 0x10f83040);
	assert_int_equal(rig_read(r, 0, false, 0x422, 1), 0xf8);
	rig_write(r, 0, true, 0x20000 + SGI_BASE + 0x41b, 1, 0x80);
	assert_int_equal(rig_sgi_base(r, 1, 0x418), 0x80000000);
	assert_int_equal(rig_sgi_base(r, 0, 0x418), 0);
}

static void eight_priority_bits_are_all_kept(void **state)
{
	static struct vgic_rig r;
	struct vgic_config cfg;

	memset(&r, 0, sizeof(r));
	*state = &r;
	r.nr_vcpus = 1;
	gich_init(&r.cpu[0], 16);
	r.cpu[0].pri_bits = 8;
	r.cpu[0].pre_bits = 7;
	cfg = rig_config(&r, 960);
	assert_int_equal(vgic_create(&cfg, &r.g), 0);
	rig_load(&r, 0);
	rig_set_gicd(&r, 0x7dc, 0x01020304);
	assert_int_equal(rig_gicd(&r, 0x7dc), 0x01020304); /* INTID 988..991 */
	assert_int_equal(rig_gicd(&r, 4) & 31, 30);
	rig_set_gicd(&r, 0x178, 0x80000000);
	assert_int_equal(rig_gicd(&r, 0x178), 0x80000000); /* INTID 991 */
	rig_set_gicd(&r, 0x17c, 1);
	assert_int_equal(rig_gicd(&r, 0x17c), 0); /* INTID 992 */
	rig_write(&r, 0, false, 0x7ef8, 8, 7);
	assert_int_equal(rig_read(&r, 0, false, 0x7ef8, 8), 7);
	rig_write(&r, 0, false, 0x7f00, 8, 7);
	assert_int_equal(rig_read(&r, 0, false, 0x7f00, 8), 0);
}

static void configuration_is_two_bits_and_sgis_are_edge(void **state)
{
	struct vgic_rig *r = start(1, 32);

	*state = r;
	assert_int_equal(rig_sgi_base(r, 0, 0xc00), 0xaaaaaaaa);
	rig_set_sgi_base(r, 0, 0xc00, 0);
	assert_int_equal(rig_sgi_base(r, 0, 0xc00), 0xaaaaaaaa);
	assert_int_equal(rig_sgi_base(r, 0, 0xc04), 0);
	rig_set_sgi_base(r, 0, 0xc04, 0xffffffff);
	assert_int_equal(rig_sgi_base(r, 0, 0xc04), 0xaaaaaaaa);
	rig_set_gicd(r, 0xc0c, 0x00000003);
	assert_int_equal(rig_gicd(r, 0xc0c), 2);
	assert_int_equal(rig_gicd(r, 0xc08), 0);
	assert_true(rig_state(r, 0, 48).edge);
	assert_false(rig_state(r, 0, 32).edge);
}

/* Rules out: gic-readback */
static void routers_take_halves_and_keep_irm(void **state)
{
	struct vgic_rig *r = start(2, 32);

	*state = r;
	rig_write(r, 0, false, 0x6100, 8, ~0ULL);
	assert_true(rig_read(r, 0, false, 0x6100, 8) == 0xff80ffffffULL);
	rig_write(r, 0, false, 0x6104, 4, 0);
	assert_int_equal(rig_read(r, 0, false, 0x6100, 8), 0x80ffffff);
	rig_write(r, 0, false, 0x6100, 4, 1);
	assert_int_equal(rig_read(r, 0, false, 0x6100, 4), 1);
	assert_int_equal(rig_state(r, 0, 32).target, 1);
	rig_write(r, 0, false, 0x6104, 4, 0x12345678);
	assert_int_equal(rig_read(r, 0, false, 0x6104, 4), 0x78);
	assert_int_equal(rig_state(r, 0, 32).target, 0xffff);
}

/* Rules out: other-frame */
static void a_frame_addresses_its_own_vcpu(void **state)
{
	struct vgic_rig *r = start(3, 32);

	*state = r;
	rig_write(r, 0, true, 2 * 0x20000 + SGI_BASE + 0x100, 4, 0xffff);
	assert_int_equal(rig_sgi_base(r, 0, 0x100), 0);
	assert_int_equal(rig_sgi_base(r, 1, 0x100), 0);
	assert_int_equal(rig_sgi_base(r, 2, 0x100), 0xffff);
}

/* Rules out: gic-readback */
static void pending_and_active_read_back_what_is_true(void **state)
{
	struct vgic_rig *r = start(1, 32);

	*state = r;
	rig_set_gicd(r, 0x204, 0x30);
	rig_set_gicd(r, 0x304, 0x11);
	assert_int_equal(rig_gicd(r, 0x204), 0x30);
	assert_int_equal(rig_gicd(r, 0x284), 0x30);
	assert_int_equal(rig_gicd(r, 0x304), 0x11);
	assert_int_equal(rig_gicd(r, 0x384), 0x11);
	rig_set_gicd(r, 0x284, 0x10);
	rig_set_gicd(r, 0x384, 0x01);
	assert_int_equal(rig_gicd(r, 0x204), 0x20);
	assert_int_equal(rig_gicd(r, 0x304), 0x10);
}

static void a_level_line_stays_pending_whatever_icpendr_says(void **state)
{
	struct vgic_rig *r = start(1, 32);

	*state = r;
	vgic_set_line(r->g, VGIC_NO_VCPU, 33, true);
	rig_set_gicd(r, 0x284, 2);
	assert_int_equal(rig_gicd(r, 0x204), 2);
	vgic_set_line(r->g, VGIC_NO_VCPU, 33, false);
	assert_int_equal(rig_gicd(r, 0x204), 0);
}

static void waker_sleeps_and_wakes(void **state)
{
	struct vgic_rig *r = start(2, 32);

	*state = r;
	assert_int_equal(rig_read(r, 1, true, 0x20014, 4), 6);
	rig_write(r, 1, true, 0x20014, 4, 0);
	assert_int_equal(rig_read(r, 1, true, 0x20014, 4), 0);
	rig_settle(r);
	rig_write(r, 0, true, 0x20014, 4, 2);
	/* vCPU 1 has not let go of its list registers yet */
	assert_int_equal(rig_read(r, 0, true, 0x20014, 4), 2);
	rig_settle(r);
	assert_int_equal(rig_read(r, 0, true, 0x20014, 4), 6);
}

static void a_disable_is_pending_until_its_owner_has_seen_it(void **state)
{
	struct vgic_rig *r = start(2, 32);

	*state = r;
	rig_guest_init(r, false);
	rig_write(r, 0, false, 0x6100, 8, 1);
	vgic_set_line(r->g, 0, 32, true);
	rig_settle(r);
	assert_int_equal(gich_find(&r->cpu[1], 32), 0);
	rig_write(r, 0, false, 0x184, 4, 1);
	assert_true(rig_gicd(r, 0) & 0x80000000);
	rig_settle(r);
	assert_false(rig_gicd(r, 0) & 0x80000000);
	assert_int_equal(gich_find(&r->cpu[1], 32), -1);
	/* the same for a private one, in GICR_CTLR */
	rig_on(r, 1);
	rig_sgi(r, 1, 2 | 5 << 24, 1);
	rig_settle(r);
	rig_write(r, 0, true, 0x20000 + SGI_BASE + 0x180, 4, 1U << 5);
	assert_int_equal(rig_read(r, 0, true, 0x20000, 4), 8);
	rig_settle(r);
	assert_int_equal(rig_read(r, 0, true, 0x20000, 4), 0);
}

/* Nobody could look before it has: its own exit ends with the flush. */
static void a_disable_of_its_own_a_vcpu_never_sees_pending(void **state)
{
	struct vgic_rig *r = start(2, 32);

	*state = r;
	rig_guest_init(r, false);
	rig_on(r, 1);
	rig_sgi(r, 1, 2 | 5 << 24, 1);
	rig_settle(r);
	assert_true(gich_find(&r->cpu[1], 5) >= 0);
	rig_write(r, 1, true, 0x20000 + SGI_BASE + 0x180, 4, 1U << 5);
	assert_int_equal(rig_read(r, 0, true, 0x20000, 4), 0);
	rig_tail(r, 1);
	assert_int_equal(gich_find(&r->cpu[1], 5), -1);
	rig_write(r, 1, true, 0x20014, 4, 2);
	assert_int_equal(rig_read(r, 0, true, 0x20014, 4), 6);
}

static void reset_leaves_no_trace(void **state)
{
	struct vgic_rig *r = start(1, 32);

	*state = r;
	rig_guest_init(r, true);
	vgic_set_line(r->g, 0, 40, true);
	rig_set_gicd(r, 0xc08, ~0U);
	rig_write(r, 0, false, 0x6108, 8, 1);
	rig_set_sgi_base(r, 0, 0x200, 0xff);
	rig_put(r, 0);
	vgic_reset(r->g);
	rig_load(r, 0);
	assert_int_equal(rig_gicd(r, 0), 0x50);
	assert_int_equal(rig_gicd(r, 0x104), 0);
	assert_int_equal(rig_gicd(r, 0x204), 0);
	assert_int_equal(rig_gicd(r, 0xc08), 0);
	assert_int_equal(rig_sgi_base(r, 0, 0x80), 0);
	assert_int_equal(rig_sgi_base(r, 0, 0x100), 0);
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 0);
	assert_int_equal(rig_sgi_base(r, 0, 0xc00), 0xaaaaaaaa);
	assert_int_equal(rig_read(r, 0, false, 0x6108, 8), 0);
	assert_int_equal(rig_read(r, 0, true, 0x14, 4), 6);
	assert_int_equal(r->cpu[0].vmcr, 0x004c0008); /* BPRs at minimum */
	assert_int_equal(gich_find(&r->cpu[0], 40), -1);
}

static void impossible_configurations_are_refused(void **state)
{
	static const struct {
		unsigned vcpus, spis, fail;
		uint64_t mpidr1;
		int err;
	} t[] = {
		{0, 32, 0, 1, -EINVAL},  {65535, 32, 0, 1, -EINVAL},
		{2, 0, 0, 1, -EINVAL},   {2, 33, 0, 1, -EINVAL},
		{2, 992, 0, 1, -EINVAL}, {2, 32, 0, 0, -EINVAL},
		{2, 32, 1, 1, -ENOMEM},  {2, 32, 2, 1, -ENOMEM},
		{2, 32, 3, 1, -ENOMEM},  {2, 32, 4, 1, -ENOMEM},
		{2, 960, 0, 0x100, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		static struct vgic_rig r;
		struct vgic_config cfg;

		memset(&r, 0, sizeof(r));
		gich_init(&r.cpu[0], 4);
		r.nr_vcpus = t[i].vcpus;
		r.mpidr[1] = t[i].mpidr1;
		r.fail_alloc = t[i].fail;
		cfg = rig_config(&r, t[i].spis);
		assert_int_equal(vgic_create(&cfg, &r.g), t[i].err);
		rig_free(&r);
	}
	*state = NULL;
}

static void intids_that_do_not_exist_are_ignored(void **state)
{
	struct vgic_rig *r = start(1, 32);
	struct vgic_irq_state st;

	*state = r;
	vgic_set_line(r->g, 0, 64, true);
	vgic_set_line(r->g, 0, 8, true);  /* an SGI has no line */
	vgic_set_line(r->g, 1, 20, true); /* no such vCPU */
	vgic_pulse(r->g, 0, 1023);
	vgic_pulse(r->g, 0, 0xffffffff);
	assert_int_equal(rig_gicd(r, 0x208), 0);
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 0);
	assert_false(vgic_irq_state(r->g, 0, 0, 64, &st));
	assert_false(vgic_irq_state(r->g, 0, 1, 3, &st));
	assert_true(vgic_irq_state(r->g, 0, 0, 63, &st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, teardown)
		T(distributor_says_exactly_what_it_is),
		T(ctlr_keeps_only_the_group_enables),
		T(redistributor_typer_is_exact_for_any_affinity),
		T(registers_that_are_not_there_read_zero),
		T(wrong_sizes_and_alignments_do_nothing),
		T(no_access_anywhere_fails_inside_the_frames),
		T(enables_set_and_clear_bit_by_bit),
		T(priority_bytes_merge_and_have_the_hardware_bits),
		T(eight_priority_bits_are_all_kept),
		T(configuration_is_two_bits_and_sgis_are_edge),
		T(routers_take_halves_and_keep_irm),
		T(a_frame_addresses_its_own_vcpu),
		T(pending_and_active_read_back_what_is_true),
		T(a_level_line_stays_pending_whatever_icpendr_says),
		T(waker_sleeps_and_wakes),
		T(a_disable_is_pending_until_its_owner_has_seen_it),
		T(a_disable_of_its_own_a_vcpu_never_sees_pending),
		T(reset_leaves_no_trace),
		T(impossible_configurations_are_refused),
		T(intids_that_do_not_exist_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
