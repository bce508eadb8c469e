/*
 * PSCI 1.1 of one VM; see psci.h for the states and what is left out.
 *
 * A handler gets the function identifier and the caller's registers, writes
 * x0 and names the action. CPU_ON decides under the target's lock, so that of
 * any number of racing callers exactly one gets SUCCESS; the callback follows
 * after the lock. A vCPU never holds two of these locks.
 *
 * Arm DEN 0022; called from smccc.c only.
 */
#include <arch/aarch64/psci.h>
#include <arch/aarch64/smccc.h>

#define PSCI_VERSION_1_1 0x10001

/* CPU_SUSPEND power_state, original format (PSCI_FEATURES bit 1 clear). */
#define POWER_STATE_POWER_DOWN BIT(16)
#define POWER_STATE_RES0       (GENMASK(31, 26) | GENMASK(23, 17))

#define MIGRATE_TOS_NOT_PRESENT 2
#define RESET2_WARM             0

/* Argument n; the 32-bit convention ignores the upper half. */
static uint64_t arg(uint32_t fid, const uint64_t *x, unsigned n)
{
	return fid & PSCI_64 ? x[n] : (uint32_t)x[n];
}

static enum psci_action answer(uint64_t *x, int32_t value)
{
	x[0] = (uint64_t)(int64_t)value;
	return PSCI_RETURN;
}

static enum psci_action call_version(struct psci *p, unsigned self, uint64_t *x,
				     uint32_t fid)
{
	(void)p;
	(void)self;
	(void)fid;
	return answer(x, PSCI_VERSION_1_1);
}

