/*
 * The device tree of a guest: read where the guest brings one (it is then the
 * description of that VM's hardware), written where it brings none, and a
 * brought one completed with what only the loader knows.
 *
 * Writing is done at each start of a VM, so that seeds are fresh. No locks:
 * one CPU builds a VM.
 * Specifications: Devicetree Specification 0.4; bindings arm,gic-v3,
 * arm,armv8-timer, arm,pl011, arm,pl031, arm,psci, arm,idle-state,
 * virtio,mmio; for /chosen Linux Documentation/arch/arm64/booting and the
 * binding chosen.
 */
#ifndef PLINTH_HYP_VM_DT_H
#define PLINTH_HYP_VM_DT_H

#include <hyp/vm_config.h>

/* Where an error line goes, and what it begins with. */
struct vm_dt_log {
	const char *label; /* "/linux/dtb@47000000"; NULL: nothing */
	char *err;
	size_t err_len; /* bytes */
};

/* Fresh random numbers for the guest. */
struct vm_dt_seed {
	uint64_t kaslr;
	uint8_t rng[32];
};

/* What the loader knows and the tree shall tell. */
struct vm_dt_boot {
	struct vm_range initrd;        /* size 0: none */
	const struct vm_dt_seed *seed; /* NULL: no seeds */
};

/*
 * Fills the hardware part of *cfg (all fields but name, modules and bootargs)
 * from the tree at `blob`, at most max_size bytes. Slots of virtio,mmio come
 * out empty, in ascending order of address. cfg->nr_spis is what its
 * interrupts need. Nodes of devices that Plinth does not model are ignored:
 * such a device will not be there.
 *
 * Required: memory, at least one CPU, an arm,gic-v3 with a frame for each CPU,
 * PSCI where there is more than one CPU; where a timer node is, it says the
 * usual PPIs. -EINVAL or -ENOMEM with an error line.
 */
MUST_CHECK int vm_dt_parse(struct vm_config *cfg, const void *blob,
			   uint64_t max_size, struct arena *a,
			   const struct vm_dt_log *log);

/* Bytes that vm_dt_write() needs at most for this VM. */
uint64_t vm_dt_capacity(const struct vm_config *cfg);

/*
 * Writes the guest's tree into buf (8-byte aligned, `capacity` bytes): the one
 * that was brought (cfg->dtb) with /chosen completed, else a generated one.
 * In a brought tree boot arguments are replaced only if the manifest has some,
 * seeds are added only if absent, and initrd properties always say what is
 * loaded, or nothing. -ENOSPC when capacity is too small, -EINVAL when a
 * brought tree cannot be completed.
 */
MUST_CHECK int vm_dt_write(const struct vm_config *cfg,
			   const struct vm_dt_boot *boot, void *buf,
			   uint64_t capacity);

#endif
