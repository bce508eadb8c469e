/* What a VM is made of, what answers in it, and that it gives everything
 * back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arch/aarch64/idreg.h>
#include <arch/aarch64/inject.h>

#include "../host/lock_order.h"
#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

static int empty(void **state)
{
	(void)state;
	sim_init(&m, SIM_CPUS, 2048);
	return 0;
}

static int booted(void **state)
{
	(void)state;
	vm = sim_boot(&m, 2);
	return 0;
}

static int with_disk(void **state)
{
	(void)state;
	sim_init(&m, SIM_CPUS, 2048);
	for (unsigned i = 0; i < SIM_DISK; i++)
		m.disk[i] = (uint8_t)(i / 512 + 1);
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1, .disk = true});
	(void)sim_run(&m, 0);
	return 0;
}

static int two_vms(void **state)
{
	(void)state;
	sim_init(&m, SIM_CPUS, 2048);
	for (unsigned i = 0; i < 2; i++)
		(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 2});
	for (unsigned i = 0; i < SIM_CPUS; i++)
		(void)sim_run(&m, i);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

/* ------------------------------------------------------------ trap controls */

static void guest_runs_under_the_traps_that_have_answers(void **state)
{
	const struct vcpu_control *c = &fake_pcpu->control;

	(void)state;
	/* RW, TACR, TIDCP, TSC, TID3, BSU, FB, AMO, IMO, FMO, PTW, SWIO, VM;
	 * API, APK, TERR, TLOR; TID5. */
	assert_int_equal(c->hcr_el2, 0x04000318803c063f);
	assert_int_equal(c->vmpidr_el2, 0x80000000);
	assert_int_equal(c->vpidr_el2, 0x411fd070);
	assert_int_equal(vm->vcpus[1]->control.vmpidr_el2, 0x80000001);
	assert_int_equal(c->vttbr_el2 >> 48, 1);
	assert_int_equal(c->vttbr_el2 & GENMASK(47, 0),
			 hpa_of(vm->s2.pgt.root).v);
	/* 31 bits of IPA from level 2 on, 48-bit output. */
	assert_int_equal(c->vtcr_el2, 0x80053521);
}

static void id_registers_trap_only_where_something_must_be_hidden(void **state)
{
	const struct vm_config *cfg =
		sim_config(&m, &(struct sim_vm){.nr_vcpus = 2});

	(void)state;
	m.hw_idregs[IDREG(4, 0)] = 0x2222;
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	assert_int_equal(vm->vcpus[0]->control.hcr_el2, 0x040003188038063f);
	assert_int_equal(vm->idregs[IDREG(4, 0)], 0x2222); /* as the guest */
	m.h.nr_vms = 1;
}

static void identity_shown_decides_what_an_exception_entry_sets(void **state)
{
	const struct vm_config *cfg =
		sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	(void)state;
	m.hw_idregs[IDREG(7, 1)] = 0x100000; /* PAN */
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	assert_int_equal(vm->inject_features, INJECT_PAN);
	m.h.nr_vms = 1;
}

static void second_level_covers_what_the_machine_of_the_guest_has(void **s)
{
	static const struct {
		const char *what;
		uint64_t uart; /* moved there; 0: not */
		unsigned ipa_bits, parange;
	} t[] = {
		{"RAM at 1 GiB", 0, 31, 0},
		{"a device above 4 GiB", UINT64_C(0x200000000), 34, 1},
		{"a device above 64 GiB", UINT64_C(0x1000000000), 37, 2},
	};

	(void)s;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vm_config *cfg =
			sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

		print_message("  %s\n", t[i].what);
		if (t[i].uart)
			cfg->uart.base.v = t[i].uart;
		vm = &m.vms[0];
		assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
		assert_int_equal(vm->s2.pgt.addr_bits, t[i].ipa_bits);
		assert_int_equal(vm->idregs[IDREG(7, 0)] & 15, t[i].parange);
		vm_destroy(vm);
	}
}

/* ------------------------------------------------------------ what is there */

