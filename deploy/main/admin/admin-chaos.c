/*
 * ChaosPlans (chaos-plan.h), acted upon by the admin of the node that leads the datastore.
 *
 * One fault at a time: what it cost is measured before the next. That it will be done is written before it is done, so whoever leads
 * afterwards knows of it, and measures by the clock how long nobody led when it hit the leader. Whether nodes let it, and whether the
 * cluster can bear it, is asked each time; what cannot be done is said in the plan's conditions. Nothing runs while there is no plan.
 */
#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/informer.h"
#include "actors/client/request.h"
#include "actors/server/live/live.h"
#include "datastore/object/record.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/chaos-measure.h"
#include "deploy/main/admin/chaos-plan.h"
#include "deploy/main/admin/overview.h"
#include "runtime/base/log.h"

#define TICK_MS 250U
#define SAMPLE_MS 10U
#define SETTLE_MS 1000U /* beyond the fault's own time: an outage that begins late is seen, too */
#define MEASURE_MS 60000U
#define USER STR("system:serviceaccount:kube-system:chaos-controller")

struct admin_chaos {
	struct informer *informer;
	struct chaos_turns turns; /* times are drawn anew by each leader */
	uint64_t busy;            /* hash of the uid of the plan that a task acts upon; 0: none */
	bool is_ticking, is_gone; /* that plan was deleted meanwhile */
};

struct admin_chaos_tick {
	char nothing;
};
static const ACT_TYPE(admin_chaos_tick, .id = 0);

/* One plan while a task acts upon it. */
struct deed {
	struct act *act;
	struct admin *admin;
	const struct object *object; /* as last stored */
	struct live_seen seen;       /* whoever a fault may hit */
	struct arena *arena;
};

static const struct troupe_chaos_plan *plan_of(const struct object *object)
{
	return object->record;
}

/* ---- when -------------------------------------------------------------------------------------------------------- */

static uint64_t mark_of(const struct object *object)
{
	struct str uid = object_uid(object);

	return hash_bytes(1, uid.at, uid.len) | 1;
}

/* Anywhere between now and twice the mean. */
static void draw(struct act *act, const struct object *object, struct chaos_turn *turn)
{
	int64_t mean_ms = (int64_t)plan_of(object)->spec->every_seconds * 1000;
	uint64_t wait_ms = mean_ms > 0 ? act_random(act) % (uint64_t)(2 * mean_ms) : 0;

	turn->due = (struct mono){ act_now(act).ns + (int64_t)wait_ms * TIME_MS };
}

/* ---- writing the status ------------------------------------------------------------------------------------------ */

static struct troupe_chaos_plan *edit(struct deed *deed)
{
	return record_clone(&troupe_chaos_plan_type, deed->object->record, deed->arena);
}

/* OK: it is stored, and the deed goes on from there. A plan that was changed meanwhile is looked at anew. */
static enum status store(struct deed *deed, const struct troupe_chaos_plan *plan)
{
	struct api_call call = request_call("PUT",
					    request_path(deed->arena, &troupe_chaos_plan_type,
							 STR_NONE, plan->metadata->name, "status"),
					    USER);
	const struct object *stored = NULL;
	struct fault why = { 0 };
	struct admin_asked asked;
	enum status status;

	request_set_record(&call, &troupe_chaos_plan_type, plan);
	call.agent = STR("troupe");
	call.term = deed->admin->status.term;
	asked = admin_ask(deed->act, process_api(deed->act, deed->admin->process), &api_call_type,
			  &call, ADMIN_WRITE_MS);
	status = asked.status;
	if (status == OK)
		status = request_outcome(asked.msg->body, &why);
	if (status == OK) {
		stored = request_object(asked.msg->body, &troupe_chaos_plan_type, &why);
		status = stored != NULL ? OK : CORRUPT;
	}
	admin_asked_end(&asked);
	if (stored != NULL) {
		object_unref(deed->object);
		deed->object = stored;
	} else if (status != CONFLICT && status != NOT_FOUND) {
		log_warn("admin", "a ChaosPlan's status cannot be written", LOG_STATUS(status),
			 LOG_FAULT(&why));
	}
	return status;
}

static void say(struct deed *deed, const char *type, bool holds, const char *reason,
		struct str message)
{
	struct troupe_chaos_plan *plan = edit(deed);

