/*
 * What a VM shall be, before any of it exists: the common form of the
 * manifest, of a device tree that the guest brings, and of what the generated
 * device tree describes. Everything in it has been validated: ranges do not
 * wrap or overlap, counts are within what the architecture allows.
 *
 * Arrays live in the arena that was given to the parser.
 */
#ifndef PLINTH_HYP_VM_CONFIG_H
#define PLINTH_HYP_VM_CONFIG_H

#include <base/addr.h>

#define VM_NAME_MAX 32 /* bytes, NUL included */

/* A file that the boot loader placed; pristine, only ever read. */
struct vm_module {
	hpa_t base;
	uint64_t size; /* bytes; 0 = absent */
};

struct vm_range {
	ipa_t base;
	uint64_t size; /* bytes */
};

enum vm_virtio_kind {
	VM_VIRTIO_EMPTY, /* a slot that answers DeviceID 0 */
	VM_VIRTIO_BLK,
};

struct vm_virtio {
	struct vm_range regs; /* 0x200 bytes each */
	uint32_t intid;
	enum vm_virtio_kind kind;
	struct vm_module backing; /* BLK: the disk image */
	bool read_only;
};

struct vm_config {
	char name[VM_NAME_MAX];
	unsigned nr_vcpus;
	uint64_t *mpidr; /* per vCPU: Aff3.Aff2.Aff1.Aff0 as in MPIDR_EL1 */

	struct vm_range *ram; /* sorted, disjoint */
	unsigned nr_ram;

	struct vm_range gicd; /* 64 KiB */
	struct vm_range gicr; /* nr_vcpus * 128 KiB used */
	unsigned nr_spis; /* a multiple of 32, 32..960 */

	struct vm_range uart; /* PL011; size 0 = none */
	uint32_t uart_intid;
	struct vm_range rtc; /* PL031; size 0 = none */
	uint32_t rtc_intid;

	struct vm_virtio *virtio;
	unsigned nr_virtio;

	struct vm_module kernel;
	struct vm_module initrd;
	struct vm_module dtb; /* absent: one is generated */
	const char *bootargs; /* NULL: none given */
};

#endif
