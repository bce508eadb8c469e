/*
 * What a VM node of a manifest says of physical CPUs: which ones its vCPUs may
 * use, and the share of them -> struct vm_config.
 *
 * Leaves out: whether reservations of several VMs fit onto a pCPU; the
 * scheduler knows that (sched_place()).
 * Specification: docs/manifest.md, properties pcpus, weight, reservation.
 * Called by hyp/manifest_vm.c. No locks.
 */
#include <errno.h>
#include <libfdt.h>

#include <hyp/manifest_vm.h>
#include <hyp/sched.h>

#define PERIOD_MIN_US 1000U
#define PERIOD_MAX_US 1000000U
#define BUDGET_MIN_US 100U

static bool listed_before(const struct vm_config *cfg, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (cfg->pcpus[i] == cfg->pcpus[n])
			return true;
	return false;
}

static int check_pcpu(const struct manifest_reader *r, uint32_t n,
		      const struct vm_config *cfg, unsigned i)
{
	unsigned nr = r->host->nr_cpus;

	if (nr && cfg->pcpus[i] >= nr) {
		return dt_fail(&r->d, n, "pcpus",
			       "%u, but the machine has %u CPUs", cfg->pcpus[i],
			       nr);
	}
	if (listed_before(cfg, i))
		return dt_fail(&r->d, n, "pcpus", "%u is listed twice",
			       cfg->pcpus[i]);
	return 0;
}

static int read_pcpus(const struct manifest_reader *r, uint32_t n,
		      struct manifest_vm *vm)
{
	struct vm_config *cfg = &vm->config;
	int len = 0, err = 0;
	const uint32_t *cells = dt_prop(&r->d, n, "pcpus", &len);

	if (!cells)
		return 0;
	if (len == 0 || len % 4)
		return dt_fail(&r->d, n, "pcpus", "must be a list of cells");
	cfg->pcpus = arena_array(&vm->arena, (unsigned)len / 4,
				 sizeof(*cfg->pcpus), sizeof(*cfg->pcpus));
	if (!cfg->pcpus)
		return dt_nomem(&r->d);
	for (unsigned i = 0; i < (unsigned)len / 4 && !err; i++) {
		cfg->pcpus[i] = dt_cell(&cells[i]);
		err = check_pcpu(r, n, cfg, i);
		cfg->nr_pcpus++;
	}
	return err;
}

static int read_weight(const struct manifest_reader *r, uint32_t n,
		       struct vm_share *share)
{
	int err;

	share->weight = VM_WEIGHT_DEFAULT;
	if (!dt_has(&r->d, n, "weight"))
		return 0;
	err = dt_u32(&r->d, n, "weight", &share->weight);
	if (!err && (share->weight == 0 || share->weight > VM_WEIGHT_MAX))
		err = dt_fail(&r->d, n, "weight", "%u is not from 1 to %u",
			      share->weight, VM_WEIGHT_MAX);
	return err;
}

/* reservation = <budget period>, microseconds. */
static int read_reservation(const struct manifest_reader *r, uint32_t n,
			    struct vm_share *share)
{
	int len = 0;
	const uint32_t *cells = dt_prop(&r->d, n, "reservation", &len);

	if (!cells)
		return 0;
	if (len != 8)
		return dt_fail(&r->d, n, "reservation",
			       "is %d bytes long, must be 8", len);
	share->budget_us = dt_cell(&cells[0]);
	share->period_us = dt_cell(&cells[1]);
	if (share->period_us < PERIOD_MIN_US ||
	    share->period_us > PERIOD_MAX_US) {
		return dt_fail(&r->d, n, "reservation",
			       "period %u is not from %u to %u us",
			       share->period_us, PERIOD_MIN_US, PERIOD_MAX_US);
	}
	if (share->budget_us < BUDGET_MIN_US ||
	    share->budget_us * UINT64_C(1000000) >
		    share->period_us * (uint64_t)SCHED_RESERVED_PPM) {
		return dt_fail(&r->d, n, "reservation",
			       "budget %u us is not from %u to %u %% of %u",
			       share->budget_us, BUDGET_MIN_US,
			       SCHED_RESERVED_PPM / 10000, share->period_us);
	}
	return 0;
}

int manifest_read_share(const struct manifest_reader *r, uint32_t n,
			struct manifest_vm *vm)
{
	int err = read_pcpus(r, n, vm);

	if (!err)
		err = read_weight(r, n, &vm->config.share);
	if (!err)
		err = read_reservation(r, n, &vm->config.share);
	return err;
}