	if (chaos_note_condition(plan, deed->arena, act_wall(deed->act), type, holds, reason,
				 message))
		(void)!store(deed, plan);
}

/* ---- measuring ------------------------------------------------------------------------------------------------------- */

static bool is_gone(const struct deed *deed)
{
	return deed->admin->chaos->is_gone;
}

/* Until the fault must be over and all works. False: we lead no more, and another one says what it cost; or nobody wants to know. */
static bool sample(struct deed *deed, uint32_t fault_ms, struct chaos_measure *measure)
{
	struct mono begin = act_now(deed->act);
	int64_t end_ns = begin.ns + (int64_t)(fault_ms + SETTLE_MS) * TIME_MS;
	int64_t late_ns = begin.ns + (int64_t)(fault_ms + MEASURE_MS) * TIME_MS;
	bool is_well = false;

	while ((act_now(deed->act).ns < end_ns || !is_well) && act_now(deed->act).ns < late_ns) {
		act_sleep(deed->act, SAMPLE_MS);
		if (!deed->admin->status.is_leader || is_gone(deed))
			return false;
		is_well = chaos_measure_once(measure);
	}
	return is_well;
}

static void note_outages(struct deed *deed, const int64_t ms[CHAOS_MEASURED], uint64_t struck)
{
	struct troupe_chaos_plan *plan = edit(deed);

	for (int what = 0; what < CHAOS_MEASURED; what++)
		chaos_note_outage(plan, deed->arena, chaos_measured_name((enum chaos_measured)what),
				  ms[what]);
	chaos_note_struck(plan, deed->arena, struck);
	(void)!store(deed, plan);
}

/* Of a fault that somebody did who leads no more: from then until it works again with us. */
static void measure_late(struct deed *deed)
{
	struct wall since = plan_of(deed->object)->status->last_injection->time;
	struct chaos_measure measure =
	    chaos_measure_of(deed->act, deed->admin->process, deed->object, deed->arena);
	int64_t ms[CHAOS_MEASURED];
	uint32_t missing = CHAOS_MEASURED;
	int64_t now_ms;

	memset(ms, -1, sizeof ms);
	while (deed->admin->status.is_leader && !is_gone(deed) && missing > 0) {
		(void)chaos_measure_once(&measure);
		now_ms = (act_wall(deed->act).ns - since.ns) / TIME_MS;
		missing = 0;
		for (int what = 0; what < CHAOS_MEASURED; what++) {
			if (ms[what] < 0 && measure.gaps[what].successes > 0)
				ms[what] = now_ms > 0 ? now_ms : 0;
			missing += ms[what] < 0;
		}
		if (missing > 0)
			act_sleep(deed->act, SAMPLE_MS);
	}
	if (missing == 0)
		note_outages(deed, ms, 0);
}

/* ---- doing ---------------------------------------------------------------------------------------------------------- */

static struct inspect_faulted ask_fault(struct deed *deed, struct str node,
					struct admin_fault fault, bool is_question)
{
	bool is_self = str_is(node, deed->admin->process->identity.name);
	const char *name =
	    is_self ? "admin" : arena_printf(deed->arena, "admin@" STR_FMT, STR_ARG(node)).at;
	struct inspect_faulted faulted = { .status = OK };
	struct admin_asked asked;

	fault.is_question = is_question;
	asked = admin_ask(deed->act, act_named(deed->act, name), &admin_fault_type, &fault,
			  2 * ADMIN_ASK_MS);
	faulted.status = asked.status;
	if (asked.status == OK)
		faulted = *(const struct inspect_faulted *)asked.msg->body;
	admin_asked_end(&asked);
	return faulted;
}

/* The plan is refused for good: whoever starts the node with --chaos makes a new one. */
static void refuse(struct deed *deed, const char *words)
{
	struct troupe_chaos_plan *plan = edit(deed);
	struct wall now = act_wall(deed->act);

	(void)chaos_note_condition(plan, deed->arena, now, "Enabled", false, "ChaosNotEnabled",
				   str_from(words));
	chaos_note_end(plan, deed->arena, "Refused", now);
	(void)!store(deed, plan);
}

