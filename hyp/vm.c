/*
 * Creation and destruction of a VM: one function a part, in the order in which
 * the parts need each other; contract in vm.h. What its life is between the two
 * is lifecycle.c. Arm ARM DDI 0487, HCR_EL2, for the traps that guests run
 * under.
 */
#include <errno.h>
#include <port/el1.h>
#include <port/gicc.h>
#include <string.h>

#include <base/fmt.h>

#include <arch/aarch64/idreg_hw.h>
#include <arch/aarch64/inject.h>
#include <arch/aarch64/maint.h>
#include <arch/aarch64/vits.h>

#include <hyp/firmware.h>
#include <hyp/hypervisor.h>
#include <hyp/lifecycle.h>
#include <hyp/run.h>
#include <hyp/trap.h>
#include <hyp/vm.h>
#include <hyp/vm_devices.h>
#include <hyp/vm_dt.h>
#include <hyp/vm_memory.h>

/* HCR_EL2: Arm ARM DDI 0487. What is trapped has an answer in hyp/trap.c. */
#define HCR_VM    BIT(0) /* stage 2 on */
#define HCR_SWIO  BIT(1) /* set/way invalidate becomes clean+invalidate */
#define HCR_PTW   BIT(2) /* a walk through Device memory faults */
#define HCR_FMO   BIT(3)
#define HCR_IMO   BIT(4)
#define HCR_AMO   BIT(5)
#define HCR_FB    BIT(9)  /* a vCPU's own TLB maintenance reaches all pCPUs */
#define HCR_BSU   BIT(10) /* and its barriers wait until it has */
#define HCR_TID3  BIT(18) /* ID registers: where something must be hidden */
#define HCR_TSC   BIT(19) /* SMC */
#define HCR_TIDCP BIT(20) /* implementation defined registers */
#define HCR_TACR  BIT(21) /* ACTLR_EL1 */
#define HCR_RW    BIT(31) /* EL1 is AArch64 */
#define HCR_TLOR  BIT(35) /* limited ordering regions: there are none */
#define HCR_TERR  BIT(36) /* RAS error records: there are none */
#define HCR_APK   BIT(40) /* PAuth keys are the guest's */
#define HCR_API   BIT(41) /* PAuth instructions too */
#define HCR_TID5  BIT(58) /* GMID_EL1: MTE is hidden */
#define HCR_GUEST                                                              \
	(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB |  \
	 HCR_BSU | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_RW | HCR_TLOR |        \
	 HCR_TERR | HCR_APK | HCR_API | HCR_TID5)

static void *pages_alloc(void *ctx, uint64_t nr)
{
	return page_alloc_contig(ctx, nr);
}

/* A VM's memory goes back without anything of its in it. */
static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	memset(pages, 0, nr * PAGE_SIZE);
	page_free_contig(ctx, pages, nr);
}

static int create_idregs(struct vm *vm)
{
	const struct idreg_limits limits = {
		.ipa_bits = (unsigned)max_u64(32, vm_memory_ipa_bits(vm)),
		.pmu = vm->cfg->pmu && vm->hyp->ppi.pmu < GICC_SPURIOUS,
		.sve = vm->hyp->sve_lengths != 0,
	};
	uint64_t *regs =
		arena_array(&vm->arena, IDREG_NR, sizeof(*regs), sizeof(*regs));

	if (!regs)
		return -ENOMEM;
	idreg_sanitise(vm->hyp->hw_idregs, &limits, regs);
	vm->trap_idregs = idreg_must_trap(vm->hyp->hw_idregs, regs);
	if (!vm->trap_idregs) /* what the guest reads */
		memcpy(regs, vm->hyp->hw_idregs, IDREG_NR * sizeof(*regs));
	vm->idregs = regs;
	vm->pmu = idreg_has_pmu(regs);
	vm->inject_features = inject_features(regs);
	return 0;
}

static void vgic_kick(void *who)
{
	vcpu_kick(who);
}

static void vgic_hw_deactivate(void *ctx, uint32_t pintid)
{
	(void)ctx;
	gicc_deactivate(pintid);
}