static void default_devices_answer_where_the_tree_says(void **state)
{
	(void)state;
	m.wall = 1234567;
	assert_int_equal(sim_load(&m, 0, SIM_GICD + 0xffe8, 4) & 0xf0, 0x30);
	assert_int_equal(sim_load(&m, 0, SIM_GICR + 8, 8), 1 << 5); /* DPGS */
	assert_int_equal(sim_load(&m, 0, SIM_GICR + KIB(128) + 8, 8),
			 UINT64_C(1) << 32 | 1 << 8 | 1 << 5 |
				 1 << 4); /* Last */
	assert_int_equal(sim_load(&m, 0, SIM_UART + 0xfe0, 4), 0x11);
	assert_int_equal(sim_load(&m, 0, SIM_RTC + 0xfe0, 4), 0x31);
	assert_int_equal(sim_load(&m, 0, SIM_RTC, 4), 1234567);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t slot = SIM_VIRTIO + 0x200 * i;

		assert_int_equal(sim_load(&m, 0, slot, 4), 0x74726976);
		assert_int_equal(sim_load(&m, 0, slot + 8, 4), 0); /* empty */
	}
}

static void alarm_of_the_clock_interrupts(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	m.wall = 100;
	sim_store(&m, 0, SIM_RTC + 0x04, 4, 105); /* MR */
	sim_store(&m, 0, SIM_RTC + 0x10, 4, 1);   /* IMSC */
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 1023);
	m.wall = 105;
	assert_int_equal(sim_load(&m, 0, SIM_RTC, 4), 105);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 34);
}

static void nothing_answers_beside_the_devices(void **state)
{
	static const uint64_t ipa[] = {
		SIM_GICD + KIB(64),
		SIM_GICR + 2 * KIB(128),
		SIM_UART + KIB(4) + KIB(64),
		SIM_VIRTIO + 2 * 0x200,
		0,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ipa); i++)
		assert_null(mmio_region_at(&vm->bus, (ipa_t){ipa[i]}));
}

static void redistributors_in_two_regions_are_numbered_through(void **state)
{
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 3});
	struct vm_range gicr[] = {{{SIM_GICR}, KIB(128)},
				  {{SIM_GICR + MIB(1)}, 8 * KIB(128)}};
	struct mmio_op op = {.size = 8};

	(void)state;
	cfg->gicr = gicr;
	cfg->nr_gicr = 2;
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	m.h.nr_vms = 1;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t at =
			i ? SIM_GICR + MIB(1) + (i - 1) * KIB(128) : SIM_GICR;

		assert_int_equal(mmio_dispatch(&vm->bus, (ipa_t){at + 8}, &op),
				 0);
		assert_int_equal(op.value >> 8 & 0xffff, i);
		assert_int_equal(op.value >> 32, i);
		/* Last: of its region, or of all. */
		assert_int_equal(op.value >> 4 & 1, i != 1);
	}
	/* Frames without a vCPU are not there. */
	assert_int_equal(
		mmio_dispatch(&vm->bus,
			      (ipa_t){SIM_GICR + MIB(1) + 2 * KIB(128)}, &op),
		-ENXIO);
}

/* Its command queue is looked for in the guest's RAM and nowhere else. */
static void its_works_on_the_guests_own_memory(void **state)
{
	const ipa_t its = {0x08080000};
	const uint64_t queue[2] = {SIM_RAM, SIM_RAM + MIB(2)};
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});
	struct mmio_op op = {.size = 8};

	(void)state;
	cfg->its = (struct vm_range){its, KIB(128)};
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	m.h.nr_vms = 1;
	assert_int_equal(mmio_dispatch(&vm->bus, ipa_add(its, 8), &op), 0);
	assert_int_equal(op.value & 1, 1);
	for (unsigned i = 0; i < 2; i++) {
		const struct {
			uint64_t at, size, value;
		} w[] = {{0, 4, 0},
			 {0x80, 8, UINT64_C(1) << 63 | queue[i]},
			 {0, 4, 1},
			 {0x88, 8, 0x20}};

		for (size_t k = 0; k < ARRAY_SIZE(w); k++) {
			op = (struct mmio_op){.size = (uint8_t)w[k].size,
					      .value = w[k].value,
					      .write = true};
			assert_int_equal(mmio_dispatch(&vm->bus,
						       ipa_add(its, w[k].at),
						       &op),
					 0);
		}
		op = (struct mmio_op){.size = 8};
		assert_int_equal(
			mmio_dispatch(&vm->bus, ipa_add(its, 0x90), &op), 0);
		assert_int_equal(op.value, i ? 1 : 0x20);
	}
}

/* -------------------------------------------------------------- the console */

