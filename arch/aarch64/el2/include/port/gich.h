/*
 * The virtual interface control registers of this CPU (EL2 build), GICv3/v4
 * IHI 0069 and Arm ARM DDI 0487, ICH_*_EL2. Only registers that ICH_VTR_EL2
 * says are implemented may be named; another one is UNDEFINED.
 *
 * No hidden synchronisation: after writing a list register call ich_isb()
 * before reading ICH_ELRSR, ICH_EISR or ICH_MISR. The exception return to the
 * guest synchronises by itself.
 *
 * List and active-priority registers are picked by a tree of bit tests: at
 * most four branches, no indirect one (so no landing pads either).
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

/* DO(<pre>k) for the one of the four numbers a..d that n & 3 selects. */
#define ICH_PICK4(n, DO, pre, a, b, c, d)                                      \
	do {                                                                   \
		if ((n)&2) {                                                   \
			if ((n)&1)                                             \
				DO(pre##d);                                    \
			else                                                   \
				DO(pre##c);                                    \
		} else {                                                       \
			if ((n)&1)                                             \
				DO(pre##b);                                    \
			else                                                   \
				DO(pre##a);                                    \
		}                                                              \
	} while (0)

#define ICH_PICK16(n, DO, pre)                                                 \
	do {                                                                   \
		if ((n)&8) {                                                   \
			if ((n)&4)                                             \
				ICH_PICK4(n, DO, pre, 12, 13, 14, 15);         \
			else                                                   \
				ICH_PICK4(n, DO, pre, 8, 9, 10, 11);           \
		} else {                                                       \
			if ((n)&4)                                             \
				ICH_PICK4(n, DO, pre, 4, 5, 6, 7);             \
			else                                                   \
				ICH_PICK4(n, DO, pre, 0, 1, 2, 3);             \
		}                                                              \
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
