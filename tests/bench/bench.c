/*
 * What an operation costs in executed instructions, EL2's included: run under
 * `-icount shift=0,sleep=off`, where one instruction is one nanosecond of
 * virtual time, natively and as a guest; the difference is the hypervisor's.
 * Prints `bench NAME INSTRUCTIONS` for each. Operations run many times
 * because the counter's tick is coarser than an instruction; the loop itself
 * is subtracted. tests/bench/run makes the table.
 *
 * Requests to a disk and first touches of RAM are Plinth's alone: natively the
 * one is QEMU's work, outside of virtual time, and the other does not exist.
 * The disk rows are printed under Plinth only, less what the driver executes,
 * which is measured beside it without a device. What needs several VMs, or
 * vCPUs that share a CPU, is tests/bench/shared.c.
 *
 * A WFI's way into the hypervisor is hidden by the idle time that follows:
 * wfi_timer counts from the deadline on, wfi_pending has no idle time at all.
 */
#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/psci.h"
#include "lib/simd.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"
#include "lib/uart.h"

const char payload_name[] = "bench";

#define ROUNDS     10000
#define WFI_US     20 /* longer than any way into and out of a hypervisor */
#define SGI        1
#define SPI_UNUSED 40
#define CPU_ROUNDS 100
#define BLK_ROUNDS 50
#define ACK_ROUNDS 1000
#define SPI_FLOOD  64 /* INTIDs from here on become pending at once */
#define FLOOD      64
#define LATE_US    20000 /* with `late`: other VMs have started by then */

/* Not touched before, in the second half of RAM; tests/bench/bench.dts. */
#define TOUCH_STEP   (UINT64_C(64) << 10)
#define TOUCH_OFFSET (UINT64_C(32) << 20)
#define TOUCHES      256

/* Buffers of the sequential read, one after the other and again; beyond. */
#define SEQ_OFFSET  (UINT64_C(48) << 20)
#define SEQ_BUFFERS 64
#define SEQ_BYTES   (UINT64_C(64) << 20)
#define SEQ_REQUEST (UINT64_C(128) << 10)

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
	if (iar == virtio_intid())
		vm_write(VM_INTERRUPT_ACK, vm_read(VM_INTERRUPT_STATUS));
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

static void report_each(const char *name, uint64_t ns, uint64_t rounds)
{
	uint64_t each = (ns * 100 + rounds / 2) / rounds;

	print("bench %s %lu.%02lu\n", name, each / 100, each % 100);
}

