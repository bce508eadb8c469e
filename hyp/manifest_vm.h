/*
 * One VM node of a manifest: between hyp/manifest.c, which walks the list,
 * hyp/manifest_vm.c, which reads the node, and hyp/manifest_fit.c.
 * Specification: docs/manifest.md.
 */
#ifndef PLINTH_HYP_MANIFEST_VM_H
#define PLINTH_HYP_MANIFEST_VM_H

#include <hyp/dt.h>
#include <hyp/manifest.h>

struct manifest_reader {
	struct dt d; /* d.err: the line of the VM that is being read */
	const struct manifest_host *host;
	const struct manifest *m; /* VMs before this one are complete */
};

/*
 * Fails on the first property of n that is not in the NULL-terminated list.
 */
MUST_CHECK int manifest_only_props(const struct dt *d, uint32_t n,
				   const char *const *known);

/*
 * Fills vm->config from VM node n; vm->arena is initialised, the name is set
 * and checked. On failure the caller destroys the arena.
 */
MUST_CHECK int manifest_read_vm(const struct manifest_reader *r, uint32_t n,
				struct manifest_vm *vm);

/* Fills in pcpus, nr_pcpus and share (hyp/manifest_share.c). */
MUST_CHECK int manifest_read_share(const struct manifest_reader *r, uint32_t n,
				   struct manifest_vm *vm);

/* Fills in share_images, first_touch, overcommit (hyp/manifest_memory.c). */
MUST_CHECK int manifest_read_memory(const struct manifest_reader *r, uint32_t n,
				    struct manifest_vm *vm);

/* Fills in restart, backoff and no_autostart (hyp/manifest_life.c). */
MUST_CHECK int manifest_read_life(const struct manifest_reader *r, uint32_t n,
				  struct vm_config *cfg);

/*
 * Whether a complete config fits onto the host and beside the accepted VMs
 * before it (hyp/manifest_fit.c).
 */
MUST_CHECK int manifest_check_fit(const struct manifest_reader *r, uint32_t n,
				  const struct vm_config *cfg);

#endif
