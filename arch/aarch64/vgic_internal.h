/*
 * Inside of the virtual GIC: data layout and what its files offer each other.
 * The contract for everyone else is vgic.h, where the lock order stands too.
 *
 * 32 INTIDs make a bank: one 32-bit word per kind of state, so that a register
 * read is one load and "what can be delivered" is a few bit operations. Bank 0
 * (SGIs and PPIs) exists per vCPU, the SPI banks per VM. Bank number =
 * INTID / 32.
 * GICv3/v4 IHI 0069 for the states; docs/design/06-vgic.md for the whole.
 */
#ifndef PLINTH_VGIC_INTERNAL_H
#define PLINTH_VGIC_INTERNAL_H

#include <port/spinlock.h>

#include <base/panic.h>

#include <arch/aarch64/vgic.h>
#include <arch/aarch64/vgic_regs.h>

#define VGIC_MAX_LRS 16
#define VGIC_MAX_APR 4
#define VGIC_NOWHERE 0xffffU /* no vCPU has that affinity */

/*
 * vgic_cpu.stale: bit n < 32, bank n changed in a way that concerns this
 * vCPU's list registers; the others below. Set by anyone, taken by its flush.
 */
#define VGIC_STALE_PRIVATE BIT(0)
#define VGIC_STALE_ALL     BIT(32) /* choose anew what is resident */
#define VGIC_STALE_SYNC    BIT(33) /* somebody waits for resident state */
#define VGIC_STALE_RWP     BIT(34) /* a disable has not taken effect yet */
#define VGIC_STALE_LPI     BIT(35) /* banks of LPIs, see vgic_cpu.lpi_hint */
#define VGIC_STALE_ITS     BIT(36) /* it is to go on with the ITS's commands */
/*
 * SGIs that were sent here and that nobody has taken to the bank yet: pending,
 * as `latch` or `set_p` would say. Set by senders, without a lock; whoever
 * wants exact pending state takes them first (vgic_take_sgis_locked()).
 */
#define VGIC_STALE_SGI     GENMASK(63, 48)
#define VGIC_STALE_SGI_OF  48 /* bit of SGI 0 */

/* The number of the first bank of LPIs; there is none from the last SPI's on.
 */
#define VGIC_LPI_BANK     (GIC_LPI_FIRST / 32)
#define VGIC_NR_LPI_BANKS ((GIC_LPI_END - GIC_LPI_FIRST) / 32)

/*
 * Guarded by the lock of its owner (vgic_cpu.lock for bank 0, else
 * vgic->lock). For a resident interrupt `latch` and `active` are what EL2 saw
 * last and changes are posted; for others they are the state.
 */
struct vgic_bank {
	uint32_t open;  /* enabled, and its group is in GICD_CTLR */
	uint32_t latch; /* pending, line of level-sensitive ones apart */
	uint32_t line;  /* input lines */
	uint32_t edge;  /* configuration: edge-triggered */
	uint32_t active;
	uint32_t resident; /* owns a list register */
	uint32_t hw;       /* a physical interrupt is active for it (PPIs) */
	uint32_t revisit;  /* posted to its owner: look at it again */
	/* Posted state changes, applied when the list register is folded. */
	uint32_t set_p;
	uint32_t clr_p;
	uint32_t set_a;
	uint32_t clr_a;

	uint32_t enabled;
	uint32_t group;
	uint32_t agroup; /* group and priority with which it got active */
	uint32_t taken;  /* those active because the guest acknowledged them */
	union {
		uint8_t prio[32];
		uint32_t prio_word[8]; /* little-endian, as in IPRIORITYR */
	};
	uint8_t aprio[32];
} CACHE_LINE_ALIGNED;

_Static_assert(sizeof(struct vgic_bank) == 128, "hot words in one line");

