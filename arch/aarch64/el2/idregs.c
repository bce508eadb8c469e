/*
 * Reads the CPU's own identification registers: the group that HCR_EL2.TID3
 * traps (op0 3, op1 0, CRn 0, CRm 1..7), reserved encodings included: they
 * read as zero. Arm ARM DDI 0487, "Principles of the ID scheme".
 */
#include <arch/aarch64/idreg.h>
#include <arch/aarch64/idreg_hw.h>

#define READ(m, n)                                                             \
	__asm__ volatile("mrs %0, S3_0_C0_C" #m "_" #n : "=r"(hw[IDREG(m, n)]))
#define READ_ROW(m)                                                            \
	do {                                                                   \
		READ(m, 0);                                                    \
		READ(m, 1);                                                    \
		READ(m, 2);                                                    \
		READ(m, 3);                                                    \
		READ(m, 4);                                                    \
		READ(m, 5);                                                    \
		READ(m, 6);                                                    \
		READ(m, 7);                                                    \
	} while (0)

void idreg_read_hw(uint64_t hw[IDREG_NR])
{
	READ_ROW(1);
	READ_ROW(2);
	READ_ROW(3);
	READ_ROW(4);
	READ_ROW(5);
	READ_ROW(6);
	READ_ROW(7);
}

uint64_t idreg_midr(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, midr_el1" : "=r"(v));
	return v;
}
