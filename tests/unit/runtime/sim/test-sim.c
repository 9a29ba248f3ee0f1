#include "runtime/sim/sim.h"

#include <stdio.h>

#include "runtime/base/log.h"
#include "tests/lib/test.h"

/* Nodes that count each other's messages and keep the count on disk. */
struct hello {
	uint64_t n;
};

static enum status hello_encode(const void *body, struct text *out)
{
	text_add_bytes(out, body, sizeof(struct hello));
	return OK;
}

static enum status hello_decode(struct str bytes, struct arena *arena, void *body)
{
	(void)arena;
	if (bytes.len != sizeof(struct hello))
		return INVALID;
	memcpy(body, bytes.at, bytes.len);
	return OK;
}

static ACT_TYPE(hello, .id = 9, .encode = hello_encode, .decode = hello_decode);
struct beat {
	uint32_t n;
};
static ACT_TYPE(beat);
static const struct act_type *const types[] = { &hello_type };

struct tally {
	uint64_t received[4], answered[4], downs[4], starts[4], stored[4];
	uint64_t last_seen[4];
	bool is_out_of_order;
};

struct node_args {
	struct tally *tally;
	uint32_t number;
};

struct node {
	struct tally *tally;
	uint32_t number;
	uint64_t sent, expected[4];
	uint16_t epoch[4];
	uint64_t monitor;
	struct seams_file *file;
	const struct seams_files *files;
};

static void node_store(void *arg)
{
	struct node *node = arg;
	if (node->files->write(node->files->self, node->file, &node->sent, sizeof node->sent, 0) ==
	    OK)
		(void)!node->files->sync(node->files->self, node->file);
}

static void node_open(void *arg)
{
	struct node *node = arg;
	size_t len;

	CHECK_STATUS(node->files->open(node->files->self, "/count",
				       SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &node->file),
		     OK);
	uint64_t stored = 0;
	CHECK_STATUS(
	    node->files->read(node->files->self, node->file, &stored, sizeof stored, 0, &len), OK);
	node->tally->stored[node->number] = stored;
}

static void node_close(void *arg)
{
	struct node *node = arg;
	if (node->file)
		node->files->close(node->files->self, node->file);
}

static enum status node_init(struct act *act, void *state, const void *args)
{
	const struct node_args *given = args;
	struct node *node = state;

	node->tally = given->tally;
	node->number = given->number;
	node->files = &act_seams(act)->files;
	node->tally->starts[node->number]++;
	act_own(act, node_close, node);
	act_job(act, NULL, node_open, node, NULL, 1);
	return OK;
}

static void node_beat(struct act *act, struct node *node)
{
	char name[16];

	for (uint32_t other = 1; other <= 3; other++) {
		if (other == node->number)
			continue;
		snprintf(name, sizeof name, "node@n%u", other);
		struct act_ref to = act_named(act, name);
		if (act_ref_is_nil(to))
			continue;
		(void)!act_request(act, to, &hello_type, &(struct hello){ ++node->sent }, 5000,
				   node->sent);
		act_demonitor(act, node->monitor);
		node->monitor = act_monitor(act, to);
	}
	act_job(act, NULL, node_store, node, NULL, 2);
	act_after(act, 20 + act_random(act) % 10, &beat_type, &(struct beat){ 1 });
}

static enum act_verdict node_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct node *node = state;
	struct tally *tally = node->tally;

	if (msg->kind == ACT_JOB && msg->tag == 1)
		node_beat(act, node);
	else if (ACT_IS(msg, beat))
		node_beat(act, node);
	else if (ACT_IS(msg, act_down))
		tally->downs[node->number]++;
	else if (msg->kind == ACT_REQUEST) {
		uint32_t from = msg->from.node;
		uint64_t n = ACT_AS(msg, hello)->n;
		if (msg->from.epoch == node->epoch[from] && n <= node->expected[from])
			tally->is_out_of_order = true;
		node->epoch[from] = msg->from.epoch;
		node->expected[from] = n;
		tally->received[node->number]++;
		act_reply_of(act, msg, hello, n);
	} else if (msg->kind == ACT_ANSWER && msg->status == OK) {
		tally->answered[node->number]++;
	}
	return ACT_OK;
}

