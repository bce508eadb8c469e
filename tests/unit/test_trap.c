/* Exits by exception class: what a guest gets back for each. Encodings by the
 * Arm ARM, see syndrome.h. */
#include <string.h>

#include <arch/aarch64/inject.h>

#include "../host/sim.h"

static struct sim m;

#define VBAR UINT64_C(0x40010000)
#define PC   UINT64_C(0x40000100)
#define EL1H UINT64_C(0x3c5)

static int one_vcpu(void **state)
{
	(void)state;
	(void)sim_boot(&m, 1);
	m.pcpu[0].hw.el1.vbar = VBAR;
	return 0;
}

static int two_vcpus(void **state)
{
	(void)state;
	(void)sim_boot(&m, 2);
	assert_int_equal(sim_hvc(&m, 0, SIM_PSCI_CPU_ON, 1, SIM_RAM, 0), 0);
	sim_settle(&m);
	sim_guest_gic(&m, 0);
	sim_guest_gic(&m, 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_free(&m);
	return 0;
}

/* Registers that no path can take for one another. */
static struct vcpu_regs *fresh(void)
{
	struct vcpu_regs *g = &sim_vcpu(&m, 0)->regs;

	for (unsigned i = 0; i < 31; i++)
		g->x[i] = UINT64_C(0x1111111111111111) * (i % 15 + 1) + i;
	g->pc = PC;
	g->pstate = EL1H;
	m.pcpu[0].hw.el1.elr = m.pcpu[0].hw.el1.spsr = 0xbad;
	m.pcpu[0].hw.el1.esr = m.pcpu[0].hw.el1.far = 0xbad;
	return g;
}

/* All registers but x[but] as before; 31: all. */
static void assert_kept(const struct vcpu_regs *now,
			const struct vcpu_regs *before, unsigned but)
{
	for (unsigned i = 0; i < 31; i++)
		assert_true(i == but || now->x[i] == before->x[i]);
}

static bool undefined(const struct vcpu_regs *g)
{
	const struct fake_el1_regs *e = &m.pcpu[0].hw.el1;

	return g->pc == VBAR + 0x200 && g->pstate == EL1H && e->elr == PC &&
	       e->spsr == EL1H && e->esr == 0x02000000 && e->far == 0xbad;
}

/* ------------------------------------------------------------ HVC and SMC */

/* Rules out: return-address */
static void hvc_returns_where_the_guest_would_go_on(void **state)
{
	struct vcpu_regs *g = fresh(), before;

	(void)state;
	g->x[0] = SIM_PSCI_VERSION;
	before = *g;
	(void)sim_sync(&m, 0, SYN_HVC);
	assert_int_equal(g->x[0], 0x10001);
	assert_int_equal(g->pc, PC); /* already past it */
	assert_int_equal(g->pstate, EL1H);
	assert_kept(g, &before, 0);
}

/* Rules out: return-address, smc-forwarded */
static void smc_is_served_like_hvc_and_stepped_over(void **state)
{
	struct vcpu_regs *g = fresh(), before;

	(void)state;
	g->x[0] = SIM_PSCI_VERSION;
	g->pstate = EL1H | 1U << 21 | 1U << 10; /* SS, BTYPE */
	before = *g;
	(void)sim_sync(&m, 0, SYN_SMC);
	assert_int_equal(g->x[0], 0x10001);
	assert_int_equal(g->pc, PC + 4);
	assert_int_equal(g->pstate, EL1H);
	assert_kept(g, &before, 0);
}

static void smc_that_starts_a_cpu_is_stepped_over_too(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	v->regs.pc = PC;
	v->regs.x[0] = SIM_PSCI_CPU_ON;
	v->regs.x[1] = 7; /* nobody */
	(void)sim_sync(&m, 0, SYN_SMC);
	assert_int_equal(v->regs.x[0], (uint64_t)-2);
	assert_int_equal(v->regs.pc, PC + 4);
}

static void unknown_function_is_not_supported_in_64_bits(void **state)
{
	static const uint64_t fid[] = {0x8400001f, 0xc6000000, 0xbf00ffff, 0,
				       UINT64_C(0xffffffff00000000)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fid); i++) {
		struct vcpu_regs *g = fresh();

		g->x[0] = fid[i];
		(void)sim_sync(&m, 0, SYN_HVC);
		assert_int_equal(g->x[0], UINT64_MAX);
		assert_int_equal(g->pc, PC);
	}
}

