/*
 * Stolen time: for each vCPU a structure in memory that its guest can read and
 * EL2 writes, which says how long the vCPU was ready to run and did not. Arm
 * DEN 0057, "Stolen time"; calls: arch/aarch64/smccc_hyp.c.
 *
 * The pages are the VM's own, beside its RAM and on no bus: the guest is told
 * of them by PV_TIME_ST alone. Stage 2 maps them read-only, Normal Write-Back.
 *
 * A vCPU's is brought up to date when its pCPU loads it (pvtime_update()): only
 * then, after it has waited, is there something to tell.
 */
#ifndef PLINTH_HYP_PVTIME_H
#define PLINTH_HYP_PVTIME_H

#include <hyp/vm_config.h>

struct vm;

/* What a guest reads, little-endian, aligned to its size. */
struct pvtime_stolen {
	uint32_t revision;   /* 0 */
	uint32_t attributes; /* 0 */
	uint64_t stolen_ns;  /* since the VM started */
	uint8_t reserved[48];
};

_Static_assert(sizeof(struct pvtime_stolen) == 64, "DEN 0057");

struct pvtime {
	struct vm_range range;        /* IPA; multiples of 4 KiB */
	struct pvtime_stolen *stolen; /* one a vCPU */
};

/*
 * Where a VM's structures go: VM_PVTIME_BASE, unless something of its
 * configuration is in that 64 KiB granule or those that follow; then the first
 * granule above everything. 64 KiB are the largest page that a guest can map
 * them with.
 */
struct vm_range pvtime_place(const struct vm_config *cfg);

/* Allocates and maps the structures; vm->pv.range is set, stage 2 is there.
 * -ENOMEM, or what s2_map() says. */
MUST_CHECK int pvtime_create(struct vm *vm);

/* Zeroes them. No vCPU runs. */
void pvtime_reset(struct vm *vm);

/* Of vCPU `vcpu`, ns since the VM started; its pCPU calls, before the entry. */
void pvtime_update(struct vm *vm, unsigned vcpu, uint64_t ns);

/* Gives them back; stage 2 is gone. Safe without pvtime_create(). */
void pvtime_destroy(struct vm *vm);

/* IPA of a vCPU's structure. */
ipa_t pvtime_ipa(const struct pvtime *pv, unsigned vcpu);

#endif
