/*
 * The register map of a GICv3 with one Security state (Arm IHI 0069,
 * "Distributor register map", "Redistributor register map"): what can only be
 * read, what is not there with affinity routing or without Secure state, and
 * every register of every SPI and of every CPU's frame: each bit that exists
 * holds what was written, none of the others does. What the state means for
 * interrupts is in irq.c and its siblings. One CPU is enough.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"

const char payload_name[] = "gicregs";

#define GICD_TYPER2    0x000c
#define GICD_STATUSR   0x0010
#define GIC_ITARGETSR  0x0800
#define GIC_NSACR      0x0e00
#define GICD_SGIR      0x0f00
#define GICD_CPENDSGIR 0x0f10
#define GICD_SPENDSGIR 0x0f20
#define GICD_PIDR4     0xffd0
#define GICD_CIDR0     0xfff0
#define GICD_CTLR_KNOWN                                                        \
	(GICD_CTLR_GRP0 | GICD_CTLR_GRP1 | GICD_CTLR_ARE | GICD_CTLR_DS |      \
	 GICD_CTLR_RWP)
#define IROUTER_BITS (GENMASK(39, 32) | IROUTER_IRM | GENMASK(23, 0))
#define SPI_FIRST    32U

/* --------------------------------------------- what a write does not change */

static bool is_read_only(uint64_t at)
{
	uint32_t was = mmio_read32(at);

	mmio_write32(at, ~was);
	return mmio_read32(at) == was;
}

static bool is_raz_wi(uint64_t at)
{
	return is_read_only(at) && mmio_read32(at) == 0;
}

static void check_ids(const char *area, uint64_t frame)
{
	static const uint8_t cidr[] = {0x0d, 0xf0, 0x05, 0xb1};
	uint64_t bad = 0;

	check_area(area);
	for (unsigned i = 0; i < 12; i++)
		if (!is_read_only(frame + GICD_PIDR4 + UINT64_C(4) * i))
			bad |= BIT(i);
	for (unsigned i = 0; i < 4; i++)
		if (mmio_read32(frame + GICD_CIDR0 + UINT64_C(4) * i) !=
		    cidr[i])
			bad |= BIT(16 + i);
	CHECK_EQ("identification_is_fixed", bad, 0);
	CHECK_EQ("architecture_is_3", mmio_read32(frame + GICD_PIDR2) >> 4 & 15,
		 3);
}

static void check_fixed(void)
{
	static const struct {
		const char *name;
		uint16_t offset;
	} t[] = {
		/* SGIs and PPIs are the redistributors' */
		{"no_igroupr0", GIC_IGROUPR},
		{"no_isenabler0", GIC_ISENABLER},
		{"no_icenabler0", GIC_ICENABLER},
		{"no_ispendr0", GIC_ISPENDR},
		{"no_icpendr0", GIC_ICPENDR},
		{"no_isactiver0", GIC_ISACTIVER},
		{"no_icactiver0", GIC_ICACTIVER},
		{"no_ipriorityr0", GIC_IPRIORITYR},
		{"no_ipriorityr7", GIC_IPRIORITYR + 28},
		{"no_icfgr0", GIC_ICFGR},
		{"no_icfgr1", GIC_ICFGR + 4},
		{"no_irouter0", GICD_IROUTER},
		{"no_irouter31", GICD_IROUTER + 8 * 31},
		/* and legacy operation is gone */
		{"no_itargetsr0", GIC_ITARGETSR},
		{"no_itargetsr8", GIC_ITARGETSR + 32},
		{"no_sgir", GICD_SGIR},
		{"no_cpendsgir", GICD_CPENDSGIR},
		{"no_spendsgir", GICD_SPENDSGIR},
		/* one Security state */
		{"no_igrpmodr1", GIC_IGRPMODR + 4},
		{"no_nsacr2", GIC_NSACR + 8},
		/* optional, or of later versions */
		{"no_typer2", GICD_TYPER2},
		{"no_statusr", GICD_STATUSR},
		{"no_extended_spis", 0x1000},
		{"nothing_between", 0x0f80},
	};
	uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);

	check_area("gicregs.gicd");
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		check_eq(t[i].name, is_raz_wi(GICD_BASE + t[i].offset), 1);
	CHECK("typer_is_read_only", is_read_only(GICD_BASE + GICD_TYPER));
	CHECK("iidr_is_read_only", is_read_only(GICD_BASE + GICD_IIDR));
	CHECK_EQ("typer_counts_no_legacy_cpus", typer >> 5 & 7, 0);
	CHECK_EQ("typer_has_one_security_state", typer >> 10 & 1, 0);
	CHECK_EQ("typer_has_no_extended_spis", typer >> 8 & 1, 0);
	CHECK_EQ("typer_has_no_nmis", typer >> 9 & 1, 0);
}

