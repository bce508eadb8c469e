/*
 * The virtual GIC with a thread for each pCPU. vCPUs wander from one to the
 * other, sleep and are woken, and their guests send each other SGIs all the
 * while: none is lost, none comes twice, and nobody sleeps or goes on in his
 * guest with one that nobody tells him of. What a guest sees is all that
 * counts; a vCPU looks at its stale word when it exits, and exits only when it
 * was kicked or its guest traps.
 *
 * The work is a number of rounds of steps; after each round one thread plays
 * all pCPUs until nothing is left to do, and then all mail has been read.
 */
#include <errno.h>
#include <port/barrier.h>
#include <pthread.h>
#include <string.h>
#include <threads.h>

#include <arch/aarch64/vgic_internal.h>

#include "../host/fake_el2.h"
#include "../host/host.h"
#include "../host/rnd.h"
#include "../host/vgic_rig.h"

#define NR_PCPUS 3U
#define NR_VCPUS 4U
#define NR_LRS   3U
#define ROUNDS   500U
#define STEPS    80U
#define NOWHERE  NR_PCPUS

#define ISENABLER 0x100U
#define ICENABLER 0x180U
#define ISPENDR   0x200U
#define ICPENDR   0x280U
#define PRIORITY  0x400U
#define IRM       (UINT64_C(1) << 40)

/*
 * What an SGI means. LETTER + n is sent by vCPU n only, when the last one has
 * been read: so each comes once. A BELL may be rung by all at any time. OFF is
 * disabled, and REVOKED is cleared soon after it was sent: of each vCPU one
 * other, its owner, sends it these two and reads whether they are pending. OWN
 * is what a vCPU sends to itself, as soon as another one has cleared it.
 */
#define LETTER   0U
#define BELL     NR_VCPUS
#define NR_BELLS 2U
#define OFF      6U
#define REVOKED  7U
#define OWN      8U
#define NR_SGIS  9U
#define OWNED(v) (((v) + 1) % NR_VCPUS)
#define LETTERS  ((1U << NR_VCPUS) - 1)

enum state {
	READY,
	RUNNING,
	BLOCKED
};

struct guest {
	uint64_t stale;
	enum state state; /* machine.lock; atomic */
	unsigned cpu;     /* where it runs or ran; atomic */
	unsigned loaded;  /* where it is loaded; machine.lock */
	unsigned idx;
	uint32_t mail[NR_SGIS]; /* unread; atomic */
	uint32_t rung[NR_BELLS], heard[NR_BELLS];
	bool cleared;     /* OWN, by its owner; atomic */
	uint32_t revoked; /* even: REVOKED was read as not pending; atomic */
	/* Its own, while it runs. */
	uint32_t handling; /* the INTID, or GICH_SPURIOUS */
	unsigned off_stage, revoked_stage;
	uint32_t taken; /* SGIs */
};

static struct machine {
	struct spinlock lock; /* guards `state` and `loaded` of vCPUs */
	struct vgic_rig rig;
	struct guest guest[NR_VCPUS];
	bool kicked[NR_PCPUS]; /* HYP_SGI_KICK is pending; atomic */
	struct vcpu_of {
		struct guest *loaded;
		uint32_t seed;
	} pcpu[NR_PCPUS];
	const char *wrong;          /* the first thing that was; atomic */
	unsigned at_barrier, round; /* atomic */
} m;

/* The pCPU that this thread plays. */
static _Thread_local unsigned me;
static _Thread_local uint32_t jitter_seed;
static _Thread_local bool calm; /* it plays all of them, and nobody sends */

static void check(bool ok, const char *what)
{
	const char *none = NULL;

	if (!ok)
		(void)__atomic_compare_exchange_n(&m.wrong, &none, what, false,
						  __ATOMIC_RELAXED,
						  __ATOMIC_RELAXED);
}

/* Where another CPU may come in between, it is given time. */
static void jitter(void)
{
	uint32_t n = rnd(&jitter_seed, 64);

	if (calm)
		return;
	if (n < 4)
		thrd_yield();
	for (; n > 32; n--)
		cpu_relax();
}

static void jitter_lock(const struct spinlock *l)
{
	(void)l;
	jitter();
}

