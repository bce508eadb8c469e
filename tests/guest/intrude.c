/*
 * A VM that tries to get at everybody else: at the addresses where the other
 * VMs have their RAM, and at all RAM of the machine, with Plinth in it and
 * the pages that the others really have. By loads, stores and fetches, by
 * descriptors and rings of a device, by entry points of PSCI calls, by
 * registers of the interrupt controller. Each is refused as the specifications
 * say, and what this VM itself has in its memory stays as it is meanwhile.
 *
 * Needs a disk, two CPUs, and in the boot arguments the targets: `aN=` start
 * and `zN=` bytes, decimal, of target N from 0 on, none of them in its own RAM.
 */
#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define STEP       UINT64_C(0x10000)
#define SECRET_LEN 0x400000U
#define PPI_MAINT  25
#define PPI_HTIMER 26

const char payload_name[] = "intrude";

extern char _end[];

static uint64_t start, size; /* of the target */
static volatile unsigned interrupts;
static uint8_t buf[SECTOR] __attribute__((aligned(4096)));

/* ------------------------------------------------- what is to stay as it is */

static volatile uint64_t *secret(void)
{
	return (volatile uint64_t *)(uintptr_t)align_up(
		(uint64_t)(uintptr_t)_end, 0x200000);
}

static void make_secret(void)
{
	uint64_t v = guest.ram_base;

	for (unsigned i = 0; i < SECRET_LEN / 8; i++) {
		v = v * UINT64_C(6364136223846793005) + 1442695040888963407;
		secret()[i] = v;
	}
}

