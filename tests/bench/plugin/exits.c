/*
 * A TCG plugin of QEMU: counts the instructions that Plinth and its guests
 * execute, and of Plinth's those of every exit, by the exit's reason.
 *
 * An instruction is Plinth's when its bytes are in Plinth's image; all others
 * are a guest's. The first instruction of all is the image's first, which tells
 * where in this process the machine's RAM is. An exit is what one pCPU executes
 * from a vector for a lower exception level to an ERET of el2/vectors.S, both
 * counted; its syndrome is what note_exit stores in the ring of exits, read
 * from RAM after that store (EL2 maps RAM at its physical addresses). The first
 * device handler that an exit comes by is its device.
 *
 * Counted per instruction, not per block: blocks may be left early. For
 * -icount, where one thread executes all CPUs. Arguments, numbers in hex:
 *	image= end= vectors= vectors_end=	addresses in plinth.elf
 *	device=		a handler's address; its index is the number written
 *	uart=		the address of the machine's UART's data register
 *	paths=on	writes the addresses of each reason's usual exit, too
 *	startup=on	writes how often each address was executed before the
 *			first entry into a guest
 *	native=on	without Plinth: all instructions are the guest's, and of
 *			the rest only uart= and out= are wanted
 *	out=		the JSON file, written when QEMU ends
 * docs/performance.md says what the figures mean.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define MAX_CPUS    64
#define MAX_DEVICES 16
#define MAX_REASONS 256
#define MAX_PATH    512 /* instructions of an exit that are kept */
#define MAX_LINES   64  /* lines of data of an exit that are told apart */
#define LINE_SHIFT  6   /* bytes of a cache line, as a power of two */
#define RAM         UINT64_C(0x40000000) /* QEMU's virt; devices are below */
#define NO_DEVICE   (-1)

/* arch/aarch64/el2/vectors.S */
#define LOWER_EL   0x400 /* of the vectors: from here on */
#define VECTORS    0x800
#define SLOT       0x80
#define INSN_ERET  UINT32_C(0xd69f03e0)
#define INSN_STORE UINT32_C(0xa8810801) /* stp x1, x2, [x0], #16 */

/* Arm ARM DDI 0487, ESR_EL2. */
#define ESR_EC(esr)  ((esr) >> 26 & 0x3f)
#define EC_WFX       0x01
#define EC_SYSREG    0x18
#define EC_DABT      0x24
#define ISS_WFX_TI   UINT64_C(0x3)
#define ISS_DABT_WNR UINT64_C(0x40)
#define ISS_SYSREG   UINT64_C(0x3ffc1f) /* all but the register moved */

struct reason {
	uint64_t esr; /* what tells it from others */
	int device;   /* index, or NO_DEVICE */
	uint64_t count, sum, max, min;
	uint32_t lengths[MAX_PATH]; /* how many were so long */
	uint32_t usual;             /* the length of most, 0: none is kept */
	uint32_t path[MAX_PATH];    /* of the last of these, image offsets */
	uint32_t lines;             /* of data that it touched */
};

struct cpu {
	uint64_t insns; /* at EL2 */
	uint64_t start; /* insns when the exit began */
	uint64_t esr;
	int device;
	bool in_exit;
	uint32_t path[MAX_PATH]; /* as far as the exit has come */
	uint64_t lines[MAX_LINES];
	uint32_t nr_lines;
};

/* What had been executed when the exit ended that had sent some bytes; the
 * same of a store by the guest itself, natively. */
struct sent {
	uint64_t bytes;
	uint64_t exits, in_exits, el2, guest;
};

static struct cpu cpus[MAX_CPUS];
static struct reason reasons[MAX_REASONS];
static size_t nr_reasons;
static uint64_t guest_insns;
static uint64_t startup;    /* EL2's, before a guest's first instruction */
static uint64_t exceptions; /* taken at EL2 from EL2 */
static bool started;
static struct sent *sent; /* an entry for each change of `bytes` */
static size_t nr_sent, room_sent;
static struct sent so_far;  /* but its el2 and guest */
static const char *trouble; /* why the figures are none */
static bool with_paths, native, with_startup;
static uint64_t *executed; /* by word of the image */
static uint64_t *before_guest;

static uint64_t image, image_end, vectors, vectors_end, uart;
static uint64_t devices[MAX_DEVICES];
static size_t nr_devices;
static const char *out;
static const unsigned char *host_image; /* where the image is in this process */

