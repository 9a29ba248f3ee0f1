#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define METADATA "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

static uint64_t make(struct rig *rig, const char *name, const char *label)
{
	struct rig_answer answer = rig_post(
	    rig, MAPS,
	    rig_printf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"app\":\"%s\"}}}", name, label)
		.at);

	CHECK_CODE(answer, 201);
	return rig_version(answer.body);
}

static void label(struct rig *rig, const char *name, const char *value)
{
	CHECK_CODE(rig_patch(rig, "merge", rig_printf(MAPS "/%s", name).at,
			     rig_printf("{\"metadata\":{\"labels\":{\"app\":\"%s\"}}}", value).at),
		   200);
}

static void drop(struct rig *rig, const char *name)
{
	CHECK_CODE(rig_delete(rig, rig_printf(MAPS "/%s", name).at, NULL), 200);
}

TEST(a_watch_begins_with_what_is_there_and_goes_on)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "b", "x");
	make(rig, "a", "x");
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	CHECK_STR(rig_events(rig, 1), "ADDED a@4 ADDED b@3");
	make(rig, "c", "x");
	label(rig, "a", "y");
	drop(rig, "b");
	CHECK_STR(rig_events(rig, 1), "ADDED c@5 MODIFIED a@6 DELETED b@7");
	CHECK_AT(rig_last_object(rig, 1), "kind", "ConfigMap");
	CHECK_AT(rig_last_object(rig, 1), "metadata.resourceVersion", "7");
	CHECK_AT(rig_last_object(rig, 1), "metadata.labels.app", "x");
	rig_close(rig);
}

TEST(who_is_shown_metadata_alone_hears_of_changes_a_moment_later)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	CHECK_CODE(rig_watch_as(rig, MAPS "?watch=1", METADATA, 2), 200);
	make(rig, "a", "x");
	rig_run(rig, 0);
	CHECK_AT(rig_last_object(rig, 1), "metadata.name", "a");
	CHECK(rig_last_object(rig, 2).at == NULL);
	make(rig, "b", "x");
	drop(rig, "a");
	CHECK_STR(rig_events(rig, 2), "ADDED a@3 ADDED b@4 DELETED a@5");
	CHECK_AT(rig_last_object(rig, 2), "kind", "PartialObjectMetadata");
	CHECK_STR(rig_events(rig, 2), "");
	make(rig, "c", "x");
	rig_cancel(rig, 2);
	CHECK_STR(rig_events(rig, 2), "");
	CHECK_STR(rig_events(rig, 1), "ADDED a@3 ADDED b@4 DELETED a@5 ADDED c@6");
	rig_close(rig);
}

/* What waits for its moment is full before: it leaves, and the rest goes on by acknowledgements. */
TEST(who_is_shown_metadata_alone_hears_of_all_of_many_changes)
{
	struct rig *rig = rig_open(NULL);
	uint32_t made = 0, number[64];

	CHECK_CODE(rig_watch_as(rig, MAPS "?watch=1", METADATA, 1), 200);
	rig_acknowledge(rig, false);
	for (uint32_t round = 0; round < 8; round++) {
		for (uint32_t i = 0; i < 50; i++)
			number[i] = rig_begin(
			    rig,
			    &(struct rig_request){
				.method = "POST",
				.path = MAPS,
				.body =
				    rig_printf("{\"metadata\":{\"name\":\"m-%u\"}}", made++).at });
		for (uint32_t i = 0; i < 50; i++)
			CHECK_CODE(rig_finish(rig, number[i]), 201);
	}
	rig_acknowledge(rig, true);
	for (int i = 0; i < 2; i++) {
		rig_more(rig, 1);
		rig_run(rig, 20);
	}
	CHECK_AT(rig_last_object(rig, 1), "metadata.name", "m-399");
	CHECK_EQ(rig_version(rig_last_object(rig, 1)), 402);
	rig_close(rig);
}