static const struct act_class node_class = { .name = "node",
					     .state_size = sizeof(struct node),
					     .init = node_init,
					     .receive = node_receive };

struct world {
	struct act_sim *sim;
	struct tally tally;
	struct node_args args[4];
	struct act_child children[4];
	struct act_supervisor roots[4];
};

static void world_open(struct world *world, uint64_t seed)
{
	*world = (struct world){ .sim = act_sim_new(seed) };
	log_configure(&(struct log_config){ .level = LOG_ERROR });
	for (uint32_t i = 1; i <= 3; i++) {
		world->args[i] = (struct node_args){ &world->tally, i };
		world->children[i] = (struct act_child){ .id = "node",
							 .class = &node_class,
							 .args = &world->args[i] };
		world->roots[i] =
		    (struct act_supervisor){ .children = &world->children[i], .child_count = 1 };
		const struct act_host_config config = { .name = "core",
							.host = 1,
							.root = &world->roots[i],
							.types = types,
							.type_count = 1 };
		CHECK_STATUS(act_sim_host(world->sim, i, &config), OK);
	}
}

static uint64_t run_once(uint64_t seed, bool has_chaos, struct tally *out, uint64_t *out_events)
{
	static const uint32_t nodes[] = { 1, 2, 3 };
	const struct act_sim_plan plan = { .kinds = 1U << ACT_SIM_CRASH | 1U << ACT_SIM_PAUSE |
						    1U << ACT_SIM_PARTITION | 1U << ACT_SIM_ONE_WAY |
						    1U << ACT_SIM_ISOLATE | 1U << ACT_SIM_BRANCH,
					   .nodes = nodes,
					   .node_count = 3,
					   .until_ms = 30000,
					   .every_ms = 750 };
	struct act_sim_fault faults[100];
	const struct act_sim_net net = { 100, 5000, 50, 1000 };
	struct world world;

	world_open(&world, seed);
	act_sim_net(world.sim, &net);
	if (has_chaos)
		act_sim_strike(world.sim, faults, act_sim_plan(seed, &plan, faults, 100), 2);
	CHECK_EQ(act_sim_run(world.sim, 30000, NULL, NULL), ACT_SIM_TIME);
	act_sim_calm(world.sim);
	act_sim_run_for(world.sim, 10000, NULL, NULL);
	uint64_t hash = act_sim_hash(world.sim);
	*out = world.tally;
	*out_events = act_sim_events(world.sim);
	act_sim_free(world.sim);
	return hash;
}

TEST(the_same_seed_gives_the_same_run_and_another_seed_another)
{
	struct tally tally[3];
	uint64_t events[3];
	uint64_t first = run_once(42, true, &tally[0], &events[0]);
	uint64_t again = run_once(42, true, &tally[1], &events[1]);
	uint64_t other = run_once(43, true, &tally[2], &events[2]);

	CHECK_EQ(first, again);
	CHECK_EQ(events[0], events[1]);
	CHECK(memcmp(&tally[0], &tally[1], sizeof tally[0]) == 0);
	CHECK(first != other);
}

TEST(under_chaos_order_holds_within_a_life_and_everybody_talks_again_afterwards)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct tally tally;
		uint64_t events;

		run_once(seed, true, &tally, &events);
		CHECK(!tally.is_out_of_order);
		uint64_t starts = 0, downs = 0;
		for (uint32_t i = 1; i <= 3; i++) {
			CHECK(tally.answered[i] > 300);
			starts += tally.starts[i];
			downs += tally.downs[i];
		}
		CHECK(starts > 3);
		CHECK(downs > 0);
	}
}

