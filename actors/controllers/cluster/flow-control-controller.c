/*
 * Flow control: the FlowSchemas and PriorityLevelConfigurations that every cluster has are made, and put back when they were changed; each FlowSchema
 * says whether its priority level is there (Dangling).
 *
 * A key is a name: of a schema, of a level, or of both. Mandatory objects are as they are, suggested ones as long as their annotation says so;
 * what says so and is none of them is left over from another release, and goes (upstream: registry/flowcontrol/ensurer).
 */
#include "actors/controller/controller.h"
#include "actors/controller/workload/condition.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/flowcontrol.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define AUTOMATIC STR("apf.kubernetes.io/autoupdate-spec")
#define HOME "kube-system"

typedef const struct flowcontrol_flow_schema flow_schema;
typedef const struct flowcontrol_priority_level_configuration configuration;

/* ---- what there is in every cluster ------------------------------------------------------------------------- */

static const struct level_row {
	const char *name;
	int32_t shares, queues, hand_size,
	    lendable_percent; /* no queues: what finds no seat is refused */
	bool is_mandatory, is_exempt;
} level_rows[] = {
	{ "catch-all", 5, 0, 0, 0, true, false },
	{ "exempt", 0, 0, 0, 0, true, true },
	{ "system", 30, 64, 6, 33, false, false },
	{ "node-high", 40, 64, 6, 25, false, false },
	{ "leader-election", 10, 16, 4, 0, false, false },
	{ "workload-high", 40, 128, 6, 50, false, false },
	{ "workload-low", 100, 128, 6, 90, false, false },
	{ "global-default", 20, 128, 6, 50, false, false },
};
#define LEVELS (sizeof level_rows / sizeof level_rows[0])

enum about { EVERYTHING, NODES, LEASES, HEALTH };

#define ANYBODY "Group system:unauthenticated|Group system:authenticated"
#define MANAGER "User system:kube-controller-manager"
#define SCHEDULER "User system:kube-scheduler"
#define ACCOUNTS "ServiceAccount *"

static const struct schema_row {
	const char *name, *level;
	int32_t precedence;
	const char *method;   /* absent: all of it is one flow */
	const char *subjects; /* service accounts are those of kube-system */
	enum about about;
	bool is_mandatory;
} schema_rows[] = {
	{ "exempt", "exempt", 1, NULL, "Group system:masters", EVERYTHING, true },
	{ "catch-all", "catch-all", 10000, "ByUser", ANYBODY, EVERYTHING, true },
	{ "probes", "exempt", 2, NULL, ANYBODY, HEALTH, false },
	{ "system-leader-election", "leader-election", 100, "ByUser",
	  MANAGER "|" SCHEDULER "|" ACCOUNTS, LEASES, false },
	{ "system-node-high", "node-high", 400, "ByUser", "Group system:nodes", NODES, false },
	{ "system-nodes", "system", 500, "ByUser", "Group system:nodes", EVERYTHING, false },
	{ "kube-controller-manager", "workload-high", 800, "ByNamespace", MANAGER, EVERYTHING,
	  false },
	{ "kube-scheduler", "workload-high", 800, "ByNamespace", SCHEDULER, EVERYTHING, false },
	{ "kube-system-service-accounts", "workload-high", 900, "ByNamespace", ACCOUNTS, EVERYTHING,
	  false },
	{ "service-accounts", "workload-low", 9000, "ByUser", "Group system:serviceaccounts",
	  EVERYTHING, false },
	{ "global-default", "global-default", 9900, "ByUser", ANYBODY, EVERYTHING, false },
};
#define SCHEMAS (sizeof schema_rows / sizeof schema_rows[0])

static const struct level_row *find_level(struct str name)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (str_is(name, level_rows[i].name))
			return &level_rows[i];
	return NULL;
}

static const struct schema_row *find_schema(struct str name)
{
	for (size_t i = 0; i < SCHEMAS; i++)
		if (str_is(name, schema_rows[i].name))
			return &schema_rows[i];
	return NULL;
}

