/*
 * HorizontalPodAutoscalers: replicas by metrics, every 15 s (upstream: pkg/controller/podautoscaler).
 *
 * One turn reads the target's scale, then all metrics, then writes scale and status; a turn that comes before its time, as the object's
 * own status makes it come, only waits, or metrics that always differ would be asked without end.
 */
#include "actors/controller/controller.h"
#include "actors/controller/scaling/proposal.h"
#include "actors/controller/scaling/restraint.h"
#include "actors/controller/scaling/target.h"
#include "actors/controller/workload/condition.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apiregistration.h"
#include "datastore/schema/core.h"

#define PERIOD_MS 15000

typedef const struct autoscaling_v2_horizontal_pod_autoscaler hpa_record;

struct turn {
	const struct world *world;
	struct plan *plan;
	hpa_record *hpa;
	struct autoscaling_v2_horizontal_pod_autoscaler_status *status; /* to be written */
	struct restraint restraint;
	struct target target;
	int32_t current, least;
};

static void set_condition(struct turn *turn, const char *type, bool is_true, const char *reason,
			  struct str message)
{
	condition_set(plan_arena(turn->plan), &turn->status->conditions, world_now(turn->world),
		      autoscaling_v2_horizontal_pod_autoscaler_condition, .type = type,
		      .status = is_true ? "True" : "False", .reason = reason, .message = message);
}

static void tell(struct turn *turn, const char *reason, struct str message)
{
	plan_event(turn->plan, &autoscaling_v2_horizontal_pod_autoscaler_type, turn->hpa->metadata,
		   true, reason, STR_FMT, STR_ARG(message));
}

#define PRINT(turn, ...) arena_printf(plan_arena((turn)->plan), __VA_ARGS__)

static void set_status(struct turn *turn, int32_t desired)
{
	SET(turn->status, current_replicas, turn->current);
	SET(turn->status, desired_replicas, desired);
	SET(turn->status, observed_generation, turn->hpa->metadata->generation);
}

/* ---- what is wanted ------------------------------------------------------------------------------------------- */

/* Another that scales the same would undo what this one does; upstream tells them by the pods that both select. */
static hpa_record *rival_of(struct turn *turn)
{
	const struct autoscaling_v2_cross_version_object_reference *own =
	    turn->hpa->spec->scale_target_ref;
	struct records all = world_list(turn->world, turn->hpa->metadata->namespace,
					autoscaling_v2_horizontal_pod_autoscaler);

	for (uint32_t i = 0; i < all.len; i++) {
		hpa_record *other = record_at(all, i, autoscaling_v2_horizontal_pod_autoscaler);
		const struct autoscaling_v2_cross_version_object_reference *to =
		    other->spec->scale_target_ref;

		if (other != turn->hpa && str_eq(to->kind, own->kind) &&
		    str_eq(to->name, own->name) &&
		    str_eq(reading_group(to->api_version), reading_group(own->api_version)))
			return other;
	}
	return NULL;
}

/* False: it was told why not, and *why says it. */
static bool choose_pods(struct turn *turn, struct proposal_target *target, struct str *why)
{
	const struct autoscaling_scale_status *status = turn->target.scale->status;
	struct str text = status != NULL ? status->selector : STR_NONE;
	hpa_record *rival;

	if (text.len == 0) {
		*why = STR("selector is required");
		tell(turn, "SelectorRequired", *why);
		set_condition(turn, "ScalingActive", false, "InvalidSelector",
			      STR("the HPA target's scale is missing a selector"));
		return false;
	}
	if (!target_select(text, plan_arena(turn->plan), &target->selector, why)) {
		tell(turn, "InvalidSelector", *why);
		set_condition(turn, "ScalingActive", false, "InvalidSelector", *why);
		return false;
	}
	target->place.pods = text;
	rival = rival_of(turn);
	if (rival == NULL)
		return true;
	*why = PRINT(turn,
		     "pods by selector " STR_FMT
		     " are controlled by more than one HPA (e.g. [{" STR_FMT " " STR_FMT
		     "} {" STR_FMT " " STR_FMT "}])",
		     STR_ARG(text), STR_ARG(turn->hpa->metadata->name),
		     STR_ARG(turn->hpa->metadata->namespace), STR_ARG(rival->metadata->name),
		     STR_ARG(rival->metadata->namespace));
	tell(turn, "AmbiguousSelector", *why);
	set_condition(turn, "ScalingActive", false, "AmbiguousSelector", *why);
	return false;
}

