#include "deploy/main/admin/overview.h"

#include "actors/server/live/live.h"
#include "datastore/schema/troupe.h"
#include "tests/lib/test.h"
#include "transport/wire/json.h"

#define ROWS(...) ((struct inspect_row[]){ __VA_ARGS__ })

static struct overview make_overview(void)
{
	struct overview overview = { .arena = test_arena(), .node_count = 2 };

	overview.nodes = arena_array(test_arena(), struct overview_node, 2);
	overview.nodes[0] = (struct overview_node){ .name = STR("n1"), .has_answered = true };
	overview.nodes[1] = (struct overview_node){ .name = STR("n2") };
	overview.nodes[0].row_count = 5;
	overview.nodes[0].rows = arena_array(test_arena(), struct inspect_row, 5);
	overview.nodes[0].rows[0] = (struct inspect_row){ .path = STR("core"),
							  .class_name = STR("host"),
							  .state = STR("running"),
							  .restarts = 1,
							  .last_reason = STR("signal 9"),
							  .messages = 30,
							  .rate = 1.5,
							  .memory_bytes = 6 * MIB,
							  .started_s = 1700000000,
							  .life = 7,
							  .pid = 4711 };
	overview.nodes[0].rows[1] = (struct inspect_row){ .path = STR("core/leader"),
							  .class_name = STR("leader"),
							  .state = STR("idle"),
							  .started_s = 1700000001,
							  .run_p99_ns = 1500000,
							  .mailbox_high = 3,
							  .life = 8 };
	overview.nodes[0].rows[2] = (struct inspect_row){ .path = STR("core/leader/job"),
							  .class_name = STR("runner"),
							  .state = STR("waiting"),
							  .restarts = 2,
							  .last_reason = STR("crashed: bad luck") };
	overview.nodes[0].rows[3] = (struct inspect_row){ .path = STR("core/store"),
							  .class_name = STR("store"),
							  .state = STR("ready"),
							  .life = 9 };
	overview.nodes[0].rows[4] = (struct inspect_row){ .path = STR("node"),
							  .class_name = STR("host"),
							  .state = STR("silent") };
	return overview;
}

#define FEW STR("1 of 3 voters would be left, 2 are needed")

/* In the order of names, with what is out of the ordinary, and each reason once. */
TEST(a_status_is_words_for_people)
{
	struct store_member members[] = {
		{ .id = 1, .name = STR("n3"), .role = STORE_VOTER, .is_alive = true },
		{ .id = 2, .name = STR("n1"), .role = STORE_VOTER, .is_alive = true, .lag_entries = 7 },
		{ .id = 3, .name = STR("n2"), .role = STORE_VOTER },
		{ .id = 4, .name = STR("n4"), .role = STORE_STANDBY, .is_alive = true },
	};
	struct store_standing standings[] = {
		{ .domain = STR("east"), .forecast = FEW },
		{ .domain = STR("west"), .forecast = FEW, .is_pressed = true },
		{ .domain = STR("west"), .forecast = STR("it is down"), .may_stop = true },
		{ .forecast = STR("it has no vote"), .may_stop = true, .is_suspect = true },
	};
	struct overview overview = make_overview();
	struct text out = text_in(test_arena(), 16 * KIB);

	overview.store = (struct store_status){ .leader = 1,
						.leader_name = STR("n3"),
						.term = 5,
						.members = members,
						.member_count = 4,
						.standings = standings,
						.standing_count = 4 };
	overview.cluster = STR("c");
	overview.is_readable = overview.is_writable = true;
	overview_status_text(&overview, &out);
	CHECK_STR(text_str(&out),
		  "cluster   c   reads ok, writes ok   highly available: no, no node may be lost   "
		  "revision 0\n"
		  "leader    n3   term 5\n"
		  "members   n1 voter in west lag 7 (short of disk or memory)   n2 voter in west "
		  "(DOWN)   n3 leader in east   n4 standby (was silent, not trusted yet)\n"
		  "may stop  n4; not n1 or n3, because 1 of 3 voters would be left, 2 are needed\n"
		  "actors    0 running, 0 failed, 0 restarts\n");
}