/* What it was to last is not over, but nobody wants it any more. */
static void take_back(struct deed *deed, struct str node, struct admin_fault fault)
{
	if (fault.kind != ADMIN_ORDER)
		return;
	fault.order.for_ms = 0;
	(void)ask_fault(deed, node, fault, false);
}

/* How often a fault of a host's own has struck since `before`; a host that lives anew has begun to count anew. */
static uint64_t struck_since(struct deed *deed, struct str node, struct admin_fault fault,
			     uint64_t before)
{
	uint64_t now = fault.kind == ADMIN_ORDER ? ask_fault(deed, node, fault, true).struck : 0;

	return now >= before ? now - before : now;
}

static void note_cost(struct deed *deed, const struct chaos_measure *measure, uint64_t struck)
{
	int64_t ms[CHAOS_MEASURED];

	for (int what = 0; what < CHAOS_MEASURED; what++)
		ms[what] = measure->gaps[what].worst_ms;
	note_outages(deed, ms, struck);
}

static bool note_injection(struct deed *deed, const struct chaos_target *target)
{
	struct troupe_chaos_plan *plan = edit(deed);
	struct wall now = act_wall(deed->act);

	(void)chaos_note_condition(plan, deed->arena, now, "Enabled", true, "ChaosEnabled",
				   STR("the nodes let it"));
	(void)chaos_note_condition(plan, deed->arena, now, "Safe", true, "ToleranceLeft",
				   STR("the cluster could bear the last fault"));
	chaos_note_injection(plan, deed->arena, target->name, now);
	return store(deed, plan) == OK;
}

/* False: it had to be left, and nothing was done. */
static bool inject(struct deed *deed, const struct chaos_target *target)
{
	struct admin_fault fault = chaos_fault(plan_of(deed->object), target);
	struct inspect_faulted before = ask_fault(deed, target->node, fault, true), done;
	struct chaos_measure measure =
	    chaos_measure_of(deed->act, deed->admin->process, deed->object, deed->arena);

	if (before.status == FORBIDDEN) {
		refuse(deed, before.words);
		return false;
	}
	if (before.status != OK || !note_injection(deed, target))
		return false;
	log_warn("admin", "chaos, as a plan says", LOG_STR("plan", object_name(deed->object)),
		 LOG_STR("fault", plan_of(deed->object)->spec->fault),
		 LOG_STR("target", target->name));
	done = ask_fault(deed, target->node, fault, false);
	if (done.status != OK)
		log_warn("admin", "the fault was not done", LOG_STATUS(done.status),
			 LOG_CSTR("why", done.words));
	if (sample(deed, chaos_lasts_ms(plan_of(deed->object)), &measure))
		note_cost(deed, &measure, struck_since(deed, target->node, fault, before.struck));
	else if (is_gone(deed))
		take_back(deed, target->node, fault);
	return true;
}

/* Gives how many the plan means; *out is one of those that can be spared, or NULL. */
static uint32_t choose(struct deed *deed, const struct overview *overview,
		       const struct chaos_targets *targets, const struct chaos_target **out)
{
	const struct troupe_chaos_plan *plan = plan_of(deed->object);
	bool is_careful = !plan->spec->has.never_below_quorum || plan->spec->never_below_quorum;
	uint32_t meant = 0, spared = 0;

	*out = NULL;
	for (uint32_t i = 0; i < targets->len; i++) {
		if (!chaos_means(plan, &targets->at[i], deed->arena))
			continue;
		meant++;
		if (is_careful && !chaos_can_bear(overview, &targets->at[i]))
			continue;
		/* Each of those seen so far is as likely. */
		spared++;
		if (act_random(deed->act) % spared == 0)
			*out = &targets->at[i];
	}
	return meant;
}

static void spare(struct deed *deed)
{
	struct troupe_chaos_plan *plan = edit(deed);

	SET(plan->status, spared, plan->status->spared + 1);
	(void)chaos_note_condition(
	    plan, deed->arena, act_wall(deed->act), "Safe", false, "BelowQuorum",
	    STR("no voter may be lost just now, and the plan says neverBelowQuorum"));
	(void)!store(deed, plan);
}

/*
 * What the overview says of who is alive may be old, or a new leader's guess: of those that keep data the others are asked. Whoever is chosen
 * and cannot be spared after all is spared.
 */
