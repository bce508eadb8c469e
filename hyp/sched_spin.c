/*
 * Whether a vCPU spins for another of its VM that waits for the same pCPU, by
 * looking at it now and then; contract in sched_spin.h. Called by hyp/sched.c,
 * with the pCPU's lock held, and the vCPU out of its guest.
 *
 * A guest that waits with WFE is known by the trap, where the CPU has one. But
 * QEMU traps none, and a loop that waits may have a YIELD instead, which no CPU
 * traps. So the code around is searched for either: where the vCPU is, and
 * where the function that it is in was called, or has called another. Left out:
 * a look further up the stack, whose frames need not be those of AAPCS64.
 *
 * A loop may have neither. What is at EL1 in the same stack frame for long goes
 * round in one function as well. Work that looks alike gives its turn to
 * another vCPU of its VM, and has that one's instead.
 * Arm ARM DDI 0487, WFE and YIELD; docs/design/16-scheduler.md.
 */
#include <port/el1.h>

#include <arch/aarch64/inject.h>

#include <hyp/sched_spin.h>
#include <hyp/vm.h>

static bool goes_before(const struct vcpu *a, const struct vcpu *b)
{
	if (a->sched.spun != b->sched.spun)
		return b->sched.spun;
	return a->sched.member.since < b->sched.member.since;
}

/*
 * The holder of a lock may have run for long, and be behind those that wait for
 * it in the queue: they have spun, and so are passed over. Where all have, each
 * may be the one for which the others wait, so they take turns.
 */
struct vcpu *sched_peer(const struct sched_cpu *s, const struct vcpu *v)
{
	struct vcpu *found = NULL;

	for (struct runq_member *m = s->q.first; m; m = m->next) {
		struct vcpu *other = container_of(m, struct vcpu, sched.member);

		if (other->vm == v->vm && (!found || goes_before(other, found)))
			found = other;
	}
	return found;
}

/* ------------------------------------------------------------ what it executes
 */

#define INSN_YIELD UINT32_C(0xd503203f)
#define INSN_WFE   UINT32_C(0xd503205f)
#define INSN_WFET  UINT32_C(0xd5031000) /* and a register, bits 4:0 */
#define INSN_RT    UINT32_C(0x1f)
#define INSN_HIGH  UINT32_C(0xd503) /* of these, and of few others */

/*
 * Instructions before and behind. Half of Linux's loops that wait have theirs
 * within five, all but a few within these. stop_machine()'s has it in a
 * function of its own, right before the one that calls it.
 */
#define PC_BEFORE UINT64_C(32)
#define LR_BEFORE UINT64_C(80)
#define BEHIND    UINT64_C(24)

static bool is_wait(uint32_t insn)
{
	return insn == INSN_YIELD || insn == INSN_WFE ||
	       (insn & ~INSN_RT) == INSN_WFET;
}

static bool any_waits(const uint32_t *insn, uint64_t nr)
{
	for (const uint32_t *end = insn + nr; insn != end; insn++)
		if (*insn >> 16 == INSN_HIGH && is_wait(*insn))
			return true;
	return false;
}

/* As far as it is in the same page. */
static bool waits_around(const struct vcpu *v, uint64_t va, uint64_t before)
{
	uint64_t word = va % PAGE_SIZE / sizeof(uint32_t), page, len;
	uint64_t from = word > before ? word - before : 0;
	uint64_t to = min_u64(word + BEHIND, PAGE_SIZE / sizeof(uint32_t));
	const uint32_t *insn;

	if (!el1_translate(va, EL1_AT_READ, &page))
		return false;
	len = (to - from) * sizeof(*insn);
	insn = gmem_peek(&v->vm->mem,
			 ipa_add((ipa_t){page}, from * sizeof(*insn)), &len);
	return insn && any_waits(insn, len / sizeof(*insn));
}

#define TCR_T0SZ GENMASK(5, 0)
#define TCR_T1SZ GENMASK(21, 16)

/* The link register without the signature that pointer authentication puts
 * above the address. */
static uint64_t link_of(const struct vcpu *v)
{
	uint64_t lr = v->regs.x[30], tcr = el1_read_tcr();

	if (lr & BIT(55))
		return lr | ~(~UINT64_C(0) >> FIELD_GET(TCR_T1SZ, tcr));
	return lr & ~UINT64_C(0) >> FIELD_GET(TCR_T0SZ, tcr);
}

/* Its frame, which stays while a kernel goes round in one function; 0: there is
 * none, or it is at EL0, where a program may compute so. */
static uint64_t frame_of(const struct vcpu *v)
{
	return pstate_is_el1(vcpu_pstate(v)) ? v->regs.x[29] : 0;
}

/* --------------------------------------------------------------- and for long?
 */

#define VAIN 16U /* looks, after which the first one comes later */

static uint64_t longest(const struct sched_cpu *s)
{
	return s->q.clock->probe * SCHED_PROBE_MOST;
}

/* Where all spin, the one that they wait for may be on another pCPU: what they
 * do here is in vain. */
static uint64_t first_probe(const struct sched_cpu *s)
{
	uint64_t doublings = s->nr_vain / VAIN;

	return doublings < 6 ? s->q.clock->probe << doublings : longest(s);
}

/* Where it is at the same instruction at the first look it may not have come to
 * execute any. Later it may be a loop of one block, which an emulator
 * interrupts always at its first instruction. */
static bool has_run(const struct sched_cpu *s, const struct vcpu *v)
{
	return vcpu_pc(v) != s->probe_pc || s->probe_step > first_probe(s);
}

static bool waits(const struct sched_cpu *s, const struct vcpu *v)
{
	return has_run(s, v) && (waits_around(v, vcpu_pc(v), PC_BEFORE) ||
				 waits_around(v, link_of(v), LR_BEFORE));
}

static bool stays(const struct sched_cpu *s, const struct vcpu *v)
{
	return s->probe_frame && s->probe_frame == frame_of(v);
}

struct vcpu *sched_spin_probe(struct sched_cpu *s, struct vcpu *v)
{
	struct vcpu *peer = NULL;

	v->sched.spun = stays(s, v) || waits(s, v);
	if (v->sched.spun)
		peer = sched_peer(s, v);
	s->nr_vain = peer && peer->sched.spun ? s->nr_vain + 1 : 0;
	return peer;
}

/* Soon after it came, for it may have been spinning when it went; then less and
 * less often. */
static uint64_t next_probe(struct sched_cpu *s, bool again)
{
	s->probe_step =
		again ? min_u64(4 * s->probe_step, longest(s)) : first_probe(s);
	return s->probe_step;
}

void sched_spin_watch(struct sched_cpu *s, struct vcpu *v, bool again,
		      uint64_t now)
{
	bool watch = v && s->q.clock->probe && sched_peer(s, v);

	if (v)
		v->sched.spun = false;
	if (watch && again && now < s->probe_at && s->probe_at != RUNQ_NEVER)
		return;
	again = again && s->probe_at != RUNQ_NEVER;
	s->probe_at = watch ? now + next_probe(s, again) : RUNQ_NEVER;
	s->probe_pc = v ? vcpu_pc(v) : 0;
	s->probe_frame = watch && s->probe_step == longest(s) ? frame_of(v) : 0;
}

/* The way here took time, which is not the guest's. */
void sched_spin_enter(struct sched_cpu *s, const struct vcpu *v, uint64_t now)
{
	s->probe_pc = vcpu_pc(v);
	if (s->probe_at != RUNQ_NEVER)
		s->probe_at = now + s->probe_step;
}
