/*
 * The multiplexer's input: the escape byte and what follows it, the rings of
 * what was typed, who is at which port; contract in mux.h. All of it under
 * console.rx_lock.
 * Plinth's own: docs/design/17-console.md.
 */
#include <string.h>

#include <base/fmt.h>

#include <hyp/mux.h>

#define LINE_MAX 96U

static bool has_input(const struct mux_port *p)
{
	return p->in_head != p->in_tail;
}

static bool has_room(const struct mux_port *p)
{
	return p->in_head - p->in_tail < MUX_INPUT;
}

static void deliver_batch(struct mux_port *p)
{
	const struct console_sink *s = &p->sink;

	while (has_input(p) && s->room(s->ctx) &&
	       s->push(s->ctx, p->in[p->in_tail % MUX_INPUT]))
		p->in_tail++;
	if (s->flush)
		s->flush(s->ctx);
}

/* What was typed goes to who is there, as far as it takes it. */
static void deliver(struct mux_port *p)
{
	const struct console_sink *s = &p->sink;

	if (!s->room)
		return;
	do {
		deliver_batch(p);
	} while (s->flush && has_input(p) && s->room(s->ctx));
}

void mux_input_flush(void *mux)
{
	struct mux *m = mux;

	if (m->fed)
		deliver(m->fed);
	m->fed = NULL;
}

/* A byte for the focus. The console keeps what finds no room. */
static bool give(struct mux *m, uint8_t byte)
{
	struct mux_port *p = m->focus;

	m->stuck = !has_room(p);
	if (m->stuck)
		return false;
	p->in[p->in_head++ % MUX_INPUT] = byte;
	if (!p->is_vm) {
		console_want_room(m->cfg.console);
	} else if (m->fed != p) {
		mux_input_flush(m);
		m->fed = p;
	}
	return true;
}

/* The byte that the console has kept may find room now. */
static bool unstick(struct mux *m)
{
	bool was = m->stuck && has_room(m->focus);

	if (was)
		m->stuck = false;
	return was;
}

void mux_drained(struct mux_port *p)
{
	struct console *c = p->mux->cfg.console;
	bool again;

	spin_lock(&c->rx_lock);
	deliver(p);
	again = unstick(p->mux);
	spin_unlock(&c->rx_lock);
	if (again)
		console_pump(c);
}

int mux_take(struct mux_port *p)
{
	struct console *c = p->mux->cfg.console;
	bool again;
	int byte = -1;

	spin_lock(&c->rx_lock);
	if (has_input(p))
		byte = p->in[p->in_tail++ % MUX_INPUT];
	again = unstick(p->mux);
	spin_unlock(&c->rx_lock);
	if (again)
		console_pump(c);
	return byte;
}

/* -------------------------------------------------------------------- keys */

PRINTF_LIKE(2, 3) static void say(struct mux *m, const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)fmt_vline(line, sizeof(line), fmt, ap);
	va_end(ap);
	mux_log(m, line);
}

static void choose(struct mux *m, struct mux_port *p)
{
	say(m, "plinth: console: %s", p->name);
	mux_zoom_locked(m, false);
	mux_focus_locked(m, p);
	(void)unstick(m);
}

static bool has_monitor(const struct mux *m)
{
	return m->ports[MUX_MONITOR].sink.room;
}

static void list(struct mux *m)
{
	if (has_monitor(m))
		say(m, "plinth: console: m monitor%s",
		    m->focus == &m->ports[MUX_MONITOR] ? ", here" : "");
	for (unsigned i = MUX_VM; i < m->nr_ports; i++) {
		const struct mux_port *p = &m->ports[i];

		if (p->name[0]) {
			say(m, "plinth: console: %u %s%s%s", p->nr, p->name,
			    p->sink.room ? "" : ", nobody",
			    p == m->focus ? ", here" : "");
		}
	}
}

static void choose_number(struct mux *m, unsigned nr)
{
	if (MUX_VM + nr < m->nr_ports && m->ports[MUX_VM + nr].name[0])
		choose(m, &m->ports[MUX_VM + nr]);
	else
		say(m, "plinth: console: there is no %u", nr);
}

/* The port of exactly that name, else the only one that begins so. */
static struct mux_port *find(struct mux *m, const char *name)
{
	size_t len = strlen(name);
	struct mux_port *found = NULL;
	unsigned nr = 0;

	for (unsigned i = MUX_VM; i < m->nr_ports; i++) {
		struct mux_port *p = &m->ports[i];

		if (strcmp(p->name, name) == 0)
			return p;
		if (strncmp(p->name, name, len) == 0) {
			found = p;
			nr++;
		}
	}
	return nr == 1 ? found : NULL;
}

static void choose_name(struct mux *m)
{
	struct mux_port *p;

	m->typed[m->nr_typed] = '\0';
	p = m->nr_typed ? find(m, m->typed) : NULL;
	if (p)
		choose(m, p);
	else if (m->nr_typed)
		say(m, "plinth: console: not one is called %s", m->typed);
}

