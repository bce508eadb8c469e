/*
 * PSCI 1.1 for the vCPUs of one VM: a state machine without a world of its
 * own. Starting a vCPU is a callback; everything that concerns the caller
 * itself is returned as an action for its run loop.
 *
 * Arm DEN 0022 (PSCI 1.1). Implemented, 32- and 64-bit forms where the
 * specification has both: PSCI_VERSION, PSCI_FEATURES, CPU_ON, CPU_OFF,
 * CPU_SUSPEND, CPU_DEFAULT_SUSPEND, AFFINITY_INFO, MIGRATE_INFO_TYPE,
 * SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, SYSTEM_SUSPEND, MEM_PROTECT,
 * MEM_PROTECT_CHECK_RANGE. The rest answers NOT_SUPPORTED, in PSCI_FEATURES
 * too: MIGRATE and MIGRATE_INFO_UP_CPU (there is no Trusted OS), CPU_FREEZE,
 * NODE_HW_STATE, SET_SUSPEND_MODE, PSCI_STAT_*.
 *
 * Power states of a vCPU, guarded by its lock:
 *
 *	OFF --CPU_ON--> ON_PENDING --psci_vcpu_started()--> ON
 *	 ^                                                  |
 *	 +---------psci_vcpu_stopped(), after CPU_OFF-------+
 *
 * OFF means that ops->vcpu_start() may be called: a vCPU in CPU_OFF counts as
 * ON until its run loop has let go of it and says so.
 *
 * Entry state of a vCPU that starts or wakes from power-down, which the run
 * loop sets: PC = entry, x0 = context id, other registers 0, PSTATE = EL1h
 * with DAIF set, SCTLR_EL1 at its reset value (MMU and caches off).
 */
#ifndef PLINTH_ARCH_PSCI_H
#define PLINTH_ARCH_PSCI_H

#include <port/spinlock.h>

#include <base/addr.h>

#include <arch/aarch64/mpidr.h>

/* Function identifiers; bit 30 set is the 64-bit form where there is one. */
enum psci_fid {
	PSCI_VERSION = 0x84000000,
	PSCI_CPU_SUSPEND = 0x84000001,
	PSCI_CPU_OFF = 0x84000002,
	PSCI_CPU_ON = 0x84000003,
	PSCI_AFFINITY_INFO = 0x84000004,
	PSCI_MIGRATE_INFO_TYPE = 0x84000006,
	PSCI_SYSTEM_OFF = 0x84000008,
	PSCI_SYSTEM_RESET = 0x84000009,
	PSCI_FEATURES = 0x8400000a,
	PSCI_CPU_DEFAULT_SUSPEND = 0x8400000c,
	PSCI_SYSTEM_SUSPEND = 0x8400000e,
	PSCI_SYSTEM_RESET2 = 0x84000012,
	PSCI_MEM_PROTECT = 0x84000013,
	PSCI_MEM_PROTECT_CHECK_RANGE = 0x84000014,
};

#define PSCI_64 0x40000000U

/* The identifiers that belong to PSCI, with bit 30 and the number masked. */
#define PSCI_RANGE      0x84000000U
#define PSCI_RANGE_MASK (~(PSCI_64 | 0x1fU))

enum psci_ret {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_ON_PENDING = -5,
	PSCI_INVALID_ADDRESS = -9,
};

/* Also the answer of AFFINITY_INFO. */
enum psci_state {
	PSCI_STATE_ON = 0,
	PSCI_STATE_OFF = 1,
	PSCI_STATE_ON_PENDING = 2,
};

enum psci_action {
	PSCI_RETURN,     /* x0 holds the result; go on */
	PSCI_STANDBY,    /* x0 = 0 is written; wait for an interrupt, go on */
	PSCI_POWER_DOWN, /* wait for an interrupt, start at psci_entry() */
	PSCI_STOP,     /* CPU_OFF: leave the guest, then psci_vcpu_stopped() */
	PSCI_VM_OFF,   /* SYSTEM_OFF */
	PSCI_VM_RESET, /* SYSTEM_RESET */
	PSCI_VM_WARM_RESET, /* SYSTEM_RESET2, architectural warm reset */
};

struct psci_entry {
	ipa_t pc;
	uint64_t context_id; /* for x0 */
};

struct psci_ops {
	/* Whether all of it is RAM of the VM; false for no byte at all. */
	bool (*is_ram)(void *ctx, ipa_t base, uint64_t len);
	/* Make vCPU `target` start at psci_entry(). Called once for each
	 * successful CPU_ON, on the caller's CPU, with no lock held. */
	void (*vcpu_start)(void *ctx, unsigned target);
	void *ctx;
};

struct psci_vcpu {
	struct spinlock lock;    /* guards both below */
	uint8_t state;           /* enum psci_state */
	struct psci_entry entry; /* of the last CPU_ON or power-down */
};

struct psci {
	struct psci_ops ops;
	struct mpidr_map map;    /* immutable */
	struct psci_vcpu *vcpus; /* map.nr of them */
	/*
	 * vCPUs that are not OFF; atomic. It is counted up before CPU_ON
	 * answers, by a caller that is counted itself, so it is 1 only while
	 * nobody but the one vCPU that is on can change it.
	 */
	unsigned nr_up;
	bool mem_protect; /* MEM_PROTECT is on; atomic */
};

/*
 * vcpus: map->nr zeroed elements that outlive `p`. Ends as psci_reset().
 */
void psci_init(struct psci *p, const struct psci_ops *ops,
	       const struct mpidr_map *map, struct psci_vcpu *vcpus);

/*
 * The state of a VM that boots: `boot` is ON, the others OFF. Called with no
 * vCPU of the VM running. MEM_PROTECT outlives a reset in which RAM was
 * overwritten (`cold`) and ends with one in which it was kept.
 */
void psci_reset(struct psci *p, unsigned boot, bool cold);

/* vCPU `self` is about to execute its first instruction: ON_PENDING -> ON. */
void psci_vcpu_started(struct psci *p, unsigned self);

/* vCPU `self` has left its run loop after PSCI_STOP: ON -> OFF. From here on
 * it may be started again, on another CPU at once. */
void psci_vcpu_stopped(struct psci *p, unsigned self);

/* Where vCPU `self` starts: stable while it is ON_PENDING, or between
 * PSCI_POWER_DOWN and the next call of `self`. */
struct psci_entry psci_entry(const struct psci *p, unsigned self);

/* As AFFINITY_INFO answers at level 0; takes the vCPU's lock. */
enum psci_state psci_vcpu_state(struct psci *p, unsigned vcpu);

/*
 * The handler of one function: x[] are the caller's registers x0..x3; fid is
 * x0 without the hint bit.
 */
typedef enum psci_action (*psci_fn)(struct psci *p, unsigned self, uint64_t *x,
				    uint32_t fid);

/* A row for each function number; the second half holds the 64-bit forms. A
 * row counts only when its identifier is the one that was called. */
#define PSCI_TABLE_NR 64

extern const struct psci_row {
	uint64_t fid;
	psci_fn fn;
} psci_table[PSCI_TABLE_NR];

/* NULL when PSCI has no such function. */
static inline const struct psci_row *psci_lookup(uint32_t fid)
{
	const struct psci_row *row =
		&psci_table[(fid & 0x1f) | (fid >> 25 & 0x20)];

	return row->fid == fid ? row : NULL;
}

#endif
