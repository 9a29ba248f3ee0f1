/*
 * Supervisors: actors whose children are started again when they end.
 *
 * A child is DOWN, UP, WAITING (for its back-off) or STOPPING (asked to end, so that it can be started again in order).
 * After a failure the children concerned - the one, all, or it and those after it - are stopped youngest first; when the last of
 * them has ended they are started oldest first. Invariant: while a group restart goes on, `group_from` is the first child
 * concerned, and no child at or behind it is started before all of them are down.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/actor/actor-private.h"
#include "runtime/base/log.h"

#define DEFAULT_RESTARTS 10U
#define DEFAULT_WITHIN_MS 60000U
#define NO_GROUP UINT32_MAX

enum child_state { CHILD_DOWN, CHILD_UP, CHILD_WAITING, CHILD_STOPPING };

/* When the last restarts were: the intensity is exceeded if the oldest of max_restarts + 1 is too young. */
struct intensity {
	int64_t *at_ms;
	uint32_t next, count;
};

struct supervised {
	struct act_child spec;
	struct act_ref ref;
	enum child_state state;
	uint32_t index, restarts;
	uint32_t failures; /* in a row, for the back-off */
	int64_t started_ms;
	struct intensity intensity;
	char last_reason[WORDS_BYTES];
	struct run_times run_times; /* of all its lives: what was long ago counts less */
};

struct supervisor {
	struct act_supervisor spec;
	VEC(struct supervised *) children;
	struct intensity intensity;
	uint32_t group_from;
	uint64_t group_delay_ms;
	bool is_group_waiting; /* for the back-off of the group */
};

/* The back-off of a child (or of the group) is over. */
struct supervisor_due {
	struct supervised *child; /* NULL: the group */
};
static ACT_TYPE(supervisor_due);

static int64_t supervisor_now_ms(struct act *act)
{
	return act_now(act).ns / TIME_MS;
}

/* ---- intensity and back-off ------------------------------------------------------------------------- */

static bool intensity_exceeds(struct act *act, struct intensity *intensity, uint32_t max_restarts,
			      uint32_t within_ms)
{
	uint32_t size = max_restarts + 1;
	int64_t now_ms = supervisor_now_ms(act);

	if (!intensity->at_ms)
		intensity->at_ms = act_alloc(act, size * sizeof *intensity->at_ms);
	intensity->at_ms[intensity->next] = now_ms;
	intensity->next = (intensity->next + 1) % size;
	if (intensity->count < size)
		intensity->count++;
	/* After a full ring the next slot holds the oldest. */
	return intensity->count == size && now_ms - intensity->at_ms[intensity->next] <= within_ms;
}

/* Both are counted, whichever is exceeded. */
static bool supervisor_is_exceeded(struct act *act, struct supervisor *supervisor,
				   struct supervised *child)
{
	bool has_own = child->spec.max_restarts || child->spec.within_ms;
	bool is_own_over =
	    has_own && intensity_exceeds(act, &child->intensity, child->spec.max_restarts,
					 child->spec.within_ms);

	return intensity_exceeds(act, &supervisor->intensity, supervisor->spec.max_restarts,
				 supervisor->spec.within_ms) ||
	       is_own_over;
}

static uint64_t supervisor_backoff_ms(struct act *act, const struct supervisor *supervisor,
				      const struct supervised *child)
{
	uint64_t delay_ms = supervisor->spec.backoff_min_ms;
	if (!delay_ms)
		return 0;
	for (uint32_t i = 1; i < child->failures && delay_ms < supervisor->spec.backoff_max_ms; i++)
		delay_ms *= 2;
	if (delay_ms > supervisor->spec.backoff_max_ms)
		delay_ms = supervisor->spec.backoff_max_ms;
	/* Half fixed, half random: many that failed together do not come back together. */
	return delay_ms / 2 + act_random(act) % (delay_ms / 2 + 1);
}

/* ---- starting ---------------------------------------------------------------------------------------- */

/* Children end in reverse order of the spec, so one that came back takes its old place. */
static void supervisor_keep_order(struct act *act, struct supervised *child, struct act *made)
{
	struct supervisor *supervisor = act->state;

	for (uint32_t i = child->index + 1; i < supervisor->children.len; i++) {
		const struct act_ref ref = supervisor->children.at[i]->ref;
		struct act *younger = slots_get(&act->host->actors, ref.slot, ref.gen);
		/* One that is dead may have its slot yet, but no place among its siblings. */
		if (younger && !(younger->flags & ACTOR_DEAD)) {
			list_remove(&made->sibling);
			list_push(&younger->sibling, &made->sibling);
			return;
		}
	}
}

static enum status supervisor_start(struct act *act, struct supervised *child)
{
	const struct life_spawn spawn = { .class = child->spec.class,
					  .args = child->spec.args,
					  .name = child->spec.is_unnamed ? NULL : child->spec.id,
					  .supervised = child };
	struct act *made;

	child->started_ms = supervisor_now_ms(act);
	/* A child that fails in its init is announced like any other that ends. */
	child->state = CHILD_UP;
	TRY(life_spawn(act->host, act, &spawn, &made));
	child->ref = actor_ref(made);
	supervisor_keep_order(act, child, made);
	return OK;
}

