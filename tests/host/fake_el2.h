/*
 * The EL2 edge for host tests: what the port/ headers and the edge's
 * functions do to simulated pCPUs, and a log of it in order, for the rules
 * that an emulator does not show (maintenance, world switch, interrupts).
 */
#ifndef PLINTH_TESTS_FAKE_EL2_H
#define PLINTH_TESTS_FAKE_EL2_H

#include <arch/aarch64/context.h>
#include <arch/aarch64/sve.h>

#define FAKE_INTIDS 1020U

/* Registers that exception injection and aborts look at. */
struct fake_el1_regs {
	uint64_t sctlr, vbar, elr, spsr, esr, far;
	uint64_t tcr, ttbr0, ttbr1;
	uint64_t sp[2]; /* SP_EL0, SP_EL1 */
	uint64_t far_el2, hpfar_el2;
	bool vtimer, ptimer;
	unsigned hpfar_reads; /* proves that a path does not rely on it */
};

/* One pCPU. `el1` is the live form of the same registers in `context`. */
struct fake_pcpu {
	struct fake_el1_regs el1;
	struct el1_context context;
	struct fp_context fp;
	/* Scalable vectors: what the guest would find, where they are open. */
	uint8_t sve[SVE_REGS_SIZE(SVE_NR_QUADS_MAX)];
	uint64_t zcr;
	bool sve_open;
	struct vcpu_control control;
	uint64_t disr;   /* of an error that waits for the next barrier */
	uint64_t htimer; /* EL2's own; UINT64_MAX: off */
	bool pending[FAKE_INTIDS];
	bool active[FAKE_INTIDS];
};

/* The pCPU that the code under test runs on; there is one to begin with. Each
 * thread has its own. */
extern _Thread_local struct fake_pcpu *fake_pcpu;
extern _Thread_local struct cpu *fake_this_cpu;
#define fake_el1 (fake_pcpu->el1)

extern uint64_t fake_counter; /* CNTPCT_EL0: one more at each look */
#define FAKE_COUNTER_HZ UINT64_C(1000000) /* CNTFRQ_EL0 */

/* RNDR: counts up from `next`, `left` times; then, and at first, nothing. */
struct fake_rndr {
	uint64_t next;
	unsigned left;
	unsigned reseeds; /* reads of RNDRRS */
};

extern struct fake_rndr fake_rndr;

struct fake_hooks {
	void (*sgi)(uint64_t mpidr, uint32_t intid); /* NULL: logged only */
	void (*wfi)(void); /* NULL: the CPU wakes at once */
	/* A guest's stage 1, `how` an enum el1_at; NULL: flat. */
	bool (*translate)(uint64_t va, int how, uint64_t *ipa);
	/* Bytes that one sees who looks past the caches; NULL: logged only */
	void (*clean)(const void *p, uint64_t len);
};

extern struct fake_hooks fake_hooks;

/* What this thread does after atomic accesses, where between.h is in front. */
extern _Thread_local void (*fake_between)(void);

enum fake_op {
	FAKE_EL1_SAVE,    /* a: the struct el1_context */
	FAKE_EL1_RESTORE, /* a: the struct el1_context */
	FAKE_FP_SAVE,
	FAKE_FP_RESTORE,
	FAKE_SVE_SAVE,
	FAKE_SVE_RESTORE,
	FAKE_CONTROL,   /* a: VTTBR_EL2, b: HCR_EL2 */
	FAKE_TLBI_VMID, /* a: VTTBR_EL2 */
	FAKE_TLBI_LOCAL,
	FAKE_TLBI_IPA, /* a: IPA, b: size */
	FAKE_CLEAN,    /* a: address, b: size */
	FAKE_ISYNC,    /* a: address, b: size */
	FAKE_MAP_SYNC,
	FAKE_ACK,        /* a: INTID */
	FAKE_DROP,       /* a: INTID */
	FAKE_DEACTIVATE, /* a: INTID */
	FAKE_SGI,        /* a: MPIDR, b: INTID */
	FAKE_WFI,
	FAKE_HTIMER /* a: deadline, or UINT64_MAX: off */
};

struct fake_event {
	enum fake_op op;
	uint64_t a, b;
};

#define FAKE_LOG_MAX 4096

struct fake_log {
	unsigned nr;
	struct fake_event e[FAKE_LOG_MAX]; /* later ones are lost */
};

extern _Thread_local struct fake_log fake_log; /* what this thread did */

void fake_log_reset(void);
/* How many times. */
unsigned fake_log_count(enum fake_op op);
/* Index of the first at or after `from`; FAKE_LOG_MAX when there is none. */
unsigned fake_log_find(enum fake_op op, unsigned from);
/* The same for one whose `a` is that. */
unsigned fake_log_find_a(enum fake_op op, unsigned from, uint64_t a);

#endif
