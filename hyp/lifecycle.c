/*
 * Where a VM goes, and the steps that take it there; contract and states in
 * lifecycle.h. A pCPU that finds or makes a VM BUSY owns it until the state
 * says something else: it takes one step after the other, and looks after
 * each where the aim is by then. docs/design/08b-lifecycle.md.
 */
#include <errno.h>
#include <port/this_cpu.h>

#include <base/panic.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/lifecycle.h>
#include <hyp/run.h>
#include <hyp/stats.h>
#include <hyp/vm_devices.h>

#define NO_FLOOR VM_RUNNING

static void lower(enum vm_state *floor, enum vm_state to)
{
	if (to < *floor)
		*floor = to;
}

/* Counted as soon as it is going to run: a machine with such a VM goes on. */
static void count_locked(struct vm *vm)
{
	if (vm->want >= VM_PAUSED && !vm->counted) {
		vm->counted = true;
		hyp_vm_began(vm->hyp);
	}
}

/* ------------------------------------------------------------------- policy */

static const struct vm_backoff backoff_default = {VM_BACKOFF_FIRST_MS,
						  VM_BACKOFF_MOST_MS};

static bool restarts(const struct vm *vm)
{
	return vm->cfg->restart == VM_RESTART_ALWAYS ||
	       (vm->cfg->restart == VM_RESTART_ON_CRASH &&
		vm->stop == VM_STOP_CRASH);
}

/* How long the VM waits now, by how long it ran: in its own time. */
static unsigned next_delay(const struct vm *vm)
{
	const struct vm_backoff *b = vm->cfg->backoff.first_ms
					     ? &vm->cfg->backoff
					     : &backoff_default;
	uint64_t ran = counter_now() - vm->vcpus[0]->control.cntvoff_el2;

	if (!vm->delay_ms ||
	    ran >= hyp_ticks(vm->hyp, VM_GOOD_MS * UINT64_C(1000)))
		return b->first_ms;
	return (unsigned)min_u64(UINT64_C(2) * vm->delay_ms, b->most_ms);
}

/* The guest has stopped by itself. */
static void follow_policy_locked(struct vm *vm)
{
	vm->retry_at = 0;
	if (vm->stop == VM_STOP_RESET || vm->stop == VM_STOP_WARM_RESET)
		return;
	if (!restarts(vm)) {
		vm->want = VM_OFF;
		return;
	}
	vm->delay_ms = next_delay(vm);
	vm->retry_at = counter_now() +
		       hyp_ticks(vm->hyp, vm->delay_ms * UINT64_C(1000));
}

/* ------------------------------------------------------------------- steps */

enum step {
	STEP_REST, /* nothing is left to do, or not yet */
	STEP_CREATE,
	STEP_START,
	STEP_DESTROY,
};

/* At rest, with its vCPUs off: the VM is BUSY no more. True: it has ended. */
static bool rest_locked(struct vm *vm, enum vm_state at)
{
	bool ended = vm->counted;

	vm->state = at;
	vm->counted = false;
	return ended;
}

static void wait_locked(struct vm *vm)
{
	vm->state = VM_RESTARTING;
	sched_event_set(&vm->work, this_cpu(), vm->retry_at);
}

static enum step next_step_locked(struct vm *vm, bool *ended)
{
	enum vm_state at = vm->vcpus ? VM_OFF : VM_ABSENT;

	if (at > vm->floor)
		return STEP_DESTROY;
	vm->floor = NO_FLOOR;
	if (vm->want == at) {
		*ended = rest_locked(vm, at);
		return STEP_REST;
	}
	if (at == VM_ABSENT)
		return STEP_CREATE;
	if (vm->retry_at > counter_now()) {
		wait_locked(vm);
		return STEP_REST;
	}
	return STEP_START;
}

static void destroy(struct vm *vm)
{
	vm_destroy(vm);
	log_info("VM %s: destroyed", vm->cfg->name);
}

static void create(struct vm *vm)
{
	if (vm_create(vm, vm->hyp, vm->cfg, vm->vmid) == 0) {
		log_info("VM %s: created", vm->cfg->name);
		return;
	}
	spin_lock(&vm->lock);
	vm->want = VM_ABSENT;
	spin_unlock(&vm->lock);
}

static bool is_warm(const struct vm *vm)
{
	return vm->stop == VM_STOP_WARM_RESET && !vm->commanded;
}

/* It is loaded; true: it runs. False: somebody wants something else now. */
static bool go(struct vm *vm)
{
	bool runs;

	spin_lock(&vm->lock);
	runs = vm->floor == NO_FLOOR && vm->want >= VM_PAUSED;
	if (runs) {
		count_locked(vm);
		vm_boot_vcpu_locked(vm, vm->want == VM_PAUSED);
	}
	spin_unlock(&vm->lock);
	/* It is live and not yet run: nobody can finish a stop before. */
	if (runs)
		sched_start(vm->vcpus[0]);
	return runs;
}

