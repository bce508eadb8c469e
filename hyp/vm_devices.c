/*
 * Devices of a VM: made, wired to vGIC, console and disks, put onto the bus,
 * reset; contract in vm_devices.h. What each device is, is in vdev/.
 * docs/design/09-mmio.md, docs/design/10-virtio.md.
 */
#include <errno.h>
#include <port/this_cpu.h>
#include <string.h>

#include <hyp/hypervisor.h>
#include <hyp/vm_console.h>
#include <hyp/vm_devices.h>
#include <hyp/vm_memory.h>

/* A vCPU that is at an exit, of the VM that this is of, is told at once. One
 * that sleeps while loaded is woken in the usual way. */
static void set_spi(struct vm *vm, uint32_t intid, bool level)
{
	const struct vcpu *v = this_cpu()->loaded;
	bool here = v && v->vm == vm && v->sched.state == SCHED_RUNNING;

	vgic_set_spi(vm->vgic, intid, level, here ? v->idx : VGIC_NO_VCPU);
}

static void uart_irq(void *ctx, bool level)
{
	struct vm *vm = ctx;

	set_spi(vm, vm->cfg->uart_intid, level);
}

static int uart_tx(void *ctx, uint8_t byte)
{
	struct vm *vm = ctx;

	return console_put(&vm->hyp->console, byte);
}

static int port_tx(void *ctx, uint8_t byte)
{
	return mux_put(((struct vm *)ctx)->port, byte);
}

/* Every VM sends to the console, and any of them may have been refused. */
static void sink_tx_ready(void *ctx)
{
	struct hypervisor *h = ((struct vm *)ctx)->hyp;

	for (unsigned i = 0; i < h->nr_vms; i++)
		vm_console_tx_ready(&h->vms[i]);
}

/* A port of the multiplexer, where there is one. */
static int take_port(struct vm *vm)
{
	const struct console_sink sink = {
		.room = vm_console_room,
		.push = vm_console_push,
		.tx_ready = vm_console_tx_ready,
		.flush = vm_console_flush,
		.ctx = vm,
	};

	if (!vm->hyp->mux)
		return 0;
	vm->port = mux_attach(vm->hyp->mux, vm->cfg->console, &sink);
	if (vm->port)
		return 0;
	log_err("VM %s: no console is left for it", vm->cfg->name);
	return -ENOSPC;
}

/* A VM without a UART may have the console as well: input waits for ever. */
void vm_devices_take_console(struct vm *vm)
{
	const struct console_sink sink = {
		.room = vm_console_room,
		.push = vm_console_push,
		.tx_ready = sink_tx_ready,
		.flush = vm_console_flush,
		.ctx = vm,
	};

	if (!vm->hyp->mux)
		console_attach(&vm->hyp->console, &sink);
}

static void mirror_show(void *ctx)
{
	s2_page_show(&((struct vm *)ctx)->uart_page);
}

static void mirror_hide(void *ctx)
{
	s2_page_hide(&((struct vm *)ctx)->uart_page);
}

static void add_mirror(struct vm *vm)
{
	const struct pl011_mirror mirror = {
		.regs = vm->uart_regs,
		.show = mirror_show,
		.hide = mirror_hide,
		.ctx = vm,
	};

	if (mirror.regs)
		pl011_set_mirror(&vm->uart, &mirror);
}

static void rtc_irq(void *ctx, bool level)
{
	struct vm *vm = ctx;

	set_spi(vm, vm->cfg->rtc_intid, level);
}

static uint64_t rtc_now(void *ctx)
{
	struct vm *vm = ctx;

	return hyp_wall_seconds(vm->hyp);
}

static void rtc_alarm(void *ctx, uint64_t at)
{
	struct vm *vm = ctx;

	hyp_set_alarm(vm->hyp, vm, at);
}

static void wdt_irq(void *ctx, bool level)
{
	struct vm *vm = ctx;

	set_spi(vm, vm->cfg->wdt_intid, level);
}

static uint64_t wdt_now(void *ctx)
{
	return vm_virtual_now(ctx);
}

static void wdt_set_timer(void *ctx, uint64_t at)
{
	struct vm *vm = ctx;
	uint64_t date = at == UINT64_MAX ? RUNQ_NEVER : vm_virtual_date(vm, at);

	if (date == RUNQ_NEVER)
		sched_event_cancel(&vm->wdt_event);
	else
		sched_event_set(&vm->wdt_event, this_cpu(), date);
}

