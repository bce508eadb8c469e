/* Pages that a guest reads where the vGIC's registers are; vgic_redist_page().
 */
#include <string.h>

#include "../host/fake_el2.h"
#include "../host/host.h"
#include "../host/rnd.h"
#include "../host/vgic_rig.h"

static struct vgic_rig rig;

static int setup(void **state)
{
	rig_init(&rig, 2, 4, 32);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	fake_hooks.clean = NULL;
	rig_free(*state);
	return 0;
}

/* What a guest sees of a page that it reads past the caches. */
static struct {
	const uint8_t *page;
	uint8_t seen[PAGE_SIZE];
} poc;

static void cleaned(const void *p, uint64_t len)
{
	uint64_t at = (uint64_t)((const uint8_t *)p - poc.page);

	if (at < PAGE_SIZE)
		memcpy(poc.seen + at, p, len);
}

static void clean_page(const void *page)
{
	poc.page = page;
	memcpy(poc.seen, page, PAGE_SIZE);
	fake_hooks.clean = cleaned;
}

static void assert_page_reads_as_exits_do(struct vgic_rig *r, uint64_t at)
{
	for (uint64_t reg = 0; reg < PAGE_SIZE; reg += 4) {
		uint32_t word;

		memcpy(&word, poc.seen + reg, sizeof(word));
		assert_int_equal(rig_read(r, 0, true, at + reg, 4), word);
	}
}

/* Whether it takes something from vCPU 1 that is in one of its list registers.
 */
static bool write_redist(struct vgic_rig *r, unsigned by, uint64_t reg,
			 uint32_t value)
{
	uint32_t there = vgic_in_registers(r->g, 1);

	rig_write(r, by, true, reg, 4, value);
	return by == 0 && reg == 0x30180 && (there & value);
}

/* Rules out: mixed-attributes */
static void page_of_a_redistributor_reads_as_its_registers(void **state)
{
	static const uint64_t regs[] = {0,       0x14,    0x20000, 0x20014,
					0x20010, 0x20070, 0x30180, 0x30100};
	struct vgic_rig *r = *state;
	bool withdrawn = false;
	unsigned waited = 0;
	uint32_t seed = 7;

	rig_guest_init(r, false);
	clean_page(vgic_redist_page(r->g, 1));
	for (unsigned n = 0; n < 2000; n++) {
		uint32_t what = rnd(&seed, 8);
		bool by = r->loaded[1] && rnd(&seed, 2);

		if (what == 0)
			rig_sgi(r, 0, 2 | rnd(&seed, 16) << 24, 1);
		else if (what == 1)
			(r->loaded[1] ? rig_put : rig_load)(r, 1);
		else if (what == 2)
			rig_settle(r);
		else
			withdrawn |=
				write_redist(r, by, regs[rnd(&seed, 8)],
					     rnd(&seed, 1U << 16) * 0x10001);
		rig_on(r, 0);
		assert_page_reads_as_exits_do(r, 0x20000);
		assert_true(vgic_redist_is_true(r->g, 1, &withdrawn));
		waited += withdrawn;
	}
	assert_true(waited > 20);
	if (r->loaded[1])
		rig_put(r, 1);
	rig_put(r, 0);
	vgic_reset(r->g);
	assert_page_reads_as_exits_do(r, 0x20000);
}

static void pages_of_identification_read_as_its_registers(void **state)
{
	struct vgic_rig *r = *state;
	const uint32_t *dist = vgic_id_page(r->g, false);

	clean_page(vgic_id_page(r->g, true));
	assert_page_reads_as_exits_do(r, VGIC_ID_PAGE);
	assert_page_reads_as_exits_do(r, 0x20000 + VGIC_ID_PAGE);
	for (unsigned reg = 0; reg < PAGE_SIZE; reg += 4)
		assert_int_equal(rig_gicd(r, VGIC_ID_PAGE + reg),
				 dist[reg / 4]);
}

/* Which sizes a register has, IHI 0069 says of each; what others give is open.
 * The page gives its bytes, and so does an exit's read of
 * 64 bits where both words are RD_base's; of the rest an exit reads 0. */
static void exits_read_zero_in_sizes_that_registers_do_not_have(void **state)
{
	struct vgic_rig *r = *state;
	const uint64_t id = 0x20000 + VGIC_ID_PAGE;
	const uint8_t *page = vgic_redist_page(r->g, 1);

	for (unsigned reg = 0; reg < 0x80; reg += 8) {
		uint64_t both;

		memcpy(&both, page + reg, sizeof(both));
		assert_int_equal(rig_read(r, 0, true, 0x20000 + reg, 8), both);
	}
	for (unsigned reg = 0; reg < PAGE_SIZE; reg += 2) {
		assert_int_equal(rig_read(r, 0, true, 0x20000 + reg, 2), 0);
		assert_int_equal(rig_read(r, 0, true, 0x20000 + reg, 1), 0);
		assert_int_equal(rig_read(r, 0, true, id + reg, 2), 0);
		assert_int_equal(rig_read(r, 0, true, id + reg, 1), 0);
		assert_int_equal(rig_read(r, 0, false, VGIC_ID_PAGE + reg, 1),
				 0);
		if (reg % 8 == 0)
			assert_int_equal(rig_read(r, 0, true, id + reg, 8), 0);
	}
}

/* GICR_SYNCR asks them. */
static void with_an_its_a_redistributor_has_no_page(void **state)
{
	struct vgic_rig *r = *state;

	rig_free(r);
	rig_init_its(r, 2, 4);
	assert_null(vgic_redist_page(r->g, 0));
	assert_null(vgic_redist_page(r->g, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(page_of_a_redistributor_reads_as_its_registers),
		T(pages_of_identification_read_as_its_registers),
		T(exits_read_zero_in_sizes_that_registers_do_not_have),
		T(with_an_its_a_redistributor_has_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
