#include "tests/sim/town/town.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/authorization/mechanisms.h"
#include "actors/client/alive.h"
#include "actors/client/api.h"
#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/controller/liveness.h"
#include "actors/controllers/controllers.h"
#include "actors/node/agent.h"
#include "actors/scheduler/scheduler.h"
#include "actors/server/server.h"
#include "datastore/store/store.h"
#include "deploy/cluster/bootstrap.h"
#include "deploy/sim/dig.h"
#include "transport/wire/yaml.h"

#define API "api@n1/1"
#define CONTROL_MAX 48U
#define TYPES_MAX 128U
#define WAIT_MS 120000U
#define SETTLE_MS 3000U /* what the last change leads to has been written by then */

struct town {
	struct act_sim *sim;
	struct act_ref tester;
	uint64_t term;
	bool is_leading, is_open;
	struct town_answer answer;
	bool is_answered;
	uint64_t denied, asked;
	struct store_config store;
	struct server_config server;
	struct authorizer authorizers[2], rbac;
	struct caches_args caches;
	struct scheduler_args scheduler;
	struct bootstrap_args bootstrap;
	struct runner_args runners[CONTROL_MAX];
	struct agent_args agents[TOWN_NODES_MAX];
	struct act_child core[3], control[CONTROL_MAX], nodes[TOWN_NODES_MAX];
	struct act_supervisor core_root, control_root, nodes_root;
	struct act_host_config core_host, control_host, nodes_host;
	const struct act_type *types[TYPES_MAX];
	uint32_t type_count;
};

static const struct facts facts = { .cpus = 64,
				    .memory_bytes = 256ULL * 1024 * MIB,
				    .storage_bytes = 1000ULL * 1024 * MIB,
				    .machine_id = "m1",
				    .system_uuid = "s1",
				    .boot_id = "b1",
				    .kernel = "6.1.0",
				    .os_image = "Debian GNU/Linux 12",
				    .architecture = "amd64" };

/* ---- who asks --------------------------------------------------------------------------------------------- */

static void free_later(void *arg)
{
	arena_free(arg);
}

