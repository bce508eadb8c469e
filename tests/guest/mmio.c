/*
 * Every form of load and store on a device's registers does what it does on
 * memory: to the registers, to the base register, to the bytes. The reference
 * is the same instruction on RAM that holds the same bytes, so each form is
 * checked against the CPU itself, with stage 1 off and on, at EL0, and
 * big-endian. And what a device does not take is refused as specified.
 * Devices: GICD_IPRIORITYR (registers of one byte and of four) and
 * GICD_IROUTER (of eight and of four). One CPU is enough.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/string.h"
#include "lib/trap.h"

const char payload_name[] = "mmio";

#define NR_BYTES 32

struct mmio_regs {
	uint64_t x[2];
	uint64_t q[4][2];
};

typedef uint64_t (*op_fn)(uint64_t addr, void *regs);

/* Registers of SPIs 32 to 63, and what of them holds a value. */
#define PRIO   (GICD_BASE + GIC_IPRIORITYR + 32)
#define ROUTER (GICD_BASE + GICD_IROUTER + 8 * UINT64_C(32))

#define PRIO_MASK   UINT64_C(0xf0f0f0f0f0f0f0f0)
#define ROUTER_MASK UINT64_C(0x000000ff00ffffff)

/* name, window */
#define LOADS(X)                                                               \
	X(ldrb, PRIO)                                                          \
	X(ldrsb_w, PRIO)                                                       \
	X(ldrsb_x, PRIO)                                                       \
	X(ldr_w, PRIO)                                                         \
	X(ldrsw, PRIO)                                                         \
	X(ldr_x, ROUTER)                                                       \
	X(ldr_xzr, ROUTER)                                                     \
	X(ldurb, PRIO)                                                         \
	X(ldur_x, ROUTER)                                                      \
	X(ldtr_w, PRIO)                                                        \
	X(ldtrsb_x, PRIO)                                                      \
	X(ldr_w_reg, PRIO)                                                     \
	X(ldr_x_reg, ROUTER)                                                   \
	X(ldr_x_scaled, ROUTER)                                                \
	X(ldrb_post, PRIO)                                                     \
	X(ldrsb_pre, PRIO)                                                     \
	X(ldr_w_post, PRIO)                                                    \
	X(ldr_w_pre, PRIO)                                                     \
	X(ldrsw_post, PRIO)                                                    \
	X(ldr_x_post, ROUTER)                                                  \
	X(ldr_x_pre, ROUTER)                                                   \
	X(ldp_w, PRIO)                                                         \
	X(ldp_x, ROUTER)                                                       \
	X(ldpsw, PRIO)                                                         \
	X(ldnp_w, PRIO)                                                        \
	X(ldnp_x, ROUTER)                                                      \
	X(ldp_w_post, PRIO)                                                    \
	X(ldp_w_pre, PRIO)                                                     \
	X(ldp_x_post, ROUTER)                                                  \
	X(ldp_x_pre, ROUTER)                                                   \
	X(ldpsw_pre, PRIO)                                                     \
	X(ldp_xzr, ROUTER)                                                     \
	X(ldar_w, PRIO)                                                        \
	X(ldar_x, ROUTER)                                                      \
	X(ldarb, PRIO)                                                         \
	X(ldr_b, PRIO)                                                         \
	X(ldr_s, PRIO)                                                         \
	X(ldr_d, ROUTER)                                                       \
	X(ldr_q, ROUTER)                                                       \
	X(ldur_s, PRIO)                                                        \
	X(ldr_s_post, PRIO)                                                    \
	X(ldr_d_pre, ROUTER)                                                   \
	X(ldr_q_post, ROUTER)                                                  \
	X(ldr_d_reg, ROUTER)                                                   \
	X(ldp_s, PRIO)                                                         \
	X(ldp_d, ROUTER)                                                       \
	X(ldp_q, ROUTER)                                                       \
	X(ldp_q_post, ROUTER)                                                  \
	X(ldnp_d, ROUTER)                                                      \
	X(ld1_2d, ROUTER)                                                      \
	X(ld1_2d_2d, ROUTER)                                                   \
	X(ld1_4s, ROUTER)                                                      \
	X(ld2_2d, ROUTER)                                                      \
	X(ld2_2s, PRIO)                                                        \
	X(ld2_16b, PRIO)                                                       \
	X(ld3_2s, PRIO)                                                        \
	X(ld4_2s, PRIO)                                                        \
	X(ld1_b_lane, PRIO)                                                    \
	X(ld1_s_lane, PRIO)                                                    \
	X(ld1_d_lane, ROUTER)                                                  \
	X(ld2_s_lane, PRIO)                                                    \
	X(ld4_b_lane, PRIO)                                                    \
	X(ld1r_8b, PRIO)                                                       \
	X(ld1r_4s, PRIO)                                                       \
	X(ld2r_2d, ROUTER)

