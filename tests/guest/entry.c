/*
 * What a CPU finds when it starts: the boot CPU by the arm64 boot protocol,
 * the others by PSCI's CPU_ON ("Initial core state", DEN 0022), and both by the
 * architecture's reset values (Arm ARM DDI 0487) where it has them. And the
 * places of Image and device tree, and what the tree says of the CPUs.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smp.h"
#include "lib/timer.h"

const char payload_name[] = "entry";

SYSREG_RO(cntkctl_el1)

#define SCTLR_A    BIT(1)
#define SCTLR_WXN  BIT(19)
#define SCTLR_E0E  BIT(24)
#define SCTLR_EE   BIT(25)
#define DAIF_ALL   0x3c0
#define OSLSR_OSLK BIT(1)
#define MDSCR_SS   BIT(0)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)
#define SRE_SRE    BIT(0)

extern const char _start[], _end[]; /* guest.ld */

/* Of a CPU, by itself, when its payload code begins. */
struct state {
	uint64_t daif, sctlr, el, spsel; /* as start.S found them */
	uint64_t mpidr, midr, cntfrq, cntv, cntp, oslsr, mdscr, sre;
	uint64_t grpen0, grpen1, isr;
	volatile bool done;
};

static struct state states[CPU_MAX];

static void take_state(struct state *s)
{
	s->mpidr = read_mpidr_el1() & MPIDR_AFFINITY;
	s->midr = read_midr_el1();
	s->cntfrq = read_cntfrq_el0();
	s->cntv = read_cntv_ctl_el0();
	s->cntp = read_cntp_ctl_el0();
	s->oslsr = read_oslsr_el1();
	s->mdscr = read_mdscr_el1();
	s->sre = read_icc_sre_el1();
	s->grpen0 = read_icc_igrpen0_el1();
	s->grpen1 = read_icc_igrpen1_el1();
	s->isr = read_isr_el1();
	dsb_sy();
	s->done = true;
}

static void secondary(void *arg)
{
	const struct cpu *c = this_cpu();
	struct state *s = arg;

	s->daif = c->entry_daif;
	s->sctlr = c->entry_sctlr;
	s->el = c->entry_el;
	s->spsel = c->entry_spsel;
	take_state(s);
}

static void boot_cpu(struct state *s)
{
	s->daif = guest_boot.daif;
	s->sctlr = guest_boot.sctlr;
	s->el = guest_boot.el;
	s->spsel = guest_boot.spsel;
	take_state(s);
}

/* What holds for every CPU. */
static void check_state(const struct state *s)
{
	CHECK_EQ("runs_at_el1", s->el >> 2, 1);
	CHECK_EQ("uses_sp_el1", s->spsel & 1, 1);
	CHECK_EQ("exceptions_are_masked", s->daif & DAIF_ALL, DAIF_ALL);
	CHECK_EQ("mmu_is_off", s->sctlr & SCTLR_M, 0);
	CHECK_EQ("data_cache_is_off", s->sctlr & SCTLR_C, 0);
	CHECK_EQ("data_is_little_endian", s->sctlr & SCTLR_EE, 0);
	CHECK_EQ("alignment_is_not_checked", s->sctlr & SCTLR_A, 0);
	CHECK_EQ("writable_is_executable", s->sctlr & SCTLR_WXN, 0);
	CHECK_EQ("el0_is_little_endian", s->sctlr & SCTLR_E0E, 0);
	CHECK_EQ("virtual_timer_is_off", s->cntv & CNT_CTL_ENABLE, 0);
	CHECK_EQ("physical_timer_is_off", s->cntp & CNT_CTL_ENABLE, 0);
	CHECK_EQ("os_lock_is_held", s->oslsr & OSLSR_OSLK, OSLSR_OSLK);
	CHECK_EQ("debug_exceptions_are_off",
		 s->mdscr & (MDSCR_SS | MDSCR_KDE | MDSCR_MDE), 0);
	CHECK_EQ("gic_has_system_registers", s->sre & SRE_SRE, SRE_SRE);
	CHECK_EQ("group_0_is_off", s->grpen0, 0);
	CHECK_EQ("group_1_is_off", s->grpen1, 0);
	CHECK_EQ("nothing_is_pending", s->isr, 0);
}

/* ------------------------------------------------------------- boot CPU */

static uint64_t be32(const uint8_t *p)
{
	return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 |
	       (uint64_t)p[2] << 8 | p[3];
}