static void guest_output_and_input_pass_through_the_console(void **state)
{
	(void)state;
	fake_uart_type(&m.uart, "ls\n");
	console_pump(&m.h.console);
	assert_int_equal(m.uart.nr_in, 2); /* one is held: nobody listens yet */
	for (const char *p = "# "; *p; p++)
		sim_store(&m, 0, SIM_UART, 1, (uint8_t)*p);
	assert_memory_equal(m.uart.out, "# ", 2);
	sim_store(&m, 0, SIM_UART + 0x2c, 4, 0x70); /* LCR_H: FIFO */
	sim_store(&m, 0, SIM_UART + 0x30, 4, 0x301);
	sim_store(&m, 0, SIM_UART + 0x38, 4, 0x50); /* listens */
	assert_int_equal(m.uart.nr_in, 0);
	assert_true(m.uart.rx_irq);
	assert_int_equal(sim_load(&m, 0, SIM_UART, 4), 'l');
	assert_int_equal(sim_load(&m, 0, SIM_UART, 4), 's');
	assert_int_equal(sim_load(&m, 0, SIM_UART, 4), '\n');
	assert_int_equal(sim_load(&m, 0, SIM_UART + 0x18, 4) & 0x10, 0x10);
}

static unsigned stage2_of(uint64_t ipa)
{
	struct s2_walk w;

	return gmem_walk(&vm->mem, (ipa_t){ipa}, &w) ? 0 : w.prot;
}

/* Rules out: mixed-attributes */
static void flag_register_needs_no_exit_until_input_comes(void **state)
{
	const uint32_t *regs = vm->uart_regs;
	unsigned at;

	(void)state;
	assert_int_equal(stage2_of(SIM_UART), 0);
	fake_log_reset();
	assert_int_equal(sim_load(&m, 0, SIM_UART + 0x18, 4), 0x97);
	assert_int_equal(stage2_of(SIM_UART), PGT_R | PGT_DEVICE);
	assert_int_equal(stage2_of(SIM_UART + 0x1000), 0);
	assert_int_equal(regs[0x18 / 4], 0x97);
	assert_int_equal(regs[0xff8 / 4], 0x05);
	at = fake_log_find_a(FAKE_CLEAN, 0, (uintptr_t)&regs[0x18 / 4]);
	assert_true(at < fake_log_find(FAKE_MAP_SYNC, 0));
	fake_log_reset();
	m.uart.in = "x";
	m.uart.nr_in = 1;
	console_pump(&m.h.console);
	at = fake_log_find_a(FAKE_TLBI_IPA, 0, SIM_UART);
	assert_int_equal(fake_log.e[at].b, PAGE_SIZE);
	assert_int_equal(stage2_of(SIM_UART), 0);
	for (unsigned i = 0; sim_load(&m, 0, SIM_UART + 0x18, 4) & 0x10; i++)
		assert_true(i < 2 * PL011_POLLS);
	assert_int_equal(sim_load(&m, 0, SIM_UART, 4), 'x');
	(void)sim_load(&m, 0, SIM_UART + 0x18, 4);
	assert_int_equal(stage2_of(SIM_UART), PGT_R | PGT_DEVICE);
}

/* A store to the data register while the mirror is shown. */
static void store_text(unsigned size, unsigned rt, uint64_t value)
{
	if (rt < 31)
		sim_vcpu(&m, 0)->regs.x[rt] = value;
	sim_vcpu(&m, 0)->regs.pc = 0x40000100;
	sim_fault(&m, 0, SIM_UART, SIM_UART);
	(void)sim_sync(&m, 0,
		       syn_dabt(size, rt, SYN_DABT_WRITE) - SYN_TRANSLATION +
			       SYN_PERMISSION);
}

static void begin_text(void)
{
	(void)sim_load(&m, 0, SIM_UART + 0x18, 4);
	sim_store(&m, 0, SIM_UART, 1, '>');
	assert_int_equal(pl011_text(&vm->uart), SIM_UART);
}

static bool uart_was_locked;

static void watch_uart(const struct spinlock *l)
{
	uart_was_locked |= l == &vm->uart.lock;
}

