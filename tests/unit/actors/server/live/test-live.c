#include <stdio.h>

#include "actors/server/live/live.h"
#include "datastore/schema/troupe.h"
#include "tests/unit/actors/server/rig.h"

/* Resources that are kept nowhere: who sees them here is an actor that sees what the test says. */

#define ACTORS "/apis/troupe.internal/v1/actors"
#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define SEEN_MAX 8U

struct seen {
	const char *name, *uid;
	int64_t restarts, messages;
};

struct eye {
	struct seen all[SEEN_MAX];
	uint32_t len, looks;
	bool is_closed;              /* it does not answer */
	bool is_away;                /* it is not there to be asked */
	struct live_deleted deleted; /* what it says of a delete */
	char asked_to_delete[64];
};

static struct eye eye;

static void show(struct live_seen *out, const struct seen *from)
{
	struct object *object = object_new(&troupe_actor_type);
	struct arena *arena = object_arena(object);
	struct troupe_actor *actor = object->record;

	object_meta(object)->name = arena_str(arena, str_from(from->name));
	object_meta(object)->uid = arena_str(arena, str_from(from->uid));
	str_map_put(&object_meta(object)->labels, arena, STR("letter"),
		    arena_str(arena, str_from(from->name)));
	MAKE(actor->spec, arena)->node = STR("n1");
	actor->spec->level = STR("Actor");
	MAKE(actor->status, arena)->state = STR("Running");
	SET(actor->status, restarts, from->restarts);
	SET(MAKE(actor->usage, arena), messages, from->messages);
	live_seen_add(out, object);
}

static enum act_verdict look(struct act *act, void *state, const struct act_msg *msg)
{
	struct live_seen seen = { 0 };

	(void)state;
	if (ACT_IS(msg, live_ask)) {
		eye.looks++;
		if (eye.is_closed)
			return ACT_OK;
		if (eye.is_away) {
			act_refuse(act, msg, UNAVAILABLE);
			return ACT_OK;
		}
		for (uint32_t i = 0; i < eye.len; i++)
			show(&seen, &eye.all[i]);
		CHECK_STATUS(act_reply(act, msg, &live_seen_type, &seen), OK);
		return ACT_OK;
	}
	if (!ACT_IS(msg, live_delete))
		return ACT_UNHANDLED;
	snprintf(eye.asked_to_delete, sizeof eye.asked_to_delete, STR_FMT,
		 STR_ARG(object_name(ACT_AS(msg, live_delete)->object)));
	CHECK_STATUS(act_reply(act, msg, &live_deleted_type, &eye.deleted), OK);
	return ACT_OK;
}

static const struct act_class eye_class = { .name = "eye", .receive = look };

static struct rig *open_eye_of(bool is_apart)
{
	static const struct live_source lives[] = {
		{ .resource = "actors", .actor = "eye", .figures = "usage" }
	};
	static struct server_config config;
	const struct act_child children[] = { { .id = "eye", .class = &eye_class } };

	config = (struct server_config){ .lives = lives, .live_count = 1, .is_apart = is_apart };
	eye = (struct eye){ .all = { { "b", "1", 0, 10 }, { "a", "2", 0, 20 } }, .len = 2 };
	return rig_open_with(&config, children, 1);
}

static struct rig *open_eye(void)
{
	return open_eye_of(false);
}

TEST(a_live_resource_is_read_like_any_other_and_looked_at_for_each_read)
{
	struct rig *rig = open_eye();
	struct rig_answer list = rig_get(rig, ACTORS);

	CHECK_CODE(list, 200);
	CHECK_AT(list.body, "kind", "ActorList");
	CHECK_EQ(rig_count(list.body, "items"), 2);
	CHECK_AT(list.body, "items[0].metadata.name", "a");
	CHECK_AT(list.body, "items[1].metadata.name", "b");
	CHECK(rig_version(list.body) > 1767225600000);
	eye.all[0].restarts = 3;
	CHECK_EQ(rig_number(rig_get(rig, ACTORS "/b").body, "status.restarts"), 3);
	CHECK_FAILURE(rig_get(rig, ACTORS "/c"), 404, "NotFound",
		      "actors.troupe.internal \"c\" not found");
	CHECK_EQ(eye.looks, 3);
	rig_close(rig);
}

