/*
 * The three rules that come from bugs of libraft which lose what was committed, on whole stores: an entry of an older term is not
 * committed by counting (figure 8 of the Raft paper), an entry may have any length, a list of members may stand anywhere in a batch.
 */
#include <stdio.h>

#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

#define TRIALS 24U

/* Sends a write and does not wait. */
struct sent {
	const char *value;
	bool is_answered;
	enum status status;
	uint64_t revision;
};

struct writer {
	struct sent *sent;
};

struct writer_go {
	char nothing;
};
static ACT_TYPE(writer_go);

static void send_write(struct act *act, struct writer *writer)
{
	struct store_write write = { .arena = arena_new(0), .success_count = 1 };
	struct store_op *op = arena_new_of(write.arena, struct store_op);

	*op = (struct store_op){ .kind = STORE_PUT,
				 .key = STR("figure/8"),
				 .value = str_from(writer->sent->value),
				 .expected = STORE_ANY_REVISION };
	write.success = op;
	if (act_request(act, act_named(act, "store"), &store_write_type, &write, 60000, 1) != OK)
		arena_free(write.arena);
}

static enum status writer_init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct writer *)state)->sent = *(struct sent *const *)args;
	return OK;
}

static enum act_verdict writer_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct writer *writer = state;

	if (ACT_IS(msg, writer_go) && writer->sent->value)
		send_write(act, writer);
	if (msg->kind == ACT_ANSWER && msg->status == OK) {
		const struct store_write_answer *answer = msg->body;

		writer->sent->is_answered = true;
		writer->sent->status = answer->status;
		writer->sent->revision = answer->revision;
	}
	return ACT_OK;
}

static const struct act_class writer_class = { .name = "writer",
					       .state_size = sizeof(struct writer),
					       .init = writer_init,
					       .receive = writer_receive };

static void go(struct act *act, void *state, void *arg)
{
	(void)arg;
	(void)!act_send(act, act_named(act, "writer"), &writer_go_type, &(struct writer_go){ 0 });
	(void)state;
}

static void tell_writer(struct cluster *cluster, uint32_t node)
{
	struct act_host *host = act_sim_host_of(cluster_sim(cluster), node, CLUSTER_HOST);

	CHECK(host && act_host_enter(host, act_host_root(host), go, NULL));
}

static bool has_leader_but(struct cluster *cluster, uint32_t node)
{
	uint32_t leader = cluster_leader(cluster);

	return leader != 0 && leader != node;
}

/* What was acknowledged is what the key has at that revision, on every member. */
static void check_kept(struct cluster *cluster, uint32_t node, const struct sent *sent)
{
	struct store_range range = { .key = STR("figure/8"),
				     .revision = sent->revision,
				     .is_serializable = true };
	const struct store_range_answer *answer;

	if (!sent->is_answered || sent->status != OK)
		return;
	answer = cluster_ask(cluster, node, NULL, &store_range_type, &range, NULL);
	CHECK_STATUS(answer->status, OK);
	CHECK_EQ(answer->row_count, 1);
	CHECK_STR(answer->rows[0].value, sent->value);
}

/*
 * A leads and writes an entry that stays on its disk. B is elected by C, and cut off at once. A comes back, leads in a newer term, and
 * its old entry reaches C: it is on two disks of three. Now A falls, and B, whose log is newer, takes C along. What was
 * acknowledged in between must be there in the end. When exactly each thing happens differs from trial to trial. True: A led again.
 */