TEST(without_faults_every_request_is_answered)
{
	struct world world;

	world_open(&world, 5);
	act_sim_run(world.sim, 5000, NULL, NULL);
	for (uint32_t i = 1; i <= 3; i++) {
		CHECK(world.tally.answered[i] > 300);
		CHECK_EQ(world.tally.starts[i], 1);
	}
	act_sim_free(world.sim);
}

TEST(a_partition_is_noticed_after_its_time_and_messages_pass_again_when_it_heals)
{
	struct world world;

	world_open(&world, 5);
	act_sim_run(world.sim, 1000, NULL, NULL);
	uint64_t downs = world.tally.downs[1];
	act_sim_partition(world.sim, 1, 2);
	act_sim_partition(world.sim, 1, 3);
	act_sim_run_for(world.sim, 2900, NULL, NULL);
	uint64_t answered = world.tally.answered[1];
	CHECK_EQ(world.tally.downs[1], downs);
	act_sim_run_for(world.sim, 3000, NULL, NULL);
	CHECK(world.tally.downs[1] > downs);
	CHECK_EQ(world.tally.answered[1], answered);
	CHECK(world.tally.answered[2] > 300);
	act_sim_heal(world.sim);
	act_sim_run_for(world.sim, 1000, NULL, NULL);
	CHECK(world.tally.answered[1] > answered + 30);
	act_sim_free(world.sim);
}

TEST(a_short_partition_only_delays)
{
	struct world world;

	world_open(&world, 5);
	act_sim_run(world.sim, 1000, NULL, NULL);
	uint64_t downs = world.tally.downs[1];
	act_sim_partition(world.sim, 1, 2);
	act_sim_run_for(world.sim, 1000, NULL, NULL);
	act_sim_heal(world.sim);
	act_sim_run_for(world.sim, 6000, NULL, NULL);
	CHECK_EQ(world.tally.downs[1], downs);
	act_sim_free(world.sim);
}

TEST(a_crashed_node_comes_back_with_what_it_synced_and_a_new_epoch)
{
	struct world world;

	world_open(&world, 8);
	act_sim_run(world.sim, 2000, NULL, NULL);
	CHECK(act_sim_is_up(world.sim, 2));
	act_sim_crash(world.sim, 2);
	CHECK(!act_sim_is_up(world.sim, 2));
	CHECK(!act_sim_host_of(world.sim, 2, 1));
	act_sim_run_for(world.sim, 1000, NULL, NULL);
	act_sim_restart(world.sim, 2);
	act_sim_run_for(world.sim, 5000, NULL, NULL);
	CHECK_EQ(world.tally.starts[2], 2);
	CHECK_EQ(act_host_peer(act_sim_host_of(world.sim, 2, 1)).epoch, 2);
	CHECK(world.tally.answered[2] > 300);
	act_sim_crash_host(world.sim, 3, 1);
	act_sim_restart(world.sim, 3);
	act_sim_run_for(world.sim, 1000, NULL, NULL);
	/* A process that died has lost nothing that it had written. */
	CHECK(world.tally.stored[3] > 0);
	act_sim_free(world.sim);
}

static bool has_fifty(void *arg)
{
	return ((struct tally *)arg)->answered[1] >= 50;
}

TEST(a_run_ends_at_the_claim_at_the_time_or_when_nothing_is_due)
{
	struct world world;
	struct act_sim *empty = act_sim_new(1);

	CHECK_EQ(act_sim_run(empty, 1000, NULL, NULL), ACT_SIM_IDLE);
	act_sim_free(empty);
	world_open(&world, 8);
	CHECK_EQ(act_sim_run(world.sim, 60000, has_fifty, &world.tally), ACT_SIM_CLAIM);
	CHECK_EQ(world.tally.answered[1], 50);
	CHECK_EQ(act_sim_run_for(world.sim, 10, NULL, NULL), ACT_SIM_TIME);
	act_sim_free(world.sim);
}