static void wdt_expired(void *ctx)
{
	vm_stop(ctx, VM_STOP_CRASH, "its watchdog has expired");
}

static void wdt_event(struct sched_event *e)
{
	gwdt_timer(&container_of(e, struct vm, wdt_event)->wdt);
}

static void slot_irq(void *ctx, bool level)
{
	struct vm_slot *s = ctx;

	set_spi(s->vm, s->intid, level);
}

static const char slot_name[] = "virtio-mmio";

static int add(struct vm *vm, const struct vm_range *r, uint64_t size,
	       mmio_fn access, void *dev, const char *name)
{
	const struct mmio_region region = {r->base, size, access, dev, name};
	int err = r->size ? mmio_bus_add(&vm->bus, &region) : 0;

	if (err)
		log_err("VM %s: %s at %lx: cannot be placed: %d", vm->cfg->name,
			name, r->base.v, err);
	return err;
}

static int no_memory(const struct vm *vm)
{
	log_err("VM %s: no memory for its devices", vm->cfg->name);
	return -ENOMEM;
}

static int create_serial(struct vm *vm)
{
	const bool mux = vm->hyp->mux;
	const struct pl011_ops uart = {
		.set_irq = uart_irq,
		.tx = mux ? port_tx : uart_tx,
		.rx_drained = vm_console_drained,
		.ctx = vm,
	};
	const struct pl031_ops rtc = {
		.set_irq = rtc_irq,
		.now_seconds = rtc_now,
		.set_alarm = vm->hyp->ops.set_alarm ? rtc_alarm : NULL,
		.ctx = vm,
	};
	const struct gwdt_ops wdt = {wdt_now, wdt_irq, wdt_set_timer,
				     wdt_expired, vm};
	int err;

	/* They outlive the VM: others may be about to call them. */
	if (!vm->uart.ops.ctx) {
		pl011_init(&vm->uart, &uart);
		pl031_init(&vm->rtc, &rtc);
		gwdt_init(&vm->wdt, &wdt);
		vm->wdt_event.fn = wdt_event;
	}
	err = take_port(vm);
	if (err)
		return err;
	add_mirror(vm);
	/* Without a multiplexer the console takes bytes as they are. */
	pl011_set_text(&vm->uart, mux || !vm->cfg->uart.size
					  ? PL011_NO_TEXT
					  : vm->cfg->uart.base.v);
	err = add(vm, &vm->cfg->uart, vm->cfg->uart.size, pl011_mmio, &vm->uart,
		  "PL011");
	if (!err)
		err = add(vm, &vm->cfg->rtc, vm->cfg->rtc.size, pl031_mmio,
			  &vm->rtc, "PL031");
	return err;
}

static int create_watchdog(struct vm *vm)
{
	const struct vm_range *at = &vm->cfg->wdt;
	const struct vm_range control = {at->base, at->size / 2};
	const struct vm_range refresh = {ipa_add(at->base, control.size),
					 control.size};
	int err = add(vm, &control, control.size, gwdt_control_mmio, &vm->wdt,
		      "watchdog");

	if (err)
		return err;
	return add(vm, &refresh, refresh.size, gwdt_refresh_mmio, &vm->wdt,
		   "watchdog");
}

static void *disk_pages(void *ctx, uint64_t nr)
{
	return page_alloc_contig(ctx, nr);
}

/* What a guest wrote is nobody else's. */
static void disk_pages_free(void *ctx, void *pages, uint64_t nr)
{
	memset(pages, 0, nr * PAGE_SIZE);
	page_free_contig(ctx, pages, nr);
}

static int create_disk(struct vm *vm, struct vm_slot *s,
		       const struct vm_virtio *cfg)
{
	const struct ramdisk_env env = {disk_pages, disk_pages_free,
					&vm->hyp->pages};
	struct virtio_blk_config blk = {
		.name = vm->cfg->name,
		.id = cfg->backing.node,
		.mem = &vm->mem,
		.regs = s->regs,
		.set_irq = slot_irq,
		.irq_ctx = s,
	};

	s->blk = arena_alloc(&vm->arena, sizeof(*s->blk), 64);
	if (!s->blk)
		return no_memory(vm);
	ramdisk_init(&s->disk, &env, cfg->backing.base, cfg->backing.size);
	blk.disk = ramdisk_block(&s->disk, cfg->read_only);
	virtio_blk_init(s->blk, &blk);
	s->transport = &s->blk->mmio;
	return 0;
}

