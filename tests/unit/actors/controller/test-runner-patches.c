#include "actors/controller/controller.h"
#include "actors/controller/plan-private.h"
#include "tests/unit/actors/controller/desk.h"

static void put_wanting(struct desk *desk, int want)
{
	desk_put(desk, &core_config_map_type,
		 "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},\"data\":{\"want\":\"%d\"}}",
		 want);
}

static enum status reconcile_marks(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_config_map *map = world_get(world, key, core_config_map);

	if (map != NULL)
		str_map_put(&plan_edit(plan, map, core_config_map)->metadata->labels,
			    plan_arena(plan), STR("mark"), STR("set"));
	return OK;
}

TEST(kinds_that_may_only_be_patched_are_patched_and_conflicts_are_noticed)
{
	static const struct controller marker = { .name = "marker",
						  .account = "marker",
						  .reconciles = &core_config_map_type,
						  .patches = { &core_config_map_type },
						  .reconcile = reconcile_marks };
	static const struct runner_args args = { &marker, "api", DESK_TERM, NULL };
	struct desk *desk = desk_open_runner(&args);
	const struct object *map;

	put_wanting(desk, 1);
	desk_run(desk, 1000);
	map = desk_get(desk, &core_config_map_type, "n", "a");
	CHECK_STR(str_map_get(object_meta(map)->labels, STR("mark")), "set");
	CHECK_EQ(desk_counts(desk).patches, 1);
	/* The cache does not know that it has changed once more. */
	put_wanting(desk, 2);
	desk_hold_events(desk, &core_config_map_type);
	desk_run(desk, 1);
	put_wanting(desk, 3);
	desk_run(desk, 1000);
	desk_hold_events(desk, NULL);
	desk_run(desk, 5000);
	map = desk_get(desk, &core_config_map_type, "n", "a");
	CHECK_STR(str_map_get(object_meta(map)->labels, STR("mark")), "set");
	CHECK_STR(str_map_get(((const struct core_config_map *)map->record)->data, STR("want")),
		  "3");
	CHECK_EQ(desk_counts(desk).updates, 0);
	desk_close(desk);
}