TEST(a_live_resource_has_selectors_pages_and_tables)
{
	struct rig *rig = open_eye();
	struct rig_answer page, table;

	CHECK_EQ(rig_count(rig_get(rig, ACTORS "?labelSelector=letter%3Da").body, "items"), 1);
	CHECK_EQ(rig_count(rig_get(rig, ACTORS "?fieldSelector=spec.node%3Dn2").body, "items"), 0);
	CHECK_CODE(rig_get(rig, ACTORS "?fieldSelector=spec.sign%3Dx"), 400);
	page = rig_get(rig, ACTORS "?limit=1");
	CHECK_AT(page.body, "items[0].metadata.name", "a");
	eye.all[1].restarts = 1; /* what is live changes between pages, and they go on */
	page = rig_get(rig, rig_printf(ACTORS "?limit=1&continue=" STR_FMT,
				       STR_ARG(rig_at(page.body, "metadata.continue")))
				.at);
	CHECK_CODE(page, 200);
	CHECK_AT(page.body, "items[0].metadata.name", "b");
	table = rig_ask_of(rig, .method = "GET", .path = ACTORS, .accept = TABLE);
	CHECK_AT(table.body, "kind", "Table");
	CHECK_AT(table.body, "columnDefinitions[1].name", "Node");
	CHECK_AT(table.body, "rows[0].cells[0]", "a");
	CHECK_AT(table.body, "rows[0].cells[6]", "0/0");
	rig_close(rig);
}

TEST(reads_that_come_while_somebody_looks_share_one_look_that_began_after_them)
{
	struct rig *rig = open_eye();
	uint32_t first = rig_begin(rig, &(struct rig_request){ .method = "GET", .path = ACTORS });
	uint32_t others[8];

	for (int i = 0; i < 8; i++)
		others[i] = rig_begin(rig, &(struct rig_request){ .method = "GET", .path = ACTORS });
	CHECK_CODE(rig_finish(rig, first), 200);
	for (int i = 0; i < 8; i++)
		CHECK_CODE(rig_finish(rig, others[i]), 200);
	CHECK(eye.looks == 2);
	rig_close(rig);
}

TEST(who_watches_hears_of_changes_within_a_second_and_of_figures_every_five)
{
	struct rig *rig = open_eye();

	CHECK_CODE(rig_watch(rig, ACTORS "?watch=1", 1), 200);
	rig_run(rig, 2000);
	CHECK(str_starts(rig_events(rig, 1), STR("ADDED a@")));
	eye.all[0].restarts = 1;
	rig_run(rig, 1600);
	CHECK(str_starts(rig_events(rig, 1), STR("MODIFIED b@")));
	eye.all[0].messages = eye.all[1].messages = 100;
	rig_run(rig, 1000);
	CHECK_STR(rig_events(rig, 1), "");
	rig_run(rig, 5000);
	CHECK(str_find(rig_events(rig, 1), STR("MODIFIED a@")) >= 0);
	eye.len = 1;
	rig_run(rig, 1600);
	CHECK(str_starts(rig_events(rig, 1), STR("DELETED a@")));
	rig_close(rig);
}

TEST(another_uid_under_the_same_name_is_the_end_of_one_and_the_beginning_of_another)
{
	struct rig *rig = open_eye();
	struct str events;

	CHECK_CODE(rig_watch(rig, ACTORS "?watch=1&fieldSelector=metadata.name%3Da", 1), 200);
	rig_run(rig, 1000);
	CHECK(str_starts(rig_events(rig, 1), STR("ADDED a@")));
	eye.all[1].uid = "3";
	rig_run(rig, 1600);
	events = rig_events(rig, 1);
	CHECK(str_starts(events, STR("DELETED a@")) && str_find(events, STR(" ADDED a@")) > 0);
	rig_close(rig);
}

TEST(a_watch_goes_on_from_a_list_and_not_from_what_was_forgotten)
{
	struct rig *rig = open_eye();
	struct str version = rig_at(rig_get(rig, ACTORS).body, "metadata.resourceVersion");
	const char *path =
	    rig_printf(ACTORS "?watch=1&resourceVersion=" STR_FMT, STR_ARG(version)).at;

	eye.all[0].restarts = 1;
	CHECK_CODE(rig_watch(rig, path, 1), 200);
	rig_run(rig, 1600);
	CHECK(str_starts(rig_events(rig, 1), STR("MODIFIED b@")));
	rig_cancel(rig, 1);
	rig_run(rig, 2 * LIMIT_LIVE_KEEP_MS);
	CHECK_CODE(rig_watch(rig, path, 2), 200);
	rig_run(rig, 1000);
	CHECK_STR(rig_events(rig, 2), "ERROR Expired@0 CLOSED 410");
	rig_close(rig);
}

TEST(nobody_looks_while_nobody_asks_or_watches)
{
	struct rig *rig = open_eye();

	CHECK_CODE(rig_get(rig, ACTORS), 200);
	rig_run(rig, 30000);
	CHECK_EQ(eye.looks, 1);
	rig_close(rig);
}

TEST(a_version_of_a_server_with_another_clock_is_fine_and_one_from_nowhere_is_not)
{
	struct rig *rig = open_eye();

	CHECK_CODE(rig_get(rig, ACTORS "?resourceVersion=1767225700000"), 200);
	CHECK(rig_version(rig_get(rig, ACTORS).body) >= 1767225700000);
	CHECK_CODE(rig_get(rig, ACTORS "?resourceVersion=99999999999999"), 410);
	rig_close(rig);
}

