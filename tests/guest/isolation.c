/*
 * A guest reaches its own RAM and devices and nothing else: every kind of
 * access to every kind of hole ends in a synchronous external abort at its
 * own EL1 (Arm ARM DDI 0487, ESR_EL1.DFSC 0b010000), with stage 1 off and on,
 * and execution goes on. Needs nothing; any number of CPUs (one is used).
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/trap.h"
#include "lib/uart.h"
#include "lib/virtio.h"

const char payload_name[] = "isolation";

#define OP_WRITE  BIT(0) /* the syndrome says WnR = 1 */
#define OP_EITHER BIT(1) /* the syndrome may say either */
#define OP_LSE    BIT(2) /* wants FEAT_LSE */
#define OP_HINT   BIT(3) /* may as well do nothing */
#define OP_BLOCK  BIT(4) /* acts on a naturally aligned block */

/* name, flags */
#define OPS(X)                                                                 \
	X(ldrb, 0)                                                             \
	X(ldrh, 0)                                                             \
	X(ldr_w, 0)                                                            \
	X(ldr_x, 0)                                                            \
	X(ldrsb, 0)                                                            \
	X(ldrsw, 0)                                                            \
	X(ldr_xzr, 0)                                                          \
	X(ldar, 0)                                                             \
	X(ldp_w, 0)                                                            \
	X(ldp_x, 0)                                                            \
	X(ldpsw, 0)                                                            \
	X(ldr_d, 0)                                                            \
	X(ldr_q, 0)                                                            \
	X(ldp_q, 0)                                                            \
	X(ld1, 0)                                                              \
	X(ld4, 0)                                                              \
	X(ldxr, 0)                                                             \
	X(ldaxp, 0)                                                            \
	X(ldxr_stxr, OP_EITHER)                                                \
	X(ldr_post, 0)                                                         \
	X(ldr_pre, 0)                                                          \
	X(ldp_post, 0)                                                         \
	X(strb, OP_WRITE)                                                      \
	X(strh, OP_WRITE)                                                      \
	X(str_w, OP_WRITE)                                                     \
	X(str_x, OP_WRITE)                                                     \
	X(stlr, OP_WRITE)                                                      \
	X(stp_w, OP_WRITE)                                                     \
	X(stp_x, OP_WRITE)                                                     \
	X(str_q, OP_WRITE)                                                     \
	X(stp_q, OP_WRITE)                                                     \
	X(st1, OP_WRITE)                                                       \
	X(str_post, OP_WRITE)                                                  \
	X(stp_post, OP_WRITE)                                                  \
	X(ldadd, OP_EITHER | OP_LSE)                                           \
	X(swp, OP_EITHER | OP_LSE)                                             \
	X(stadd, OP_EITHER | OP_LSE)                                           \
	X(casal, OP_EITHER | OP_LSE)                                           \
	X(dc_zva, OP_WRITE | OP_BLOCK)                                         \
	X(dc_cvac, OP_WRITE | OP_HINT)                                         \
	X(dc_cvau, OP_WRITE | OP_HINT)                                         \
	/* Rules out: maintenance-executed */                                  \
	X(dc_civac, OP_WRITE | OP_HINT)                                        \
	/* Rules out: set-way */                                               \
	X(dc_ivac, OP_WRITE | OP_HINT)                                         \
	X(ic_ivau, OP_EITHER | OP_HINT)                                        \
	X(prfm, OP_HINT)

#define OP_DECLARE(n, f) uint64_t op_##n(uint64_t addr);
OPS(OP_DECLARE)
uint64_t op_fetch(uint64_t addr);
uint64_t op_ldr_flags(uint64_t addr);

struct op {
	const char *name;
	uint64_t (*run)(uint64_t addr);
	uint64_t flags;
};

#define OP_ROW(n, f) {#n, op_##n, f},
static const struct op ops[] = {OPS(OP_ROW)};

/* Addresses where nothing is, by the map that the device tree describes. */
static uint64_t holes[32];
static unsigned nr_holes;

static void hole(uint64_t addr)
{
	holes[nr_holes++] = addr;
}

