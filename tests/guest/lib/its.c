/*
 * ITS set-up for payloads. The MMU may be off, so memory is written by plain
 * stores and a barrier stands before each register write.
 */
#include "its.h"

#include "guest.h"
#include "string.h"
#include "timer.h"

#define FRAME      0x10000
#define MAX_CPUS   8
#define NR_DEVICES 8
#define EVENT_BITS 5
#define ID_BITS    14 /* of INTIDs: 8192 LPIs */
#define TABLE      __attribute__((noinit, aligned(FRAME)))

static uint8_t queue[ITS_QUEUE_SIZE] TABLE;
static uint8_t devices[FRAME] TABLE;
static uint8_t collections[FRAME] TABLE;
static uint8_t config[FRAME] TABLE;
static uint8_t pending[MAX_CPUS][FRAME] TABLE;
static uint8_t itts[NR_DEVICES + 1][0x1000] TABLE;

static uint32_t head;

bool its_present(void)
{
	return mmio_read32(GICD_BASE + GICD_TYPER) & GICD_TYPER_LPIS;
}

static uint64_t gicr_of(const struct cpu *c)
{
	return gic_find_redist(c->mpidr);
}

static void baser(unsigned type, const void *table)
{
	for (unsigned n = 0; n < 8; n++) {
		uint64_t at = GITS_BASE + GITS_BASER(n);

		if ((mmio_read64(at) >> 56 & 7) == type)
			mmio_write64(at, GITS_BASER_VALID | addr_of(table) |
						 GITS_BASER_64K);
	}
}

void its_init_lpis(const struct cpu *c)
{
	uint64_t gicr = gicr_of(c);

	memset(pending[c->idx], 0, FRAME);
	dsb_sy();
	mmio_write64(gicr + GICR_PROPBASER, addr_of(config) | (ID_BITS - 1));
	mmio_write64(gicr + GICR_PENDBASER, addr_of(pending[c->idx]) | BIT(62));
	mmio_write32(gicr + GICR_CTLR, GICR_CTLR_LPIS);
}

void its_init(void)
{
	memset(devices, 0, FRAME);
	memset(collections, 0, FRAME);
	memset(config, 0, FRAME);
	memset(itts, 0, sizeof(itts));
	dsb_sy();
	mmio_write32(GITS_BASE + GITS_CTLR, 0);
	baser(1, devices);
	baser(4, collections);
	mmio_write64(GITS_BASE + GITS_CBASER,
		     BIT(63) | addr_of(queue) | (ITS_QUEUE_SIZE / 0x1000 - 1));
	mmio_write64(GITS_BASE + GITS_CWRITER, 0);
	head = 0;
	mmio_write32(GITS_BASE + GITS_CTLR, GITS_CTLR_ENABLED);
	its_init_lpis(this_cpu());
}

void its_config(unsigned lpi, uint8_t prio, bool enable)
{
	config[lpi - LPI_FIRST] = (uint8_t)(prio | 2 | enable);
	dsb_sy();
}

/* ---------------------------------------------------------------- commands */

static uint64_t rdbase(const struct cpu *c)
{
	uint64_t gicr = gicr_of(c);

	if (mmio_read64(GITS_BASE + GITS_TYPER) & GITS_TYPER_PTA)
		return gicr & ~UINT64_C(0xffff);
	return (mmio_read64(gicr + GICR_TYPER) >> 8 & 0xffff) << 16;
}

struct its_cmd its_mapd(unsigned device, bool valid)
{
	return (struct its_cmd){{(uint64_t)device << 32 | 0x08, EVENT_BITS - 1,
				 addr_of(itts[device % (NR_DEVICES + 1)]) |
					 (uint64_t)valid << 63}};
}

struct its_cmd its_mapc(unsigned icid, const struct cpu *c, bool valid)
{
	return (struct its_cmd){
		{0x09, 0, (uint64_t)valid << 63 | rdbase(c) | icid}};
}

struct its_cmd its_mapti(unsigned device, unsigned event, unsigned lpi,
			 unsigned icid)
{
	return (struct its_cmd){{(uint64_t)device << 32 | 0x0a,
				 (uint64_t)lpi << 32 | event, icid}};
}

struct its_cmd its_mapi(unsigned device, unsigned lpi, unsigned icid)
{
	return (struct its_cmd){{(uint64_t)device << 32 | 0x0b, lpi, icid}};
}

struct its_cmd its_mapd_at(unsigned device, const void *itt, unsigned bits)
{
	return (struct its_cmd){{(uint64_t)device << 32 | 0x08, bits - 1,
				 addr_of(itt) | BIT(63)}};
}

struct its_cmd its_movi(unsigned device, unsigned event, unsigned icid)
{
	return (struct its_cmd){{(uint64_t)device << 32 | 0x01, event, icid}};
}

struct its_cmd its_movall(const struct cpu *from, const struct cpu *to)
{
	return (struct its_cmd){{0x0e, 0, rdbase(from), rdbase(to)}};
}

struct its_cmd its_sync(const struct cpu *c)
{
	return (struct its_cmd){{0x05, 0, rdbase(c)}};
}

struct its_cmd its_invall(unsigned icid)
{
	return (struct its_cmd){{0x0d, 0, icid}};
}

struct its_cmd its_event(unsigned cmd, unsigned device, unsigned event)
{
	return (struct its_cmd){{(uint64_t)device << 32 | cmd, event}};
}

/* ------------------------------------------------------------------- queue */

struct its_cmd *its_at(uint32_t offset)
{
	return (struct its_cmd *)(void *)&queue[offset];
}

uint32_t its_head(void)
{
	return head;
}

void its_put(struct its_cmd c)
{
	volatile uint64_t *to = its_at(head)->dw;

	for (unsigned i = 0; i < 4; i++)
		to[i] = c.dw[i];
	head = (head + (uint32_t)sizeof(c)) % ITS_QUEUE_SIZE;
}

bool its_go(void)
{
	dsb_sy();
	mmio_write64(GITS_BASE + GITS_CWRITER, head);
	return WAIT_FOR(mmio_read64(GITS_BASE + GITS_CREADR) == head);
}

void its_retry(void)
{
	dsb_sy();
	mmio_write64(GITS_BASE + GITS_CWRITER, head | GITS_CWRITER_RETRY);
}

bool its_run(struct its_cmd c)
{
	its_put(c);
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		its_put(its_sync(&cpus[i]));
	return its_go();
}

bool its_table_pending(const struct cpu *c, unsigned lpi)
{
	const volatile uint8_t *table = pending[c->idx];

	return table[lpi / 8] >> lpi % 8 & 1;
}