/* -------------------------------------------- the run loop's and kick's duty
 */

static enum state state_of(const struct guest *v)
{
	return __atomic_load_n(&v->state, __ATOMIC_ACQUIRE);
}

static void set_state_locked(struct guest *v, enum state s)
{
	__atomic_store_n(&v->state, s, __ATOMIC_RELEASE);
}

static bool is_stale(const struct guest *v)
{
	return __atomic_load_n(&v->stale, __ATOMIC_RELAXED) != 0;
}

static void wake(struct guest *v)
{
	spin_lock(&m.lock);
	if (v->state == BLOCKED)
		set_state_locked(v, READY);
	spin_unlock(&m.lock);
}

static void kick(void *who)
{
	struct guest *v = who;
	unsigned cpu;

	jitter();
	smp_mb();
	switch (state_of(v)) {
	case RUNNING:
		cpu = __atomic_load_n(&v->cpu, __ATOMIC_RELAXED);
		if (cpu != me)
			__atomic_store_n(&m.kicked[cpu], true,
					 __ATOMIC_SEQ_CST);
		break;
	case BLOCKED:
		wake(v);
		break;
	default:
		break;
	}
	jitter();
}

static void flush_all(const struct guest *v)
{
	unsigned rounds = 0;

	while (gich_misr(gich) || is_stale(v)) {
		if (gich_misr(gich))
			vgic_maintenance(m.rig.g, v->idx);
		if (is_stale(v))
			vgic_flush(vgic_cpu_of(m.rig.g, v->idx));
		check(rounds++ < 1000, "a vCPU never gets back to its guest");
	}
}

static void put(struct guest *v)
{
	vgic_put(m.rig.g, v->idx);
	spin_lock(&m.lock);
	v->loaded = NOWHERE;
	spin_unlock(&m.lock);
	m.pcpu[me].loaded = NULL;
}

/* Chooses one that is ready, and that no other pCPU holds. */
static struct guest *choose(void)
{
	unsigned first = rnd(&m.pcpu[me].seed, NR_VCPUS);
	struct guest *v = NULL;

	spin_lock(&m.lock);
	for (unsigned i = 0; i < NR_VCPUS && !v; i++) {
		v = &m.guest[(first + i) % NR_VCPUS];
		if (v->state != READY ||
		    (v->loaded != NOWHERE && v->loaded != me))
			v = NULL;
	}
	if (v) {
		__atomic_store_n(&v->cpu, me, __ATOMIC_RELAXED);
		set_state_locked(v, RUNNING);
	}
	spin_unlock(&m.lock);
	smp_mb();
	return v;
}

/* A vCPU that is to run here, loaded and up to date; NULL: none. */
static struct guest *next(void)
{
	struct guest *v = choose(), *old = m.pcpu[me].loaded;

	if (!v)
		return NULL;
	if (old != v) {
		if (old)
			put(old);
		vgic_load(m.rig.g, v->idx);
		spin_lock(&m.lock);
		v->loaded = me;
		spin_unlock(&m.lock);
		m.pcpu[me].loaded = v;
	}
	flush_all(v);
	return v;
}

static void preempt(struct guest *v)
{
	if (rnd(&m.pcpu[me].seed, 2))
		put(v);
	spin_lock(&m.lock);
	set_state_locked(v, READY);
	spin_unlock(&m.lock);
}

/* As sched_block(): BLOCKED is seen before anything that is looked at next. */
static void block(struct guest *v)
{
	bool loaded = calm || rnd(&m.pcpu[me].seed, 2), wanted = false;

	if (!loaded)
		put(v);
	spin_lock(&m.lock);
	set_state_locked(v, BLOCKED);
	smp_mb();
	if (!loaded && vgic_has_pending(m.rig.g, v->idx))
		set_state_locked(v, READY);
	else
		wanted = loaded && is_stale(v);
	spin_unlock(&m.lock);
	if (wanted)
		wake(v);
}

/* ------------------------------------------------------ what its guest does */

static int access(const struct guest *v, unsigned frame, uint64_t offset,
		  bool write, uint32_t *value)
{
	struct mmio_op op = {.offset = 0x20000ULL * frame + offset,
			     .size = 4,
			     .write = write,
			     .value = *value,
			     .vcpu = (uint16_t)v->idx};
	int err = vgic_redist_mmio(m.rig.g, &op);

	*value = (uint32_t)op.value;
	return err;
}

