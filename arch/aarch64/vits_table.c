/*
 * vITS: device, collection and interrupt translation tables. They are in
 * memory that the guest gave and can write to at any time, so an entry is
 * checked whenever it is used. Entries have 8 bytes; bit 63 is "valid".
 *
 *     device       ITT address [51:8], bits of EventIDs - 1 [4:0]
 *     collection   vCPU [15:0]
 *     event (ITT)  ICID [47:32], INTID [31:0]
 *
 * GICv3/v4 IHI 0069: "ITS table entries", GITS_BASER<n>. Called by vits_cmd.c
 * and vits.c with vits->lock held.
 */
#include <errno.h>

#include "vgic_internal.h"
#include "vits_internal.h"

#define ENTRY_SIZE  8U
#define ENTRY_V     BIT(63)
#define DEVICE_ITT  GENMASK(51, 8)
#define DEVICE_BITS GENMASK(4, 0)
#define EVENT_ICID  GENMASK(47, 32)
#define EVENT_INTID GENMASK(31, 0)
#define LEVEL1_PA   GENMASK(51, 12)
#define EVENT_BITS  16U
#define ID_BITS     16U /* of devices and collections */

static int read_entry(const struct vits *its, ipa_t at, uint64_t *e)
{
	const struct vgic *g = its->g;

	return g->ops->ram_read(g->ctx, at, e, sizeof(*e)) ? -EFAULT : 0;
}

static int write_entry(const struct vits *its, ipa_t at, uint64_t e)
{
	const struct vgic *g = its->g;

	return g->ops->ram_write(g->ctx, at, &e, sizeof(e)) ? -EFAULT : 0;
}

static unsigned page_shift(uint64_t baser)
{
	unsigned n = (unsigned)FIELD_GET(GITS_BASER_Page_Size, baser);

	return n < 2 ? 12 + 2 * n : 16; /* 3 is reserved: as 2 */
}

static uint64_t base_address(uint64_t baser)
{
	if (page_shift(baser) < 16)
		return baser & GITS_BASER_PA & ~(BIT(page_shift(baser)) - 1);
	return (baser & GITS_BASER_PA_64K) |
	       FIELD_GET(GITS_BASER_PA_HIGH, baser) << 48;
}

/* Where the entry of `id` is, in a table with one level or with two. */
static int entry_at(const struct vits *its, enum vits_table table, uint32_t id,
		    ipa_t *at)
{
	uint64_t baser = its->baser[table];
	unsigned shift = page_shift(baser);
	uint64_t size = (FIELD_GET(GITS_BASER_Size, baser) + 1) << shift;
	uint64_t base = base_address(baser);
	uint64_t per_page = BIT(shift) / ENTRY_SIZE;
	uint64_t level1;
	int err;

	if (!(baser & GITS_BASER_Valid) || id >> ID_BITS)
		return -ENOENT;
	if (!(baser & GITS_BASER_Indirect)) {
		*at = (ipa_t){base + (uint64_t)id * ENTRY_SIZE};
		return (uint64_t)id * ENTRY_SIZE < size ? 0 : -ENOENT;
	}
	if (id / per_page * ENTRY_SIZE >= size)
		return -ENOENT;
	err = read_entry(its, (ipa_t){base + id / per_page * ENTRY_SIZE},
			 &level1);
	if (err)
		return err;
	*at = (ipa_t){(level1 & LEVEL1_PA & ~(BIT(shift) - 1)) +
		      id % per_page * ENTRY_SIZE};
	return level1 & ENTRY_V ? 0 : -ENOENT;
}

/* The entry of `id`, if it is valid. */
static int get(const struct vits *its, enum vits_table table, uint32_t id,
	       uint64_t *e)
{
	ipa_t at;
	int err = entry_at(its, table, id, &at);

	if (!err)
		err = read_entry(its, at, e);
	if (!err && !(*e & ENTRY_V))
		err = -ENOENT;
	return err;
}