static bool vgic_hw_line(void *ctx, unsigned vcpu, uint32_t intid)
{
	(void)ctx;
	(void)vcpu;
	if (intid == VM_TIMER_VIRT_INTID)
		return el1_vtimer_asserts();
	return intid == VM_PMU_INTID ? pmu_asserts() : el1_ptimer_asserts();
}

static int vgic_ram_read(void *ctx, ipa_t at, void *dst, uint64_t len)
{
	struct vm *vm = ctx;

	return gmem_read(&vm->mem, at, dst, len);
}

static int vgic_ram_write(void *ctx, ipa_t at, const void *src, uint64_t len)
{
	struct vm *vm = ctx;

	return gmem_write(&vm->mem, at, src, len);
}

static void vgic_exit_again(void *ctx, unsigned vcpu)
{
	struct vm *vm = ctx;

	gicc_send(vm->vcpus[vcpu]->cpu->kick);
}

static const struct vgic_ops vgic_ops = {
	.kick = vgic_kick,
	.hw_deactivate = vgic_hw_deactivate,
	.hw_line = vgic_hw_line,
	.ram_read = vgic_ram_read,
	.ram_write = vgic_ram_write,
	.exit_again = vgic_exit_again,
};

static void *from_arena(void *ctx, uint64_t size, uint64_t align)
{
	return arena_alloc(ctx, size, align);
}

/* One redistributor region of several: its frames follow those before it. */
struct gicr_region {
	struct vgic *vgic;
	uint64_t first; /* byte offset of its first frame among all */
};

static int gicr_mmio(void *dev, struct mmio_op *op)
{
	const struct gicr_region *r = dev;

	op->offset += r->first;
	return vgic_redist_mmio(r->vgic, op);
}

/* The frames from vCPU `first` on that are at `region`, as far as reads of them
 * do nothing. */
static int show_redistributors(struct vm *vm, const struct mmio_region *region,
			       uint64_t first)
{
	const void *id = vgic_id_page(vm->vgic, true);
	int err = 0;

	for (uint64_t at = 0; at < region->size && !err; at += VM_GICR_FRAME) {
		unsigned i = (unsigned)((first + at) / VM_GICR_FRAME);
		ipa_t rd = ipa_add(region->base, at);

		err = vm_memory_show(vm, rd, vgic_redist_page(vm->vgic, i));
		if (!err)
			err = vm_memory_show(vm, ipa_add(rd, VGIC_ID_PAGE), id);
	}
	return err;
}

static int add_redistributors(struct vm *vm)
{
	uint64_t done = 0, all = vm->nr_vcpus * VM_GICR_FRAME;
	struct gicr_region *g = arena_array(&vm->arena, vm->cfg->nr_gicr,
					    sizeof(*g), sizeof(uint64_t));
	int err = g ? 0 : -ENOMEM;

	for (unsigned i = 0; i < vm->cfg->nr_gicr && done < all && !err; i++) {
		const struct vm_range *r = &vm->cfg->gicr[i];
		const struct mmio_region region = {
			.base = r->base,
			.size = min_u64(align_down(r->size, VM_GICR_FRAME),
					all - done),
			.access = gicr_mmio,
			.dev = &g[i],
			.name = "GICR",
		};

		g[i] = (struct gicr_region){vm->vgic, done};
		err = mmio_bus_add(&vm->bus, &region);
		if (err)
			break;
		done += region.size;
		/* A guest walks each region until it meets this. */
		vgic_redist_last(vm->vgic,
				 (unsigned)(done / VM_GICR_FRAME) - 1);
		err = show_redistributors(vm, &region, done - region.size);
	}
	return err;
}

static int add_its(struct vm *vm)
{
	const struct mmio_region its = {
		.base = vm->cfg->its.base,
		.size = vm->cfg->its.size,
		.access = vits_mmio,
		.dev = vm->vgic,
		.name = "GITS",
	};

	return its.size ? mmio_bus_add(&vm->bus, &its) : 0;
}