static void set_reg(const struct guest *v, unsigned frame, unsigned offset,
		    uint32_t value)
{
	check(!access(v, frame, 0x10000 + offset, true, &value), "a write");
}

/* Whether SGI n of that frame is pending; or -EAGAIN. */
static int pending(const struct guest *v, unsigned frame, unsigned n)
{
	uint32_t value = 0;
	int err = access(v, frame, 0x10000 + ISPENDR, false, &value);

	return err ? err : (int)(value >> n & 1);
}

static void send(const struct guest *v, uint64_t targets, unsigned n)
{
	vgic_send_sgi1(vgic_cpu_of(m.rig.g, v->idx),
		       targets | (uint64_t)n << 24);
}

static void send_letter(const struct guest *v, unsigned to)
{
	uint32_t *mail = &m.guest[to].mail[LETTER + v->idx];

	if (__atomic_load_n(mail, __ATOMIC_SEQ_CST))
		return;
	__atomic_store_n(mail, 1, __ATOMIC_SEQ_CST);
	if (rnd(&m.pcpu[me].seed, 4))
		send(v, UINT64_C(1) << to, LETTER + v->idx);
	else
		set_reg(v, to, ISPENDR, 1U << (LETTER + v->idx));
}

static void ring(const struct guest *v, unsigned bell, bool others)
{
	uint32_t list = others ? LETTERS & ~(1U << v->idx)
			       : rnd(&m.pcpu[me].seed, 1U << NR_VCPUS);
	unsigned i;

	for (EACH_BIT(i, list)) {
		__atomic_add_fetch(&m.guest[i].rung[bell], 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&m.guest[i].mail[BELL + bell], 1,
				 __ATOMIC_SEQ_CST);
	}
	send(v, others ? IRM : list, BELL + bell);
}

/* OFF of another one: sent, read, cleared, read, set by register and so on. */
static void off_step(struct guest *v)
{
	const unsigned to = OWNED(v->idx);
	int p;

	switch (v->off_stage) {
	case 0:
		send(v, UINT64_C(1) << to, OFF);
		break;
	case 4:
		set_reg(v, to, ISPENDR, 1U << OFF);
		break;
	case 2:
	case 6:
		set_reg(v, to, ICPENDR, 1U << OFF);
		break;
	default:
		p = pending(v, to, OFF);
		if (p == -EAGAIN)
			return;
		check(p == (v->off_stage % 4 == 1),
		      "what is sent or cleared is not read so");
	}
	v->off_stage = (v->off_stage + 1) % 8;
}

static void revoked_step(struct guest *v)
{
	const unsigned to = OWNED(v->idx);
	uint32_t *revoked = &m.guest[to].revoked;
	int p;

	switch (v->revoked_stage) {
	case 0:
		__atomic_add_fetch(revoked, 1, __ATOMIC_SEQ_CST);
		send(v, UINT64_C(1) << to, REVOKED);
		jitter();
		set_reg(v, to, ICPENDR, 1U << REVOKED);
		break;
	default:
		p = pending(v, to, REVOKED);
		if (p == -EAGAIN)
			return;
		check(p == 0, "what is cleared is read as pending");
		__atomic_add_fetch(revoked, 1, __ATOMIC_SEQ_CST);
	}
	v->revoked_stage = !v->revoked_stage;
}

/* What its owner clears is not what a vCPU sends itself after that. */
static void own_step(struct guest *v)
{
	struct guest *to = &m.guest[OWNED(v->idx)];

	if (!__atomic_load_n(&to->cleared, __ATOMIC_SEQ_CST) &&
	    !__atomic_load_n(&to->mail[OWN], __ATOMIC_SEQ_CST)) {
		set_reg(v, to->idx, ICPENDR, 1U << OWN);
		__atomic_store_n(&to->cleared, true, __ATOMIC_SEQ_CST);
	}
	if (__atomic_load_n(&v->cleared, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&v->mail[OWN], 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&v->cleared, false, __ATOMIC_SEQ_CST);
		send(v, UINT64_C(1) << v->idx, OWN);
	}
}

