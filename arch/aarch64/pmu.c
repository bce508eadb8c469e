/*
 * Performs a guest's trapped accesses to the performance monitors, and switches
 * them between vCPUs; contract and specification in pmu.h. Called by
 * hyp/trap.c and hyp/vcpu.c with IRQs masked; no locks.
 */
#include <port/pmu_hw.h>
#include <string.h>

#include <arch/aarch64/pmu.h>
#include <arch/aarch64/sysreg.h>

#define PMCR_E       BIT(0)
#define PMCR_P       BIT(1) /* resets the event counters; reads 0 */
#define PMCR_C       BIT(2) /* resets the cycle counter; reads 0 */
#define PMCR_LP      BIT(7) /* event counters wrap at 64 bits */
#define PMCR_N       GENMASK(15, 11)
#define PMSELR_SEL   GENMASK(4, 0)
#define SEL_CYCLES   31U /* PMXEVTYPER_EL0 is PMCCFILTR_EL0 then */
#define ALL_COUNTERS GENMASK(31, 0)

#define TYPER_EVENT   GENMASK(15, 0)
#define EVENT_SW_INCR 0x00
#define EVENT_CHAIN   0x1e /* counts the wraps of the even counter below */

/* What is not counted: at EL1 if P differs from NSK, at EL0 if U from NSU; the
 * latter two are 0 without EL3. */
#define FILTER_P BIT(31) /* NSK: bit 29 */
#define FILTER_U BIT(30) /* NSU: bit 28 */

/* PMEVTYPER<n>_EL0 and PMCCFILTR_EL0: what would count EL2 and others. */
#define FILTER_NSH       BIT(27)
#define FILTER_MT        BIT(25)
#define FILTER_FORBIDDEN (FILTER_NSH | FILTER_MT)

enum way {
	PLAIN,
	READ_ONLY,
	INCREMENT, /* PMSWINC_EL0, write only */
	FILTER,    /* PMXEVTYPER_EL0 */
	COUNTER,   /* PMXEVCNTR_EL0 */
};

/* The registers of CRn 9 by CRm (12 to 14) and op2, those of op1 3 behind those
 * of op1 0; `sysreg` is 0 where there is none. */
#define ROW(sys)                                                               \
	((FIELD_GET(ESR_SYS64_OP1, sys) ? 32 : 0) +                            \
	 (FIELD_GET(ESR_SYS64_CRM, sys) & 3) * 8 +                             \
	 FIELD_GET(ESR_SYS64_OP2, sys))

static const struct row {
	uint32_t sysreg;
	uint8_t reg; /* enum pmu_reg */
	uint8_t way; /* enum way */
} rows[64] = {
#define R(name, reg, way) [ROW(SYS_##name)] = {SYS_##name, reg, way}
	R(PMCR_EL0, PMU_PMCR, PLAIN),
	R(PMCNTENSET_EL0, PMU_PMCNTENSET, PLAIN),
	R(PMCNTENCLR_EL0, PMU_PMCNTENCLR, PLAIN),
	R(PMOVSCLR_EL0, PMU_PMOVSCLR, PLAIN),
	R(PMOVSSET_EL0, PMU_PMOVSSET, PLAIN),
	R(PMSWINC_EL0, 0, INCREMENT),
	R(PMSELR_EL0, PMU_PMSELR, PLAIN),
	R(PMCEID0_EL0, PMU_PMCEID0, READ_ONLY),
	R(PMCEID1_EL0, PMU_PMCEID1, READ_ONLY),
	R(PMCCNTR_EL0, PMU_PMCCNTR, PLAIN),
	R(PMXEVTYPER_EL0, PMU_PMXEVTYPER, FILTER),
	R(PMXEVCNTR_EL0, PMU_PMXEVCNTR, COUNTER),
	R(PMUSERENR_EL0, PMU_PMUSERENR, PLAIN),
	R(PMINTENSET_EL1, PMU_PMINTENSET, PLAIN),
	R(PMINTENCLR_EL1, PMU_PMINTENCLR, PLAIN),
	R(PMMIR_EL1, PMU_PMMIR, READ_ONLY),
#undef R
};

static unsigned nr_counters(void)
{
	return (unsigned)FIELD_GET(PMCR_N, pmu_hw_read(PMU_PMCR));
}

static unsigned selected(void)
{
	return (unsigned)FIELD_GET(PMSELR_SEL, pmu_hw_read(PMU_PMSELR));
}

/* PMXEVTYPER_EL0 and PMXEVCNTR_EL0 are counter n's from here on. */
static void select(unsigned n)
{
	pmu_hw_write(PMU_PMSELR, n);
	pmu_hw_isb();
}

/* --------------------------------------------------------- load and put */