int qemu_plugin_version = 1;

static uint64_t key(uint64_t esr)
{
	uint64_t ec = ESR_EC(esr) << 26;

	switch (ESR_EC(esr)) {
	case EC_WFX:
		return ec | (esr & ISS_WFX_TI);
	case EC_SYSREG:
		return ec | (esr & ISS_SYSREG);
	case EC_DABT:
		return ec | (esr & ISS_DABT_WNR);
	default:
		return ec;
	}
}

static struct reason *reason_of(const struct cpu *c)
{
	uint64_t esr = key(c->esr);
	struct reason *r;

	for (r = reasons; r < reasons + nr_reasons; r++) {
		if (r->esr == esr && r->device == c->device)
			return r;
	}
	if (nr_reasons == MAX_REASONS) {
		trouble = "more reasons than there is room for";
		return &reasons[0];
	}
	*r = (struct reason){
		.esr = esr, .device = c->device, .min = UINT64_MAX};
	nr_reasons++;
	return r;
}

static void on_plain(unsigned vcpu, void *data)
{
	(void)data;
	cpus[vcpu].insns++;
}

static void on_vector(unsigned vcpu, void *data)
{
	struct cpu *c = &cpus[vcpu];

	(void)data;
	c->start = c->insns++;
	c->esr = 0;
	c->device = NO_DEVICE;
	c->in_exit = true;
	c->nr_lines = 0;
}

static void on_own_vector(unsigned vcpu, void *data)
{
	on_plain(vcpu, data);
	exceptions++;
}

static void on_device(unsigned vcpu, void *data)
{
	struct cpu *c = &cpus[vcpu];

	c->insns++;
	if (c->device == NO_DEVICE)
		c->device = (int)((uint64_t *)data - devices);
}

/* After each half of the store: x1, the syndrome, is at the lower address. */
static void on_syndrome(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t va,
			void *data)
{
	(void)info;
	(void)data;
	if (!(va & 15))
		memcpy(&cpus[vcpu].esr, host_image + (va - image),
		       sizeof(cpus[vcpu].esr));
}

static uint64_t el2_insns(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < MAX_CPUS; i++)
		sum += cpus[i].insns;
	return sum;
}

/* Bytes have been sent since the last entry. */
static void note_sent(void)
{
	if (nr_sent == room_sent) {
		room_sent = 2 * room_sent + 1024;
		sent = realloc(sent, room_sent * sizeof(*sent));
		if (!sent)
			abort();
	}
	so_far.el2 = el2_insns();
	so_far.guest = guest_insns;
	sent[nr_sent++] = so_far;
}

static bool sent_since(void)
{
	return so_far.bytes != (nr_sent ? sent[nr_sent - 1].bytes : 0);
}

/* After each store of Plinth's, or natively of the guest's. */
static void on_store(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t va,
		     void *data)
{
	(void)vcpu;
	(void)info;
	(void)data;
	if (va == uart)
		so_far.bytes++;
}

/* The same by its physical address: a kernel maps it where it wants. */
static void on_native_store(unsigned vcpu, qemu_plugin_meminfo_t info,
			    uint64_t va, void *data)
{
	const struct qemu_plugin_hwaddr *at = qemu_plugin_get_hwaddr(info, va);

	(void)vcpu;
	(void)data;
	if (!at || !qemu_plugin_hwaddr_is_io(at) ||
	    qemu_plugin_hwaddr_phys_addr(at) != uart)
		return;
	so_far.bytes++;
	note_sent();
}

static uint64_t image_words(void)
{
	return (image_end - image) / 4;
}

static void end_startup(void)
{
	started = true;
	startup = el2_insns();
	if (with_startup)
		memcpy(before_guest, executed, image_words() * 8);
}

static void note_length(struct reason *r, const struct cpu *c, uint64_t n)
{
	r->count++;
	r->sum += n;
	if (n < r->min)
		r->min = n;
	if (n > r->max)
		r->max = n;
	if (n >= MAX_PATH || ++r->lengths[n] < r->lengths[r->usual])
		return;
	r->usual = (uint32_t)n;
	r->lines = c->nr_lines;
	memcpy(r->path, c->path, sizeof(r->path));
}

