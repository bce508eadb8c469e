/*
 * Plinth's own reading of a manifest, on the build host: the sources that run
 * at EL2, in a process whose memory looks like the machine's. RAM is mapped at
 * its addresses, files are read to where the boot loader would put them, and
 * manifest_parse() does the rest. Driven by scripts/plinth-manifest.
 *
 *	manifest-check [ram=BASE,SIZE]... [taken=BASE,SIZE]... [cpus=N]
 *		[pmu=0|1] [file=ADDRESS,PATH]... BLOB
 *
 * Prints a line for each error, as Plinth would. Status 0: every VM is
 * accepted; 1: some are not; 2: the check could not be made, with a line on
 * stderr. Specification: docs/manifest.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/panic.h>

#include <hyp/manifest.h>

#define RANGES_MAX 64
#define FIRST_PAGE KIB(64) /* lower addresses cannot be mapped */

struct machine {
	struct hpa_range ram[RANGES_MAX], taken[RANGES_MAX];
	struct manifest_host host;
};

static NORETURN void give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "manifest-check: %s: %s\n", what, why);
	exit(2);
}

void panic(const char *fmt, ...)
{
	(void)fprintf(stderr, "manifest-check: assertion: %s\n", fmt);
	abort();
}

void assert_failed(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "manifest-check: %s:%d: %s\n", file, line, what);
	abort();
}

/* ---------------------------------------------------------- memory, files */

static void *pages_alloc(void *ctx, uint64_t nr)
{
	(void)ctx;
	return aligned_alloc(PAGE_SIZE, nr * PAGE_SIZE);
}

static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	(void)ctx;
	(void)nr;
	free(pages);
}

static void map_ram(uint64_t base, uint64_t size)
{
	uint64_t first = max_u64(base, FIRST_PAGE);
	void *at = hpa_ptr((hpa_t){first});

	if (size <= first - base)
		return;
	if (mmap(at, size - (first - base), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			 MAP_FIXED_NOREPLACE,
		 -1, 0) != at)
		give_up("RAM cannot be where the machine has it",
			strerror(errno));
}

static int open_file(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		give_up(path, strerror(errno));
	*size = (uint64_t)st.st_size;
	return fd;
}

/* What lies in RAM of it: the rest no boot loader could place. */
static void place_file(const struct machine *m, uint64_t at, const char *path)
{
	uint64_t size;
	int fd = open_file(path, &size);

	for (unsigned i = 0; i < m->host.ram.nr; i++) {
		const struct hpa_range *r = &m->ram[i];

		if (at < r->base.v || at - r->base.v >= r->size)
			continue;
		size = min_u64(size, r->size - (at - r->base.v));
		if (read(fd, hpa_ptr((hpa_t){at}), size) < 0)
			give_up(path, strerror(errno));
	}
	(void)close(fd);
}

/* The blob, with room behind it for one that is cut short. */
static void *read_blob(const char *path, uint64_t *size)
{
	int fd = open_file(path, size);
	void *blob = aligned_alloc(8, align_up(*size + 64, 8));

	if (!blob)
		give_up(path, "not enough memory");
	memset(blob, 0, align_up(*size + 64, 8));
	if (read(fd, blob, *size) != (ssize_t)*size)
		give_up(path, "cannot be read");
	(void)close(fd);
	return blob;
}

/* -------------------------------------------------------------- arguments */

static uint64_t number(const char *arg, const char *text, char **end)
{
	uint64_t v;

	errno = 0;
	v = strtoull(text, end, 0);
	if (errno || *end == text)
		give_up(arg, "not a number");
	return v;
}

static void add_range(struct hpa_ranges *l, const char *arg, const char *text)
{
	char *end;
	uint64_t base = number(arg, text, &end);

	if (*end != ',' || l->nr == RANGES_MAX)
		give_up(arg, "not BASE,SIZE");
	l->r[l->nr++] = (struct hpa_range){{base}, number(arg, end + 1, &end)};
	if (*end || range_bad(base, l->r[l->nr - 1].size))
		give_up(arg, "not BASE,SIZE");
}

/* What follows "NAME=" in an argument, or NULL. */
static const char *value_of(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '=' ? arg + len + 1
							       : NULL;
}

static void read_argument(struct machine *m, const char *arg)
{
	const char *v;
	char *end;

	if ((v = value_of(arg, "ram"))) {
		add_range(&m->host.ram, arg, v);
		map_ram(m->ram[m->host.ram.nr - 1].base.v,
			m->ram[m->host.ram.nr - 1].size);
	} else if ((v = value_of(arg, "taken"))) {
		add_range(&m->host.taken, arg, v);
	} else if ((v = value_of(arg, "cpus"))) {
		m->host.nr_cpus = (unsigned)number(arg, v, &end);
	} else if ((v = value_of(arg, "pmu"))) {
		m->host.pmu = number(arg, v, &end) != 0;
	} else if ((v = value_of(arg, "file"))) {
		uint64_t at = number(arg, v, &end);

		if (*end != ',')
			give_up(arg, "not ADDRESS,PATH");
		place_file(m, at, end + 1);
	} else {
		give_up(arg, "unknown");
	}
}

int main(int argc, char **argv)
{
	static const struct arena_env env = {pages_alloc, pages_free, NULL};
	static struct machine m;
	struct manifest manifest;
	struct arena arena;
	uint64_t size;
	void *blob;
	int err;

	m.host.ram.r = m.ram;
	m.host.taken.r = m.taken;
	if (argc < 2)
		give_up("usage", "manifest-check [NAME=VALUE]... BLOB");
	for (int i = 1; i < argc - 1; i++)
		read_argument(&m, argv[i]);
	blob = read_blob(argv[argc - 1], &size);
	arena_init(&arena, &env);
	err = manifest_parse(&manifest, blob, size, &m.host, &arena);
	if (err)
		puts(manifest.err);
	for (unsigned i = 0; i < manifest.nr_vms; i++)
		if (manifest.vm[i].refused)
			puts(manifest.vm[i].err);
	return err || manifest.nr_refused ? 1 : 0;
}