/* FNV-1a, by words. */
static uint64_t hash(void)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < SECRET_LEN / 8; i++)
		h = (h ^ secret()[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* --------------------------------------------------------- loads and stores */

static bool refused(const struct trap_record *t, uint64_t at)
{
	return t->count == 1 &&
	       (trap_ec(t) == EC_DABT_SAME || trap_ec(t) == EC_IABT_SAME) &&
	       trap_dfsc(t) == DFSC_SEA && t->far == at;
}

static void do_load(uint64_t at)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
}

static void do_store(uint64_t at)
{
	__asm__ volatile("str %0, [%1]" ::"r"(~at), "r"(at) : "memory");
}

/* By an instruction of which the syndrome tells nothing. */
static void do_store_pair(uint64_t at)
{
	__asm__ volatile("stp %0, %0, [%1]" ::"r"(~at), "r"(at) : "memory");
}

static void do_fetch(uint64_t at)
{
	__asm__ volatile("blr %0" ::"r"(at) : "x30", "memory");
}

/* How many places of the target let it. */
static uint64_t let_in(void (*access)(uint64_t at), uint64_t step)
{
	uint64_t n = 0;

	for (uint64_t at = start; at < start + size; at += step) {
		struct trap_record t;

		trap_expect();
		access(at);
		t = trap_end();
		n += !refused(&t, at);
	}
	return n;
}

static void by_cpu(void)
{
	CHECK_EQ("loads", let_in(do_load, STEP), 0);
	CHECK_EQ("stores", let_in(do_store, STEP), 0);
	CHECK_EQ("pairs", let_in(do_store_pair, 16 * STEP), 0);
	CHECK_EQ("fetches", let_in(do_fetch, 16 * STEP), 0);
}

/* ------------------------------------------------------------------- device */

/* A request whose `which`-th descriptor names the target's memory. */
static bool request_refused(unsigned which)
{
	const struct blk_seg seg = {buf, SECTOR};
	int status;

	virtio_reset();
	if (!virtio_start(BLK_FEATURES))
		return false;
	blk_hdr = (struct blk_hdr){.type = BLK_T_IN};
	blk_status = 0xee;
	blk_build(vq.desc, &seg, 1);
	vq.desc[which].addr = start + size / 2;
	virtio_offer(0);
	virtio_kick();
	if (virtio_needs_reset())
		return true;
	if (!virtio_wait(1))
		return false;
	(void)virtio_take();
	status = blk_status;
	return which == 1 ? status == BLK_S_IOERR : status != BLK_S_OK;
}

/* A ring of which one area is the target's memory. */
static bool ring_refused(uint64_t reg)
{
	uint64_t at = start + size / 2;

	virtio_reset();
	if (!virtio_negotiate(BLK_FEATURES))
		return false;
	vm_write(VM_QUEUE_SEL, 0);
	vm_write(VM_QUEUE_NUM, VQ_SIZE);
	for (uint64_t r = VM_QUEUE_DESC; r <= VM_QUEUE_DEVICE; r += 16) {
		uint64_t v = r == reg ? at : addr_of(&vq);

		vm_write(r, (uint32_t)v);
		vm_write(r + 4, (uint32_t)(v >> 32));
	}
	vm_write(VM_QUEUE_READY, 1);
	return !vm_read(VM_QUEUE_READY) || virtio_needs_reset();
}

static void by_device(void)
{
	CHECK("header_there", request_refused(0));
	CHECK("data_there", request_refused(1));
	CHECK("status_there", request_refused(2));
	CHECK("descriptors_there", ring_refused(VM_QUEUE_DESC));
	CHECK("available_ring_there", ring_refused(VM_QUEUE_DRIVER));
	CHECK("used_ring_there", ring_refused(VM_QUEUE_DEVICE));
	virtio_reset();
}

/* --------------------------------------------------------------- PSCI, GIC */

static void check_psci(const char *name, int64_t got, int64_t want)
{
	check_eq(name, (uint64_t)got, (uint64_t)want);
}

static void by_firmware(void)
{
	uint64_t at = start + size / 2;

	check_psci("cpu_on_there",
		   psci_call(PSCI_CPU_ON64, cpus[1].mpidr, at, 0),
		   PSCI_INVALID_ADDRESS);
	check_psci("suspend_to_there",
		   psci_call(PSCI_SYSTEM_SUSPEND64, at, 0, 0),
		   PSCI_INVALID_ADDRESS);
	check_psci("cpu_is_still_off", psci_affinity_info(cpus[1].mpidr),
		   PSCI_AFFINITY_OFF);
}

static void on_irq(bool fiq)
{
	uint32_t intid = (uint32_t)read_icc_iar1_el1();

	(void)fiq;
	if (intid >= INTID_SPURIOUS - 3)
		return;
	interrupts++;
	write_icc_eoir1_el1(intid);
}

static void listen(void)
{
	irq_handler = on_irq;
	gic_init_dist();
	gic_init_cpu();
	for (unsigned i = 0; i < 16; i++)
		gic_enable(i);
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

/* SGIs to everybody but itself; the other CPU of this VM is off. */
static void by_interrupts(void)
{
	uint64_t beyond = GICR_BASE + guest.nr_cpus * GICR_STRIDE;

	check_area("intrude.gic");
	for (unsigned sgi = 0; sgi < 16; sgi++) {
		gic_send_sgi(ICC_SGI_IRM | (uint64_t)sgi << 24);
		for (uint64_t aff1 = 0; aff1 < 4; aff1++)
			gic_send_sgi((uint64_t)sgi << 24 | aff1 << 16 |
				     (aff1 ? 0xffff : 0xfffe));
	}
	gic_enable(PPI_MAINT);
	gic_enable(PPI_HTIMER);
	start = beyond;
	size = 4 * GICR_STRIDE;
	CHECK_EQ("frames_of_other_cpus", let_in(do_load, STEP), 0);
	CHECK_EQ("frames_of_other_cpus_written", let_in(do_store, STEP), 0);
	check_psci("cpu_of_nobody_here", psci_affinity_info(BIT(16)),
		   PSCI_INVALID_PARAMS);
}

/* ---------------------------------------------------------------- the whole */

static char area[] = "intrude.target0";

static bool next_target(unsigned i)
{
	char key[] = "a0=";

	key[1] = (char)('0' + i);
	start = str_number(guest.bootargs, key);
	key[0] = 'z';
	size = str_number(guest.bootargs, key);
	area[sizeof(area) - 2] = (char)('0' + i);
	check_area(area);
	return size != 0;
}

void payload_main(void)
{
	uint64_t before, took, begun = time_now();
	unsigned i;

	make_secret();
	before = hash();
	listen();
	for (i = 0; i < 10 && next_target(i); i++) {
		by_cpu();
		by_firmware();
	}
	mmu_on();
	for (i = 0; i < 10 && next_target(i); i++)
		by_device();
	mmu_off();
	by_interrupts();
	check_note("has tried all");
	/* The others, who have begun at the same time, do so meanwhile. */
	took = time_now() - begun;
	while (time_now() - begun < 3 * took + read_cntfrq_el0())
		if (hash() != before)
			break;
	check_area("intrude");
	CHECK_EQ("own_memory_is_unchanged", hash(), before);
	CHECK_EQ("nobody_interrupted", interrupts, 0);
}
