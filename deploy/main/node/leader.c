#include "deploy/main/node/leader.h"

#include <stdio.h>

#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/controller/figures/figures.h"
#include "actors/controller/liveness.h"
#include "actors/controllers/controllers.h"
#include "actors/scheduler/scheduler.h"
#include "datastore/store/store.h"
#include "deploy/cluster/api-endpoints.h"
#include "deploy/cluster/bootstrap.h"
#include "deploy/main/node/controller-list.h"
#include "runtime/base/log.h"

#define RETRY_MS 200U
#define CHILDREN_MAX 56U
#define SCHEDULER "scheduler"

struct leader {
	struct process *process;
	const char *api, *store;
	uint64_t monitor, term;
	bool is_acting;
	struct act_ref supervisor;
	struct act_supervisor spec;
	struct act_child children[CHILDREN_MAX];
	struct runner_args runners[CHILDREN_MAX];
	struct caches_args caches;
	struct bootstrap_args bootstrap;
	struct api_endpoints_args endpoints;
	struct scheduler_args scheduler;
	struct liveness_args liveness;
	struct certificate_authority
	    authority; /* who signs certificates that were asked for and approved */
	struct certificate_key *authority_key;
	struct controller signing;
};

struct leader_retry {
	char nothing;
};
static const ACT_TYPE(leader_retry, .id = 0);

/* ---- what runs ---------------------------------------------------------------------------------------------- */

/* What is not here, because it lives in a host of its own, is left out; caches are everybody's. */
static void add(struct leader *leader, const char *id, const struct act_class *class,
		const void *args)
{
	assert(leader->spec.child_count < CHILDREN_MAX);
	if (!process_has(leader->process, id) && class != &caches_class)
		return;
	leader->children[leader->spec.child_count++] =
	    (struct act_child){ .id = id, .class = class, .args = args };
}

/* The same for what the operator may be without. */
static void add_chosen(struct leader *leader, const char *id, const struct act_class *class,
		       const void *args)
{
	const char *list = leader->process->controllers;

	if (list == NULL || controller_list_has(list, id))
		add(leader, id, class, args);
}

const char *const *leader_movable(struct arena *arena)
{
	const char **names = arena_array(arena, const char *, CHILDREN_MAX + 1);
	uint32_t count = 0;

	names[count++] = SCHEDULER;
	for (uint32_t i = 0; controllers[i] != NULL; i++)
		names[count++] = controllers[i]->name;
	names[count] = NULL;
	return names;
}

/* The row that signs, with what it signs by. */
static void plan_signing(struct leader *leader)
{
	const struct pki_leaf *ca = &leader->process->pki.ca;
	struct fault why = { 0 };

	if (leader->authority_key == NULL && ca->key_pem.at != NULL &&
	    certificate_key_from_pem(ca->key_pem, &leader->authority_key, &why) != OK)
		log_warn("leader", "no certificate will be signed", LOG_FAULT(&why));
	leader->authority = (struct certificate_authority){ .certificate_pem = ca->certificate_pem,
							    .key = leader->authority_key };
	leader->signing = certificate_signing_controller;
	leader->signing.arg = &leader->authority;
}

static const struct controller *row_of(const struct leader *leader,
				       const struct controller *controller)
{
	return controller == &certificate_signing_controller ? &leader->signing : controller;
}

static void release(void *state)
{
	certificate_key_free(((struct leader *)state)->authority_key);
}