static void check_control(void)
{
	uint64_t at = GICD_BASE + GICD_CTLR;

	mmio_write32(at, ~0U);
	CHECK_EQ("ctlr_has_no_other_bits", mmio_read32(at) & ~GICD_CTLR_KNOWN,
		 0);
	CHECK_EQ("ctlr_enables_both_groups", mmio_read32(at) & 3, 3);
	mmio_write32(at, GICD_CTLR_ARE);
	CHECK_EQ("ctlr_disables_both_groups", mmio_read32(at) & 3, 0);
	mmio_write32(at, 0);
	CHECK_EQ("affinity_routing_cannot_end",
		 mmio_read32(at) & (GICD_CTLR_ARE | GICD_CTLR_DS),
		 GICD_CTLR_ARE | GICD_CTLR_DS);
	mmio_write32(at, GICD_CTLR_ARE | GICD_CTLR_GRP1);
}

/* ------------------------------------------------------------------- each SPI
 */

/* Bits that read back wrong of a register of one bit an interrupt, of all
 * SPIs; a pattern, its opposite, then as before. */
static uint64_t plain_errors(uint64_t reg)
{
	uint64_t bad = 0;

	for (unsigned n = SPI_FIRST; n < gic_nr_intids(); n += 32) {
		uint64_t at = GICD_BASE + reg + n / 8;
		uint32_t was = mmio_read32(at), pattern = 0x5a3c0ff0 ^ n;

		mmio_write32(at, pattern);
		bad |= mmio_read32(at) ^ pattern;
		mmio_write32(at, ~pattern);
		bad |= mmio_read32(at) ^ ~pattern;
		mmio_write32(at, was);
	}
	return bad;
}

/* The same of a pair that sets and clears. */
static uint64_t pair_errors(uint64_t set, uint64_t clear)
{
	uint64_t bad = 0;

	for (unsigned n = SPI_FIRST; n < gic_nr_intids(); n += 32) {
		uint64_t s = GICD_BASE + set + n / 8;
		uint64_t c = GICD_BASE + clear + n / 8;

		mmio_write32(c, ~0U);
		bad |= mmio_read32(s);
		mmio_write32(s, 0x00ff5a00);
		mmio_write32(s, 0x000000a5); /* zeros change nothing */
		bad |= mmio_read32(s) ^ 0x00ff5aa5;
		bad |= mmio_read32(c) ^ 0x00ff5aa5;
		mmio_write32(c, 0x0000ffff);
		bad |= mmio_read32(s) ^ 0x00ff0000;
		mmio_write32(c, ~0U);
		bad |= mmio_read32(c);
	}
	return bad;
}

static uint64_t priority_errors(uint8_t bits)
{
	uint64_t bad = 0;

	for (unsigned n = SPI_FIRST; n < gic_nr_intids(); n++) {
		uint64_t at = GICD_BASE + GIC_IPRIORITYR + n;
		uint8_t was = mmio_read8(at), want = (uint8_t)(n * 8);

		mmio_write8(at, want);
		bad |= (uint64_t)(mmio_read8(at) ^ (want & bits));
		bad |= (mmio_read32(at & ~UINT64_C(3)) >> n % 4 * 8 & 0xff) ^
		       (want & bits);
		mmio_write8(at, was);
	}
	return bad;
}

