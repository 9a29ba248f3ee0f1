#include "deploy/main/simulation/ordeal.h"

#include "deploy/cluster/node-record.h"
#include "deploy/main/simulation/rot.h"
#include "deploy/sim/claim.h"
#include "deploy/sim/unrest.h"
#include "runtime/base/mem.h"

#define PEACE_MS 240000U /* after which all must be well again */
#define QUIET_MS 15000U
#define SETTLE_MS 5000U
#define STEP_MS 1000U
#define EVERY_MS 600U
#define REMOVE_AFTER_MS 3000U
#define REMOVE_STEP_MS 10000U
#define REMOVE_TRIES 20U

enum { WRITERS = 3, READERS = 2, MANAGERS = 2, CITIZENS = WRITERS + READERS + MANAGERS };

struct ordeal {
	const struct ordeal_config *config;
	struct ordeal_result *result;
	struct country *country;
	struct act_sim *sim;
	struct ledger *ledger;
	struct rot rot;
	struct citizen citizens[CITIZENS];
	struct act_child children[CITIZENS];
	uint64_t buried_ms; /* since when a machine is known to be gone; 0: none is */
	uint32_t said_before;
	bool is_removed;
};

/* ---- before ---- */

static void set_up(struct ordeal *ordeal)
{
	static const char *const names[CITIZENS] = { "writer-1", "writer-2", "writer-3",
						     "reader-1", "reader-2", "manager-1",
						     "manager-2" };

	for (uint32_t i = 0; i < CITIZENS; i++) {
		const struct act_class *class = i < WRITERS             ? &writer_class
						: i < WRITERS + READERS ? &reader_class
									: &manager_class;

		ordeal->citizens[i] =
		    (struct citizen){ .ledger = ordeal->ledger,
				      .machines = ordeal->config->nodes,
				      .pause_ms = class == &manager_class ? 4000 : 400,
				      .is_apart = ordeal->config->is_isolated };
		ordeal->children[i] = (struct act_child){ .id = names[i],
							  .class = class,
							  .args = &ordeal->citizens[i] };
	}
	ordeal->country =
	    country_open(&(struct country_config){ .seed = ordeal->config->seed,
						   .machines = ordeal->config->nodes,
						   .is_isolated = ordeal->config->is_isolated,
						   .ledger = ordeal->ledger,
						   .citizens = ordeal->children,
						   .citizen_count = CITIZENS,
						   .log_path = ordeal->config->log_path });
	ordeal->sim = country_sim(ordeal->country);
}

/* ---- faults ---- */

uint32_t ordeal_faults(const struct ordeal_config *config, struct act_sim_fault *out, uint32_t max)
{
	uint32_t machines[COUNTRY_MACHINES];
	const struct act_sim_plan plan = { .kinds = config->kinds,
					   .nodes = machines,
					   .node_count = config->nodes,
					   .until_ms = config->time_ms,
					   .every_ms = EVERY_MS };

	for (uint32_t i = 0; i < config->nodes; i++)
		machines[i] = i + 1;
	return act_sim_plan(config->seed, &plan, out, max);
}

static bool is_wanted(const struct ordeal_config *config, uint32_t number)
{
	for (uint32_t i = 0; i < config->only_count; i++)
		if (config->only[i] == number)
			return true;
	return config->only == NULL;
}

/* Machines become nodes of the simulation, and the list's time its time. */
static void let_strike(struct ordeal *ordeal)
{
	const struct ordeal_config *config = ordeal->config;
	struct act_sim_fault *faults = mem_alloc(ORDEAL_FAULTS_MAX * sizeof *faults);
	uint32_t count = 0;

	ordeal->result->drawn = ordeal_faults(config, faults, ORDEAL_FAULTS_MAX);
	for (uint32_t i = 0; i < ordeal->result->drawn; i++) {
		struct act_sim_fault fault = faults[i];

		if (!is_wanted(config, i))
			continue;
		fault.at_ms += act_sim_now_ms(ordeal->sim);
		fault.node = country_node(ordeal->country, fault.node);
		fault.other = country_node(ordeal->country, fault.other);
		faults[count++] = fault;
	}
	rot_begin(&ordeal->rot, ordeal->country);
	/* Some lose all their machines at times, others never the majority. */
	act_sim_strike(ordeal->sim, faults, count,
		       config->kinds == ACT_SIM_ALL_FAULTS ? config->seed % 4 : 0);
	mem_free(faults);
}

