/* Software virtual CPU interface for tests; see gich.h. */
#include "gich.h"

#include <port/gich.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LR_PENDING (UINT64_C(1) << 62)
#define LR_ACTIVE  (UINT64_C(1) << 63)
#define LR_STATE   (UINT64_C(3) << 62)
#define LR_HW      (UINT64_C(1) << 61)
#define LR_EOI     (UINT64_C(1) << 41)
#define FIRST_LPI  8192U

_Thread_local struct gich *gich;

static void die(const char *why)
{
	(void)fprintf(stderr, "fake GIC: %s\n", why);
	abort();
}

static unsigned lr_group(uint64_t lr)
{
	return (lr >> 60) & 1;
}

static uint8_t lr_prio(uint64_t lr)
{
	return (uint8_t)(lr >> 48);
}

void gich_init(struct gich *h, unsigned nr_lr)
{
	memset(h, 0, sizeof(*h));
	h->nr_lr = nr_lr;
	h->pre_bits = 5;
	h->pri_bits = 5;
	h->tds = true;
	gich = h;
}

void gich_guest_setup(struct gich *h, uint8_t pmr, bool grp0, bool grp1,
		      bool eoimode)
{
	h->vmcr &= ~((0xffU << 24) | 3U | (1U << 9));
	h->vmcr |= (uint32_t)pmr << 24 | (uint32_t)grp0 | (uint32_t)grp1 << 1 |
		   (uint32_t)eoimode << 9;
}

/* ------------------------------------------------------------ guest's view */

/* The bits of a priority that take part in preemption, per group. */
static uint8_t group_prio_mask(const struct gich *h, unsigned group)
{
	unsigned bpr = (h->vmcr >> 21) & 7; /* VBPR0 */

	if (group && !(h->vmcr & (1U << 4))) { /* VCBPR */
		bpr = (h->vmcr >> 18) & 7;
		bpr = bpr ? bpr - 1 : 0;
	}
	if (bpr < 7 - h->pre_bits)
		bpr = 7 - h->pre_bits;
	return (uint8_t)(0xffU << (bpr + 1));
}

uint8_t gich_running(const struct gich *h)
{
	for (unsigned i = 0; i < 1U << (h->pre_bits - 5); i++) {
		uint32_t ap = h->ap[0][i] | h->ap[1][i];

		if (ap)
			return (uint8_t)((i * 32 + (unsigned)__builtin_ctz(ap))
					 << (8 - h->pre_bits));
	}
	return 0xff;
}

/* An INTID may be in one list register only while the guest runs. */
static void check_unique(const struct gich *h)
{
	for (unsigned i = 0; i < h->nr_lr; i++) {
		for (unsigned j = 0; j < i; j++) {
			if ((h->lr[i] & LR_STATE) && (h->lr[j] & LR_STATE) &&
			    (uint32_t)h->lr[i] == (uint32_t)h->lr[j])
				die("one INTID in two list registers");
		}
	}
}

int gich_signalled(const struct gich *h)
{
	int best = -1;

	check_unique(h);

	if (!(h->hcr & 1))
		return -1;
	for (unsigned i = 0; i < h->nr_lr; i++) {
		uint64_t lr = h->lr[i];

		if ((lr & LR_STATE) != LR_PENDING ||
		    !(h->vmcr & (1U << lr_group(lr))))
			continue;
		if (best < 0 || lr_prio(lr) < lr_prio(h->lr[best]))
			best = (int)i;
	}
	if (best >= 0) {
		uint64_t lr = h->lr[best];
		uint8_t m = group_prio_mask(h, lr_group(lr));
		uint8_t run = gich_running(h);

		if (lr_prio(lr) >= h->vmcr >> 24)
			return -1;
		if (run != 0xff && (lr_prio(lr) & m) >= (run & m))
			return -1;
	}
	return best;
}

