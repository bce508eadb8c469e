/*
 * A VM's virtio console beside its PL011: both speak at the VM's place at the
 * console, the multiplexer's port or all of it, and what is typed there is for
 * one of them (docs/design/17-console.md, "Two serial devices").
 *
 * Locks: vm->vcon is changed under console.rx_lock, and its owner's vCPUs run
 * only between; the console's callbacks find it under that lock.
 */
#ifndef PLINTH_HYP_VM_CONSOLE_H
#define PLINTH_HYP_VM_CONSOLE_H

#include <hyp/vdev/virtio_console.h>
#include <hyp/vm.h>

/* Makes vm->vcon, whose interrupt line is set_irq(irq_ctx, level), in the slot
 * of these registers. NULL: no memory. Takes console.rx_lock. */
MUST_CHECK struct virtio_console *
vm_console_create(struct vm *vm, void (*set_irq)(void *ctx, bool level),
		  void *irq_ctx, uint32_t *regs);

/* Nobody finds it any more. Takes console.rx_lock. */
void vm_console_destroy(struct vm *vm);

/* The VM's side of struct console_sink: input to whichever of the two devices
 * has it, room to both. `vm` is a struct vm. */
size_t vm_console_room(void *vm);
bool vm_console_push(void *vm, uint8_t byte);
void vm_console_flush(void *vm);
void vm_console_tx_ready(void *vm);

/* A device of the VM has room for input again. None of its locks is held. */
void vm_console_drained(void *vm);

#endif
