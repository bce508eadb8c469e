/*
 * Firmware calls: SMCCC (Arm DEN 0028) by the conduit that the device tree
 * names, and the PSCI functions (Arm DEN 0022) that payloads use.
 */
#ifndef PLINTH_GUEST_PSCI_H
#define PLINTH_GUEST_PSCI_H

#include <base/types.h>

#define PSCI_VERSION           0x84000000
#define PSCI_CPU_SUSPEND32     0x84000001
#define PSCI_CPU_SUSPEND64     0xc4000001
#define PSCI_CPU_OFF           0x84000002
#define PSCI_CPU_ON32          0x84000003
#define PSCI_CPU_ON64          0xc4000003
#define PSCI_AFFINITY_INFO32   0x84000004
#define PSCI_AFFINITY_INFO64   0xc4000004
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF        0x84000008
#define PSCI_SYSTEM_RESET      0x84000009
#define PSCI_FEATURES          0x8400000a
#define PSCI_DEFAULT_SUSPEND32 0x8400000c
#define PSCI_DEFAULT_SUSPEND64 0xc400000c
#define PSCI_SYSTEM_SUSPEND32  0x8400000e
#define PSCI_SYSTEM_SUSPEND64  0xc400000e
#define PSCI_SYSTEM_RESET2_64  0xc4000012
#define PSCI_MEM_PROTECT       0x84000013
#define PSCI_MEM_CHECK_RANGE32 0x84000014
#define PSCI_MEM_CHECK_RANGE64 0xc4000014
#define SMCCC_VERSION          0x80000000

#define PSCI_SUCCESS          0
#define PSCI_NOT_SUPPORTED    (-1)
#define PSCI_INVALID_PARAMS   (-2)
#define PSCI_DENIED           (-3)
#define PSCI_ALREADY_ON       (-4)
#define PSCI_ON_PENDING       (-5)
#define PSCI_INVALID_ADDRESS  (-9)
#define PSCI_AFFINITY_ON      0
#define PSCI_AFFINITY_OFF     1
#define PSCI_AFFINITY_PENDING 2

uint64_t hvc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

/* By the device tree's conduit. The result is x0, whole. */
int64_t psci_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

static inline int64_t psci_affinity_info(uint64_t mpidr)
{
	return psci_call(PSCI_AFFINITY_INFO64, mpidr, 0, 0);
}

NORETURN void psci_system_off(void);

#endif