uint32_t gich_ack(struct gich *h, unsigned group)
{
	int i = gich_signalled(h);
	unsigned ap;

	if (i < 0 || lr_group(h->lr[i]) != group)
		return GICH_SPURIOUS;
	h->lr[i] &= ~LR_STATE;
	if ((uint32_t)h->lr[i] < FIRST_LPI || h->lpi_goes_active)
		h->lr[i] |= LR_ACTIVE;
	ap = (unsigned)(lr_prio(h->lr[i]) & group_prio_mask(h, group)) >>
	     (8 - h->pre_bits);
	h->ap[group][ap / 32] |= 1U << (ap % 32);
	return (uint32_t)h->lr[i];
}

static int find_active(const struct gich *h, uint32_t intid)
{
	for (unsigned i = 0; i < h->nr_lr; i++) {
		if ((h->lr[i] & LR_ACTIVE) && (uint32_t)h->lr[i] == intid)
			return (int)i;
	}
	return -1;
}

static void deactivate(struct gich *h, uint32_t intid, int group, int prio)
{
	int i = find_active(h, intid);

	if (i < 0) {
		h->hcr = (h->hcr & ~(31U << 27)) |
			 ((h->hcr + (1U << 27)) & (31U << 27));
		return;
	}
	if (group >= 0 &&
	    (lr_group(h->lr[i]) != (unsigned)group ||
	     (lr_prio(h->lr[i]) & group_prio_mask(h, (unsigned)group)) != prio))
		return; /* not the interrupt whose priority was dropped */
	if ((h->lr[i] & LR_HW) && h->deactivated)
		h->deactivated(h->ctx, (h->lr[i] >> 32) & 0x1fff);
	h->lr[i] &= ~LR_ACTIVE;
}

/* Clears the highest active priority and returns it, or -1. */
static int priority_drop(struct gich *h)
{
	for (unsigned i = 0; i < 1U << (h->pre_bits - 5); i++) {
		uint32_t a0 = h->ap[0][i];
		uint32_t a1 = h->ap[1][i];
		unsigned bit;

		if (!(a0 | a1))
			continue;
		bit = (unsigned)__builtin_ctz(a0 | a1);
		if (a0 & (1U << bit))
			h->ap[0][i] &= ~(1U << bit);
		else
			h->ap[1][i] &= ~(1U << bit);
		return (int)((i * 32 + bit) << (8 - h->pre_bits));
	}
	return -1;
}

void gich_eoi(struct gich *h, unsigned group, uint32_t intid)
{
	int prio;

	if (intid >= 1020 && intid < FIRST_LPI)
		return;
	prio = priority_drop(h);
	if (prio < 0)
		return;
	if (intid >= FIRST_LPI) {
		if (h->lpi_goes_active)
			deactivate(h, intid, (int)group, prio);
		return;
	}
	if (!(h->vmcr & (1U << 9)) ||
	    (h->counts_drops && find_active(h, intid) < 0))
		deactivate(h, intid, (int)group, prio);
}

bool gich_dir(struct gich *h, uint32_t intid)
{
	if (h->hcr & ((1U << 14) | (1U << 10)))
		return false;
	if (intid < 1020 && (h->vmcr & (1U << 9)))
		deactivate(h, intid, -1, 0);
	return true;
}

int gich_find(const struct gich *h, uint32_t intid)
{
	for (unsigned i = 0; i < h->nr_lr; i++) {
		if ((h->lr[i] & LR_STATE) && (uint32_t)h->lr[i] == intid)
			return (int)i;
	}
	return -1;
}

/* ------------------------------------------------------- status registers */

uint32_t gich_eisr(const struct gich *h)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < h->nr_lr; i++) {
		if (!(h->lr[i] & (LR_STATE | LR_HW)) && (h->lr[i] & LR_EOI))
			v |= 1U << i;
	}
	return v;
}

uint32_t gich_elrsr(const struct gich *h)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < h->nr_lr; i++) {
		if (!(h->lr[i] & LR_STATE) &&
		    ((h->lr[i] & LR_HW) || !(h->lr[i] & LR_EOI)))
			v |= 1U << i;
	}
	return v;
}

