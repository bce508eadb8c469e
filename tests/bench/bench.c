/*
 * What an operation costs in executed instructions, EL2's included: run under
 * `-icount shift=0,sleep=off`, where one instruction is one nanosecond of
 * virtual time, natively and as a guest; the difference is the hypervisor's.
 * Prints `bench NAME INSTRUCTIONS` for each. Operations run many times
 * because the counter's tick is coarser than an instruction; the loop itself
 * is subtracted. tests/bench/run makes the table.
 *
 * A WFI's way into the hypervisor is hidden by the idle time that follows:
 * wfi_timer counts from the deadline on, wfi_pending has no idle time at all.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/trap.h"
#include "lib/uart.h"

const char payload_name[] = "bench";

#define ROUNDS     10000
#define WFI_US     20 /* longer than any way into and out of a hypervisor */
#define SGI        1
#define SPI_UNUSED 40

static volatile uint64_t taken;        /* by the boot CPU */
static volatile uint64_t taken_remote; /* by CPU 1 */
static volatile bool remote_ready, remote_leave;
static uint64_t loop_ns; /* ROUNDS times nothing */

static void on_irq(bool fiq)
{
	uint64_t iar = read_icc_iar1_el1();

	(void)fiq;
	if (iar == PPI_VTIMER) {
		write_cntv_ctl_el0(0);
		isb();
	}
	if (iar < 1020)
		write_icc_eoir1_el1(iar);
	if (this_cpu()->idx == 0)
		taken++;
	else
		taken_remote++;
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ticks * (UINT64_C(1000000000) / read_cntfrq_el0());
}

static void report(const char *name, uint64_t ns)
{
	uint64_t net = ns > loop_ns ? ns - loop_ns : 0;
	uint64_t each = (net * 100 + ROUNDS / 2) / ROUNDS;

	print("bench %s %lu.%02lu\n", name, each / 100, each % 100);
}

static uint64_t time_rounds(void (*op)(void))
{
	uint64_t start;

	op(); /* translated and warm */
	start = time_now();
	for (uint64_t i = 0; i < ROUNDS; i++)
		op();
	return ticks_to_ns(time_now() - start);
}

static void bench(const char *name, void (*op)(void))
{
	report(name, time_rounds(op));
}

static void bench_interrupt(const char *name, void (*op)(void))
{
	taken = 0;
	irq_enable();
	bench(name, op);
	irq_disable();
	CHECK_EQ(name, taken, ROUNDS + 1);
}

static void op_nothing(void)
{
	__asm__ volatile("" ::: "memory");
}

static void hvc(uint64_t fn)
{
	register uint64_t x0 __asm__("x0") = fn;

	__asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

static void op_psci_version(void)
{
	hvc(PSCI_VERSION);
}

static void op_hvc_unknown(void)
{
	hvc(0x8700ffff);
}

static void op_gicd_typer(void)
{
	mmio_read32(GICD_BASE + GICD_TYPER);
}

static void op_gicd_ipriorityr(void)
{
	mmio_write32(GICD_BASE + GIC_IPRIORITYR + SPI_UNUSED, 0xa0a0a0a0);
}

static void op_gicr_isenabler0(void)
{
	mmio_read32(GICR_BASE + GICR_SGI_BASE + GIC_ISENABLER);
}

static void op_uart_fr(void)
{
	uart_read(UARTFR);
}

static void op_id_aa64pfr0(void)
{
	read_id_aa64pfr0_el1();
}

static void op_oslar(void)
{
	write_oslar_el1(0);
}

static void op_sgi_self(void)
{
	uint64_t before = taken;

	gic_send_sgi(gic_sgi_to(this_cpu()->mpidr, SGI));
	while (taken == before)
		cpu_relax();
}

static void op_vtimer(void)
{
	uint64_t before = taken;

	write_cntv_cval_el0(read_cntvct_el0());
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	while (taken == before)
		cpu_relax();
}

static void op_wfi(void)
{
	wfi();
}

static void op_sgi_cross(void)
{
	uint64_t before = taken_remote;

	gic_send_sgi(gic_sgi_to(cpus[1].mpidr, SGI));
	while (taken_remote == before)
		cpu_relax();
}

/* WFI with a masked interrupt pending: nothing to wait for. */
static void bench_wfi_pending(void)
{
	write_cntv_cval_el0(0);
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	bench("wfi_pending", op_wfi);
	write_cntv_ctl_el0(0);
	isb();
}

/* From the deadline to after the handler; the phase to the tick varies. */
static uint64_t wfi_timer_once(uint64_t i)
{
	uint64_t before = taken, deadline;

	for (uint64_t k = 0; k < (i & 15); k++)
		op_nothing();
	deadline = time_now() + time_ticks(WFI_US);
	write_cntv_cval_el0(deadline);
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	while (taken == before) {
		wfi();
		irq_enable();
		isb();
		irq_disable();
	}
	return time_now() - deadline;
}

static void bench_wfi_timer(void)
{
	uint64_t ticks = 0;

	taken = 0;
	for (uint64_t i = 0; i < ROUNDS; i++)
		ticks += wfi_timer_once(i);
	CHECK_EQ("wfi_timer", taken, ROUNDS);
	report("wfi_timer", ticks_to_ns(ticks) + loop_ns);
}

static void remote(void *arg)
{
	(void)arg;
	gic_init_cpu();
	gic_enable(SGI);
	remote_ready = true;
	dsb_sy();
	while (!remote_leave) {
		wfi();
		irq_enable();
		isb();
		irq_disable();
	}
}

static void bench_cross(void)
{
	if (guest.nr_cpus < 2)
		return;
	smp_start(1, remote, NULL);
	if (!CHECK("remote_cpu_is_ready", WAIT_FOR(remote_ready)))
		return;
	bench("sgi_cross", op_sgi_cross);
	CHECK_EQ("sgi_cross", taken_remote, ROUNDS + 1);
	remote_leave = true;
	gic_send_sgi(gic_sgi_to(cpus[1].mpidr, SGI));
	CHECK("remote_cpu_goes_off", smp_wait_off(1));
}

void payload_main(void)
{
	mmu_on();
	gic_init_dist();
	gic_init_cpu();
	irq_handler = on_irq;
	gic_enable(SGI);
	gic_enable(PPI_VTIMER);
	loop_ns = time_rounds(op_nothing);
	bench("psci_version", op_psci_version);
	bench("hvc_unknown", op_hvc_unknown);
	bench("gicd_typer", op_gicd_typer);
	bench("gicd_ipriorityr", op_gicd_ipriorityr);
	bench("gicr_isenabler0", op_gicr_isenabler0);
	bench("uart_fr", op_uart_fr);
	bench("id_aa64pfr0", op_id_aa64pfr0);
	bench("oslar", op_oslar);
	bench_interrupt("sgi_self", op_sgi_self);
	bench_interrupt("vtimer", op_vtimer);
	bench_wfi_pending();
	bench_wfi_timer();
	bench_cross();
}
