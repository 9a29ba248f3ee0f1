#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/server/rig.h"

static uint32_t reconciled; /* how often config map "b" was looked at */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	(void)plan;
	reconciled += str_is(key.name, "b") && world_get(world, key, core_config_map) != NULL;
	return OK;
}

static const struct controller counting = { .name = "counting",
					    .account = "counting",
					    .reconciles = &core_config_map_type,
					    .reconcile = reconcile };

static void kill_caches(struct act *act, void *arg)
{
	(void)arg;
	act_kill(act, act_whereis(act, "caches"));
}

static void put(struct rig *rig, const char *name)
{
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/configmaps",
			    arena_printf(test_arena(), "{\"metadata\":{\"name\":\"%s\"}}", name).at),
		   201);
}

TEST(a_runner_whose_caches_ended_goes_on_with_the_next_ones)
{
	static const struct caches_args caches = { "api", "system:kube-controller-manager" };
	static const struct runner_args runner = { &counting, "api", 0 };
	const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "counting", .class = &controller_class, .args = &runner },
	};
	struct rig *rig = rig_open_with(NULL, children, 2);

	put(rig, "a");
	rig_run(rig, 1000);
	rig_enter(rig, kill_caches, NULL);
	rig_run(rig, 1000);
	put(rig, "b");
	rig_run(rig, 5000);
	CHECK(reconciled > 0);
	rig_close(rig);
}