static void report(const char *name, uint64_t ns)
{
	report_each(name, ns > loop_ns ? ns - loop_ns : 0, ROUNDS);
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

static void op_pmcr(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, pmcr_el0" : "=r"(v));
}

/* Nothing of the PMU's is on, and stays so. */
#define WRITE_OF(reg)                                                          \
	static void op_##reg(void)                                             \
	{                                                                      \
		__asm__ volatile("msr " #reg ", %0" ::"r"(UINT64_C(0)));       \
	}
WRITE_OF(pmcr_el0)
WRITE_OF(pmcntenclr_el0)
WRITE_OF(pmovsclr_el0)
WRITE_OF(pmuserenr_el0)
WRITE_OF(pmintenclr_el1)
WRITE_OF(pmevtyper0_el0)
WRITE_OF(pmevcntr0_el0)
WRITE_OF(pmxevtyper_el0)
WRITE_OF(actlr_el1)

static void op_pmevcntr0(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, pmevcntr0_el0" : "=r"(v));
}

/* Counter 0 counts software increments, the event with the number 0. */
static void pmu_count(bool on)
{
	__asm__ volatile("msr pmcntenset_el0, %0" ::"r"(UINT64_C(1)));
	__asm__ volatile("msr pmcr_el0, %0" ::"r"((uint64_t)on));
	isb();
}

static void op_pmswinc(void)
{
	__asm__ volatile("msr pmswinc_el0, %0" ::"r"(UINT64_C(1)));
}

static void op_actlr(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, actlr_el1" : "=r"(v));
}

/* With a vector register written since the last exit. */
static void op_psci_version_fp(void)
{
	write_d5(1);
	op_psci_version();
}

static void op_gicd_typer_fp(void)
{
	write_d5(1);
	op_gicd_typer();
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

static void op_sgi_self_fp(void)
{
	write_d5(1);
	op_sgi_self();
}

static void op_vtimer_fp(void)
{
	write_d5(1);
	op_vtimer();
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

/* The phase to the counter's tick varies with `i`. */
static void shift_phase(uint64_t i)
{
	for (uint64_t k = 0; k < (i & 15); k++)
		op_nothing();
}

/* What reading the counter twice takes, ROUNDS times. */
static uint64_t clock_ns(void)
{
	uint64_t ticks = 0, start;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		shift_phase(i);
		start = time_now();
		ticks += time_now() - start;
	}
	return ticks_to_ns(ticks);
}

/*
 * The sender's part of it alone: under icount nobody else runs before it
 * relaxes.
 */
static uint64_t send_ns(void)
{
	uint64_t ticks = 0, start;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t before = taken_remote;

		shift_phase(i);
		start = time_now();
		gic_send_sgi(gic_sgi_to(cpus[1].mpidr, SGI));
		ticks += time_now() - start;
		while (taken_remote == before)
			cpu_relax();
	}
	return ticks_to_ns(ticks);
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

	shift_phase(i);
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
	uint64_t both, send;

	if (guest.nr_cpus < 2)
		return;
	smp_start(1, remote, NULL);
	if (!CHECK("remote_cpu_is_ready", WAIT_FOR(remote_ready)))
		return;
	both = time_rounds(op_sgi_cross);
	CHECK_EQ("sgi_cross", taken_remote, ROUNDS + 1);
	report("sgi_cross", both);
	send = send_ns() - clock_ns();
	report("sgi_cross_send", send + loop_ns);
	report("sgi_cross_receive", both - send);
	remote_leave = true;
	gic_send_sgi(gic_sgi_to(cpus[1].mpidr, SGI));
	CHECK("remote_cpu_goes_off", smp_wait_off(1));
}

static void count_and_leave(void *arg)
{
	(void)arg;
	taken_remote++;
}

/* From CPU_ON until the CPU has run and is off again. */
static void bench_cpu_on(void)
{
	uint64_t start = time_now();
	bool off = true;

	if (guest.nr_cpus < 2)
		return;
	taken_remote = 0;
	for (uint64_t i = 0; i < CPU_ROUNDS && off; i++) {
		smp_start(1, count_and_leave, NULL);
		off = WAIT_FOR(taken_remote > i) && smp_wait_off(1);
	}
	report_each("cpu_on", ticks_to_ns(time_now() - start), CPU_ROUNDS);
	CHECK_EQ("cpu_on", taken_remote, CPU_ROUNDS);
}

/* All at once; the handler takes one after the other. */
static void flood(void)
{
	uint64_t before = taken;

	mmio_write32(GICD_BASE + GIC_ISPENDR + SPI_FLOOD / 8, ~0U);
	mmio_write32(GICD_BASE + GIC_ISPENDR + SPI_FLOOD / 8 + 4, ~0U);
	irq_enable();
	while (taken - before < FLOOD)
		cpu_relax();
	irq_disable();
}

/* More interrupts pending than there are list registers: for each of them. */
static void bench_flood(void)
{
	uint64_t start;

	if (!CHECK("there_are_spis", gic_nr_intids() >= SPI_FLOOD + FLOOD))
		return;
	for (unsigned i = SPI_FLOOD; i < SPI_FLOOD + FLOOD; i++) {
		gic_set_edge(i, true);
		gic_route(i, this_cpu()->mpidr);
		gic_enable(i);
	}
	taken = 0;
	flood();
	start = time_now();
	for (unsigned i = 0; i < CPU_ROUNDS; i++)
		flood();
	report_each("irq_flood_64", ticks_to_ns(time_now() - start),
		    (uint64_t)CPU_ROUNDS * FLOOD);
	CHECK_EQ("irq_flood_64", taken, (CPU_ROUNDS + 1) * FLOOD);
	for (unsigned i = SPI_FLOOD; i < SPI_FLOOD + FLOOD; i++)
		gic_disable(i);
}

static void bench_first_touch(void)
{
	uint64_t at = guest.ram_base + TOUCH_OFFSET;
	uint64_t start = time_now();

	for (uint64_t i = 0; i < TOUCHES; i++)
		mmio_read32(at + i * TOUCH_STEP);
	report_each("first_touch", ticks_to_ns(time_now() - start), TOUCHES);
}

/* At a piece of RAM that comes on demand, so that its own size, and not what
 * else the program has, says of how many a request is. */
static uint8_t blk_data[128 << 10] __attribute__((aligned(65536)));

/* The device's stand-in when the driver's own part is measured: a word of RAM
 * for its register, and all is back at once. */
static uint32_t doorbell;

static void op_notify_nobody(void)
{
	dsb_sy();
	mmio_write32(addr_of(&doorbell), 0);
}

static void op_ack_nobody(void)
{
	mmio_write32(addr_of(&doorbell), mmio_read32(addr_of(&doorbell)));
}

static void kick_nobody(void)
{
	op_notify_nobody();
	vq.used_idx = vq.avail_idx;
}

static bool disk_start(void)
{
	return virtio_start(BLK_FEATURES | F_INDIRECT_DESC);
}

/* Requests took `ns` with the device, `own` without, which leaves that one at a
 * loss; what the driver executes is in both. */
static void report_disk(const char *name, uint64_t ns, uint64_t own,
			unsigned requests, bool ok)
{
	report_each(name, ns - own, requests);
	CHECK(name, ok && disk_start());
}

static uint64_t read_ns(void (*kick)(void), unsigned *good)
{
	uint64_t start = time_now();

	for (uint64_t i = 0; i < BLK_ROUNDS; i++)
		*good += blk_submit_by(kick) == BLK_S_OK;
	return ticks_to_ns(time_now() - start);
}

static void bench_request(const char *name, uint32_t type, uint32_t len)
{
	unsigned good = 0, none = 0;
	bool ok = blk_request1(type, 0, blk_data, len) == BLK_S_OK;
	uint64_t ns = read_ns(virtio_kick, &good);
	uint64_t own = read_ns(kick_nobody, &none);

	report_disk(name, ns, own, BLK_ROUNDS, ok && good == BLK_ROUNDS);
}

static void bench_read(const char *name, uint32_t len)
{
	bench_request(name, BLK_T_IN, len);
}

static uint64_t disk_sectors(void)
{
	return vm_read(VM_CONFIG) | (uint64_t)vm_read(VM_CONFIG + 4) << 32;
}

static uint64_t seq_ns(void (*kick)(void), uint64_t bytes, unsigned *good)
{
	uint64_t start = time_now();

	for (uint64_t at = 0; at < bytes; at += SEQ_REQUEST) {
		blk_hdr.sector = at / SECTOR;
		vq.desc[1].addr = guest.ram_base + SEQ_OFFSET +
				  at % (SEQ_BUFFERS * SEQ_REQUEST);
		*good += blk_submit_by(kick) == BLK_S_OK;
	}
	return ticks_to_ns(time_now() - start);
}

/* From the begin of the disk on; each request's interrupt is taken. The first
 * round touches the buffers. */
static void bench_sequential(const char *name)
{
	const unsigned requests = SEQ_BYTES / SEQ_REQUEST;
	unsigned good = 0, none = 0;
	uint64_t ns, own;

	if (disk_sectors() < SEQ_BYTES / SECTOR)
		return;
	(void)blk_request1(BLK_T_IN, 0, blk_data, SEQ_REQUEST);
	(void)seq_ns(virtio_kick, SEQ_BUFFERS * SEQ_REQUEST, &none);
	taken = 0;
	irq_enable();
	ns = seq_ns(virtio_kick, SEQ_BYTES, &good);
	irq_disable();
	CHECK_EQ("interrupts_in_order", taken,
		 requests + 1); /* and one of before */
	own = seq_ns(kick_nobody, SEQ_BYTES, &none);
	report_disk(name, ns, own, requests, good == requests);
}

static uint64_t queued_ns(void (*kick)(void), uint16_t depth, bool *ok)
{
	uint64_t start = time_now();

	for (unsigned i = 0; i < BLK_ROUNDS; i++) {
		uint16_t end = (uint16_t)(vq.last_used + depth);

		for (uint16_t k = 0; k < depth; k++)
			virtio_offer(k);
		kick();
		*ok = WAIT_FOR(vq.used_idx == end) && *ok;
		vq.last_used = end;
	}
	return ticks_to_ns(time_now() - start);
}

/* `depth` requests of 4 KiB each from anywhere, by one notification. */
static void bench_read_queued(const char *name, uint16_t depth)
{
	static struct vq_desc tables[VQ_SIZE][3] __attribute__((aligned(16)));
	static struct {
		struct blk_hdr hdr;
		volatile uint8_t status;
	} req[VQ_SIZE];
	struct blk_seg seg = {blk_data, 4096};
	uint64_t ns, own, random = 1;
	bool ok = true;

	for (unsigned i = 0; i < depth; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		req[i].status = 0xee;
		req[i].hdr = (struct blk_hdr){
			.type = BLK_T_IN,
			.sector = (random >> 40) % (disk_sectors() / 8) * 8};
		blk_build(tables[i], &seg, 1);
		tables[i][0].addr = addr_of(&req[i].hdr);
		tables[i][2].addr = addr_of(&req[i].status);
		blk_set_desc(&vq.desc[i], addr_of(tables[i]), sizeof(tables[i]),
			     DESC_INDIRECT, 0);
	}
	ns = queued_ns(virtio_kick, depth, &ok);
	for (unsigned i = 0; i < depth; i++)
		ok = ok && req[i].status == BLK_S_OK;
	own = queued_ns(kick_nobody, depth, &ok);
	report_disk(name, ns, own, BLK_ROUNDS * depth, ok);
}

/* The same with an interrupt taken for each notification. */
static void bench_read_taken(const char *name, uint16_t depth)
{
	taken = 0;
	irq_enable();
	bench_read_queued(name, depth);
	irq_disable();
	CHECK_EQ("interrupts_at_random", taken, BLK_ROUNDS);
}

/* With nothing in the ring. */
static void op_notify(void)
{
	virtio_kick();
}

/* What a driver does at an interrupt: reads the cause and acknowledges. */
static void bench_ack(void)
{
	uint64_t own = time_rounds(op_ack_nobody), ticks = 0, start;
	bool ok = true;

	for (uint64_t i = 0; i < ACK_ROUNDS; i++) {
		ok = blk_request1(BLK_T_IN, 0, blk_data, SECTOR) == BLK_S_OK &&
		     ok;
		shift_phase(i);
		start = time_now();
		vm_write(VM_INTERRUPT_ACK, vm_read(VM_INTERRUPT_STATUS));
		ticks += time_now() - start;
	}
	report_each("virtio_ack",
		    ticks_to_ns(ticks) - (clock_ns() + own - loop_ns) /
						 (ROUNDS / ACK_ROUNDS),
		    ACK_ROUNDS);
	CHECK("virtio_ack", ok);
}

static void bench_disk(void)
{
	uint64_t own;

	virtio_base += str_number(guest.bootargs, "slot") * VIRTIO_STRIDE;
	if (guest.native || !CHECK("disk_is_there", blk_check_device()) ||
	    !CHECK("disk_starts", disk_start()))
		return;
	use_sve(); /* a copy keeps vectors where the CPU has them */
	own = time_rounds(op_notify_nobody);
	report("virtio_notify", time_rounds(op_notify) - own + loop_ns);
	bench_ack();
	bench_read("blk_read_512", SECTOR);
	bench_read("blk_read_4k", 4096);
	bench_read("blk_read_16k", 16384);
	bench_read("blk_read_64k", 65536);
	bench_read("blk_read_128k", sizeof(blk_data));
	bench_read_queued("blk_read_4k_x4", 4);
	bench_read_queued("blk_read_4k_x16", 16);
	bench_read_queued("blk_read_4k_x32", 32);
	gic_route(virtio_intid(), this_cpu()->mpidr);
	gic_enable(virtio_intid());
	bench_read_taken("blk_random_4k_x32", 32);
	bench_sequential("blk_seq_64m");
	bench_request("blk_write_4k", BLK_T_OUT, 4096);
}

/* Registers that trap, but for those above. */
static void bench_traps(void)
{
	bench("pmcr_write", op_pmcr_el0);
	bench("pmcntenclr", op_pmcntenclr_el0);
	bench("pmovsclr", op_pmovsclr_el0);
	bench("pmuserenr", op_pmuserenr_el0);
	bench("pmintenclr", op_pmintenclr_el1);
	bench("pmevcntr", op_pmevcntr0);
	bench("pmevcntr_write", op_pmevcntr0_el0);
	bench("pmevtyper", op_pmevtyper0_el0);
	bench("pmxevtyper", op_pmxevtyper_el0);
	pmu_count(true);
	bench("pmswinc", op_pmswinc);
	pmu_count(false);
	bench("actlr", op_actlr);
	bench("actlr_write", op_actlr_el1);
}

void payload_main(void)
{
	mmu_on();
	gic_init_dist();
	gic_init_cpu();
	irq_handler = on_irq;
	gic_enable(SGI);
	gic_enable(PPI_VTIMER);
	if (str_has_word(guest.bootargs, "late"))
		delay_us(LATE_US);
	loop_ns = time_rounds(op_nothing);
	bench("psci_version", op_psci_version);
	bench("hvc_unknown", op_hvc_unknown);
	bench("gicd_typer", op_gicd_typer);
	bench("gicd_ipriorityr", op_gicd_ipriorityr);
	bench("gicr_isenabler0", op_gicr_isenabler0);
	bench("uart_fr", op_uart_fr);
	bench("id_aa64pfr0", op_id_aa64pfr0);
	bench("oslar", op_oslar);
	bench("pmcr", op_pmcr);
	bench_traps();
	sve_allow(0);
	bench("psci_version_fp", op_psci_version_fp);
	bench("gicd_typer_fp", op_gicd_typer_fp);
	bench_interrupt("sgi_self", op_sgi_self);
	bench_interrupt("sgi_self_fp", op_sgi_self_fp);
	bench_interrupt("vtimer", op_vtimer);
	bench_interrupt("vtimer_fp", op_vtimer_fp);
	bench_wfi_pending();
	bench_wfi_timer();
	bench_cross();
	bench_cpu_on();
	bench_flood();
	bench_first_touch();
	bench_disk();
}
