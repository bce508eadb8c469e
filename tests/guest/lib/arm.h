/*
 * The guest payloads' view of the CPU: system-register accessors, barriers
 * and memory-mapped accesses of exact size. Accessors hide no barrier.
 * Arm ARM DDI 0487; GICv3 IHI 0069 for the ICC_ registers.
 */
#ifndef PLINTH_GUEST_ARM_H
#define PLINTH_GUEST_ARM_H

#include <base/bits.h>

#define SYSREG_RO(name)                                                        \
	static inline uint64_t read_##name(void)                               \
	{                                                                      \
		uint64_t v;                                                    \
		__asm__ volatile("mrs %0, " #name : "=r"(v)::"memory");        \
		return v;                                                      \
	}
#define SYSREG_WO(name)                                                        \
	static inline void write_##name(uint64_t v)                            \
	{                                                                      \
		__asm__ volatile("msr " #name ", %0" ::"r"(v) : "memory");     \
	}
#define SYSREG_RW(name)                                                        \
	SYSREG_RO(name)                                                        \
	SYSREG_WO(name)

SYSREG_RO(currentel)
SYSREG_RO(mpidr_el1)
SYSREG_RO(midr_el1)
SYSREG_RO(ctr_el0)
SYSREG_RO(clidr_el1)
SYSREG_RO(ccsidr_el1)
SYSREG_RW(csselr_el1)
SYSREG_RO(dczid_el0)
SYSREG_RO(id_aa64isar0_el1)
SYSREG_RO(id_aa64isar1_el1)
SYSREG_RO(id_aa64mmfr0_el1)
SYSREG_RO(id_aa64pfr0_el1)
SYSREG_RW(sctlr_el1)
SYSREG_RW(mair_el1)
SYSREG_RW(tcr_el1)
SYSREG_RW(ttbr0_el1)
SYSREG_RW(vbar_el1)
SYSREG_RW(par_el1)
SYSREG_RW(tpidr_el1)
SYSREG_RW(contextidr_el1)
SYSREG_WO(oslar_el1)
SYSREG_RO(oslsr_el1)
SYSREG_RW(mdscr_el1)
SYSREG_RO(cntfrq_el0)
SYSREG_RO(cntvct_el0)
SYSREG_RO(cntpct_el0)
SYSREG_RW(cntv_ctl_el0)
SYSREG_RW(cntv_cval_el0)
SYSREG_RW(cntv_tval_el0)
SYSREG_RW(cntp_ctl_el0)
SYSREG_RW(cntp_cval_el0)
SYSREG_RO(isr_el1)
SYSREG_RW(daif)
SYSREG_RW(icc_sre_el1)
SYSREG_RW(icc_pmr_el1)
SYSREG_RW(icc_bpr1_el1)
SYSREG_RW(icc_ctlr_el1)
SYSREG_RW(icc_igrpen0_el1)
SYSREG_RW(icc_igrpen1_el1)
SYSREG_RO(icc_rpr_el1)
SYSREG_RO(icc_hppir1_el1)
SYSREG_RO(icc_iar0_el1)
SYSREG_RO(icc_iar1_el1)
SYSREG_WO(icc_eoir0_el1)
SYSREG_WO(icc_eoir1_el1)
SYSREG_WO(icc_dir_el1)
SYSREG_WO(icc_sgi0r_el1)
SYSREG_WO(icc_sgi1r_el1)

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline void dsb_sy(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

static inline void wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

/* For every spin: a round-robin emulator turns to the next CPU here. */
static inline void cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #3" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #3" ::: "memory");
}

/* Memory at an address that was computed, or read from a device tree. */
static inline void *ptr_of(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static inline uint64_t addr_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/*
 * One access by one plain instruction, so that a trapped access has a valid
 * syndrome; the compiler can neither split, merge nor drop it.
 */
#define MMIO_ACCESS(bits, type, suffix, reg)                                   \
	static inline type mmio_read##bits(uint64_t a)                         \
	{                                                                      \
		type v;                                                        \
		__asm__ volatile("ldr" suffix " %" reg "0, [%1]"               \
				 : "=r"(v)                                     \
				 : "r"(a)                                      \
				 : "memory");                                  \
		return v;                                                      \
	}                                                                      \
	static inline void mmio_write##bits(uint64_t a, type v)                \
	{                                                                      \
		__asm__ volatile("str" suffix " %" reg "0, [%1]" ::"r"(v),     \
				 "r"(a)                                        \
				 : "memory");                                  \
	}

MMIO_ACCESS(8, uint8_t, "b", "w")
MMIO_ACCESS(16, uint16_t, "h", "w")
MMIO_ACCESS(32, uint32_t, "", "w")
MMIO_ACCESS(64, uint64_t, "", "x")

#define MPIDR_AFFINITY (GENMASK(39, 32) | GENMASK(23, 0))

#define SCTLR_M    BIT(0)
#define SCTLR_C    BIT(2)
#define SCTLR_I    BIT(12)
#define SCTLR_RES1 UINT64_C(0x30d00800)

#endif
