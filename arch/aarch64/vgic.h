/*
 * Virtual GICv3: distributor, redistributors, SGIs and list registers of one
 * VM. GICv3/v4 IHI 0069; one Security state (GICD_CTLR.DS = 1), affinity
 * routing always on, groups 0 and 1, SGIs and PPIs 0..31 per vCPU, up to 960
 * SPIs; LPIs 8192..65535 when the VM has an ITS (vits.h). No extended ranges,
 * no NMI property. The CPU interface (ICV_*) is the hardware's; the hypervisor
 * traps only ICC_SGI*R, and ICC_DIR_EL1 while ICH_HCR_EL2.TDIR is set here.
 *
 * The states of one interrupt are in docs/design/06-vgic.md.
 *
 * Between exits the list registers are the truth of what is resident in them;
 * they are read back only when somebody needs to know. While an interrupt is
 * resident its latch and active bits in software are what EL2 saw last.
 *
 * A vCPU is *loaded* from vgic_load() to vgic_put(), on one pCPU; "its pCPU"
 * below means that one. Its list registers are touched there only, IRQs
 * masked. Everybody else changes software state, posts what concerns a
 * resident interrupt, marks the vCPU stale and kicks it.
 *
 * Locks (leaves for everyone outside; EL2 runs with IRQs masked):
 *
 *     vits->lock              the ITS's registers, its commands
 *       `- vgic->lock         banks of SPIs and LPIs, routing, GICD_CTLR
 *            `- vgic_cpu->lock   one vCPU's private bank, residents, list
 *                                registers
 *
 * kick() is called after vgic->lock and vgic_cpu->lock are dropped.
 * hw_deactivate() and hw_line() are called with them held and must be bare
 * register accesses; ram_read() and ram_write() may be called with any held.
 */
#ifndef PLINTH_VGIC_H
#define PLINTH_VGIC_H

#include <base/addr.h>
#include <base/mmio.h>
#include <base/types.h>

struct vgic;
struct vgic_cpu;

/* "No vCPU": the caller does not run on behalf of one. */
#define VGIC_NO_VCPU (~0U)

struct vgic_ops {
	/*
	 * A vCPU has become stale; `who` is what vgic_attach() said of it,
	 * or else its struct vgic_cpu. If it runs on another pCPU, make that
	 * one exit (and so flush); if it waits, wake it; if it is the caller's
	 * own, do nothing. Issue smp_mb() before looking at where it runs:
	 * pairs with the run loop publishing "running" before it tests
	 * vgic_stale().
	 */
	void (*kick)(void *who);
	/* Deactivate physical INTID on this pCPU (ICC_DIR_EL1). */
	void (*hw_deactivate)(void *ctx, uint32_t pintid);
	/*
	 * Whether the source of that vCPU's hardware-mapped PPI asserts its
	 * line now; called on its pCPU. NULL: taken to be asserted until the
	 * guest has handled it.
	 */
	bool (*hw_line)(void *ctx, unsigned vcpu, uint32_t intid);
	/*
	 * Copy from and to the guest's RAM: non-zero, and nothing done, when
	 * any of it is outside. Used with an ITS only.
	 */
	int (*ram_read)(void *ctx, ipa_t at, void *dst, uint64_t len);
	int (*ram_write)(void *ctx, ipa_t at, const void *src, uint64_t len);
	/*
	 * The vCPU loaded here shall exit again soon after it has entered its
	 * guest: the ITS has more to do. Used with an ITS only.
	 */
	void (*exit_again)(void *ctx, unsigned vcpu);
};

struct vgic_config {
	unsigned nr_vcpus;          /* 1.. */
	const uint64_t *mpidr;      /* affinity fields count, all different */
	unsigned nr_spis;           /* multiple of 32, 32..960 */
	bool its;                   /* LPIs and an ITS, see vits.h */
	const struct vgic_ops *ops; /* kept */
	void *ctx;                  /* for ops */
	/* Zeroed memory that lives as long as the VM, or NULL. */
	void *(*alloc)(void *ctx, uint64_t size, uint64_t align);
	void *alloc_ctx;
};

