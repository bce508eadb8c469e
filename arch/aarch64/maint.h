/*
 * TLB and cache maintenance that stage-2 upkeep and image loading need, done
 * by the EL2 edge (el2/maint.c). Arm ARM DDI 0487, "TLB maintenance
 * requirements", "Cache maintenance". Ranges are bytes; any alignment.
 */
#ifndef PLINTH_ARCH_MAINT_H
#define PLINTH_ARCH_MAINT_H

#include <base/addr.h>

/*
 * Forgets all stage-1 and stage-2 translations of `vmid` on every CPU of the
 * inner shareable domain. Complete on return.
 */
void tlb_flush_vmid(uint64_t vttbr);

/*
 * Forgets the stage-1 translations and the instructions that this pCPU alone
 * has cached for the VMID in VTTBR_EL2. Complete on return.
 */
void tlb_flush_local(void);

/*
 * After a stage-2 entry became invalid: TLBI IPAS2E1IS of the range (all of
 * the VMID beyond a bound), DSB, TLBI VMALLE1IS, DSB, ISB, under `vttbr`,
 * with the present VTTBR_EL2 restored afterwards.
 */
void tlb_flush_ipa(uint64_t vttbr, ipa_t ipa, uint64_t size);

/* Clean and invalidate to the point of coherency. */
void dcache_clean_poc(const void *p, uint64_t len);

/* dcache_clean_poc, then invalidate instruction caches: code was written. */
void icache_sync_poc(const void *p, uint64_t len);

/* EL2's own translations: after a new entry DSB + ISB; after removal TLBI. */
void el2_map_sync(void);
void tlb_flush_el2(void);

/* The physical counter, CNTPCT_EL0; hypervisor.counter_hz a second. */
uint64_t counter_now(void);

#endif
