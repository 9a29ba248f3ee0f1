#include "actors/controller/plan-private.h"
#include "actors/controller/world-private.h"
#include "actors/controllers/controllers.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

/* A world of nodes with the given ranges; one without has "". */
struct nodes {
	const struct object *at[300];
	uint32_t len;
};

static void add_node(struct nodes *nodes, const char *name, const char *range)
{
	struct object *object = object_new(&core_node_type);
	struct core_node *node = object->record;

	record_fill(&core_node_type, node, object_arena(object));
	node->metadata->name = str_from(name);
	if (range[0] != 0)
		node->spec->pod_cidr = str_from(range);
	object_freeze(object, 1);
	nodes->at[nodes->len++] = object_hold(test_arena(), object);
	object_unref(object);
}

static const struct object *get(void *self, struct arena *arena, const struct type *type,
				struct key key)
{
	const struct nodes *nodes = self;

	(void)type, (void)arena;
	for (uint32_t i = 0; i < nodes->len; i++)
		if (str_eq(object_name(nodes->at[i]), key.name))
			return nodes->at[i];
	return NULL;
}

static void each(void *self, const struct type *type, struct str namespace, world_each_fn *visit,
		 void *arg)
{
	const struct nodes *nodes = self;

	(void)type;
	(void)namespace;
	for (uint32_t i = 0; i < nodes->len && visit(arg, nodes->at[i]); i++)
		;
}

static struct plan *reconcile(struct nodes *nodes, const char *name)
{
	static const struct world_face face = { .get = get, .each = each };
	struct world world = { .face = &face, .self = nodes, .arena = test_arena() };
	struct plan *plan = arena_new_of(test_arena(), struct plan);

	plan_init(plan, test_arena());
	CHECK_STATUS(
	    node_ipam_controller.reconcile(&world, (struct key){ STR(""), str_from(name) }, plan),
	    OK);
	plan_settle(plan, NULL, 0);
	return plan;
}

TEST(a_node_without_a_range_gets_the_lowest_that_overlaps_with_none)
{
	static const struct {
		const char *ranges[4], *given;
	} cases[] = {
		{ { "" }, "10.244.0.0/24" },
		{ { "10.244.0.0/24" }, "10.244.1.0/24" },
		{ { "10.244.1.0/24", "10.244.0.0/24", "10.244.3.0/24" }, "10.244.2.0/24" },
		{ { "10.244.0.0/22" }, "10.244.4.0/24" },
		{ { "10.244.0.64/26" }, "10.244.1.0/24" },
		{ { "10.0.0.0/8" }, NULL },
		{ { "192.168.0.0/16", "fd00::/64", "nonsense" }, "10.244.0.0/24" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct nodes nodes = { .len = 0 };
		struct plan *plan;

		add_node(&nodes, "new", "");
		for (size_t r = 0; r < 4 && cases[i].ranges[r] != NULL; r++)
			add_node(&nodes, "old", cases[i].ranges[r]);
		plan = reconcile(&nodes, "new");
		CHECK_EQ(plan->write_count, cases[i].given != NULL);
		if (cases[i].given == NULL)
			continue;
		CHECK_STR(((const struct core_node *)plan->writes[0].record)->spec->pod_cidr,
			  cases[i].given);
		CHECK_STR(((const struct core_node *)plan->writes[0].record)->spec->pod_cidrs.at[0],
			  cases[i].given);
	}
}

TEST(what_a_node_has_is_not_changed)
{
	struct nodes nodes = { .len = 0 };

	add_node(&nodes, "n1", "10.244.200.0/24");
	CHECK_EQ(reconcile(&nodes, "n1")->write_count, 0);
	CHECK_EQ(reconcile(&nodes, "gone")->write_count, 0);
}

TEST(when_all_ranges_are_out_people_are_told_and_it_is_tried_again)
{
	struct nodes nodes = { .len = 0 };
	struct plan *plan;

	add_node(&nodes, "new", "");
	for (uint32_t i = 0; i < 256; i++)
		add_node(&nodes, "old", arena_printf(test_arena(), "10.244.%u.0/24", i).at);
	plan = reconcile(&nodes, "new");
	CHECK_EQ(plan->write_count, 0);
	CHECK_EQ(plan->event_count, 1);
	CHECK_STR(str_from(plan->events[0].reason), "CIDRNotAvailable");
	CHECK(plan->again_ms > 0);
}