static bool is_printable(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f;
}

static void type(struct mux *m, uint8_t byte)
{
	if (m->nr_typed < sizeof(m->typed) - 1)
		m->typed[m->nr_typed++] = (char)byte;
}

static void begin_name(struct mux *m, uint8_t byte)
{
	if (!is_printable(byte))
		return;
	m->key = MUX_NAME;
	m->nr_typed = 0;
	if (byte != ':')
		type(m, byte);
}

static bool key(struct mux *m, uint8_t byte)
{
	if (byte == m->cfg.escape && !give(m, byte))
		return false; /* the key comes again */
	m->key = MUX_PLAIN;
	if (byte == m->cfg.escape)
		return true;
	if (byte >= '0' && byte <= '9')
		choose_number(m, byte - '0');
	else if (byte == '?')
		list(m);
	else if (byte == 'm' && has_monitor(m))
		choose(m, &m->ports[MUX_MONITOR]);
	else if (byte == 'z')
		mux_zoom_locked(m, !m->zoom);
	else
		begin_name(m, byte);
	return true;
}

static void name_byte(struct mux *m, uint8_t byte)
{
	if (byte == '\b' || byte == 0x7f) {
		m->nr_typed -= m->nr_typed != 0;
	} else if (is_printable(byte)) {
		type(m, byte);
	} else {
		m->key = MUX_PLAIN;
		if (byte == '\r' || byte == '\n')
			choose_name(m);
	}
}

bool mux_input_push(void *mux, uint8_t byte)
{
	struct mux *m = mux;

	if (m->key == MUX_ESCAPED)
		return key(m, byte);
	if (m->key == MUX_NAME) {
		name_byte(m, byte);
		return true;
	}
	if (byte != m->cfg.escape)
		return give(m, byte);
	m->key = MUX_ESCAPED;
	return true;
}

/* One at a time: each may change who has the focus. */
size_t mux_input_room(void *mux)
{
	struct mux *m = mux;

	(void)unstick(m);
	return !m->stuck;
}

/* -------------------------------------------------------------- who is where
 */

size_t mux_size(unsigned nr_vms)
{
	return (MUX_VM + (size_t)nr_vms) * sizeof(struct mux_port);
}

static void name_port(struct mux_port *p, const char *name)
{
	bool colour = p->mux->cfg.terminal;

	(void)fmt_line(p->name, sizeof(p->name), "%s", name);
	if (colour) {
		(void)fmt_line(p->tag, sizeof(p->tag), "\x1b[%um[%s]\x1b[0m ",
			       31 + p->nr % 6, p->name);
	} else {
		(void)fmt_line(p->tag, sizeof(p->tag), "[%s] ", p->name);
	}
}

static void take_line(void *mux, const char *text)
{
	mux_log(mux, text);
}

void mux_init(struct mux *m, const struct mux_config *cfg, void *ports)
{
	memset(m, 0, sizeof(*m));
	m->cfg = *cfg;
	m->ports = ports;
	m->nr_ports = MUX_VM + cfg->nr_vms;
	m->wake = m->alarm_at = UINT64_MAX;
	for (unsigned i = 0; i < m->nr_ports; i++) {
		m->ports[i].mux = m;
		m->ports[i].is_vm = i >= MUX_VM;
		m->ports[i].nr = i - MUX_VM;
	}
	(void)fmt_line(m->ports[MUX_MONITOR].name, MUX_NAME_MAX, "monitor");
	m->focus = &m->ports[MUX_VM];
	cfg->console->log_ctx = m;
	cfg->console->log = take_line;
}

void mux_open(struct mux *m)
{
	const struct console_sink sink = {mux_input_room, mux_input_push,
					  mux_tx_ready, m, mux_input_flush};

	console_attach(m->cfg.console, &sink);
}

struct mux_port *mux_attach(struct mux *m, const char *name,
			    const struct console_sink *sink)
{
	struct console *c = m->cfg.console;
	struct mux_port *p = NULL;

	spin_lock(&c->rx_lock);
	for (unsigned i = MUX_VM; i < m->nr_ports; i++) {
		if (strcmp(m->ports[i].name, name) == 0 ||
		    !m->ports[i].name[0]) {
			p = &m->ports[i];
			break;
		}
	}
	if (p) {
		name_port(p, name);
		p->sink = *sink;
		deliver(p);
	}
	spin_unlock(&c->rx_lock);
	return p;
}

/* Its input is fetched, not pushed. */
static size_t no_room(void *ctx)
{
	(void)ctx;
	return 0;
}

struct mux_port *mux_open_monitor(struct mux *m)
{
	struct mux_port *p = &m->ports[MUX_MONITOR];

	p->sink.room = no_room;
	return p;
}

void mux_detach(struct mux_port *p)
{
	struct console *c = p->mux->cfg.console;

	spin_lock(&c->rx_lock);
	p->sink = (struct console_sink){0};
	spin_unlock(&c->rx_lock);
}
