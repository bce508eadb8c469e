/* A small machine for vGIC tests; see vgic_rig.h. */
#include "vgic_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/panic.h>

#include <arch/aarch64/vgic_internal.h>

#include "host.h"

static void *rig_alloc(void *ctx, uint64_t size, uint64_t align)
{
	struct vgic_rig *r = ctx;

	if (r->fail_alloc && r->nr_blocks + 1 == r->fail_alloc)
		return NULL;
	if (r->nr_blocks == ARRAY_SIZE(r->blocks))
		abort();
	r->blocks[r->nr_blocks] = host_ram_alloc(size, align);
	return r->blocks[r->nr_blocks++];
}

static void rig_kick(void *who)
{
	const struct vgic_cpu *v = who;
	struct vgic_rig *r = v->g->ctx;

	r->kicks[v->index]++;
	r->exits[v->index] = true;
}

static void rig_hw_deactivate(void *ctx, uint32_t pintid)
{
	struct vgic_rig *r = ctx;

	for (unsigned i = 0; i < r->nr_vcpus; i++) {
		if (&r->cpu[i] == gich)
			r->phys_active[i] &= ~(1U << pintid);
	}
}

static void rig_guest_deactivated(void *ctx, uint32_t pintid)
{
	rig_hw_deactivate(ctx, pintid);
}

static bool rig_hw_line(void *ctx, unsigned vcpu, uint32_t intid)
{
	struct vgic_rig *r = ctx;

	if (gich != &r->cpu[vcpu])
		abort(); /* asked on the wrong pCPU */
	return !(r->line_low >> intid & 1);
}

static uint8_t *rig_ram(struct vgic_rig *r, ipa_t at, uint64_t len)
{
	uint64_t off = at.v - RIG_RAM_BASE;

	if (r->ram_gone || off >= RIG_RAM_SIZE || len > RIG_RAM_SIZE - off)
		return NULL;
	return r->ram + off;
}

static int rig_ram_read(void *ctx, ipa_t at, void *dst, uint64_t len)
{
	const uint8_t *p = rig_ram(ctx, at, len);

	if (p)
		memcpy(dst, p, len);
	return p ? 0 : -EFAULT;
}

static int rig_ram_write(void *ctx, ipa_t at, const void *src, uint64_t len)
{
	uint8_t *p = rig_ram(ctx, at, len);

	if (p)
		memcpy(p, src, len);
	return p ? 0 : -EFAULT;
}

static void rig_exit_again(void *ctx, unsigned vcpu)
{
	struct vgic_rig *r = ctx;

	r->again++;
	r->exits[vcpu] = true;
}

static const struct vgic_ops rig_ops = {
	.kick = rig_kick,
	.hw_deactivate = rig_hw_deactivate,
	.hw_line = rig_hw_line,
	.ram_read = rig_ram_read,
	.ram_write = rig_ram_write,
	.exit_again = rig_exit_again,
};

struct vgic_config rig_config(struct vgic_rig *r, unsigned nr_spis)
{
	return (struct vgic_config){
		.nr_vcpus = r->nr_vcpus,
		.mpidr = r->mpidr,
		.nr_spis = nr_spis,
		.its = r->ram != NULL,
		.ops = &rig_ops,
		.ctx = r,
		.alloc = rig_alloc,
		.alloc_ctx = r,
	};
}

static void init(struct vgic_rig *r, unsigned nr_vcpus, unsigned nr_lr,
		 unsigned nr_spis)
{
	struct vgic_config cfg;

	r->nr_vcpus = nr_vcpus;
	for (unsigned i = 0; i < nr_vcpus; i++) {
		gich_init(&r->cpu[i], nr_lr);
		r->cpu[i].deactivated = rig_guest_deactivated;
		r->cpu[i].ctx = r;
		r->mpidr[i] = 0x80000000 | i;
	}
	cfg = rig_config(r, nr_spis);
	if (vgic_create(&cfg, &r->g))
		abort();
	for (unsigned i = 0; i < nr_vcpus; i++)
		rig_load(r, i);
}