TEST(a_watch_from_a_revision_tells_what_came_after_it)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = make(rig, "a", "x");

	label(rig, "a", "y");
	drop(rig, "a");
	make(rig, "a", "z");
	CHECK_CODE(
	    rig_watch(rig,
		      rig_printf(MAPS "?watch=true&resourceVersion=%ju", (uintmax_t)version).at, 1),
	    200);
	CHECK_STR(rig_events(rig, 1), "MODIFIED a@4 DELETED a@5 ADDED a@6");
	make(rig, "b", "x");
	CHECK_STR(rig_events(rig, 1), "ADDED b@7");
	rig_close(rig);
}

TEST(a_watch_from_any_revision_begins_with_what_is_there)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "a", "x");
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&resourceVersion=0", 1), 200);
	CHECK_STR(rig_events(rig, 1), "ADDED a@3");
	rig_close(rig);
}

TEST(a_watch_sees_its_namespace_only)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"b\"}}"), 201);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	CHECK_CODE(rig_watch(rig, "/api/v1/configmaps?watch=1", 2), 200);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/b/configmaps", "{\"metadata\":{\"name\":\"z\"}}"),
	    201);
	make(rig, "a", "x");
	CHECK_STR(rig_events(rig, 1), "ADDED a@5");
	CHECK_STR(rig_events(rig, 2), "ADDED z@4 ADDED a@5");
	rig_close(rig);
}

TEST(objects_come_and_go_as_they_begin_and_cease_to_match)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&labelSelector=app%3Dweb", 1), 200);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&fieldSelector=metadata.name%3Db", 2), 200);
	make(rig, "a", "db");
	CHECK_STR(rig_events(rig, 1), "");
	label(rig, "a", "web");
	CHECK_STR(rig_events(rig, 1), "ADDED a@4");
	label(rig, "a", "db");
	CHECK_STR(rig_events(rig, 1), "DELETED a@5");
	CHECK_AT(rig_last_object(rig, 1), "metadata.labels.app", "web");
	CHECK_AT(rig_last_object(rig, 1), "metadata.resourceVersion", "5");
	drop(rig, "a");
	CHECK_STR(rig_events(rig, 1), "");
	make(rig, "b", "web");
	CHECK_STR(rig_events(rig, 1), "ADDED b@7");
	CHECK_STR(rig_events(rig, 2), "ADDED b@7");
	rig_close(rig);
}

TEST(initial_events_end_with_a_bookmark)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "a", "x");
	CHECK_CODE(rig_watch(rig,
			     MAPS "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&"
				  "resourceVersionMatch=NotOlderThan",
			     1),
		   200);
	CHECK_STR(rig_events(rig, 1), "ADDED a@3 END @3");
	CHECK_AT(rig_last_object(rig, 1), "kind", "ConfigMap");
	CHECK_AT(rig_last_object(rig, 1), "apiVersion", "v1");
	CHECK_AT(rig_last_object(rig, 1), "metadata",
		 "{\"resourceVersion\":\"3\",\"annotations\":{\"k8s.io/initial-events-end\":"
		 "\"true\"}}");
	make(rig, "b", "x");
	CHECK_STR(rig_events(rig, 1), "ADDED b@4");
	rig_close(rig);
}

TEST(initial_events_wait_for_the_revision_asked_for)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig,
			     MAPS "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&"
				  "resourceVersionMatch=NotOlderThan&resourceVersion=2",
			     1),
		   200);
	CHECK_STR(rig_events(rig, 1), "END @2");
	CHECK_CODE(rig_watch(rig,
			     MAPS "?watch=1&sendInitialEvents=false&"
				  "resourceVersionMatch=NotOlderThan",
			     2),
		   200);
	make(rig, "a", "x");
	CHECK_STR(rig_events(rig, 2), "ADDED a@3");
	CHECK_FAILURE(rig_watch(rig,
				MAPS "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&"
				     "resourceVersionMatch=NotOlderThan&resourceVersion=99",
				3),
		      504, "Timeout", "Timeout: Too large resource version: 99, current: 3");
	rig_close(rig);
}