/*
 * Makes a vGIC in its reset state. Reads ICH_VTR_EL2 of this pCPU: all pCPUs
 * that run the VM must have the same. -EINVAL for a configuration outside the
 * ranges above, -ENOMEM.
 */
MUST_CHECK int vgic_create(const struct vgic_config *cfg, struct vgic **out);

/* What belongs to one vCPU, for the functions that exits call. */
struct vgic_cpu *vgic_cpu_of(const struct vgic *g, unsigned vcpu);

/*
 * The redistributor of `vcpu` is the last of a contiguous series of frames
 * (GICR_TYPER.Last); that of the last vCPU is so anyway. Construction only.
 */
void vgic_redist_last(struct vgic *g, unsigned vcpu);

/*
 * Everything as after vgic_create(), lines low: devices that are not reset
 * with the VM assert theirs again. No vCPU is loaded.
 */
void vgic_reset(struct vgic *g);

/* One interrupt as a debugger shows it. */
struct vgic_look {
	uint32_t intid;
	unsigned vcpu; /* where an SPI goes or is; VGIC_NO_VCPU: nowhere */
	uint8_t priority;
	bool enabled, pending, active, edge;
};

/*
 * Private interrupt `intid` of a vCPU, or an SPI (vcpu is ignored). What a list
 * register holds is as EL2 saw it last. False: there is no such interrupt.
 */
MUST_CHECK bool vgic_look(struct vgic *g, unsigned vcpu, uint32_t intid,
			  struct vgic_look *l);

/*
 * The CPU interface of a vCPU that starts or restarts (PSCI CPU_ON): ICV_*
 * registers as after reset; the redistributor keeps its state, but for pending
 * hardware-mapped interrupts: one that is still due fires anew. Not loaded.
 */
void vgic_cpu_reset(struct vgic *g, unsigned vcpu);

/*
 * A vCPU has gone off (PSCI CPU_OFF): its redistributor sleeps as firmware
 * leaves it (GICR_WAKER as after vgic_reset(), whatever the guest set), and
 * 1-of-N interrupts that it had pending go to another. What is addressed to it
 * alone waits for its next start. Not loaded; kicks others.
 */
void vgic_cpu_off(struct vgic *g, unsigned vcpu);

/* ------------------------------------------------------------- world switch */

/* The vCPU comes onto this pCPU / leaves it. Put folds the list registers, and
 * deactivates physical interrupts taken for this vCPU: stop its timers first,
 * or they fire again. What was pending stays so, without the hardware link. */
void vgic_load(struct vgic *g, unsigned vcpu);
void vgic_put(struct vgic *g, unsigned vcpu);

/*
 * Non-zero when vgic_flush() is due; the address is stable, so that the exit
 * tail can keep it: load it (relaxed) with IRQs masked after publishing
 * "running", as late as possible before the exception return.
 */
const uint64_t *vgic_stale(const struct vgic *g, unsigned vcpu);
/* What kick() is called with, and the word shall be at `at`, beside what else
 * an exit tail looks at. Before the first vgic_reset(). */
void vgic_attach(struct vgic *g, unsigned vcpu, void *who, uint64_t *at);

/* Bring the list registers up to date. Loaded here. */
void vgic_flush(struct vgic_cpu *v);

/* The maintenance interrupt, after its physical acknowledge. Loaded here. */
void vgic_maintenance(struct vgic *g, unsigned vcpu);

/*
 * Whether a WFI of this vCPU would end because of an interrupt, whatever its
 * PSTATE masks: pending, enabled, above the priority mask and the running
 * priority; for a redistributor that the guest put to sleep, pending and
 * enabled (its wake request). Or it has to go on with commands of the ITS, at
 * exits of its own: then it ends for nothing, as a WFI may. Loaded here, or not
 * loaded at all.
 */
MUST_CHECK bool vgic_has_pending(struct vgic *g, unsigned vcpu);

/* ---------------------------------------------------------------- sources */

