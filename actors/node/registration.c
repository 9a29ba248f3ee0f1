#include <stdio.h>

#include "actors/client/alive.h"
#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/node/agent-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/coordination.h"
#include "runtime/base/log.h"

/*
 * Registration: this node's object and its lease. Level-triggered: whenever the object changes and at each beat, what it
 * says is compared with what it should say, and at most one write of it is under way.
 */

#define PODS_MAX 110U            /* upstream's maxPods */
#define BEAT_MS 10000U           /* upstream's renewal of leases and its look at the status */
#define LAZY_NS (300 * TIME_S)   /* of the lease, while somebody asks us whether we are there */
#define LEASE_S 40               /* upstream's nodeLeaseDurationSeconds */
#define REPORT_NS (300 * TIME_S) /* upstream's nodeStatusReportFrequency */
#define RETRY_MIN_MS 100U
#define RETRY_MAX_MS 7000U /* upstream's longest pause of a lease */
#define LEASE_NAMESPACE STR("kube-node-lease")

struct registration_beat {
	char nothing;
};
struct registration_retry {
	char nothing;
};
static const ACT_TYPE(registration_beat, .id = 0);
static const ACT_TYPE(registration_retry, .id = 0);

static void look(struct agent *agent);

/* ---- facts ------------------------------------------------------------------------------------------------------- */

struct reading {
	const struct seams_files *files;
	const char *folder;
	struct arena *arena;
	struct facts facts;
};

static void read_facts(void *arg)
{
	struct reading *reading = arg;

	facts_read(reading->files, reading->folder, reading->arena, &reading->facts);
}

static void free_arena(void *arena)
{
	arena_free(arena);
}

static void start_reading(struct agent *agent)
{
	struct reading *reading = act_alloc(agent->act, sizeof *reading);

	*reading = (struct reading){ .files = &act_seams(agent->act)->files,
				     .folder = agent->args->folder ? agent->args->folder : "/",
				     .arena = arena_new(0) };
	act_own(agent->act, free_arena, reading->arena);
	act_job(agent->act, NULL, read_facts, reading, NULL, AGENT_TAG_NODE);
}

static void facts_came(struct agent *agent, const struct facts *facts)
{
	agent->registration.facts = *facts;
	agent->registration.config.facts = &agent->registration.facts;
	agent->registration.state = REGISTRATION_LISTING;
	look(agent);
}

/* ---- writes ------------------------------------------------------------------------------------------------------- */

static void retry_later(struct agent *agent)
{
	struct registration *r = &agent->registration;
	uint64_t most = (uint64_t)RETRY_MIN_MS << (r->failures < 7 ? r->failures : 7);

	r->failures++;
	if (r->retry != 0)
		return;
	if (most > RETRY_MAX_MS)
		most = RETRY_MAX_MS;
	r->retry = act_after(agent->act, most / 2 + act_random(agent->act) % (most / 2 + 1),
			     &registration_retry_type, &(struct registration_retry){ 0 });
}

static void send_node(struct agent *agent, const char *method, const struct core_node *node,
		      const char *subresource)
{
	struct arena *arena = arena_new(0);
	bool is_create = str_is(str_from(method), "POST");
	struct api_call call =
	    request_call(method,
			 request_path(arena, &core_node_type, STR_NONE,
				      is_create ? STR_NONE : node->metadata->name, subresource),
			 str_from(agent->user));

	request_set_record(&call, &core_node_type, node);
	arena_free(arena);
	if (agent_call(agent, &call, AGENT_TAG_NODE) == OK)
		agent->registration.is_asked = true;
	else
		retry_later(agent);
}

static void create(struct agent *agent)
{
	struct arena *arena = arena_new(0);

	agent->registration.state = REGISTRATION_CREATING;
	agent->registration.reported = act_now(agent->act);
	send_node(agent, "POST",
		  node_object_new(arena, &agent->registration.config, act_wall(agent->act)), NULL);
	arena_free(arena);
}

