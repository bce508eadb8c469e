/*
 * Every boot finds the machine as the first one did, whatever the run before
 * left behind (PSCI DEN 0022, SYSTEM_RESET). Checks, prints `command?`, makes
 * a mess of everything it can reach and obeys one byte from the UART:
 * `r` SYSTEM_RESET, `s` the same from another CPU, `2` SYSTEM_RESET2 (warm),
 * `o` power off. The last line before a reset is `resetting: N ok, M failed`.
 * What RAM is like, and whether MEM_PROTECT is still on, depends on the kind of
 * reset: a remark says `ram fresh` or `ram kept`. Uses two CPUs when there are
 * two.
 */
#include "lib/check.h"
#include "lib/fdt.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/psci.h"
#include "lib/simd.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/uart.h"

const char payload_name[] = "reset";

#define MARK UINT64_C(0x600dc0ffee15600d)

static volatile uint64_t data_mark = MARK;
static volatile uint64_t bss_mark;
static volatile uint64_t noinit_mark __attribute__((noinit));

uint64_t reset_residue(bool keys);
void reset_fill(bool keys, uint64_t value);

/* Pointer authentication: APA, API in ID_AA64ISAR1, APA3 in ISAR2. */
static bool has_keys(void)
{
	uint64_t isar2;

	__asm__("mrs %0, S3_0_C0_C6_2" : "=r"(isar2));
	return (read_id_aa64isar1_el1() & GENMASK(11, 4)) ||
	       (isar2 & GENMASK(15, 12));
}

static struct simd_image *image_of_this_cpu(void)
{
	static struct simd_image images[2];

	return &images[this_cpu()->idx != 0];
}

/* All bits that are set in any of the scalable vectors, or say how long they
 * are. */
static uint64_t sve_residue(void)
{
	struct simd_image *im = image_of_this_cpu();
	uint64_t all;

	if (!has_sve())
		return 0;
	sve_allow(CPACR_ZEN);
	all = read_zcr_el1();
	(void)sve_length(SIMD_QUADS_MAX);
	memset(im, 0, sizeof(*im));
	sve_store(im);
	for (unsigned i = 0; i < ARRAY_SIZE(im->word); i++)
		all |= im->word[i];
	return all | im->fpcr | im->fpsr;
}

static uint64_t residue(void)
{
	return reset_residue(has_keys()) | sve_residue();
}

static void fill_registers(void)
{
	struct simd_image *im = image_of_this_cpu();

	reset_fill(has_keys(), MARK);
	if (!has_sve())
		return;
	sve_allow(CPACR_ZEN);
	(void)sve_length(SIMD_QUADS_MAX);
	sve_store(im); /* for FPCR and FPSR */
	memset(im->word, 0xff, sizeof(im->word));
	sve_load(im);
}

/* The device tree is near it. */
static volatile uint64_t *last_word(void)
{
	return ptr_of(guest_ram_end() - 8);
}

/* No image reaches as far. */
static volatile uint64_t *middle_word(void)
{
	return ptr_of(guest.ram_base + guest.ram_size / 2);
}

static void check_memory(void)
{
	CHECK_EQ("data_as_linked", data_mark, MARK);
	CHECK_EQ("bss_is_zero", bss_mark, 0);
	if (guest.native)
		return; /* QEMU keeps RAM over a reset */
	CHECK("last_word_of_ram_is_fresh", *last_word() != MARK);
	CHECK_EQ("ram_is_kept_whole_or_not_at_all", noinit_mark == MARK,
		 *middle_word() == MARK);
	check_note("ram %s, mem_protect %u",
		   noinit_mark == MARK ? "kept" : "fresh",
		   (unsigned)psci_call(PSCI_MEM_PROTECT, 1, 0, 0));
}

static void check_gicd(void)
{
	uint32_t any = 0, prio = 0, route = 0;

	CHECK_EQ("gicd_groups_are_off",
		 mmio_read32(GICD_BASE + GICD_CTLR) &
			 (GICD_CTLR_GRP0 | GICD_CTLR_GRP1),
		 0);
	for (unsigned i = 32; i < gic_nr_intids(); i += 32) {
		any |= mmio_read32(GICD_BASE + GIC_ISENABLER + i / 8);
		any |= mmio_read32(GICD_BASE + GIC_ISPENDR + i / 8);
		any |= mmio_read32(GICD_BASE + GIC_ISACTIVER + i / 8);
	}
	for (unsigned i = 32; i < gic_nr_intids(); i += 4)
		prio |= mmio_read32(GICD_BASE + GIC_IPRIORITYR + i);
	for (unsigned i = 32; i < gic_nr_intids(); i++)
		route |=
			mmio_read32(GICD_BASE + GICD_IROUTER + UINT64_C(8) * i);
	CHECK_EQ("spis_are_off_and_idle", any, 0);
	CHECK_EQ("spi_priorities_are_0", prio, 0);
	CHECK_EQ("spi_routes_are_0", route, 0);
}