#define STORES(X)                                                              \
	X(strb, PRIO)                                                          \
	X(str_w, PRIO)                                                         \
	X(str_x, ROUTER)                                                       \
	X(str_xzr, ROUTER)                                                     \
	X(sturb, PRIO)                                                         \
	X(stur_x, ROUTER)                                                      \
	X(sttr_w, PRIO)                                                        \
	X(str_w_reg, PRIO)                                                     \
	X(strb_post, PRIO)                                                     \
	X(str_w_post, PRIO)                                                    \
	X(str_w_pre, PRIO)                                                     \
	X(str_x_post, ROUTER)                                                  \
	X(str_x_pre, ROUTER)                                                   \
	X(stp_w, PRIO)                                                         \
	X(stp_x, ROUTER)                                                       \
	X(stnp_w, PRIO)                                                        \
	X(stp_w_post, PRIO)                                                    \
	X(stp_w_pre, PRIO)                                                     \
	X(stp_x_post, ROUTER)                                                  \
	X(stp_x_pre, ROUTER)                                                   \
	X(stp_xzr, ROUTER)                                                     \
	X(stlr_w, PRIO)                                                        \
	X(stlr_x, ROUTER)                                                      \
	X(str_b, PRIO)                                                         \
	X(str_s, PRIO)                                                         \
	X(str_d, ROUTER)                                                       \
	X(str_q, ROUTER)                                                       \
	X(str_s_post, PRIO)                                                    \
	X(str_q_pre, ROUTER)                                                   \
	X(stp_s, PRIO)                                                         \
	X(stp_d, ROUTER)                                                       \
	X(stp_q, ROUTER)                                                       \
	X(stp_q_post, ROUTER)                                                  \
	X(st1_2d, ROUTER)                                                      \
	X(st1_4s, ROUTER)                                                      \
	X(st2_2d, ROUTER)                                                      \
	X(st2_2s, PRIO)                                                        \
	X(st2_16b, PRIO)                                                       \
	X(st4_2s, PRIO)                                                        \
	X(st1_b_lane, PRIO)                                                    \
	X(st1_s_lane, PRIO)                                                    \
	X(st2_s_lane, PRIO)

/* What registers of a device need not take. */
#define ODD(X)                                                                 \
	X(ldxr, PRIO)                                                          \
	X(ldxp, PRIO)                                                          \
	X(ldadd, PRIO)                                                         \
	X(swp, PRIO)                                                           \
	X(cas, PRIO)                                                           \
	X(dc_zva, PRIO)

#define DECLARE(n, w) uint64_t mmio_##n(uint64_t addr, void *regs);
LOADS(DECLARE)
STORES(DECLARE)
ODD(DECLARE)
DECLARE(ldr_w_far, )
DECLARE(stp_w_far, )
uint64_t mmio_big(op_fn fn, uint64_t addr, void *regs);

struct op {
	const char *name;
	op_fn run;
	uint64_t window;
};

#define ROW(n, w) {#n, mmio_##n, w},
static const struct op ops[] = {LOADS(ROW) STORES(ROW)};
static const struct op odd[] = {ODD(ROW)};

static uint64_t ram[NR_BYTES / 8 + 4] __attribute__((aligned(64)));

static uint64_t run_here(op_fn fn, uint64_t addr, void *regs)
{
	return fn(addr, regs);
}

/* How an op is run: run_here, el0_call or mmio_big. */
static uint64_t (*how)(op_fn fn, uint64_t addr, void *regs);

static uint64_t mask_of(const struct op *o)
{
	return o->window == PRIO ? PRIO_MASK : ROUTER_MASK;
}

/* Every byte is another one, as far as the mask lets it. */
static void fill(const struct op *o)
{
	for (unsigned i = 0; i < NR_BYTES / 8; i++) {
		uint64_t v = (UINT64_C(0x8070605040302010) +
			      i * UINT64_C(0x1010101010101010)) &
			     mask_of(o);

		ram[i] = v;
		if (o->window == ROUTER) {
			mmio_write64(ROUTER + 8 * i, v);
			continue;
		}
		mmio_write32(PRIO + 8 * i, (uint32_t)v);
		mmio_write32(PRIO + 8 * i + 4, (uint32_t)(v >> 32));
	}
}

static uint64_t device_word(const struct op *o, unsigned i)
{
	if (o->window == ROUTER)
		return mmio_read64(ROUTER + 8 * i);
	return mmio_read32(PRIO + 8 * i) |
	       (uint64_t)mmio_read32(PRIO + 8 * i + 4) << 32;
}

