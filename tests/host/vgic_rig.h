/*
 * A small machine for vGIC tests: vCPU n runs on simulated pCPU n when it is
 * loaded. Kicks are counted and, as the hypervisor would, turned into an exit
 * of the target: its exit tail runs at the next rig_settle(). A vCPU that is
 * stale without having been kicked, or having exited itself, ends the test.
 */
#ifndef PLINTH_TESTS_VGIC_RIG_H
#define PLINTH_TESTS_VGIC_RIG_H

#include <arch/aarch64/vgic.h>

#include "gich.h"
#include "vgic_state.h"

#define RIG_MAX_VCPUS 20
#define RIG_RAM_BASE  UINT64_C(0x80000000)
#define RIG_RAM_SIZE  UINT64_C(0x200000)

struct vgic_rig {
	struct vgic *g;
	unsigned nr_vcpus;
	struct gich cpu[RIG_MAX_VCPUS];
	bool loaded[RIG_MAX_VCPUS];
	unsigned kicks[RIG_MAX_VCPUS];
	/* Since its last exit tail: kicked, or code ran on its behalf. */
	bool exits[RIG_MAX_VCPUS];
	/* Physical PPIs that are active on each pCPU, by INTID. */
	uint32_t phys_active[RIG_MAX_VCPUS];
	uint32_t line_low; /* PPIs for which hw_line answers "low" */
	uint64_t mpidr[RIG_MAX_VCPUS];
	/* The guest's RAM, for the ITS; NULL without. */
	uint8_t *ram;
	bool ram_gone;  /* every access fails */
	unsigned again; /* calls of exit_again */
	void *blocks[12];
	unsigned nr_blocks;
	unsigned fail_alloc; /* n-th allocation fails; 0 = none */
};

/* nr_vcpus with Aff0 = index, all loaded, with nr_lr list registers each. */
void rig_init(struct vgic_rig *r, unsigned nr_vcpus, unsigned nr_lr,
	      unsigned nr_spis);
/* The same with an ITS, 32 SPIs and RAM. */
void rig_init_its(struct vgic_rig *r, unsigned nr_vcpus, unsigned nr_lr);
/* The configuration that rig_init uses, for tests that vary it. */
struct vgic_config rig_config(struct vgic_rig *r, unsigned nr_spis);
void rig_free(struct vgic_rig *r);

void rig_load(struct vgic_rig *r, unsigned vcpu);
void rig_put(struct vgic_rig *r, unsigned vcpu);
/* Code runs on behalf of that vCPU from here on. */
void rig_on(struct vgic_rig *r, unsigned vcpu);

/* Exit tail of one vCPU: maintenance interrupts and flushes until quiet. */
void rig_tail(struct vgic_rig *r, unsigned vcpu);
/* The guest takes its next interrupt of group 1 and ends it at once. */
uint32_t rig_serve(struct vgic_rig *r, unsigned vcpu);
/* The tails of all loaded vCPUs, until nothing is stale. */
void rig_settle(struct vgic_rig *r);

/* One access; returns what the vGIC returns. */
int rig_mmio(struct vgic_rig *r, unsigned vcpu, bool redist,
	     struct mmio_op *op);
/* Accesses by `vcpu`, repeated on -EAGAIN with the others' exits between. */
uint64_t rig_read(struct vgic_rig *r, unsigned vcpu, bool redist, uint64_t off,
		  uint8_t size);
void rig_write(struct vgic_rig *r, unsigned vcpu, bool redist, uint64_t off,
	       uint8_t size, uint64_t value);

uint32_t rig_gicd(struct vgic_rig *r, uint64_t off);
void rig_set_gicd(struct vgic_rig *r, uint64_t off, uint32_t value);
/* The SGI_base frame of `vcpu`, accessed by itself. */
uint32_t rig_sgi_base(struct vgic_rig *r, unsigned vcpu, uint64_t off);
void rig_set_sgi_base(struct vgic_rig *r, unsigned vcpu, uint64_t off,
		      uint32_t value);

/*
 * What a kernel does first: both groups on, all interrupts group 1, priority
 * 0xa0, enabled, SPIs to vCPU 0, redistributors awake, CPU interfaces open.
 */
void rig_guest_init(struct vgic_rig *r, bool eoimode);

/* The physical PPI is taken on vcpu's pCPU and injected as `intid`. */
void rig_timer(struct vgic_rig *r, unsigned vcpu, uint32_t intid);

/* The vCPU writes ICC_SGI<group>R_EL1. */
void rig_sgi(struct vgic_rig *r, unsigned vcpu, uint64_t sgir, unsigned group);

struct vgic_irq_state rig_state(struct vgic_rig *r, unsigned vcpu,
				uint32_t intid);

#endif