/* A bank of interrupts that go to one vCPU or another. LPIs: group 1, edge. */
struct vgic_shared {
	struct vgic_bank b;
	uint16_t route[32]; /* vCPU that gets it, or VGIC_NOWHERE */
	uint16_t owner[32]; /* vCPU where it is resident or active */
};

struct vgic_spis {
	struct vgic_shared s;
	uint64_t irouter[32]; /* as written */
	uint32_t any;         /* GICD_IROUTER.Interrupt_Routing_Mode */
	/*
	 * Those whose line vgic_set_spi() may follow in the list register
	 * slot[] of their owner: level-sensitive, resident, placed as pending,
	 * nothing posted and no overflow. Whoever breaks that clears the bit.
	 */
	uint32_t direct;
	uint8_t slot[32];
};

/* vCPUs whose affinity differs only in Aff0[3:0]: one SGI target list. */
struct vgic_cluster {
	uint64_t key; /* Aff3, RS, Aff2, Aff1 as ICC_SGI1R_EL1 has them */
	struct vgic_cpu *cpu[16]; /* by Aff0[3:0]; NULL: none */
};

struct vgic_cpu {
	uint64_t *stale; /* atomic; own_stale, or where the vCPU has it */
	uint64_t own_stale;
	/*
	 * Private interrupts that its own pCPU may make pending by setting the
	 * pending bit of their list register, without the lock: resident,
	 * placed as pending, edge-triggered or hardware-mapped, nothing posted
	 * and no overflow. Whoever breaks that clears the bit, under the lock,
	 * and marks the vCPU stale.
	 */
	uint32_t direct;
	struct spinlock lock; /* guards what follows but sync_req, sync_key,
				 near and what never changes: g, kick,
				 who, index */
	struct vgic *g;
	/* Where its last SGI went, at first its own; its pCPU only. */
	const struct vgic_cluster *near;
	void (*kick)(void *who);
	void *who;
	uint16_t index;
	uint16_t used;      /* list registers in use */
	uint16_t spi_slots; /* those of them that hold SPIs: vgic->lock too */
	uint16_t placed_p;  /* those whose pending bit carries pend(bank) */
	bool loaded;
	bool overflow; /* something deliverable or active is not resident */
	bool quiet;    /* the guest put the redistributor to sleep */
	bool sleep;    /* GICR_WAKER.ProcessorSleep */
	uint8_t dpg;   /* GICR_CTLR.DPG<n>: bit n, group n; vgic->lock */
	uint8_t eois;  /* ICH_HCR_EL2.EOIcount that is accounted for */
	uint8_t slot_of[32]; /* list register of each resident private INTID */
	uint32_t unlinked;   /* hardware-mapped ones left pending by the put */

	/*
	 * LPIs, if the VM has an ITS; guarded by vgic->lock. A set bit of
	 * lpi_hint: that bank may have some pending for this vCPU.
	 */
	uint64_t *lpi_hint;
	uint64_t propbaser; /* GICR_PROPBASER, GICR_PENDBASER */
	uint64_t pendbaser;
	uint32_t lpi_end; /* first INTID beyond its tables; 0: LPIs are off */
	uint32_t
		lpi_save; /* they were on to here; the table is to be written */
	/*
	 * Bits of ICH_AP1Rn: LPIs that are active though no list register
	 * says so, on QEMU only. vgic_cpu.lock.
	 */
	uint32_t lpi_active[VGIC_MAX_APR];

	struct vgic_bank b;

	uint32_t lr_intid[VGIC_MAX_LRS];
	uint16_t pintid[32]; /* of bits in b.hw */
	/* What RD_base reads, a page, but for what an ITS brings. */
	uint32_t *regs;
	uint32_t hcr;                  /* ICH_HCR_EL2 as written last */
	uint32_t vmcr;                 /* while not loaded */
	uint32_t apr[2][VGIC_MAX_APR]; /* while not loaded */
	uint32_t sync_done;            /* resident state is at least that new */
	/* A read by this vCPU that waits for others; only its pCPU touches it.
	 */
	uint32_t sync_req;
	uint64_t sync_key; /* 0: none */
} CACHE_LINE_ALIGNED;