static void text_goes_from_the_guest_straight_to_the_uart(void **state)
{
	static const unsigned size[] = {1, 2, 4};
	void (*before)(const struct spinlock *) = fake_spin.before_lock;

	(void)state;
	begin_text();
	uart_was_locked = false;
	fake_spin.before_lock = watch_uart;
	for (unsigned i = 0; i < ARRAY_SIZE(size); i++) {
		store_text(size[i], 7, 0x1122334455667700 + 'a' + i);
		assert_int_equal(sim_vcpu(&m, 0)->regs.pc, 0x40000104);
	}
	assert_false(uart_was_locked);
	store_text(1, 31, 0);
	fake_spin.before_lock = before;
	assert_int_equal(m.uart.nr_out, 5);
	assert_memory_equal(m.uart.out, ">abc\0", 5);
}

static void text_of_another_byte_order_takes_the_usual_way(void **state)
{
	struct vcpu_regs *g = &sim_vcpu(&m, 0)->regs;

	(void)state;
	begin_text();
	fake_el1.sctlr = 1 << 25; /* EE */
	store_text(4, 2, 0x61000000);
	store_text(1, 2, 'b');
	fake_el1.sctlr = 0;
	g->pstate = 0x210; /* AArch32 at EL0, E */
	store_text(2, 2, 0x6300);
	g->pstate = 0x3c5 | 1 << 21 | 3 << 10; /* SS, BTYPE */
	store_text(1, 2, 'd');
	assert_int_equal(g->pstate, 0x3c5);
	assert_memory_equal(m.uart.out, ">abcd", 5);
	store_text(8, 2, 'x'); /* no size that the device has */
	assert_int_equal(g->pc & 0xfff, 0x200);
	assert_int_equal(m.uart.nr_out, 5);
}

static void text_waits_behind_what_waits_at_the_console(void **state)
{
	unsigned n;

	(void)state;
	begin_text();
	m.uart.room = 0;
	store_text(1, 2, 'a');
	store_text(1, 2, 'b');
	m.uart.room = 1;
	store_text(1, 2, 'c');
	assert_int_equal(m.uart.nr_out, 1);
	m.uart.room = 0;
	for (n = 3; pl011_text(&vm->uart) == SIM_UART; n++)
		store_text(1, 2, 'x');
	assert_int_equal(n, CONSOLE_TX_RING);
	store_text(1, 2, 'y');
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, 0x40000100); /* again */
	m.uart.room = 2 * CONSOLE_TX_RING;
	console_pump(&m.h.console);
	store_text(1, 2, 'z');
	assert_memory_equal(m.uart.out, ">abcx", 5);
	assert_int_equal(m.uart.nr_out, n + 2);
	assert_int_equal(m.uart.out[n + 1], 'z');
}

static uint32_t word_at(uint64_t ipa)
{
	struct s2_walk w;

	assert_int_equal(gmem_walk(&vm->mem, (ipa_t){ipa}, &w), 0);
	return *(uint32_t *)hpa_ptr(w.hpa);
}

/* Loads that exit find what the guest has in their place. */
static void assert_is_read_as_memory(uint64_t page)
{
	assert_int_equal(stage2_of(page), PGT_R | PGT_DEVICE);
	for (uint64_t at = page; at < page + PAGE_SIZE; at += 4) {
		if (mmio_region_at(&vm->bus, (ipa_t){at}))
			assert_int_equal(sim_load(&m, 0, at, 4), word_at(at));
		else
			assert_int_equal(word_at(at), 0);
	}
}

static void registers_that_loads_leave_as_they_are_need_no_exit(void **state)
{
	(void)state;
	for (uint64_t rd = SIM_GICR; rd < SIM_GICR + 2 * KIB(128);
	     rd += KIB(128)) {
		assert_is_read_as_memory(rd);
		assert_is_read_as_memory(rd + 0xf000);
		assert_int_equal(stage2_of(rd + 0x1000), 0);
		assert_int_equal(stage2_of(rd + 0x10000), 0);
	}
	assert_is_read_as_memory(SIM_GICD + 0xf000);
	assert_int_equal(stage2_of(SIM_GICD), 0);
	assert_is_read_as_memory(SIM_VIRTIO);
	sim_store(&m, 0, SIM_GICR + 0x14, 4, 0);
	assert_int_equal(word_at(SIM_GICR + 0x14), 0);
	assert_is_read_as_memory(SIM_GICR);
}

