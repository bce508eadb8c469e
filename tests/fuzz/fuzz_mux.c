/*
 * The console multiplexer under hostile guests, a terminal that types at
 * random and a UART that stops at random. Whatever they do: every line on the
 * terminal begins with a tag or is Plinth's own; what is typed reaches the VM
 * that a second, plainer parser says, in order, none twice and none missing.
 */
#include <stdlib.h>
#include <string.h>

#include <base/panic.h>

#include <hyp/mux.h>

#include "../host/fake_uart.h"

#define VMS 3

static struct fuzz {
	struct console c;
	struct mux m;
	struct mux_port *port[VMS];
	unsigned uart_room;
	bool tx_irq, zoomed;
	char line[16]; /* how the line on the terminal begins */
	unsigned column;

	const uint8_t *typed;
	size_t nr_typed;

	/* What the plainer parser makes of it. */
	unsigned focus;
	bool escaped;
	struct {
		uint8_t due[4096];
		unsigned nr_due, nr_got, room;
	} vm[VMS];
} f;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void end_of_line(void)
{
	if (!f.zoomed && f.column >= 9)
		ASSERT(memcmp(f.line, "plinth: c", 9) == 0 ||
		       (f.line[0] == '[' && f.line[1] == 'v' &&
			f.line[3] == ']'));
	f.column = 0;
}

static bool put(uint8_t byte)
{
	if (!f.uart_room)
		return false;
	f.uart_room--;
	if (byte == '\n')
		end_of_line();
	else if (f.column < sizeof(f.line))
		f.line[f.column++] = (char)byte;
	return true;
}

/* The plain parser: digits, z, the escape byte itself; nothing else is
 * typed after an escape byte. */
static void understand(uint8_t byte)
{
	bool literal = f.escaped && byte == MUX_ESCAPE;

	if (!f.escaped && byte == MUX_ESCAPE) {
		f.escaped = true;
		return;
	}
	if (f.escaped && !literal) {
		f.escaped = false;
		if (byte >= '0' && byte < '0' + VMS)
			f.focus = byte - '0';
		return;
	}
	f.escaped = false;
	f.vm[f.focus].due[f.vm[f.focus].nr_due++] = byte;
}

static int get(void *ctx)
{
	uint8_t byte;

	(void)ctx;
	if (!f.nr_typed)
		return -1;
	f.nr_typed--;
	byte = *f.typed++;
	if (f.escaped && byte != MUX_ESCAPE && byte != '?' && byte != 'z')
		byte = (uint8_t)('0' + byte % 10);
	f.zoomed |= f.escaped && byte == 'z';
	understand(byte);
	return byte;
}

static void irq(void *ctx, bool on)
{
	(void)ctx;
	(void)on;
}

static void tx_irq(void *ctx, bool on)
{
	(void)ctx;
	f.tx_irq = on;
}

static size_t sink_room(void *ctx)
{
	return f.vm[(uintptr_t)ctx].room;
}

static bool sink_push(void *ctx, uint8_t byte)
{
	uintptr_t vm = (uintptr_t)ctx;

	ASSERT(f.vm[vm].room);
	f.vm[vm].room--;
	ASSERT(f.vm[vm].nr_got < f.vm[vm].nr_due);
	ASSERT(f.vm[vm].due[f.vm[vm].nr_got++] == byte);
	return true;
}

static void begin(void *ports)
{
	const struct console_uart uart = {1, get, irq, tx_irq, NULL};
	const struct mux_config cfg = {.console = &f.c,
				       .nr_vms = VMS,
				       .escape = MUX_ESCAPE,
				       .quiet = 3,
				       .flush = 9};
	char name[] = "v0";

	fake_uart_put = put;
	memset(&f, 0, sizeof(f));
	memset(ports, 0, mux_size(VMS));
	console_init(&f.c, &uart);
	mux_init(&f.m, &cfg, ports);
	for (uintptr_t i = 0; i < VMS; i++) {
		const struct console_sink sink = {
			.room = sink_room, .push = sink_push, .ctx = (void *)i};

		name[1] = (char)('0' + i);
		f.port[i] = mux_attach(&f.m, name, &sink);
	}
	mux_open(&f.m);
}

static void take_all(unsigned room)
{
	for (unsigned i = 0; i < VMS; i++) {
		f.vm[i].room = room;
		mux_drained(f.port[i]);
	}
}

/* Takes the bytes that it uses; returns how many. */
static size_t step(const uint8_t *data, size_t size)
{
	uint8_t op = data[0];
	size_t n = size - 1 < op / 8 ? size - 1 : op / 8;

	switch (op % 8) {
	case 0:
	case 1:
	case 2:
		for (size_t i = 0; i < n; i++)
			if (mux_put(f.port[op % 8 % VMS], data[1 + i]) < 0)
				break;
		return n + 1;
	case 3:
		f.typed = data + 1;
		f.nr_typed = n;
		console_pump(&f.c);
		/* What the UART keeps is typed later, but here it is gone. */
		f.nr_typed = 0;
		return n + 1;
	case 4:
		f.uart_room = op * 8U;
		console_pump(&f.c);
		return 1;
	case 5:
		take_all(op / 8);
		return 1;
	case 6:
		console_line(&f.c, "plinth: console");
		return 1;
	default:
		mux_tick(&f.m);
		return 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ports = malloc(mux_size(VMS));

	if (size > 4096)
		size = 4096;
	begin(ports);
	for (size_t at = 0; at < size;)
		at += step(data + at, size - at);
	f.uart_room = UINT32_MAX;
	mux_flush(&f.m);
	while (f.tx_irq)
		console_pump(&f.c);
	/* A byte that found no room may be on its way. */
	take_all(4096);
	take_all(4096);
	for (unsigned i = 0; i < VMS; i++)
		ASSERT(f.vm[i].nr_got == f.vm[i].nr_due);
	free(ports);
	return 0;
}