struct wanted {
	int32_t replicas;
	struct str metric;
	struct str why; /* of the first metric that failed; absent: none */
	uint32_t failed;
};

/* All are asked at once; the most that one of them wants is what is wanted. */
static enum reading_outcome ask_metrics(struct turn *turn, const struct proposal_target *target,
					struct wanted *out)
{
	struct autoscaling_v2_metric_spec_list specs = turn->hpa->spec->metrics;
	struct autoscaling_v2_metric_status *statuses =
	    arena_array(plan_arena(turn->plan), struct autoscaling_v2_metric_status, specs.len);
	const char *reason = NULL;
	struct str failure = STR_NONE, message = STR_NONE;
	bool waits = false;

	for (uint32_t i = 0; i < specs.len; i++) {
		struct proposal proposal;
		enum reading_outcome outcome =
		    proposal_make(target, &specs.at[i], &statuses[i], &proposal);

		waits |= outcome == READING_WAITS;
		if (outcome == READING_FAILED) {
			tell(turn, proposal.reason, proposal.why);
			if (out->failed++ == 0) {
				reason = proposal.reason;
				message = proposal.why;
				failure = proposal.why_all;
			}
		} else if (out->replicas == 0 || proposal.replicas > out->replicas) {
			out->replicas = proposal.replicas;
			out->metric = proposal.metric;
		}
	}
	if (waits)
		return READING_WAITS;
	turn->status->current_metrics.at = statuses;
	turn->status->current_metrics.len = specs.len;
	if (out->failed > 0)
		out->why =
		    PRINT(turn, "invalid metrics (%u invalid out of %u), first error is: " STR_FMT,
			  out->failed, specs.len, STR_ARG(failure));
	if (out->failed == specs.len || (out->failed > 0 && out->replicas < turn->current)) {
		set_condition(turn, "ScalingActive", false, reason,
			      PRINT(turn,
				    "the HPA was unable to compute the replica count: " STR_FMT,
				    STR_ARG(message)));
		return READING_FAILED;
	}
	set_condition(
	    turn, "ScalingActive", true, "ValidMetricFound",
	    PRINT(turn, "the HPA was able to successfully calculate a replica count from " STR_FMT,
		  STR_ARG(out->metric)));
	return READING_DONE;
}

static enum reading_outcome want(struct turn *turn, struct wanted *out)
{
	const struct autoscaling_scale_status *status = turn->target.scale->status;
	const struct autoscaling_v2_horizontal_pod_autoscaler_behavior *behavior =
	    turn->hpa->spec->behavior;
	struct proposal_target target = {
		.place = { turn->world, turn->plan, turn->hpa->metadata->namespace, STR_NONE },
		.spec_replicas = turn->current,
		.status_replicas = status != NULL ? status->replicas : 0,
		.up = proposal_tolerance(behavior != NULL ? behavior->scale_up : NULL),
		.down = proposal_tolerance(behavior != NULL ? behavior->scale_down : NULL),
	};

	*out = (struct wanted){ 0 };
	return choose_pods(turn, &target, &out->why) ? ask_metrics(turn, &target, out)
						     : READING_FAILED;
}

/* ---- what is done --------------------------------------------------------------------------------------------- */

static bool may_be_zero(hpa_record *hpa)
{
	for (uint32_t i = 0; i < hpa->spec->metrics.len; i++)
		if (str_is_among(hpa->spec->metrics.at[i].type, "Object|External", '|'))
			return true;
	return false;
}

