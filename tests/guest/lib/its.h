/*
 * An ITS and LPIs (GICv3, Arm IHI 0069) of QEMU virt's map: tables and queue
 * in the payload's own memory, commands one by one or many at once.
 */
#ifndef PLINTH_GUEST_ITS_H
#define PLINTH_GUEST_ITS_H

#include "gic.h"

#define GITS_BASE     UINT64_C(0x08080000)
#define GITS_CTLR     0x0000
#define GITS_IIDR     0x0004
#define GITS_TYPER    0x0008
#define GITS_CBASER   0x0080
#define GITS_CWRITER  0x0088
#define GITS_CREADR   0x0090
#define GITS_BASER(n) (0x0100 + 8 * (uint64_t)(n))
#define GITS_PIDR2    0xffe8

#define GITS_CTLR_ENABLED   BIT(0)
#define GITS_CTLR_QUIESCENT BIT(31)
#define GITS_TYPER_PHYSICAL BIT(0)
#define GITS_TYPER_PTA      BIT(19)
#define GITS_CREADR_STALLED BIT(0)
#define GITS_CWRITER_RETRY  BIT(0)
#define GITS_BASER_VALID    BIT(63)
#define GITS_BASER_INDIRECT BIT(62)
#define GITS_BASER_64K      (UINT64_C(2) << 8)
#define GITS_BASER_4K       UINT64_C(0)

#define GICR_PROPBASER  0x0070
#define GICR_PENDBASER  0x0078
#define GICR_INVLPIR    0x00a0
#define GICR_INVALLR    0x00b0
#define GICR_SYNCR      0x00c0
#define GICR_CTLR_LPIS  BIT(0)
#define GICR_CTLR_CES   BIT(1)
#define GICR_CTLR_IR    BIT(2)
#define GICR_CTLR_RWP   BIT(3)
#define GICD_TYPER_LPIS BIT(17)

#define LPI_FIRST      8192U
#define LPI_ENABLE     1U
#define ITS_QUEUE_SIZE 0x10000U

struct its_cmd {
	uint64_t dw[4];
};

bool its_present(void);

/* Tables, queue, ITS on; LPIs of the calling CPU on, all of them disabled. */
void its_init(void);
/* LPI tables of CPU `c`, and on they are. */
void its_init_lpis(const struct cpu *c);

/* Configuration of an LPI; it takes effect with an INV. */
void its_config(unsigned lpi, uint8_t prio, bool enable);

/* As they are in the queue. Events: of 32 for each of the devices 1 to 8. */
struct its_cmd its_mapd(unsigned device, bool valid);
struct its_cmd its_mapc(unsigned icid, const struct cpu *c, bool valid);
struct its_cmd its_mapti(unsigned device, unsigned event, unsigned lpi,
			 unsigned icid);
/* The event is the LPI. */
struct its_cmd its_mapi(unsigned device, unsigned lpi, unsigned icid);
/* A device with 2^bits events, translated by the table at `itt`. */
struct its_cmd its_mapd_at(unsigned device, const void *itt, unsigned bits);
struct its_cmd its_movi(unsigned device, unsigned event, unsigned icid);
struct its_cmd its_movall(const struct cpu *from, const struct cpu *to);
struct its_cmd its_sync(const struct cpu *c);
struct its_cmd its_invall(unsigned icid);
/* INT, CLEAR, INV, DISCARD and others that name an event only. */
#define ITS_INT     0x03
#define ITS_CLEAR   0x04
#define ITS_INV     0x0c
#define ITS_DISCARD 0x0f
struct its_cmd its_event(unsigned cmd, unsigned device, unsigned event);

/* Append to the queue; its_go() makes all that was appended visible. */
void its_put(struct its_cmd c);
/* GITS_CWRITER, and whether GITS_CREADR gets there. */
bool its_go(void);
/* One command, and a SYNC for each CPU. */
bool its_run(struct its_cmd c);
/* Like its_go(), with Retry and without waiting. */
void its_retry(void);
/* Offset of the next command to be written, and a command in the queue. */
uint32_t its_head(void);
struct its_cmd *its_at(uint32_t offset);

/* The pending table of a CPU: one bit of it. */
bool its_table_pending(const struct cpu *c, unsigned lpi);

#endif