static void on_eret(unsigned vcpu, void *data)
{
	struct cpu *c = &cpus[vcpu];
	struct reason *r;
	uint64_t n;

	(void)data;
	c->insns++;
	if (!started)
		end_startup();
	if (!c->in_exit)
		return; /* a pCPU's first entry */
	c->in_exit = false;
	n = c->insns - c->start;
	r = reason_of(c);
	note_length(r, c, n);
	so_far.exits++;
	so_far.in_exits += n;
	if (sent_since())
		note_sent();
}

/* Before the other callback of the same instruction; the offset is `data`. */
static void on_path(unsigned vcpu, void *data)
{
	struct cpu *c = &cpus[vcpu];
	uint32_t offset = (uint32_t)(uintptr_t)data;
	uint64_t n = c->insns - c->start;
	bool begins = image + offset - vectors < VECTORS &&
		      (image + offset - vectors) % SLOT == 0;

	if (begins)
		c->path[0] = offset;
	else if (c->in_exit && n < MAX_PATH)
		c->path[n] = offset;
}

/* After each access in an exit. */
static void on_data(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t va,
		    void *data)
{
	struct cpu *c = &cpus[vcpu];
	uint32_t i = 0;

	(void)info;
	(void)data;
	if (!c->in_exit || va < RAM)
		return;
	while (i < c->nr_lines && c->lines[i] != va >> LINE_SHIFT)
		i++;
	if (i == c->nr_lines && i < MAX_LINES)
		c->lines[c->nr_lines++] = va >> LINE_SHIFT;
}

static void translate_el2(struct qemu_plugin_insn *insn, uint64_t at,
			  uint32_t opcode)
{
	plugin_insn_cb cb = on_plain;
	void *data = NULL;

	for (size_t i = 0; i < nr_devices; i++) {
		if (devices[i] == at) {
			cb = on_device;
			data = &devices[i];
		}
	}
	if (at - vectors < VECTORS && (at - vectors) % SLOT == 0)
		cb = at - vectors < LOWER_EL ? on_own_vector : on_vector;
	if (at - vectors < vectors_end - vectors && opcode == INSN_ERET)
		cb = on_eret;
	if (at - vectors < VECTORS && opcode == INSN_STORE)
		qemu_plugin_register_vcpu_mem_cb(insn, on_syndrome,
						 QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W, NULL);
	if (uart)
		qemu_plugin_register_vcpu_mem_cb(insn, on_store,
						 QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W, NULL);
	if (with_startup)
		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, QEMU_PLUGIN_INLINE_ADD_U64,
			&executed[(at - image) / 4], 1);
	if (with_paths) {
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, on_path, QEMU_PLUGIN_CB_NO_REGS,
			(void *)(uintptr_t)(at - image));
		qemu_plugin_register_vcpu_mem_cb(
			insn, on_data, QEMU_PLUGIN_CB_NO_REGS,
			QEMU_PLUGIN_MEM_R | QEMU_PLUGIN_MEM_W, NULL);
	}
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, QEMU_PLUGIN_CB_NO_REGS,
					       data);
}

static void translate(struct qemu_plugin_insn *insn)
{
	const unsigned char *host = qemu_plugin_insn_haddr(insn);
	uint64_t offset;
	uint32_t opcode;

	if (!host_image && !native) {
		if (!host || qemu_plugin_insn_vaddr(insn) != image)
			trouble = "the first instruction is not the image's";
		host_image = host;
	}
	offset = (uintptr_t)host - (uintptr_t)host_image;
	if (native || !host || offset >= image_end - image) {
		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, QEMU_PLUGIN_INLINE_ADD_U64, &guest_insns, 1);
		if (native && uart)
			qemu_plugin_register_vcpu_mem_cb(
				insn, on_native_store, QEMU_PLUGIN_CB_NO_REGS,
				QEMU_PLUGIN_MEM_W, NULL);
		return;
	}
	memcpy(&opcode, host, sizeof(opcode));
	translate_el2(insn, image + offset, opcode);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		translate(qemu_plugin_tb_get_insn(tb, i));
}

static void write_path(FILE *f, const struct reason *r)
{
	fprintf(f, ", \"path\": [");
	for (uint32_t i = 0; i < r->usual; i++)
		fprintf(f, "%s%" PRIu64, i ? ", " : "", image + r->path[i]);
	fprintf(f, "], \"lines\": %" PRIu32, r->lines);
}