/* ---- rows to records ------------------------------------------------------------------------------------------ */

/* Words with a space between them; of "" one that is empty. */
static struct str_list words(struct arena *arena, const char *text)
{
	struct str rest = str_from(text);
	struct str_list list = { arena_array(arena, struct str, 4), 0 };

	while (rest.at != NULL)
		list.at[list.len++] = str_cut(&rest, ' ');
	return list;
}

static void fill_subject(struct arena *arena, struct flowcontrol_subject *subject, struct str name)
{
	subject->kind = str_cut(&name, ' ');
	if (str_is(subject->kind, "User")) {
		MAKE(subject->user, arena)->name = name;
	} else if (str_is(subject->kind, "Group")) {
		MAKE(subject->group, arena)->name = name;
	} else {
		MAKE(subject->service_account, arena)->name = name;
		subject->service_account->namespace = STR(HOME);
	}
}

static void fill_resource(struct arena *arena, struct flowcontrol_resource_policy_rule *rule,
			  const char *verbs, const char *group, const char *resources,
			  bool is_of_cluster)
{
	rule->verbs = words(arena, verbs);
	rule->api_groups = words(arena, group);
	rule->resources = words(arena, resources);
	rule->namespaces = words(arena, "*");
	if (is_of_cluster)
		rule->cluster_scope = true;
}

static void fill_paths(struct arena *arena, struct flowcontrol_policy_rules_with_subjects *rules,
		       const char *verbs, const char *paths)
{
	struct flowcontrol_non_resource_policy_rule *rule =
	    arena_new_of(arena, struct flowcontrol_non_resource_policy_rule);

	rule->verbs = words(arena, verbs);
	rule->non_resource_urls = words(arena, paths);
	rules->non_resource_rules.at = rule;
	rules->non_resource_rules.len = 1;
}

static void fill_rules(struct arena *arena, struct flowcontrol_policy_rules_with_subjects *rules,
		       enum about about)
{
	struct flowcontrol_resource_policy_rule *at =
	    arena_array(arena, struct flowcontrol_resource_policy_rule, 2);

	if (about == HEALTH) {
		fill_paths(arena, rules, "get", "/healthz /readyz /livez");
		return;
	}
	rules->resource_rules.at = at;
	rules->resource_rules.len = about == NODES ? 2 : 1;
	if (about == EVERYTHING) {
		fill_resource(arena, at, "*", "*", "*", true);
		fill_paths(arena, rules, "*", "*");
	} else if (about == LEASES) {
		fill_resource(arena, at, "get create update", "coordination.k8s.io", "leases",
			      false);
	} else {
		fill_resource(arena, at, "*", "", "nodes nodes/status", true);
		fill_resource(arena, at + 1, "*", "coordination.k8s.io", "leases", false);
	}
}

static struct flowcontrol_flow_schema_spec *schema_spec(struct arena *arena,
							const struct schema_row *row)
{
	struct flowcontrol_flow_schema_spec *spec =
	    arena_new_of(arena, struct flowcontrol_flow_schema_spec);
	struct flowcontrol_policy_rules_with_subjects *rules =
	    arena_new_of(arena, struct flowcontrol_policy_rules_with_subjects);
	struct str rest = str_from(row->subjects);

	MAKE(spec->priority_level_configuration, arena)->name = str_from(row->level);
	SET(spec, matching_precedence, row->precedence);
	if (row->method != NULL)
		MAKE(spec->distinguisher_method, arena)->type = str_from(row->method);
	rules->subjects.at = arena_array(arena, struct flowcontrol_subject, 4);
	while (rest.at != NULL)
		fill_subject(arena, &rules->subjects.at[rules->subjects.len++], str_cut(&rest, '|'));
	fill_rules(arena, rules, row->about);
	spec->rules.at = rules;
	spec->rules.len = 1;
	return spec;
}

