/*
 * What a Deployment says about its rollout: its counts and its conditions Available, Progressing and ReplicaFailure.
 */
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/rollout.h"
#include "actors/controller/workload/template.h"

#define AVAILABLE "Available"
#define PROGRESSING "Progressing"
#define REPLICA_FAILURE "ReplicaFailure"

struct report {
	const struct rollout *r;
	const struct world *world;
	struct plan *plan;
	struct apps_deployment_status *status;
	const struct rollout_news *news;
};

static void count(const struct report *p)
{
	struct apps_deployment_status *status = p->status;
	const struct rollout *r = p->r;

	SET(status, observed_generation, r->deployment->metadata->generation);
	SET(status, replicas, r->pods);
	SET(status, updated_replicas, r->current ? r->current->status->replicas : 0);
	SET(status, ready_replicas, r->ready);
	SET(status, available_replicas, r->available);
	SET(status, unavailable_replicas, template_most(0, r->total - r->available));
	SET(status, terminating_replicas, r->terminating);
}

static void set(const struct report *p, const char *type, const char *word, const char *reason,
		struct str message)
{
	condition_set(plan_arena(p->plan), &p->status->conditions, world_now(p->world),
		      apps_deployment_condition, type, word, reason, message);
}

static void report_available(const struct report *p)
{
	if (p->r->available >= p->r->wanted - p->r->unavailable)
		set(p, AVAILABLE, "True", "MinimumReplicasAvailable",
		    STR("Deployment has minimum availability."));
	else
		set(p, AVAILABLE, "False", "MinimumReplicasUnavailable",
		    STR("Deployment does not have minimum availability."));
}

/* The failure of the current set's pods, else of any old one's, is the Deployment's. */
static void report_failure(const struct report *p)
{
	const struct apps_replica_set_condition *found = NULL;

	if (p->r->current != NULL)
		found = condition_find(&p->r->current->status->conditions, REPLICA_FAILURE,
				       apps_replica_set_condition);
	for (uint32_t i = 0; i < p->r->set_count && found == NULL; i++)
		found = condition_find(&p->r->sets[i]->status->conditions, REPLICA_FAILURE,
				       apps_replica_set_condition);
	if (found == NULL) {
		condition_remove(&p->status->conditions, REPLICA_FAILURE, apps_deployment_condition);
		return;
	}
	set(p, REPLICA_FAILURE, arena_cstr(plan_arena(p->plan), found->status),
	    arena_cstr(plan_arena(p->plan), found->reason),
	    arena_str(plan_arena(p->plan), found->message));
}

/* ---- progress ----------------------------------------------------------------------------------------------- */

static const struct apps_deployment_condition *progress_of(const struct report *p)
{
	return condition_find(&p->r->deployment->status->conditions, PROGRESSING,
			      apps_deployment_condition);
}

static bool was(const struct report *p, const char *reason)
{
	const struct apps_deployment_condition *old = progress_of(p);

	return old != NULL && str_is(old->reason, reason);
}

static bool is_complete(const struct report *p)
{
	int32_t wanted = p->r->wanted;

	return p->status->updated_replicas == wanted && p->status->replicas == wanted &&
	       p->status->available_replicas == wanted;
}

static bool has_progressed(const struct report *p)
{
	const struct apps_deployment_status *old = p->r->deployment->status, *new = p->status;

	return new->updated_replicas > old->updated_replicas ||
	       new->ready_replicas > old->ready_replicas ||
	       new->available_replicas > old->available_replicas ||
	       new->replicas - new->updated_replicas < old->replicas - old->updated_replicas;
}

/* How long until the deadline; negative: it has passed. */
static int64_t left_ms(const struct report *p)
{
	int64_t deadline_ns = progress_of(p)->last_update_time.ns +
			      (int64_t)p->r->deployment->spec->progress_deadline_seconds * TIME_S;

	return (deadline_ns - world_now(p->world).ns) / TIME_MS;
}

static struct str about_set(const struct report *p, const char *words)
{
	const struct rollout *r = p->r;
	struct str name = r->current ? r->current->metadata->name : r->deployment->metadata->name;

	return arena_printf(plan_arena(p->plan), "%s \"" STR_FMT "\" %s",
			    r->current ? "ReplicaSet" : "Deployment", STR_ARG(name), words);
}