static void tell_readiness(struct agent *agent, const struct core_node *node)
{
	struct registration *r = &agent->registration;
	bool is_ready = r->config.not_ready_why.len == 0;
	struct events_about about = { .type = &core_node_type, .meta = node->metadata };
	char words[320];
	int len;

	if (r->is_ready == is_ready)
		return;
	r->is_ready = is_ready;
	len = snprintf(words, sizeof words, "Node %s status is now: %s", agent->args->node,
		       is_ready ? "NodeReady" : "NodeNotReady");
	events_write(&agent->events, agent->act, &about, false,
		     is_ready ? "NodeReady" : "NodeNotReady", str_of(words, (size_t)len));
}

/* Writes what is out of date: labels first, then the status. */
static void update(struct agent *agent, const struct core_node *seen)
{
	struct registration *r = &agent->registration;
	struct arena *arena = arena_new(0);
	struct core_node *node = record_clone_shallow(&core_node_type, seen, arena);
	bool is_old = r->is_report_due || act_now(agent->act).ns - r->reported.ns >= REPORT_NS;

	record_fill(&core_node_type, node, arena);
	if (node_object_adopt(arena, &r->config, node)) {
		send_node(agent, "PUT", node, NULL);
	} else if (node_object_report(arena, &r->config, node, act_wall(agent->act)) || is_old) {
		r->reported = act_now(agent->act);
		r->is_report_due = false;
		tell_readiness(agent, seen);
		send_node(agent, "PUT", node, "status");
	}
	arena_free(arena);
}

/* ---- the object as it is -------------------------------------------------------------------------------------------- */

static const struct object *seen_node(const struct agent *agent)
{
	return informer_get(agent->registration.informer, STR(""), str_from(agent->args->node));
}

const struct core_node *agent_node(const struct agent *agent)
{
	const struct object *object = seen_node(agent);

	return object != NULL ? object->record : NULL;
}

/* Pods get their addresses from the node's range, whoever assigned it. */
static void take_range(struct agent *agent, const struct core_node *node)
{
	struct registration *r = &agent->registration;
	struct str why = STR_NONE, range = node->spec->pod_cidr;

	if (range.len > 0 && !str_is(range, r->bad_range) &&
	    agent->runtime->set_range(agent->runtime, range) != OK) {
		snprintf(r->bad_range, sizeof r->bad_range, STR_FMT, STR_ARG(range));
		log_error("node", "range of pod addresses cannot be used", LOG_STR("range", range));
	}
	r->config.not_ready_why = STR_NONE;
	if (!agent->runtime->is_network_ready(agent->runtime, &why))
		r->config.not_ready_why = why;
}

static void renew(struct agent *agent);

/* Whoever judges us does not hear us: the lease has to say it, now. */
static void contradict(struct agent *agent, const struct core_node *node)
{
	for (uint32_t i = 0; i < node->status->conditions.len; i++) {
		const struct core_node_condition *c = &node->status->conditions.at[i];

		if (!str_is(c->type, "Ready") || !str_is(c->status, "Unknown"))
			continue;
		agent->registration.heard_until.ns = 0;
		renew(agent);
	}
}

static void registered(struct agent *agent, const struct object *object)
{
	struct registration *r = &agent->registration;

	if (r->state != REGISTRATION_REGISTERED) {
		r->state = REGISTRATION_REGISTERED;
		log_info("node", "registered", LOG_CSTR("node", agent->args->node));
		act_after(agent->act, 0, &registration_beat_type, &(struct registration_beat){ 0 });
	}
	if ((uint64_t)object->revision >= r->written)
		contradict(agent, object->record);
	take_range(agent, object->record);
	pods_start(agent);
	if (!r->is_asked && r->retry == 0 && (uint64_t)object->revision >= r->written)
		update(agent, object->record);
}

/* As the kubelet: a node that somebody deleted is not made again before the agent starts anew. */
static void deleted(struct agent *agent)
{
	agent->registration.state = REGISTRATION_DELETED;
	log_warn("node", "the node's object was deleted; it registers again when it starts again",
		 LOG_CSTR("node", agent->args->node));
}

