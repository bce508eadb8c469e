/*
 * A VM's virtio console: its wires to the console, and who has the input;
 * contract in vm_console.h. virtio 1.2 sec. 5.3; docs/design/17-console.md.
 */
#include <hyp/hypervisor.h>
#include <hyp/vm_console.h>

static size_t console_tx(void *ctx, const uint8_t *data, size_t len)
{
	struct vm *vm = ctx;

	return console_send(&vm->hyp->console, data, len);
}

static void console_tx_wanted(void *ctx)
{
	struct vm *vm = ctx;

	console_want_room(&vm->hyp->console);
}

static size_t port_tx(void *ctx, const uint8_t *data, size_t len)
{
	return mux_send(((struct vm *)ctx)->port, data, len);
}

static void port_tx_wanted(void *ctx)
{
	mux_want_room(((struct vm *)ctx)->port);
}

void vm_console_drained(void *ctx)
{
	struct vm *vm = ctx;

	if (vm->port)
		mux_drained(vm->port);
	else
		console_pump(&vm->hyp->console);
}

/* The console may call from another CPU as soon as it finds the device. */
static void publish(struct vm *vm, struct virtio_console *c)
{
	spin_lock(&vm->hyp->console.rx_lock);
	vm->vcon = c;
	spin_unlock(&vm->hyp->console.rx_lock);
}

struct virtio_console *vm_console_create(struct vm *vm,
					 void (*set_irq)(void *ctx, bool level),
					 void *irq_ctx, uint32_t *regs)
{
	const bool mux = vm->port;
	const struct virtio_console_ops ops = {
		.tx = mux ? port_tx : console_tx,
		.want_room = mux ? port_tx_wanted : console_tx_wanted,
		.rx_drained = vm_console_drained,
		.ctx = vm,
		.set_irq = set_irq,
		.irq_ctx = irq_ctx,
		.regs = regs,
	};
	struct virtio_console *c = arena_alloc(&vm->arena, sizeof(*c), 64);

	if (!c)
		return NULL;
	virtio_console_init(c, vm->cfg->name, &vm->mem, &ops);
	publish(vm, c);
	return c;
}

void vm_console_destroy(struct vm *vm)
{
	if (vm->vcon)
		publish(vm, NULL);
}

/* The virtio console if it has the input, else NULL. */
static struct virtio_console *with_input(const struct vm *vm)
{
	return vm->vcon && virtio_console_has_input(vm->vcon) ? vm->vcon : NULL;
}

size_t vm_console_room(void *vm)
{
	struct virtio_console *c = with_input(vm);

	return c ? virtio_console_rx_room(c)
		 : pl011_rx_room(&((struct vm *)vm)->uart);
}

bool vm_console_push(void *vm, uint8_t byte)
{
	struct virtio_console *c = with_input(vm);

	return c ? virtio_console_rx_push(c, byte)
		 : pl011_rx_push(&((struct vm *)vm)->uart, byte);
}

void vm_console_flush(void *vm)
{
	struct virtio_console *c = ((struct vm *)vm)->vcon;

	if (c)
		virtio_console_rx_flush(c);
}

void vm_console_tx_ready(void *vm)
{
	struct virtio_console *c = ((struct vm *)vm)->vcon;

	pl011_tx_ready(&((struct vm *)vm)->uart);
	if (c)
		virtio_console_tx_ready(c);
}