static bool is_borne(struct deed *deed, const struct overview *overview,
		     const struct chaos_target *target)
{
	const struct troupe_chaos_plan_spec *spec = plan_of(deed->object)->spec;

	return (spec->has.never_below_quorum && !spec->never_below_quorum) ||
	       !chaos_needs_others(overview, target) ||
	       overview_is_majority_without(deed->act, deed->admin, &overview->store, target->node,
					    deed->arena);
}

static void strike(struct deed *deed, struct chaos_turn *turn)
{
	struct overview overview;
	struct chaos_targets targets;
	const struct chaos_target *target;
	uint32_t meant;

	overview_gather(deed->act, deed->admin, deed->arena, true, &overview);
	overview_actor_objects(&overview, &deed->seen);
	targets =
	    chaos_targets_of(&deed->seen, plan_of(deed->object)->spec->target->level, deed->arena);
	meant = choose(deed, &overview, &targets, &target);
	chaos_turn_missed(turn, act_now(deed->act));
	if (target != NULL && is_borne(deed, &overview, target)) {
		if (inject(deed, target)) {
			chaos_turn_had(&deed->admin->chaos->turns, turn);
			draw(deed->act, deed->object, turn);
		}
	} else if (meant > 0) {
		spare(deed);
	} else {
		say(deed, "Safe", false, "NoTarget", STR("there is nobody whom the plan means"));
	}
}

static void begin(struct deed *deed, struct chaos_turn *turn)
{
	struct troupe_chaos_plan *plan = edit(deed);

	chaos_note_begin(plan, deed->arena, act_wall(deed->act));
	draw(deed->act, deed->object, turn);
	(void)!store(deed, plan);
}

static void complete(struct deed *deed, struct chaos_turn *turn)
{
	struct chaos_measure measure =
	    chaos_measure_of(deed->act, deed->admin->process, deed->object, deed->arena);
	struct troupe_chaos_plan *plan = edit(deed);
	struct wall now = act_wall(deed->act);

	(void)chaos_note_condition(plan, deed->arena, now, "Complete", true, "Done",
				   STR("everything was done that the plan says"));
	chaos_note_end(plan, deed->arena, "Completed", now);
	if (store(deed, plan) == OK)
		chaos_turn_forget(&deed->admin->chaos->turns, turn->plan);
	chaos_measure_clean(&measure);
}

/* ---- all plans ------------------------------------------------------------------------------------------------------- */

struct pick {
	struct act *act;
	struct admin_chaos *chaos;
	const struct object *object;
	enum chaos_want want;
	const struct chaos_turn *turn;
	struct wall last_until; /* of any plan, also of one whose leader has changed meanwhile */
	bool has_more;          /* some plan is not over */
};

static bool look_until(void *arg, const struct object *object)
{
	struct pick *pick = arg;
	struct wall until = chaos_last_until(plan_of(object));

	if (until.ns > pick->last_until.ns)
		pick->last_until = until;
	return true;
}

/* While a fault may go on there is no other: each alone is what the cluster can bear. */
static bool is_to_wait(const struct pick *pick, enum chaos_want want)
{
	return (want == CHAOS_INJECT || want == CHAOS_COMPLETE) &&
	       act_wall(pick->act).ns < pick->last_until.ns;
}

static bool pick_one(void *arg, const struct object *object)
{
	struct pick *pick = arg;
	enum chaos_want want;
	struct chaos_turn *turn;

	if (chaos_is_over(plan_of(object)))
		return true;
	pick->has_more = true;
	turn = chaos_turn_of(&pick->chaos->turns, mark_of(object), chaos_had(plan_of(object)));
	if (turn == NULL)
		return true;
	/* Begun by one who leads no more: it is not due because we have not drawn yet. */
	if (turn->due.ns == 0 && plan_of(object)->spec != NULL)
		draw(pick->act, object, turn);
	want =
	    chaos_want(plan_of(object), act_wall(pick->act), act_now(pick->act).ns >= turn->due.ns);
	if (want == CHAOS_NOTHING || is_to_wait(pick, want) ||
	    (pick->object != NULL && !chaos_turn_is_before(turn, want, pick->turn, pick->want)))
		return true;
	pick->object = object;
	pick->want = want;
	pick->turn = turn;
	return true;
}