struct vgic {
	struct spinlock lock; /* guards ctlr, all of spis[], routes */
	uint32_t ctlr;        /* GICD_CTLR.EnableGrp*; written under lock */
	uint32_t typer;       /* constant from here on */
	unsigned nr_vcpus;
	unsigned nr_banks; /* SPI banks */
	uint16_t lr_mask;  /* implemented list registers */
	uint8_t nr_lrs;
	uint8_t nr_aprs;
	uint8_t pre_bits;
	uint8_t prio_mask;
	uint32_t vtr;
	struct vgic_cpu *cpus;
	/* Pages that guests may read: cpus[].regs, then identification, of a
	 * distributor and of a redistributor. */
	uint32_t (*pages)[PAGE_SIZE / sizeof(uint32_t)];
	struct vgic_spis *spis;        /* [nr_banks], bank number - 1 */
	struct vgic_shared *lpis;      /* by bank number - VGIC_LPI_BANK */
	uint32_t *lpi_known;           /* configuration has been read */
	unsigned nr_lpi_banks;         /* 0 without an ITS */
	struct vits *its;              /* NULL: none */
	struct vgic_cluster *clusters; /* sorted by key */
	unsigned nr_clusters;
	const struct vgic_ops *ops;
	void *ctx;
	uint32_t sync_seq; /* atomic; requests for resident state */
};

/* ------------------------------------------------------------------ kicks */

/* vCPUs to kick once the locks are dropped. */
struct vgic_kicks {
	unsigned self; /* never kicked: its flush comes anyway */
	bool many;     /* more than `first`: all that are stale */
	struct vgic_cpu *first;
};

static inline struct vgic_kicks vgic_kicks_init(unsigned self)
{
	return (struct vgic_kicks){.self = self};
}

/* Mark v stale in the given bits and remember to kick it. */
static inline void vgic_mark(struct vgic_cpu *v, uint64_t bits,
			     struct vgic_kicks *k)
{
	(void)__atomic_fetch_or(v->stale, bits, __ATOMIC_RELEASE);
	if (v->index == k->self || v == k->first)
		return;
	if (!k->first)
		k->first = v;
	else
		k->many = true;
}

/* Kicks every vCPU that is stale, but k->self. No lock is held. */
void vgic_kick_many(struct vgic *g, const struct vgic_kicks *k);

static inline void vgic_kick(struct vgic *g, const struct vgic_kicks *k)
{
	if (k->many)
		vgic_kick_many(g, k);
	else if (k->first)
		k->first->kick(k->first->who);
}

/* ------------------------------------------------------------------- state */

static inline struct vgic_spis *vgic_spis_of(struct vgic *g, uint32_t intid)
{
	return &g->spis[intid / 32 - 1];
}

/* Of SPIs or LPIs. */
static inline struct vgic_shared *vgic_shared_nr(const struct vgic *g,
						 unsigned nr)
{
	return nr < VGIC_LPI_BANK ? &g->spis[nr - 1].s
				  : &g->lpis[nr - VGIC_LPI_BANK];
}

static inline struct vgic_shared *vgic_shared_of(const struct vgic *g,
						 uint32_t intid)
{
	return vgic_shared_nr(g, intid / 32);
}

static inline struct vgic_bank *vgic_bank_of(struct vgic *g, struct vgic_cpu *v,
					     uint32_t intid)
{
	return intid < GIC_NR_PRIVATE ? &v->b : &vgic_shared_of(g, intid)->b;
}

static inline struct vgic_bank *vgic_bank_nr(struct vgic *g, struct vgic_cpu *v,
					     unsigned nr)
{
	return nr ? &vgic_shared_nr(g, nr)->b : &v->b;
}

static inline uint32_t vgic_pend(const struct vgic_bank *b)
{
	return b->latch | (b->line & ~b->edge);
}

