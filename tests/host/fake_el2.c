/* Host stand-ins for the EL2 edge: see the port/ headers of tests/host. */
#include <port/el1.h>
#include <port/gicc.h>
#include <port/this_cpu.h>

#include <arch/aarch64/context.h>
#include <arch/aarch64/idreg_hw.h>
#include <arch/aarch64/maint.h>

struct fake_gicc fake_gicc;
struct fake_el1 fake_el1;
struct cpu *fake_this_cpu;

uint32_t gicc_ack(void)
{
	return fake_gicc.next < fake_gicc.nr_pending
		       ? fake_gicc.pending[fake_gicc.next++]
		       : GICC_SPURIOUS;
}

void gicc_drop(uint32_t intid)
{
	fake_gicc.dropped[fake_gicc.nr_dropped++ % 16] = intid;
}

void gicc_deactivate(uint32_t intid)
{
	fake_gicc.deactivated[fake_gicc.nr_deactivated++ % 16] = intid;
}

void gicc_send_sgi(uint64_t mpidr, uint32_t intid)
{
	fake_gicc.sgi_mpidr[fake_gicc.nr_sgi % 16] = mpidr;
	fake_gicc.sgi[fake_gicc.nr_sgi++ % 16] = intid;
}

void cpu_wfi(void)
{
	fake_gicc.nr_wfi++;
}

#define FAKE_READ(name)                                                        \
	uint64_t el1_read_##name(void)                                         \
	{                                                                      \
		return fake_el1.name;                                          \
	}
#define FAKE_WRITE(name)                                                       \
	void el1_write_##name(uint64_t v)                                      \
	{                                                                      \
		fake_el1.name = v;                                             \
	}

FAKE_READ(sctlr)
FAKE_READ(vbar)
FAKE_READ(elr)
FAKE_READ(spsr)
FAKE_READ(far)
FAKE_WRITE(elr)
FAKE_WRITE(spsr)
FAKE_WRITE(esr)
FAKE_WRITE(far)

uint64_t fault_far(void)
{
	return fake_el1.far_el2;
}

uint64_t fault_hpfar(void)
{
	fake_el1.hpfar_reads++;
	return fake_el1.hpfar_el2;
}

bool el1_vtimer_asserts(void)
{
	return fake_el1.vtimer;
}

bool el1_ptimer_asserts(void)
{
	return fake_el1.ptimer;
}

void el1_context_save(struct el1_context *c)
{
	(void)c;
}

void el1_context_restore(const struct el1_context *c)
{
	(void)c;
}

void fp_context_save(struct fp_context *c)
{
	(void)c;
}

void fp_context_restore(const struct fp_context *c)
{
	(void)c;
}

void vcpu_control_load(const struct vcpu_control *c)
{
	(void)c;
}

void tlb_flush_vmid(uint64_t vttbr)
{
	(void)vttbr;
}

void tlb_flush_ipa(uint64_t vttbr, ipa_t ipa, uint64_t size)
{
	(void)vttbr;
	(void)ipa;
	(void)size;
}

void dcache_clean_poc(const void *p, uint64_t len)
{
	(void)p;
	(void)len;
}

void icache_sync_poc(const void *p, uint64_t len)
{
	(void)p;
	(void)len;
}

void el2_map_sync(void)
{
}

uint64_t counter_now(void)
{
	return 0x1000;
}

void idreg_read_hw(uint64_t hw[IDREG_NR])
{
	for (unsigned i = 0; i < IDREG_NR; i++)
		hw[i] = 0;
	hw[IDREG(7, 0)] = 2; /* PARange: 40 bits */
}

uint64_t idreg_midr(void)
{
	return 0x411fd070;
}