/* `troupe remove` at any other machine; whoever is told that it failed says it again. */
static void remove_buried(struct ordeal *ordeal)
{
	uint32_t buried = country_buried(ordeal->country);
	uint32_t helper = 1 + (uint32_t)(act_sim_random(ordeal->sim) % ordeal->config->nodes);

	if (helper != buried && country_status(ordeal->country, helper)->id != 0)
		ordeal->is_removed = country_forget(ordeal->country, helper, buried) == OK;
}

static void look_after_buried(struct ordeal *ordeal)
{
	uint64_t now_ms = act_sim_now_ms(ordeal->sim);

	if (country_buried(ordeal->country) == 0 || ordeal->is_removed)
		return;
	if (ordeal->buried_ms == 0)
		ordeal->buried_ms = now_ms;
	if (now_ms - ordeal->buried_ms > REMOVE_AFTER_MS)
		remove_buried(ordeal);
}

/* Of the time of trouble alone: the machines came up without. */
static void check_sayings(struct ordeal *ordeal)
{
	const char *event = ordeal->config->forbidden;

	if (event && country_said(ordeal->country, event) > ordeal->said_before)
		claim_fail(__FILE__, __LINE__, "somebody says \"%s\"", event);
}

static void go_through_trouble(struct ordeal *ordeal)
{
	uint64_t end_ms = act_sim_now_ms(ordeal->sim) + ordeal->config->time_ms;
	uint64_t now_ms;

	if (ordeal->config->forbidden)
		ordeal->said_before = country_said(ordeal->country, ordeal->config->forbidden);
	let_strike(ordeal);
	while ((now_ms = act_sim_now_ms(ordeal->sim)) < end_ms) {
		country_run(ordeal->country, end_ms - now_ms < STEP_MS ? end_ms - now_ms : STEP_MS);
		look_after_buried(ordeal);
		check_sayings(ordeal);
	}
}

/* ---- after ---- */

/* Whoever removes a machine tries to tell it for a while before he forgets where it is found. */
static bool is_known(const struct annals *annals, uint32_t machine, struct arena *arena)
{
	return annals_has(annals, node_record_key(arena_printf(arena, "n%u", machine), arena));
}

/* A helper that crashed before it was done has told nobody; whoever looks says it again. */
static bool is_half_removed(struct ordeal *ordeal)
{
	uint32_t buried = country_buried(ordeal->country);
	struct arena *arena = arena_new(0);
	bool is_left = buried != 0 && (!ordeal->is_removed ||
				       is_known(country_annals(ordeal->country), buried, arena));

	arena_free(arena);
	return is_left;
}

/* What keeps the country from its peace; absent: nothing. */
static struct str trouble_of(struct ordeal *ordeal, struct arena *arena)
{
	struct country *country = ordeal->country;
	struct annals *annals = country_annals(country);
	uint32_t buried = country_buried(country), living = ordeal->config->nodes - (buried != 0);

	if (country_leader(country) == 0)
		return STR("nobody leads");
	if (country_status(country, country_leader(country))->member_count != living)
		return STR("the members are not those that live");
	for (uint32_t i = 1; i <= ordeal->config->nodes; i++)
		if (i != buried && (country_status(country, i)->id == 0 ||
				    annals_told(annals, i) != annals_revision(annals)))
			return arena_printf(arena, "n%u is at revision %llu of %llu", i,
					    (unsigned long long)annals_told(annals, i),
					    (unsigned long long)annals_revision(annals));
	if (buried && is_known(annals, buried, arena))
		return STR("the machine that is gone has its record still");
	return unrest(annals, living, arena);
}