/* Whoever switches letters off switches them on again at once. */
static void blink(const struct guest *v, unsigned frame)
{
	set_reg(v, frame, ICENABLER, LETTERS);
	jitter();
	set_reg(v, frame, ISENABLER, LETTERS);
}

static void nap(const struct guest *v)
{
	uint32_t sleep = 2, wakes = 0;

	check(!access(v, v->idx, 0x14, true, &sleep), "a write");
	flush_all(v);
	check(!access(v, v->idx, 0x14, true, &wakes), "a write");
}

static void handle(struct guest *v, uint32_t n, uint32_t revoked)
{
	v->taken++;
	if (n < BELL || n == OWN) {
		check(__atomic_exchange_n(&v->mail[n], 0, __ATOMIC_SEQ_CST),
		      "a letter comes twice");
	} else if (n < BELL + NR_BELLS) {
		check(++v->heard[n - BELL] <=
			      __atomic_load_n(&v->rung[n - BELL],
					      __ATOMIC_SEQ_CST),
		      "a bell is heard more often than it is rung");
		__atomic_store_n(&v->mail[n], 0, __ATOMIC_SEQ_CST);
	} else if (n == REVOKED) {
		check((revoked & 1) ||
			      __atomic_load_n(&v->revoked, __ATOMIC_SEQ_CST) !=
				      revoked,
		      "what was read as cleared is delivered");
	} else {
		check(false, "a disabled SGI is delivered");
	}
}

/* Takes one interrupt, or ends it: no exit. */
static void take(struct guest *v)
{
	uint32_t revoked = __atomic_load_n(&v->revoked, __ATOMIC_SEQ_CST);

	if (v->handling != GICH_SPURIOUS) {
		gich_eoi(gich, 1, v->handling);
		v->handling = GICH_SPURIOUS;
		return;
	}
	v->handling = gich_ack(gich, 1);
	if (v->handling != GICH_SPURIOUS)
		handle(v, v->handling, revoked);
}

/* At what changes under a lock and is read without one. */
static void look(const struct guest *v, unsigned frame)
{
	uint32_t value = 0;

	check(!access(v, frame, 0x10000 + PRIORITY, false, &value) &&
		      (value & ~0x20202020U) == 0x80808080,
	      "a priority that nobody wrote");
	check(!access(v, frame, 0x10000 + ISENABLER, false, &value) &&
		      (value | LETTERS) == (~0U & ~(1U << OFF)),
	      "an SGI is enabled or disabled that nobody touched");
}

/* One instruction that traps. */
static void trap(struct guest *v)
{
	uint32_t *seed = &m.pcpu[me].seed;
	unsigned other = rnd(seed, NR_VCPUS);

	switch (rnd(seed, 16)) {
	case 0:
		blink(v, other);
		break;
	case 1:
		set_reg(v, other, PRIORITY + 4 * rnd(seed, 2),
			rnd(seed, 2) ? 0xa0a0a0a0 : 0x80a080a0);
		break;
	case 2:
		nap(v);
		break;
	case 3:
		(void)pending(v, other, 0);
		look(v, other);
		break;
	case 4:
	case 5:
		ring(v, rnd(seed, NR_BELLS), rnd(seed, 4) == 0);
		break;
	case 6:
	case 7:
		off_step(v);
		break;
	case 8:
	case 9:
		revoked_step(v);
		break;
	case 10:
	case 11:
		own_step(v);
		break;
	default:
		send_letter(v, other);
	}
}

/* ----------------------------------------------------------------- a pCPU */

static void wait_for_interrupt(struct guest *v)
{
	if (gich_signalled(gich) >= 0)
		return;
	if (!vgic_has_pending(m.rig.g, v->idx))
		block(v);
	else
		flush_all(v);
}

static void guest_step(struct guest *v)
{
	uint32_t what = calm ? 0 : rnd(&m.pcpu[me].seed, 16);

	if (__atomic_exchange_n(&m.kicked[me], false, __ATOMIC_SEQ_CST) ||
	    gich_misr(gich))
		flush_all(v);
	if (what < 7) {
		take(v);
		if (what == 0 && v->handling == GICH_SPURIOUS)
			wait_for_interrupt(v);
	} else if (what == 7) {
		preempt(v);
	} else {
		trap(v);
		flush_all(v);
	}
}