static int set(const struct vits *its, enum vits_table table, uint32_t id,
	       uint64_t e)
{
	ipa_t at;
	int err = entry_at(its, table, id, &at);

	return err ? err : write_entry(its, at, e);
}

/* ----------------------------------------------------------------- devices */

int vits_get_itt(const struct vits *its, uint32_t device, struct vits_itt *out)
{
	uint64_t e;
	uint64_t bits;
	int err = get(its, VITS_DEVICES, device, &e);

	if (err)
		return err;
	bits = FIELD_GET(DEVICE_BITS, e) + 1;
	*out = (struct vits_itt){{e & DEVICE_ITT}, BIT(bits)};
	return bits <= EVENT_BITS ? 0 : -ENOENT;
}

int vits_set_itt(const struct vits *its, uint32_t device, ipa_t base,
		 unsigned size)
{
	if (size >= EVENT_BITS)
		return -ENOENT;
	return set(its, VITS_DEVICES, device,
		   ENTRY_V | (base.v & DEVICE_ITT) | size);
}

int vits_del_itt(const struct vits *its, uint32_t device)
{
	return set(its, VITS_DEVICES, device, 0);
}

/* ------------------------------------------------------------- collections */

int vits_get_collection(const struct vits *its, uint16_t icid, unsigned *vcpu)
{
	uint64_t e;
	int err = get(its, VITS_COLLECTIONS, icid, &e);

	if (err)
		return err;
	*vcpu = (uint16_t)e;
	return *vcpu < its->g->nr_vcpus ? 0 : -ENOENT;
}

int vits_set_collection(const struct vits *its, uint16_t icid, unsigned vcpu)
{
	return set(its, VITS_COLLECTIONS, icid, ENTRY_V | vcpu);
}

int vits_del_collection(const struct vits *its, uint16_t icid)
{
	return set(its, VITS_COLLECTIONS, icid, 0);
}

int vits_has_collection(const struct vits *its, uint16_t icid)
{
	ipa_t at;

	return entry_at(its, VITS_COLLECTIONS, icid, &at);
}

/* ------------------------------------------------------------------ events */

static int event_at(const struct vits *its, uint32_t device, uint32_t event,
		    ipa_t *at)
{
	struct vits_itt itt;
	int err = vits_get_itt(its, device, &itt);

	if (err)
		return err;
	*at = ipa_add(itt.base, (uint64_t)event * ENTRY_SIZE);
	return event < itt.nr ? 0 : -ENOENT;
}

int vits_get_event(const struct vits *its, uint32_t device, uint32_t event,
		   struct vits_route *out)
{
	uint64_t e;
	ipa_t at;
	int err = event_at(its, device, event, &at);

	if (!err)
		err = read_entry(its, at, &e);
	if (err)
		return err;
	*out = (struct vits_route){
		.intid = (uint32_t)FIELD_GET(EVENT_INTID, e),
		.icid = (uint16_t)FIELD_GET(EVENT_ICID, e),
	};
	return (e & ENTRY_V) && vgic_lpi_exists(its->g, out->intid) ? 0
								    : -ENOENT;
}

int vits_set_event(const struct vits *its, uint32_t device, uint32_t event,
		   const struct vits_route *to)
{
	ipa_t at;
	int err = event_at(its, device, event, &at);

	if (err)
		return err;
	return write_entry(its, at,
			   ENTRY_V | FIELD_PREP(EVENT_ICID, to->icid) |
				   to->intid);
}

int vits_del_event(const struct vits *its, uint32_t device, uint32_t event)
{
	ipa_t at;
	int err = event_at(its, device, event, &at);

	return err ? err : write_entry(its, at, 0);
}

int vits_translate(const struct vits *its, uint32_t device, uint32_t event,
		   struct vits_route *out)
{
	int err = vits_get_event(its, device, event, out);

	return err ? err : vits_get_collection(its, out->icid, &out->vcpu);
}