static uint64_t config_errors(void)
{
	uint64_t bad = 0;

	for (unsigned n = SPI_FIRST; n < gic_nr_intids(); n += 16) {
		uint64_t at = GICD_BASE + GIC_ICFGR + n / 4;
		uint32_t was = mmio_read32(at);

		mmio_write32(at, ~0U);
		bad |= mmio_read32(at) ^ 0xaaaaaaaa;
		mmio_write32(at, 0x55555555 | 0x00880022);
		bad |= mmio_read32(at) ^ 0x00880022;
		mmio_write32(at, was);
	}
	return bad;
}

static uint64_t router_errors(void)
{
	uint64_t bad = 0, other = cpus[guest.nr_cpus - 1].mpidr;

	for (unsigned n = SPI_FIRST; n < gic_nr_intids() && n < 1020; n++) {
		uint64_t at = GICD_BASE + GICD_IROUTER + UINT64_C(8) * n;
		uint64_t was = mmio_read64(at);

		mmio_write64(at, other);
		bad |= mmio_read64(at) ^ other;
		mmio_write64(at, other | IROUTER_IRM);
		bad |= (mmio_read64(at) ^ IROUTER_IRM) & IROUTER_IRM;
		mmio_write32(at, 0); /* one half of it */
		bad |= mmio_read64(at) ^ (other & ~UINT64_C(0xffffffff));
		mmio_write32(at + 4, 0);
		bad |= mmio_read64(at);
		mmio_write64(at, was);
	}
	return bad;
}

static void check_spis(void)
{
	uint64_t at = GICD_BASE + GIC_IPRIORITYR + SPI_FIRST;
	uint8_t was = mmio_read8(at), bits;

	check_area("gicregs.spis");
	mmio_write8(at, 0xff);
	bits = mmio_read8(at);
	mmio_write8(at, was);
	check_value("priority_bits", bits);
	CHECK("priority_bits_are_the_upper_ones",
	      (bits & 0xf0) == 0xf0 &&
		      !((uint8_t)~bits & ((uint8_t)~bits + 1)));
	CHECK_EQ("groups", plain_errors(GIC_IGROUPR), 0);
	CHECK_EQ("enables", pair_errors(GIC_ISENABLER, GIC_ICENABLER), 0);
	CHECK_EQ("actives", pair_errors(GIC_ISACTIVER, GIC_ICACTIVER), 0);
	CHECK_EQ("priorities", priority_errors(bits), 0);
	CHECK_EQ("configurations", config_errors(), 0);
	CHECK_EQ("routes", router_errors(), 0);
	if (guest.native)
		return; /* QEMU keeps all 64 bits */
	at = GICD_BASE + GICD_IROUTER + UINT64_C(8) * SPI_FIRST;
	mmio_write64(at, ~UINT64_C(0));
	CHECK_EQ("route_has_no_other_bits", mmio_read64(at) & ~IROUTER_BITS, 0);
	mmio_write64(at, cpus[0].mpidr);
}

/* ---------------------------------------------------------- each CPU's frame
 */

static uint64_t frame_of(unsigned cpu)
{
	return gic_find_redist(cpus[cpu].mpidr);
}

static bool frame_is_fixed(uint64_t gicr)
{
	uint64_t sgi = gicr + GICR_SGI_BASE;

	return is_read_only(gicr + GICR_TYPER) &&
	       is_read_only(gicr + GICR_TYPER + 4) &&
	       is_read_only(gicr + GICR_IIDR) && is_raz_wi(gicr + 0x10) &&
	       is_raz_wi(gicr + 0x30) && is_raz_wi(gicr + 0x1000) &&
	       is_raz_wi(sgi + GIC_IGRPMODR) && is_raz_wi(sgi + GIC_NSACR) &&
	       is_raz_wi(sgi + GIC_IGROUPR + 4) &&
	       is_raz_wi(sgi + GIC_ISENABLER + 4) &&
	       is_raz_wi(sgi + GIC_IPRIORITYR + 32) &&
	       is_raz_wi(sgi + GIC_ICFGR + 8);
}