static int create_gic(struct vm *vm)
{
	const struct vgic_config cfg = {
		.nr_vcpus = vm->nr_vcpus,
		.mpidr = vm->cfg->mpidr,
		.nr_spis = vm->cfg->nr_spis,
		.its = vm->cfg->its.size != 0,
		.ops = &vgic_ops,
		.ctx = vm,
		.alloc = from_arena,
		.alloc_ctx = &vm->arena,
	};
	const struct mmio_region gicd = {
		.base = vm->cfg->gicd.base,
		.size = vm->cfg->gicd.size,
		.access = vgic_dist_mmio,
		.name = "GICD",
	};
	struct mmio_region r = gicd;
	int err = vgic_create(&cfg, &vm->vgic);

	r.dev = vm->vgic;
	if (!err)
		err = mmio_bus_add(&vm->bus, &r);
	if (!err)
		err = vm_memory_show(vm, ipa_add(r.base, VGIC_ID_PAGE),
				     vgic_id_page(vm->vgic, false));
	if (!err)
		err = add_redistributors(vm);
	return err ? err : add_its(vm);
}

static int create_firmware(struct vm *vm)
{
	struct psci_ops ops = firmware_psci_ops(vm);
	struct mpidr_map map;
	uint16_t *slots = arena_array(&vm->arena, mpidr_map_slots(vm->nr_vcpus),
				      sizeof(*slots), sizeof(*slots));
	struct psci_vcpu *states =
		arena_array(&vm->arena, vm->nr_vcpus, sizeof(*states), 64);
	int err;

	if (!slots || !states)
		return -ENOMEM;
	err = mpidr_map_init(&map, vm->cfg->mpidr, vm->nr_vcpus, slots);
	if (err)
		return err;
	psci_init(&vm->fw.psci, &ops, &map, states);
	vm->fw.workarounds =
		smccc_workarounds_of(idreg_midr(), vm->hyp->hw_idregs);
	vm->fw.ops = firmware_smccc_ops(vm);
	return 0;
}

/* Its vectors, for a vCPU of a machine that has them. */
static int add_vectors(struct vm *vm, struct vcpu *v)
{
	uint32_t lengths = vm->hyp->sve_lengths;

	if (!lengths)
		return 0;
	v->sve.nr_quads = bit_highest(lengths) + 1;
	v->sve.regs =
		arena_alloc(&vm->arena, SVE_REGS_SIZE(v->sve.nr_quads), 64);
	return v->sve.regs ? 0 : -ENOMEM;
}

static int create_vcpu(struct vm *vm, unsigned i)
{
	struct vcpu *v = arena_alloc(&vm->arena, sizeof(*v), 64);

	if (!v)
		return -ENOMEM;
	v->vm = vm;
	v->idx = i;
	v->state = VCPU_OFF;
	v->regs.whole = true;
	v->regs.idregs = vm->idregs;
	trap_init(v);
	v->gic = vgic_cpu_of(vm->vgic, i);
	vgic_attach(vm->vgic, i, v, &v->vgic_stale);
	v->control = (struct vcpu_control){
		.hcr_el2 = HCR_GUEST | (vm->trap_idregs ? HCR_TID3 : 0),
		.vmpidr_el2 = vm->cfg->mpidr[i] | MPIDR_RES1,
		.vpidr_el2 = idreg_midr(),
		.vtcr_el2 = s2_vtcr(&vm->s2, vm_memory_parange(vm->hyp)),
		.vttbr_el2 = s2_vttbr(&vm->s2, vm->vmid),
	};
	vm->vcpus[i] = v;
	return add_vectors(vm, v);
}

static int create_vcpus(struct vm *vm)
{
	int err = 0;

	vm->vcpus = arena_array(&vm->arena, vm->nr_vcpus, sizeof(struct vcpu *),
				sizeof(struct vcpu *));
	if (!vm->vcpus)
		return -ENOMEM;
	vm->last_ran = arena_array(&vm->arena, vm->hyp->nr_cpus,
				   sizeof(*vm->last_ran), sizeof(uint16_t));
	if (!vm->last_ran)
		return -ENOMEM;
	for (unsigned i = 0; i < vm->hyp->nr_cpus; i++)
		vm->last_ran[i] = UINT16_MAX;
	for (unsigned i = 0; i < vm->nr_vcpus && !err; i++)
		err = create_vcpu(vm, i);
	return err;
}