static void await_peace(struct ordeal *ordeal)
{
	uint64_t end_ms = act_sim_now_ms(ordeal->sim) + PEACE_MS;
	struct arena *arena = arena_new(0);
	struct str words;

	while ((words = trouble_of(ordeal, arena)).at != NULL) {
		if (act_sim_now_ms(ordeal->sim) >= end_ms)
			claim_fail(__FILE__, __LINE__, "there is no peace: " STR_FMT,
				   STR_ARG(words));
		arena_free(arena);
		arena = arena_new(0);
		country_run(ordeal->country, 200);
	}
	arena_free(arena);
}

/* Every API server says the same. */
static void check_list(struct ordeal *ordeal, const char *path)
{
	struct arena *arena = arena_new(0);
	struct str first = STR_NONE, body;
	int32_t code;

	for (uint32_t k = 1; k <= ordeal->config->nodes; k++) {
		if (k == country_buried(ordeal->country))
			continue;
		code = country_ask(ordeal->country, k, "GET", path, NULL, arena, &body);
		if (code != 200)
			claim_fail(__FILE__, __LINE__, "n%u says %d for %s", k, code, path);
		if (first.at == NULL)
			first = body;
		if (!str_eq(first, body))
			claim_fail(__FILE__, __LINE__, "n%u lists something else under %s", k, path);
	}
	arena_free(arena);
}

static void check_end(struct ordeal *ordeal)
{
	static const char *const paths[] = { "/api/v1/pods", "/api/v1/nodes",
					     "/apis/apps/v1/replicasets",
					     "/api/v1/namespaces/r/configmaps" };
	struct annals *annals = country_annals(ordeal->country);
	uint64_t calm_ms = act_sim_now_ms(ordeal->sim), changed;

	ledger_set_over(ordeal->ledger);
	act_sim_calm(ordeal->sim);
	for (uint32_t i = 0; is_half_removed(ordeal); i++) {
		CLAIM(i < REMOVE_TRIES);
		country_run(ordeal->country, REMOVE_STEP_MS);
		remove_buried(ordeal);
	}
	await_peace(ordeal);
	ordeal->result->rest_ms = act_sim_now_ms(ordeal->sim) - calm_ms;
	country_run(ordeal->country, SETTLE_MS);
	changed = annals_changed(annals);
	country_run(ordeal->country, QUIET_MS);
	if (annals_changed(annals) != changed)
		claim_fail(__FILE__, __LINE__,
			   "%llu changes in what should be peace, the last of " STR_FMT,
			   (unsigned long long)(annals_changed(annals) - changed),
			   STR_ARG(annals_changed_key(annals)));
	await_peace(ordeal);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		check_list(ordeal, paths[i]);
}

static void count(const struct ordeal *ordeal)
{
	struct annals *annals = country_annals(ordeal->country);
	struct ordeal_result *result = ordeal->result;

	result->ledger = ledger_close(ordeal->ledger);
	result->hash = act_sim_hash(ordeal->sim);
	result->events = act_sim_events(ordeal->sim);
	result->virtual_ms = act_sim_now_ms(ordeal->sim);
	result->terms = annals_terms(annals);
	result->revisions = annals_revision(annals);
	for (uint32_t i = 1; i <= ordeal->config->nodes; i++)
		result->told += annals_told(annals, i);
	act_sim_tally(ordeal->sim, &result->tally);
}

void ordeal_run(const struct ordeal_config *config, struct ordeal_result *out,
		void (*each_branch)(void *arg, const struct act_sim_branch *branch), void *arg)
{
	struct ordeal ordeal = { .config = config,
				 .result = out,
				 .ledger = ledger_new("/registry/configmaps/") };

	*out = (struct ordeal_result){ 0 };
	set_up(&ordeal);
	go_through_trouble(&ordeal);
	check_end(&ordeal);
	count(&ordeal);
	if (each_branch)
		act_sim_branches(ordeal.sim, each_branch, arg);
	country_close(ordeal.country);
	ledger_free(ordeal.ledger);
}
