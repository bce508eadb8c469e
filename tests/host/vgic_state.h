/*
 * What a virtual GIC knows of one interrupt, for tests: looked up in the
 * product's own structures. IHI 0069, "The state of an interrupt".
 */
#ifndef PLINTH_TESTS_VGIC_STATE_H
#define PLINTH_TESTS_VGIC_STATE_H

#include <arch/aarch64/vgic.h>

struct vgic_irq_state {
	bool pending; /* as ISPENDR would read */
	bool active;
	bool enabled;
	bool line;
	bool edge;
	bool hw; /* a physical interrupt is active for it */
	uint8_t group;
	uint8_t prio;
	uint16_t target; /* vCPU that gets it, 0xffff: none */
	uint16_t owner;  /* where it is resident or active, if it is */
	int8_t lr;       /* list register, -1: not resident */
};

/*
 * State of intid, of `vcpu` when it is private. Resident state of `self`
 * (the vCPU loaded here, or VGIC_NO_VCPU) is read from its list registers,
 * that of others is what EL2 saw last. False: no such INTID.
 */
bool vgic_irq_state(struct vgic *g, unsigned self, unsigned vcpu,
		    uint32_t intid, struct vgic_irq_state *out);

/* SGIs and PPIs in list registers of that vCPU that a disable has to withdraw.
 */
uint32_t vgic_in_registers(const struct vgic *g, unsigned vcpu);

/*
 * Whether what reads from RD_base on give is what the vGIC has. `withdrawn`:
 * another vCPU has disabled some of the former; that is over, and false from
 * here on, when the vCPU has flushed. To be called after each operation.
 */
bool vgic_redist_is_true(const struct vgic *g, unsigned vcpu, bool *withdrawn);

#endif