void rig_init(struct vgic_rig *r, unsigned nr_vcpus, unsigned nr_lr,
	      unsigned nr_spis)
{
	memset(r, 0, sizeof(*r));
	init(r, nr_vcpus, nr_lr, nr_spis);
}

void rig_init_its(struct vgic_rig *r, unsigned nr_vcpus, unsigned nr_lr)
{
	memset(r, 0, sizeof(*r));
	r->ram = rig_alloc(r, RIG_RAM_SIZE, 4096);
	init(r, nr_vcpus, nr_lr, 32);
}

void rig_free(struct vgic_rig *r)
{
	for (unsigned i = 0; i < r->nr_blocks; i++)
		host_ram_free(r->blocks[i]);
	r->nr_blocks = 0;
}

void rig_on(struct vgic_rig *r, unsigned vcpu)
{
	gich = &r->cpu[vcpu];
	r->exits[vcpu] = true;
}

void rig_load(struct vgic_rig *r, unsigned vcpu)
{
	rig_on(r, vcpu);
	vgic_load(r->g, vcpu);
	r->loaded[vcpu] = true;
}

void rig_put(struct vgic_rig *r, unsigned vcpu)
{
	rig_on(r, vcpu);
	vgic_put(r->g, vcpu);
	r->loaded[vcpu] = false;
}

void rig_tail(struct vgic_rig *r, unsigned vcpu)
{
	unsigned rounds = 0;

	rig_on(r, vcpu);
	while (gich_misr(gich) || *vgic_stale(r->g, vcpu)) {
		if (++rounds > 40)
			panic("vCPU %u never gets back to its guest", vcpu);
		if (gich_misr(gich))
			vgic_maintenance(r->g, vcpu);
		if (*vgic_stale(r->g, vcpu))
			vgic_flush(vgic_cpu_of(r->g, vcpu));
	}
	r->exits[vcpu] = false;
}

void rig_settle(struct vgic_rig *r)
{
	struct gich *was = gich;
	unsigned rounds = 0;
	bool again = true;

	while (again) {
		if (++rounds > 40)
			panic("vCPUs never settle");
		again = false;
		for (unsigned i = 0; i < r->nr_vcpus; i++) {
			if (!r->loaded[i] ||
			    (!*vgic_stale(r->g, i) && !gich_misr(&r->cpu[i])))
				continue;
			if (!r->exits[i] && &r->cpu[i] != was &&
			    !gich_misr(&r->cpu[i]))
				panic("vCPU %u is stale and was not kicked", i);
			rig_tail(r, i);
			again = true;
		}
	}
	gich = was;
}

uint32_t rig_serve(struct vgic_rig *r, unsigned vcpu)
{
	uint32_t n = gich_ack(&r->cpu[vcpu], 1);

	if (n != GICH_SPURIOUS)
		gich_eoi(&r->cpu[vcpu], 1, n);
	rig_tail(r, vcpu);
	return n;
}

int rig_mmio(struct vgic_rig *r, unsigned vcpu, bool redist, struct mmio_op *op)
{
	rig_on(r, vcpu);
	op->vcpu = (uint16_t)vcpu;
	return redist ? vgic_redist_mmio(r->g, op) : vgic_dist_mmio(r->g, op);
}

uint64_t rig_read(struct vgic_rig *r, unsigned vcpu, bool redist, uint64_t off,
		  uint8_t size)
{
	for (unsigned tries = 0; tries < 4; tries++) {
		struct mmio_op op = {
			.offset = off,
			.size = size,
			.value = 0xdeadbeefdeadbeef, /* a read's to set */
		};
		int err = rig_mmio(r, vcpu, redist, &op);

		if (!err)
			return op.value;
		if (err != -EAGAIN)
			panic("read of %#llx fails", (unsigned long long)off);
		rig_settle(r);
	}
	abort();
}

