/* Lists at an exact revision go back beyond compaction, as far as the store keeps it; nothing else does. */
#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static void make(struct rig *rig, const char *name)
{
	CHECK_CODE(rig_post(rig, MAPS, rig_printf("{\"metadata\":{\"name\":\"%s\"}}", name).at),
		   201);
}

static void put(struct rig *rig, const char *name, const char *value)
{
	CHECK_CODE(rig_put(rig, rig_printf(MAPS "/%s", name).at,
			   rig_printf("{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"%s\"}}",
				      name, value)
			       .at),
		   200);
}

/* a@3 b@4 c@5, b changed at 6, a deleted at 7, d@8 an hour later: all but the last is compacted. */
static struct rig *make_past(uint64_t bytes)
{
	struct rig *rig = rig_open(NULL);

	rig_keep_past(rig, bytes, 24 * 3600);
	make(rig, "a");
	make(rig, "b");
	make(rig, "c");
	put(rig, "b", "2");
	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
	rig_run(rig, 1800000);
	make(rig, "d");
	rig_run(rig, 1800000);
	return rig;
}

static struct str continue_of(struct rig_answer answer)
{
	return rig_at(answer.body, "metadata.continue");
}

TEST(an_exact_list_shows_what_was_compacted_and_is_kept)
{
	struct rig *rig = make_past(1U * MIB);
	struct rig_answer answer;

	answer = rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=Exact");
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "a b c");
	CHECK_EQ(rig_version(answer.body), 5);
	CHECK(rig_at(answer.body, "items[1].data.k").at == NULL);
	answer = rig_get(rig, MAPS "?resourceVersion=6&resourceVersionMatch=Exact");
	CHECK_STR(rig_names(answer.body), "a b c");
	CHECK_AT(answer.body, "items[1].data.k", "2");
	answer = rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=Exact"
				   "&fieldSelector=metadata.name=b");
	CHECK_STR(rig_names(answer.body), "b");
	CHECK_AT(answer.body, "items[0].metadata.resourceVersion", "4");
	answer = rig_get(rig, MAPS "?resourceVersion=7&resourceVersionMatch=Exact"
				   "&fieldSelector=metadata.name=a");
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "");
	rig_close(rig);
}

TEST(pages_of_an_exact_list_go_on_beyond_compaction)
{
	struct rig *rig = make_past(1U * MIB);
	struct rig_answer answer =
	    rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=Exact&limit=2");

	CHECK_STR(rig_names(answer.body), "a b");
	answer = rig_get(
	    rig, rig_printf(MAPS "?limit=2&continue=" STR_FMT, STR_ARG(continue_of(answer))).at);
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "c");
	CHECK(continue_of(answer).at == NULL);
	rig_close(rig);
}

TEST(whoever_does_not_say_exact_is_told_as_upstream_tells_it)
{
	struct rig *rig = make_past(1U * MIB);

	CHECK_CODE(rig_get(rig, MAPS "?resourceVersion=5&limit=2"), 410);
	CHECK_CODE(rig_get(rig, MAPS "?resourceVersion=5"), 200);
	rig_kill_server(rig); /* it forgets what it had seen itself */
	rig_run(rig, 1000);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&resourceVersion=5", 1), 200);
	CHECK_STR(rig_events(rig, 1), "ERROR Expired@0 CLOSED 410");
	/* The one object of a get is never an old one. */
	CHECK_CODE(rig_get(rig, MAPS "/a?resourceVersion=5&resourceVersionMatch=Exact"), 404);
	rig_close(rig);
}

TEST(what_is_not_kept_has_expired_for_everybody)
{
	struct rig *rig = make_past(0);
	struct rig_answer answer =
	    rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=Exact");

	CHECK_CODE(answer, 410);
	CHECK_AT(answer.body, "reason", "Expired");
	rig_close(rig);
}