/* ------------------------------------------------------------ ID registers */

static void every_id_register_reads_the_value_of_its_own_row(void **state)
{
	uint64_t distinct[56];

	(void)state;
	for (unsigned i = 0; i < 56; i++)
		distinct[i] = 0xabcd000000000000 + i;
	sim_vcpu(&m, 0)->regs.idregs = distinct;
	for (unsigned crm = 1; crm < 8; crm++) {
		for (unsigned op2 = 0; op2 < 8; op2++) {
			unsigned rt = (8 * crm + op2) % 31;
			struct vcpu_regs *g = fresh(), before = *g;

			(void)sim_sync(&m, 0,
				       syn_mrs(syn_sys(3, 0, 0, crm, op2), rt));
			assert_int_equal(g->x[rt],
					 distinct[8 * (crm - 1) + op2]);
			assert_int_equal(g->pc, PC + 4);
			assert_kept(g, &before, rt);
		}
	}
}

static void id_register_into_xzr_changes_no_register(void **state)
{
	struct vcpu_regs *g = fresh(), before = *g;

	(void)state;
	(void)sim_sync(&m, 0, syn_mrs(syn_sys(3, 0, 0, 4, 0), 31));
	assert_kept(g, &before, 31);
	assert_int_equal(g->pc, PC + 4);
	assert_int_equal(g->pstate, EL1H);
	assert_int_equal(g->stack, before.stack);
}

static void vm_shows_what_the_machine_has_and_it_supports(void **state)
{
	struct vcpu_regs *g = fresh();

	(void)state;
	(void)sim_sync(&m, 0, syn_mrs(syn_sys(3, 0, 0, 4, 0), 0));
	assert_int_equal(g->x[0] & 0xff, 0x12); /* EL1 64-bit, EL0 both */
	(void)sim_sync(&m, 0, syn_mrs(syn_sys(3, 0, 0, 7, 0), 0));
	assert_int_equal(g->x[0] & 0xf, 0); /* PARange: 32 bits do */
	(void)sim_sync(&m, 0, syn_mrs(syn_sys(3, 0, 0, 7, 7), 0));
	assert_int_equal(g->x[0], 0); /* not allocated */
}

/* -------------------------------------------------------- system registers */

struct answered {
	unsigned op0, op1, crn, crm, op2;
	bool read, write;
};

/* What is answered outside the ID space. */
static const struct answered answered[] = {
	{3, 0, 1, 0, 1, true, true},    /* ACTLR_EL1 */
	{3, 0, 5, 3, 0, true, false},   /* ERRIDR_EL1 */
	{3, 0, 5, 3, 1, true, true},    /* ERRSELR_EL1 */
	{3, 0, 5, 4, 0, true, false},   /* ERXFR_EL1 */
	{3, 0, 5, 4, 1, true, true},    /* ERXCTLR_EL1 */
	{3, 0, 5, 4, 2, true, true},    /* ERXSTATUS_EL1 */
	{3, 0, 5, 4, 3, true, true},    /* ERXADDR_EL1 */
	{3, 0, 5, 4, 4, true, false},   /* ERXPFGF_EL1 */
	{3, 0, 5, 4, 5, true, true},    /* ERXPFGCTL_EL1 */
	{3, 0, 5, 4, 6, true, true},    /* ERXPFGCDN_EL1 */
	{3, 0, 5, 5, 0, true, true},    /* ERXMISC0_EL1 */
	{3, 0, 5, 5, 1, true, true},    /* ERXMISC1_EL1 */
	{3, 0, 5, 5, 2, true, true},    /* ERXMISC2_EL1 */
	{3, 0, 5, 5, 3, true, true},    /* ERXMISC3_EL1 */
	{3, 0, 10, 4, 0, true, true},   /* LORSA_EL1 */
	{3, 0, 10, 4, 1, true, true},   /* LOREA_EL1 */
	{3, 0, 10, 4, 2, true, true},   /* LORN_EL1 */
	{3, 0, 10, 4, 3, true, true},   /* LORC_EL1 */
	{3, 0, 10, 4, 7, true, false},  /* LORID_EL1 */
	{3, 0, 12, 11, 5, false, true}, /* ICC_SGI1R_EL1 */
	{3, 0, 12, 11, 6, false, true}, /* ICC_ASGI1R_EL1 */
	{3, 0, 12, 11, 7, false, true}, /* ICC_SGI0R_EL1 */
	{3, 0, 12, 11, 1, false, true}, /* ICC_DIR_EL1 */
	{3, 0, 12, 11, 3, true, false}, /* ICC_RPR_EL1 */
	{3, 0, 12, 12, 4, true, true},  /* ICC_CTLR_EL1 */
	{3, 0, 4, 6, 0, true, true},    /* ICC_PMR_EL1 */
	{3, 0, 12, 12, 5, true, true},  /* ICC_SRE_EL1 */
};

