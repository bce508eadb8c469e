/* What a kernel does with an ITS; see its_rig.h. */
#include "its_rig.h"

#include <stdlib.h>
#include <string.h>

#include <arch/aarch64/vits.h>

#define QUEUE_SIZE 0x1000U

static uint64_t frame(unsigned vcpu)
{
	return 0x20000ULL * vcpu;
}

static void access_its(struct vgic_rig *r, unsigned vcpu, struct mmio_op *op)
{
	rig_on(r, vcpu);
	op->vcpu = (uint16_t)vcpu;
	if (vits_mmio(r->g, op))
		abort();
}

uint64_t its_read(struct vgic_rig *r, unsigned vcpu, uint64_t reg, uint8_t size)
{
	struct mmio_op op = {.offset = reg, .size = size, .value = ~0ULL};

	access_its(r, vcpu, &op);
	return op.value;
}

void its_write(struct vgic_rig *r, unsigned vcpu, uint64_t reg, uint8_t size,
	       uint64_t value)
{
	struct mmio_op op = {
		.offset = reg, .size = size, .value = value, .write = true};

	access_its(r, vcpu, &op);
}

void its_lpis_on(struct vgic_rig *r, unsigned vcpu, bool zero_pending)
{
	uint64_t at = frame(vcpu);

	rig_write(r, vcpu, true, at + 0x70, 8, its_ipa(ITS_CONFIG) | 15);
	rig_write(r, vcpu, true, at + 0x78, 8,
		  its_ipa(ITS_PENDING + 0x10000 * vcpu) | (uint64_t)zero_pending
								  << 62);
	rig_write(r, vcpu, true, at, 4, 1);
}

void its_start(struct vgic_rig *r)
{
	const uint64_t v = 1ULL << 63;

	its_write(r, 0, 0x100, 8, v | its_ipa(ITS_DEVICES) | 0x200);
	its_write(r, 0, 0x108, 8, v | its_ipa(ITS_COLLECTIONS) | 0x200);
	its_write(r, 0, 0x80, 8, v | its_ipa(ITS_QUEUE));
	its_write(r, 0, 0, 4, 1);
	for (unsigned i = 0; i < r->nr_vcpus; i++) {
		its_lpis_on(r, i, true);
		if (!its_cmd(r, 0, CMD_MAPC, 0, v | (uint64_t)i << 16 | i, 0))
			abort();
	}
}

void its_post(struct vgic_rig *r, unsigned by, uint64_t dw0, uint64_t dw1,
	      uint64_t dw2, uint64_t dw3)
{
	const uint64_t cmd[4] = {dw0, dw1, dw2, dw3};
	uint64_t at = its_read(r, by, 0x88, 8);

	memcpy(r->ram + ITS_QUEUE + at, cmd, sizeof(cmd));
	its_write(r, by, 0x88, 8, (at + sizeof(cmd)) % QUEUE_SIZE);
}

bool its_cmd(struct vgic_rig *r, unsigned by, uint64_t dw0, uint64_t dw1,
	     uint64_t dw2, uint64_t dw3)
{
	its_post(r, by, dw0, dw1, dw2, dw3);
	rig_settle(r);
	for (unsigned tries = 0; tries < 100; tries++) {
		uint64_t creadr = its_read(r, by, 0x90, 8);

		if (creadr & 1)
			return false;
		if (creadr == its_read(r, by, 0x88, 8))
			return true;
		rig_settle(r);
	}
	abort();
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

void its_mapd(struct vgic_rig *r, uint32_t device)
{
	must(its_cmd(r, 0, (uint64_t)device << 32 | CMD_MAPD, 4,
		     1ULL << 63 | its_ipa(ITS_ITTS + 0x1000 * (device % 16)),
		     0));
}

void its_map(struct vgic_rig *r, uint32_t device, uint32_t event, uint32_t lpi,
	     unsigned icid)
{
	must(its_cmd(r, 0, (uint64_t)device << 32 | CMD_MAPTI,
		     (uint64_t)lpi << 32 | event, icid, 0));
}

void its_event(struct vgic_rig *r, unsigned cmd, uint32_t device,
	       uint32_t event)
{
	must(its_cmd(r, 0, (uint64_t)device << 32 | cmd, event, 0, 0));
}

void its_config(struct vgic_rig *r, uint32_t lpi, uint8_t prio, bool enable)
{
	r->ram[ITS_CONFIG + lpi - ITS_LPI] = (uint8_t)(prio | 2 | enable);
}

bool its_in_table(const struct vgic_rig *r, unsigned vcpu, uint32_t lpi)
{
	return r->ram[ITS_PENDING + 0x10000 * vcpu + lpi / 8] >> lpi % 8 & 1;
}