TEST(a_read_is_refused_when_who_sees_does_not_answer_and_a_watch_waits)
{
	struct rig *rig = open_eye();

	CHECK_CODE(rig_watch(rig, ACTORS "?watch=1", 1), 200);
	rig_run(rig, 1000);
	(void)rig_events(rig, 1);
	eye.is_closed = true;
	CHECK_CODE(rig_get(rig, ACTORS), 503);
	eye.is_closed = false;
	eye.all[0].restarts = 1;
	rig_run(rig, 2 * LIMIT_LIVE_ASK_MS);
	CHECK(str_starts(rig_events(rig, 1), STR("MODIFIED b@")));
	rig_close(rig);
}

TEST(a_delete_is_a_wish_that_the_one_who_sees_grants_or_refuses)
{
	struct rig *rig = open_eye();
	struct rig_answer answer;

	snprintf(eye.deleted.words, sizeof eye.deleted.words, "it comes back");
	answer = rig_delete(rig, ACTORS "/a", "{\"preconditions\":{\"uid\":\"1\"}}");
	CHECK_CODE(answer, 409);
	answer = rig_delete(rig, ACTORS "/a?dryRun=All", NULL);
	CHECK_CODE(answer, 200);
	CHECK_STR(str_from(eye.asked_to_delete), "");
	answer = rig_delete(rig, ACTORS "/a", "{\"propagationPolicy\":\"Background\"}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "status", "Success");
	CHECK_AT(answer.body, "details.uid", "2");
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], "it comes back");
	CHECK_STR(str_from(eye.asked_to_delete), "a");
	eye.deleted = (struct live_deleted){ .status = FORBIDDEN, .words = "it is a root" };
	CHECK_FAILURE(rig_delete(rig, ACTORS "/b", NULL), 403, "Forbidden",
		      "actors.troupe.internal \"b\" is forbidden: it is a root");
	eye.deleted = (struct live_deleted){ .status = CONFLICT, .words = "it is away" };
	CHECK_CODE(rig_delete(rig, ACTORS "/b", NULL), 409);
	eye.deleted = (struct live_deleted){ .ends_us = true };
	CHECK(rig_at(rig_delete(rig, ACTORS "/b", NULL).body, "details.uid").at == NULL);
	CHECK_CODE(rig_delete(rig, ACTORS "/c", NULL), 404);
	CHECK_CODE(rig_delete(rig, ACTORS, NULL), 405);
	rig_close(rig);
}

TEST(a_live_resource_is_only_served_where_somebody_sees_it)
{
	struct rig *rig = open_eye();

	CHECK_CODE(rig_get(rig, "/apis/troupe.internal/v1/members"), 404);
	CHECK_CODE(rig_post(rig, ACTORS, "{}"), 405);
	rig_close(rig);
}

TEST(what_came_from_another_host_outlives_its_message)
{
	struct live_seen said = { 0 }, heard = { 0 };
	struct text bytes = text_new(LIMIT_BODY_BYTES);
	const struct troupe_actor *actor;

	show(&said, &(struct seen){ "a", "uid", 1, 2 });
	CHECK_STATUS(live_seen_type.encode(&said, &bytes), OK);
	CHECK_STATUS(live_seen_type.decode(text_str(&bytes), test_arena(), &heard), OK);
	memset(bytes.at, 'x', bytes.len);
	CHECK_EQ(heard.len, 1);
	actor = heard.objects[0]->record;
	CHECK_STR(actor->metadata->name, "a");
	CHECK_STR(actor->spec->node, "n1");
	live_seen_type.drop(&said);
	live_seen_type.drop(&heard);
	text_fini(&bytes);
}

/* Its host is being started again: that takes a moment, and nobody has to notice. */
TEST(who_sees_from_another_host_and_is_away_is_waited_for)
{
	struct rig *rig = open_eye_of(true);
	uint32_t listed, joined;

	CHECK_CODE(rig_get(rig, ACTORS), 200);
	eye.is_away = true;
	listed = rig_begin(rig, &(struct rig_request){ .method = "GET", .path = ACTORS });
	rig_run(rig, 500);
	joined = rig_begin(rig, &(struct rig_request){ .method = "GET", .path = ACTORS "/a" });
	rig_run(rig, 500);
	CHECK(!rig_is_answered(rig, listed) && !rig_is_answered(rig, joined));
	eye.is_away = false;
	CHECK_CODE(rig_finish(rig, listed), 200);
	CHECK_CODE(rig_finish(rig, joined), 200);
	eye.is_away = true;
	CHECK_CODE(rig_get(rig, ACTORS), 503);
	rig_close(rig);
}

TEST(who_sees_in_this_host_and_is_away_is_not)
{
	struct rig *rig = open_eye();

	eye.is_away = true;
	CHECK_CODE(rig_get(rig, ACTORS), 503);
	CHECK_EQ(eye.looks, 1);
	rig_close(rig);
}