/* Places that are empty for a guest, but not on QEMU's own machine. */
static void holes_of_guest(void)
{
	hole(0);
	hole(0x04000000);
	hole(guest.ram_base - 64);
	hole(guest.ram_base - 0x200000);
	hole(0x09020000); /* fw_cfg */
	hole(0x09030000); /* GPIO */
	hole(0x10000000); /* PCI windows */
	hole(0x3f000000);
	hole(UINT64_C(0x4010000000));
	hole(UINT64_C(0x8000000000));
}

static void find_holes(void)
{
	if (!guest.native)
		holes_of_guest();
	hole(GICD_BASE + GICD_SIZE);
	hole(GICR_BASE + guest.nr_cpus * GICR_STRIDE);
	hole(UART_BASE - 64);
	hole(UART_BASE + 0x1000);
	hole(UART_BASE + 0x10000 - 64);
	hole(0x0a004000); /* after 32 virtio-mmio slots */
	hole(0x0b000000);
	hole(guest_ram_end());
	hole(guest_ram_end() + 0x1ff000);
	hole(align_up(guest_ram_end(), GIB(1)));
	hole(align_up(guest_ram_end(), GIB(1)) + GIB(1));
	hole(BIT(36));
	hole(BIT(38) - 64);
	hole(BIT(40));
	hole(BIT(42) - 64);
	hole(BIT(44) - 64);
	hole(BIT(47));
	hole(BIT(48) - 64);
}

static unsigned pa_bits(void)
{
	static const uint8_t bits[16] = {32, 36, 40, 42, 44, 48, 52};

	return bits[read_id_aa64mmfr0_el1() & 15];
}

static bool has_lse(void)
{
	return FIELD_GET(GENMASK(23, 20), read_id_aa64isar0_el1()) >= 2;
}

/* Why an abort is not the one that a hole gives; NULL when it is. */
static const char *wrong_abort(const struct trap_record *t, uint64_t addr)
{
	bool beyond = addr >> pa_bits();

	if (t->count == 0)
		return "no exception";
	if (trap_ec(t) != EC_DABT_SAME)
		return "no data abort";
	if (beyond && trap_dfsc(t) < 4)
		return NULL; /* address size fault, before any hypervisor */
	if (trap_dfsc(t) != DFSC_SEA)
		return "no synchronous external abort";
	if (t->esr & ESR_FNV)
		return "FAR said to be invalid";
	if (!(t->esr & ESR_IL))
		return "IL is clear";
	if (FIELD_GET(GENMASK(24, 14), t->esr))
		return "instruction syndrome in ESR_EL1";
	return NULL;
}

static const char *wrong_detail(const struct op *o, const struct trap_record *t,
				uint64_t addr)
{
	uint64_t block = o->flags & OP_BLOCK ? 2048 : 1;
	uint64_t at = (uint64_t)(uintptr_t)o->run;

	if (align_down(t->far, block) != align_down(addr, block))
		return "FAR is wrong";
	if (!(o->flags & OP_EITHER) &&
	    !(t->esr & ESR_WNR) != !(o->flags & OP_WRITE))
		return "WnR is wrong";
	if (t->elr < at || t->elr > at + 16)
		return "ELR is wrong";
	if ((t->spsr & 0xf) != 5)
		return "SPSR does not say EL1h";
	return NULL;
}

static const char *try_hole(const struct op *o, uint64_t addr,
			    struct trap_record *t)
{
	uint64_t moved;
	const char *why;

	trap_expect();
	moved = o->run(addr);
	*t = trap_end();
	if (t->serrors)
		return "SError";
	if ((o->flags & OP_HINT) && t->count == 0)
		return NULL;
	why = wrong_abort(t, addr);
	if (!why)
		why = wrong_detail(o, t, addr);
	if (!why && moved)
		why = "base register written back";
	return why;
}

static void check_op_on_holes(const struct op *o, uint64_t limit)
{
	struct trap_record t;
	const char *why;

	for (unsigned i = 0; i < nr_holes; i++) {
		if (holes[i] >= limit)
			continue;
		why = try_hole(o, holes[i], &t);
		if (why) {
			check_fail(o->name, "%s at 0x%lx (esr 0x%lx far 0x%lx)",
				   why, holes[i], t.esr, t.far);
			return;
		}
	}
	check_ok(o->name);
}

static void check_ops_on_holes(uint64_t limit)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!(ops[i].flags & OP_LSE) || has_lse())
			check_op_on_holes(&ops[i], limit);
	}
}