TEST(options_of_a_watch_that_do_not_go_together_are_invalid)
{
	static const struct {
		const char *query, *message;
	} cases[] = {
		{ "sendInitialEvents=true",
		  "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
		  "resourceVersionMatch to NotOlderThan" },
		{ "resourceVersionMatch=NotOlderThan&resourceVersion=5",
		  "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch "
		  "unless sendInitialEvents is provided" },
		{ "sendInitialEvents=true&resourceVersionMatch=Exact",
		  "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
		  "resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "
		  "\"Exact\": supported values: \"NotOlderThan\"]" },
		{ "continue=x", "resourceVersionMatch: Forbidden: resourceVersionMatch is "
				"forbidden when continue is provided" },
	};
	struct rig *rig = rig_open(NULL);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_FAILURE(
		    rig_watch(rig, rig_printf(MAPS "?watch=1&%s", cases[i].query).at, 1), 422,
		    "Invalid",
		    rig_printf("ListOptions.meta.k8s.io \"\" is invalid: %s", cases[i].message).at);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&resourceVersion=x", 1), 500);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&fieldSelector=data.x%3D1", 1), 400);
	rig_close(rig);
}

TEST(bookmarks_say_how_far_a_quiet_watch_is)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&allowWatchBookmarks=true", 1), 200);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 2), 200);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"b\"}}"), 201);
	rig_run(rig, 61000);
	CHECK_STR(rig_events(rig, 1), "END @2 BOOKMARK @3");
	CHECK_AT(rig_last_object(rig, 1), "kind", "ConfigMap");
	CHECK_AT(rig_last_object(rig, 1), "metadata", "{\"resourceVersion\":\"3\"}");
	CHECK_STR(rig_events(rig, 2), "");
	rig_run(rig, 61000);
	CHECK_STR(rig_events(rig, 1), "");
	rig_close(rig);
}

TEST(a_watch_ends_when_its_time_is_up_with_a_last_bookmark)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&allowWatchBookmarks=true&timeoutSeconds=5", 1),
		   200);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"b\"}}"), 201);
	rig_run(rig, 6000);
	CHECK_STR(rig_events(rig, 1), "END @2 BOOKMARK @3 CLOSED 200");
	rig_close(rig);
}

TEST(a_watch_from_before_what_is_remembered_is_expired)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "a", "x");
	rig_kill_server(rig);
	rig_run(rig, 1000);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 200);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&resourceVersion=1", 1), 200);
	CHECK_STR(rig_events(rig, 1), "ERROR Expired@0 CLOSED 410");
	CHECK_AT(rig_last_object(rig, 1), "kind", "Status");
	CHECK_AT(rig_last_object(rig, 1), "code", "410");
	CHECK_AT(rig_last_object(rig, 1), "message", "too old resource version: 1 (3)");
	rig_close(rig);
}

static void patch_often(struct rig *rig, int times)
{
	for (int i = 0; i < times; i++)
		CHECK_CODE(rig_patch(rig, "merge", MAPS "/a",
				     rig_printf("{\"data\":{\"n\":\"%d\"}}", i).at),
			   200);
}

TEST(a_watcher_that_does_not_keep_up_is_dropped_alone)
{
	struct rig *rig = rig_open(NULL);

	/* It stands still after three batches; what is older than its ring keeps is then gone. */
	rig_acknowledge(rig, false);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	make(rig, "a", "x");
	patch_often(rig, 900);
	rig_run(rig, 80000);
	patch_often(rig, 1);
	patch_often(rig, 100);
	rig_run(rig, 1000);
	CHECK(str_ends(rig_events(rig, 1), STR("ERROR Expired@0 CLOSED 410")));
	rig_acknowledge(rig, true);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 2), 200);
	CHECK(str_starts(rig_events(rig, 2), STR("ADDED a@")));
	rig_close(rig);
}

TEST(many_watchers_of_one_kind_hear_at_once_and_then_of_what_gathered)
{
	struct rig *rig = rig_open(NULL);

	for (uint64_t i = 1; i <= 500; i++)
		CHECK_CODE(rig_watch(rig, MAPS "?watch=1", i), 200);
	make(rig, "a", "x");
	rig_run(rig, 0);
	CHECK_AT(rig_last_object(rig, 500), "metadata.name", "a");
	make(rig, "b", "x");
	make(rig, "c", "x");
	rig_run(rig, 18);
	CHECK_AT(rig_last_object(rig, 500), "metadata.name", "a");
	rig_run(rig, 4);
	CHECK_STR(rig_events(rig, 500), "ADDED a@3 ADDED b@4 ADDED c@5");
	rig_run(rig, 20);
	make(rig, "d", "x");
	rig_run(rig, 0);
	CHECK_AT(rig_last_object(rig, 500), "metadata.name", "d");
	rig_close(rig);
}