/* Of the loaded vCPU; where the VM has none, they are among the unknown. */
static void performance_monitors_are_the_vcpus(void **state)
{
	const uint64_t ccntr = syn_sys(3, 3, 9, 13, 0);
	const uint64_t ceid0 = syn_sys(3, 3, 9, 12, 6);
	struct vcpu *v = sim_vcpu(&m, 0);
	uint64_t pc = v->regs.pc;

	(void)state;
	((struct vm *)v->vm)->pmu = true;
	v->regs.x[3] = 0x1234;
	(void)sim_sync(&m, 0, syn_msr(ccntr, 3));
	(void)sim_sync(&m, 0, syn_mrs(ccntr, 4));
	assert_int_equal(v->regs.x[4], 0x1234);
	assert_int_equal(v->regs.pc, pc + 8);
	(void)sim_sync(&m, 0, syn_msr(ccntr, 31));
	(void)sim_sync(&m, 0, syn_mrs(ccntr, 4));
	assert_int_equal(v->regs.x[4], 0);
	(void)sim_sync(&m, 0, syn_mrs(ccntr, 31));
	assert_int_equal(v->regs.pc, pc + 20);
	(void)sim_sync(&m, 0, syn_msr(ceid0, 3)); /* read only: UNDEFINED */
	assert_int_not_equal(v->regs.pc, pc + 24);
	((struct vm *)v->vm)->pmu = false;
}

static void gic_registers_cannot_be_switched_off(void **state)
{
	const uint64_t sre = syn_sys(3, 0, 12, 12, 5);
	struct vcpu_regs *g = fresh();

	(void)state;
	g->x[3] = 0;
	(void)sim_sync(&m, 0, syn_msr(sre, 3));
	(void)sim_sync(&m, 0, syn_mrs(sre, 4));
	assert_int_equal(g->x[4], 7);
	assert_int_equal(g->pc, PC + 8);
}

/* A register that nobody has, or that of a trace unit, is none of them. */
static void debug_registers_come_when_one_is_named(void **state)
{
	const struct {
		const char *insn;
		uint64_t esr;
		bool debug;
	} t[] = {
		{"mrs x1, dbgbvr3_el1", syn_mrs(syn_sys(2, 0, 0, 3, 4), 1),
		 true},
		{"msr mdscr_el1, x1", syn_msr(syn_sys(2, 0, 0, 2, 2), 1), true},
		{"mrs x1, mdccsr_el0", syn_mrs(syn_sys(2, 3, 0, 1, 0), 1),
		 true},
		{"mrc p14, 0, r0, c0, c1, 0", 0x16001000, true},
		{"stc p14, c5, [r0]", 0x1a000000, true},
		{"mrrc p14, 0, r0, r1, c2", 0x32000000, true},
		{"mrs x1, trcoslsr", syn_mrs(syn_sys(2, 1, 1, 1, 4), 1), false},
		{"mcr p15, 0, r0, c7, c10, 5", 0x0e000000, false},
	};
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = fresh(), before = *g;

		print_message("  %s\n", t[i].insn);
		v->el1.debug_live = false;
		(void)sim_sync(&m, 0, t[i].esr);
		assert_int_equal(v->el1.debug_live, t[i].debug);
		assert_int_equal(undefined(g), !t[i].debug);
		if (t[i].debug) { /* once again, and then it is an error */
			assert_int_equal(g->pc, PC);
			assert_int_equal(g->pstate, EL1H);
			assert_kept(g, &before, 31);
		}
		(void)fresh();
		(void)sim_sync(&m, 0, t[i].esr);
		assert_true(undefined(g));
	}
	v->el1.debug_live = true;
}