/* What wants a list register and has none. */
static inline uint32_t vgic_ready(const struct vgic_bank *b)
{
	return ((vgic_pend(b) & b->open) | b->active) & ~b->resident;
}

static inline void vgic_update_open(const struct vgic *g, struct vgic_bank *b)
{
	uint32_t g0 = g->ctlr & GICD_CTLR_EnableGrp0 ? ~b->group : 0;
	uint32_t g1 = g->ctlr & GICD_CTLR_EnableGrp1 ? b->group : 0;

	b->open = b->enabled & (g0 | g1);
}

static inline bool vgic_private_exists(const struct vgic *g, unsigned vcpu,
				       uint32_t intid)
{
	return vcpu < g->nr_vcpus && intid < GIC_NR_PRIVATE;
}

static inline bool vgic_spi_exists(const struct vgic *g, uint32_t intid)
{
	return intid >= GIC_NR_PRIVATE && intid / 32 <= g->nr_banks;
}

static inline bool vgic_lpi_exists(const struct vgic *g, uint32_t intid)
{
	return intid >= GIC_LPI_FIRST &&
	       intid / 32 - VGIC_LPI_BANK < g->nr_lpi_banks;
}

/* Affinity -> vCPU index, or VGIC_NOWHERE. Fields as in ICC_SGI1R_EL1. */
#define VGIC_CLUSTER_KEY                                                       \
	(ICC_SGIR_Aff3 | ICC_SGIR_RS | ICC_SGIR_Aff2 | ICC_SGIR_Aff1)
const struct vgic_cluster *vgic_cluster_find(const struct vgic *g,
					     uint64_t key);
/* `aff` has the fields of MPIDR_EL1 and GICD_IROUTER. */
uint64_t vgic_cluster_key(uint64_t aff);
unsigned vgic_cpu_by_affinity(const struct vgic *g, uint64_t aff);

/* ---------------------------------------------------------- vgic_inject.c */

/*
 * The state of these INTIDs changed: mark whoever has them in a list register,
 * or should get them there. The bank's lock is held.
 */
void vgic_touch_private_locked(struct vgic_cpu *v, uint32_t mask,
			       struct vgic_kicks *k);
void vgic_touch_spis_locked(struct vgic *g, unsigned nr, uint32_t mask,
			    struct vgic_kicks *k);
void vgic_touch_lpis_locked(struct vgic *g, unsigned nr, uint32_t mask,
			    struct vgic_kicks *k);

/* Those that nobody has taken yet. */
static inline uint32_t vgic_sent(const struct vgic_cpu *v)
{
	return (uint32_t)(__atomic_load_n(v->stale, __ATOMIC_RELAXED) >>
			  VGIC_STALE_SGI_OF);
}

/* Another pCPU may clear bits, and then makes v flush before its guest runs. */
static inline uint32_t vgic_direct(const struct vgic_cpu *v)
{
	return __atomic_load_n(&v->direct, __ATOMIC_RELAXED);
}

/* A message for an SPI (GICD_SETSPI_NSR, GICD_CLRSPI_NSR) by vCPU `self`. */
void vgic_message(struct vgic *g, uint32_t intid, bool set, unsigned self);

/* Set the route of SPIs in `mask` from their IROUTER. vgic->lock held. */
void vgic_reroute_locked(struct vgic *g, unsigned nr, uint32_t mask);
/* The same for all 1-of-N ones, because who is awake has changed; and touch. */
void vgic_reroute_any_locked(struct vgic *g, struct vgic_kicks *k);

/* --------------------------------------------------------------- vgic_lr.c */

/*
 * All of these run on v's pCPU, v loaded (vgic_choose: being loaded), with
 * v->lock held, and with vgic->lock as well where SPIs can be involved.
 */

