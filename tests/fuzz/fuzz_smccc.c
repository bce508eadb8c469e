/*
 * Firmware calls of four vCPUs, random x0..x17. Held to: an action of the
 * list; x4..x17 as they were, and x1..x3 unless the call has such results; an
 * unknown identifier changes nothing and answers NOT_SUPPORTED; the states of
 * the vCPUs add up, and the VM suspends only when the others are off.
 */
#include <string.h>

#include <base/panic.h>

#include <arch/aarch64/smccc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NR     4
#define NR_REG 18

struct fuzz {
	struct smccc s;
	struct mpidr_map map;
	uint16_t slots[8];
	struct psci_vcpu vcpus[NR];
	uint64_t last[3]; /* what entropy() gave */
	bool dry;
};

/* One call: who makes it, and a choice of what is in its registers. */
struct input {
	uint8_t self, how, fid, arg[3];
	uint64_t x[4];
};

static const uint64_t mpidr[NR] = {0, 1, 0x100, UINT64_C(0x300000002)};

static const uint32_t fids[] = {
	0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003,
	0x84000004, 0xc4000004, 0x84000005, 0x84000006, 0x84000008, 0x84000009,
	0x8400000a, 0x8400000c, 0xc400000c, 0x8400000e, 0xc400000e, 0x84000012,
	0xc4000012, 0x84000013, 0x84000014, 0xc4000014, 0x80000000, 0x80000001,
	0x80008000, 0x80007fff, 0x80003fff, 0x84000050, 0x84000051, 0x84000052,
	0x84000053, 0xc4000053, 0xc5000020, 0xc5000021, 0x8600ff01, 0x86000000,
	0x86000001};

/* Calls with more results than x0. */
static const uint32_t wide[] = {0x84000052, 0x84000053, 0xc4000053,
				0x8600ff01, 0x86000000, 0x86000001};

static const uint64_t args[] = {
	0,          1,          2,          3,
	0x100,      64,         96,         192,
	0x10000,    0x40000000, 0x40000080, 0x50000000,
	0x84000003, 0xc5000021, UINT64_MAX, UINT64_C(0x300000002)};

static bool is_ram(void *ctx, ipa_t base, uint64_t len)
{
	(void)ctx;
	return len && range_within(base.v, len, 0x40000000, 0x10000000);
}

static void vcpu_start(void *ctx, unsigned target)
{
	struct fuzz *f = ctx;

	ASSERT(f->vcpus[target].state == PSCI_STATE_ON_PENDING);
	ASSERT(is_ram(ctx, psci_entry(&f->s.psci, target).pc, 4));
}

static bool entropy(void *ctx, uint64_t word[3])
{
	struct fuzz *f = ctx;

	for (unsigned i = 0; i < 3; i++)
		word[i] = f->last[i] = f->last[i] * 6364136223846793005u + 1;
	return !f->dry;
}

static uint64_t stolen_time(void *ctx, unsigned self)
{
	(void)ctx;
	return 0x90a0000 + 64 * self;
}

static struct smccc_moment moment(void *ctx, unsigned self, bool physical)
{
	(void)ctx;
	(void)self;
	return (struct smccc_moment){UINT64_C(1) << 60, physical};
}

static bool among(uint32_t fid, const uint32_t *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (list[i] == fid)
			return true;
	return false;
}

static void check_states(struct fuzz *f)
{
	unsigned up = 0;

	for (unsigned i = 0; i < NR; i++) {
		ASSERT(f->vcpus[i].state <= PSCI_STATE_ON_PENDING);
		up += f->vcpus[i].state != PSCI_STATE_OFF;
	}
	ASSERT(up == f->s.psci.nr_up);
}

static void check_registers(const uint64_t *was, const uint64_t *is,
			    uint32_t fid)
{
	for (unsigned i = 4; i < NR_REG; i++)
		ASSERT(is[i] == was[i]);
	for (unsigned i = 1; i < 4; i++)
		ASSERT(is[i] == was[i] || among(fid, wide, ARRAY_SIZE(wide)));
	if (!among(fid, fids, ARRAY_SIZE(fids)))
		ASSERT(is[0] == UINT64_MAX);
}

/* What the run loop does with it. */
static void act(struct fuzz *f, unsigned self, enum psci_action action,
		uint32_t fid)
{
	switch (action) {
	case PSCI_RETURN:
	case PSCI_STANDBY:
		break;
	case PSCI_POWER_DOWN:
		ASSERT(is_ram(f, psci_entry(&f->s.psci, self).pc, 4));
		ASSERT((fid & ~PSCI_64) != PSCI_SYSTEM_SUSPEND ||
		       f->s.psci.nr_up == 1);
		break;
	case PSCI_STOP:
		psci_vcpu_stopped(&f->s.psci, self);
		break;
	case PSCI_VM_OFF:
	case PSCI_VM_RESET:
	case PSCI_VM_WARM_RESET:
		psci_reset(&f->s.psci, 0, action == PSCI_VM_RESET);
		break;
	default:
		panic("action %d", action);
	}
}

static void step(struct fuzz *f, const struct input *in)
{
	unsigned self = in->self % NR;
	uint64_t x[NR_REG], was[NR_REG];
	uint32_t fid;
	enum psci_action action;

	if (f->vcpus[self].state == PSCI_STATE_OFF)
		return;
	psci_vcpu_started(&f->s.psci, self);
	f->dry = in->how & 0x40;
	f->s.ops.entropy = in->how & 0x80 ? NULL : entropy;
	for (unsigned i = 0; i < NR_REG; i++)
		x[i] = in->x[i % 4] + i;
	if (in->how & 1)
		x[0] = fids[in->fid % ARRAY_SIZE(fids)] | (in->how & 2) << 15;
	for (unsigned i = 0; i < 3; i++)
		if (in->how & 4 << i)
			x[i + 1] = args[in->arg[i] % ARRAY_SIZE(args)];
	memcpy(was, x, sizeof(x));
	fid = (uint32_t)x[0] & ~0x10000U;
	action = smccc_call(&f->s, self, x);
	check_registers(was, x, fid);
	act(f, self, action, fid);
	check_states(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;
	static const struct psci_ops ops = {is_ram, vcpu_start, &f};
	struct input in;

	memset(&f, 0, sizeof(f));
	f.s.workarounds = (struct smccc_workarounds){1, -2, -1};
	f.s.ops = (struct smccc_ops){entropy, stolen_time, moment, &f};
	ASSERT(!mpidr_map_init(&f.map, mpidr, NR, f.slots));
	psci_init(&f.s.psci, &ops, &f.map, f.vcpus);
	for (; size >= sizeof(in); data += sizeof(in), size -= sizeof(in)) {
		memcpy(&in, data, sizeof(in));
		step(&f, &in);
	}
	return 0;
}
