/* Contract in virtio_regs.h. */
#include "virtio_regs.h"

static uint32_t want(const struct virtio_mmio *t, unsigned reg)
{
	const struct virtq *q = t->queue_sel < t->cfg.nr_queues
					? &t->cfg.queues[t->queue_sel]
					: NULL;

	switch (reg) {
	case 0x000:
		return 0x74726976;
	case 0x004:
		return 2;
	case 0x008:
		return t->cfg.ops ? t->cfg.ops->device_id : 0;
	case 0x00c:
		return 0x48544c50;
	case 0x010:
		if (t->device_features_sel > 1)
			return 0;
		return (uint32_t)(t->features >> 32 * t->device_features_sel);
	case 0x034:
		return q ? q->max : 0;
	case 0x044:
		return q && q->ready;
	case 0x060:
	case 0x0fc:
		return t->cfg.regs[reg / 4];
	case 0x070:
		return t->status;
	case 0x0b0 ... 0x0bc:
		return t->cfg.ops ? ~0U : 0;
	default:
		return 0;
	}
}

bool virtio_regs_are_true(const struct virtio_mmio *t)
{
	for (unsigned reg = 0; reg < 0x100; reg += 4) {
		if (t->cfg.regs[reg / 4] != want(t, reg))
			return false;
	}
	return true;
}