/* GICR_SYNCR asks other vCPUs. */
static void redistributors_of_a_gic_with_its_are_read_by_exits(void **state)
{
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	(void)state;
	cfg->its = (struct vm_range){{0x08080000}, KIB(128)};
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	m.h.nr_vms = 1;
	assert_int_equal(stage2_of(SIM_GICR), 0);
	assert_int_equal(stage2_of(SIM_GICR + 0xf000), PGT_R | PGT_DEVICE);
}

/* Rules out: foreign-memory */
static void
slots_that_share_a_page_with_another_device_are_not_shown(void **state)
{
	struct vm_config *cfg =
		sim_config(&m, &(struct sim_vm){.nr_vcpus = 1, .disk = true});

	(void)state;
	cfg->rtc = (struct vm_range){{SIM_VIRTIO + 0xe00}, 0x200};
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	m.h.nr_vms = 1;
	assert_int_equal(stage2_of(SIM_VIRTIO), 0);
}

/* Rules out: foreign-memory */
static void device_that_shares_its_page_has_no_mirror(void **state)
{
	static const struct vm_range at[] = {{{SIM_UART + 0x200}, 0x1000},
					     {{SIM_UART}, 0x200}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		struct vm_config *cfg =
			sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

		cfg->uart = at[i];
		vm = &m.vms[0];
		assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
		assert_null(vm->uart_regs);
		vm_destroy(vm);
		sim_free(&m);
		sim_init(&m, SIM_CPUS, 2048);
	}
}

static void input_longer_than_the_fifo_arrives_as_it_is_read(void **state)
{
	static char text[1000];
	unsigned n;

	(void)state;
	for (n = 0; n < sizeof(text); n++)
		text[n] = (char)('a' + n % 26);
	sim_store(&m, 0, SIM_UART + 0x2c, 4, 0x70);
	sim_store(&m, 0, SIM_UART + 0x30, 4, 0x301);
	sim_store(&m, 0, SIM_UART + 0x38, 4, 0x50);
	m.uart.in = text;
	m.uart.nr_in = sizeof(text);
	console_pump(&m.h.console);
	assert_false(m.uart.rx_irq);
	for (n = 0; n < sizeof(text); n++)
		assert_int_equal(sim_load(&m, 0, SIM_UART, 4), text[n]);
	assert_true(m.uart.rx_irq);
}

/* The guest of that pCPU writes until its UART is full; how many it took. */
static unsigned fill_console(unsigned cpu)
{
	unsigned n = 0;

	while (!(sim_load(&m, cpu, SIM_UART + 0x18, 4) & 0x20)) { /* TXFF */
		sim_store(&m, cpu, SIM_UART, 1, 'x');
		n++;
	}
	return n;
}

static void full_console_holds_the_guest_back_and_lets_it_go_on(void **state)
{
	unsigned n;

	(void)state;
	m.uart.room = 0;
	n = fill_console(0);
	assert_int_equal(n, CONSOLE_TX_RING);
	/* One more: the guest is at its store until there is room. */
	sim_fault(&m, 0, SIM_UART, SIM_UART);
	sim_vcpu(&m, 0)->regs.x[1] = 'y';
	sim_vcpu(&m, 0)->regs.pc = 0x40000100;
	(void)sim_sync(&m, 0, syn_dabt(1, 1, SYN_DABT_WRITE));
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, 0x40000100);
	m.uart.room = 2 * CONSOLE_TX_RING;
	console_pump(&m.h.console);
	assert_int_equal(sim_load(&m, 0, SIM_UART + 0x18, 4) & 0x20, 0);
	sim_store(&m, 0, SIM_UART, 1, 'z');
	assert_int_equal(m.uart.nr_out, n + 1);
	assert_int_equal(m.uart.out[n], 'z');
}

static void every_vm_that_was_held_back_is_let_go(void **state)
{
	(void)state;
	m.uart.room = 0;
	assert_int_equal(fill_console(2), CONSOLE_TX_RING); /* not the owner */
	m.uart.room = 2 * CONSOLE_TX_RING;
	console_pump(&m.h.console);
	assert_int_equal(sim_load(&m, 2, SIM_UART + 0x18, 4) & 0x20, 0);
}