TEST(the_tree_is_drawn_with_what_hangs_where)
{
	struct overview overview = make_overview();
	struct text out = text_in(test_arena(), 16 * KIB);

	overview_tree_text(&overview, &out);
	CHECK_STR(text_str(&out), "ACTOR                    STATE    RESTARTS   MAILBOX  MESSAGES  "
				  " MSG/S  P99/MS   MEMORY  "
				  "LAST REASON\n"
				  "n1                       running\n"
				  "├─ core                  running         1       0/0        30  "
				  "   1.5       -     6.0M  "
				  "signal 9, now pid 4711\n"
				  "│  ├─ leader             idle            0       0/3         0  "
				  "   0.0    1.50        0\n"
				  "│  │  └─ job             waiting         2       0/0         0  "
				  "   0.0       -        0  "
				  "crashed: bad luck\n"
				  "│  └─ store              ready           0       0/0         0  "
				  "   0.0       -        0\n"
				  "└─ node                  DOES NOT ANSWER\n"
				  "n2                       DOES NOT ANSWER\n");
}

TEST(the_figures_of_a_tree_stand_in_columns_behind_the_longest_name)
{
	struct overview overview = make_overview();
	struct text out = text_in(test_arena(), 16 * KIB);
	struct str lines, line;

	overview.nodes[0].rows[2].path = STR("core/leader/validatingadmissionpolicy-status");
	overview_tree_text(&overview, &out);
	lines = text_str(&out);
	line = str_cut(&lines, '\n');
	CHECK_EQ(str_find(line, STR("STATE")), 42);
	while (lines.len > 0) {
		line = str_cut(&lines, '\n');
		if (str_find(line, STR("validating")) > 0)
			CHECK(str_find(line, STR("policy-status waiting ")) > 0);
	}
}

TEST(the_tree_as_a_document_has_every_node_and_row)
{
	struct overview overview = make_overview();
	struct text out = text_in(test_arena(), 16 * KIB);
	struct document doc = document_in(&out, DOCUMENT_JSON);

	overview_tree_document(&overview, &doc);
	document_end(&doc);
	CHECK(json_is_valid(text_str(&out)));
	CHECK(str_find(text_str(&out), STR("\"name\":\"n2\",\"answers\":false,\"actors\":[]")) > 0);
	CHECK(str_find(text_str(&out), STR("\"messages_per_second\":1.5,")) > 0);
}

static const struct troupe_actor *actor_of(const struct live_seen *seen, const char *name)
{
	for (uint32_t i = 0; i < seen->len; i++)
		if (str_is(object_name(seen->objects[i]), name))
			return seen->objects[i]->record;
	test_fail(__FILE__, __LINE__, "there is no %s", name);
	return NULL;
}

TEST(nodes_hosts_and_actors_are_objects_that_know_who_is_above_them)
{
	struct overview overview = make_overview();
	struct live_seen seen = { 0 };
	const struct troupe_actor *job, *host;

	overview_actor_objects(&overview, &seen);
	CHECK_EQ(seen.len, 7);
	CHECK_STR(object_name(seen.objects[0]), "n1");
	job = actor_of(&seen, "n1.core.leader.job");
	CHECK_STR(job->spec->parent, "n1.core.leader");
	CHECK_STR(job->spec->path, "leader/job");
	CHECK_STR(job->spec->level, "Actor");
	CHECK_STR(job->status->state, "Waiting");
	CHECK_STR(job->status->last_reason, "crashed: bad luck");
	CHECK_STR(str_map_get(job->metadata->labels, STR("troupe.internal/class")), "runner");
	host = actor_of(&seen, "n1.core");
	CHECK_STR(host->spec->parent, "n1");
	CHECK(host->spec->path.at == NULL || host->spec->path.len == 0);
	CHECK_EQ(host->status->process_id, 4711);
	CHECK_EQ(actor_of(&seen, "n1")->usage->memory_bytes, 6 * MIB);
	CHECK_STR(actor_of(&seen, "n1.node")->status->state, "Silent");
	CHECK_STR(actor_of(&seen, "n2")->status->state, "Silent");
	live_seen_type.drop(&seen);
}

TEST(an_actor_has_the_same_uid_as_long_as_it_lives_and_another_in_its_next_life)
{
	struct overview overview = make_overview();
	struct live_seen first = { 0 }, second = { 0 }, third = { 0 };
	struct str uid;

	overview_actor_objects(&overview, &first);
	overview.nodes[0].rows[3].messages = 100;
	overview_actor_objects(&overview, &second);
	overview.nodes[0].rows[3].life = 10;
	overview_actor_objects(&overview, &third);
	uid = actor_of(&first, "n1.core.store")->metadata->uid;
	CHECK_EQ(uid.len, 36);
	CHECK(str_eq(uid, actor_of(&second, "n1.core.store")->metadata->uid));
	CHECK(!str_eq(uid, actor_of(&third, "n1.core.store")->metadata->uid));
	CHECK(!str_eq(uid, actor_of(&first, "n1.core.leader")->metadata->uid));
	live_seen_type.drop(&first);
	live_seen_type.drop(&second);
	live_seen_type.drop(&third);
}
