#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/stage.h"

/*
 * A cluster in which nodes and pods come and go while the server refuses, holds back and is away, and actors are killed. Whatever
 * happens, no node is given away twice; and when it is over every pod that fits has a node.
 */

#define NODES 6
#define PODS 40
#define NODE_CPU 4
#define STEPS 120

struct chaos {
	struct stage *stage;
	uint64_t state;
	bool has_node[NODES];
};

static uint32_t draw(struct chaos *chaos, uint32_t below)
{
	chaos->state = hash_mix(chaos->state, 1);
	return (uint32_t)(chaos->state % below);
}

static const char *name_of(const char *what, uint32_t i)
{
	return arena_printf(test_arena(), "%s%u", what, i).at;
}

static bool has_pod(struct chaos *chaos, uint32_t i)
{
	return stage_get(chaos->stage, &core_pod_type, "default", name_of("p", i)) != NULL;
}

static void flip_node(struct chaos *chaos)
{
	uint32_t i = draw(chaos, NODES);
	const char *name = name_of("n", i);

	/* Pods go with their node here, so that room is what it seems. */
	for (uint32_t p = 0; chaos->has_node[i] && p < PODS; p++)
		if (str_is(stage_node_of(chaos->stage, name_of("p", p)), name))
			stage_delete(chaos->stage, &core_pod_type, "default", name_of("p", p));
	if (chaos->has_node[i])
		stage_delete(chaos->stage, &core_node_type, "", name);
	else
		stage_node(chaos->stage, name, "4", "64Gi");
	chaos->has_node[i] = !chaos->has_node[i];
}

static void flip_pod(struct chaos *chaos)
{
	uint32_t i = draw(chaos, PODS);

	if (has_pod(chaos, i))
		stage_delete(chaos->stage, &core_pod_type, "default", name_of("p", i));
	else
		stage_put(chaos->stage, &core_pod_type,
			  "{\"metadata\":{\"name\":\"p%u\",\"namespace\":\"default\"},\"spec\":{"
			  "\"priority\":%u,\"containers\":[{\"name\":\"c\",\"resources\":{"
			  "\"requests\":{\"cpu\":\"1\"}}}]}}",
			  i, draw(chaos, 3));
}

static void trouble(struct chaos *chaos)
{
	switch (draw(chaos, 6)) {
	case 0: stage_refuse(chaos->stage, "/binding", 500, 1 + draw(chaos, 3)); break;
	case 1: stage_refuse(chaos->stage, "/binding", 409, 1); break;
	case 2: stage_refuse(chaos->stage, "/status", 503, 1 + draw(chaos, 3)); break;
	case 3: stage_kill(chaos->stage, "scheduler"); break;
	case 4: stage_kill(chaos->stage, "caches"); break;
	default:
		stage_hold(chaos->stage, true);
		stage_run(chaos->stage, draw(chaos, 2000));
		stage_hold(chaos->stage, false);
		break;
	}
}

/* Every pod asks for one cpu. */
static void check_room(struct chaos *chaos)
{
	uint32_t used[NODES] = { 0 };

	for (uint32_t p = 0; p < PODS; p++) {
		struct str node = stage_node_of(chaos->stage, name_of("p", p));

		if (has_pod(chaos, p) && node.len > 0)
			CHECK(++used[node.at[1] - '0'] <= NODE_CPU);
	}
}

static void check_all_placed(struct chaos *chaos)
{
	uint32_t room = 0, pods = 0, placed = 0;

	for (uint32_t i = 0; i < NODES; i++)
		room += chaos->has_node[i] ? NODE_CPU : 0;
	for (uint32_t p = 0; p < PODS; p++) {
		pods += has_pod(chaos, p);
		placed += has_pod(chaos, p) && stage_node_of(chaos->stage, name_of("p", p)).len > 0;
	}
	CHECK_EQ(placed, pods < room ? pods : room);
}

static void run(uint64_t seed)
{
	struct chaos chaos = { .stage = stage_open(seed), .state = seed };

	for (int i = 0; i < STEPS; i++) {
		uint32_t what = draw(&chaos, 10);

		if (what == 0)
			flip_node(&chaos);
		else if (what < 8)
			flip_pod(&chaos);
		else
			trouble(&chaos);
		stage_run(chaos.stage, draw(&chaos, 300));
		check_room(&chaos);
	}
	stage_refuse(chaos.stage, "", 0, 0);
	stage_run(chaos.stage, 30000);
	check_room(&chaos);
	check_all_placed(&chaos);
	stage_close(chaos.stage);
}

TEST_SLOW(no_node_is_given_away_twice_and_every_pod_that_fits_gets_one_whatever_happens, 60)
{
	for (uint64_t seed = 1; seed <= 25; seed++)
		run(seed);
}