static void plan_children(struct leader *leader)
{
	leader->spec = (struct act_supervisor){ .strategy = ACT_ONE_FOR_ONE,
						.max_restarts = 100,
						.within_ms = 10000,
						.backoff_min_ms = 10,
						.backoff_max_ms = 5000,
						.children = leader->children };
	leader->caches =
	    (struct caches_args){ .api = leader->api, .user = "system:kube-controller-manager" };
	leader->bootstrap =
	    (struct bootstrap_args){ .api = leader->api,
				     .term = leader->term,
				     .authority_pem = leader->process->pki.ca.certificate_pem,
				     .front_proxy_authority_pem =
					 leader->process->pki.front_proxy_ca.certificate_pem,
				     .port = leader->process->identity.api_port,
				     .services = leader->process->services };
	leader->endpoints =
	    (struct api_endpoints_args){ .api = leader->api,
					 .store = leader->store,
					 .term = leader->term,
					 .port = leader->process->identity.api_port };
	leader->scheduler = (struct scheduler_args){ leader->api, leader->term,
						     figures_metrics(leader->process->figures) };
	plan_signing(leader);
	add(leader, "bootstrap", &bootstrap_class, &leader->bootstrap);
	add(leader, "api-endpoints", &api_endpoints_class, &leader->endpoints);
	add(leader, "caches", &caches_class, &leader->caches);
	add(leader, "liveness", &liveness_class, &leader->liveness);
	add_chosen(leader, SCHEDULER, &scheduler_class, &leader->scheduler);
	for (uint32_t i = 0; controllers[i] != NULL; i++) {
		leader->runners[i] =
		    (struct runner_args){ row_of(leader, controllers[i]), leader->api, leader->term,
					  leader->process->figures };
		add_chosen(leader, controllers[i]->name, &controller_class, &leader->runners[i]);
	}
}

static void begin(struct leader *leader, struct act *act, uint64_t term)
{
	enum status status;

	leader->term = term;
	leader->is_acting = true;
	plan_children(leader);
	status = act_supervise(act, &leader->spec, "controllers", &leader->supervisor);
	if (status != OK)
		act_fail(act, "cannot start controllers: %s", status_text(status));
	act_monitor(act, leader->supervisor);
	figures_lead(leader->process->figures, true);
	log_info("leader", "controllers act here", LOG_U64("term", term));
}

static void end(struct leader *leader, struct act *act)
{
	if (!leader->is_acting)
		return;
	leader->is_acting = false;
	figures_lead(leader->process->figures, false);
	log_info("leader", "controllers stop here", LOG_U64("term", leader->term));
	act_stop(act, leader->supervisor);
}

/* ---- following the datastore -------------------------------------------------------------------------------- */

static void take_status(struct leader *leader, struct act *act, const struct store_status *status)
{
	if (leader->is_acting && (!status->is_leader || status->term != leader->term))
		end(leader, act);
	if (!status->is_leader || leader->is_acting)
		return;
	/* The last term's supervisor may still be ending: its name is free when its down message comes. */
	if (act_ref_is_nil(leader->supervisor))
		begin(leader, act, status->term);
	leader->term = status->term;
}

static void subscribe(struct leader *leader, struct act *act)
{
	struct act_ref store = act_named(act, leader->store);

	leader->monitor = act_monitor(act, store);
	if (act_tell(act, store, store_status_watch, .is_end = false) == OK)
		return;
	act_demonitor(act, leader->monitor);
	leader->monitor = 0;
	act_after(act, RETRY_MS, &leader_retry_type, &(struct leader_retry){ 0 });
}

static void down(struct leader *leader, struct act *act, const struct act_down *down)
{
	if (down->monitor == leader->monitor) {
		end(leader, act);
		leader->monitor = 0;
		act_after(act, RETRY_MS, &leader_retry_type, &(struct leader_retry){ 0 });
		return;
	}
	if (!act_ref_eq(down->who, leader->supervisor))
		return;
	if (leader->is_acting)
		act_fail(act, "controllers ended: %s", down->what);
	leader->supervisor = ACT_NIL;
	/* Ask again who leads: it may have changed back while the old ones ended. */
	if (leader->monitor != 0) {
		act_demonitor(act, leader->monitor);
		subscribe(leader, act);
	}
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct leader *leader = state;

	if (ACT_IS(msg, store_status))
		take_status(leader, act, msg->body);
	else if (ACT_IS(msg, act_down))
		down(leader, act, msg->body);
	else if (ACT_IS(msg, leader_retry))
		subscribe(leader, act);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct leader *leader = state;

	leader->process = (struct process *)(uintptr_t)args;
	act_own(act, release, leader);
	leader->liveness.relay = process_core_name(leader->process, "relay");
	leader->api = process_api_name(leader->process);
	leader->store = process_core_name(leader->process, "store");
	subscribe(leader, act);
	return OK;
}

const struct act_class leader_class = {
	.name = "leader", .state_size = sizeof(struct leader), .init = init, .receive = receive
};
