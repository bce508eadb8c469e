/*
 * vITS: the commands. Each first finds all that it needs in the tables, then
 * acts; a command that finds something missing or out of range is ignored,
 * one that meets an address outside RAM stalls the queue.
 *
 * GICv3/v4 IHI 0069: "ITS commands", "ITS command error encodings". Called by
 * vits.c with vits->lock held; the vGIC's locks are taken inside.
 */
#include <errno.h>

#include "vgic_internal.h"
#include "vits_internal.h"

/* One command, and the vCPU on whose behalf it is executed. */
struct cmd {
	const struct vits *its;
	const uint64_t *dw;
	unsigned self;
};

static uint32_t device_of(const struct cmd *c)
{
	return (uint32_t)FIELD_GET(ITS_DW0_DeviceID, c->dw[0]);
}

static uint32_t event_of(const struct cmd *c)
{
	return (uint32_t)FIELD_GET(ITS_DW1_EventID, c->dw[1]);
}

static uint16_t icid_of(const struct cmd *c)
{
	return (uint16_t)FIELD_GET(ITS_DW2_ICID, c->dw[2]);
}

static int find_vcpu(const struct cmd *c, uint64_t dw, unsigned *vcpu)
{
	uint64_t n = FIELD_GET(ITS_DW2_RDbase, dw);

	*vcpu = (unsigned)n;
	return n < c->its->g->nr_vcpus ? 0 : -ENOENT;
}

static int translate(const struct cmd *c, struct vits_route *r)
{
	return vits_translate(c->its, device_of(c), event_of(c), r);
}

/* ----------------------------------------------------------------- mappings */

static int do_mapd(const struct cmd *c)
{
	ipa_t itt = {c->dw[2] & ITS_DW2_ITT};

	if (!(c->dw[2] & ITS_DW2_V))
		return vits_del_itt(c->its, device_of(c));
	return vits_set_itt(c->its, device_of(c), itt,
			    (unsigned)FIELD_GET(ITS_DW1_Size, c->dw[1]));
}

static int do_mapc(const struct cmd *c)
{
	unsigned vcpu;
	int err;

	if (!(c->dw[2] & ITS_DW2_V))
		return vits_del_collection(c->its, icid_of(c));
	err = find_vcpu(c, c->dw[2], &vcpu);
	return err ? err : vits_set_collection(c->its, icid_of(c), vcpu);
}

/* The collection need not be mapped yet. */
static int map_event(const struct cmd *c, uint32_t intid)
{
	const struct vits_route to = {.intid = intid, .icid = icid_of(c)};
	int err = vits_has_collection(c->its, to.icid);

	if (!err && !vgic_lpi_exists(c->its->g, intid))
		err = -ENOENT;
	if (err)
		return err;
	return vits_set_event(c->its, device_of(c), event_of(c), &to);
}

static int do_mapti(const struct cmd *c)
{
	return map_event(c, (uint32_t)FIELD_GET(ITS_DW1_pINTID, c->dw[1]));
}

static int do_mapi(const struct cmd *c)
{
	return map_event(c, event_of(c));
}

/* --------------------------------------------------------- what is pending */

static int do_movi(const struct cmd *c)
{
	struct vits_route r;
	unsigned to;
	int err = translate(c, &r);

	if (!err)
		err = vits_get_collection(c->its, icid_of(c), &to);
	if (err)
		return err;
	r.icid = icid_of(c);
	err = vits_set_event(c->its, device_of(c), event_of(c), &r);
	if (!err)
		vgic_lpi_move(c->its->g, r.vcpu, to, r.intid, c->self);
	return err;
}

static int do_movall(const struct cmd *c)
{
	unsigned from;
	unsigned to;
	int err = find_vcpu(c, c->dw[2], &from);

	if (!err)
		err = find_vcpu(c, c->dw[3], &to);
	if (!err && from != to)
		vgic_lpi_move_all(c->its->g, from, to, c->self);
	return err;
}

static int set_pending(const struct cmd *c, bool pending)
{
	struct vits_route r;
	int err = translate(c, &r);

	if (!err)
		vgic_lpi_set(c->its->g, r.vcpu, r.intid, pending, c->self);
	return err;
}

static int do_int(const struct cmd *c)
{
	return set_pending(c, true);
}

static int do_clear(const struct cmd *c)
{
	return set_pending(c, false);
}

/* Of a collection that is not mapped no vCPU has anything pending. */
static int do_discard(const struct cmd *c)
{
	struct vits_route r;
	int err = vits_get_event(c->its, device_of(c), event_of(c), &r);

	if (err)
		return err;
	err = set_pending(c, false);
	if (err == -EFAULT)
		return err;
	return vits_del_event(c->its, device_of(c), event_of(c));
}

/* ----------------------------------------------------- caches and completion
 */

static int do_inv(const struct cmd *c)
{
	struct vits_route r;
	int err = translate(c, &r);

	if (!err)
		vgic_lpi_inv(c->its->g, r.vcpu, r.intid, c->self);
	return err;
}

static int do_invall(const struct cmd *c)
{
	unsigned vcpu;
	int err = vits_get_collection(c->its, icid_of(c), &vcpu);

	if (!err)
		vgic_lpi_inv_all(c->its->g, vcpu, c->self);
	return err;
}

/* What came before has reached the vCPU once its list registers show it. */
static int do_sync(const struct cmd *c)
{
	unsigned vcpu;
	int err = find_vcpu(c, c->dw[2], &vcpu);

	if (!err && vgic_lpi_busy(c->its->g, vcpu, c->self))
		err = -EAGAIN;
	return err;
}

static int (*const commands[])(const struct cmd *) = {
	[ITS_MOVI] = do_movi,     [ITS_INT] = do_int,
	[ITS_CLEAR] = do_clear,   [ITS_SYNC] = do_sync,
	[ITS_MAPD] = do_mapd,     [ITS_MAPC] = do_mapc,
	[ITS_MAPTI] = do_mapti,   [ITS_MAPI] = do_mapi,
	[ITS_INV] = do_inv,       [ITS_INVALL] = do_invall,
	[ITS_MOVALL] = do_movall, [ITS_DISCARD] = do_discard,
};

enum vits_result vits_command(const struct vits *its, const uint64_t cmd[4],
			      unsigned self)
{
	uint64_t nr = FIELD_GET(ITS_DW0_COMMAND, cmd[0]);
	const struct cmd c = {its, cmd, self};

	if (nr >= ARRAY_SIZE(commands) || !commands[nr])
		return VITS_DONE;
	switch (commands[nr](&c)) {
	case -EFAULT:
		return VITS_STALL;
	case -EAGAIN:
		return VITS_WAIT;
	default:
		return VITS_DONE;
	}
}