static bool has_deadline(const struct report *p)
{
	const struct apps_deployment_spec *spec = p->r->deployment->spec;

	return spec->has.progress_deadline_seconds && spec->progress_deadline_seconds != INT32_MAX;
}

/* What has just happened, before any judgement about time. */
static void report_news(const struct report *p)
{
	bool is_paused = p->r->deployment->spec->paused;

	if (is_paused && !was(p, "ProgressDeadlineExceeded") && !was(p, "DeploymentPaused"))
		set(p, PROGRESSING, "Unknown", "DeploymentPaused", STR("Deployment is paused"));
	else if (!is_paused && was(p, "DeploymentPaused"))
		set(p, PROGRESSING, "Unknown", "DeploymentResumed", STR("Deployment is resumed"));
	if (p->news->create_error != NULL)
		set(p, PROGRESSING, "False", "ReplicaSetCreateError",
		    str_from(p->news->create_error));
	else if (p->news->created.len > 0)
		set(p, PROGRESSING, "True", "NewReplicaSetCreated",
		    arena_printf(plan_arena(p->plan), "Created new replica set \"" STR_FMT "\"",
				 STR_ARG(p->news->created)));
	else if (p->r->current != NULL && was(p, "ReplicaSetCreateError"))
		set(p, PROGRESSING, "True", "NewReplicaSetCreated",
		    arena_printf(plan_arena(p->plan), "Created new replica set \"" STR_FMT "\"",
				 STR_ARG(p->r->current->metadata->name)));
	else if (progress_of(p) == NULL && p->r->current != NULL && !is_paused)
		set(p, PROGRESSING, "True", "FoundNewReplicaSet",
		    arena_printf(plan_arena(p->plan), "Found new replica set \"" STR_FMT "\"",
				 STR_ARG(p->r->current->metadata->name)));
}

/* The same reason again, but the clock starts anew. */
static void touch(const struct report *p)
{
	for (uint32_t i = 0; i < p->status->conditions.len; i++)
		if (str_is(p->status->conditions.at[i].type, PROGRESSING))
			SET(&p->status->conditions.at[i], last_update_time, world_now(p->world));
}

static void report_progress(const struct report *p)
{
	/* One set alone that was complete before: a change of its size is no rollout. */
	bool is_settled =
	    p->status->replicas == p->status->updated_replicas && was(p, "NewReplicaSetAvailable");
	bool is_new = p->news->created.len > 0 || p->news->create_error != NULL;

	if (!has_deadline(p)) {
		condition_remove(&p->status->conditions, PROGRESSING, apps_deployment_condition);
		return;
	}
	report_news(p);
	/* While it is paused only its counts are told. */
	if (is_settled || is_new || p->r->deployment->spec->paused)
		return;
	if (is_complete(p)) {
		set(p, PROGRESSING, "True", "NewReplicaSetAvailable",
		    about_set(p, "has successfully progressed."));
	} else if (has_progressed(p)) {
		set(p, PROGRESSING, "True", "ReplicaSetUpdated", about_set(p, "is progressing."));
		touch(p);
	} else if (progress_of(p) != NULL && !was(p, "NewReplicaSetAvailable") &&
		   (was(p, "ProgressDeadlineExceeded") || left_ms(p) < 0)) {
		set(p, PROGRESSING, "False", "ProgressDeadlineExceeded",
		    about_set(p, "has timed out progressing."));
	}
}

/* A rollout that hangs changes nothing that could wake us. */
static void look_again(const struct report *p)
{
	if (!has_deadline(p) || progress_of(p) == NULL || is_complete(p) ||
	    p->r->deployment->spec->paused || was(p, "ProgressDeadlineExceeded") ||
	    was(p, "NewReplicaSetAvailable"))
		return;
	plan_again(p->plan, (left_ms(p) > 0 ? left_ms(p) : 0) + 1000);
}

void rollout_report(const struct rollout *r, const struct world *world, struct plan *plan,
		    struct apps_deployment_status *status, const struct rollout_news *news)
{
	struct report p = { r, world, plan, status, news };

	count(&p);
	report_available(&p);
	report_progress(&p);
	report_failure(&p);
	look_again(&p);
}
