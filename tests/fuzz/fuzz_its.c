/*
 * The ITS, the LPI registers and a guest's tables, all written to at will by
 * the input, between interrupts that guests take. Held to: no access outside
 * RAM, no INTID in a list register that is no SGI, PPI, SPI or LPI of the VM,
 * none in two of them, no vCPU that never gets back to its guest.
 */
#include <stdlib.h>
#include <string.h>

#include <arch/aarch64/vits.h>

#include "../host/its_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NR_CPUS 2U /* collections and vCPUs beyond them are named, too */

struct input {
	const uint8_t *p;
	size_t left;
};

/* The next n bytes as a number; zeroes when there are none left. */
static uint64_t take(struct input *in, unsigned n)
{
	uint64_t v = 0;

	for (; n; n--) {
		v <<= 8;
		if (in->left) {
			in->left--;
			v |= *in->p++;
		}
	}
	return v;
}

static void write_its(struct vgic_rig *r, struct input *in)
{
	static const uint16_t reg[] = {0x00,  0x80,  0x88,  0x90,
				       0x100, 0x108, 0x110, 0x40};
	uint64_t how = take(in, 1);
	unsigned by = how & 1;
	uint64_t at = reg[how >> 1 & 7] + (how >> 4 & 4);

	its_write(r, by, at, how & 0x80 ? 8 : 4, take(in, how & 0x80 ? 8 : 4));
	(void)its_read(r, by, at, 8);
	(void)its_read(r, by, at & ~7ULL, 4);
}

static void write_gicr(struct vgic_rig *r, struct input *in)
{
	static const uint8_t reg[] = {0x00, 0x70, 0x78, 0xa0,
				      0xb0, 0xc0, 0x14, 0x74};
	uint64_t how = take(in, 1);
	uint64_t at = 0x20000 * (how & 1) + reg[how >> 1 & 7];
	uint8_t size = how & 0x80 ? 8 : 4;

	rig_write(r, how >> 4 & 1, true, at, size, take(in, size));
	(void)rig_read(r, how >> 4 & 1, true, at & ~7ULL, 8);
	(void)rig_read(r, how >> 4 & 1, true, at & ~7ULL, 4);
}

/* A command of small numbers: most of them mean something. */
static void command(struct vgic_rig *r, struct input *in)
{
	uint64_t how = take(in, 1);
	uint64_t device = take(in, 1) % 16;
	uint64_t event = take(in, 1) % 40;
	uint64_t what = take(in, 1);
	uint64_t lpi = 8192 + what * 37;
	uint64_t v = how & 0x10 ? 0 : 1ULL << 63;

	its_post(r, how >> 5 & 1, device << 32 | (how & 15),
		 lpi << 32 | (how & 15 ? event : what),
		 v | (what & 3) | (what >> 2 & 3) << 16 |
			 ((how & 15) == CMD_MAPD
				  ? its_ipa(ITS_ITTS + 0x1000 * device)
				  : 0),
		 (what >> 4 & 3) << 16);
}

/* What a guest writes into its tables and its queue. */
static void write_ram(struct vgic_rig *r, struct input *in)
{
	uint64_t at = take(in, 3) % (RIG_RAM_SIZE - 8);
	uint64_t v = take(in, 8);

	memcpy(r->ram + at, &v, sizeof(v));
}

static void guest_runs(struct vgic_rig *r, struct input *in)
{
	uint64_t how = take(in, 1);
	unsigned v = how & 1;

	if (!r->loaded[v]) {
		rig_load(r, v);
	} else if (how & 2) {
		uint32_t intid = gich_ack(&r->cpu[v], 1);

		if (how & 4)
			gich_eoi(&r->cpu[v], 1, intid);
	} else if (how & 4) {
		gich_eoi(&r->cpu[v], 1, (uint32_t)take(in, 3));
	} else if (how & 8) {
		rig_put(r, v);
	}
}

static void check(const struct vgic_rig *r)
{
	for (unsigned v = 0; v < NR_CPUS; v++) {
		for (unsigned i = 0; i < r->cpu[v].nr_lr; i++) {
			uint32_t n = (uint32_t)r->cpu[v].lr[i];

			if (n >= 64 && (n < 8192 || n >= 65536))
				abort();
		}
		(void)gich_signalled(&r->cpu[v]);
	}
}

static void step(struct vgic_rig *r, struct input *in)
{
	uint64_t what = take(in, 1);

	switch (what & 15) {
	case 0:
	case 1:
		write_its(r, in);
		break;
	case 2:
		write_gicr(r, in);
		break;
	case 3:
	case 4:
		write_ram(r, in);
		break;
	case 5:
		vits_inject(r->g, (uint32_t)take(in, 1), (uint32_t)take(in, 1));
		break;
	case 6:
		r->ram_gone = what & 16;
		break;
	case 7:
	case 8:
	case 9:
		guest_runs(r, in);
		break;
	default:
		command(r, in);
		break;
	}
}

/* The machine is made once and reset for each input: that is much quicker. */
static void start(struct vgic_rig *r, uint64_t how)
{
	r->ram_gone = false;
	if (!r->g)
		rig_init_its(r, NR_CPUS, 2);
	for (unsigned v = 0; v < NR_CPUS; v++) {
		if (r->loaded[v])
			rig_put(r, v);
		r->cpu[v].lpi_goes_active = how & 1;
		r->cpu[v].counts_drops = how & 1;
	}
	vgic_reset(r->g);
	memset(r->ram, 0, ITS_PENDING + NR_CPUS * 0x10000);
	for (unsigned v = 0; v < NR_CPUS; v++)
		rig_load(r, v);
	rig_guest_init(r, how & 2);
	its_start(r);
	memset(r->ram + ITS_CONFIG, 0xa1, 0x10000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	static struct vgic_rig r;

	start(&r, take(&in, 1));
	while (in.left) {
		step(&r, &in);
		rig_settle(&r);
		check(&r);
	}
	return 0;
}
