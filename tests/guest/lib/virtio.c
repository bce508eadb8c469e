/*
 * Transport and queue handling of a well-behaved driver.
 */
#include "virtio.h"

#include "string.h"
#include "timer.h"

struct vq vq;
uint64_t virtio_base = VIRTIO_BASE;

uint64_t virtio_features(void)
{
	uint64_t f;

	vm_write(VM_DEVICE_FEAT_SEL, 1);
	f = (uint64_t)vm_read(VM_DEVICE_FEATURES) << 32;
	vm_write(VM_DEVICE_FEAT_SEL, 0);
	return f | vm_read(VM_DEVICE_FEATURES);
}

void virtio_reset(void)
{
	vm_write(VM_STATUS, 0);
	while (vm_read(VM_STATUS))
		cpu_relax();
	memset(&vq, 0, sizeof(vq));
	dsb_sy();
}

bool virtio_negotiate(uint64_t features)
{
	uint32_t status = STATUS_ACKNOWLEDGE;

	vm_write(VM_STATUS, status);
	status |= STATUS_DRIVER;
	vm_write(VM_STATUS, status);
	vm_write(VM_DRIVER_FEAT_SEL, 1);
	vm_write(VM_DRIVER_FEATURES, (uint32_t)(features >> 32));
	vm_write(VM_DRIVER_FEAT_SEL, 0);
	vm_write(VM_DRIVER_FEATURES, (uint32_t)features);
	vm_write(VM_STATUS, status | STATUS_FEATURES_OK);
	return vm_read(VM_STATUS) & STATUS_FEATURES_OK;
}

static void set_queue_addr(uint64_t reg, uint64_t addr)
{
	vm_write(reg, (uint32_t)addr);
	vm_write(reg + 4, (uint32_t)(addr >> 32));
}

bool virtio_set_queue(uint32_t num)
{
	vm_write(VM_QUEUE_SEL, 0);
	vm_write(VM_QUEUE_NUM, num);
	set_queue_addr(VM_QUEUE_DESC, addr_of(vq.desc));
	set_queue_addr(VM_QUEUE_DRIVER, addr_of(&vq.avail_flags));
	set_queue_addr(VM_QUEUE_DEVICE, addr_of(&vq.used_flags));
	vm_write(VM_QUEUE_READY, 1);
	return vm_read(VM_QUEUE_READY) == 1;
}

bool virtio_start(uint64_t features)
{
	virtio_reset();
	if (!virtio_negotiate(features) || !virtio_set_queue(VQ_SIZE))
		return false;
	vm_write(VM_STATUS, vm_read(VM_STATUS) | STATUS_DRIVER_OK);
	return vm_read(VM_STATUS) & STATUS_DRIVER_OK;
}

void virtio_offer(uint16_t head)
{
	uint16_t idx = vq.avail_idx;

	vq.avail_ring[idx % VQ_SIZE] = head;
	dsb_sy();
	vq.avail_idx = (uint16_t)(idx + 1);
}

void virtio_kick(void)
{
	dsb_sy();
	vm_write(VM_QUEUE_NOTIFY, 0);
}

bool virtio_wait(uint16_t n)
{
	return WAIT_FOR((uint16_t)(vq.used_idx - vq.last_used) >= n);
}

struct vq_used_elem virtio_take(void)
{
	uint16_t at = vq.last_used % VQ_SIZE;
	struct vq_used_elem e;

	dsb_sy();
	e.id = vq.used_ring[at].id;
	e.len = vq.used_ring[at].len;
	vq.last_used++;
	return e;
}