static bool play_figure_8(uint64_t seed)
{
	struct sent sent[4] = { { 0 } };
	struct sent *args[4] = { &sent[0], &sent[1], &sent[2], &sent[3] };
	struct cluster *cluster = cluster_new(&(struct cluster_config){ .seed = seed });
	struct act_sim *sim = cluster_sim(cluster);
	bool has_led_again;
	uint32_t a, b;

	for (uint32_t i = 1; i <= 3; i++) {
		cluster_place(cluster, i,
			      &(struct act_child){
				  .id = "writer", .class = &writer_class, .args = &args[i] });
		cluster_start(cluster, i, CLUSTER_STORE);
	}
	cluster_converge(cluster);
	CHECK(cluster_await_voters(cluster, 3));
	a = cluster_leader(cluster);
	sent[a].value = "of A";
	act_sim_isolate(sim, a);
	tell_writer(cluster, a);
	for (uint32_t i = 0; i < 8000 && !has_leader_but(cluster, a); i++)
		cluster_run(cluster, 1);
	CHECK(has_leader_but(cluster, a));
	b = cluster_leader(cluster);
	sent[b].value = "of B";
	tell_writer(cluster, b);
	cluster_run(cluster, act_sim_random(sim) % 3);
	act_sim_heal(sim);
	act_sim_isolate(sim, b);
	/* A and C find each other; how long A leads is what differs. */
	for (uint32_t i = 0; i < 4000 && !has_leader_but(cluster, b); i++)
		cluster_run(cluster, 1);
	has_led_again = cluster_leader(cluster) == a;
	cluster_run(cluster, act_sim_random(sim) % 30);
	act_sim_crash(sim, a);
	act_sim_heal(sim);
	cluster_run(cluster, 3000);
	cluster_converge(cluster);
	for (uint32_t i = 1; i <= 3; i++) {
		check_kept(cluster, i, &sent[a]);
		check_kept(cluster, i, &sent[b]);
	}
	cluster_free(cluster);
	return has_led_again;
}

TEST(an_entry_of_an_older_term_is_not_committed_by_counting)
{
	uint32_t led_again = 0;

	for (uint64_t seed = 1; seed <= TRIALS; seed++)
		led_again += play_figure_8(seed);
	CHECK(led_again > TRIALS / 4);
}

TEST(entries_of_every_length_survive_the_end_of_all_processes)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 1 }, 3);
	char key[16], value[128];

	for (uint32_t len = 0; len < 70; len++) {
		snprintf(key, sizeof key, "k%u", len);
		memset(value, 'a' + (int)len % 26, len);
		value[len] = 0;
		CHECK_STATUS(cluster_write(cluster, 1 + len % 3, key, value)->status, OK);
		if (len % 10 != 9)
			continue;
		for (uint32_t i = 1; i <= 3; i++)
			act_sim_crash(cluster_sim(cluster), i);
		cluster_converge(cluster);
	}
	for (uint32_t len = 0; len < 70; len++) {
		struct str read;

		snprintf(key, sizeof key, "k%u", len);
		read = cluster_read(cluster, 1 + len % 3, key);
		CHECK_EQ(read.len, len);
		CHECK(len == 0 ||
		      (read.at[0] == 'a' + (int)len % 26 && read.at[len - 1] == read.at[0]));
	}
	cluster_free(cluster);
}

static void try_batched_change(uint64_t seed)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = seed }, 4);
	uint32_t leader = cluster_leader(cluster), away = 0, fourth = 0;

	for (uint32_t i = 1; i <= 4; i++) {
		enum store_role role = cluster_view(cluster, i).role;

		away = role == STORE_VOTER && i != leader ? i : away;
		fourth = role == STORE_STANDBY ? i : fourth;
	}
	CHECK(away && fourth);
	/* It gets commands and a change in one batch, and then leads. */
	act_sim_pause(cluster_sim(cluster), away, true);
	CHECK_STATUS(cluster_write(cluster, leader, "a", "1")->status, OK);
	CHECK_STATUS(cluster_promote(cluster, fourth, STORE_SPARE), OK);
	CHECK_STATUS(cluster_write(cluster, leader, "b", "2")->status, OK);
	act_sim_pause(cluster_sim(cluster), away, false);
	cluster_run(cluster, 1500);
	for (uint32_t i = 0; i < 20 && cluster_leader(cluster) != away; i++) {
		(void)!cluster_transfer(cluster, away);
		cluster_run(cluster, 300);
	}
	CHECK_EQ(cluster_leader(cluster), away);
	cluster_run(cluster, 3000);
	/* As a leader it changes members: by itself it has made the fourth a standby again. */
	CHECK_EQ(cluster_view(cluster, fourth).role, STORE_STANDBY);
	CHECK_STATUS(cluster_promote(cluster, fourth, STORE_SPARE), OK);
	CHECK_STATUS(cluster_write(cluster, away, "c", "3")->status, OK);
	CHECK_STR(cluster_read(cluster, leader, "b"), "2");
	cluster_free(cluster);
}

TEST(a_list_of_members_among_other_entries_is_no_obstacle_to_the_next)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		try_batched_change(seed);
}
