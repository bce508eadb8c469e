/*
 * The default hardware of a VM: the map that QEMU's virt machine made
 * familiar, for guests that bring no device tree of their own.
 *
 * Leaves out: modules and boot arguments, which the manifest names.
 * Specifications: GICv3 IHI 0069 (frames, SPI numbering); Arm ARM DDI 0487,
 * MPIDR_EL1 (16 vCPUs to Aff1, what ICC_SGI1R_EL1.TargetList can name).
 * Called by hyp/manifest.c. No locks.
 */
#include <errno.h>

#include <hyp/arena.h>
#include <hyp/vm_config.h>

bool vm_config_allows_pcpu(const struct vm_config *cfg, unsigned pcpu)
{
	for (unsigned i = 0; i < cfg->nr_pcpus; i++)
		if (cfg->pcpus[i] == pcpu)
			return true;
	return !cfg->pcpus;
}

uint64_t vm_config_ram_size(const struct vm_config *cfg)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < cfg->nr_ram; i++)
		size += cfg->ram[i].size;
	return size;
}

unsigned vm_config_spis_for(uint32_t intid)
{
	return (intid - VM_SPI_FIRST + 32) & ~31U;
}

unsigned vm_config_spis_needed(unsigned nr_virtio)
{
	return nr_virtio ? vm_config_spis_for(VM_VIRTIO_INTID(nr_virtio - 1))
			 : VM_SPIS_DEFAULT;
}

static bool hw_bad(const struct vm_hw *hw)
{
	uint64_t base = hw->ram_base.v;

	return hw->nr_vcpus == 0 || hw->nr_vcpus > VM_VCPUS_MAX ||
	       hw->nr_virtio > VM_SPIS_MAX || hw->nr_spis > VM_SPIS_MAX ||
	       !is_aligned(hw->nr_spis, 32) ||
	       hw->nr_spis < vm_config_spis_needed(hw->nr_virtio) ||
	       !is_aligned(base | hw->ram_size, VM_RAM_ALIGN) ||
	       hw->ram_size == 0 ||
	       !range_within(base, hw->ram_size, VM_DEVICES_END,
			     VM_RAM_END - VM_DEVICES_END);
}

/* 16 vCPUs to each Aff1 value. */
static void fill_mpidr(struct vm_config *cfg)
{
	for (unsigned i = 0; i < cfg->nr_vcpus; i++)
		cfg->mpidr[i] = (uint64_t)(i / 16) << 8 | i % 16;
}

static void fill_gic(struct vm_config *cfg, unsigned nr_vcpus)
{
	cfg->gicd = (struct vm_range){{VM_GICD_BASE}, VM_GICD_SIZE};
	cfg->gicr[0] =
		(struct vm_range){{VM_GICR_BASE}, VM_GICR_NR * VM_GICR_FRAME};
	if (nr_vcpus <= VM_GICR_NR)
		return;
	cfg->gicr[1] = (struct vm_range){
		{VM_GICR_HIGH_BASE}, (nr_vcpus - VM_GICR_NR) * VM_GICR_FRAME};
}

static void fill_virtio(struct vm_config *cfg)
{
	for (unsigned i = 0; i < cfg->nr_virtio; i++) {
		cfg->virtio[i] = (struct vm_virtio){
			.regs = {{VM_VIRTIO_BASE + i * VM_VIRTIO_SIZE},
				 VM_VIRTIO_SIZE},
			.intid = VM_VIRTIO_INTID(i),
		};
	}
}

static bool alloc_arrays(struct vm_config *cfg, struct arena *a)
{
	cfg->mpidr = arena_array(a, cfg->nr_vcpus, sizeof(*cfg->mpidr),
				 _Alignof(uint64_t));
	cfg->ram = arena_array(a, cfg->nr_ram, sizeof(*cfg->ram),
			       _Alignof(struct vm_range));
	cfg->gicr = arena_array(a, cfg->nr_gicr, sizeof(*cfg->gicr),
				_Alignof(struct vm_range));
	cfg->virtio = arena_array(a, cfg->nr_virtio, sizeof(*cfg->virtio),
				  _Alignof(struct vm_virtio));
	return cfg->mpidr && cfg->ram && cfg->gicr && cfg->virtio;
}

int vm_config_default_hw(struct vm_config *cfg, const struct vm_hw *hw,
			 struct arena *a)
{
	if (hw_bad(hw))
		return -EINVAL;
	cfg->nr_vcpus = hw->nr_vcpus;
	cfg->nr_ram = 1;
	cfg->nr_gicr = hw->nr_vcpus > VM_GICR_NR ? 2 : 1;
	cfg->nr_virtio = hw->nr_virtio;
	cfg->nr_spis = hw->nr_spis;
	cfg->pmu = hw->pmu;
	if (!alloc_arrays(cfg, a))
		return -ENOMEM;
	fill_mpidr(cfg);
	cfg->ram[0] = (struct vm_range){hw->ram_base, hw->ram_size};
	fill_gic(cfg, hw->nr_vcpus);
	if (hw->its)
		cfg->its = (struct vm_range){{VM_ITS_BASE}, VM_ITS_SIZE};
	cfg->uart = (struct vm_range){{VM_UART_BASE}, VM_DEV_SIZE};
	cfg->uart_intid = VM_UART_INTID;
	cfg->rtc = (struct vm_range){{VM_RTC_BASE}, VM_DEV_SIZE};
	cfg->rtc_intid = VM_RTC_INTID;
	if (hw->watchdog)
		cfg->wdt = (struct vm_range){{VM_WDT_BASE}, VM_WDT_SIZE};
	cfg->wdt_intid = VM_WDT_INTID;
	fill_virtio(cfg);
	return 0;
}