void pmu_reset(struct pmu_context *c)
{
	memset(c, 0, sizeof(*c));
}

/* Counts nothing, asserts nothing, is closed to EL0; counters are zero. */
static void quiet(void)
{
	pmu_hw_write(PMU_PMCR, PMCR_P | PMCR_C);
	pmu_hw_write(PMU_PMCNTENCLR, ALL_COUNTERS);
	pmu_hw_write(PMU_PMINTENCLR, ALL_COUNTERS);
	pmu_hw_write(PMU_PMOVSCLR, ALL_COUNTERS);
	pmu_hw_write(PMU_PMUSERENR, 0);
	pmu_hw_isb();
}

static void clear_filter(unsigned n)
{
	select(n);
	pmu_hw_write(PMU_PMXEVTYPER, 0);
}

void pmu_quiet(void)
{
	unsigned nr = nr_counters();

	for (unsigned i = 0; i < nr; i++)
		clear_filter(i);
	clear_filter(SEL_CYCLES);
	quiet();
}

/* Whether the hardware may do something of its own accord for this vCPU:
 * count, interrupt, or answer its EL0. */
static bool is_busy(const struct pmu_context *c)
{
	return c->pmuserenr ||
	       ((c->pmcr & PMCR_E) &&
		(c->pmcntenset | (c->pmovsset & c->pmintenset)));
}

static void load(struct pmu_context *c)
{
	unsigned i;

	c->live = true;
	for (EACH_BIT(i, c->touched)) {
		select(i);
		pmu_hw_write(PMU_PMXEVTYPER, c->pmevtyper[i]);
		pmu_hw_write(PMU_PMXEVCNTR, c->pmevcntr[i]);
	}
	select(SEL_CYCLES);
	pmu_hw_write(PMU_PMXEVTYPER, c->pmccfiltr);
	select((unsigned)c->pmselr);
	pmu_hw_write(PMU_PMCCNTR, c->pmccntr);
	pmu_hw_write(PMU_PMUSERENR, c->pmuserenr);
	pmu_hw_write(PMU_PMOVSSET, c->pmovsset);
	pmu_hw_write(PMU_PMINTENSET, c->pmintenset);
	pmu_hw_write(PMU_PMCNTENSET, c->pmcntenset);
	pmu_hw_write(PMU_PMCR, c->pmcr);
	pmu_hw_isb();
}

void pmu_load(struct pmu_context *c)
{
	if (is_busy(c))
		load(c);
}

static void save_counters(struct pmu_context *c)
{
	unsigned i;

	for (EACH_BIT(i, c->touched)) {
		select(i);
		c->pmevtyper[i] = pmu_hw_read(PMU_PMXEVTYPER);
		c->pmevcntr[i] = pmu_hw_read(PMU_PMXEVCNTR);
		pmu_hw_write(PMU_PMXEVTYPER, 0);
	}
	select(SEL_CYCLES);
	c->pmccfiltr = pmu_hw_read(PMU_PMXEVTYPER);
	pmu_hw_write(PMU_PMXEVTYPER, 0);
}

void pmu_put(struct pmu_context *c)
{
	if (!c->live)
		return;
	c->live = false;
	c->pmcr = pmu_hw_read(PMU_PMCR) & ~PMCR_N;
	pmu_hw_write(PMU_PMCR, c->pmcr & ~PMCR_E);
	pmu_hw_isb();
	c->pmcntenset = pmu_hw_read(PMU_PMCNTENSET);
	c->pmintenset = pmu_hw_read(PMU_PMINTENSET);
	c->pmovsset = pmu_hw_read(PMU_PMOVSSET);
	c->pmuserenr = pmu_hw_read(PMU_PMUSERENR);
	c->pmccntr = pmu_hw_read(PMU_PMCCNTR);
	c->pmselr = pmu_hw_read(PMU_PMSELR);
	save_counters(c);
	quiet();
}

bool pmu_asserts(void)
{
	pmu_hw_isb(); /* of this exit, too */
	return (pmu_hw_read(PMU_PMCR) & PMCR_E) &&
	       (pmu_hw_read(PMU_PMOVSSET) & pmu_hw_read(PMU_PMINTENSET));
}

/* -------------------------------------------------------------- accesses */

static void transfer(enum pmu_reg r, bool read, uint64_t *value)
{
	if (read)
		*value = pmu_hw_read(r);
	else
		pmu_hw_write(r, *value);
}

static bool is_filtered(uint64_t typer, bool el0)
{
	uint64_t differs = typer ^ typer << 2; /* P and NSK, U and NSU */

	return (differs & (el0 ? FILTER_U : FILTER_P)) != 0;
}