static void act_upon(struct deed *deed, struct chaos_turn *turn, enum chaos_want want)
{
	switch (want) {
	case CHAOS_NOTHING: break;
	case CHAOS_MEASURE: measure_late(deed); break;
	case CHAOS_BEGIN: begin(deed, turn); break;
	case CHAOS_INJECT: strike(deed, turn); break;
	case CHAOS_COMPLETE: complete(deed, turn); break;
	}
}

struct chaos_errand {
	const struct object *object; /* a reference */
	enum chaos_want want;
};

static void end_deed(void *arg)
{
	struct deed *deed = arg;

	live_seen_type.drop(&deed->seen);
	object_unref(deed->object);
}

static void chaos_task(struct act *act, void *state, void *arg)
{
	struct chaos_errand errand = *(struct chaos_errand *)arg;
	struct admin *admin = state;
	struct admin_room room = admin_room(act);
	struct deed *deed = arena_new_of(room.arena, struct deed);
	struct chaos_turn *turn = chaos_turn_of(&admin->chaos->turns, mark_of(errand.object),
						chaos_had(plan_of(errand.object)));
	uint64_t owned = act_own(act, end_deed, deed);

	*deed = (struct deed){
		.act = act, .admin = admin, .object = errand.object, .arena = room.arena
	};
	if (turn != NULL)
		act_upon(deed, turn, errand.want);
	/* What was stored last comes back by the watch: until then the plan looks as before. */
	act_sleep(act, SAMPLE_MS);
	act_disown(act, owned);
	end_deed(deed);
	admin_room_end(act, &room);
	admin->chaos->busy = 0;
}

static void send_on_errand(struct act *act, struct admin *admin, const struct pick *pick)
{
	struct chaos_errand errand = { object_ref(pick->object), pick->want };

	admin->chaos->busy = mark_of(pick->object);
	admin->chaos->is_gone = false;
	if (act_task(act, chaos_task, &errand) == OK)
		return;
	admin->chaos->busy = 0;
	object_unref(errand.object);
}

void admin_chaos_wake(struct act *act, struct admin *admin)
{
	struct admin_chaos *chaos = admin->chaos;

	if (chaos == NULL || chaos->is_ticking || !admin->status.is_leader ||
	    informer_len(chaos->informer) == 0)
		return;
	chaos->is_ticking = true;
	act_after(act, TICK_MS, &admin_chaos_tick_type, &(struct admin_chaos_tick){ 0 });
}

static void tick(struct act *act, struct admin *admin)
{
	struct pick pick = { .act = act, .chaos = admin->chaos, .last_until = { INT64_MIN } };

	admin->chaos->is_ticking = false;
	if (!admin->status.is_leader)
		return;
	informer_each(admin->chaos->informer, STR_NONE, look_until, &pick);
	informer_each(admin->chaos->informer, STR_NONE, pick_one, &pick);
	if (pick.object != NULL && admin->chaos->busy == 0)
		send_on_errand(act, admin, &pick);
	if (pick.has_more)
		admin_chaos_wake(act, admin);
}

/* A plan that is gone leaves its place to others. */
static void changed(void *arg, enum informer_change change, const struct object *object,
		    const struct object *old)
{
	struct admin_chaos *chaos = arg;

	(void)old;
	if (change == INFORMER_DELETED)
		chaos_turn_forget(&chaos->turns, mark_of(object));
	if (change == INFORMER_DELETED && chaos->busy == mark_of(object))
		chaos->is_gone = true;
}

bool admin_chaos_receive(struct act *act, struct admin *admin, const struct act_msg *msg)
{
	if (ACT_IS(msg, admin_chaos_tick)) {
		tick(act, admin);
		return true;
	}
	if (!informer_receive(admin->chaos->informer, act, msg))
		return false;
	admin_chaos_wake(act, admin);
	return true;
}

void admin_chaos_init(struct act *act, struct admin *admin)
{
	struct admin_chaos *chaos = arena_new_of(act_arena(act), struct admin_chaos);
	struct informer_config config = {
		.type = &troupe_chaos_plan_type,
		.user = USER,
		.api = process_api_name(admin->process),
		.arg = chaos,
	};

	*chaos = (struct admin_chaos){ 0 };
	config.on_event = changed;
	chaos->informer = informer_start(act, &config);
	act_own(act, informer_release, chaos->informer);
	admin->chaos = chaos;
}
