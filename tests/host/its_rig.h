/*
 * What a kernel does with an ITS, for tests: tables and queue in the rig's
 * RAM, commands, LPI configuration. Encodings are written out here, not taken
 * from the product.
 */
#ifndef PLINTH_TESTS_ITS_RIG_H
#define PLINTH_TESTS_ITS_RIG_H

#include "vgic_rig.h"

/* Offsets in the rig's RAM; each has 64 KiB. */
#define ITS_QUEUE       0x00000U
#define ITS_DEVICES     0x10000U
#define ITS_COLLECTIONS 0x20000U
#define ITS_CONFIG      0x30000U
#define ITS_ITTS        0x40000U /* 4 KiB for each of 16 devices */
#define ITS_SPARE       0x50000U
#define ITS_PENDING     0x60000U /* 64 KiB for each vCPU */
#define ITS_LPI         8192U

#define CMD_MOVI    0x01U
#define CMD_INT     0x03U
#define CMD_CLEAR   0x04U
#define CMD_SYNC    0x05U
#define CMD_MAPD    0x08U
#define CMD_MAPC    0x09U
#define CMD_MAPTI   0x0aU
#define CMD_MAPI    0x0bU
#define CMD_INV     0x0cU
#define CMD_INVALL  0x0dU
#define CMD_MOVALL  0x0eU
#define CMD_DISCARD 0x0fU

static inline uint64_t its_ipa(uint64_t off)
{
	return RIG_RAM_BASE + off;
}

/* An access by `vcpu`; the whole control frame. */
uint64_t its_read(struct vgic_rig *r, unsigned vcpu, uint64_t reg,
		  uint8_t size);
void its_write(struct vgic_rig *r, unsigned vcpu, uint64_t reg, uint8_t size,
	       uint64_t value);

/* Tables, queue (4 KiB), LPIs of every vCPU on, ITS on, collection n = vCPU n.
 */
void its_start(struct vgic_rig *r);
void its_lpis_on(struct vgic_rig *r, unsigned vcpu, bool zero_pending);

/* Put a command at GITS_CWRITER and move that on, by vCPU `by`. */
void its_post(struct vgic_rig *r, unsigned by, uint64_t dw0, uint64_t dw1,
	      uint64_t dw2, uint64_t dw3);
/* The same, then exits of all vCPUs until it is done; false: it stalls. */
bool its_cmd(struct vgic_rig *r, unsigned by, uint64_t dw0, uint64_t dw1,
	     uint64_t dw2, uint64_t dw3);

/* Short forms, by vCPU 0, that must not stall. */
void its_mapd(struct vgic_rig *r, uint32_t device);
void its_map(struct vgic_rig *r, uint32_t device, uint32_t event, uint32_t lpi,
	     unsigned icid);
void its_event(struct vgic_rig *r, unsigned cmd, uint32_t device,
	       uint32_t event);
/* The byte in the configuration table. */
void its_config(struct vgic_rig *r, uint32_t lpi, uint8_t prio, bool enable);
bool its_in_table(const struct vgic_rig *r, unsigned vcpu, uint32_t lpi);

#endif
