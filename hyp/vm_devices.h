/*
 * The emulated devices of a VM: made from its configuration, wired to its
 * interrupt controller, console and disks, and put on its MMIO bus.
 * Left out: devices of the machine itself. docs/design/09-mmio.md.
 */
#ifndef PLINTH_HYP_VM_DEVICES_H
#define PLINTH_HYP_VM_DEVICES_H

#include <drivers/ramdisk.h>
#include <hyp/vdev/virtio_blk.h>
#include <hyp/vm.h>

/* One virtio-mmio slot: empty, a block device over a RAM disk, or vm->vcon. */
struct vm_slot {
	struct vm *vm;
	uint32_t intid;
	uint32_t *regs;                /* in the page of all slots there */
	struct virtio_mmio *transport; /* of whatever device it is */
	struct virtio_mmio empty;
	struct virtio_blk *blk; /* NULL: no disk */
	struct ramdisk disk;
};

/*
 * Creates every device of vm->cfg; the vGIC exists. -ENOMEM, or what the MMIO
 * bus says, with one line in the log.
 */
MUST_CHECK int vm_devices_create(struct vm *vm);

/*
 * The guest reads the virtio slots without an exit, in every page that begins
 * with one and has nothing else; where it has no slot, 0. The bus is sealed.
 * -ENOMEM.
 */
MUST_CHECK int vm_devices_show(struct vm *vm);

/*
 * All devices as after power-on; disks keep what was written to them. No vCPU
 * runs. The VM's memory must still be there: queues are let go.
 */
void vm_devices_reset(struct vm *vm);

/* Lets go of the disks' memory. */
void vm_devices_destroy(struct vm *vm);

/* Input of the console goes to this VM from now on. */
void vm_devices_take_console(struct vm *vm);

#endif
