/*
 * A manifest made of what a boot loader says in the machine's own device tree:
 * children of /chosen that are compatible with "multiboot,module", as QEMU's
 * guest-loader, Xen (dom0) and U-Boot write them -> one VM named "guest".
 *
 * Called by boot/start_vms.c where there is no manifest. No locks.
 * docs/manifest.md, "Without a manifest".
 */
#ifndef PLINTH_HYP_MULTIBOOT_H
#define PLINTH_HYP_MULTIBOOT_H

#include <base/types.h>

#define MULTIBOOT_MANIFEST_MAX KIB(16) /* bytes that are enough for one */

struct multiboot_host {
	const void *fdt;   /* the machine's tree, 8-byte aligned */
	uint64_t fdt_size; /* bytes */
	unsigned nr_cpus;
	uint64_t ram_size; /* bytes, of the machine */
};

struct arena;

/*
 * Writes the manifest to `out`, `len` bytes, 8-byte aligned: all CPUs, half of
 * the RAM. Scratch memory is taken from `a`. -ENOENT: there are no such nodes;
 * -EINVAL with a line in err: there are, but they cannot be understood;
 * -ENOMEM.
 */
MUST_CHECK int multiboot_manifest(const struct multiboot_host *host, void *out,
				  size_t len, struct arena *a, char *err,
				  size_t err_len);

#endif