static enum status supervisor_restart(struct act *act, struct supervised *child)
{
	/* Without a slot nothing is made, so nothing would be announced. */
	if (act->host->actors.used >= act->host->actors.limit)
		act_fail(act, "child %.40s: no room for actors", child->spec.id);
	child->restarts++;
	act->host->stats.restarts++;
	return supervisor_start(act, child);
}

static struct supervised *supervisor_append(struct act *act, struct supervisor *supervisor,
					    const struct act_child *spec)
{
	struct supervised *child = mem_new(struct supervised);

	(void)act;
	child->spec = *spec;
	if (!child->spec.shutdown_ms)
		child->spec.shutdown_ms = LIMIT_SHUTDOWN_MS;
	child->index = supervisor->children.len;
	vec_push(&supervisor->children, child);
	return child;
}

static void supervisor_forget(struct supervisor *supervisor, struct supervised *child)
{
	for (uint32_t i = child->index + 1; i < supervisor->children.len; i++)
		supervisor->children.at[i]->index--;
	/* The group begins at the same child as before. */
	if (supervisor->group_from != NO_GROUP && child->index < supervisor->group_from)
		supervisor->group_from--;
	vec_remove(&supervisor->children, child->index);
	mem_free(child);
}

/* Children end before this runs: it is among the supervisor's owned resources. */
static void supervisor_release(void *arg)
{
	struct supervisor *supervisor = arg;
	for (uint32_t i = 0; i < supervisor->children.len; i++)
		mem_free(supervisor->children.at[i]);
	vec_fini(&supervisor->children);
}

static enum status supervisor_init(struct act *act, void *state, const void *args)
{
	struct supervisor *supervisor = state;
	enum status status = OK;

	supervisor->spec = *(const struct act_supervisor *)args;
	supervisor->group_from = NO_GROUP;
	if (!supervisor->spec.max_restarts && !supervisor->spec.within_ms) {
		supervisor->spec.max_restarts = DEFAULT_RESTARTS;
		supervisor->spec.within_ms = DEFAULT_WITHIN_MS;
	}
	act_own(act, supervisor_release, supervisor);
	for (uint32_t i = 0; i < supervisor->spec.child_count && status == OK; i++) {
		const struct act_child *spec = &supervisor->spec.children[i];
		status = supervisor_start(act, supervisor_append(act, supervisor, spec));
		if (status != OK) {
			char words[WORDS_BYTES];
			snprintf(words, sizeof words, "%s", act->host->words);
			snprintf(act->host->words, sizeof words, "%.20s: %.57s", spec->id, words);
		}
	}
	return status;
}

/* ---- restarting ---------------------------------------------------------------------------------------- */

/* Starts the group's children, oldest first; a failing init stops here and comes back as life_ended. */
static void supervisor_start_group(struct act *act, struct supervisor *supervisor)
{
	uint32_t from = supervisor->group_from;

	supervisor->group_from = NO_GROUP;
	for (uint32_t i = from; i < supervisor->children.len; i++) {
		struct supervised *child = supervisor->children.at[i];
		if (child->state != CHILD_DOWN)
			continue;
		if (supervisor_restart(act, child) != OK) {
			/* Those behind it come with the next try. */
			supervisor->group_from = i;
			return;
		}
	}
}

/* Stops the group's youngest child; when none is left starts them again after the back-off. */
static void supervisor_advance_group(struct act *act, struct supervisor *supervisor)
{
	if (supervisor->group_from == NO_GROUP || supervisor->is_group_waiting)
		return;
	for (uint32_t i = supervisor->children.len; i-- > supervisor->group_from;) {
		struct supervised *child = supervisor->children.at[i];
		if (child->state == CHILD_STOPPING)
			return;
		if (child->state != CHILD_UP)
			continue;
		struct act *actor = actor_host_find(act->host, child->ref);
		if (!actor)
			return; /* it is ending by itself; life_ended will come */
		struct act_exit exit = { .who = actor_ref(act), .why = ACT_SHUTDOWN };
		child->state = CHILD_STOPPING;
		life_control_send(actor, CONTROL_STOP, &exit);
		timer_kill_after(actor, child->spec.shutdown_ms);
		return;
	}
	if (!supervisor->group_delay_ms) {
		supervisor_start_group(act, supervisor);
		return;
	}
	const struct supervisor_due due = { NULL };
	supervisor->is_group_waiting = true;
	act_after(act, supervisor->group_delay_ms, &supervisor_due_type, &due);
}

static void supervisor_failed(struct act *act, struct supervisor *supervisor,
			      struct supervised *child, const struct life_ended *ended)
{
	int64_t lived_ms = supervisor_now_ms(act) - child->started_ms;