static void look(struct agent *agent)
{
	struct registration *r = &agent->registration;
	const struct object *object = seen_node(agent);

	if (r->state == REGISTRATION_READING || !informer_has_synced(r->informer))
		return;
	if (object != NULL)
		registered(agent, object);
	else if (r->state == REGISTRATION_REGISTERED)
		deleted(agent);
	else if (r->state != REGISTRATION_DELETED && !r->is_asked && r->retry == 0)
		create(agent);
}

static void node_answered(struct agent *agent, const struct act_msg *msg)
{
	struct registration *r = &agent->registration;
	enum status outcome = msg->status;
	struct fault why = { 0 };
	const struct object *made;

	r->is_asked = false;
	if (outcome == OK)
		outcome = request_outcome(msg->body, &why);
	r->is_report_due = r->is_report_due || outcome != OK;
	if (outcome == OK) {
		made = request_object(msg->body, &core_node_type, NULL);
		r->written = made != NULL ? (uint64_t)made->revision : 0;
		r->failures = 0;
		object_unref(made);
		look(agent);
		return;
	}
	/* The informer will bring the object that is in the way. */
	if (outcome != EXISTS && outcome != CONFLICT)
		log_warn("node", "the node's object cannot be written", LOG_STATUS(outcome),
			 LOG_FAULT(&why));
	retry_later(agent);
}

/* ---- the lease ---------------------------------------------------------------------------------------------------------- */

static struct coordination_lease *new_lease(struct arena *arena, const struct agent *agent,
					    struct str uid)
{
	struct coordination_lease *lease = record_new(&coordination_lease_type, arena);
	struct meta_owner_reference *owner = arena_new_of(arena, struct meta_owner_reference);

	record_fill(&coordination_lease_type, lease, arena);
	*owner = (struct meta_owner_reference){ .api_version = STR("v1"),
						.kind = STR("Node"),
						.name = str_from(agent->args->node),
						.uid = uid };
	lease->metadata->name = owner->name;
	lease->metadata->namespace = LEASE_NAMESPACE;
	lease->metadata->owner_references = (struct meta_owner_reference_list){ owner, 1 };
	lease->spec->holder_identity = owner->name;
	SET(lease->spec, lease_duration_seconds, LEASE_S);
	SET(lease->spec, renew_time, act_wall(agent->act));
	return lease;
}

static struct api_call lease_call(struct agent *agent, const struct object *node)
{
	struct arena *arena = arena_new(0);
	struct str name = str_from(agent->args->node);
	bool is_create = agent->registration.has_no_lease;
	struct api_call call =
	    request_call(is_create ? "POST" : "PATCH",
			 request_path(arena, &coordination_lease_type, LEASE_NAMESPACE,
				      is_create ? STR_NONE : name, NULL),
			 str_from(agent->user));
	char at[TIME_TEXT];

	if (is_create)
		request_set_record(&call, &coordination_lease_type,
				   new_lease(arena, agent, object_uid(node)));
	else
		request_set_body(&call, STR("application/merge-patch+json"),
				 arena_printf(arena, "{\"spec\":{\"renewTime\":\"" STR_FMT "\"}}",
					      STR_ARG(time_print_micro(act_wall(agent->act), at))));
	arena_free(arena);
	return call;
}

/* The controllers know already that we are there: their memory of it costs no write. */
static bool is_heard(const struct agent *agent)
{
	const struct registration *r = &agent->registration;
	int64_t now = act_now(agent->act).ns;

	return !r->has_no_lease && r->renewed.ns != 0 && now < r->heard_until.ns &&
	       now - r->renewed.ns < LAZY_NS;
}

/* Each beat asks once; what fails waits for the next beat, four of which fit into the grace period. */
static void renew(struct agent *agent)
{
	struct registration *r = &agent->registration;
	const struct object *node = seen_node(agent);
	struct api_call call;

	if (node == NULL || r->is_lease_asked || is_heard(agent))
		return;
	call = lease_call(agent, node);
	r->is_lease_asked = agent_call(agent, &call, AGENT_TAG_LEASE) == OK;
}

