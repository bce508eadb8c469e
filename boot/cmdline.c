/*
 * The hypervisor's own command line, word by word; contract in cmdline.h. A
 * wrong word is kept for the one line that names it; the others count all the
 * same. No quoting and no escapes. docs/design/03-boot.md.
 */
#include "cmdline.h"

#include <string.h>

#include <hyp/mux.h>

struct word {
	const char *at;
	size_t len;
};

static struct word next_word(const char **args)
{
	struct word w;

	*args += strspn(*args, " \t");
	w = (struct word){*args, strcspn(*args, " \t")};
	*args += w.len;
	return w;
}

static bool is(struct word w, const char *text)
{
	return w.len == strlen(text) && memcmp(w.at, text, w.len) == 0;
}

/* Whether the word begins with `key`; then *value is what follows. */
static bool value_of(struct word w, const char *key, struct word *value)
{
	size_t n = strlen(key);

	if (w.len < n || memcmp(w.at, key, n) != 0)
		return false;
	*value = (struct word){w.at + n, w.len - n};
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 99;
}

static bool number(struct word w, uint64_t *out)
{
	uint64_t base = 10, v = 0;

	if (w.len > 2 && w.at[0] == '0' && (w.at[1] | 0x20) == 'x') {
		base = 16;
		w = (struct word){w.at + 2, w.len - 2};
	}
	if (!w.len)
		return false;
	for (size_t i = 0; i < w.len; i++) {
		uint64_t d = (uint64_t)digit(w.at[i]);

		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*out = v;
	return true;
}

/* Which of the names the word is: its index, or -1. */
static int one_of(struct word w, const char *const *name, int nr)
{
	for (int i = 0; i < nr; i++)
		if (is(w, name[i]))
			return i;
	return -1;
}

static bool log_level(struct word w, enum log_level *out)
{
	static const char *const name[] = {"err", "warn", "info", "debug"};
	int i = one_of(w, name, ARRAY_SIZE(name));

	if (i >= 0)
		*out = (enum log_level)i;
	return i >= 0;
}

static bool console(struct word w, enum cmdline_console *out)
{
	static const char *const name[] = {"auto", "mux", "raw"};
	int i = one_of(w, name, ARRAY_SIZE(name));

	if (i >= 0)
		*out = (enum cmdline_console)i;
	return i >= 0;
}

/* ^A to ^_, but no byte that a line or a control sequence needs. */
static bool escape(struct word w, uint8_t *out)
{
	uint8_t key;

	if (w.len != 2 || w.at[0] != '^')
		return false;
	key = (uint8_t)w.at[1] & 0x1f;
	if ((uint8_t)w.at[1] < '?' || key == 0 || key == '\r' || key == '\n' ||
	    key == 0x1b)
		return false;
	*out = key;
	return true;
}

static bool take(struct cmdline *c, struct word w)
{
	struct word value;

	if (value_of(w, "manifest=", &value))
		return number(value, &c->manifest);
	if (value_of(w, "loglevel=", &value))
		return log_level(value, &c->log_level);
	if (value_of(w, "console=", &value))
		return console(value, &c->console);
	if (value_of(w, "escape=", &value))
		return escape(value, &c->escape);
	if (is(w, "terminal")) {
		c->terminal = true;
		return true;
	}
	if (is(w, "stats")) {
		c->stats = true;
		return true;
	}
	return false;
}

void cmdline_parse(struct cmdline *c, const char *args)
{
	struct word w;

	*c = (struct cmdline){.log_level = LOG_INFO, .escape = MUX_ESCAPE};
	for (w = next_word(&args); w.len; w = next_word(&args)) {
		if (take(c, w) || c->bad[0])
			continue;
		memcpy(c->bad, w.at, min_u64(w.len, sizeof(c->bad) - 1));
	}
}
