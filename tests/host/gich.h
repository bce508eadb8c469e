/*
 * A virtual CPU interface in software, for tests: the ICH_* registers of one
 * simulated CPU and what a guest's ICV_* accesses do to them. Written from
 * GICv3/v4 IHI 0069 (VirtualReadIAR, VirtualWriteEOIR, VirtualWriteDIR,
 * ICH_MISR_EL2), with its own field constants, so that a wrong constant in
 * the product does not agree with itself.
 */
#ifndef PLINTH_TESTS_GICH_H
#define PLINTH_TESTS_GICH_H

#include <base/types.h>

#define GICH_SPURIOUS 1023U

struct gich {
	unsigned nr_lr;    /* 1..16 */
	unsigned pre_bits; /* 5..7 */
	unsigned pri_bits; /* pre_bits..8 */
	bool tds;          /* ICH_HCR.TDIR is implemented */
	/*
	 * EOIcount counts an EOI without list register in EOImode 1 too, as
	 * in QEMU 7.2, though it deactivates nothing.
	 */
	bool counts_drops;
	/*
	 * An acknowledged LPI keeps its list register as active until its EOI,
	 * and that EOI counts if it has none, as in QEMU 7.2; on hardware LPIs
	 * have no active state.
	 */
	bool lpi_goes_active;
	uint64_t lr[16];
	uint32_t ap[2][4];
	uint32_t vmcr;
	uint32_t hcr;
	bool unsynced; /* a list register was written since the last isb */
	unsigned long nr_lr_writes;
	/* The guest deactivated an interrupt whose LR.HW is 1; may be NULL. */
	void (*deactivated)(void *ctx, uint32_t pintid);
	void *ctx;
};

/* The CPU that the code under test runs on; each thread is one. */
extern _Thread_local struct gich *gich;

/* Called before bits of a list register are set, if not NULL: what other CPUs
 * may do meanwhile. */
extern void (*gich_before_or)(void);

/* As after reset: 5 priority bits, TDS, everything zero; becomes current. */
void gich_init(struct gich *h, unsigned nr_lr);

/* ICV_PMR, ICV_IGRPENn, ICV_CTLR.EOImode. */
void gich_guest_setup(struct gich *h, uint8_t pmr, bool grp0, bool grp1,
		      bool eoimode);

/* Index of the list register that a guest would take next, or -1. */
int gich_signalled(const struct gich *h);
/* ICC_IAR<group>_EL1: acknowledges and returns the INTID, or 1023. */
uint32_t gich_ack(struct gich *h, unsigned group);
/* ICC_EOIR<group>_EL1. */
void gich_eoi(struct gich *h, unsigned group, uint32_t intid);
/*
 * ICC_DIR_EL1. False when ICH_HCR traps it: nothing happened, the caller
 * plays the hypervisor.
 */
bool gich_dir(struct gich *h, uint32_t intid);
/* ICC_RPR_EL1: 0xff when idle. */
uint8_t gich_running(const struct gich *h);

/* ICH_MISR_EL2 of that CPU: non-zero = the maintenance interrupt is raised. */
uint32_t gich_misr(const struct gich *h);
uint32_t gich_eisr(const struct gich *h);
uint32_t gich_elrsr(const struct gich *h);

/* Index of the list register that holds intid in a valid state, or -1. */
int gich_find(const struct gich *h, uint32_t intid);

#endif
