/*
 * The monitor under random typing and a UART that stops at random: it never
 * waits, never writes outside its line, and is at its prompt again when
 * everything was shown.
 */
#include <string.h>

#include <base/panic.h>

#include <hyp/monitor.h>

#include "../host/sim.h"

static struct sim m;
static struct mux mux;
static struct monitor mon;
static uint8_t ports[64 * 1024] __attribute__((aligned(64)));

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settle(void)
{
	for (unsigned i = 0; i < 400; i++) {
		m.uart.nr_out = 0;
		console_pump(&m.h.console);
		monitor_run(&mon);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mux_config cfg = {
		.console = &m.h.console, .nr_vms = 1, .escape = MUX_ESCAPE};

	if (size < 2 || size > 256)
		return 0;
	sim_init(&m, 1, 1024);
	memset(ports, 0, sizeof(ports));
	memset(&mon, 0, sizeof(mon));
	mux_init(&mux, &cfg, ports);
	m.h.mux = &mux;
	(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	monitor_init(&mon, &m.h);
	mux_open(&mux);
	(void)sim_run(&m, 0);
	m.uart.in = "\x1dm";
	m.uart.nr_in = 2;
	settle();
	m.uart.room = data[0] * 16U;
	m.uart.in = (const char *)data + 1;
	m.uart.nr_in = size - 1;
	settle();
	ASSERT(mon.edit.at <= mon.edit.len && mon.edit.len <= LINE_EDIT_MAX);
	ASSERT(strlen(mon.edit.line) == mon.edit.len);
	m.uart.room = ~0U;
	settle();
	ASSERT(!mon.running);
	sim_free(&m);
	return 0;
}