static void check_gicr(void)
{
	uint32_t any = 0, asleep = WAKER_SLEEP | WAKER_ASLEEP;

	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		uint64_t gicr = gic_find_redist(cpus[i].mpidr);

		any |= mmio_read32(gicr + GICR_SGI_BASE + GIC_ISENABLER);
		any |= mmio_read32(gicr + GICR_SGI_BASE + GIC_ISPENDR);
		any |= mmio_read32(gicr + GICR_SGI_BASE + GIC_ISACTIVER);
		asleep &= mmio_read32(gicr + GICR_WAKER);
	}
	/* Rules out: reset-state */
	CHECK_EQ("sgis_and_ppis_are_off_and_idle", any, 0);
	CHECK_EQ("redistributors_sleep", asleep, WAKER_SLEEP | WAKER_ASLEEP);
}

static void check_cpu(void)
{
	uint64_t on = 0;

	if (!guest.native) /* elsewhere they are UNKNOWN */
		/* Rules out: reset-state, fp-carried-over */
		CHECK_EQ("no_register_shows_the_last_boot", residue(), 0);
	CHECK_EQ("virtual_timer_is_off", read_cntv_ctl_el0() & 1, 0);
	CHECK_EQ("physical_timer_is_off", read_cntp_ctl_el0() & 1, 0);
	CHECK_EQ("igrpen1_is_off", read_icc_igrpen1_el1() & 1, 0);
	CHECK_EQ("pmr_is_0", read_icc_pmr_el1(), 0);
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (psci_affinity_info(cpus[i].mpidr) != PSCI_AFFINITY_OFF)
			on |= BIT(i);
	}
	CHECK_EQ("other_cpus_are_off", on, 0);
	CHECK("device_tree_is_whole", fdt_size(guest.dtb) > 64);
}

static void fill(uint8_t *p, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		p[i] = 0xa5;
}

/* Rules out: physical-gic */
static void mess_gic(void)
{
	gic_init_dist();
	gic_init_cpu();
	for (unsigned i = 32; i < gic_nr_intids(); i += 32) {
		mmio_write32(GICD_BASE + GIC_ISENABLER + i / 8, ~0U);
		mmio_write32(GICD_BASE + GIC_ISPENDR + i / 8, ~0U);
		mmio_write32(GICD_BASE + GIC_ISACTIVER + i / 8, 0x0f0f0f0f);
	}
	for (unsigned i = 0; i < 32; i++) {
		gic_enable(i);
		gic_set_bit(GIC_ISPENDR, i);
	}
	read_icc_iar1_el1(); /* one is left active, by the CPU too */
	gic_route(40, cpus[guest.nr_cpus - 1].mpidr);
}

static void mess_cpu(void)
{
	fill_registers();
	write_cntv_cval_el0(0);
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	write_cntp_cval_el0(0);
	write_cntp_ctl_el0(CNT_CTL_ENABLE);
}

static volatile uint64_t reset_fn;

static volatile bool other_looked;
static volatile uint64_t other_residue;

/* Another CPU: a mess of its own, then the reset when it is asked for one. */
static void other_cpu(void *arg)
{
	(void)arg;
	other_residue = residue();
	dsb_sy();
	other_looked = true;
	gic_init_cpu();
	mess_cpu();
	mmu_on();
	while (!reset_fn)
		cpu_relax();
	psci_call(reset_fn, 0, 0, 0);
}

static void mess(void)
{
	data_mark = ~MARK;
	bss_mark = MARK;
	noinit_mark = MARK;
	*last_word() = MARK;
	*middle_word() = MARK;
	fill(ptr_of(addr_of(guest.dtb)), fdt_size(guest.dtb));
	mess_gic();
	mess_cpu();
	uart_write(UARTIMSC, 0x7ff);
	mmu_on();
}

static void reset_by(uint64_t fn)
{
	check_totals("resetting");
	psci_call(fn, 0, 0, 0);
	check_fail("reset_returns", "from 0x%lx", fn);
}

static void obey(uint8_t command)
{
	if (command == 'r') {
		reset_by(PSCI_SYSTEM_RESET);
	} else if (command == '2') {
		reset_by(PSCI_SYSTEM_RESET2_64);
	} else if (command == 's' && guest.nr_cpus > 1) {
		check_totals("resetting");
		reset_fn = PSCI_SYSTEM_RESET;
		dsb_sy();
		for (;;)
			cpu_relax();
	} else if (command == 'o') {
		check_done();
	}
}

static void check_other_cpu(void)
{
	other_looked = false;
	smp_start(1, other_cpu, NULL);
	CHECK("another_cpu_starts", WAIT_FOR(other_looked));
	if (!guest.native)
		CHECK_EQ("no_register_of_another_cpu_shows_it", other_residue,
			 0);
}

void payload_main(void)
{
	check_memory();
	check_gicd();
	check_gicr();
	check_cpu();
	reset_fn = 0;
	if (guest.nr_cpus > 1)
		check_other_cpu();
	mess();
	print("command?\n");
	for (;;)
		obey(uart_get());
}