/* Take list register idx back into software state; its value stays behind. */
void vgic_lr_fold(struct vgic *g, struct vgic_cpu *v, unsigned idx);
/* A folded SPI that v is not to get (any more): tell who is. */
void vgic_lr_hand_over(struct vgic *g, const struct vgic_cpu *v, uint32_t intid,
		       struct vgic_kicks *k);
/* Fold it and, if the interrupt still belongs there, write it anew. */
void vgic_lr_refresh(struct vgic *g, struct vgic_cpu *v, unsigned idx,
		     struct vgic_kicks *k);
/*
 * The list register for an interrupt that is not resident, 0 when it has no
 * business in one of v; and its writing into register idx.
 */
uint64_t vgic_lr_image(struct vgic *g, struct vgic_cpu *v, uint32_t intid);
void vgic_lr_occupy(struct vgic *g, struct vgic_cpu *v, unsigned idx,
		    uint32_t intid, uint64_t lr);
/* Give a ready interrupt a list register; false: none is free or idle. */
MUST_CHECK bool vgic_lr_place(struct vgic *g, struct vgic_cpu *v,
			      uint32_t intid, bool spis);
/* Make a private interrupt pending that is in v->direct; v->lock is not needed.
 */
void vgic_lr_pend(const struct vgic_cpu *v, unsigned intid);
/* Copy state of the list registers in `slots` to `latch` and `active`. */
void vgic_lr_peek(struct vgic *g, struct vgic_cpu *v, uint32_t slots);
/*
 * These three have little to do most of the time, which is told inline.
 * Those INTIDs of bank nr that are active on v, or else that v is to get.
 */
uint32_t vgic_mine_shared(const struct vgic *g, const struct vgic_cpu *v,
			  unsigned nr, uint32_t mask, bool active);
static inline uint32_t vgic_mine(const struct vgic *g, const struct vgic_cpu *v,
				 unsigned nr, uint32_t mask, bool active)
{
	return nr && mask ? vgic_mine_shared(g, v, nr, mask, active) : mask;
}

/* Apply what is posted to the INTIDs in mask; they are not resident. */
void vgic_apply_some(struct vgic_bank *b, uint32_t mask);
static inline void vgic_apply_posts(struct vgic_bank *b, uint32_t mask)
{
	mask &= b->revisit | b->set_p | b->clr_p | b->set_a | b->clr_a;
	if (mask)
		vgic_apply_some(b, mask);
}

/*
 * Deactivate physical interrupts whose virtual ones are gone; with `ask`, the
 * pending ones whose source has dropped its line are gone too.
 */
void vgic_hw_settle_some(struct vgic *g, struct vgic_cpu *v, uint32_t mask,
			 bool ask);
static inline void vgic_hw_settle(struct vgic *g, struct vgic_cpu *v,
				  uint32_t mask, bool ask)
{
	mask &= v->b.hw & ~v->b.resident;
	if (mask)
		vgic_hw_settle_some(g, v, mask, ask);
}

/* A read of nothing that is implemented: RAZ. */
static inline int vgic_read_zero(struct mmio_op *op)
{
	op->value = 0;
	return 0;
}

/* What a read of all or half of a 64-bit register gives. */
static inline uint64_t vgic_read_half(uint64_t reg, const struct mmio_op *op)
{
	reg >>= 8 * (op->offset & 4);
	return op->size == 8 ? reg : reg & GENMASK(31, 0);
}

/* The 64-bit register after a write to all or half of it. */
static inline uint64_t vgic_write_half(uint64_t reg, const struct mmio_op *op)
{
	unsigned shift = 8 * (unsigned)(op->offset & 4);
	uint64_t half = GENMASK(31, 0) << shift;

	return op->size == 8 ? op->value
			     : (reg & ~half) | ((op->value << shift) & half);
}

/* -------------------------------------------------------------- vgic_lpi.c */

/*
 * LPI state; vgic->lock is held by all callers of *_locked. INTIDs that `v`
 * cannot have, and everything while its GICR_CTLR.EnableLPIs is 0, do nothing.
 */
