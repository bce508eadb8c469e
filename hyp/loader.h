/*
 * Where a VM's modules go in its RAM, and putting them there.
 *
 * A module goes to its own address (where the boot loader placed it, taken as
 * an IPA) when that lies in the VM's RAM, suits it and is free; otherwise
 *  - the kernel to the lowest 2 MiB boundary (plus its text offset) with
 *    image_size bytes free; a kernel that asks to be near the base of RAM
 *    always goes there;
 *  - the initramfs as high as it fits within the 32 GiB window, aligned to
 *    1 GiB, that covers the kernel; what else is placed by rule shares no
 *    page of the kernel's with it (64 KiB when the Image does not tell),
 *    because it is freed in whole pages;
 *  - the device tree 8-byte aligned and within one 2 MiB block, as high as it
 *    fits in the 512 MiB from the kernel's base on, else as high as it fits.
 * Nothing is placed by rule where the guest's own tree reserves memory.
 *
 * Specification: Linux Documentation/arch/arm64/booting.
 * Called at a VM's start and reset. No locks: none of its vCPUs runs.
 */
#ifndef PLINTH_HYP_LOADER_H
#define PLINTH_HYP_LOADER_H

#include <hyp/vm_config.h>

struct gmem;

#define LOADER_DTB_MAX MIB(2) /* bytes; what arm64 kernels accept */

struct load_plan {
	struct vm_range kernel; /* size: all that must stay free, with BSS */
	ipa_t entry;            /* first instruction: kernel.base */
	struct vm_range initrd; /* size 0: none */
	struct vm_range dtb;    /* size: the room that was asked for */
	unsigned page_shift;    /* that the kernel needs; 0: not told */
};

/*
 * Makes the plan; reads the kernel's header, writes nothing. dtb_size is the
 * room for the device tree in bytes (vm_dt_capacity()). -EINVAL with a line in
 * err: "VM linux: kernel@48000000: ...".
 */
MUST_CHECK int loader_place(struct load_plan *plan, const struct vm_config *cfg,
			    uint64_t dtb_size, char *err, size_t err_len);

/*
 * Copies kernel, initramfs and the device tree (dtb_size bytes at `dtb`, at
 * most plan->dtb.size) into RAM, which is otherwise as gmem_reset() left it.
 * -EFAULT when the RAM is not what cfg said.
 */
MUST_CHECK int loader_copy(const struct load_plan *plan,
			   const struct vm_config *cfg, const void *dtb,
			   uint64_t dtb_size, struct gmem *m);

#endif