/* Of these 500, who are all actors, the first 64: a controller's informer is among them. */
TEST(the_informers_of_our_own_hosts_do_not_wait_for_rounds)
{
	struct rig *rig = rig_open(NULL);

	for (uint64_t i = 1; i <= 500; i++)
		CHECK_CODE(rig_watch(rig, MAPS "?watch=1", i), 200);
	make(rig, "a", "x");
	rig_run(rig, 0);
	make(rig, "b", "x");
	rig_run(rig, 0);
	CHECK_AT(rig_last_object(rig, 1), "metadata.name", "b");
	CHECK_AT(rig_last_object(rig, 64), "metadata.name", "b");
	CHECK_AT(rig_last_object(rig, 65), "metadata.name", "a");
	make(rig, "c", "x");
	rig_run(rig, 22);
	CHECK_STR(rig_events(rig, 64), "ADDED a@3 ADDED b@4 ADDED c@5");
	CHECK_STR(rig_events(rig, 65), "ADDED a@3 ADDED b@4 ADDED c@5");
	rig_close(rig);
}

TEST(a_watcher_that_acknowledges_late_misses_nothing)
{
	struct rig *rig = rig_open(NULL);
	struct str events;
	uint32_t count = 0;

	rig_acknowledge(rig, false);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	for (int i = 0; i < 600; i++)
		make(rig, rig_printf("m%03d", i).at, "x");
	rig_acknowledge(rig, true);
	rig_more(rig, 1);
	rig_more(rig, 1);
	rig_run(rig, 100);
	events = rig_events(rig, 1);
	for (uint32_t i = 0; i + 6 < events.len; i++)
		count += str_starts(str_slice(events, i, events.len), STR("ADDED "));
	CHECK_EQ(count, 600);
	rig_close(rig);
}

TEST(a_cancelled_watch_hears_no_more)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	rig_cancel(rig, 1);
	make(rig, "a", "x");
	CHECK_STR(rig_events(rig, 1), "");
	CHECK(str_find(rig_get(rig, "/metrics").body, STR("verb=\"WATCH\",version=\"v1\"} 0\n")) >
	      0);
	rig_close(rig);
}

TEST(a_watch_of_one_object_by_the_old_path)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "a", "x");
	CHECK_CODE(rig_watch(rig, "/api/v1/watch/namespaces/default/configmaps/a", 1), 200);
	make(rig, "b", "x");
	label(rig, "a", "y");
	CHECK_STR(rig_events(rig, 1), "ADDED a@3 MODIFIED a@5");
	CHECK_CODE(rig_watch(rig, "/api/v1/watch/configmaps", 2), 200);
	CHECK_STR(rig_events(rig, 2), "ADDED a@5 ADDED b@4");
	rig_close(rig);
}

TEST(watches_of_a_server_that_ends_are_told_to_ask_another)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	rig_stop_server(rig);
	CHECK_STR(rig_events(rig, 1), "CLOSED 503");
	rig_close(rig);
}

TEST(an_object_of_another_version_of_its_kind_is_watched_in_the_version_asked_for)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_watch(rig, "/apis/events.k8s.io/v1/namespaces/default/events?watch=1", 1),
		   200);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/events",
		     "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"Pod\","
		     "\"name\":\"p\",\"namespace\":\"default\"},\"reason\":\"r\",\"message\":"
		     "\"m\"}"),
	    201);
	CHECK_STR(rig_events(rig, 1), "ADDED e@3");
	CHECK_AT(rig_last_object(rig, 1), "apiVersion", "events.k8s.io/v1");
	CHECK_AT(rig_last_object(rig, 1), "note", "m");
	CHECK_AT(rig_last_object(rig, 1), "regarding.name", "p");
	rig_close(rig);
}
