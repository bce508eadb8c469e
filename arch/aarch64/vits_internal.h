/*
 * Inside of the virtual ITS: its registers as they are kept, what a table
 * entry means, and what its files offer each other. The contract for everyone
 * else is vits.h. GICv3/v4 IHI 0069; docs/design/06b-its.md.
 */
#ifndef PLINTH_VITS_INTERNAL_H
#define PLINTH_VITS_INTERNAL_H

#include <port/spinlock.h>

#include <arch/aarch64/vits.h>

/* GITS_BASER<n>: the tables that there are. */
enum vits_table {
	VITS_DEVICES,
	VITS_COLLECTIONS,
	VITS_NR_TABLES
};

struct vits {
	struct vgic *g;
	struct spinlock lock; /* guards the rest */
	uint64_t cbaser;
	uint64_t baser[VITS_NR_TABLES]; /* as read, types and sizes included */
	uint32_t creadr;                /* byte offsets in the queue */
	uint32_t cwriter;
	bool enabled;
	bool stalled;
};

/* What became of a command. */
enum vits_result {
	VITS_DONE,  /* or ignored */
	VITS_STALL, /* its memory is not RAM */
	VITS_WAIT   /* another vCPU has to flush first */
};

/* An interrupt: what the tables say of (device, event). */
struct vits_route {
	uint32_t intid; /* an LPI */
	uint16_t icid;
	unsigned vcpu; /* of the collection */
};

/*
 * vits_table.c: tables in the guest's memory, vits->lock held. 0; -ENOENT: out
 * of range, or nothing valid there; -EFAULT: outside RAM.
 */
/* ITT of a device: its entries' address and number. */
struct vits_itt {
	ipa_t base;
	uint64_t nr; /* entries */
};
MUST_CHECK int vits_get_itt(const struct vits *its, uint32_t device,
			    struct vits_itt *out);
MUST_CHECK int vits_set_itt(const struct vits *its, uint32_t device, ipa_t base,
			    unsigned size);
MUST_CHECK int vits_del_itt(const struct vits *its, uint32_t device);
MUST_CHECK int vits_get_collection(const struct vits *its, uint16_t icid,
				   unsigned *vcpu);
MUST_CHECK int vits_set_collection(const struct vits *its, uint16_t icid,
				   unsigned vcpu);
MUST_CHECK int vits_del_collection(const struct vits *its, uint16_t icid);
/* Whether the collection table has an entry for it, valid or not. */
MUST_CHECK int vits_has_collection(const struct vits *its, uint16_t icid);
/* The event's entry, its collection not yet looked up. */
MUST_CHECK int vits_get_event(const struct vits *its, uint32_t device,
			      uint32_t event, struct vits_route *out);
MUST_CHECK int vits_set_event(const struct vits *its, uint32_t device,
			      uint32_t event, const struct vits_route *to);
MUST_CHECK int vits_del_event(const struct vits *its, uint32_t device,
			      uint32_t event);
/* The event's entry and its collection's vCPU. */
MUST_CHECK int vits_translate(const struct vits *its, uint32_t device,
			      uint32_t event, struct vits_route *out);

/* vits_cmd.c: one command on behalf of vCPU `self`; vits->lock held. */
MUST_CHECK enum vits_result vits_command(const struct vits *its,
					 const uint64_t cmd[4], unsigned self);

#endif