static int place_vcpus(struct vm *vm)
{
	const struct vm_share *s = &vm->cfg->share;
	const struct runq_share share = {
		.weight = s->weight ? s->weight : VM_WEIGHT_DEFAULT,
		.budget = hyp_ticks(vm->hyp, s->budget_us),
		.period = hyp_ticks(vm->hyp, s->period_us),
	};
	int err = 0;

	for (unsigned i = 0; i < vm->nr_vcpus && !err; i++)
		err = sched_place(vm->vcpus[i], &share);
	if (err)
		log_err("VM %s: its CPUs have no room for its reservation",
			vm->cfg->name);
	return err;
}

/* For the parts that do not say themselves why they fail. */
static int explain(const struct vm *vm, const char *what, int err)
{
	if (err)
		log_err("VM %s: %s: cannot be created: %d", vm->cfg->name, what,
			err);
	return err;
}

/* A kernel whose pages the CPUs do not know would stop without a word. */
static int check_pages(const struct vm *vm)
{
	unsigned shift = vm->plan.page_shift;

	if (!shift || idreg_has_granule(vm->idregs, shift))
		return 0;
	log_err("VM %s: %s: Image has pages of %u KiB, which these CPUs do not "
		"have",
		vm->cfg->name, vm->cfg->kernel.node, 1U << (shift - 10));
	return -EINVAL;
}

static int plan_images(struct vm *vm)
{
	char line[FMT_LINE_MAX];
	int err;

	vm->dtb_cap = align_up(vm_dt_capacity(vm->cfg), 8);
	vm->dtb = arena_alloc(&vm->arena, vm->dtb_cap, 8);
	if (!vm->dtb)
		return explain(vm, "device tree", -ENOMEM);
	err = loader_place(&vm->plan, vm->cfg, vm->dtb_cap, line, sizeof(line));
	if (err)
		log_err("%s", line);
	return err ? err : check_pages(vm);
}

static int create_parts(struct vm *vm)
{
	int err;

	mmio_bus_init(&vm->bus, &vm->arena);
	err = explain(vm, "ID registers", create_idregs(vm));
	if (!err)
		err = plan_images(vm);
	if (!err)
		err = vm_memory_create(vm);
	if (!err)
		err = explain(vm, "GIC", create_gic(vm));
	if (!err)
		err = explain(vm, "PSCI", create_firmware(vm));
	if (!err)
		err = explain(vm, "vCPUs", create_vcpus(vm));
	if (!err)
		err = place_vcpus(vm);
	if (!err)
		err = vm_devices_create(vm);
	if (!err)
		err = explain(vm, "MMIO index", mmio_bus_seal(&vm->bus));
	if (!err)
		err = explain(vm, "virtio slots", vm_devices_show(vm));
	if (!err)
		err = vm_memory_promise(vm);
	return err;
}

/* All that vm_create() makes. */
static void clear(struct vm *vm)
{
	memset(&vm->vcpus, 0, sizeof(*vm) - offsetof(struct vm, vcpus));
}

int vm_create(struct vm *vm, struct hypervisor *hyp,
	      const struct vm_config *cfg, uint16_t vmid)
{
	const struct arena_env env = {pages_alloc, pages_free, &hyp->pages};
	int err;

	clear(vm);
	if (!vm->hyp)
		vm_life_init(vm);
	vm->hyp = hyp;
	vm->cfg = cfg;
	vm->vmid = vmid;
	vm->nr_vcpus = cfg->nr_vcpus;
	vm->pv.range = pvtime_place(cfg);
	arena_init(&vm->arena, &env);
	if (vm->state == VM_ABSENT)
		vm->state = vm->want = VM_OFF;
	err = create_parts(vm);
	if (err)
		vm_destroy(vm);
	return err;
}

void vm_destroy(struct vm *vm)
{
	for (unsigned i = 0; vm->vcpus && i < vm->nr_vcpus; i++)
		if (vm->vcpus[i])
			sched_unplace(vm->vcpus[i]);
	vm_devices_destroy(vm);
	vm_memory_destroy(vm);
	arena_destroy(&vm->arena);
	clear(vm);
	if (vm->state != VM_BUSY)
		vm->state = vm->want = VM_ABSENT;
}
