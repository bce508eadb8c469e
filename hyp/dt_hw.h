/*
 * The hardware that a device tree of an Arm machine describes: the parts that
 * the host's tree and a guest's own tree have in common. Which of them are
 * required, and what their addresses mean, is the caller's business.
 *
 * Errors and locks as in hyp/dt.h. Arrays live in the arena.
 *
 * Devicetree Specification, and Linux's bindings of the devices named.
 */
#ifndef PLINTH_HYP_DT_HW_H
#define PLINTH_HYP_DT_HW_H

#include <hyp/dt.h>

struct dt_ranges {
	struct dt_range *r; /* ascending, disjoint, none empty */
	unsigned nr;
};

struct dt_cpus {
	uint64_t *mpidr; /* Aff3.Aff2.Aff1.Aff0 as in MPIDR_EL1, tree order */
	unsigned nr;     /* at least 1 */
};

struct dt_gic {
	uint32_t node;
	struct dt_range dist;
	struct dt_range *redist; /* regions, in the order of `reg` */
	unsigned nr_redist;      /* at least 1 */
	uint64_t stride; /* bytes from frame set to frame set; 0: not said */
	uint32_t maint_intid; /* 0: not said */
};

struct dt_dev {
	uint32_t node;        /* DT_NONE: there is none */
	struct dt_range regs; /* first entry of reg */
	uint32_t intid;
};

struct dt_timer {
	uint32_t node; /* DT_NONE: there is none */
	uint32_t phys; /* INTIDs: EL1 physical (non-secure) */
	uint32_t virt; /* EL1 virtual */
	uint32_t hyp;  /* EL2 physical; 0: not said */
};

enum dt_conduit {
	DT_CONDUIT_NONE,
	DT_CONDUIT_SMC,
	DT_CONDUIT_HVC
};

/*
 * RAM: reg of every enabled node with device_type "memory". Adjacent ranges
 * are merged, overlap fails, none fails.
 */
MUST_CHECK int dt_hw_memory(const struct dt *d, struct arena *a,
			    struct dt_ranges *out);

/*
 * What the tree takes out of RAM: the reservation block and the children of
 * /reserved-memory that have a reg. Ascending; overlapping ones are merged.
 */
MUST_CHECK int dt_hw_reserved(const struct dt *d, struct arena *a,
			      struct dt_ranges *out);

/*
 * Enabled CPUs under /cpus. Where there is more than one, each needs
 * enable-method "psci". A repeated or impossible affinity fails.
 */
MUST_CHECK int dt_hw_cpus(const struct dt *d, struct arena *a,
			  struct dt_cpus *out);

/* The first arm,gic-v3; none fails, and a GICv2 is named as such. */
MUST_CHECK int dt_hw_gic(const struct dt *d, struct arena *a,
			 struct dt_gic *out);

/* PL011: /chosen stdout-path if that is one, else the first. */
MUST_CHECK int dt_hw_uart(const struct dt *d, const struct dt_gic *gic,
			  struct dt_dev *out);

/* The first enabled node with this compatible: reg and first interrupt. */
MUST_CHECK int dt_hw_dev(const struct dt *d, const struct dt_gic *gic,
			 const char *compatible, struct dt_dev *out);

/* arm,armv8-timer, by interrupt-names or by position. */
MUST_CHECK int dt_hw_timer(const struct dt *d, const struct dt_gic *gic,
			   struct dt_timer *out);

/* arm,armv8-pmuv3: *intid is the first interrupt; no such node gives 0. */
MUST_CHECK int dt_hw_pmu(const struct dt *d, const struct dt_gic *gic,
			 uint32_t *node, uint32_t *intid);

/* PSCI 0.2 or later; no such node gives DT_CONDUIT_NONE. */
MUST_CHECK int dt_hw_psci(const struct dt *d, enum dt_conduit *out);

#endif