static bool is_answered(uint64_t sys, bool read)
{
	for (size_t i = 0; i < ARRAY_SIZE(answered); i++) {
		const struct answered *a = &answered[i];

		if (syn_sys(a->op0, a->op1, a->crn, a->crm, a->op2) == sys)
			return read ? a->read : a->write;
	}
	return false;
}

static bool is_id(unsigned op0, unsigned op1, unsigned crn, unsigned crm)
{
	return op0 == 3 && op1 == 0 && crn == 0 && crm >= 1 && crm <= 7;
}

/* Rules out: unknown-sysreg */
static void every_unlisted_register_is_undefined_at_its_instruction(void **s)
{
	unsigned nr = 0;

	(void)s;
	for (unsigned i = 0; i < 0x10000; i++) {
		unsigned op0 = i >> 14, op1 = i >> 11 & 7, crn = i >> 7 & 15;
		unsigned crm = i >> 3 & 15;
		uint64_t sys = syn_sys(op0, op1, crn, crm, i & 7);

		for (unsigned read = 0; read < 2; read++) {
			struct vcpu_regs *g = fresh(), before = *g;

			if (is_answered(sys, read) ||
			    (read && is_id(op0, op1, crn, crm)))
				continue;
			(void)sim_sync(&m, 0,
				       read ? syn_mrs(sys, 3)
					    : syn_msr(sys, 3));
			if (!undefined(g))
				fail_msg("S%u_%u_C%u_C%u_%u read %u", op0, op1,
					 crn, crm, i & 7, read);
			assert_kept(g, &before, 31);
			nr++;
		}
	}
	assert_int_equal(nr, 2 * 0x10000 - 56 - 45);
}

static void undefined_goes_to_the_vector_of_where_it_came_from(void **state)
{
	static const struct {
		const char *from;
		uint64_t pstate, vector;
	} t[] = {
		{"EL1h", 0x3c5, 0x200},
		{"EL1t", 0x3c4, 0x000},
		{"EL0", 0x000, 0x400},
		{"AArch32 user", 0x010, 0x600},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = fresh();

		print_message("  %s\n", t[i].from);
		g->pstate = t[i].pstate;
		(void)sim_sync(&m, 0, syn_mrs(syn_sys(3, 3, 9, 12, 0), 1));
		assert_int_equal(g->pc, VBAR + t[i].vector);
		assert_int_equal(g->pstate, EL1H);
		assert_int_equal(fake_el1.elr, PC);
		assert_int_equal(fake_el1.spsr, t[i].pstate);
		assert_int_equal(fake_el1.esr, 0x02000000);
	}
}

static void handler_of_a_vm_with_pan_runs_with_it(void **state)
{
	struct vcpu_regs *g = fresh();

	(void)state;
	m.vms[0].inject_features = INJECT_PAN;
	fake_el1.sctlr = 0; /* SPAN */
	(void)sim_sync(&m, 0, syn(0x19, 0));
	assert_int_equal(g->pstate, EL1H | 1U << 22);
	g = fresh();
	fake_el1.sctlr = 1U << 23;
	(void)sim_sync(&m, 0, syn(0x19, 0));
	assert_int_equal(g->pstate, EL1H);
}

/* ACTLR_EL1, and a machine without LORegions and error records. A PMU before
 * them in the chain makes no difference.
 * Rules out: unknown-sysreg */
static void what_shows_nothing_reads_zero_and_ignores_writes(void **state)
{
	const struct vcpu *v = sim_vcpu(&m, 0);
	bool pmu = v->vm->pmu;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answered); i++) {
		const struct answered *a = &answered[i];
		uint64_t sys = syn_sys(a->op0, a->op1, a->crn, a->crm, a->op2);
		struct vcpu_regs *g = fresh(), before = *g;

		if (a->crn == 12 || a->crn == 4) /* the GIC's */
			continue;
		v->vm->pmu = i & 1;
		(void)sim_sync(&m, 0, syn_msr(sys, 5));
		assert_kept(g, &before, 31);
		assert_int_equal(undefined(g), !a->write);
		g = fresh();
		(void)sim_sync(&m, 0, syn_mrs(sys, 5));
		assert_kept(g, &before, 5);
		assert_int_equal(g->x[5], 0);
		assert_int_equal(g->pc, PC + 4);
	}
	v->vm->pmu = pmu;
}