static void fill_limited(struct arena *arena,
			 struct flowcontrol_limited_priority_level_configuration *limited,
			 const struct level_row *row)
{
	struct flowcontrol_queuing_configuration *queuing;

	SET(limited, nominal_concurrency_shares, row->shares);
	SET(limited, lendable_percent, row->lendable_percent);
	MAKE(limited->limit_response, arena)->type = row->queues ? STR("Queue") : STR("Reject");
	if (row->queues == 0)
		return;
	queuing = MAKE(limited->limit_response->queuing, arena);
	SET(queuing, queues, row->queues);
	SET(queuing, hand_size, row->hand_size);
	SET(queuing, queue_length_limit, 50);
}

/* How many seats the exempt level counts for is the user's to say. */
static struct flowcontrol_priority_level_configuration_spec *
level_spec(struct arena *arena, const struct level_row *row, configuration *now)
{
	struct flowcontrol_priority_level_configuration_spec *spec =
	    arena_new_of(arena, struct flowcontrol_priority_level_configuration_spec);

	spec->type = row->is_exempt ? STR("Exempt") : STR("Limited");
	if (!row->is_exempt) {
		fill_limited(arena, MAKE(spec->limited, arena), row);
	} else if (now != NULL && now->spec->exempt != NULL) {
		*MAKE(spec->exempt, arena) = *now->spec->exempt;
	} else {
		SET(MAKE(spec->exempt, arena), nominal_concurrency_shares, 0);
		SET(spec->exempt, lendable_percent, 0);
	}
	return spec;
}

/* ---- whether it is to be kept as it was made ---------------------------------------------------------------- */

/* As Go reads a bool; false: it cannot be read. */
static bool read_bool(struct str text, bool *out)
{
	*out = text.len > 0 && str_is_among(text, "1|t|T|true|True|TRUE", '|');
	return *out || (text.len > 0 && str_is_among(text, "0|f|F|false|False|FALSE", '|'));
}

static bool is_automatic(const struct meta_object_meta *meta)
{
	bool value;

	if (read_bool(str_map_get(meta->annotations, AUTOMATIC), &value))
		return value;
	return meta->generation == 1;
}

static bool is_leftover(const struct meta_object_meta *meta)
{
	bool value;

	return read_bool(str_map_get(meta->annotations, AUTOMATIC), &value) && value;
}

/* The annotation says what was decided; true: the spec is to be put back. */
static bool decide(struct plan *plan, struct meta_object_meta *meta, bool is_mandatory)
{
	bool is_kept = is_mandatory || is_automatic(meta);

	str_map_put(&meta->annotations, plan_arena(plan), AUTOMATIC,
		    is_kept ? STR("true") : STR("false"));
	return is_kept;
}

static void make_automatic(struct plan *plan, struct meta_object_meta *meta)
{
	str_map_put(&meta->annotations, plan_arena(plan), AUTOMATIC, STR("true"));
}

/* ---- reconciling -------------------------------------------------------------------------------------------- */

static void reconcile_level(const struct world *world, struct key key, struct plan *plan)
{
	configuration *level = world_get(world, key, flowcontrol_priority_level_configuration);
	const struct level_row *row = find_level(key.name);
	struct flowcontrol_priority_level_configuration_spec *spec;
	struct flowcontrol_priority_level_configuration *edit;

	if (level != NULL && row == NULL && is_leftover(level->metadata))
		plan_delete(plan, level, flowcontrol_priority_level_configuration);
	if (row == NULL || (level != NULL && level->metadata->has.deletion_timestamp))
		return;
	spec = level_spec(plan_arena(plan), row, level);
	if (level == NULL) {
		edit = plan_new(plan, STR(""), str_from(row->name),
				flowcontrol_priority_level_configuration);
		make_automatic(plan, edit->metadata);
		edit->spec = spec;
		return;
	}
	edit = plan_edit(plan, level, flowcontrol_priority_level_configuration);
	if (decide(plan, edit->metadata, row->is_mandatory) &&
	    !world_same(level->spec, spec, flowcontrol_priority_level_configuration_spec))
		edit->spec = spec;
}