MUST_CHECK int vgic_lpi_create(struct vgic *g, const struct vgic_config *cfg);
void vgic_lpi_reset_locked(struct vgic *g);
/* The next bank of LPIs, from *nr on, in which something waits for v. */
MUST_CHECK bool vgic_lpi_next(const struct vgic *g, struct vgic_cpu *v,
			      unsigned *nr);
/* A list register with an LPI of v was folded. */
void vgic_lpi_folded_locked(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
			    uint64_t lr);
/*
 * LPIs that are active without a list register: the most urgent one's group
 * priority (0x100: none), the end of that one, and of all that have ended
 * while nothing else was active outside.
 */
unsigned vgic_lpi_active(const struct vgic *g, const struct vgic_cpu *v);
void vgic_lpi_end(const struct vgic *g, struct vgic_cpu *v);
void vgic_lpi_settle(const struct vgic *g, struct vgic_cpu *v);
/* EOIs without list register since the last call, or the last write of
 * ICH_HCR_EL2. */
unsigned vgic_new_eois(struct vgic_cpu *v);
/* GICR_CTLR.EnableLPIs was cleared, and v's list registers are folded. */
void vgic_lpi_save_locked(struct vgic *g, struct vgic_cpu *v);
/* The group enables of GICD_CTLR changed. */
void vgic_lpi_groups_locked(struct vgic *g, struct vgic_kicks *k);

/* What the ITS and the redistributor registers ask for. Take the locks. */
void vgic_lpi_enable(struct vgic *g, struct vgic_cpu *v, bool on,
		     unsigned self);
void vgic_lpi_set(struct vgic *g, unsigned vcpu, uint32_t intid, bool pending,
		  unsigned self);
void vgic_lpi_move(struct vgic *g, unsigned from, unsigned to, uint32_t intid,
		   unsigned self);
void vgic_lpi_move_all(struct vgic *g, unsigned from, unsigned to,
		       unsigned self);
/* Read the configuration of one, or of all, anew. */
void vgic_lpi_inv(struct vgic *g, unsigned vcpu, uint32_t intid, unsigned self);
void vgic_lpi_inv_all(struct vgic *g, unsigned vcpu, unsigned self);
/*
 * Whether what was done to LPIs of `vcpu` has not reached its list registers;
 * if so it is kicked. `self` is about to flush its own.
 */
MUST_CHECK bool vgic_lpi_busy(struct vgic *g, unsigned vcpu, unsigned self);

/* for (nr = 0; vgic_next_bank(g, v, &nr); nr++): banks that concern v. */
static inline bool vgic_next_bank(const struct vgic *g, struct vgic_cpu *v,
				  unsigned *nr)
{
	return *nr <= g->nr_banks ||
	       (g->nr_lpi_banks && vgic_lpi_next(g, v, nr));
}

/* -------------------------------------------------------------------- vits.c
 */

/* Memory for the ITS of `g`, not yet reset; -ENOMEM. Construction only. */
MUST_CHECK int vits_create(struct vgic *g, const struct vgic_config *cfg);
/* Registers as after power-on, commands forgotten. No vCPU is loaded. */
void vits_reset(struct vgic *g);
/* VGIC_STALE_ITS: a bounded number of commands on behalf of vCPU `self`. */
void vits_work(struct vgic *g, unsigned self);

/* ----------------------------------------------------------- vgic_choose.c */

/* Fold everything, then choose what is resident, by priority. Both locks. */
void vgic_choose(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k);
/* The same for a vCPU that is being loaded: nothing is resident, and if all
 * fits, which is usual, there is no choice to make. */
void vgic_choose_first(struct vgic *g, struct vgic_cpu *v,
		       struct vgic_kicks *k);
/* Account for deactivations of interrupts that were not resident. */
void vgic_count_eois(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k);

/* ----------------------------------------------------------- vgic_redist.c */