/* --------------------------------------------------- other classes, counts */

/* Rules out: unknown-class */
static void class_without_a_handler_is_undefined_never_fatal(void **state)
{
	static const uint8_t handled[] = {0x01, 0x16, 0x17, 0x18, 0x20, 0x24};

	(void)state;
	for (unsigned ec = 0; ec < 64; ec++) {
		struct vcpu_regs *g = fresh(), before = *g;

		if (memchr(handled, (int)ec, sizeof(handled)))
			continue;
		(void)sim_sync(&m, 0, syn(ec, 0x1ffffff));
		if (!undefined(g))
			fail_msg("class %#x", ec);
		assert_kept(g, &before, 31);
	}
}

static void usual_accesses_to_devices_have_rows_of_their_own(void **state)
{
	const uint64_t store = SYN_DABT_WRITE, other = ~UINT64_C(0x3f);
	const uint64_t read_only = SYN_PERMISSION ^ SYN_TRANSLATION;
	const struct {
		const char *what;
		uint64_t esr;
		unsigned row;
	} t[] = {
		{"load", syn_dabt(4, 1, 0), TRAP_DEVICE},
		{"store", syn_dabt(8, 9, store), TRAP_DEVICE},
		{"store of XZR", syn_dabt(1, 31, store), TRAP_DEVICE},
		{"load of x10", syn_dabt(4, 10, 0), TRAP_DEVICE},
		{"store of x30", syn_dabt(4, 30, store), TRAP_DEVICE},
		{"store, read-only", syn_dabt(4, 0, store) ^ read_only,
		 TRAP_MIRROR},
		{"the same of XZR", syn_dabt(4, 31, store) ^ read_only,
		 TRAP_MIRROR},
		{"the same of x10", syn_dabt(4, 10, store) ^ read_only,
		 TRAP_MIRROR},
		{"load, no permission", syn_dabt(4, 0, 0) ^ read_only, 0x24},
		{"maintenance", syn_dabt(4, 0, store | SYN_DABT_CM), 0x24},
		{"maintenance, read-only",
		 syn_dabt(4, 0, store | SYN_DABT_CM) ^ read_only, 0x24},
		{"walk", syn_dabt(4, 0, SYN_S1PTW), 0x24},
		{"walk, read-only",
		 syn_dabt(4, 0, store | SYN_S1PTW) ^ read_only, 0x24},
		{"access flag",
		 (syn_dabt(4, 0, store) & other) | SYN_ACCESS_FLAG, 0x24},
		{"external", (syn_dabt(4, 0, store) & other) | SYN_EXTERNAL,
		 0x24},
		{"no syndrome", syn_dabt(4, 0, store) & ~SYN_DABT_ISV, 0x24},
		{"two bytes long", syn_dabt(4, 0, store) & ~SYN_IL, 0x24},
		{"hvc", SYN_HVC, 0x16},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		assert_int_equal(trap_row(t[i].esr), t[i].row);
	}
}

static void exits_are_counted_by_class(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);
	uint64_t hvc = v->exits[0x16], irq = v->exits[62], ser = v->exits[63];

	(void)state;
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	(void)sim_irq(&m, 0, HYP_SGI_KICK);
	(void)sim_serror(&m, 0, syn(0x2f, 0));
	(void)sim_sync(&m, 0, syn(0x3f, 0));
	assert_int_equal(v->exits[0x16], hvc + 2);
	assert_int_equal(v->exits[62], irq + 1);
	/* A class that does not exist shares the last count. */
	assert_int_equal(v->exits[63], ser + 2);
}

/* Rules out: serror-lost */
static void serror_goes_back_to_the_guest_as_a_virtual_one_once(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);
	uint64_t hcr = v->control.hcr_el2;

	(void)state;
	assert_int_equal(fake_pcpu->control.hcr_el2, hcr);
	assert_int_equal(hcr & 1U << 8, 0);
	v->regs.pc = PC;
	assert_ptr_equal(sim_serror(&m, 0, syn(0x2f, 0x11)), v);
	assert_int_equal(fake_pcpu->control.hcr_el2, hcr | 1U << 8); /* VSE */
	assert_int_equal(v->regs.pc, PC);
	fake_pcpu->control.hcr_el2 &= ~(UINT64_C(1) << 8); /* it takes it */
	run_unload(&m.cpus[0]);
	assert_ptr_equal(sim_run(&m, 0), v);
	assert_int_equal(fake_pcpu->control.hcr_el2, hcr);
}

