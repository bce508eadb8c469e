/*
 * The manifest: a device tree, compatible "plinth,manifest-1", that lists the
 * VMs of this machine and where the boot loader put their modules.
 * docs/manifest.md is the reference of its nodes and properties.
 *
 * A wrong VM is refused with one line that names node and property; the
 * others are not disturbed. Nothing in the blob is trusted.
 * Called by boot/main.c once, on the boot CPU. No locks.
 */
#ifndef PLINTH_HYP_MANIFEST_H
#define PLINTH_HYP_MANIFEST_H

#include <base/fmt.h>
#include <base/range.h>

#include <hyp/arena.h>
#include <hyp/vm_config.h>

/* What the manifest is checked against. */
struct manifest_host {
	struct hpa_ranges ram;   /* modules must lie in it */
	struct hpa_ranges taken; /* the hypervisor's image, its tree, the
				  * manifest: no module may touch them */
	unsigned nr_cpus;        /* pCPUs that VMs may name; 0: not checked */
	bool pmu; /* the CPUs have performance monitors with an interrupt */
};

struct manifest_vm {
	/* Complete when accepted. When refused only the name is valid. */
	struct vm_config config;
	struct arena arena; /* all that config points to; empty when refused */
	bool refused;
	char err[FMT_LINE_MAX]; /* why, without a newline; "" when accepted */
};

struct manifest {
	struct manifest_vm *vm; /* in the order of the manifest */
	unsigned nr_vms;        /* refused ones included */
	unsigned nr_refused;
	char err[FMT_LINE_MAX]; /* why the whole was refused, or "" */
};

/*
 * Reads the blob, of which at most max_size bytes are accessible. The list is
 * allocated in `a`; each VM gets an arena of its own with a->env, which its
 * owner destroys. 0 when the list could be read, whatever became of each VM;
 * -EINVAL or -ENOMEM with a line in m->err when the whole was refused: no tree,
 * no manifest, an unknown property of the root, no VM at all.
 *
 * Modules must be readable where they are if they lie in host->ram: a guest's
 * own device tree is read here.
 */
MUST_CHECK int manifest_parse(struct manifest *m, const void *blob,
			      uint64_t max_size,
			      const struct manifest_host *host,
			      struct arena *a);

/* Destroys every VM's arena that is still the manifest's. */
void manifest_destroy(struct manifest *m);

#endif