/* Names an Arm part in the identification registers' terms, product 'P'. */
#define VGIC_IIDR 0x5000143bU
/* PIDR and CIDR at offset `reg` of a frame, from GIC_IDREGS_PAGE on. */
uint32_t vgic_idreg(uint64_t reg, uint8_t part);
/* g->pages of identification. Construction only. */
void vgic_fill_id_pages(struct vgic *g);

/* GICR_CTLR as its fields are now; RWP stays. vgic_cpu.lock. */
void vgic_redist_ctlr(const struct vgic *g, struct vgic_cpu *v);
/* GICR_CTLR.RWP until v has flushed; _wait: if others can see that. Lock. */
void vgic_redist_until_flush(struct vgic_cpu *v, struct vgic_kicks *k);
void vgic_redist_wait(struct vgic_cpu *v, struct vgic_kicks *k);
/* It has: of stale, VGIC_STALE_RWP or VGIC_STALE_ALL was set. Lock. */
void vgic_redist_settled(struct vgic_cpu *v);

/* -------------------------------------------------------------- vgic_run.c */

/* SGIs that were sent to v become state of its bank; v->lock is held. Whoever
 * is loaded flushes after that. */
void vgic_take_sgis_locked(struct vgic_cpu *v);

/* Highest active priority, 0x100 when idle. Loaded here, or not loaded. */
uint32_t vgic_running_priority(const struct vgic *g, const struct vgic_cpu *v);

/* ------------------------------------------------------------- vgic_bank.c */

/*
 * Change active or pending state of the INTIDs in mask: at once, or posted
 * where it lives in list registers. Bank lock held; touch follows.
 */
void vgic_change_pending(struct vgic_bank *b, uint32_t mask, bool set);
void vgic_change_active(struct vgic *g, unsigned nr, struct vgic_bank *b,
			uint32_t mask, bool set);

/*
 * Read or write one register. v: owner of the redistributor frame, NULL for
 * the distributor. A read finds op->value 0.
 */
struct vgic_row;
typedef int vgic_reg_fn(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
			const struct vgic_row *row);
/*
 * Apply a write from INTID `intid` on to its bank; returns the INTIDs whose
 * state may have changed. Bank lock held.
 */
typedef uint32_t vgic_change_fn(struct vgic *g, struct vgic_bank *b,
				uint32_t intid, const struct mmio_op *op);

/* One row of the register map: a range of registers of one kind. */
struct vgic_row {
	const char *name;
	vgic_reg_fn *read;  /* not NULL where there are sizes; gives a value */
	vgic_reg_fn *write; /* likewise */
	vgic_change_fn *change; /* for vgic_bank_write */
	uint16_t base;          /* offset of the first in its frame */
	uint8_t sizes;          /* access sizes in bytes, or'ed */
	uint8_t shift;          /* log2 of bits per INTID, banked registers */
	uint8_t word;           /* offset of the word in struct vgic_bank */
	bool rwp;     /* a write counts for RWP until it has taken effect */
} CACHE_LINE_ALIGNED; /* found by a shift */

/* What is RAZ/WI, and accesses whose size or alignment the row has not. */
vgic_reg_fn vgic_odd;
vgic_reg_fn vgic_read_gicr;
vgic_reg_fn vgic_write_gicr;
vgic_reg_fn vgic_read_word;
vgic_reg_fn vgic_read_pending;
vgic_reg_fn vgic_read_active;
vgic_reg_fn vgic_read_prio;
vgic_reg_fn vgic_read_cfg;
vgic_reg_fn vgic_read_router;
vgic_reg_fn vgic_bank_write;
vgic_reg_fn vgic_write_enable;
vgic_reg_fn vgic_write_prio;
vgic_reg_fn vgic_write_router;

vgic_change_fn vgic_set_group;
vgic_change_fn vgic_set_pending;
vgic_change_fn vgic_clear_pending;
vgic_change_fn vgic_set_active;
vgic_change_fn vgic_clear_active;
vgic_change_fn vgic_set_cfg;

#endif