#define VSE (UINT64_C(1) << 8)

/* Recoverable, an external abort of a store; IESB is EL2's own business. */
#define SERROR_UER (UINT64_C(3) << 10 | 1 << 9 | 0x11)
#define SERROR_CE  (UINT64_C(6) << 10 | 0x11)
#define IESB       (UINT64_C(1) << 13)
#define IMPDEF     (UINT64_C(1) << 24 | 0x123456)
#define DISR_A     (UINT64_C(1) << 31)

static void serror_tells_the_guest_what_the_cpu_told(void **state)
{
	const struct vcpu_control *hw = &m.pcpu[0].hw.control;

	(void)state;
	(void)fresh();
	(void)sim_serror(&m, 0, syn(0x2f, SERROR_UER | IESB));
	assert_true(hw->hcr_el2 & VSE);
	assert_int_equal(hw->vsesr_el2, SERROR_UER);
	fake_pcpu->control.hcr_el2 &= ~VSE; /* taken */
	(void)sim_serror(&m, 0, syn(0x2f, IMPDEF));
	assert_int_equal(hw->vsesr_el2, IMPDEF);
	(void)sim_serror(&m, 0, syn(0x2f, IMPDEF)); /* once more the same */
	assert_int_equal(hw->vsesr_el2, IMPDEF);
	/* Two errors, one interrupt: no word that a corrected one is all. */
	(void)sim_serror(&m, 0, syn(0x2f, SERROR_CE));
	assert_true(hw->hcr_el2 & VSE);
	assert_int_equal(hw->vsesr_el2, 0);
}

/* The barrier of the world switch: the vCPU that is leaving gets it, and the
 * one that comes does not.
 * Rules out: serror-lost */
static void error_that_the_switch_finds_is_of_who_leaves(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	fake_pcpu->disr = DISR_A | SERROR_UER;
	run_unload(&m.cpus[0]);
	assert_true(v->control.hcr_el2 & VSE);
	assert_int_equal(v->control.vsesr_el2, SERROR_UER);
	assert_int_equal(fake_pcpu->disr, 0);
	assert_ptr_equal(sim_run(&m, 0), v);
	assert_true(fake_pcpu->control.hcr_el2 & VSE);
	assert_int_equal(fake_pcpu->control.vsesr_el2, SERROR_UER);
	/* One that it has not taken by then, and another. */
	fake_pcpu->disr = DISR_A | SERROR_CE;
	run_unload(&m.cpus[0]);
	assert_int_equal(v->control.vsesr_el2, 0);
	assert_ptr_equal(sim_run(&m, 0), v);
	fake_pcpu->control.hcr_el2 &= ~VSE; /* both taken as one */
	run_unload(&m.cpus[0]);
	assert_ptr_equal(sim_run(&m, 0), v);
	assert_false(fake_pcpu->control.hcr_el2 & VSE);
}

/* ESB in the guest: HCR_EL2.VSE clears, VDISR_EL2 has the syndrome. */
static void deferred_error_stays_with_its_vcpu_until_a_reset(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	fake_pcpu->context.vdisr_el2 = DISR_A | SERROR_UER;
	run_unload(&m.cpus[0]);
	assert_int_equal(v->el1.vdisr_el2, DISR_A | SERROR_UER);
	assert_int_equal(fake_pcpu->context.vdisr_el2, 0);
	assert_ptr_equal(sim_run(&m, 0), v);
	assert_int_equal(fake_pcpu->context.vdisr_el2, DISR_A | SERROR_UER);
	run_unload(&m.cpus[0]);
	vcpu_reset(v, (ipa_t){SIM_RAM}, 0);
	assert_int_equal(v->el1.vdisr_el2, 0);
}