/* Bits of a frame that read back wrong; nothing of it is enabled. */
static uint64_t frame_errors(uint64_t gicr, uint32_t pattern)
{
	uint64_t sgi = gicr + GICR_SGI_BASE, bad;
	uint32_t group = mmio_read32(sgi + GIC_IGROUPR);

	mmio_write32(sgi + GIC_IGROUPR, pattern);
	bad = mmio_read32(sgi + GIC_IGROUPR) ^ pattern;
	mmio_write32(sgi + GIC_IGROUPR, group);
	mmio_write32(sgi + GIC_IPRIORITYR + 16, 0x40a0c020);
	bad |= mmio_read32(sgi + GIC_IPRIORITYR + 16) ^ 0x40a0c020;
	mmio_write32(sgi + GIC_IPRIORITYR + 16, 0xa0a0a0a0);
	mmio_write32(sgi + GIC_ICFGR, 0x55555555);
	bad |= mmio_read32(sgi + GIC_ICFGR) ^ 0xaaaaaaaa;
	bad |= mmio_read32(sgi + GIC_ICFGR + 4) & 0x55555555;
	return bad;
}

/* Pending and active of SGIs and PPIs that nobody uses. */
static uint64_t frame_state_errors(uint64_t gicr, uint32_t bits)
{
	static const struct {
		uint64_t set, clear;
	} t[] = {{GIC_ISPENDR, GIC_ICPENDR},
		 {GIC_ISACTIVER, GIC_ICACTIVER},
		 {GIC_ISENABLER, GIC_ICENABLER}};
	uint64_t sgi = gicr + GICR_SGI_BASE, bad = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		mmio_write32(sgi + t[i].clear, bits);
		bad |= mmio_read32(sgi + t[i].set) & bits;
		mmio_write32(sgi + t[i].set, bits);
		bad |= (mmio_read32(sgi + t[i].set) & bits) ^ bits;
		bad |= (mmio_read32(sgi + t[i].clear) & bits) ^ bits;
		mmio_write32(sgi + t[i].clear, bits & 0xff);
		bad |= (mmio_read32(sgi + t[i].set) & bits) ^ (bits & ~0xffU);
		mmio_write32(sgi + t[i].clear, bits);
		bad |= mmio_read32(sgi + t[i].clear) & bits;
	}
	return bad;
}

static void check_frames(void)
{
	uint64_t fixed = 0, wrong = 0, state = 0, waker = 0;

	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		uint64_t gicr = frame_of(i);

		if (!frame_is_fixed(gicr))
			fixed |= BIT(i);
		if (frame_errors(gicr, 0x12345678 + i))
			wrong |= BIT(i);
		if (frame_state_errors(gicr, 0x00d00f0f))
			state |= BIT(i);
		mmio_write32(gicr + GICR_WAKER, ~0U);
		if (mmio_read32(gicr + GICR_WAKER) &
		    ~(WAKER_SLEEP | WAKER_ASLEEP | BIT(31) | BIT(0)))
			waker |= BIT(i);
	}
	check_ids("gicregs.gicr", frame_of(0));
	CHECK_EQ("fixed_in_every_frame", fixed, 0);
	CHECK_EQ("banked_registers_hold", wrong, 0);
	CHECK_EQ("state_of_every_frame", state, 0);
	CHECK_EQ("waker_has_no_other_bits", waker, 0);
	CHECK_EQ("ctlr_has_no_write_pending",
		 mmio_read32(frame_of(0)) & (BIT(31) | BIT(3)), 0);
}

void payload_main(void)
{
	gic_init_dist();
	check_ids("gicregs.gicd", GICD_BASE);
	check_fixed();
	check_control();
	check_spis();
	check_frames();
}