static void answered(struct town *town, struct act *act, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->body;
	struct arena *decoded;

	town->is_answered = true;
	town->answer = (struct town_answer){ 0, STR_NONE };
	if (msg->status != OK)
		return;
	town->answer = (struct town_answer){ answer->code, answer->body };
	decoded = act_keep(act, msg);
	if (answer->arena != NULL)
		arena_on_free(test_arena(), free_later, answer->arena);
	if (decoded != NULL)
		arena_on_free(test_arena(), free_later, decoded);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct town *town = *(struct town **)state;

	if (msg->kind == ACT_ANSWER) {
		answered(town, act, msg);
	} else if (ACT_IS(msg, store_status)) {
		town->is_leading = ACT_AS(msg, store_status)->is_leader;
		town->term = ACT_AS(msg, store_status)->term;
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct town *town = (struct town *)(uintptr_t)args;

	*(struct town **)state = town;
	town->tester = act_self(act);
	return act_tell(act, act_named(act, "store"), store_status_watch, .is_end = false);
}

static const struct act_class tester_class = {
	.name = "tester", .state_size = sizeof(struct town *), .init = init, .receive = receive
};

/* ---- parts ------------------------------------------------------------------------------------------------- */

/* RBAC decides; who is refused among the system's own is counted. */
static enum check counting(const struct authorizer *authorizer, struct authorization *authorization)
{
	struct town *town = (struct town *)(uintptr_t)authorizer->config;
	enum check check = town->rbac.check(&town->rbac, authorization);
	const struct attributes *a = &authorization->attributes;

	town->asked++;
	/* Until the roles are there everybody is refused. */
	if (check != CHECK_PASS || !town->is_open || !str_starts(a->user->name, STR("system:")))
		return check;
	town->denied++;
	printf("denied: " STR_FMT " " STR_FMT " " STR_FMT "/" STR_FMT " " STR_FMT "\n",
	       STR_ARG(a->user->name), STR_ARG(a->verb), STR_ARG(a->resource),
	       STR_ARG(a->subresource), STR_ARG(a->name));
	return check;
}

static void plan_core(struct town *town)
{
	town->store = (struct store_config){ .folder = "/data",
					     .name = STR("n1"),
					     .address = STR("10.0.0.1:6444"),
					     .is_first = true,
					     .segment_bytes = 8U * MIB };
	town->rbac = authorization_rbac();
	town->authorizers[0] = authorization_node();
	town->authorizers[1] =
	    (struct authorizer){ .name = "RBAC", .check = counting, .config = town };
	town->server = (struct server_config){ .store = "store",
					       .node = STR("n1"),
					       .authorizers = town->authorizers,
					       .authorizer_count = 2,
					       .issuer = STR("https://kubernetes.default.svc") };
	town->core[0] =
	    (struct act_child){ .id = "store", .class = &store_class, .args = &town->store };
	town->core[1] =
	    (struct act_child){ .id = "api", .class = &server_class, .args = &town->server };
	town->core[2] = (struct act_child){ .id = "tester", .class = &tester_class, .args = town };
	town->core_root = (struct act_supervisor){ .children = town->core, .child_count = 3 };
}

static void add(struct town *town, const char *id, const struct act_class *class, const void *args)
{
	CHECK(town->control_root.child_count < CONTROL_MAX);
	town->control[town->control_root.child_count++] =
	    (struct act_child){ .id = id, .class = class, .args = args, .restart = ACT_TRANSIENT };
}

static void plan_control(struct town *town)
{
	town->caches = (struct caches_args){ .api = API, .user = "system:kube-controller-manager" };
	town->scheduler = (struct scheduler_args){ API, town->term, NULL };
	town->bootstrap = (struct bootstrap_args){
		.api = API, .term = town->term, .authority_pem = STR("a certificate"), .port = 6443
	};
	town->control_root = (struct act_supervisor){ .children = town->control,
						      .max_restarts = 1000,
						      .within_ms = 1000,
						      .backoff_min_ms = 10,
						      .backoff_max_ms = 1000 };
	add(town, "bootstrap", &bootstrap_class, &town->bootstrap);
	add(town, "caches", &caches_class, &town->caches);
	add(town, "liveness", &liveness_class, NULL);
	add(town, "scheduler", &scheduler_class, &town->scheduler);
	for (uint32_t i = 0; controllers[i] != NULL; i++) {
		town->runners[i] = (struct runner_args){ controllers[i], API, town->term, NULL };
		add(town, controllers[i]->name, &controller_class, &town->runners[i]);
	}
}

static void plan_nodes(struct town *town, uint32_t count)
{
	CHECK(count <= TOWN_NODES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		const char *name = arena_printf(test_arena(), "w%u", i + 1).at;

		town->agents[i] =
		    (struct agent_args){ .node = name,
					 .address =
					     arena_printf(test_arena(), "10.0.1.%u", i + 1).at,
					 .api = API,
					 .self = arena_printf(test_arena(), "%s@n1/3", name).at,
					 .pods = "hollow",
					 .facts = &facts };
		town->nodes[i] = (struct act_child){ .id = name,
						     .class = &agent_class,
						     .args = &town->agents[i] };
	}
	town->nodes_root = (struct act_supervisor){ .children = town->nodes, .child_count = count };
}

static void add_types(struct town *town, const struct act_type *const *types, uint32_t count)
{
	CHECK(town->type_count + count <= TYPES_MAX);
	memcpy(&town->types[town->type_count], types, count * sizeof *types);
	town->type_count += count;
}

static struct act_host_config host_config(const struct town *town, const char *name,
					  enum town_host host, const struct act_supervisor *root)
{
	return (struct act_host_config){ .name = name,
					 .host = (uint16_t)host,
					 .root = root,
					 .types = town->types,
					 .type_count = town->type_count };
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static bool leads(void *arg)
{
	return ((struct town *)arg)->is_leading;
}

static void start_control(struct town *town)
{
	CHECK_EQ(act_sim_run_for(town->sim, 20000, leads, town), ACT_SIM_CLAIM);
	plan_control(town);
	town->control_host = host_config(town, "control", TOWN_CONTROL, &town->control_root);
	CHECK_STATUS(act_sim_host(town->sim, 1, &town->control_host), OK);
}

static bool is_settled(struct town *town, const void *arg)
{
	uint32_t nodes = *(const uint32_t *)arg;

	if (!town_exists(town, "/api/v1/namespaces/default/serviceaccounts/default") ||
	    town_count(town, "/api/v1/nodes") < nodes)
		return false;
	for (uint32_t i = 1; i <= nodes; i++)
		if (town_value(town, arena_printf(test_arena(), "/api/v1/nodes/w%u", i).at,
			       "spec.podCIDR")
			.len == 0)
			return false;
	return true;
}

/* Which of many runs this is (tests/sim/run). */
static uint64_t chosen_seed(void)
{
	const char *text = getenv("TOWN_SEED");
	uint64_t seed = 0;

	if (text != NULL)
		CHECK_STATUS(str_to_u64(str_from(text), &seed), OK);
	return seed;
}

struct town *town_open(uint64_t seed, uint32_t nodes)
{
	struct town *town = arena_new_of(test_arena(), struct town);

	town->sim = act_sim_new(seed + 1000 * chosen_seed());
	add_types(town, store_types, store_type_count);
	add_types(town, api_types, api_type_count);
	add_types(town, alive_types, alive_type_count);
	plan_core(town);
	town->core_host = host_config(town, "core", TOWN_CORE, &town->core_root);
	CHECK_STATUS(act_sim_host(town->sim, 1, &town->core_host), OK);
	start_control(town);
	plan_nodes(town, nodes);
	town->nodes_host = host_config(town, "nodes", TOWN_NODES, &town->nodes_root);
	if (nodes > 0)
		CHECK_STATUS(act_sim_host(town->sim, 1, &town->nodes_host), OK);
	town_until(town, 60000, is_settled, &nodes);
	town->is_open = true;
	town_run(town, 10000);
	return town;
}

void town_close(struct town *town)
{
	act_sim_free(town->sim);
}

struct act_sim *town_sim(struct town *town)
{
	return town->sim;
}

void town_run(struct town *town, uint64_t ms)
{
	act_sim_run_for(town->sim, ms, NULL, NULL);
}

void town_until(struct town *town, uint64_t ms, bool (*claim)(struct town *town, const void *arg),
		const void *arg)
{
	uint64_t end_ms = act_sim_now_ms(town->sim) + ms;

	while (!claim(town, arg)) {
		if (act_sim_now_ms(town->sim) >= end_ms)
			test_fail(__FILE__, __LINE__, "the claim does not hold after %ju ms",
				  (uintmax_t)ms);
		town_run(town, 100);
	}
}

void town_crash(struct town *town, enum town_host host)
{
	act_sim_crash_host(town->sim, 1, (uint16_t)host);
	if (host == TOWN_CORE)
		town->is_leading = false;
	if (host == TOWN_CONTROL) /* its parts are told the term that is now */
		plan_control(town);
	act_sim_restart(town->sim, 1);
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

static void send(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_STATUS(act_request(act, act_named(act, "api"), &api_call_type, arg, WAIT_MS, 1), OK);
}

static bool is_answered(void *arg)
{
	return ((struct town *)arg)->is_answered;
}

static struct town_answer ask(struct town *town, const char *method, const char *path,
			      const char *type, const char *body)
{
	struct api_call call = api_call_new();
	static const struct str masters[] = { { "system:masters", 14 } };

	call.user = STR("admin");
	call.groups = masters;
	call.group_count = 1;
	call.method = arena_str(call.arena, str_from(method));
	call.path = arena_str(call.arena, str_from(path));
	call.content_type = str_from(type);
	call.body = arena_str(call.arena, str_from(body));
	town->is_answered = false;
	CHECK(act_host_enter(act_sim_host_of(town->sim, 1, TOWN_CORE), town->tester, send, &call));
	CHECK_EQ(act_sim_run_for(town->sim, WAIT_MS, is_answered, town), ACT_SIM_CLAIM);
	return town->answer;
}

struct town_answer town_ask(struct town *town, const char *method, const char *path,
			    const char *body)
{
	return ask(town, method, path, "application/json", body);
}

/* ---- objects ------------------------------------------------------------------------------------------------------ */

/* Where objects like this one are created. */
static struct str home_of(struct str json)
{
	struct str version = dig(test_arena(), json, "apiVersion"),
		   kind = dig(test_arena(), json, "kind");
	struct str namespace = dig(test_arena(), json, "metadata.namespace"), group = version;
	const struct type *type = type_find_api(version, kind);
	const char *root = str_find_char(group, '/') < 0 ? "api" : "apis";

	if (type == NULL)
		test_fail(__FILE__, __LINE__, "no such kind: " STR_FMT, STR_ARG(json));
	if ((type->flags & TYPE_NAMESPACED) == 0)
		return arena_printf(test_arena(), "/%s/" STR_FMT "/" STR_FMT, root,
				    STR_ARG(version), STR_ARG(type_resource(type)));
	return arena_printf(
	    test_arena(), "/%s/" STR_FMT "/namespaces/" STR_FMT "/" STR_FMT, root, STR_ARG(version),
	    STR_ARG(namespace.len > 0 ? namespace : STR("default")), STR_ARG(type_resource(type)));
}

void town_create(struct town *town, const char *format, ...)
{
	struct fault why = { 0 };
	struct yaml *yaml;
	struct str text;
	enum status status;
	va_list args;

	va_start(args, format);
	text = arena_vprintf(test_arena(), format, args);
	va_end(args);
	yaml = yaml_open(text);
	for (;;) {
		struct text json = text_in(test_arena(), MIB);
		struct town_answer answer;

		status = yaml_next(yaml, &json, &why);
		if (status != OK)
			break;
		answer = town_ask(town, "POST", home_of(text_str(&json)).at,
				  arena_cstr(test_arena(), text_str(&json)));
		if (answer.code != 201)
			test_fail(__FILE__, __LINE__, "%d " STR_FMT, answer.code,
				  STR_ARG(answer.body));
	}
	if (status != NOT_FOUND)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(text));
	yaml_close(yaml);
}

void town_patch(struct town *town, const char *path, const char *json)
{
	struct town_answer answer = ask(town, "PATCH", path, "application/merge-patch+json", json);

	if (answer.code != 200)
		test_fail(__FILE__, __LINE__, "%d " STR_FMT, answer.code, STR_ARG(answer.body));
}

void town_delete(struct town *town, const char *path, const char *policy)
{
	struct str body = arena_printf(test_arena(),
				       "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
				       "\"propagationPolicy\":\"%s\"}",
				       policy);
	struct town_answer answer = town_ask(town, "DELETE", path, policy ? body.at : NULL);

	if (answer.code != 200 && answer.code != 202)
		test_fail(__FILE__, __LINE__, "%d " STR_FMT, answer.code, STR_ARG(answer.body));
}

uint32_t town_count(struct town *town, const char *path)
{
	struct town_answer answer = town_ask(town, "GET", path, NULL);

	return answer.code == 200 ? dig_each(test_arena(), answer.body, "items", NULL, NULL) : 0;
}

bool town_exists(struct town *town, const char *path)
{
	return town_ask(town, "GET", path, NULL).code == 200;
}

struct str town_value(struct town *town, const char *path, const char *field)
{
	struct town_answer answer = town_ask(town, "GET", path, NULL);

	return answer.code == 200 ? dig(test_arena(), answer.body, field) : STR("");
}

bool town_is(struct town *town, const char *path, const char *field, const char *value)
{
	return str_is(town_value(town, path, field), value);
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

uint64_t town_revision(struct town *town)
{
	uint64_t revision = 0;

	CHECK_STATUS(str_to_u64(town_value(town, "/api/v1/namespaces", "metadata.resourceVersion"),
				&revision),
		     OK);
	return revision;
}

void town_check_quiet(struct town *town, uint64_t ms)
{
	uint64_t before, after;

	town_run(town, SETTLE_MS);
	before = town_revision(town);
	town_run(town, ms);
	after = town_revision(town);
	if (after != before)
		test_fail(__FILE__, __LINE__, "%ju writes in %ju ms of what should be rest",
			  (uintmax_t)(after - before), (uintmax_t)ms);
}

uint64_t town_requests(struct town *town)
{
	return town->asked;
}

uint64_t town_forbidden(struct town *town)
{
	return town->denied;
}
