/*
 * The virtual interface control registers of this CPU (EL2 build), GICv3/v4
 * IHI 0069 and Arm ARM DDI 0487, ICH_*_EL2. Only registers that ICH_VTR_EL2
 * says are implemented may be named; another one is UNDEFINED.
 *
 * No hidden synchronisation: after writing a list register call ich_isb()
 * before reading ICH_ELRSR, ICH_EISR or ICH_MISR. The exception return to the
 * guest synchronises by itself.
 *
 * List and active-priority registers are picked by comparisons: three for the
 * first four, of which most CPUs have no more, at most five; no indirect branch
 * (so no landing pads either).
 */
#ifndef PLINTH_PORT_GICH_H
#define PLINTH_PORT_GICH_H

#include <base/types.h>

#define ich_isb() __asm__ volatile("isb" ::: "memory")

#define ICH_RD(reg)                                                            \
	({                                                                     \
		uint64_t v_;                                                   \
		__asm__ volatile("mrs %0, ich_" #reg "_el2"                    \
				 : "=r"(v_)::"memory");                        \
		v_;                                                            \
	})
#define ICH_WR(reg, v)                                                         \
	__asm__ volatile("msr ich_" #reg "_el2, %0" ::"r"((uint64_t)(v))       \
			 : "memory")

#define ICH_GET(reg) return ICH_RD(reg)
#define ICH_SET(reg) ICH_WR(reg, v)

/* DO(<pre>k) for k = n, one of the four numbers in a row that are named. */
#define ICH_PICK4(n, DO, pre, a, b, c, d)                                      \
	do {                                                                   \
		if ((n) < (c)) {                                               \
			if ((n) < (b))                                         \
				DO(pre##a);                                    \
			else                                                   \
				DO(pre##b);                                    \
		} else {                                                       \
			if ((n) < (d))                                         \
				DO(pre##c);                                    \
			else                                                   \
				DO(pre##d);                                    \
		}                                                              \
	} while (0)

#define ICH_PICK16(n, DO, pre)                                                 \
	do {                                                                   \
		if ((n) < 4)                                                   \
			ICH_PICK4(n, DO, pre, 0, 1, 2, 3);                     \
		else if ((n) < 8)                                              \
			ICH_PICK4(n, DO, pre, 4, 5, 6, 7);                     \
		else if ((n) < 12)                                             \
			ICH_PICK4(n, DO, pre, 8, 9, 10, 11);                   \
		else                                                           \
			ICH_PICK4(n, DO, pre, 12, 13, 14, 15);                 \
	} while (0)

static inline uint64_t ich_read_vtr(void)
{
	ICH_GET(vtr);
}

static inline uint64_t ich_read_hcr(void)
{
	ICH_GET(hcr);
}

static inline void ich_write_hcr(uint64_t v)
{
	ICH_SET(hcr);
}

/* Why the maintenance interrupt is asserted. */
static inline uint64_t ich_read_misr(void)
{
	ICH_GET(misr);
}

/* List registers whose EOI maintenance interrupt is due. */
static inline uint64_t ich_read_eisr(void)
{
	ICH_GET(eisr);
}

/* List registers that hold nothing and owe no EOI maintenance interrupt. */
static inline uint64_t ich_read_elrsr(void)
{
	ICH_GET(elrsr);
}

static inline uint64_t ich_read_vmcr(void)
{
	ICH_GET(vmcr);
}

static inline void ich_write_vmcr(uint64_t v)
{
	ICH_SET(vmcr);
}

/* n <= ICH_VTR_EL2.ListRegs */
static inline uint64_t ich_read_lr(unsigned n)
{
	ICH_PICK16(n, ICH_GET, lr);
}

static inline void ich_write_lr(unsigned n, uint64_t v)
{
	ICH_PICK16(n, ICH_SET, lr);
}

#define ICH_OR(reg) ICH_WR(reg, ICH_RD(reg) | v)

/* Sets bits in it. */
static inline void ich_or_lr(unsigned n, uint64_t v)
{
	ICH_PICK16(n, ICH_OR, lr);
}

/* Active priorities of group 0 and group 1; n < 2^(ICH_VTR_EL2.PREbits - 4) */
static inline uint64_t ich_read_ap0r(unsigned n)
{
	ICH_PICK4(n, ICH_GET, ap0r, 0, 1, 2, 3);
}

static inline void ich_write_ap0r(unsigned n, uint64_t v)
{
	ICH_PICK4(n, ICH_SET, ap0r, 0, 1, 2, 3);
}

static inline uint64_t ich_read_ap1r(unsigned n)
{
	ICH_PICK4(n, ICH_GET, ap1r, 0, 1, 2, 3);
}

static inline void ich_write_ap1r(unsigned n, uint64_t v)
{
	ICH_PICK4(n, ICH_SET, ap1r, 0, 1, 2, 3);
}

#endif
