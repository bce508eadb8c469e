/*
 * What a VM shall be, before any of it exists: the common form of the
 * manifest, of a device tree that the guest brings, and of what the generated
 * device tree describes. Everything in it has been validated: ranges do not
 * wrap or overlap, counts are within what the architecture allows.
 *
 * Arrays and strings live in the arena that was given to the parser.
 *
 * Left out: what the machine must have for it. docs/manifest.md.
 */
#ifndef PLINTH_HYP_VM_CONFIG_H
#define PLINTH_HYP_VM_CONFIG_H

#include <base/addr.h>

struct arena;

#define VM_NAME_MAX 32 /* bytes, NUL included */

/* Limits of a VM, from the address map and the GIC below. */
#define VM_VCPUS_MAX    4096 /* Aff1.Aff0 with 16 vCPUs a cluster */
#define VM_SPIS_DEFAULT 32
#define VM_SPIS_MAX     960 /* GICD_TYPER.ITLinesNumber 30 */
#define VM_RAM_ALIGN    MIB(2)

/* The familiar map of generated device trees (IPA). */
#define VM_GICD_BASE       UINT64_C(0x08000000)
#define VM_GICD_SIZE       KIB(64)
#define VM_ITS_BASE        UINT64_C(0x08080000)
#define VM_ITS_SIZE        KIB(128)
#define VM_GICR_BASE       UINT64_C(0x080a0000)
#define VM_GICR_NR         123      /* frame sets below the UART */
#define VM_GICR_FRAME      KIB(128) /* per vCPU */
#define VM_GICR_HIGH_BASE  UINT64_C(0x4000000000) /* the other vCPUs' */
#define VM_UART_BASE       UINT64_C(0x09000000)
#define VM_RTC_BASE        UINT64_C(0x09010000)
#define VM_DEV_SIZE        KIB(4)               /* PL011 and PL031 */
#define VM_PVTIME_BASE     UINT64_C(0x090a0000) /* stolen time, hyp/pvtime.h */
#define VM_WDT_BASE        UINT64_C(0x09100000) /* control, then refresh frame */
#define VM_WDT_SIZE        KIB(128)
#define VM_VIRTIO_BASE     UINT64_C(0x0a000000)
#define VM_VIRTIO_SIZE     UINT64_C(0x200)
#define VM_DEVICES_END     UINT64_C(0x10000000) /* RAM begins at or above */
#define VM_RAM_BASE        UINT64_C(0x40000000) /* default */
#define VM_RAM_END         VM_GICR_HIGH_BASE    /* RAM ends at or below */
#define VM_SPI_FIRST       32U                  /* INTID of SPI 0 */
#define VM_UART_INTID      (VM_SPI_FIRST + 1)
#define VM_RTC_INTID       (VM_SPI_FIRST + 2)
#define VM_WDT_INTID       (VM_SPI_FIRST + 10)
#define VM_VIRTIO_INTID(n) (VM_SPI_FIRST + 16 + (n))

_Static_assert(VM_GICR_BASE + VM_GICR_NR * VM_GICR_FRAME == VM_UART_BASE,
	       "redistributors fill the gap below the UART");

/* The PPIs (INTIDs) of a guest's timers and of its performance monitors are the
 * usual ones, always. */
#define VM_TIMER_VIRT_INTID 27
#define VM_TIMER_PHYS_INTID 30
#define VM_PMU_INTID        23

/* A file that the boot loader placed; pristine, only ever read. */
struct vm_module {
	hpa_t base;
	uint64_t size;    /* bytes; 0 = absent */
	const char *node; /* its node in the manifest, for error lines */
};

struct vm_range {
	ipa_t base;
	uint64_t size; /* bytes */
};

enum vm_virtio_kind {
	VM_VIRTIO_EMPTY, /* a slot that answers DeviceID 0 */
	VM_VIRTIO_BLK,
	VM_VIRTIO_CONSOLE, /* at most one */
};

struct vm_virtio {
	struct vm_range regs; /* 0x200 bytes each */
	uint32_t intid;
	enum vm_virtio_kind kind;
	struct vm_module backing; /* BLK: the disk image */
	bool read_only;
};

/* Of a pCPU, for each vCPU of the VM; hyp/runq.h says what it means. */
struct vm_share {
	uint32_t weight;    /* 0: VM_WEIGHT_DEFAULT */
	uint32_t budget_us; /* in each period; 0: no reservation */
	uint32_t period_us; /* at least the budget */
};

/* What becomes of a VM that went off (PSCI SYSTEM_OFF, the last CPU_OFF) or
 * crashed. A reset is what the guest asks for, and no matter of policy. */