uint32_t gich_misr(const struct gich *h)
{
	unsigned valid = 0;
	unsigned pending = 0;
	uint32_t v;

	if (!(h->hcr & 1))
		return 0;
	for (unsigned i = 0; i < h->nr_lr; i++) {
		valid += (h->lr[i] & LR_STATE) != 0;
		pending += (h->lr[i] & LR_STATE) == LR_PENDING;
	}
	v = gich_eisr(h) ? 1 : 0;
	v |= (h->hcr & 2) && valid <= 1 ? 2 : 0;
	v |= (h->hcr & 4) && (h->hcr >> 27) ? 4 : 0;
	v |= (h->hcr & 8) && !pending ? 8 : 0;
	v |= (h->hcr & 0x10) && (h->vmcr & 1) ? 0x10 : 0;
	v |= (h->hcr & 0x20) && !(h->vmcr & 1) ? 0x20 : 0;
	v |= (h->hcr & 0x40) && (h->vmcr & 2) ? 0x40 : 0;
	v |= (h->hcr & 0x80) && !(h->vmcr & 2) ? 0x80 : 0;
	return v;
}

/* ------------------------------------------------ the hypervisor's accessors
 */

void ich_isb(void)
{
	gich->unsynced = false;
}

static void synced(void)
{
	if (gich->unsynced)
		die("status read without isb after a list register write");
}

uint64_t ich_read_vtr(void)
{
	return (gich->nr_lr - 1) | (uint64_t)gich->tds << 19 |
	       UINT64_C(1) << 21 | (uint64_t)(gich->pre_bits - 1) << 26 |
	       (uint64_t)(gich->pri_bits - 1) << 29;
}

uint64_t ich_read_hcr(void)
{
	return gich->hcr;
}

void ich_write_hcr(uint64_t v)
{
	if (!gich->tds && (v & (1U << 14)))
		die("TDIR written where ICH_VTR.TDS is 0");
	gich->hcr = (uint32_t)v;
}

uint64_t ich_read_misr(void)
{
	synced();
	return gich_misr(gich);
}

uint64_t ich_read_eisr(void)
{
	synced();
	return gich_eisr(gich);
}

uint64_t ich_read_elrsr(void)
{
	synced();
	return gich_elrsr(gich);
}

uint64_t ich_read_vmcr(void)
{
	return gich->vmcr;
}

void ich_write_vmcr(uint64_t v)
{
	gich->vmcr = (uint32_t)v;
}

uint64_t ich_read_lr(unsigned n)
{
	if (n >= gich->nr_lr)
		die("no such list register");
	return gich->lr[n];
}

void ich_write_lr(unsigned n, uint64_t v)
{
	if (n >= gich->nr_lr)
		die("no such list register");
	if ((v & LR_HW) && (v & LR_STATE) == LR_STATE)
		die("pending and active with HW set");
	gich->lr[n] = v;
	gich->nr_lr_writes++;
	gich->unsynced = true;
}

void (*gich_before_or)(void);

void ich_or_lr(unsigned n, uint64_t v)
{
	if (gich_before_or)
		gich_before_or();
	ich_write_lr(n, ich_read_lr(n) | v);
}

static uint32_t *apr(unsigned group, unsigned n)
{
	if (n >= 1U << (gich->pre_bits - 5))
		die("no such active priority register");
	return &gich->ap[group][n];
}

uint64_t ich_read_ap0r(unsigned n)
{
	return *apr(0, n);
}

void ich_write_ap0r(unsigned n, uint64_t v)
{
	*apr(0, n) = (uint32_t)v;
}

uint64_t ich_read_ap1r(unsigned n)
{
	return *apr(1, n);
}

void ich_write_ap1r(unsigned n, uint64_t v)
{
	*apr(1, n) = (uint32_t)v;
}
