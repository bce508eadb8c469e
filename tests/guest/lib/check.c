/*
 * Counting and printing of checks, and the end of the program.
 */
#include "check.h"

#include "print.h"
#include "psci.h"

#define NAMES_MAX 8192U /* a power of two, more than any payload has checks */

static unsigned nr_ok, nr_failed;
static const char *area = "";
static uint64_t names[NAMES_MAX]; /* hashes, by open addressing; 0: free */

static uint64_t hash(uint64_t h, const char *s)
{
	while (*s)
		h = (h ^ (uint8_t)*s++) * UINT64_C(0x100000001b3); /* FNV-1a */
	return h;
}

/* Two runs are compared name by name: a name that comes again is a failure. */
static void use_name(const char *name)
{
	uint64_t h = hash(UINT64_C(0xcbf29ce484222325), area);

	h = hash(hash(h, "."), name);

	for (unsigned i = 0; i < NAMES_MAX; i++) {
		uint64_t *at = &names[(h + i) % NAMES_MAX];

		if (!*at) {
			*at = h;
			return;
		}
		if (*at == h)
			break;
	}
	nr_failed++;
	print("not ok %s.%s: the name is not this check's alone\n", area, name);
}

void check_area(const char *name)
{
	area = name;
}

void check_ok(const char *name)
{
	use_name(name);
	nr_ok++;
	print("ok %s.%s\n", area, name);
}

void check_fail(const char *name, const char *fmt, ...)
{
	va_list ap;

	use_name(name);
	nr_failed++;
	print("not ok %s.%s: ", area, name);
	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	put_char('\n');
}

void check_note(const char *fmt, ...)
{
	va_list ap;

	print("# ");
	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	put_char('\n');
}

void check_skip(const char *name, const char *why)
{
	use_name(name);
	print("skip %s.%s: %s\n", area, name, why);
}

void check_value(const char *name, uint64_t v)
{
	use_name(name);
	print("value %s.%s: 0x%lx\n", area, name, v);
}

void check_word(const char *name, const char *word)
{
	use_name(name);
	print("value %s.%s: %s\n", area, name, word);
}

bool check_that(const char *name, bool ok, const char *why)
{
	if (ok)
		check_ok(name);
	else
		check_fail(name, "not %s", why);
	return ok;
}

bool check_eq(const char *name, uint64_t got, uint64_t want)
{
	if (got == want)
		check_ok(name);
	else
		check_fail(name, "got 0x%lx, want 0x%lx", got, want);
	return got == want;
}

void check_totals(const char *word)
{
	print("%s: %u ok, %u failed\n", word, nr_ok, nr_failed);
}

void check_done(void)
{
	check_totals("done");
	psci_system_off();
}