static void tell(const struct world *world, struct plan *plan, flow_schema *schema)
{
	struct str level = schema->spec->priority_level_configuration->name;
	bool is_there = find_level(level) != NULL || /* it is about to be made */
			world_get(world, ((struct key){ STR(""), level }),
				  flowcontrol_priority_level_configuration) != NULL;
	struct flowcontrol_flow_schema *edit = plan_status(plan, schema, flowcontrol_flow_schema);

	condition_set(
	    plan_arena(plan), &MAKE(edit->status, plan_arena(plan))->conditions, world_now(world),
	    flowcontrol_flow_schema_condition, .type = "Dangling",
	    .status = is_there ? "False" : "True", .reason = is_there ? "Found" : "NotFound",
	    .message = arena_printf(
		plan_arena(plan),
		"This FlowSchema references the PriorityLevelConfiguration object named "
		"\"" STR_FMT "\" %s",
		STR_ARG(level), is_there ? "and it exists" : "but there is no such object"));
}

static void reconcile_schema(const struct world *world, struct key key, struct plan *plan)
{
	flow_schema *schema = world_get(world, key, flowcontrol_flow_schema);
	const struct schema_row *row = find_schema(key.name);
	struct flowcontrol_flow_schema_spec *spec;
	struct flowcontrol_flow_schema *edit;

	if (schema != NULL && row == NULL && is_leftover(schema->metadata)) {
		plan_delete(plan, schema, flowcontrol_flow_schema);
		return;
	}
	if (schema != NULL && !schema->metadata->has.deletion_timestamp)
		tell(world, plan, schema);
	if (row == NULL || (schema != NULL && schema->metadata->has.deletion_timestamp))
		return;
	spec = schema_spec(plan_arena(plan), row);
	if (schema == NULL) {
		edit = plan_new(plan, STR(""), str_from(row->name), flowcontrol_flow_schema);
		make_automatic(plan, edit->metadata);
		edit->spec = spec;
		return;
	}
	edit = plan_edit(plan, schema, flowcontrol_flow_schema);
	if (decide(plan, edit->metadata, row->is_mandatory) &&
	    !world_same(schema->spec, spec, flowcontrol_flow_schema_spec))
		edit->spec = spec;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	reconcile_level(world, key, plan);
	reconcile_schema(world, key, plan);
	return OK;
}

/* ---- what wakes a key ------------------------------------------------------------------------------------------ */

/* Its own name, and the schemas that are of it. */
static void level_wakes(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	configuration *level = object->record;
	struct records schemas = world_list(world, STR_NONE, flowcontrol_flow_schema);

	(void)old;
	wake_key(to, STR(""), level->metadata->name);
	for (uint32_t i = 0; i < schemas.len; i++) {
		flow_schema *schema = record_at(schemas, i, flowcontrol_flow_schema);

		if (str_eq(schema->spec->priority_level_configuration->name, level->metadata->name))
			wake_key(to, STR(""), schema->metadata->name);
	}
}

/* Where nothing is nothing wakes: the namespace that is always there does. */
static void namespace_wakes(const struct world *world, const struct object *object,
			    const struct object *old, struct wake *to)
{
	const struct core_namespace *namespace = object->record;

	(void)world;
	if (old != NULL || !str_is(namespace->metadata->name, HOME))
		return;
	for (size_t i = 0; i < LEVELS; i++)
		wake_key(to, STR(""), str_from(level_rows[i].name));
	for (size_t i = 0; i < SCHEMAS; i++)
		wake_key(to, STR(""), str_from(schema_rows[i].name));
}

const struct controller flow_control_controller = {
	.name = "flow-control",
	.account = "flow-control-controller",
	.reconciles = &flowcontrol_flow_schema_type,
	.triggers = { { &flowcontrol_priority_level_configuration_type, level_wakes, true },
		      { &core_namespace_type, namespace_wakes, true } },
	.reconcile = reconcile,
};