static void write_reasons(FILE *f)
{
	fprintf(f, "  \"exits\": [");
	for (const struct reason *r = reasons; r < reasons + nr_reasons; r++) {
		fprintf(f,
			"%s\n    {\"esr\": %" PRIu64 ", \"device\": %d, "
			"\"count\": %" PRIu64 ", \"sum\": %" PRIu64
			", \"max\": %" PRIu64 ", \"min\": %" PRIu64,
			r == reasons ? "" : ",", r->esr, r->device, r->count,
			r->sum, r->max, r->min);
		if (with_paths)
			write_path(f, r);
		fprintf(f, "}");
	}
	fprintf(f, "\n  ]\n");
}

/* Exits that have not ended: a guest's last ones end with the machine. */
static void write_open(FILE *f)
{
	const char *separator = "";

	fprintf(f, "  \"open\": [");
	for (size_t i = 0; i < MAX_CPUS; i++) {
		if (!cpus[i].in_exit)
			continue;
		fprintf(f, "%s%" PRIu64, separator, key(cpus[i].esr));
		separator = ", ";
	}
	fprintf(f, "],\n");
}

/* [address, times] of all that was executed before the first guest. */
static void write_startup(FILE *f)
{
	const char *separator = "";

	fprintf(f, "  \"startup_by\": [");
	for (uint64_t i = 0; with_startup && i < image_words(); i++) {
		if (!before_guest[i])
			continue;
		fprintf(f, "%s[%" PRIu64 ", %" PRIu64 "]", separator,
			image + 4 * i, before_guest[i]);
		separator = ", ";
	}
	fprintf(f, "],\n");
}

static void write_sent(FILE *f)
{
	fprintf(f, "  \"sent\": [");
	for (const struct sent *s = sent; s < sent + nr_sent; s++) {
		fprintf(f,
			"%s[%" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64
			", %" PRIu64 "]",
			s == sent ? "" : ", ", s->bytes, s->exits, s->in_exits,
			s->el2, s->guest);
	}
	fprintf(f, "],\n");
}

static void on_end(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)data;
	if (!f) {
		perror(out);
		return;
	}
	fprintf(f,
		"{\n  \"trouble\": \"%s\",\n  \"guest\": %" PRIu64
		",\n  \"el2\": %" PRIu64 ",\n  \"startup\": %" PRIu64
		",\n  \"exceptions\": %" PRIu64 ",\n  \"bytes\": %" PRIu64
		",\n",
		trouble ? trouble : "", guest_insns, el2_insns(), startup,
		exceptions, so_far.bytes);
	write_open(f);
	write_sent(f);
	write_startup(f);
	write_reasons(f);
	fprintf(f, "}\n");
	if (fclose(f))
		perror(out);
}

static bool take(const char *arg)
{
	static const struct {
		const char *name;
		uint64_t *to;
	} numbers[] = {
		{"image=", &image},     {"end=", &image_end},
		{"vectors=", &vectors}, {"vectors_end=", &vectors_end},
		{"uart=", &uart},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t len = strlen(numbers[i].name);

		if (!strncmp(arg, numbers[i].name, len)) {
			*numbers[i].to = strtoull(arg + len, NULL, 16);
			return true;
		}
	}
	if (!strncmp(arg, "device=", 7) && nr_devices < MAX_DEVICES) {
		devices[nr_devices++] = strtoull(arg + 7, NULL, 16);
		return true;
	}
	if (!strcmp(arg, "paths=on")) {
		with_paths = true;
		return true;
	}
	if (!strcmp(arg, "startup=on")) {
		with_startup = true;
		return true;
	}
	if (!strcmp(arg, "native=on")) {
		native = true;
		return true;
	}
	if (!strncmp(arg, "out=", 4)) {
		out = strdup(arg + 4);
		return out;
	}
	return false;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
			char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!take(argv[i])) {
			fprintf(stderr, "exits: %s: not understood\n", argv[i]);
			return -1;
		}
	}
	if (!out || info->system.max_vcpus > MAX_CPUS ||
	    (!native && (!image || image_end <= image || !vectors ||
			 vectors_end <= vectors))) {
		fprintf(stderr, "exits: arguments are missing, or too many "
				"CPUs\n");
		return -1;
	}
	if (with_startup) {
		executed = calloc(image_words(), 8);
		before_guest = calloc(image_words(), 8);
		if (!executed || !before_guest)
			return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
