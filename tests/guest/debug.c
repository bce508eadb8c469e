/*
 * What a debugger shall find: puts one of everything into a known state, prints
 * it as `debug WORD VALUE...`, and goes round in debug_loop() until the
 * debugger sets debug_release, or for ever. Every round makes one hypercall.
 * Interrupts are masked all the time, so what is pending stays so. CPU 1, if
 * there is one, spins in debug_spin(); the others stay off.
 *
 * With a disk, two requests for it stand in its queue, one of them behind an
 * indirect table, and nobody has told the device.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/print.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "lib/virtio.h"

const char payload_name[] = "debug";

#define SGI_PENDING  3
#define PPI_ACTIVE   20
#define SPI_DISABLED 40
#define NR_SMCS      7
#define DEVICE_BLK   2
#define PAGE_MAGIC   UINT64_C(0x706c696e7468)

uint64_t debug_page[PAGE_SIZE / 8] __attribute__((aligned(4096)));
#define KNOWN UINT64_C(0x6b6e6f776e000000)

volatile uint64_t debug_release;
volatile uint64_t debug_rounds;
static struct vq_desc indirect[2];

__attribute__((noinline, noclone)) static void debug_spin(void *arg)
{
	(void)arg;
	while (!debug_release)
		cpu_relax();
}

/* With known values in registers that an exit saves, and in others. */
static void version_call(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_VERSION;
	register uint64_t x5 __asm__("x5") = KNOWN + 5;
	register uint64_t x13 __asm__("x13") = KNOWN + 13;
	register uint64_t x18 __asm__("x18") = KNOWN + 18;
	register uint64_t x21 __asm__("x21") = KNOWN + 21;
	register uint64_t x28 __asm__("x28") = KNOWN + 28;

	__asm__ volatile("hvc #0"
			 : "+r"(x0)
			 : "r"(x5), "r"(x13), "r"(x18), "r"(x21), "r"(x28)
			 : "x1", "x2", "x3", "memory");
}

__attribute__((noinline, noclone)) static void debug_loop(void)
{
	while (!debug_release) {
		debug_rounds++;
		version_call();
	}
}

static void make_interrupts(void)
{
	gic_init_dist();
	gic_init_cpu();
	gic_enable(SGI_PENDING);
	gic_send_sgi(gic_sgi_to(this_cpu()->mpidr, SGI_PENDING));
	gic_set_prio(SPI_DISABLED, 0x50);
	gic_set_bit(GIC_ISPENDR, SPI_DISABLED);
	gic_set_bit(GIC_ISACTIVER, PPI_ACTIVE);
	CHECK("sgi_is_pending", gic_bit(GIC_ISPENDR, SGI_PENDING));
	CHECK("spi_is_pending", gic_bit(GIC_ISPENDR, SPI_DISABLED));
	CHECK("ppi_is_active", gic_bit(GIC_ISACTIVER, PPI_ACTIVE));
	print("debug sgi_pending %u\n", SGI_PENDING);
	print("debug spi_pending %u 0x%x\n", SPI_DISABLED,
	      gic_prio(SPI_DISABLED));
	print("debug ppi_active %u\n", PPI_ACTIVE);
}

/* Without a disk there may be no slot either. */
static bool disk_is_there(void)
{
	uint32_t id;

	trap_expect();
	id = vm_read(VM_DEVICE_ID);
	return trap_end().count == 0 && id == DEVICE_BLK;
}

static void make_requests(void)
{
	if (!disk_is_there())
		return;
	CHECK("disk_starts", virtio_start(F_VERSION_1 | F_INDIRECT_DESC));
	vq.desc[0] = (struct vq_desc){addr_of(debug_page), 16, DESC_NEXT, 5};
	vq.desc[5] =
		(struct vq_desc){addr_of(debug_page) + 64, 1, DESC_WRITE, 0};
	indirect[0] = (struct vq_desc){addr_of(debug_page), 16, DESC_NEXT, 1};
	indirect[1] =
		(struct vq_desc){addr_of(debug_page) + 512, 513, DESC_WRITE, 0};
	vq.desc[2] = (struct vq_desc){addr_of(indirect), sizeof(indirect),
				      DESC_INDIRECT, 0};
	virtio_offer(0);
	virtio_offer(2);
	print("debug queue 0x%lx %u\n", addr_of(vq.desc), vq.avail_idx);
	print("debug chain 0x%lx 0x%lx\n", vq.desc[0].addr, vq.desc[5].addr);
	print("debug indirect 0x%lx 0x%lx\n", vq.desc[2].addr,
	      indirect[1].addr);
}

void payload_main(void)
{
	extern char _start[];

	debug_page[0] = PAGE_MAGIC;
	print("debug image 0x%lx\n", addr_of(_start));
	print("debug page 0x%lx 0x%lx\n", addr_of(debug_page), debug_page[0]);
	print("debug vbar 0x%lx\n", read_vbar_el1());
	print("debug tpidr 0x%lx\n", read_tpidr_el1());
	make_interrupts();
	make_requests();
	if (guest.nr_cpus > 1)
		CHECK("cpu1_starts",
		      smp_start(1, debug_spin, NULL) == PSCI_SUCCESS);
	for (unsigned i = 0; !guest.native && i < NR_SMCS; i++)
		(void)smc_call(PSCI_VERSION, 0, 0, 0);
	print("debug smcs %u\n", NR_SMCS);
	print("debug known 0x%lx\n", KNOWN);
	print("debug loop\n");
	debug_loop();
	gic_set_bit(GIC_ICACTIVER, PPI_ACTIVE);
	CHECK("released", debug_release);
}