/*
 * Level of an interrupt's input line: PPI intid 16..31 of `vcpu`, or an SPI
 * (vcpu is ignored). Edge-configured: a rising edge latches. Intids that do
 * not exist are ignored. Callable from anywhere.
 */
void vgic_set_line(struct vgic *g, unsigned vcpu, uint32_t intid, bool level);
/*
 * The same for an SPI; `self` is the vCPU that is loaded here and at an exit,
 * or VGIC_NO_VCPU: what goes to it needs no flush.
 */
void vgic_set_spi(struct vgic *g, uint32_t intid, bool level, unsigned self);
/* An edge; it leaves no trace on a level-sensitive interrupt. */
void vgic_pulse(struct vgic *g, unsigned vcpu, uint32_t intid);

/*
 * Physical interrupt `pintid` has been acknowledged for the loaded vCPU and
 * its priority dropped (EOImode 1); it stays active until the guest
 * deactivates virtual PPI `intid` (16..31), which is made pending. While the
 * guest keeps it disabled it is recorded, and the physical one stays active.
 * One pintid per intid. Called on the vCPU's pCPU.
 */
void vgic_inject_hw(struct vgic_cpu *v, uint32_t intid, uint32_t pintid);

/*
 * A write to ICC_SGI1R_EL1 (group 1) or to ICC_SGI0R_EL1 or ICC_ASGI1R_EL1
 * (group 0; with one Security state the other group 1 does not exist) by vCPU
 * `v`, loaded here. Reaches targets whose SGI is in that group.
 */
void vgic_send_sgi1(struct vgic_cpu *v, uint64_t sgir);
void vgic_send_sgi0(struct vgic_cpu *v, uint64_t sgir);

/* ----------------------------------------------------- trapped CPU interface
 */

enum vgic_icc {
	VGIC_ICC_CTLR,
	VGIC_ICC_PMR,
	VGIC_ICC_RPR,
	VGIC_ICC_DIR
};

/* A trapped write to ICC_DIR_EL1 (ICH_HCR_EL2.TDIR). Loaded here. */
void vgic_write_dir(struct vgic *g, unsigned vcpu, uint64_t value);

/*
 * The common registers that ICH_HCR_EL2.TC traps on a CPU without TDIR, as
 * ICV_* would answer. Loaded here. False: the access is UNDEFINED (writing
 * RPR, reading DIR).
 */
MUST_CHECK bool vgic_icc_read(struct vgic *g, unsigned vcpu, enum vgic_icc reg,
			      uint64_t *value);
MUST_CHECK bool vgic_icc_write(struct vgic *g, unsigned vcpu, enum vgic_icc reg,
			       uint64_t value);

/* -------------------------------------------------------------------- MMIO */

/*
 * The 64 KiB distributor frame, and the region of nr_vcpus * 128 KiB
 * redistributors: `op->offset` picks the frame's vCPU, `op->vcpu` is the
 * accessor, loaded here. mmio_fn of base/mmio.h; `vgic` is a struct vgic.
 * Unknown registers and sizes are RAZ/WI; -ENXIO only past the last frame.
 * -EAGAIN: pending or active state lives in another vCPU's list registers,
 * which has been asked for it; the guest executes the read again.
 */
MUST_CHECK int vgic_dist_mmio(void *vgic, struct mmio_op *op);
MUST_CHECK int vgic_redist_mmio(void *vgic, struct mmio_op *op);

/*
 * Pages that the guest may be shown for the VM's life, read-only: they give
 * what reads do, and these reads do nothing else (mirror.h). At RD_base of
 * `vcpu`, NULL with an ITS, whose GICR_SYNCR asks other vCPUs; and at
 * VGIC_ID_PAGE of every RD_base, or of the distributor.
 */
#define VGIC_ID_PAGE 0xf000U
const void *vgic_redist_page(const struct vgic *g, unsigned vcpu);
const void *vgic_id_page(const struct vgic *g, bool redist);

/* Whether a private interrupt of a vCPU that is not loaded is pending or
 * active. */
bool vgic_private_noted(struct vgic *g, unsigned vcpu, uint32_t intid);

#endif
