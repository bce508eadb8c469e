/*
 * The monitor's prompt: lines in, commands found and run bit by bit,
 * completion; contract in monitor.h. The commands are in monitor_show.c.
 * docs/design/17-console.md.
 */
#include <port/this_cpu.h>
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

	memcpy(mon->line, mon->edit.line, sizeof(mon->line));
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

/* The word that is being typed: where it begins, how many there are before it,
 * and the command, if it is an argument of one. */
struct place {
	const char *word;
	unsigned nr;
	const struct monitor_command *command;
};

static struct place where(const struct monitor *mon)
{
	const char *at = mon->edit.line;
	struct place p = {at, 0, NULL};
	size_t len;

	for (;;) {
		at += strspn(at, " ");
		p.word = at;
		len = strcspn(at, " ");
		if (!at[len])
			return p;
		for (unsigned i = 0; p.nr == 0 && i < monitor_nr_commands;
		     i++) {
			if (strncmp(monitor_commands[i].name, at, len) == 0 &&
			    !monitor_commands[i].name[len])
				p.command = &monitor_commands[i];
		}
		p.nr++;
		at += len;
	}
}

/* Candidate i for that word; NULL: there are no more. */
static const char *candidate(struct monitor *mon, const struct place *p,
			     unsigned i)
{
	unsigned vm_word = p->command && p->command->verbs ? 2 : 1;

	if (p->nr == 0)
		return i < monitor_nr_commands ? monitor_commands[i].name
					       : NULL;
	if (!p->command)
		return NULL;
	if (p->nr == 1 && p->command->verbs)
		return p->command->verbs[i];
	if (p->nr != vm_word || !p->command->takes_vm)
		return NULL;
	return i < mon->h->nr_vms ? mon->h->vms[i].cfg->name : NULL;
}

static size_t same(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static bool fits(const char *candidate_is, const struct place *p)
{
	return strncmp(candidate_is, p->word, strlen(p->word)) == 0;
}

/* How far all candidates agree, and how many there are. */
static unsigned common(struct monitor *mon, const struct place *p, char *text,
		       size_t size)
{
	unsigned nr = 0;
	const char *c;

	for (unsigned i = 0; (c = candidate(mon, p, i)); i++) {
		if (!fits(c, p))
			continue;
		if (nr++ == 0)
			(void)fmt_line(text, size, "%s", c);
		else
			text[same(text, c)] = '\0';
	}
	return nr;
}

static void list_candidates(struct monitor *mon, const struct place *p)
{
	const char *c;

	put(mon, "\n", 1);
	for (unsigned i = 0; (c = candidate(mon, p, i)); i++)
		if (fits(c, p) && mux_room(mon->port) >= MONITOR_ITEM)
			monitor_say(mon, "%s", c);
	line_edit_show(&mon->edit);
}

static void complete(struct monitor *mon)
{
	char text[LINE_EDIT_MAX + 1] = "";
	struct place p = where(mon);
	size_t len = strlen(p.word);
	unsigned nr;

	if (mon->edit.at != mon->edit.len)
		return;
	nr = common(mon, &p, text, sizeof(text));
	if (strlen(text) > len)
		line_edit_insert(&mon->edit, text + len);
	else if (nr > 1)
		list_candidates(mon, &p);
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
		trap_measure(mon->h, true); /* for `exits` */
		typed(mon, (uint8_t)byte);
	}
}

static void event(struct sched_event *e)
{
	monitor_run(container_of(e, struct monitor, event));
}

void monitor_wake(struct monitor *mon)
{
	sched_event_set(&mon->event, this_cpu(), 0);
}

void monitor_init(struct monitor *mon, struct hypervisor *h)
{
	mon->h = h;
	mon->event.fn = event;
	vcpu_look_init(&mon->look);
	mon->port = mux_open_monitor(h->mux);
	line_edit_init(&mon->edit, "plinth> ", put, mon);
	line_edit_begin(&mon->edit);
}