static void say_crashed(const struct vm *vm)
{
	log_err("VM %s: crashed: %s", vm->cfg->name, vm->why);
	if (vm->retry_at)
		log_info("VM %s: starts again in %u ms", vm->cfg->name,
			 vm->delay_ms);
}

static void cannot_load(struct vm *vm)
{
	spin_lock(&vm->lock);
	vm->stop = VM_STOP_CRASH;
	vm->why = "cannot be loaded again";
	if (vm->want >= VM_PAUSED)
		follow_policy_locked(vm);
	spin_unlock(&vm->lock);
	say_crashed(vm);
}

/* True: the VM is out of our hands. This pCPU is as good as any for it. The
 * time is the guest's: it could take all there is by one reset after another.
 */
static bool start(struct vm *vm)
{
	uint64_t since = counter_now();

	if (vm_load(vm, is_warm(vm)) == 0) {
		runq_owe(&vm->vcpus[0]->sched.member, counter_now() - since);
		run_work_end(this_cpu());
		return go(vm);
	}
	cannot_load(vm);
	return false;
}

static bool take(struct vm *vm, enum step step)
{
	/* Ours until a step says something else: nobody else looks in. */
	ASSERT(step == STEP_REST || vm->state == VM_BUSY);
	switch (step) {
	case STEP_DESTROY:
		destroy(vm);
		return false;
	case STEP_CREATE:
		create(vm);
		return false;
	case STEP_START:
		return start(vm);
	default:
		return true;
	}
}

/* The VM is BUSY, and this pCPU's. */
static void work(struct vm *vm)
{
	struct cpu *c = this_cpu();
	struct vm_end end;
	enum step step;
	bool ended = false;

	run_work_begin(c);
	do {
		spin_lock(&vm->lock);
		step = next_step_locked(vm, &ended);
		end = (struct vm_end){vm->cfg->name, vm->stop == VM_STOP_CRASH
							     ? vm->why
							     : NULL};
		spin_unlock(&vm->lock);
	} while (!take(vm, step));
	run_work_end(c);
	if (ended)
		hyp_vm_ended(vm->hyp, &end);
}

/* ---------------------------------------------------------------- the stop */

static void say_stopped(const struct vm *vm, bool reset)
{
	const char *name = vm->cfg->name;

	if (vm->stop == VM_STOP_CRASH) {
		say_crashed(vm);
	} else if (vm->retry_at) {
		log_info("VM %s: off, starts again in %u ms", name,
			 vm->delay_ms);
	} else if (reset) {
		log_info("VM %s: reset", name);
	} else {
		log_info("VM %s: %s", name,
			 vm->stop == VM_STOP_COMMAND ? "stopped" : "off");
	}
}

void vm_stopped(struct vm *vm)
{
	bool reset;

	if (vm->hyp->stats)
		stats_print(vm);
	vm_devices_reset(vm);
	spin_lock(&vm->lock);
	if (vm->commanded)
		vm->retry_at = 0;
	else
		follow_policy_locked(vm);
	lower(&vm->floor, VM_OFF);
	reset = vm->floor == VM_OFF && vm->want >= VM_PAUSED;
	spin_unlock(&vm->lock);
	say_stopped(vm, reset);
	work(vm);
}

/* ---------------------------------------------------------------- commands */

#define AIMS (VM_RUNNING + 1)

/* What a command makes of an aim. Rows that are not there: -EINVAL. */
static const struct rule {
	bool valid, already;
	uint8_t want, floor;
} rules[VM_COMMANDS][AIMS] = {
	[VM_CREATE] = {[VM_ABSENT] = {true, false, VM_OFF, NO_FLOOR},
		       [VM_OFF] = {.already = true},
		       [VM_PAUSED] = {.already = true},
		       [VM_RUNNING] = {.already = true}},
	[VM_START] = {[VM_OFF] = {true, false, VM_RUNNING, NO_FLOOR},
		      [VM_RUNNING] = {.already = true}},
	[VM_PAUSE] = {[VM_RUNNING] = {true, false, VM_PAUSED, NO_FLOOR},
		      [VM_PAUSED] = {.already = true}},
	[VM_RESUME] = {[VM_PAUSED] = {true, false, VM_RUNNING, NO_FLOOR},
		       [VM_RUNNING] = {.already = true}},
	[VM_RESET] = {[VM_PAUSED] = {true, false, VM_PAUSED, VM_OFF},
		      [VM_RUNNING] = {true, false, VM_RUNNING, VM_OFF}},
	[VM_HALT] = {[VM_OFF] = {.already = true},
		     [VM_PAUSED] = {true, false, VM_OFF, VM_OFF},
		     [VM_RUNNING] = {true, false, VM_OFF, VM_OFF}},
	[VM_DESTROY] = {[VM_ABSENT] = {.already = true},
			[VM_OFF] = {true, false, VM_ABSENT, VM_ABSENT},
			[VM_PAUSED] = {true, false, VM_ABSENT, VM_ABSENT},
			[VM_RUNNING] = {true, false, VM_ABSENT, VM_ABSENT}},
};