static int create_console(struct vm *vm, struct vm_slot *s)
{
	struct virtio_console *c = vm_console_create(vm, slot_irq, s, s->regs);

	if (!c)
		return no_memory(vm);
	s->transport = &c->mmio;
	return 0;
}

/* The registers of slot `i`, in a page as the guest has it there: neighbours
 * share it. A slot that the bus will not take is in the page as well. */
static uint32_t *slot_regs(struct vm *vm, unsigned i)
{
	const struct vm_virtio *cfg = &vm->cfg->virtio[i];
	uint64_t page = align_down(cfg->regs.base.v, PAGE_SIZE);
	uint64_t offset = align_down(cfg->regs.base.v - page, VIRTIO_MMIO_SIZE);
	uintptr_t at;

	if (i && cfg[-1].regs.base.v >= page)
		at = align_down((uintptr_t)vm->slots[i - 1].regs, PAGE_SIZE);
	else
		at = (uintptr_t)arena_alloc(&vm->arena, PAGE_SIZE, PAGE_SIZE);
	return at ? (uint32_t *)(at + offset) : NULL;
}

static int create_slot(struct vm *vm, unsigned i)
{
	const struct vm_virtio *cfg = &vm->cfg->virtio[i];
	struct vm_slot *s = &vm->slots[i];
	const struct virtio_mmio_config empty = {.name = vm->cfg->name,
						 .regs = slot_regs(vm, i)};
	int err = 0;

	if (!empty.regs)
		return no_memory(vm);
	s->vm = vm;
	s->intid = cfg->intid;
	s->regs = empty.regs;
	s->transport = &s->empty;
	if (cfg->kind == VM_VIRTIO_BLK)
		err = create_disk(vm, s, cfg);
	else if (cfg->kind == VM_VIRTIO_CONSOLE)
		err = create_console(vm, s);
	else
		virtio_mmio_init(&s->empty, &empty);
	if (err)
		return err;
	vm->nr_slots = i + 1;
	/* The transport is the first thing in every device. */
	return add(vm, &cfg->regs, cfg->regs.size,
		   cfg->kind == VM_VIRTIO_CONSOLE ? virtio_console_access
						  : virtio_mmio_access,
		   s->transport, slot_name);
}

int vm_devices_create(struct vm *vm)
{
	int err = create_serial(vm);

	if (!err)
		err = create_watchdog(vm);

	vm->slots = arena_array(&vm->arena, vm->cfg->nr_virtio,
				sizeof(*vm->slots), 64);
	if (!err && !vm->slots)
		err = no_memory(vm);
	for (unsigned i = 0; i < vm->cfg->nr_virtio && !err; i++)
		err = create_slot(vm, i);
	return err;
}

/* Whether nothing but slots is in that page. */
static bool has_slots_only(const struct vm *vm, ipa_t page)
{
	for (unsigned at = 0; at < PAGE_SIZE; at += MMIO_GRAIN) {
		const struct mmio_region *r =
			mmio_region_at(&vm->bus, ipa_add(page, at));

		if (r && r->name != slot_name)
			return false;
	}
	return true;
}

int vm_devices_show(struct vm *vm)
{
	int err = 0;

	for (unsigned i = 0; i < vm->nr_slots && !err; i++) {
		ipa_t at = vm->cfg->virtio[i].regs.base;

		if (is_aligned(at.v, PAGE_SIZE) && has_slots_only(vm, at))
			err = vm_memory_show(vm, at, vm->slots[i].regs);
	}
	return err;
}

void vm_devices_reset(struct vm *vm)
{
	pl011_reset(&vm->uart);
	pl031_reset(&vm->rtc);
	gwdt_reset(&vm->wdt);
	for (unsigned i = 0; i < vm->nr_slots; i++)
		virtio_mmio_reset(vm->slots[i].transport);
}

void vm_devices_destroy(struct vm *vm)
{
	if (vm->port)
		mux_detach(vm->port);
	vm->port = NULL;
	vm_console_destroy(vm);
	pl011_set_mirror(&vm->uart, NULL);
	for (unsigned i = 0; i < vm->nr_slots; i++)
		if (vm->slots[i].blk)
			ramdisk_destroy(&vm->slots[i].disk);
}