static void serror_that_the_guest_masks_waits(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	(void)sim_serror(&m, 0, syn(0x2f, 0x11));
	run_unload(&m.cpus[0]);
	fake_pcpu->control.hcr_el2 = 0;
	assert_ptr_equal(sim_run(&m, 0), v);
	assert_true(fake_pcpu->control.hcr_el2 & 1U << 8);
	vcpu_reset(v, (ipa_t){SIM_RAM}, 0);
	assert_false(v->control.hcr_el2 & 1U << 8);
}

/* -------------------------------------------------------------------- SGIs */

#define SGI1R  syn_sys(3, 0, 12, 11, 5)
#define ASGI1R syn_sys(3, 0, 12, 11, 6)
#define SGI0R  syn_sys(3, 0, 12, 11, 7)

static bool pending(unsigned vcpu, uint32_t intid)
{
	struct vgic_irq_state st;

	assert_true(
		vgic_irq_state(m.vms[0].vgic, VGIC_NO_VCPU, vcpu, intid, &st));
	return st.pending;
}

static void sgi_to_another_vcpu_kicks_its_pcpu_and_arrives(void **state)
{
	struct vcpu_regs *g = fresh();

	(void)state;
	fake_log_reset();
	g->x[7] = UINT64_C(5) << 24 | 1U << 1; /* INTID 5, Aff0 1 */
	(void)sim_sync(&m, 0, syn_msr(SGI1R, 7));
	assert_int_equal(g->pc, PC + 4);
	assert_int_equal(fake_log_count(FAKE_SGI), 1);
	assert_int_equal(fake_log.e[fake_log_find(FAKE_SGI, 0)].a,
			 m.cpus[1].mpidr);
	sim_settle(&m);
	assert_int_equal(gich_ack(&m.pcpu[1].gich, 1), 5);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 1023);
}

static void sgi_to_oneself_is_there_at_the_return(void **state)
{
	struct vcpu_regs *g = fresh();

	(void)state;
	fake_log_reset();
	g->x[7] = UINT64_C(9) << 24 | 1U << 0;
	(void)sim_sync(&m, 0, syn_msr(SGI1R, 7));
	assert_int_equal(fake_log_count(FAKE_SGI), 0);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 9);
}

static void sgi_from_xzr_names_nobody(void **state)
{
	struct vcpu_regs *g = fresh();

	(void)state;
	g->pc = 0x40000003; /* what stands behind x30 */
	(void)sim_sync(&m, 0, syn_msr(SGI1R, 31));
	assert_int_equal(g->pc, 0x40000007);
	assert_false(pending(0, 0));
	assert_false(pending(1, 0));
}

static void group_0_sgi_does_not_reach_an_interrupt_of_group_1(void **state)
{
	static const char *const name[] = {"ICC_SGI0R", "ICC_ASGI1R"};
	uint64_t reg[] = {SGI0R, ASGI1R};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reg); i++) {
		struct vcpu_regs *g = fresh();

		print_message("  %s\n", name[i]);
		g->x[7] = UINT64_C(5) << 24 | 1U << 1;
		(void)sim_sync(&m, 0, syn_msr(reg[i], 7));
		assert_int_equal(g->pc, PC + 4);
		assert_false(pending(1, 5));
	}
	/* INTID 5 of vCPU 1 moves to group 0: now they do. */
	sim_store(&m, 1, SIM_GICR + 0x20000 + 0x10080, 4, ~(1U << 5));
	sim_vcpu(&m, 0)->regs.x[7] = UINT64_C(5) << 24 | 1U << 1;
	(void)sim_sync(&m, 0, syn_msr(SGI0R, 7));
	assert_true(pending(1, 5));
}

/* ------------------------------------------- CPU interface, while it traps */

#define ICC_PMR  syn_sys(3, 0, 4, 6, 0)
#define ICC_DIR  syn_sys(3, 0, 12, 11, 1)
#define ICC_RPR  syn_sys(3, 0, 12, 11, 3)
#define ICC_CTLR syn_sys(3, 0, 12, 12, 4)

static uint64_t icc_read(uint64_t sys)
{
	struct vcpu_regs *g = fresh();

	(void)sim_sync(&m, 0, syn_mrs(sys, 12));
	assert_int_equal(g->pc, PC + 4);
	return g->x[12];
}

static void icc_write(uint64_t sys, uint64_t value)
{
	struct vcpu_regs *g = fresh();

	g->x[12] = value;
	(void)sim_sync(&m, 0, syn_msr(sys, 12));
	assert_int_equal(g->pc, PC + 4);
}