static enum psci_action call_features(struct psci *p, unsigned self,
				      uint64_t *x, uint32_t fid)
{
	uint32_t query = (uint32_t)x[1];
	bool known = query == SMCCC_VERSION || psci_lookup(query);

	(void)p;
	(void)self;
	(void)fid;
	/* Flags of CPU_SUSPEND are 0 too: original power_state format, no
	 * OS-initiated mode. */
	return answer(x, known ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
}

#define INSN_BYTES 4U

static bool entry_ok(const struct psci *p, ipa_t entry)
{
	return is_aligned(entry.v, INSN_BYTES) &&
	       p->ops.is_ram(p->ops.ctx, entry, INSN_BYTES);
}

static int32_t claim(struct psci *p, struct psci_vcpu *target,
		     struct psci_entry entry)
{
	int32_t ret = PSCI_SUCCESS;

	spin_lock(&target->lock);
	if (target->state == PSCI_STATE_ON) {
		ret = PSCI_ALREADY_ON;
	} else if (target->state == PSCI_STATE_ON_PENDING) {
		ret = PSCI_ON_PENDING;
	} else {
		target->state = PSCI_STATE_ON_PENDING;
		target->entry = entry;
		__atomic_add_fetch(&p->nr_up, 1, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&target->lock);
	return ret;
}

static enum psci_action call_cpu_on(struct psci *p, unsigned self, uint64_t *x,
				    uint32_t fid)
{
	int target = mpidr_map_find(&p->map, arg(fid, x, 1));
	struct psci_entry entry = {
		.pc = {arg(fid, x, 2)},
		.context_id = arg(fid, x, 3),
	};
	int32_t ret;

	(void)self;
	if (target < 0)
		return answer(x, PSCI_INVALID_PARAMETERS);
	if (!entry_ok(p, entry.pc))
		return answer(x, PSCI_INVALID_ADDRESS);
	ret = claim(p, &p->vcpus[target], entry);
	if (ret == PSCI_SUCCESS)
		p->ops.vcpu_start(p->ops.ctx, (unsigned)target);
	return answer(x, ret);
}

static enum psci_action call_cpu_off(struct psci *p, unsigned self, uint64_t *x,
				     uint32_t fid)
{
	(void)p;
	(void)self;
	(void)fid;
	(void)x;
	return PSCI_STOP;
}

/*
 * A power-down request always powers down: the vCPU waits for an interrupt
 * and starts at its entry point, also when one is pending already. Levels
 * above the CPU are coordinated away; there is nothing to switch off.
 * Argument n is the entry point, n + 1 the context id.
 */
static enum psci_action power_down(struct psci *p, unsigned self, uint64_t *x,
				   uint32_t fid, unsigned n)
{
	struct psci_entry entry = {
		.pc = {arg(fid, x, n)},
		.context_id = arg(fid, x, n + 1),
	};

	if (!entry_ok(p, entry.pc))
		return answer(x, PSCI_INVALID_ADDRESS);
	/* Own entry, while ON: CPU_ON by others leaves it alone. */
	p->vcpus[self].entry = entry;
	return PSCI_POWER_DOWN;
}

static enum psci_action call_cpu_suspend(struct psci *p, unsigned self,
					 uint64_t *x, uint32_t fid)
{
	uint32_t power_state = (uint32_t)x[1];

	if (power_state & POWER_STATE_RES0)
		return answer(x, PSCI_INVALID_PARAMETERS);
	if (!(power_state & POWER_STATE_POWER_DOWN)) {
		(void)answer(x, PSCI_SUCCESS);
		return PSCI_STANDBY;
	}
	return power_down(p, self, x, fid, 2);
}

static enum psci_action call_cpu_default_suspend(struct psci *p, unsigned self,
						 uint64_t *x, uint32_t fid)
{
	return power_down(p, self, x, fid, 1);
}

/* The power-down of the last vCPU that is on. */
static enum psci_action call_system_suspend(struct psci *p, unsigned self,
					    uint64_t *x, uint32_t fid)
{
	if (__atomic_load_n(&p->nr_up, __ATOMIC_SEQ_CST) != 1)
		return answer(x, PSCI_DENIED);
	return power_down(p, self, x, fid, 1);
}

/* ON when any vCPU below is on, else ON_PENDING when any is about to be. */
static int32_t group_state(struct psci *p, uint64_t mask, uint64_t aff)
{
	int32_t ret = PSCI_INVALID_PARAMETERS;

	for (unsigned i = 0; i < p->map.nr; i++) {
		enum psci_state s;

		if ((p->map.mpidr[i] & mask) != (aff & mask))
			continue;
		s = psci_vcpu_state(p, i);
		if (s == PSCI_STATE_ON)
			return PSCI_STATE_ON;
		if (ret != PSCI_STATE_ON_PENDING)
			ret = (int32_t)s;
	}
	return ret;
}

static enum psci_action call_affinity_info(struct psci *p, unsigned self,
					   uint64_t *x, uint32_t fid)
{
	uint64_t aff = arg(fid, x, 1);
	uint32_t level = (uint32_t)x[2];
	int target;

	(void)self;
	if (level > 3 || aff & ~MPIDR_AFF_MASK)
		return answer(x, PSCI_INVALID_PARAMETERS);
	if (level > 0)
		return answer(x, group_state(p, mpidr_level_mask(level), aff));
	target = mpidr_map_find(&p->map, aff);
	if (target < 0)
		return answer(x, PSCI_INVALID_PARAMETERS);
	return answer(x, (int32_t)psci_vcpu_state(p, (unsigned)target));
}

static enum psci_action call_migrate_info_type(struct psci *p, unsigned self,
					       uint64_t *x, uint32_t fid)
{
	(void)p;
	(void)self;
	(void)fid;
	return answer(x, MIGRATE_TOS_NOT_PRESENT);
}

static enum psci_action call_system_off(struct psci *p, unsigned self,
					uint64_t *x, uint32_t fid)
{
	(void)p;
	(void)self;
	(void)fid;
	(void)x;
	return PSCI_VM_OFF;
}

static enum psci_action call_system_reset(struct psci *p, unsigned self,
					  uint64_t *x, uint32_t fid)
{
	(void)p;
	(void)self;
	(void)fid;
	(void)x;
	return PSCI_VM_RESET;
}

static enum psci_action call_system_reset2(struct psci *p, unsigned self,
					   uint64_t *x, uint32_t fid)
{
	uint32_t type = (uint32_t)x[1];

	(void)p;
	(void)self;
	(void)fid;
	/* No vendor's type (bit 31) is defined. */
	if (type != RESET2_WARM)
		return answer(x, PSCI_INVALID_PARAMETERS);
	return PSCI_VM_WARM_RESET;
}

static enum psci_action call_mem_protect(struct psci *p, unsigned self,
					 uint64_t *x, uint32_t fid)
{
	uint32_t enable = (uint32_t)x[1];

	(void)self;
	(void)fid;
	if (enable > 1)
		return answer(x, PSCI_INVALID_PARAMETERS);
	return answer(x, __atomic_exchange_n(&p->mem_protect, enable == 1,
					     __ATOMIC_RELAXED));
}

/* All RAM of a VM is overwritten at a cold reset, and nothing else. */
static enum psci_action call_mem_protect_check_range(struct psci *p,
						     unsigned self, uint64_t *x,
						     uint32_t fid)
{
	ipa_t base = {arg(fid, x, 1)};

	(void)self;
	return answer(x, p->ops.is_ram(p->ops.ctx, base, arg(fid, x, 2))
				 ? PSCI_SUCCESS
				 : PSCI_DENIED);
}

#define ROW32(f, call) [(f)&0x1f] = {f, call}
#define ROW64(f, call) [32 + ((f)&0x1f)] = {(f) | PSCI_64, call}

const struct psci_row psci_table[PSCI_TABLE_NR] = {
	ROW32(PSCI_VERSION, call_version),
	ROW32(PSCI_CPU_SUSPEND, call_cpu_suspend),
	ROW64(PSCI_CPU_SUSPEND, call_cpu_suspend),
	ROW32(PSCI_CPU_OFF, call_cpu_off),
	ROW32(PSCI_CPU_ON, call_cpu_on),
	ROW64(PSCI_CPU_ON, call_cpu_on),
	ROW32(PSCI_AFFINITY_INFO, call_affinity_info),
	ROW64(PSCI_AFFINITY_INFO, call_affinity_info),
	ROW32(PSCI_MIGRATE_INFO_TYPE, call_migrate_info_type),
	ROW32(PSCI_SYSTEM_OFF, call_system_off),
	ROW32(PSCI_SYSTEM_RESET, call_system_reset),
	ROW32(PSCI_FEATURES, call_features),
	ROW32(PSCI_CPU_DEFAULT_SUSPEND, call_cpu_default_suspend),
	ROW64(PSCI_CPU_DEFAULT_SUSPEND, call_cpu_default_suspend),
	ROW32(PSCI_SYSTEM_SUSPEND, call_system_suspend),
	ROW64(PSCI_SYSTEM_SUSPEND, call_system_suspend),
	ROW32(PSCI_SYSTEM_RESET2, call_system_reset2),
	ROW64(PSCI_SYSTEM_RESET2, call_system_reset2),
	ROW32(PSCI_MEM_PROTECT, call_mem_protect),
	ROW32(PSCI_MEM_PROTECT_CHECK_RANGE, call_mem_protect_check_range),
	ROW64(PSCI_MEM_PROTECT_CHECK_RANGE, call_mem_protect_check_range),
};

static void set_state(struct psci_vcpu *v, enum psci_state state)
{
	spin_lock(&v->lock);
	v->state = (uint8_t)state;
	spin_unlock(&v->lock);
}

void psci_init(struct psci *p, const struct psci_ops *ops,
	       const struct mpidr_map *map, struct psci_vcpu *vcpus)
{
	p->ops = *ops;
	p->map = *map;
	p->vcpus = vcpus;
	psci_reset(p, 0, false);
}

void psci_reset(struct psci *p, unsigned boot, bool cold)
{
	p->nr_up = 1;
	p->mem_protect &= cold;
	for (unsigned i = 0; i < p->map.nr; i++)
		set_state(&p->vcpus[i],
			  i == boot ? PSCI_STATE_ON : PSCI_STATE_OFF);
}

void psci_vcpu_started(struct psci *p, unsigned self)
{
	set_state(&p->vcpus[self], PSCI_STATE_ON);
}

void psci_vcpu_stopped(struct psci *p, unsigned self)
{
	set_state(&p->vcpus[self], PSCI_STATE_OFF);
	__atomic_sub_fetch(&p->nr_up, 1, __ATOMIC_SEQ_CST);
}

struct psci_entry psci_entry(const struct psci *p, unsigned self)
{
	return p->vcpus[self].entry;
}

enum psci_state psci_vcpu_state(struct psci *p, unsigned vcpu)
{
	struct psci_vcpu *v = &p->vcpus[vcpu];
	enum psci_state state;

	spin_lock(&v->lock);
	state = (enum psci_state)v->state;
	spin_unlock(&v->lock);
	return state;
}