static void locks_of_console_uart_and_gic_have_one_order(void **state)
{
	struct pl011 *u = &vm->uart;

	(void)state;
	sim_guest_gic(&m, 0);
	guest_output_and_input_pass_through_the_console(state);
	m.uart.room = 0;
	m.uart.nr_out = 0;
	(void)fill_console(0);
	m.uart.room = 1000;
	console_pump(&m.h.console);
	assert_true(lock_order_below(&m.h.console.rx_lock) >= 3);
	assert_true(lock_order_below(&u->lock) >= 2);
	assert_int_equal(lock_order_below(&m.h.console.tx_lock), 0);
}

/* ---------------------------------------------------------------- the disk */

/* virtio 1.2, 4.2.2: the registers of a slot. */
static void slot_set(uint64_t reg, uint32_t value)
{
	sim_store(&m, 0, SIM_VIRTIO + reg, 4, value);
}

#define RING (SIM_RAM + MIB(1))

static void put(uint64_t at, uint64_t v, unsigned bytes)
{
	assert_int_equal(gmem_write(&vm->mem, (ipa_t){at}, &v, bytes), 0);
}

static void desc(unsigned i, uint64_t addr, uint32_t len, unsigned flags)
{
	put(RING + 16 * i, addr, 8);
	put(RING + 16 * i + 8, len, 4);
	put(RING + 16 * i + 12, flags, 2);
	put(RING + 16 * i + 14, i + 1, 2);
}

/* A queue of eight at RING; the driver is ready. */
static void driver_starts(void)
{
	slot_set(0x70, 0);
	slot_set(0x70, 3);
	slot_set(0x24, 1);
	slot_set(0x20, 1); /* VERSION_1 */
	slot_set(0x70, 11);
	slot_set(0x30, 0);
	slot_set(0x38, 8);
	slot_set(0x80, (uint32_t)RING);
	slot_set(0x90, (uint32_t)RING + 0x100);
	slot_set(0xa0, (uint32_t)RING + 0x200);
	slot_set(0x44, 1);
	slot_set(0x70, 15);
}

/* The n-th request of the driver: sector 1 from or to RING + 0x1000. */
static uint8_t request(unsigned n, bool write)
{
	uint8_t status = 0xff;

	put(RING + 0x800, write, 4);
	put(RING + 0x804, 0, 4);
	put(RING + 0x808, 1, 8);
	desc(0, RING + 0x800, 16, 1);
	desc(1, RING + 0x1000, 512, write ? 1 : 3);
	desc(2, RING + 0x900, 1, 2);
	put(RING + 0x900, 0xff, 1);
	put(RING + 0x104 + 2 * (n % 8), 0, 2);
	put(RING + 0x102, n + 1, 2);
	slot_set(0x50, 0);
	assert_int_equal(gmem_read(&vm->mem, (ipa_t){RING + 0x900}, &status, 1),
			 0);
	return status;
}

static uint8_t data(void)
{
	uint8_t b = 0;

	assert_int_equal(gmem_read(&vm->mem, (ipa_t){RING + 0x1000}, &b, 1), 0);
	return b;
}

static void disk_is_read_written_and_raises_its_interrupt(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	assert_int_equal(sim_load(&m, 0, SIM_VIRTIO + 8, 4), 2); /* block */
	driver_starts();
	assert_int_equal(request(0, false), 0);
	assert_int_equal(data(), 2);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 48);
	slot_set(0x64, 1);
	gich_eoi(&m.pcpu[0].gich, 1, 48);
	put(RING + 0x1000, 0x5a, 1);
	assert_int_equal(request(1, true), 0);
	assert_int_equal(m.disk[512], 2); /* the image stays pristine */
}