static void lease_answered(struct agent *agent, const struct act_msg *msg)
{
	struct registration *r = &agent->registration;
	enum status outcome = msg->status == OK ? request_outcome(msg->body, NULL) : msg->status;
	bool was_create = r->has_no_lease;

	r->is_lease_asked = false;
	r->has_no_lease = outcome == NOT_FOUND;
	if (outcome == OK)
		r->renewed = act_now(agent->act);
	/* Found out by asking that it is not there yet, or that it is already. */
	if ((outcome == NOT_FOUND && !was_create) || outcome == EXISTS)
		renew(agent);
}

/* ---- messages ------------------------------------------------------------------------------------------------------------ */

static void beat(struct agent *agent)
{
	if (agent->registration.state != REGISTRATION_REGISTERED)
		return;
	renew(agent);
	look(agent);
	/* Nodes that began together should not beat together. */
	act_after(agent->act, BEAT_MS - BEAT_MS / 50 + act_random(agent->act) % (BEAT_MS / 25),
		  &registration_beat_type, &(struct registration_beat){ 0 });
}

/* A silence of two periods and a half, and the lease speaks for us again. */
static void asked(struct agent *agent, const struct act_msg *msg)
{
	const struct alive_ask *ask = msg->body;
	struct registration *r = &agent->registration;
	struct alive_here here = { .node = "" };

	if (r->state != REGISTRATION_REGISTERED) {
		(void)act_refuse(agent->act, msg, UNAVAILABLE);
		return;
	}
	r->heard_until.ns = act_now(agent->act).ns + (int64_t)ask->period_ms * 5 / 2 * TIME_MS;
	snprintf(here.node, sizeof here.node, "%s", agent->args->node);
	(void)act_reply(agent->act, msg, &alive_here_type, &here);
}

bool registration_receive(struct agent *agent, const struct act_msg *msg)
{
	if (informer_receive(agent->registration.informer, agent->act, msg)) {
		look(agent);
		return true;
	}
	if (msg->kind == ACT_JOB && msg->tag == AGENT_TAG_NODE)
		facts_came(agent, &((struct reading *)ACT_AS(msg, act_job_done)->arg)->facts);
	else if (msg->kind == ACT_ANSWER && msg->tag == AGENT_TAG_NODE)
		node_answered(agent, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == AGENT_TAG_LEASE)
		lease_answered(agent, msg);
	else if (ACT_IS(msg, alive_ask) && msg->kind == ACT_REQUEST)
		asked(agent, msg);
	else if (ACT_IS(msg, registration_beat))
		beat(agent);
	else if (ACT_IS(msg, registration_retry))
		agent->registration.retry = 0, look(agent);
	else
		return false;
	return true;
}

void registration_start(struct agent *agent)
{
	struct registration *r = &agent->registration;
	const struct agent_args *args = agent->args;

	r->config =
	    (struct node_object_config){ .name = str_from(args->node),
					 .address = str_from(args->address),
					 .range = str_from(args->pod_range),
					 .pods_max = args->pods_max ? args->pods_max : PODS_MAX,
					 .agent = str_from(args->self) };
	r->config.runtime = arena_printf(act_arena(agent->act), "%s://%s", agent->runtime->name,
					 agent->runtime->version);
	agent->runtime->is_network_ready(agent->runtime, &r->config.not_ready_why);
	r->informer = informer_start(
	    agent->act,
	    &(struct informer_config){ .type = &core_node_type,
				       .field_selector = arena_printf(
					   act_arena(agent->act), "metadata.name=%s", args->node),
				       .user = str_from(agent->user),
				       .api = args->api });
	act_own(agent->act, informer_release, r->informer);
	if (args->facts != NULL)
		facts_came(agent, args->facts);
	else
		start_reading(agent);
}