static void tell(struct act_sim *sim, uint32_t to, uint32_t node, const char *name)
{
	const struct seams_link *link = &act_host_seams(act_sim_host_of(sim, to, 1))->link;
	const struct seams_place place = {
		.node = node, .node_name = str_from(name), .host = 1, .host_name = STR("core")
	};

	CHECK_STATUS(link->learn(link->self, &place), OK);
}

TEST(a_host_that_was_told_of_others_knows_those_alone)
{
	struct world world;
	const struct seams_link *link;
	struct seams_peer peer;

	world_open(&world, 5);
	tell(world.sim, 1, 2, "n2");
	link = &act_host_seams(act_sim_host_of(world.sim, 1, 1))->link;
	CHECK_STATUS(link->resolve(link->self, STR("n2/core"), &peer), OK);
	CHECK_EQ(peer.node, 2);
	CHECK_STATUS(link->resolve(link->self, STR("n2/node"), &peer), NOT_FOUND);
	CHECK_STATUS(link->resolve(link->self, STR("n3"), &peer), NOT_FOUND);
	act_sim_run(world.sim, 2000, NULL, NULL);
	CHECK(world.tally.received[2] > 60);
	CHECK(world.tally.received[3] > 60); /* from the second */
	act_sim_free(world.sim);
}

TEST(a_host_that_was_not_told_of_another_does_not_let_it_in_and_forgets_who_left)
{
	struct world world;
	const struct seams_link *link;
	uint64_t received, downs;

	world_open(&world, 5);
	tell(world.sim, 1, 2, "n2");
	tell(world.sim, 2, 1, "n1");
	act_sim_run(world.sim, 2000, NULL, NULL);
	/* The third talks to nobody, and nobody talks to it. */
	CHECK_EQ(world.tally.received[3], 0);
	CHECK_EQ(world.tally.answered[3], 0);
	CHECK(world.tally.answered[1] > 60);
	link = &act_host_seams(act_sim_host_of(world.sim, 1, 1))->link;
	downs = world.tally.downs[2];
	link->forget(link->self, 2);
	tell(world.sim, 1, 3, "n3");
	act_sim_run_for(world.sim, 100, NULL, NULL);
	CHECK(world.tally.downs[2] > downs);
	received = world.tally.received[1];
	act_sim_run_for(world.sim, 1000, NULL, NULL);
	CHECK(world.tally.received[3] > 20);
	CHECK(world.tally.received[1] > received); /* of the third alone */
	act_sim_free(world.sim);
}

TEST(a_host_that_ended_by_itself_is_started_again)
{
	struct world world;

	world_open(&world, 5);
	act_sim_run(world.sim, 2000, NULL, NULL);
	act_host_stop(act_sim_host_of(world.sim, 3, 1));
	act_sim_run_for(world.sim, 100, NULL, NULL);
	CHECK(!act_sim_is_up(world.sim, 3));
	CHECK(world.tally.downs[2] > 0);
	act_sim_run_for(world.sim, 2000, NULL, NULL);
	CHECK(act_sim_is_up(world.sim, 3));
	CHECK_EQ(world.tally.starts[3], 2);
	act_sim_free(world.sim);
}

TEST(an_end_that_is_about_to_learn_of_a_loss_learns_it_whatever_happens_meanwhile)
{
	const struct act_sim_net slow = { 100, 2000, 0, 60000 }, fast = { 100, 2000, 0, 100 };
	struct world world;

	world_open(&world, 5);
	act_sim_run(world.sim, 1000, NULL, NULL);
	act_sim_net(world.sim, &slow);
	act_sim_crash(world.sim, 2); /* the others learn it within a minute */
	act_sim_net(world.sim, &fast);
	act_sim_partition(world.sim, 3, 2);
	act_sim_run_for(world.sim, 1000, NULL, NULL);
	act_sim_heal(world.sim);
	act_sim_run_for(world.sim, 61000, NULL, NULL);
	CHECK(world.tally.downs[3] > 0);
	act_sim_free(world.sim);
}