/* The lowest byte of an access is enough: unaligned forms of a few ops. */
static void check_unaligned_holes(uint64_t limit)
{
	struct trap_record t;
	uint64_t bad = 0;

	for (unsigned i = 0; i < nr_holes; i++) {
		if (holes[i] >= limit)
			continue;
		trap_expect();
		op_ldr_x(holes[i] + 1);
		op_str_x(holes[i] + 3);
		op_ldp_x(holes[i] + 4);
		op_ldrh(holes[i] + 1);
		t = trap_end();
		if (t.count != 4 || trap_ec(&t) != EC_DABT_SAME)
			bad = holes[i];
	}
	CHECK_EQ("unaligned", bad, 0);
}

static bool fetch_aborts(uint64_t addr)
{
	struct trap_record t;
	unsigned fsc;

	trap_expect();
	op_fetch(addr);
	t = trap_end();
	fsc = trap_dfsc(&t);
	return t.count == 1 && trap_ec(&t) == EC_IABT_SAME && t.far == addr &&
	       t.elr == addr &&
	       (fsc == DFSC_SEA || (addr >> pa_bits() && fsc < 4));
}

static void check_fetch(void)
{
	uint64_t bad = 0;

	for (unsigned i = 0; i < nr_holes; i++) {
		if (!fetch_aborts(holes[i]))
			bad = holes[i] + 1;
	}
	/* Rules out: foreign-memory */
	CHECK_EQ("instruction_fetch", bad, 0);
	if (guest.native)
		return;
	CHECK("instruction_fetch_from_gicd", fetch_aborts(GICD_BASE));
	CHECK("instruction_fetch_from_uart", fetch_aborts(UART_BASE));
}

/* The last bytes of RAM and the first of nothing in one access. */
static void check_cross(const char *name, uint64_t (*op)(uint64_t addr),
			uint64_t before)
{
	uint64_t addr = guest_ram_end() - before;
	struct trap_record t;

	trap_expect();
	op(addr);
	t = trap_end();
	if (t.count == 1 && trap_ec(&t) == EC_DABT_SAME &&
	    (trap_dfsc(&t) == DFSC_SEA || trap_dfsc(&t) == DFSC_ALIGN) &&
	    t.far >= addr && t.far < addr + 64)
		check_ok(name);
	else
		check_fail(name, "count %u esr 0x%lx far 0x%lx", t.count, t.esr,
			   t.far);
}

static void check_ram_end(void)
{
	volatile uint64_t *last = ptr_of(guest_ram_end() - 8);

	*last = 0x5a5a;
	/* Rules out: foreign-memory */
	CHECK_EQ("last_word_of_ram", *last, 0x5a5a);
	check_cross("ldr_x_over_ram_end", op_ldr_x, 4);
	check_cross("str_x_over_ram_end", op_str_x, 4);
	check_cross("ldp_x_over_ram_end", op_ldp_x, 8);
	/* Rules out: half-done-access */
	check_cross("stp_x_over_ram_end", op_stp_x, 8);
	check_cross("ldp_q_over_ram_end", op_ldp_q, 16);
	check_cross("st1_over_ram_end", op_st1, 4);
	check_cross("ld4_over_ram_end", op_ld4, 32);
}

/* What an abort must leave alone, and must change, in the CPU. */
static void check_cpu_state(void)
{
	uint64_t nzcv, par, here = (uint64_t)(uintptr_t)&guest;
	struct trap_record t;

	trap_expect();
	nzcv = op_ldr_flags(guest_ram_end());
	t = trap_end();
	CHECK_EQ("flags_survive_abort", nzcv, 0xa0000000);
	CHECK_EQ("spsr_holds_flags", t.spsr >> 28, 0xa);
	/* Rules out: injected-entry */
	CHECK_EQ("interrupts_masked_in_handler", t.daif, 0x3c0);

	__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(here) : "memory");
	par = read_par_el1();
	CHECK_EQ("at_translates_own_ram", par & GENMASK(47, 12),
		 align_down(here, 4096));
	/* A hole; no syndrome; an odd read of what is no memory; a store to
	 * what may be, whose address the hypervisor has to translate. */
	trap_expect();
	op_ldp_x(guest_ram_end());
	op_ldp_post(GICD_BASE + GICD_TYPER);
	op_ldrb(GICR_BASE + GICR_SGI_BASE + GIC_ICPENDR);
	op_str_w(GICR_BASE + GICR_TYPER);
	trap_end();
	/* Rules out: par-lost */
	CHECK_EQ("par_survives_traps", read_par_el1(), par);
}

