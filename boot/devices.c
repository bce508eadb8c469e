/*
 * Binds the drivers to the hypervisor's callbacks; contract in devices.h.
 * `dev` is all the state that the drivers have: written by the boot CPU before
 * the others run, then by who holds the console's locks.
 * docs/design/03-boot.md.
 */
#include "devices.h"

#include <errno.h>
#include <port/gicc.h>
#include <port/pmu_hw.h>
#include <port/this_cpu.h>

#include <arch/aarch64/el2/sysreg.h>

#include <drivers/gicv3.h>
#include <drivers/io.h>
#include <drivers/pl011.h>
#include <hyp/monitor.h>

#include "early.h"
#include "panic_stop.h"

/* The machine's PL031; it runs by itself. DDI 0224. */
#define PL031_DR   0x00
#define PL031_MR   0x04
#define PL031_IMSC 0x10
#define PL031_ICR  0x1c

static struct {
	struct pl011_uart uart;
	uint32_t uart_intid;
	struct gicv3 gic;
	uintptr_t rtc; /* 0: the machine has none */
	uint32_t rtc_intid;
} dev;

static int uart_get(void *ctx)
{
	return pl011_uart_get(ctx);
}

static void uart_rx_irq(void *ctx, bool on)
{
	pl011_uart_rx_irq(ctx, on);
}

static void uart_tx_irq(void *ctx, bool on)
{
	pl011_uart_tx_irq(ctx, on);
}

int devices_console(struct hypervisor *h, const struct platform *p)
{
	const struct console_uart ops = {(uintptr_t)p->uart.regs.base.v,
					 uart_get, uart_rx_irq, uart_tx_irq,
					 &dev.uart};
	int err = early_map(p->uart.regs.base, p->uart.regs.size,
			    PGT_R | PGT_W | PGT_DEVICE);

	if (err)
		return err;
	pl011_uart_init(&dev.uart, ops.regs);
	dev.uart_intid = p->uart.intid;
	console_init(&h->console, &ops);
	return 0;
}

static int map_device(const struct hpa_range *r)
{
	return early_map(r->base, r->size, PGT_R | PGT_W | PGT_DEVICE);
}

static int init_gic(const struct platform *p, struct arena *a)
{
	struct gicv3_region *r =
		arena_array(a, p->gic.nr_redist, sizeof(*r), 8);
	int err = map_device(&p->gic.dist);

	if (!r)
		return -ENOMEM;
	for (unsigned i = 0; i < p->gic.nr_redist && !err; i++) {
		err = map_device(&p->gic.redist[i]);
		r[i].base = (uintptr_t)p->gic.redist[i].base.v;
		r[i].size = p->gic.redist[i].size;
	}
	if (!err)
		gicv3_init(&dev.gic, (uintptr_t)p->gic.dist.base.v, r,
			   p->gic.nr_redist);
	return err;
}

/* A PMUv3 with an interrupt. */
static bool has_pmu(const struct platform *p)
{
	unsigned version = pmu_hw_version();

	return p->pmu_intid && version != 0 && version != PMUVER_OTHER;
}

/*
 * A match is an equality, once a second, so the match register has to be ahead
 * of the counter after it was written. Too far for 32 bits is no alarm.
 */
static void rtc_set_alarm(void *ctx, uint64_t seconds)
{
	bool on = seconds && seconds <= UINT32_MAX;
	uint32_t at;

	(void)ctx;
	do {
		at = io_read32(dev.rtc + PL031_DR) + 1;
		at = (uint32_t)max_u64(at, on ? seconds : 0);
		io_write32(dev.rtc + PL031_MR, at);
	} while (on && io_read32(dev.rtc + PL031_DR) >= at);
	io_write32(dev.rtc + PL031_IMSC, on);
}

static int init_rtc(struct hypervisor *h, const struct platform *p)
{
	int err = map_device(&p->rtc.regs);

	if (err)
		return err;
	dev.rtc = (uintptr_t)p->rtc.regs.base.v;
	dev.rtc_intid = p->rtc.intid;
	io_write32(dev.rtc + PL031_IMSC, 0);
	io_write32(dev.rtc + PL031_ICR, 1);
	if (dev.rtc_intid) {
		gicv3_enable_spi(&dev.gic, dev.rtc_intid, this_cpu()->mpidr);
		h->ops.set_alarm = rtc_set_alarm;
	}
	return 0;
}

int devices_init(struct hypervisor *h, const struct platform *p,
		 struct arena *a)
{
	int err = init_gic(p, a);

	if (!p->gic.maint_intid) {
		log_err("/intc: property interrupts: no maintenance interrupt");
		return -EINVAL;
	}
	h->ppi = (struct hyp_ppis){
		.vtimer = p->timer_virt_intid,
		.ptimer = p->timer_phys_intid,
		.maintenance = p->gic.maint_intid,
		.hyp_timer = p->timer_hyp_intid,
		.pmu = has_pmu(p) ? p->pmu_intid : GICC_SPURIOUS,
	};
	if (!err && p->rtc.regs.size)
		err = init_rtc(h, p);
	return err;
}

int devices_init_cpu(const struct cpu *c)
{
	const struct hyp_ppis *ppi = &c->hyp->ppi;
	const uint32_t own[] = {HYP_SGI_KICK, HYP_SGI_STOP,     ppi->vtimer,
				ppi->ptimer,  ppi->maintenance, ppi->hyp_timer};
	int err = gicv3_init_cpu(&dev.gic, c->mpidr);

	for (unsigned i = 0; i < ARRAY_SIZE(own) && !err; i++)
		err = gicv3_enable_private(&dev.gic, c->mpidr, own[i]);
	if (!err && ppi->pmu < GICC_SPURIOUS)
		err = gicv3_enable_private(&dev.gic, c->mpidr, ppi->pmu);
	return err;
}

void devices_console_irq(const struct cpu *c)
{
	gicv3_enable_spi(&dev.gic, dev.uart_intid, c->mpidr);
}

void devices_irq(void *ctx, uint32_t intid)
{
	struct hypervisor *h = ctx;

	if (intid == HYP_SGI_STOP)
		panic_stop_here();
	if (intid == dev.uart_intid) {
		console_pump(&h->console);
		if (h->monitor)
			monitor_wake(h->monitor);
	} else if (intid == dev.rtc_intid) {
		io_write32(dev.rtc + PL031_ICR, 1);
		hyp_alarm(h);
	}
}

uint64_t devices_wall_seconds(void *ctx)
{
	(void)ctx;
	return dev.rtc ? io_read32(dev.rtc + PL031_DR)
		       : read_cntpct_el0() / read_cntfrq_el0();
}