static bool was_zeroed(hpa_record *hpa)
{
	const struct autoscaling_v2_horizontal_pod_autoscaler_condition *zero =
	    hpa->status == NULL
		? NULL
		: condition_find(&hpa->status->conditions, "ScaledToZero",
				 autoscaling_v2_horizontal_pod_autoscaler_condition);

	return zero != NULL && str_is(zero->status, "True");
}

static void rescale(struct turn *turn, int32_t desired, struct str why)
{
	const struct world_failure *failure = world_failure(turn->world);
	bool is_zero =
	    turn->current > 0 && desired == 0 && turn->least == 0 && may_be_zero(turn->hpa);

	/* The last turn was refused: it is told now, and tried again when it is time. */
	if (failure != NULL && failure->type == NULL) {
		tell(turn, "FailedRescale",
		     PRINT(turn, "New size: %d; reason: " STR_FMT "; error: " STR_FMT, desired,
			   STR_ARG(why), STR_ARG(failure->message)));
		set_condition(
		    turn, "AbleToScale", false, "FailedUpdateScale",
		    PRINT(turn, "the HPA controller was unable to update the target scale: " STR_FMT,
			  STR_ARG(failure->message)));
		set_status(turn, turn->status->desired_replicas);
		return;
	}
	target_write(turn->plan, &turn->target, desired);
	set_condition(
	    turn, "AbleToScale", true, "SucceededRescale",
	    PRINT(turn, "the HPA controller was able to update the target scale to %d", desired));
	set_condition(turn, "ScaledToZero", is_zero, is_zero ? "ScaledToZero" : "NotScaledToZero",
		      is_zero ? STR("the HPA controller scaled the workload to zero")
			      : STR("the HPA controller did not scale the workload to zero"));
	plan_event(turn->plan, &autoscaling_v2_horizontal_pod_autoscaler_type, turn->hpa->metadata,
		   false, "SuccessfulRescale", "New size: %d; reason: " STR_FMT, desired,
		   STR_ARG(why));
	if (turn->hpa->spec->behavior != NULL)
		restraint_add(
		    &turn->restraint, desired > turn->current ? RESTRAINT_ADDED : RESTRAINT_REMOVED,
		    desired > turn->current ? desired - turn->current : turn->current - desired);
	set_status(turn, desired);
	SET(turn->status, last_scale_time, world_now(turn->world));
}

static void scale_by_metrics(struct turn *turn, bool is_waking)
{
	struct autoscaling_v2_metric_status_list none = { 0 };
	struct restraint_verdict verdict;
	struct wanted wanted;
	struct str why = STR("");

	turn->status->current_metrics = none;
	switch (want(turn, &wanted)) {
	case READING_WAITS: return;
	case READING_FAILED:
		set_status(turn, turn->status->desired_replicas);
		tell(turn, "FailedComputeMetricsReplicas", wanted.why);
		return;
	case READING_DONE: break;
	}
	if (wanted.replicas > turn->current)
		why = PRINT(turn, STR_FMT " above target", STR_ARG(wanted.metric));
	else if (wanted.replicas < turn->current)
		why = STR("All metrics below target");
	restraint_judge(&turn->restraint, turn->hpa->spec->behavior, turn->current, wanted.replicas,
			turn->least, turn->hpa->spec->max_replicas, &verdict);
	set_condition(turn, "AbleToScale", true, verdict.able_reason, str_from(verdict.able_words));
	set_condition(turn, "ScalingLimited", verdict.is_limited, verdict.limit_reason,
		      str_from(verdict.limit_words));
	if (is_waking && verdict.replicas < turn->least) {
		verdict.replicas = turn->least;
		if (why.len == 0)
			why = STR("Current number of replicas below Spec.MinReplicas");
	}
	if (verdict.replicas != turn->current)
		rescale(turn, verdict.replicas, why);
	else
		set_status(turn, turn->current);
}

