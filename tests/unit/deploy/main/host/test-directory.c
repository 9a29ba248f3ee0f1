#include "deploy/main/host/directory.h"

#include <stdio.h>

#include "datastore/store/store.h"
#include "deploy/cluster/node-record.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

/* A core host of n1 with a store that says what a test gives it, and links that remember what they were told. */
struct desk {
	struct process process;
	struct store_row rows[2];
	struct store_member members[3];
	uint32_t row_count, member_count;
	struct act_ref watcher;
	char told[8][64]; /* "n3 10.0.0.3:6444", "-n3": forgotten */
	uint32_t told_count;
};

static void remember(struct desk *desk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void remember(struct desk *desk, const char *format, ...)
{
	va_list args;

	CHECK(desk->told_count < 8);
	va_start(args, format);
	vsnprintf(desk->told[desk->told_count++], sizeof desk->told[0], format, args);
	va_end(args);
}

static enum status learn(void *self, const struct seams_place *place)
{
	CHECK_EQ(place->node, process_node_number(place->node_name));
	remember(self, STR_FMT " " STR_FMT, STR_ARG(place->node_name), STR_ARG(place->address));
	return OK;
}

static void forget(void *self, uint32_t node)
{
	remember(self, "-%s", node == process_node_number(STR("n3")) ? "n3" : "somebody");
}

/* ---- the store ---- */

static void answer_range(struct act *act, const struct desk *desk, const struct act_msg *msg)
{
	struct store_range_answer answer = { .revision = 5,
					     .rows = (struct store_row *)(uintptr_t)desk->rows,
					     .row_count = desk->row_count };

	CHECK_STATUS(act_reply(act, msg, &store_range_answer_type, &answer), OK);
}

static void say_status(struct act *act, const struct desk *desk, struct act_ref to)
{
	struct store_status status = { .members = desk->members,
				       .member_count = desk->member_count };

	CHECK_STATUS(act_send(act, to, &store_status_type, &status), OK);
}

static enum act_verdict store_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct desk *desk = *(struct desk **)state;

	if (ACT_IS(msg, store_range))
		answer_range(act, desk, msg);
	else if (ACT_IS(msg, store_watch))
		act_reply_of(act, msg, store_watch_answer, .revision = 5);
	else if (ACT_IS(msg, store_status_watch))
		say_status(act, desk, msg->from);
	if (ACT_IS(msg, store_watch))
		desk->watcher = msg->from;
	return ACT_OK;
}

static enum status store_init(struct act *act, void *state, const void *args)
{
	struct act_host *host = act_host_of(act);
	struct seams_link link = act_host_seams(host)->link;

	*(struct desk **)state = (struct desk *)(uintptr_t)args;
	link.self = (void *)(uintptr_t)args;
	link.learn = learn;
	link.forget = forget;
	act_host_set_link(host, &link);
	return OK;
}

static const struct act_class fake_store_class = { .name = "store",
						   .state_size = sizeof(struct desk *),
						   .init = store_init,
						   .receive = store_receive };

/* ---- the desk ---- */

static struct act_sim *open_desk(struct desk *desk)
{
	static struct act_child children[2];
	static struct act_supervisor root;
	struct act_sim *sim = act_sim_new(1);

	children[0] = (struct act_child){ .id = "store", .class = &fake_store_class, .args = desk };
	children[1] = (struct act_child){ .id = "directory",
					  .class = &directory_class,
					  .args = &desk->process };
	root = (struct act_supervisor){ .children = children, .child_count = 2 };
	memcpy(desk->process.identity.name, "n1", 3);
	CHECK_STATUS(
	    act_sim_host(sim, 1,
			 &(struct act_host_config){ .name = "core", .host = 1, .root = &root }),
	    OK);
	act_sim_run_for(sim, 1000, NULL, NULL);
	return sim;
}

static struct store_row row_of(const char *name, const char *address)
{
	struct node_record record = { str_from(name), str_from(address), 6443, 6444, STR("auto") };

	return (struct store_row){ .key = node_record_key(record.name, test_arena()),
				   .value = node_record_encode(&record, test_arena()) };
}

static struct store_member member_of(const char *name, const char *address)
{
	return (
	    struct store_member){ .id = 7, .name = str_from(name), .address = str_from(address) };
}

TEST(nodes_are_known_from_their_records)
{
	struct desk desk = { .row_count = 2,
			     .rows = { row_of("n1", "10.0.0.1"), row_of("n3", "10.0.0.3") } };
	struct act_sim *sim = open_desk(&desk);

	CHECK_EQ(desk.told_count, 1);
	CHECK_STR(str_from(desk.told[0]), "n3 10.0.0.3:6444");
	act_sim_free(sim);
}

/* All machines lost power before any had the records in its database: each knows the others from the log's list of members alone. */
TEST(members_without_a_record_are_known_from_the_list_of_members)
{
	struct desk desk = { .member_count = 2,
			     .members = { member_of("n1", "10.0.0.1:6444"),
					  member_of("n3", "10.0.0.3:6444") } };
	struct act_sim *sim = open_desk(&desk);

	CHECK_EQ(desk.told_count, 1);
	CHECK_STR(str_from(desk.told[0]), "n3 10.0.0.3:6444");
	act_sim_free(sim);
}

static void move_and_go(struct act *act, void *state, void *arg)
{
	static struct store_event events[2];
	struct desk *desk = arg;
	struct store_events batch = { .watch = 1, .events = events, .count = 1 };

	(void)state;
	events[0] = (struct store_event){ .row = row_of("n3", "10.0.0.33") };
	events[1] = (struct store_event){ .is_delete = true, .row = row_of("n3", "") };
	say_status(act, desk, desk->watcher);
	CHECK_STATUS(act_send(act, desk->watcher, &store_events_type, &batch), OK);
	say_status(act, desk, desk->watcher);
	batch.events = &events[1];
	CHECK_STATUS(act_send(act, desk->watcher, &store_events_type, &batch), OK);
}

/* Its cluster has agreed upon that; the record follows when the node is ready, and is for nodes that are no members. */
TEST(a_member_is_where_the_list_of_members_says)
{
	struct desk desk = { .row_count = 1,
			     .rows = { row_of("n3", "10.0.0.3") },
			     .member_count = 1,
			     .members = { member_of("n3", "10.0.0.30:6444") } };
	struct act_sim *sim = open_desk(&desk);
	struct act_host *host = act_sim_host_of(sim, 1, 1);

	desk.told_count = 0;
	CHECK(act_host_enter(host, act_host_root(host), move_and_go, &desk));
	act_sim_run_for(sim, 1000, NULL, NULL);
	CHECK_EQ(desk.told_count, 3);
	CHECK_STR(str_from(desk.told[0]), "n3 10.0.0.30:6444");
	CHECK_STR(str_from(desk.told[1]), "n3 10.0.0.30:6444");
	CHECK_STR(str_from(desk.told[2]), "-n3");
	act_sim_free(sim);
}
