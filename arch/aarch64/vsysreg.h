/*
 * Trapped system registers that belong to no larger device model: what is
 * listed here answers, everything else is UNDEFINED. Not here: the ID group
 * (idreg.h), the GIC's CPU interface, the timers.
 *
 * Self-hosted debug cannot be absent from an Armv8 CPU. Until its registers
 * belong to the vCPU, MDCR_EL2.TDA, TDRA and TDOSA trap them: the OS lock, the
 * claim tags and MDSCR_EL1 are kept, breakpoints and watchpoints are
 * RAZ/WI, so they never hit. ACTLR_EL1 (HCR_EL2.TACR) is RAZ/WI. Performance
 * monitors, trace, LORegions, SCXTNUM and the implementation defined space
 * (HCR_EL2.TIDCP) are hidden and therefore UNDEFINED.
 *
 * Arm ARM DDI 0487, the registers named; "Reserved encodings". No lock: the
 * state is that of the vCPU that runs.
 */
#ifndef PLINTH_ARCH_VSYSREG_H
#define PLINTH_ARCH_VSYSREG_H

#include <arch/aarch64/sysreg.h>

struct vsysreg {
	uint64_t mdscr; /* stored, without effect */
	uint8_t claim;  /* debug claim tags */
	bool os_lock;
};

enum vsysreg_result {
	VSYSREG_DONE,    /* step over the instruction */
	VSYSREG_UNDEF,   /* inject_undef() */
	VSYSREG_SET_WAY, /* DC ISW, CSW or CISW: the caller's cache policy */
};

/* Reset values: OS lock set. */
void vsysreg_reset(struct vsysreg *v);

/* One trapped access (ESR_EC_SYS64). *value: what is written, or what the
 * guest's register becomes. */
enum vsysreg_result vsysreg_access(struct vsysreg *v, uint64_t esr,
				   uint64_t *value);

#endif