static void disk_keeps_what_was_written_over_a_reset(void **state)
{
	(void)state;
	driver_starts();
	put(RING + 0x1000, 0x5a, 1);
	assert_int_equal(request(0, true), 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(sim_load(&m, 0, SIM_VIRTIO + 0x70, 4), 0);
	assert_int_equal(data(), 0); /* RAM is new */
	driver_starts();
	assert_int_equal(request(0, false), 0);
	assert_int_equal(data(), 0x5a);
}

/* ------------------------------------------------------- creation that fails
 */

/* All but `nr` pages are taken, and given back by the second call. */
static void *hoard[4096];
static unsigned nr_hoard;

static void leave_pages(uint64_t nr)
{
	for (nr_hoard = 0; page_alloc_nr_free(&m.h.pages); nr_hoard++) {
		hoard[nr_hoard] = page_alloc_block(&m.h.pages, 0);
		assert_non_null(hoard[nr_hoard]);
	}
	while (page_alloc_nr_free(&m.h.pages) < nr)
		page_free_block(&m.h.pages, hoard[--nr_hoard], 0);
}

static void give_back(void)
{
	while (nr_hoard)
		page_free_block(&m.h.pages, hoard[--nr_hoard], 0);
}

static void vm_that_finds_no_memory_leaves_nothing_behind(void **state)
{
	const struct vm_config *cfg =
		sim_config(&m, &(struct sim_vm){.nr_vcpus = 3, .disk = true});
	uint64_t nr_free = page_alloc_nr_free(&m.h.pages), used, n;

	(void)state;
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	used = nr_free - page_alloc_nr_free(&m.h.pages);
	vm_destroy(vm);
	assert_int_equal(page_alloc_nr_free(&m.h.pages), nr_free);
	assert_true(used > 512);
	for (n = 0; n < used; n++) {
		lock_order_forget();
		leave_pages(n);
		host_log_reset();
		if (vm_create(vm, &m.h, cfg, 1) == 0)
			fail_msg("created with %lu pages of %lu", n, used);
		assert_int_equal(page_alloc_nr_free(&m.h.pages), n);
		assert_int_equal(host_log_count(), 1); /* one line says why */
		give_back();
	}
	print_message("  %lu pages\n", used);
}

static void creation_and_end_of_a_vm_cost_no_page(void **state)
{
	const struct vm_config *cfg =
		sim_config(&m, &(struct sim_vm){.nr_vcpus = 3, .disk = true});
	uint64_t nr_free = page_alloc_nr_free(&m.h.pages);

	(void)state;
	vm = &m.vms[0];
	for (unsigned i = 0; i < 5; i++) {
		fake_log_reset();
		assert_int_equal(vm_create(vm, &m.h, cfg, 7), 0);
		vm_destroy(vm);
		lock_order_forget();
		assert_int_equal(page_alloc_nr_free(&m.h.pages), nr_free);
		/* Nobody shall find the VMID's translations any more. */
		assert_int_equal(fake_log_count(FAKE_TLBI_VMID), 1);
		assert_int_equal(
			fake_log.e[fake_log_find(FAKE_TLBI_VMID, 0)].a >> 48,
			7);
	}
	vm_destroy(vm); /* once more does no harm */
}

static void disk_that_was_written_to_is_given_back(void **state)
{
	(void)state;
	driver_starts();
	assert_int_equal(request(0, true), 0);
	/* sim_free() counts. */
}

static void memory_beyond_the_machines_addresses_is_named(void **state)
{
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	(void)state;
	m.hw_idregs[IDREG(7, 0)] = 0; /* 32 bits */
	cfg->ram[0].base.v = UINT64_C(0x100000000);
	vm = &m.vms[0];
	host_log_reset();
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), -ERANGE);
	assert_string_equal(
		host_log_last(),
		"VM vm0: memory: beyond this machine's addresses (7 MiB free)");
	assert_int_equal(host_log_count(), 1);
}

static void device_in_the_way_of_another_is_named(void **state)
{
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	(void)state;
	cfg->rtc.base = cfg->uart.base; /* the parser would not let that be */
	vm = &m.vms[0];
	host_log_reset();
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), -EEXIST);
	assert_string_equal(host_log_last(),
			    "VM vm0: PL031 at 9000000: cannot be placed: -17");
	assert_int_equal(host_log_count(), 1);
}

static void kernel_that_is_none_is_refused_with_one_line(void **state)
{
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	(void)state;
	m.kernel[56] = 'X';
	vm = &m.vms[0];
	host_log_reset();
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), -EINVAL);
	assert_non_null(strstr(host_log_last(), "/vm/kernel"));
	assert_int_equal(host_log_count(), 1);
}

static void kernel_with_pages_that_the_cpu_lacks_is_refused(void **state)
{
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	(void)state;
	m.kernel[24] = 8 | 2 << 1; /* anywhere, 16 KiB */
	vm = &m.vms[0];
	host_log_reset();
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), -EINVAL);
	assert_string_equal(host_log_last(),
			    "VM vm0: /vm/kernel: Image has pages of 16 KiB, "
			    "which these CPUs do not have");
	assert_int_equal(host_log_count(), 1);
	m.kernel[24] = 8 | 3 << 1; /* 64 KiB */
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	vm_destroy(vm);
}