static void scale(struct turn *turn)
{
	const struct autoscaling_v2_horizontal_pod_autoscaler_spec *spec = turn->hpa->spec;
	bool was_zero = was_zeroed(turn->hpa);
	struct autoscaling_v2_metric_status_list none = { 0 };

	if (turn->restraint.len == 0)
		restraint_add(&turn->restraint, RESTRAINT_PROPOSED, turn->current);
	if (turn->current == 0 && !(was_zero && (turn->least != 0 || may_be_zero(turn->hpa)))) {
		set_condition(turn, "ScalingActive", false, "ScalingDisabled",
			      STR("scaling is disabled since the replica count of the target is "
				  "zero"));
		turn->status->current_metrics = none;
		set_status(turn, 0);
	} else if (turn->current > spec->max_replicas) {
		turn->status->current_metrics = none;
		rescale(turn, spec->max_replicas,
			STR("Current number of replicas above Spec.MaxReplicas"));
	} else if (turn->current != 0 && turn->current < turn->least) {
		turn->status->current_metrics = none;
		rescale(turn, turn->least, STR("Current number of replicas below Spec.MinReplicas"));
	} else {
		scale_by_metrics(turn, turn->current == 0 && turn->least != 0);
	}
}

static void begin(struct turn *turn)
{
	struct str why;

	switch (target_read(turn->world, turn->plan, turn->hpa->metadata->namespace,
			    turn->hpa->spec->scale_target_ref, &turn->target)) {
	case READING_WAITS: return;
	case READING_FAILED:
		why = turn->target.why;
		tell(turn, "FailedGetScale", why);
		set_condition(turn, "AbleToScale", false, "FailedGetScale",
			      PRINT(turn,
				    "the HPA controller was unable to get the target's current "
				    "scale: " STR_FMT,
				    STR_ARG(why)));
		return;
	case READING_DONE: break;
	}
	if (turn->target.scale->spec != NULL)
		turn->current = turn->target.scale->spec->replicas;
	set_condition(turn, "AbleToScale", true, "SucceededGetScale",
		      STR("the HPA controller was able to get the target's current scale"));
	scale(turn);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct turn turn = { .world = world, .plan = plan };
	int64_t wait_ms;

	turn.hpa = world_get(world, key, autoscaling_v2_horizontal_pod_autoscaler);
	if (turn.hpa == NULL) {
		plan_remember(plan, STR_NONE);
		return OK;
	}
	turn.restraint = restraint_open(plan_arena(plan), world_memory(world), world_now(world));
	wait_ms = turn.restraint.last_ms + PERIOD_MS - turn.restraint.now_ms;
	if (wait_ms > 0 && turn.restraint.generation == turn.hpa->metadata->generation) {
		plan_again(plan, wait_ms);
		return OK;
	}
	turn.restraint.generation = turn.hpa->metadata->generation;
	turn.least = turn.hpa->spec->has.min_replicas ? turn.hpa->spec->min_replicas : 1;
	turn.status =
	    arena_new_of(plan_arena(plan), struct autoscaling_v2_horizontal_pod_autoscaler_status);
	if (turn.hpa->status != NULL)
		turn.status = plan_copy(plan, turn.hpa->status,
					autoscaling_v2_horizontal_pod_autoscaler_status);
	begin(&turn);
	plan_status(plan, turn.hpa, autoscaling_v2_horizontal_pod_autoscaler)->status = turn.status;
	plan_remember(plan, restraint_bytes(&turn.restraint));
	plan_again(plan, PERIOD_MS);
	return OK;
}

const struct controller horizontal_pod_autoscaler_controller = {
	.name = "horizontalpodautoscaling",
	.account = "horizontal-pod-autoscaler",
	.reconciles = &autoscaling_v2_horizontal_pod_autoscaler_type,
	.reads = { &core_pod_type, &apiregistration_api_service_type },
	.reconcile = reconcile,
};