/* Odd accesses to live registers: an answer or an abort, and life goes on. */
/* Rules out: invalid-syndrome */
static void check_devices(void)
{
	static const uint64_t at[] = {
		GICD_BASE + GICD_IIDR,
		GICR_BASE + GICR_TYPER,
		GICR_BASE + GICR_SGI_BASE + GIC_ICPENDR,
		UART_BASE + UARTFR,
		UART_BASE + 0xff8,
		GICD_BASE + GICD_SIZE - 8,
	};
	struct trap_record t;

	for (unsigned i = 0; i < ARRAY_SIZE(ops) * ARRAY_SIZE(at); i++) {
		const struct op *o = &ops[i / ARRAY_SIZE(at)];

		if (((o->flags & OP_LSE) && !has_lse()) ||
		    ((o->flags & OP_BLOCK) && guest.native))
			continue; /* QEMU zeroes a block of registers */
		trap_expect();
		o->run(at[i % ARRAY_SIZE(at)]);
		t = trap_end();
		if (t.serrors || (t.count && trap_ec(&t) != EC_DABT_SAME)) {
			check_fail("odd_device_accesses", "%s at 0x%lx: 0x%lx",
				   o->name, at[i % ARRAY_SIZE(at)], t.esr);
			return;
		}
	}
	check_ok("odd_device_accesses");
}

/* ------------------------------------- registers that are read as memory */

/*
 * Pages that a guest may read without an exit (docs/design/09-mmio.md). At
 * `at` begin 32 bytes, not all zero, in which stores change no register.
 */
static struct shown {
	uint64_t base;
	unsigned at;
	unsigned used[2]; /* first and last byte that may be other than 0 */
	unsigned kept;    /* from here on no register changes by itself */
} shown[3 + 2 * CPU_MAX];
static unsigned nr_shown;

static void show(uint64_t base, unsigned at, unsigned first, unsigned last)
{
	struct trap_record t;

	trap_expect();
	(void)mmio_read32(base);
	t = trap_end();
	if (t.count) /* no virtio slot */
		return;
	shown[nr_shown++] = (struct shown){
		base, at, {first, last}, base == UART_BASE ? 0x48 : 0};
}

static void find_shown(void)
{
	nr_shown = 0;
	show(GICD_BASE + 0xf000, 0xfe0, 0xfd0, 0xfff);
	show(UART_BASE, 0xfe0, 0, 0xfff);
	show(VIRTIO_BASE, 0, 0, 0xfff);
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		show(GICR_BASE + i * GICR_STRIDE, 0, 0, 0x17);
		show(GICR_BASE + i * GICR_STRIDE + 0xf000, 0xfe0, 0xfd0, 0xfff);
	}
}

/* Its bytes from `kept` on, as one number. */
static uint64_t sum_of(const struct shown *p)
{
	uint64_t sum = 0;

	for (unsigned at = p->kept; at < 0x1000; at += 4)
		sum = sum * 31 + mmio_read32(p->base + at);
	return sum;
}

/* What has to write both or nothing, and what an exit would not emulate. */
static bool must_abort(const struct op *o)
{
	return (o->flags & (OP_EITHER | OP_BLOCK)) && !(o->flags & OP_HINT);
}

static const char *wrong_on_shown(const struct op *o, const struct shown *p,
				  struct trap_record *t)
{
	uint64_t was = sum_of(p);

	trap_expect();
	o->run(p->base + p->at);
	*t = trap_end();
	if (t->serrors)
		return "SError";
	if (t->count && trap_ec(t) != EC_DABT_SAME)
		return "no data abort";
	if (!t->count && must_abort(o))
		return "no exception";
	return sum_of(p) == was ? NULL : "the page has changed";
}

/* Rules out: read-only-page */
static void check_shown_pages_keep(void)
{
	struct trap_record t;

	for (unsigned i = 0; i < ARRAY_SIZE(ops) * nr_shown; i++) {
		const struct op *o = &ops[i / nr_shown];
		const struct shown *p = &shown[i % nr_shown];
		const char *why;

		if ((o->flags & OP_LSE) && !has_lse())
			continue;
		why = wrong_on_shown(o, p, &t);
		if (why) {
			check_fail("shown_pages_keep", "%s: %s at 0x%lx: 0x%lx",
				   o->name, why, p->base + p->at, t.esr);
			return;
		}
	}
	check_ok("shown_pages_keep");
}