/* Counter n, selected, counts one; whether it wrapped. */
static bool count_one(struct pmu_context *c, unsigned n)
{
	uint64_t v = pmu_hw_read(PMU_PMXEVCNTR) + 1;
	uint64_t all =
		pmu_hw_read(PMU_PMCR) & PMCR_LP ? ~UINT64_C(0) : UINT32_MAX;
	bool wrapped = (v & all) == 0;

	c->touched |= (uint32_t)BIT(n);
	pmu_hw_write(PMU_PMXEVCNTR, v);
	if (wrapped)
		pmu_hw_write(PMU_PMOVSSET, BIT(n));
	return wrapped;
}

static bool count_event(struct pmu_context *c, unsigned n, unsigned event,
			bool el0)
{
	uint64_t typer;

	if (n >= nr_counters() || !(pmu_hw_read(PMU_PMCNTENSET) & BIT(n)))
		return false;
	select(n);
	typer = pmu_hw_read(PMU_PMXEVTYPER);
	return FIELD_GET(TYPER_EVENT, typer) == event &&
	       !is_filtered(typer, el0) && count_one(c, n);
}

/* The CPU would take a write of EL2's to PMSWINC_EL0 for an event at EL2. */
static void software_increment(struct pmu_context *c, uint64_t counters,
			       bool el0)
{
	uint64_t sel = pmu_hw_read(PMU_PMSELR);
	unsigned n;

	if (!(pmu_hw_read(PMU_PMCR) & PMCR_E))
		return;
	for (EACH_BIT(n, counters & (BIT(PMU_COUNTERS) - 1))) {
		if (count_event(c, n, EVENT_SW_INCR, el0) && n % 2 == 0)
			(void)count_event(c, n + 1, EVENT_CHAIN, el0);
	}
	pmu_hw_write(PMU_PMSELR, sel);
}

/* The selected counter, or its filter; RAZ/WI where there is none. */
static void selected_access(struct pmu_context *c, enum way way, bool read,
			    uint64_t *value)
{
	unsigned sel = selected();

	if (sel >= nr_counters() && (way == COUNTER || sel != SEL_CYCLES)) {
		if (read)
			*value = 0;
		return;
	}
	if (!read)
		c->touched |= (uint32_t)(BIT(sel) & ~BIT(SEL_CYCLES));
	if (way == FILTER && !read)
		*value &= ~FILTER_FORBIDDEN;
	transfer(way == FILTER ? PMU_PMXEVTYPER : PMU_PMXEVCNTR, read, value);
}

/* PMEVCNTR<n>_EL0, PMEVTYPER<n>_EL0, PMCCFILTR_EL0: CRn 14, CRm 8..15. */
static bool by_number(struct pmu_context *c, uint32_t sysreg, bool read,
		      uint64_t *value)
{
	unsigned crm = (unsigned)FIELD_GET(ESR_SYS64_CRM, sysreg);
	unsigned n =
		(crm & 3) << 3 | (unsigned)FIELD_GET(ESR_SYS64_OP2, sysreg);
	enum way way = crm & 4 ? FILTER : COUNTER;
	uint64_t sel;

	if (n >= nr_counters() && (way == COUNTER || n != SEL_CYCLES))
		return false;
	sel = pmu_hw_read(PMU_PMSELR);
	select(n);
	selected_access(c, way, read, value);
	pmu_hw_write(PMU_PMSELR, sel);
	return true;
}

static bool is_numbered(uint32_t sysreg)
{
	const uint32_t group =
		(uint32_t)(ESR_SYS64_OP2 | FIELD_PREP(ESR_SYS64_CRM, 7));

	return (sysreg & ~group) == SYSREG(3, 3, 14, 8, 0);
}

static bool by_row(struct pmu_context *c, const struct row *r, bool read,
		   bool el0, uint64_t *value)
{
	if (r->way == PLAIN) {
		transfer((enum pmu_reg)r->reg, read, value);
		return true;
	}
	if (read ? r->way == INCREMENT : r->way == READ_ONLY)
		return false;
	if (r->reg == PMU_PMMIR && pmu_hw_version() < PMUVER_P4)
		return false;
	if (r->way == FILTER || r->way == COUNTER)
		selected_access(c, (enum way)r->way, read, value);
	else if (r->way == INCREMENT)
		software_increment(c, *value, el0);
	else
		transfer((enum pmu_reg)r->reg, read, value);
	return true;
}

bool pmu_access(struct pmu_context *c, uint32_t sysreg, bool read, bool el0,
		uint64_t *value)
{
	const struct row *r = &rows[ROW(sysreg)];

	if (!c->live)
		load(c);
	if (r->sysreg == sysreg)
		return by_row(c, r, read, el0, value);
	return is_numbered(sysreg) && by_number(c, sysreg, read, value);
}
