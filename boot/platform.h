/*
 * The physical machine as its device tree tells it: everything that the
 * hypervisor must know before it touches anything. No address and no count is
 * compiled in; all arrays live in the arena and nothing points into the tree.
 *
 * Called by boot/main.c on the boot CPU, once, before secondaries run.
 * Specification: Devicetree Specification 0.4 and the bindings arm,gic-v3,
 * arm,armv8-timer, arm,armv8-pmuv3, arm,pl011, arm,pl031, arm,psci, chosen;
 * PSCI DEN 0022 for the function identifiers, which are fixed from version 0.2
 * on.
 */
#ifndef PLINTH_BOOT_PLATFORM_H
#define PLINTH_BOOT_PLATFORM_H

#include <base/range.h>

struct arena;
struct dt;

#define PLATFORM_SEED_MAX 64U /* bytes; what a tree has more is left out */

enum platform_conduit {
	PLATFORM_CONDUIT_NONE, /* one CPU, and no way to power off */
	PLATFORM_CONDUIT_SMC,
	PLATFORM_CONDUIT_HVC, /* only under another hypervisor */
};

struct platform_gic {
	struct hpa_range dist;
	struct hpa_range *redist; /* regions of redistributor frames */
	unsigned nr_redist;
	uint64_t stride; /* bytes between frame sets; 0: GICR_TYPER says it */
	uint32_t maint_intid; /* 0: the tree does not say */
};

struct platform_dev {
	struct hpa_range regs; /* size 0: there is none */
	uint32_t intid;
};

struct platform {
	struct hpa_ranges ram; /* ascending, disjoint, adjacent ones merged */
	struct hpa_ranges reserved; /* ascending, disjoint; may leave RAM */

	uint64_t *mpidr;  /* Aff3.Aff2.Aff1.Aff0 of each enabled CPU */
	unsigned nr_cpus; /* at least 1 */
	enum platform_conduit psci; /* never NONE with more than one CPU */

	struct platform_gic gic;
	struct platform_dev uart; /* PL011, always there */
	struct platform_dev rtc;  /* PL031, optional */

	uint32_t timer_hyp_intid; /* INTIDs, PPIs */
	uint32_t timer_virt_intid;
	uint32_t timer_phys_intid;
	uint32_t pmu_intid; /* 0: none */

	const char *bootargs;    /* "" when the tree has none */
	struct hpa_range initrd; /* size 0: none */
	uint8_t rng_seed[PLATFORM_SEED_MAX];
	unsigned rng_seed_len; /* bytes; 0: the tree has none */
};

/*
 * Reads the tree of which dt_check() has filled `tree`; its error line is not
 * used. Returns 0, or -EINVAL/-ENOMEM with one line in `err` that names node
 * and property. Scratch memory is taken from a->env and given back.
 */
MUST_CHECK int platform_parse(struct platform *p, const struct dt *tree,
			      struct arena *a, char *err, size_t err_len);

/*
 * Whether the blob is this machine's tree: a sound device tree, no manifest of
 * ours, whose RAM contains `image` (any byte of the running hypervisor). The
 * first max_size bytes at `fdt` must be readable. Needs no memory. If it is,
 * `tree` is as dt_check() leaves it, but for the error line.
 */
bool platform_is_host_tree(struct dt *tree, const void *fdt, uint64_t max_size,
			   hpa_t image);

#endif