/* Where a load of another size does not give the bytes that are there; 0:
 * nowhere. */
static uint64_t odd_sizes(void)
{
	for (unsigned i = 0; i < nr_shown; i++) {
		uint64_t at = shown[i].base + shown[i].at + 8;
		uint32_t word = mmio_read32(at), next = mmio_read32(at + 4);

		if (mmio_read8(at) != (word & 0xff) ||
		    mmio_read8(at + 3) != word >> 24 ||
		    mmio_read16(at + 2) != word >> 16 ||
		    mmio_read64(at) != ((uint64_t)next << 32 | word))
			return at;
	}
	return 0;
}

/* Registers, and nothing of anybody else's behind them. */
static void check_shown_pages(void)
{
	uint64_t bad = 0;

	for (unsigned i = 0; i < nr_shown; i++) {
		const struct shown *p = &shown[i];

		for (unsigned at = 0; at < 0x1000; at += 4) {
			bool used = at >= p->used[0] && at <= p->used[1];

			if (p->base == UART_BASE && at >= 0x4c && at < 0xfe0)
				used = false;
			if (!used && mmio_read32(p->base + at))
				bad = p->base + at;
		}
	}
	/* Rules out: foreign-memory */
	CHECK_EQ("shown_pages_hold_registers", bad, 0);
	CHECK_EQ("shown_pages_read_in_any_size", odd_sizes(), 0);
	check_shown_pages_keep();
}

static void check_fetch_from_shown(void)
{
	uint64_t executed = 0;

	for (unsigned i = 0; i < nr_shown; i++) {
		if (!fetch_aborts(shown[i].base + shown[i].at))
			executed = shown[i].base + shown[i].at;
	}
	CHECK_EQ("instruction_fetch_from_shown_pages", executed, 0);
}

/* A stage-1 table walk that leaves the guest's RAM. */
static void check_table_walk(const char *name, uint64_t table)
{
	uint64_t va = GIB(300) + 0x1234568;
	struct trap_record t;

	mmu_set_table(va, table);
	trap_expect();
	op_ldr_x(va);
	t = trap_end();
	mmu_set_flat(va);
	if (t.count == 1 && trap_ec(&t) == EC_DABT_SAME && t.far == va &&
	    trap_dfsc(&t) == DFSC_SEA_TTW + 2)
		check_ok(name);
	else
		check_fail(name, "count %u esr 0x%lx far 0x%lx", t.count, t.esr,
			   t.far);
}

static void check_table_walks(void)
{
	check_table_walk("table_walk_after_ram", guest_ram_end());
	check_table_walk("table_walk_far_away", BIT(32) - 0x100000);
	if (guest.native)
		return;
	check_table_walk("table_walk_below_ram", 0x10000000);
	check_table_walk("table_walk_in_gicd", GICD_BASE);
	/* Rules out: not-an-access */
	check_table_walk("table_walk_in_uart", UART_BASE);
	check_table_walk("table_walk_in_redistributor", GICR_BASE);
	check_table_walk("table_walk_in_identification", GICD_BASE + 0xf000);
	check_table_walk("table_walk_in_virtio_slots", VIRTIO_BASE);
}

static void check_all_holes(uint64_t limit)
{
	check_ops_on_holes(limit);
	check_unaligned_holes(limit);
	check_ram_end();
	check_cpu_state();
	check_devices();
	uart_init();
	if (guest.native)
		return;
	find_shown();
	CHECK("shown_pages_are_found", nr_shown >= 2 + 2 * guest.nr_cpus);
	check_shown_pages();
}

void payload_main(void)
{
	find_holes();
	check_area("isolation.mmu_off");
	check_all_holes(~UINT64_C(0));
	check_fetch();
	if (!guest.native)
		check_fetch_from_shown();
	mmu_on();
	check_area("isolation.mmu_on");
	check_all_holes(MMU_VA_SIZE);
	check_table_walks();
	mmu_off();
	check_area("isolation");
	CHECK_EQ("console_still_there", uart_read(UARTFR) & UARTFR_TXFF, 0);
}
