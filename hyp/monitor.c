/*
 * The monitor's prompt: lines in, commands found and run bit by bit,
 * completion; contract in monitor.h. The commands are in monitor_show.c.
 * docs/design/17-console.md.
 */
#include <string.h>

#include <base/fmt.h>

#include <hyp/monitor.h>
#include <hyp/trap.h>

static void put(void *ctx, const char *text, size_t len)
{
	struct monitor *mon = ctx;

	for (; len; len--)
		if (mux_put(mon->port, (uint8_t)*text++) < 0)
			return; /* more than an item may say */
}

void monitor_say(struct monitor *mon, const char *fmt, ...)
{
	char line[FMT_LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = fmt_vline(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(mon, line, (size_t)n);
	put(mon, "\n", 1);
}

struct vm *monitor_vm(struct monitor *mon, const char *name)
{
	for (unsigned i = 0; i < mon->h->nr_vms; i++)
		if (strcmp(mon->h->vms[i].cfg->name, name) == 0)
			return &mon->h->vms[i];
	monitor_say(mon, "there is no VM %s", name);
	return NULL;
}

/* ---------------------------------------------------------------- a command */

static void cut_into_words(struct monitor *mon)
{
	char *at = mon->line;

	strcpy(mon->line, mon->edit.line);
	memset(mon->word, 0, sizeof(mon->word));
	for (mon->nr_words = 0; mon->nr_words < MONITOR_WORDS;) {
		at += strspn(at, " ");
		if (!*at)
			break;
		mon->word[mon->nr_words++] = at;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
	}
}

static const struct monitor_command *find(const char *name)
{
	for (unsigned i = 0; i < monitor_nr_commands; i++)
		if (strcmp(monitor_commands[i].name, name) == 0)
			return &monitor_commands[i];
	return NULL;
}

static void start_command(struct monitor *mon)
{
	cut_into_words(mon);
	mon->running = NULL;
	mon->item = 0;
	mon->vm = NULL;
	mon->vcpu = 0;
	mon->cursor = 0;
	if (!mon->nr_words)
		return;
	mon->running = find(mon->word[0]);
	if (!mon->running)
		monitor_say(mon, "%s: unknown; `help` lists the commands",
			    mon->word[0]);
}

/* True: it has more to say and there is no room for it. */
static bool go_on(struct monitor *mon)
{
	while (mon->running) {
		if (mux_room(mon->port) < MONITOR_ITEM)
			return true;
		if (!mon->running->item(mon, mon->item++))
			mon->running = NULL;
	}
	return false;
}

/* --------------------------------------------------------------- completion */

/* Candidate i for the word that is being typed; NULL: there are no more. */
static const char *candidate(struct monitor *mon, bool first, unsigned i)
{
	if (first)
		return i < monitor_nr_commands ? monitor_commands[i].name
					       : NULL;
	return i < mon->h->nr_vms ? mon->h->vms[i].cfg->name : NULL;
}

static size_t same(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* How far all candidates that begin with `start` agree. */
static unsigned common(struct monitor *mon, bool first, const char *start,
		       char *text, size_t size)
{
	unsigned nr = 0;
	const char *c;

	for (unsigned i = 0; (c = candidate(mon, first, i)); i++) {
		if (strncmp(c, start, strlen(start)) != 0)
			continue;
		if (nr++ == 0)
			(void)fmt_line(text, size, "%s", c);
		else
			text[same(text, c)] = '\0';
	}
	return nr;
}

static void list_candidates(struct monitor *mon, bool first, const char *start)
{
	const char *c;

	put(mon, "\n", 1);
	for (unsigned i = 0; (c = candidate(mon, first, i)); i++)
		if (strncmp(c, start, strlen(start)) == 0 &&
		    mux_room(mon->port) >= MONITOR_ITEM)
			monitor_say(mon, "%s", c);
	line_edit_show(&mon->edit);
}

static void complete(struct monitor *mon)
{
	char text[LINE_EDIT_MAX + 1] = "";
	const char *word = strrchr(mon->edit.line, ' ');
	bool first = !word;
	unsigned nr;

	if (mon->edit.at != mon->edit.len)
		return;
	word = first ? mon->edit.line : word + 1;
	nr = common(mon, first, word, text, sizeof(text));
	if (strlen(text) > strlen(word))
		line_edit_insert(&mon->edit, text + strlen(word));
	else if (nr > 1)
		list_candidates(mon, first, word);
	if (nr == 1)
		line_edit_insert(&mon->edit, " ");
}

/* --------------------------------------------------------------- the prompt */

static void typed(struct monitor *mon, uint8_t byte)
{
	switch (line_edit_byte(&mon->edit, byte)) {
	case LINE_EDIT_DONE:
		mon->due = true;
		start_command(mon);
		break;
	case LINE_EDIT_TAB:
		complete(mon);
		break;
	default:
		break;
	}
}

void monitor_run(struct monitor *mon)
{
	int byte;

	while (!go_on(mon)) {
		if (mon->due)
			line_edit_begin(&mon->edit);
		mon->due = false;
		byte = mux_take(mon->port);
		if (byte < 0)
			return;
		trap_measure(true); /* for `exits` */
		typed(mon, (uint8_t)byte);
	}
}

void monitor_init(struct monitor *mon, struct hypervisor *h)
{
	mon->h = h;
	mon->port = mux_open_monitor(h->mux);
	line_edit_init(&mon->edit, "plinth> ", put, mon);
	line_edit_begin(&mon->edit);
}