	child->failures = lived_ms > supervisor->spec.backoff_max_ms ? 1 : child->failures + 1;
	snprintf(child->last_reason, sizeof child->last_reason, "%s%s%.60s",
		 act_reason_name(ended->why), ended->what[0] ? ": " : "", ended->what);
	if (supervisor_is_exceeded(act, supervisor, child))
		act_fail(act, "gave up on %.20s after %u restarts: %.30s", child->spec.id,
			 child->restarts, child->last_reason);
	uint64_t delay_ms = supervisor_backoff_ms(act, supervisor, child);
	log_warn(act_name(act), "child ended", LOG_CSTR("child", child->spec.id),
		 LOG_CSTR("why", child->last_reason), LOG_U64("again_in_ms", delay_ms));
	if (supervisor->spec.strategy == ACT_ONE_FOR_ONE) {
		if (!delay_ms) {
			(void)supervisor_restart(act, child);
			return;
		}
		const struct supervisor_due due = { child };
		child->state = CHILD_WAITING;
		act_after(act, delay_ms, &supervisor_due_type, &due);
		return;
	}
	uint32_t from = supervisor->spec.strategy == ACT_ONE_FOR_ALL ? 0 : child->index;
	if (from < supervisor->group_from)
		supervisor->group_from = from;
	supervisor->group_delay_ms = delay_ms;
	supervisor_advance_group(act, supervisor);
}

static void supervisor_ended(struct act *act, struct supervisor *supervisor,
			     const struct life_ended *ended)
{
	struct supervised *child = ended->supervised;
	bool was_stopping = child->state == CHILD_STOPPING;
	bool is_orderly = ended->why == ACT_NORMAL || ended->why == ACT_SHUTDOWN;

	child->state = CHILD_DOWN;
	child->ref = ACT_NIL;
	if (was_stopping) {
		if (child->spec.restart == ACT_TEMPORARY)
			supervisor_forget(supervisor, child);
		supervisor_advance_group(act, supervisor);
	} else if (child->spec.restart == ACT_TEMPORARY) {
		supervisor_forget(supervisor, child);
		supervisor_advance_group(act, supervisor);
	} else if (child->spec.restart == ACT_TRANSIENT && is_orderly) {
		supervisor_advance_group(act, supervisor);
	} else {
		supervisor_failed(act, supervisor, child, ended);
	}
}

static void supervisor_is_due(struct act *act, struct supervisor *supervisor,
			      const struct supervisor_due *due)
{
	if (!due->child) {
		supervisor->is_group_waiting = false;
		supervisor->group_delay_ms = 0;
		supervisor_advance_group(act, supervisor);
	} else if (due->child->state == CHILD_WAITING) {
		(void)supervisor_restart(act, due->child);
	}
}

static enum act_verdict supervisor_receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, life_ended))
		supervisor_ended(act, state, msg->body);
	else if (ACT_IS(msg, supervisor_due))
		supervisor_is_due(act, state, msg->body);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class act_supervisor_class = {
	.name = "supervisor",
	.state_size = sizeof(struct supervisor),
	.init = supervisor_init,
	.receive = supervisor_receive,
};

/* ---- the face ------------------------------------------------------------------------------------------- */

enum status act_supervise(struct act *act, const struct act_supervisor *spec, const char *name,
			  struct act_ref *out)
{
	return act_spawn(act, &act_supervisor_class, spec, name, out);
}

enum status act_supervisor_add(struct act *act, struct act_ref who, const struct act_child *spec)
{
	struct act *actor =
	    actor_host_is_here(act->host, who) ? actor_host_find(act->host, who) : NULL;

	if (!actor || actor->class != &act_supervisor_class)
		return NOT_FOUND;
	struct supervisor *supervisor = actor->state;
	for (uint32_t i = 0; i < supervisor->children.len; i++)
		if (strcmp(supervisor->children.at[i]->spec.id, spec->id) == 0)
			return EXISTS;
	struct supervised *child = supervisor_append(actor, supervisor, spec);
	if (act->host->actors.used >= act->host->actors.limit) {
		supervisor_forget(supervisor, child);
		return BUSY;
	}
	enum status status = supervisor_start(actor, child);
	/* One that never came up is forgotten when its end is announced. */
	if (status != OK)
		child->spec.restart = ACT_TEMPORARY;
	return status;
}

void supervisor_view(const struct supervised *supervised, struct supervised_view *out)
{
	*out = (struct supervised_view){ .id = supervised->spec.id,
					 .restarts = supervised->restarts,
					 .last_reason = supervised->last_reason,
					 .shutdown_ms = supervised->spec.shutdown_ms,
					 .run_times = &supervised->run_times };
}

void supervisor_ran(struct supervised *supervised, uint64_t cycles)
{
	run_times_add(&supervised->run_times, cycles);
}

bool supervisor_next_absent(const struct act *actor, uint32_t *at, struct supervised_absent *out)
{
	const struct supervisor *supervisor = actor->state;

	while (*at < supervisor->children.len) {
		const struct supervised *child = supervisor->children.at[(*at)++];

		if (child->state != CHILD_WAITING && child->state != CHILD_DOWN)
			continue;
		*out = (struct supervised_absent){
			.id = child->spec.id,
			.class_name = child->spec.class->name,
			.last_reason = child->last_reason,
			.restarts = child->restarts,
			.is_waiting =
			    child->state == CHILD_WAITING || child->index >= supervisor->group_from,
		};
		return true;
	}
	return false;
}