static const struct mmio_regs start = {
	{UINT64_C(0x0000009000a0b0c0), UINT64_C(0x0000001000203040)},
	{{UINT64_C(0x0000005000607080), UINT64_C(0x00000090007050c0)},
	 {UINT64_C(0x000000d000e01020), UINT64_C(0x000000f0006040c0)},
	 {UINT64_C(0x0000003000405060), UINT64_C(0x0000001000b0d0f0)},
	 {UINT64_C(0x000000e000f0a0b0), UINT64_C(0x000000c000800020)}},
};

/* Why an op did on the device what it did not on RAM; NULL: the same. */
static const char *wrong(const struct op *o, struct trap_record *t)
{
	struct mmio_regs want = start, got = start;
	uint64_t moved;

	fill(o);
	moved = how(o->run, addr_of(ram), &want);
	trap_expect();
	if (how(o->run, o->window, &got) != moved)
		moved = ~UINT64_C(0);
	*t = trap_end();
	if (t->count)
		return "exception";
	if (moved == ~UINT64_C(0))
		return "base register is wrong";
	for (unsigned i = 0; i < sizeof(got) / 8; i++) {
		if ((&got.x[0])[i] != (&want.x[0])[i])
			return "registers are wrong";
	}
	for (unsigned i = 0; i < NR_BYTES / 8; i++) {
		if ((device_word(o, i) ^ ram[i]) & mask_of(o))
			return "the device's bytes are wrong";
	}
	return NULL;
}

/* LDTR, STTR: as EL0, which stage 1 lets nowhere. */
static bool is_unprivileged(const struct op *o)
{
	return o->name[2] == 't' && o->name[3] == 'r';
}

static void check_ops(bool stage1)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
		struct trap_record t;
		const char *why;

		if (stage1 && is_unprivileged(&ops[i]))
			continue;
		why = wrong(&ops[i], &t);
		if (why)
			check_fail(ops[i].name, "%s (esr 0x%lx far 0x%lx)", why,
				   t.esr, t.far);
		else
			check_ok(ops[i].name);
	}
}

static bool has_lse(void)
{
	return FIELD_GET(GENMASK(23, 20), read_id_aa64isar0_el1()) >= 2;
}

/* Either it works, or the fault is the one for it. */
static void check_odd(const struct op *o)
{
	struct mmio_regs regs = start;
	bool zva = o->run == mmio_dc_zva;
	unsigned dfsc = zva ? DFSC_SEA : DFSC_EXCL;
	struct trap_record t;
	uint64_t moved;

	fill(o);
	trap_expect();
	moved = o->run(o->window, &regs);
	t = trap_end();
	if (t.count == 0) {
		check_word(o->name, "works");
	} else if (trap_ec(&t) == EC_DABT_SAME && trap_dfsc(&t) == dfsc &&
		   (zva || t.far == o->window) && moved == 0 &&
		   regs.x[0] == start.x[0]) {
		check_word(o->name, "refused");
	} else {
		check_fail(o->name, "esr 0x%lx far 0x%lx", t.esr, t.far);
	}
}

static void check_odd_ops(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
		if (i >= 2 && i <= 4 && !has_lse())
			check_skip(odd[i].name, "no atomics");
		else
			check_odd(&odd[i]);
	}
}

/* Both elements of a pair across the end of a device. */
static void check_end(const char *name, op_fn fn, uint64_t first,
		      uint64_t offset, uint64_t wnr)
{
	struct mmio_regs regs = start;
	struct trap_record t;
	uint64_t moved;

	trap_expect();
	moved = how(fn, first, &regs);
	t = trap_end();
	if (t.count == 1 && t.far == first + offset && moved == 0 &&
	    (t.esr & ~FIELD_PREP(ESR_EC, 1)) ==
		    (FIELD_PREP(ESR_EC, EC_DABT_LOW) | ESR_IL | wnr |
		     DFSC_SEA) &&
	    (trap_ec(&t) == EC_DABT_SAME) == (how != el0_call))
		check_ok(name);
	else
		check_fail(name, "count %u esr 0x%lx far 0x%lx", t.count, t.esr,
			   t.far);
}

static void check_ends(void)
{
	uint64_t end = GICD_BASE + GICD_SIZE;

	check_end("ldr_w_pre_after_the_end", mmio_ldr_w_far, end - 64, 64, 0);
	check_end("stp_w_post_after_the_end", mmio_stp_w_far, end, 0, ESR_WNR);
	check_end("stp_w_post_across_the_end", mmio_stp_w_far, end - 4, 4,
		  ESR_WNR);
}

void payload_main(void)
{
	gic_init_dist();
	check_area("mmio.off");
	how = run_here;
	check_ops(false);
	check_odd_ops();
	check_ends();
	check_area("mmio.el0");
	how = el0_call;
	check_ops(false);
	check_ends();
	check_area("mmio.big");
	how = mmio_big;
	check_ops(false);
	check_area("mmio.on");
	how = run_here;
	mmu_on();
	check_ops(true);
	check_ends();
	mmu_off();
}