/* The maintenance interrupt of one that went to sleep before it came. */
static void maintain(struct guest *v)
{
	if (!gich_misr(gich))
		return;
	vgic_maintenance(m.rig.g, v->idx);
	if (state_of(v) == BLOCKED && vgic_has_pending(m.rig.g, v->idx))
		wake(v);
}

static bool pcpu_step(void)
{
	struct guest *v = m.pcpu[me].loaded;

	if (v && state_of(v) != RUNNING)
		maintain(v);
	if (!v || state_of(v) != RUNNING) {
		(void)__atomic_exchange_n(&m.kicked[me], false,
					  __ATOMIC_SEQ_CST);
		v = next();
	}
	if (v)
		guest_step(v);
	return v;
}

static void play(unsigned cpu)
{
	me = cpu;
	gich = &m.rig.cpu[cpu];
}

/* All wait for all; who comes last does something before they go on. */
static void meet(void (*last)(void))
{
	unsigned round = __atomic_load_n(&m.round, __ATOMIC_SEQ_CST);

	if (__atomic_add_fetch(&m.at_barrier, 1, __ATOMIC_SEQ_CST) < NR_PCPUS) {
		while (__atomic_load_n(&m.round, __ATOMIC_SEQ_CST) == round)
			thrd_yield();
		return;
	}
	last();
	__atomic_store_n(&m.at_barrier, 0, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&m.round, 1, __ATOMIC_SEQ_CST);
}

/* All stand still: who is in his guest has looked, or is about to be told. */
static void nobody_is_untold(void)
{
	for (unsigned i = 0; i < NR_VCPUS; i++) {
		const struct guest *v = &m.guest[i];

		check(v->state != RUNNING || !is_stale(v) || m.kicked[v->cpu],
		      "a vCPU runs on untold");
	}
}

/* Nobody sends any more: each pCPU goes on until nobody has anything to do,
 * which is when all mail has been read. */
static void settle(void)
{
	unsigned was = me, idle = 0;

	nobody_is_untold();
	calm = true;
	for (unsigned turn = 0; idle < 2 * NR_PCPUS; turn++) {
		play(turn % NR_PCPUS);
		idle = pcpu_step() ? 0 : idle + 1;
		check(turn < 100000, "the pCPUs never settle");
		if (m.wrong)
			break;
	}
	for (unsigned i = 0; i < NR_VCPUS; i++) {
		const struct guest *v = &m.guest[i];

		for (unsigned n = 0; n < NR_SGIS; n++)
			check(!v->mail[n], n / NR_BELLS == BELL / NR_BELLS
						   ? "a bell is not heard"
						   : "a letter is lost");
		check(v->state == BLOCKED, "a vCPU is not asleep");
	}
	calm = false;
	for (unsigned i = 0; i < NR_VCPUS; i++)
		wake(&m.guest[i]);
	play(was);
}

static void *pcpu(void *cpu)
{
	play((unsigned)((struct vcpu_of *)cpu - m.pcpu));
	jitter_seed = me + 1;
	fake_between = jitter;
	fake_spin = (struct fake_spin){.before_lock = jitter_lock,
				       .after_unlock = jitter_lock};
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned step = 0; step < STEPS; step++) {
			if (!pcpu_step())
				thrd_yield();
		}
		meet(settle);
		if (__atomic_load_n(&m.wrong, __ATOMIC_SEQ_CST))
			break;
	}
	return NULL;
}

/* Awake, all SGIs of group 1, their priority 0xa0; all but OFF are enabled. */
static void make(void)
{
	memset(&m, 0, sizeof(m));
	rig_init(&m.rig, NR_VCPUS, NR_LRS, 32);
	rig_guest_init(&m.rig, false);
	for (unsigned i = 0; i < NR_VCPUS; i++) {
		struct guest *v = &m.guest[i];

		rig_set_sgi_base(&m.rig, i, ICENABLER, 1U << OFF);
		rig_put(&m.rig, i);
		*v = (struct guest){
			.idx = i, .loaded = NOWHERE, .handling = GICH_SPURIOUS};
		vgic_attach(m.rig.g, i, v, &v->stale);
		m.rig.g->cpus[i].kick = kick;
	}
	gich_before_or = jitter;
}