enum vm_restart {
	VM_RESTART_NEVER,    /* it stays off */
	VM_RESTART_ON_CRASH, /* it starts again after a crash */
	VM_RESTART_ALWAYS    /* it starts again in any case */
};

/* How long it waits before it starts by that policy: `first_ms`, twice as long
 * each time, up to `most_ms`; `first_ms` again after VM_GOOD_MS of its time. */
struct vm_backoff {
	uint32_t first_ms, most_ms; /* both 0: the defaults */
};

#define VM_BACKOFF_FIRST_MS 100U
#define VM_BACKOFF_MOST_MS  60000U
#define VM_BACKOFF_LIMIT_MS 3600000U
#define VM_GOOD_MS          10000U

#define VM_WEIGHT_DEFAULT 1024U
#define VM_WEIGHT_MAX     65536U

struct vm_config {
	char name[VM_NAME_MAX];
	char console[VM_NAME_MAX]; /* of its port, the only one of this name */
	unsigned nr_vcpus;
	/* The pCPUs that it may use, by index, and its share of them. */
	uint32_t *pcpus; /* NULL: all */
	unsigned nr_pcpus;
	struct vm_share share;

	enum vm_restart restart;
	struct vm_backoff backoff;

	uint64_t *mpidr; /* per vCPU: Aff3.Aff2.Aff1.Aff0 as in MPIDR_EL1 */

	struct vm_range *ram; /* sorted, disjoint, 4 KiB multiples */
	unsigned nr_ram;
	/* What the guest's own tree reserves; sorted, disjoint, may leave RAM.
	 * The loader puts nothing there of its own choice. */
	struct vm_range *reserved;
	unsigned nr_reserved;

	struct vm_range gicd; /* 64 KiB */
	/* Redistributor regions: vCPU i has the i-th 128 KiB frame set of all
	 * regions in turn; the last region may be larger than that needs. */
	struct vm_range *gicr;
	unsigned nr_gicr;
	unsigned nr_spis;    /* a multiple of 32, 32..960 */
	struct vm_range its; /* 128 KiB; size 0 = none, and no LPIs */

	struct vm_range uart; /* PL011, 4 KiB; size 0 = none */
	struct vm_range rtc;  /* PL031, 4 KiB; size 0 = none */
	struct vm_range wdt;  /* watchdog, 128 KiB; size 0 = none */
	uint32_t uart_intid, rtc_intid, wdt_intid;

	bool pmu;          /* performance monitors, if the machine has them */
	bool no_autostart; /* the boot creates the VM, and leaves it off */

	struct vm_virtio *virtio; /* ascending addresses; disks come first */
	unsigned nr_virtio;

	/* How RAM comes to be. */
	bool share_images; /* kernel and initrd are mapped copy-on-write */
	bool first_touch;  /* the rest is populated on first touch */
	bool overcommit;   /* and nobody promises that there is enough */

	struct vm_module kernel;
	struct vm_module initrd;
	struct vm_module dtb; /* absent: one is generated */
	const char *bootargs; /* NULL: none given */
};

/* What a manifest says about hardware when the guest brings no tree. */
struct vm_hw {
	unsigned nr_vcpus;  /* 1..VM_VCPUS_MAX */
	ipa_t ram_base;     /* 2 MiB multiple, VM_DEVICES_END or above */
	uint64_t ram_size;  /* bytes, 2 MiB multiple, ends by VM_RAM_END */
	unsigned nr_virtio; /* slots; may be 0 */
	unsigned nr_spis;   /* at least vm_config_spis_needed(nr_virtio) */
	bool pmu;
	bool its; /* LPIs and an ITS */
	bool watchdog;
};

/* Whether the VM may use the pCPU of that index. */
bool vm_config_allows_pcpu(const struct vm_config *cfg, unsigned pcpu);

/* Bytes of RAM in all its ranges. */
uint64_t vm_config_ram_size(const struct vm_config *cfg);

/* SPIs of the default map with nr_virtio slots, rounded up to 32. */
unsigned vm_config_spis_needed(unsigned nr_virtio);

/* The SPIs that give INTID `intid`, rounded up to 32; intid is an SPI. */
unsigned vm_config_spis_for(uint32_t intid);

/*
 * Fills the hardware part of *cfg with the default map: MPIDRs with 16 vCPUs
 * to an Aff1 cluster, RAM, GICv3, PL011, PL031 and empty virtio slots.
 * -EINVAL outside the limits above (nothing changed), -ENOMEM.
 */
MUST_CHECK int vm_config_default_hw(struct vm_config *cfg,
				    const struct vm_hw *hw, struct arena *a);

#endif
