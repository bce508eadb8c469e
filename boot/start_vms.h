/*
 * From the manifest to running VMs: the part of the boot that decides who gets
 * which memory and which CPUs. Boot CPU only.
 * Left out: VMs that begin or end later; one that is refused leaves nothing.
 * docs/manifest.md, docs/design/11-manifest.md.
 */
#ifndef PLINTH_BOOT_START_VMS_H
#define PLINTH_BOOT_START_VMS_H

#include <hyp/hypervisor.h>

#include "platform.h"

/*
 * Reads the manifest and hands all RAM that is neither `own` nor a module to
 * the page allocator. RAM is mapped. A machine without a usable manifest ends
 * here with one line.
 */
void plan_vms(struct hypervisor *h, const struct platform *p,
	      const struct hpa_ranges *own, struct arena *a);

/*
 * Creates, places and starts every VM that the manifest describes well; each
 * refused one costs one line. Ends the machine when none is left.
 */
void start_vms(struct hypervisor *h, const struct platform *p, struct arena *a);

#endif