void rig_write(struct vgic_rig *r, unsigned vcpu, bool redist, uint64_t off,
	       uint8_t size, uint64_t value)
{
	struct mmio_op op = {
		.offset = off, .size = size, .value = value, .write = true};

	if (rig_mmio(r, vcpu, redist, &op))
		panic("write to %#llx fails", (unsigned long long)off);
}

uint32_t rig_gicd(struct vgic_rig *r, uint64_t off)
{
	return (uint32_t)rig_read(r, 0, false, off, 4);
}

void rig_set_gicd(struct vgic_rig *r, uint64_t off, uint32_t value)
{
	rig_write(r, 0, false, off, 4, value);
	rig_settle(r);
}

uint32_t rig_sgi_base(struct vgic_rig *r, unsigned vcpu, uint64_t off)
{
	return (uint32_t)rig_read(r, vcpu, true,
				  0x20000ULL * vcpu + 0x10000 + off, 4);
}

void rig_set_sgi_base(struct vgic_rig *r, unsigned vcpu, uint64_t off,
		      uint32_t value)
{
	rig_write(r, vcpu, true, 0x20000ULL * vcpu + 0x10000 + off, 4, value);
	rig_settle(r);
}

void rig_guest_init(struct vgic_rig *r, bool eoimode)
{
	unsigned nr_banks = rig_gicd(r, 4) & 31;

	rig_set_gicd(r, 0, 3);
	for (unsigned b = 1; b <= nr_banks; b++) {
		rig_set_gicd(r, 0x80 + 4 * b, ~0U);
		rig_set_gicd(r, 0x100 + 4 * b, ~0U);
		for (unsigned i = 0; i < 8; i++)
			rig_set_gicd(r, 0x400 + 32 * b + 4 * i, 0xa0a0a0a0);
	}
	for (unsigned v = 0; v < r->nr_vcpus; v++) {
		rig_write(r, v, true, 0x20000ULL * v + 0x14, 4, 0);
		rig_set_sgi_base(r, v, 0x80, ~0U);
		rig_set_sgi_base(r, v, 0x100, ~0U);
		for (unsigned i = 0; i < 8; i++)
			rig_set_sgi_base(r, v, 0x400 + 4 * i, 0xa0a0a0a0);
		gich_guest_setup(&r->cpu[v], 0xf0, true, true, eoimode);
	}
	rig_settle(r);
}

void rig_timer(struct vgic_rig *r, unsigned vcpu, uint32_t intid)
{
	rig_on(r, vcpu);
	if (r->phys_active[vcpu] >> intid & 1)
		panic("an active PPI cannot fire");
	r->phys_active[vcpu] |= 1U << intid;
	vgic_inject_hw(vgic_cpu_of(r->g, vcpu), intid, intid);
}

struct vgic_irq_state rig_state(struct vgic_rig *r, unsigned vcpu,
				uint32_t intid)
{
	struct vgic_irq_state st;
	struct gich *was = gich;
	unsigned self = vcpu;

	if (intid >= 32 && vgic_irq_state(r->g, VGIC_NO_VCPU, 0, intid, &st) &&
	    st.lr >= 0)
		self = st.owner;
	if (!r->loaded[self])
		self = VGIC_NO_VCPU;
	else
		rig_on(r, self);
	if (!vgic_irq_state(r->g, self, vcpu, intid, &st))
		panic("no INTID %u", intid);
	gich = was;
	return st;
}

void rig_sgi(struct vgic_rig *r, unsigned vcpu, uint64_t sgir, unsigned group)
{
	if (group)
		vgic_send_sgi1(vgic_cpu_of(r->g, vcpu), sgir);
	else
		vgic_send_sgi0(vgic_cpu_of(r->g, vcpu), sgir);
}
