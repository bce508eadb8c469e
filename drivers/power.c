/*
 * PSCI client of the machine's firmware, by SMC; contract in power.h: CPU_ON of
 * the other CPUs, and the machine's end. Left out: everything else that PSCI
 * offers, because pCPUs never go off again. PSCI DEN 0022.
 */
#include <errno.h>

#include <base/log.h>

#include <drivers/power.h>

#define PSCI_CPU_ON_64    0xc4000003U
#define PSCI_SYSTEM_OFF   0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U

/* arch/aarch64/el2/smc.S */
uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

int power_cpu_on(uint64_t mpidr, hpa_t entry, uint64_t context)
{
	int64_t ret =
		(int64_t)smc_call(PSCI_CPU_ON_64, mpidr, entry.v, context);

	if (ret) {
		log_err("cpu %lx: PSCI CPU_ON failed: %ld", mpidr, ret);
		return -EIO;
	}
	return 0;
}

static NORETURN void end(uint32_t fn)
{
	(void)smc_call(fn, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfe");
}

void power_system_off(void)
{
	end(PSCI_SYSTEM_OFF);
}

void power_system_reset(void)
{
	end(PSCI_SYSTEM_RESET);
}