static void post_locked(struct vm *vm)
{
	vm->state = VM_BUSY;
	vm->posted = true;
	sched_event_set(&vm->work, sched_quiet_cpu(vm->hyp, vm->cfg), 0);
}

/* Towards the aim, from where the VM is. Who is BUSY with it, or stops it,
 * will see. */
static void move_locked(struct vm *vm)
{
	switch (vm->state) {
	case VM_ABSENT:
	case VM_OFF:
	case VM_RESTARTING:
		post_locked(vm);
		break;
	case VM_RUNNING:
	case VM_PAUSING:
	case VM_PAUSED:
		if (vm->floor < NO_FLOOR)
			(void)vm_stop_locked(vm, VM_STOP_COMMAND, NULL);
		else if (vm->want == VM_PAUSED)
			vm_pause_locked(vm);
		else
			vm_resume_locked(vm);
		break;
	default:
		break;
	}
}

/* A restart by policy that a command meets is this command's business now:
 * nobody waits for it. */
static bool hurries(const struct vm *vm, enum vm_command cmd)
{
	return vm->state == VM_RESTARTING && cmd == VM_START;
}

static int command_locked(struct vm *vm, enum vm_command cmd)
{
	const struct rule *r = &rules[cmd][vm->want];

	if (!r->valid && !hurries(vm, cmd))
		return r->already ? -EALREADY : -EINVAL;
	if (r->valid) {
		vm->want = (enum vm_state)r->want;
		lower(&vm->floor, (enum vm_state)r->floor);
		vm->commanded |= r->floor < NO_FLOOR;
	}
	vm->retry_at = 0;
	vm->delay_ms = 0;
	count_locked(vm);
	move_locked(vm);
	return 0;
}

int vm_command(struct vm *vm, enum vm_command cmd)
{
	int err;

	spin_lock(&vm->lock);
	err = command_locked(vm, cmd);
	spin_unlock(&vm->lock);
	if (cmd == VM_RESUME)
		gwdt_timer(&vm->wdt); /* its time goes on */
	return err;
}

static struct vm *vm_of_event(struct sched_event *e)
{
	return container_of(e, struct vm, work);
}

/* The event may be late, or come twice: what there is to do is in the VM. */
static bool claim(struct vm *vm)
{
	bool ours;

	spin_lock(&vm->lock);
	ours = vm->posted ||
	       (vm->state == VM_RESTARTING && vm->retry_at <= counter_now());
	vm->posted = false;
	if (ours)
		vm->state = VM_BUSY;
	spin_unlock(&vm->lock);
	return ours;
}

static void work_event(struct sched_event *e)
{
	struct vm *vm = vm_of_event(e);

	if (claim(vm))
		work(vm);
}

/* ------------------------------------------------------------- the beginning
 */

void vm_life_init(struct vm *vm)
{
	vm->work.fn = work_event;
	vm->floor = NO_FLOOR;
}

int vm_start(struct vm *vm)
{
	int err;

	if (vm->state != VM_OFF)
		return -EINVAL;
	err = vm_load(vm, false);
	if (err)
		return err;
	vm->want = VM_RUNNING;
	return go(vm) ? 0 : -EINVAL;
}

enum vm_state vm_state_now(struct vm *vm)
{
	enum vm_state state;

	spin_lock(&vm->lock);
	state = vm->state;
	spin_unlock(&vm->lock);
	return state;
}

bool vm_enter(struct vm *vm)
{
	spin_lock(&vm->lock);
	if (vm->state != VM_ABSENT && vm->state != VM_BUSY)
		return true;
	spin_unlock(&vm->lock);
	return false;
}

void vm_leave(struct vm *vm)
{
	spin_unlock(&vm->lock);
}

const char *vm_state_name(enum vm_state state)
{
	static const char *const name[] = {
		[VM_ABSENT] = "absent",     [VM_OFF] = "off",
		[VM_BUSY] = "busy",         [VM_RESTARTING] = "restarting",
		[VM_STOPPING] = "stopping", [VM_PAUSING] = "pausing",
		[VM_PAUSED] = "paused",     [VM_RUNNING] = "running",
	};

	return name[state];
}