/* Rules out: pending-afar */
/* Rules out: wakeup-lost */
static void no_sgi_is_lost_or_comes_twice_among_threads(void **state)
{
	pthread_t thread[NR_PCPUS];
	uint32_t taken = 0;

	(void)state;
	make();
	for (unsigned i = 0; i < NR_PCPUS; i++) {
		m.pcpu[i].seed = 77 + i;
		assert_int_equal(
			pthread_create(&thread[i], NULL, pcpu, &m.pcpu[i]), 0);
	}
	for (unsigned i = 0; i < NR_PCPUS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	gich_before_or = NULL;
	if (m.wrong)
		fail_msg("round %u: %s", m.round, m.wrong);
	for (unsigned i = 0; i < NR_VCPUS; i++)
		taken += m.guest[i].taken;
	assert_true(taken > ROUNDS * STEPS / 8);
	rig_free(&m.rig);
}

/* ------------------------------------------------------------------ hammer */

/*
 * The same word all the time: two threads that send, each eight SGIs of its
 * own, again as soon as they are read, and one that flushes and reads.
 */
#define HAMMERS 2U
#define EACH    8U
#define BLOWS   20000U

static uint32_t unread[HAMMERS * EACH]; /* atomic */
static uint32_t blows;                  /* SGIs that came; atomic */

static void no_kick(void *who)
{
	(void)who;
}

static bool enough(void)
{
	return __atomic_load_n(&blows, __ATOMIC_RELAXED) >= BLOWS ||
	       __atomic_load_n(&m.wrong, __ATOMIC_RELAXED);
}

static void *hammer(void *v)
{
	unsigned first = (((struct vgic_cpu *)v)->index - 1) * EACH;

	jitter_seed = first;
	fake_between = jitter;

	while (!enough()) {
		unsigned sent = 0;

		for (unsigned n = first; n < first + EACH; n++) {
			if (__atomic_load_n(&unread[n], __ATOMIC_ACQUIRE))
				continue;
			__atomic_store_n(&unread[n], 1, __ATOMIC_RELEASE);
			vgic_send_sgi1(v, 1 | (uint64_t)n << 24);
			sent++;
		}
		if (!sent)
			thrd_yield();
	}
	return NULL;
}

static bool strike(struct guest *v)
{
	uint32_t n;

	flush_all(v);
	n = gich_ack(gich, 1);
	if (n == GICH_SPURIOUS)
		return false;
	check(__atomic_exchange_n(&unread[n], 0, __ATOMIC_ACQ_REL),
	      "an SGI comes twice");
	gich_eoi(gich, 1, n);
	(void)__atomic_add_fetch(&blows, 1, __ATOMIC_RELAXED);
	return true;
}

static void sgis_of_one_word_are_taken_while_others_are_set(void **state)
{
	pthread_t thread[HAMMERS];
	struct guest *v = &m.guest[0];

	(void)state;
	make();
	rig_set_sgi_base(&m.rig, 0, ISENABLER, ~0U);
	m.rig.g->cpus[0].kick = no_kick;
	gich_before_or = NULL;
	play(0);
	vgic_load(m.rig.g, 0);
	for (unsigned i = 0; i < HAMMERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer,
						vgic_cpu_of(m.rig.g, i + 1)),
				 0);
	fake_between = jitter;
	for (unsigned idle = 0; !enough();) {
		idle = strike(v) ? 0 : idle + 1;
		check(idle < 1000000, "all SGIs are lost");
		if (idle)
			thrd_yield();
	}
	for (unsigned i = 0; i < HAMMERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	while (strike(v))
		;
	fake_between = NULL;
	for (unsigned n = 0; n < HAMMERS * EACH; n++)
		check(!unread[n], "an SGI is lost");
	if (m.wrong)
		fail_msg("after %u: %s", blows, m.wrong);
	rig_free(&m.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sgi_is_lost_or_comes_twice_among_threads),
		cmocka_unit_test(
			sgis_of_one_word_are_taken_while_others_are_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