/* Rules out: wrong-traps */
static void trapped_pmr_and_ctlr_are_the_virtual_ones(void **state)
{
	struct vcpu_regs *g;

	(void)state;
	icc_write(ICC_PMR, 0x58);
	assert_int_equal(m.pcpu[0].gich.vmcr >> 24, 0x58);
	assert_int_equal(icc_read(ICC_PMR), 0x58);
	icc_write(ICC_CTLR, 2); /* EOImode */
	assert_int_equal(m.pcpu[0].gich.vmcr >> 9 & 1, 1);
	assert_int_equal(icc_read(ICC_CTLR) & 3, 2);
	g = fresh();
	(void)sim_sync(&m, 0, syn_msr(ICC_PMR, 31));
	assert_int_equal(g->pc, PC + 4);
	assert_int_equal(m.pcpu[0].gich.vmcr >> 24, 0);
}

static void trapped_rpr_is_the_priority_that_runs(void **state)
{
	struct vcpu_regs *g = fresh();

	(void)state;
	assert_int_equal(icc_read(ICC_RPR), 0xff);
	g->x[7] = UINT64_C(9) << 24 | 1U << 0;
	(void)sim_sync(&m, 0, syn_msr(SGI1R, 7));
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 9);
	assert_int_equal(icc_read(ICC_RPR), 0);
}

static void trapped_dir_deactivates(void **state)
{
	struct vgic_irq_state st;

	(void)state;
	icc_write(ICC_CTLR, 2); /* EOImode: DIR deactivates */
	icc_write(SGI1R, UINT64_C(9) << 24 | 1U << 0);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 9);
	gich_eoi(&m.pcpu[0].gich, 1, 9);
	icc_write(ICC_DIR, 9);
	assert_true(vgic_irq_state(m.vms[0].vgic, 0, 0, 9, &st));
	assert_false(st.active);
	assert_false(st.pending);
}

#define ON_ONE(t) cmocka_unit_test_setup_teardown(t, one_vcpu, end)
#define ON_TWO(t) cmocka_unit_test_setup_teardown(t, two_vcpus, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ONE(hvc_returns_where_the_guest_would_go_on),
		ON_ONE(smc_is_served_like_hvc_and_stepped_over),
		ON_ONE(smc_that_starts_a_cpu_is_stepped_over_too),
		ON_ONE(unknown_function_is_not_supported_in_64_bits),
		ON_ONE(every_id_register_reads_the_value_of_its_own_row),
		ON_ONE(id_register_into_xzr_changes_no_register),
		ON_ONE(vm_shows_what_the_machine_has_and_it_supports),
		ON_ONE(every_unlisted_register_is_undefined_at_its_instruction),
		ON_ONE(undefined_goes_to_the_vector_of_where_it_came_from),
		ON_ONE(handler_of_a_vm_with_pan_runs_with_it),
		ON_ONE(performance_monitors_are_the_vcpus),
		ON_ONE(gic_registers_cannot_be_switched_off),
		ON_ONE(debug_registers_come_when_one_is_named),
		ON_ONE(what_shows_nothing_reads_zero_and_ignores_writes),
		ON_ONE(class_without_a_handler_is_undefined_never_fatal),
		ON_ONE(usual_accesses_to_devices_have_rows_of_their_own),
		ON_ONE(exits_are_counted_by_class),
		ON_ONE(serror_goes_back_to_the_guest_as_a_virtual_one_once),
		ON_ONE(serror_tells_the_guest_what_the_cpu_told),
		ON_ONE(error_that_the_switch_finds_is_of_who_leaves),
		ON_ONE(deferred_error_stays_with_its_vcpu_until_a_reset),
		ON_ONE(serror_that_the_guest_masks_waits),
		ON_TWO(sgi_to_another_vcpu_kicks_its_pcpu_and_arrives),
		ON_TWO(sgi_to_oneself_is_there_at_the_return),
		ON_TWO(sgi_from_xzr_names_nobody),
		ON_TWO(group_0_sgi_does_not_reach_an_interrupt_of_group_1),
		ON_TWO(trapped_pmr_and_ctlr_are_the_virtual_ones),
		ON_TWO(trapped_rpr_is_the_priority_that_runs),
		ON_TWO(trapped_dir_deactivates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