static bool in_ram(uint64_t at, uint64_t size)
{
	return at >= guest.ram_base && size <= guest.ram_size &&
	       at - guest.ram_base <= guest.ram_size - size;
}

static void check_images(void)
{
	uint64_t dtb = addr_of(guest.dtb), image = addr_of(_start);
	uint64_t image_size = addr_of(_end) - image;
	uint64_t dtb_size = be32((const uint8_t *)guest.dtb + 4);

	CHECK_EQ("x0_is_a_device_tree", be32(guest.dtb), 0xd00dfeed);
	CHECK_EQ("tree_is_aligned", dtb % 8, 0);
	CHECK("tree_is_at_most_2_mib", dtb_size <= 0x200000);
	CHECK("tree_is_in_ram", in_ram(dtb, dtb_size));
	CHECK_EQ("image_is_at_a_2_mib_boundary", image % 0x200000, 0);
	CHECK("image_is_in_ram_with_its_bss", in_ram(image, image_size));
	CHECK("tree_is_beside_the_image",
	      dtb + dtb_size <= image || dtb >= image + image_size);
	CHECK_EQ("x1_is_0", guest_boot.x[0], 0);
	CHECK_EQ("x2_is_0", guest_boot.x[1], 0);
	CHECK_EQ("x3_is_0", guest_boot.x[2], 0);
}

/* The frame that GICR_TYPER says is this CPU's is awake or asleep, and there is
 * one for every CPU, the last of which says so. */
static void check_redistributors(void)
{
	uint64_t missing = 0;
	unsigned nr_last = 0;

	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		uint64_t frame = gic_find_redist(cpus[i].mpidr);

		if (!frame)
			missing |= BIT(i);
		else if (mmio_read64(frame + GICR_TYPER) & GICR_TYPER_LAST)
			nr_last++;
	}
	CHECK_EQ("every_cpu_has_a_redistributor", missing, 0);
	CHECK_EQ("one_is_the_last", nr_last, 1);
	CHECK_EQ("distributor_forwards_nothing",
		 mmio_read32(GICD_BASE + GICD_CTLR) &
			 (GICD_CTLR_GRP0 | GICD_CTLR_GRP1),
		 0);
}

/* ----------------------------------------------------------- other CPUs */

static void check_others(void)
{
	uint64_t bad_mpidr = 0, bad_midr = 0, bad_frq = 0, bad_x0 = 0;

	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (states[i].mpidr != cpus[i].mpidr)
			bad_mpidr |= BIT(i);
		if (states[i].midr != states[0].midr)
			bad_midr |= BIT(i);
		if (states[i].cntfrq != states[0].cntfrq)
			bad_frq |= BIT(i);
		if (cpus[i].entry_x0 != addr_of(&cpus[i]))
			bad_x0 |= BIT(i);
	}
	CHECK_EQ("mpidr_is_that_of_the_tree", bad_mpidr, 0);
	CHECK_EQ("cpus_are_alike", bad_midr, 0);
	CHECK_EQ("counters_have_one_frequency", bad_frq, 0);
	CHECK_EQ("context_id_is_in_x0", bad_x0, 0);
}

static void check_second(const char *area)
{
	check_area(area);
	states[1] = (struct state){0};
	dsb_sy();
	CHECK_EQ("cpu_on_succeeds",
		 (uint64_t)smp_start(1, secondary, &states[1]), 0);
	if (CHECK("it_starts", WAIT_FOR(states[1].done)))
		check_state(&states[1]);
	CHECK("it_goes_off_again", smp_wait_off(1));
}

void payload_main(void)
{
	boot_cpu(&states[0]);
	check_area("entry.boot");
	check_state(&states[0]);
	check_images();
	check_area("entry.gic");
	check_redistributors();
	if (guest.nr_cpus < 2)
		return;
	check_second("entry.cpu_on");
	check_second("entry.cpu_on_again");
	check_area("entry.cpus");
	for (unsigned i = 2; i < guest.nr_cpus; i++) {
		if (smp_start(i, secondary, &states[i]) ||
		    !WAIT_FOR(states[i].done) || !smp_wait_off(i))
			check_note("cpu %u does not start", i);
	}
	check_others();
	CHECK_EQ("boot_cpu_is_in_the_tree", states[0].mpidr, cpus[0].mpidr);
}