static void pcpu_is_free_again_when_its_vm_is_gone(void **state)
{
	const struct vm_config *cfg =
		sim_config(&m, &(struct sim_vm){.nr_vcpus = 2});

	(void)state;
	vm = &m.vms[0];
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
		assert_int_equal(m.cpus[0].sched.nr_placed, 1);
		assert_int_equal(m.cpus[1].sched.nr_placed, 1);
		vm->plan.kernel.base.v = SIM_RAM + MIB(2);
		assert_int_equal(vm_start(vm), -EFAULT);
		assert_int_equal(vm->state, VM_OFF);
		vm_destroy(vm); /* as the boot does then */
		assert_int_equal(m.cpus[0].sched.nr_placed, 0);
		assert_int_equal(m.cpus[1].sched.nr_placed, 0);
		assert_null(sim_run(&m, 0));
		assert_null(sim_run(&m, 1));
	}
}

static void vm_of_four_vcpus_costs_el2_less_than_512_kib(void **state)
{
	const struct sim_vm what = {
		.nr_vcpus = 4, .disk = true, .watchdog = true, .vcon = true};
	uint64_t pages = page_alloc_nr_free(&m.h.pages), cost;
	struct gmem_usage use;

	(void)state;
	vm = sim_add_vm(&m, &what);
	use = gmem_usage(&vm->mem);
	pages -= page_alloc_nr_free(&m.h.pages) + use.own + use.tables;
	cost = pages * PAGE_SIZE + sizeof(*vm) + mux_size(1) - mux_size(0);
	print_message("  %lu KiB\n", cost >> 10);
	assert_true(cost < KIB(512));
}

#define EMPTY(t)  cmocka_unit_test_setup_teardown(t, empty, end)
#define BOOTED(t) cmocka_unit_test_setup_teardown(t, booted, end)
#define DISK(t)   cmocka_unit_test_setup_teardown(t, with_disk, end)
#define TWO(t)    cmocka_unit_test_setup_teardown(t, two_vms, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(guest_runs_under_the_traps_that_have_answers),
		EMPTY(vm_of_four_vcpus_costs_el2_less_than_512_kib),
		EMPTY(id_registers_trap_only_where_something_must_be_hidden),
		EMPTY(identity_shown_decides_what_an_exception_entry_sets),
		EMPTY(second_level_covers_what_the_machine_of_the_guest_has),
		BOOTED(default_devices_answer_where_the_tree_says),
		BOOTED(alarm_of_the_clock_interrupts),
		BOOTED(nothing_answers_beside_the_devices),
		EMPTY(redistributors_in_two_regions_are_numbered_through),
		EMPTY(its_works_on_the_guests_own_memory),
		BOOTED(guest_output_and_input_pass_through_the_console),
		BOOTED(flag_register_needs_no_exit_until_input_comes),
		BOOTED(text_goes_from_the_guest_straight_to_the_uart),
		BOOTED(text_of_another_byte_order_takes_the_usual_way),
		BOOTED(text_waits_behind_what_waits_at_the_console),
		BOOTED(registers_that_loads_leave_as_they_are_need_no_exit),
		EMPTY(redistributors_of_a_gic_with_its_are_read_by_exits),
		EMPTY(slots_that_share_a_page_with_another_device_are_not_shown),
		EMPTY(device_that_shares_its_page_has_no_mirror),
		BOOTED(input_longer_than_the_fifo_arrives_as_it_is_read),
		BOOTED(full_console_holds_the_guest_back_and_lets_it_go_on),
		TWO(every_vm_that_was_held_back_is_let_go),
		BOOTED(locks_of_console_uart_and_gic_have_one_order),
		DISK(disk_is_read_written_and_raises_its_interrupt),
		DISK(disk_keeps_what_was_written_over_a_reset),
		EMPTY(vm_that_finds_no_memory_leaves_nothing_behind),
		EMPTY(creation_and_end_of_a_vm_cost_no_page),
		DISK(disk_that_was_written_to_is_given_back),
		EMPTY(memory_beyond_the_machines_addresses_is_named),
		EMPTY(device_in_the_way_of_another_is_named),
		EMPTY(kernel_that_is_none_is_refused_with_one_line),
		EMPTY(kernel_with_pages_that_the_cpu_lacks_is_refused),
		EMPTY(pcpu_is_free_again_when_its_vm_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
