#include "actors/server/cache/kept.h"

#include "runtime/trace/metrics.h"
#include "tests/unit/actors/server/rig.h"

#define MAPS 40U
#define MAP_BYTES 2000U /* of one, at least */
#define BUDGET (20U * MAP_BYTES)
#define PATH "/api/v1/namespaces/default/configmaps"

static void make_maps(struct rig *rig)
{
	char *text = arena_alloc(test_arena(), MAP_BYTES);

	memset(text, 'x', MAP_BYTES);
	for (uint32_t i = 0; i < MAPS; i++) {
		const char *body =
		    arena_printf(test_arena(),
				 "{\"metadata\":{\"name\":\"m%02u\"},\"data\":{\"a\":\"%.*s\"}}", i,
				 (int)MAP_BYTES, text)
			.at;

		CHECK_EQ(rig_post(rig, PATH, body).code, 201);
	}
}

static int64_t kept(struct rig *rig, struct metrics *metrics)
{
	rig_run(rig, 2000); /* it is said at a tick */
	return metrics_gauge(metrics, "troupe_apiserver_kept_encodings_bytes", "", NULL)->value;
}

static uint32_t list_bytes(struct rig *rig, const char *accept)
{
	struct rig_answer answer = rig_ask_of(rig, .method = "GET", .path = PATH, .accept = accept);

	CHECK_EQ(answer.code, 200);
	return answer.body.len;
}

TEST(lists_are_whole_and_what_is_kept_of_them_has_a_budget)
{
	struct metrics *metrics = metrics_new();
	struct server_config config = { .store = "store", .metrics = metrics, .kept_bytes = BUDGET };
	struct rig *rig = rig_open(&config);
	uint32_t first;

	make_maps(rig);
	first = list_bytes(rig, "application/json");
	CHECK(first > MAPS * MAP_BYTES);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(list_bytes(rig, "application/json"), first);
		CHECK(list_bytes(rig, "application/vnd.kubernetes.protobuf") > MAPS * MAP_BYTES);
		CHECK(kept(rig, metrics) <= BUDGET);
		CHECK(kept(rig, metrics) > 0);
	}
	rig_close(rig);
	metrics_free(metrics);
}

TEST(what_fits_the_budget_is_kept)
{
	struct metrics *metrics = metrics_new();
	struct server_config config = { .store = "store", .metrics = metrics };
	struct rig *rig = rig_open(&config);
	int64_t once;

	make_maps(rig);
	list_bytes(rig, "application/json");
	once = kept(rig, metrics);
	CHECK(once > (int64_t)(MAPS * MAP_BYTES));
	list_bytes(rig, "application/json");
	CHECK_EQ(kept(rig, metrics), once);
	rig_close(rig);
	metrics_free(metrics);
}

TEST(what_nobody_has_asked_for_lately_is_let_go_of_and_made_again_for_the_next_who_asks)
{
	struct metrics *metrics = metrics_new();
	struct server_config config = { .store = "store", .metrics = metrics, .kept_bytes = MIB };
	struct rig *rig = rig_open(&config);
	uint32_t bytes;

	make_maps(rig);
	bytes = list_bytes(rig, "application/json");
	for (uint32_t i = 0; i < 5; i++) {
		CHECK(kept(rig, metrics) > (int64_t)(MAPS * MAP_BYTES));
		CHECK_EQ(list_bytes(rig, "application/json"), bytes);
	}
	rig_run(rig, 15000);
	CHECK_EQ(kept(rig, metrics), 0);
	CHECK_EQ(list_bytes(rig, "application/json"), bytes);
	CHECK(kept(rig, metrics) > (int64_t)(MAPS * MAP_BYTES));
	rig_close(rig);
	metrics_free(metrics);
}
