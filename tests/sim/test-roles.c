/*
 * Roles that move by themselves, under load: how long it takes until as much may fail as before, and that nothing is lost
 * meanwhile. ROLES_SEEDS in the environment asks for more seeds than every run does, ROLES_SEED for one alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/test.h"
#include "tests/sim/cluster.h"
#include "tests/sim/people.h"

#define SEEDS 12U
#define STEP_MS 5U

struct scene {
	struct cluster *cluster;
	struct ledger *ledger;
	struct person person;
	uint32_t nodes, voters;
	uint64_t seed;
};

static void set_up(struct scene *scene, uint64_t seed)
{
	static const uint32_t sizes[] = { 4, 5, 7 };
	char name[64];

	snprintf(name, sizeof name, "ROLES_SEED=%llu", (unsigned long long)seed);
	*scene = (struct scene){ .seed = seed, .nodes = sizes[seed % 3] };
	scene->voters = scene->nodes == 7 ? 5 : 3;
	scene->cluster = cluster_new(&(struct cluster_config){ .seed = seed });
	scene->ledger = ledger_new(name);
	scene->person = (struct person){
		.ledger = scene->ledger, .stores = scene->nodes, .is_at_home = true, .pause_ms = 20
	};
	for (uint32_t i = 1; i <= scene->nodes; i++) {
		cluster_place(scene->cluster, i,
			      &(struct act_child){
				  .id = "user", .class = &user_class, .args = &scene->person });
		cluster_place(scene->cluster, i,
			      &(struct act_child){
				  .id = "scribe", .class = &scribe_class, .args = &scene->person });
		cluster_start(scene->cluster, i, CLUSTER_STORE);
	}
	CHECK(cluster_await_voters(scene->cluster, scene->voters));
	cluster_run(scene->cluster, 3000);
}

/* Everything that was asked is answered, and can be true. */
static void tear_down(struct scene *scene)
{
	struct ledger_counts counts;

	ledger_set_over(scene->ledger);
	cluster_converge(scene->cluster);
	cluster_run(scene->cluster, 5000);
	counts = ledger_close(scene->ledger);
	CHECK(counts.done > 300);
	cluster_free(scene->cluster);
	ledger_free(scene->ledger);
}

static uint64_t now_ms(const struct scene *scene)
{
	return act_sim_now_ms(cluster_sim(scene->cluster));
}

static const struct store_status *leader_status(struct scene *scene)
{
	CHECK(cluster_until(scene->cluster, cluster_has_leader, 5000));
	return cluster_status(scene->cluster, cluster_leader(scene->cluster));
}

static bool is_dead(const struct store_status *status, uint64_t id)
{
	for (uint32_t i = 0; i < status->member_count; i++)
		if (status->members[i].id == id)
			return !status->members[i].is_alive;
	return true;
}

static bool is_voter(const struct store_status *status, uint64_t id)
{
	for (uint32_t i = 0; i < status->member_count; i++)
		if (status->members[i].id == id)
			return status->members[i].role == STORE_VOTER;
	return false;
}

/* A node that votes; the leader, or one that does not lead. */
static uint32_t some_voter(struct scene *scene, bool is_leader)
{
	uint32_t first = 1 + (uint32_t)act_sim_random(cluster_sim(scene->cluster)) % scene->nodes;

	for (uint32_t i = 0; i < scene->nodes; i++) {
		uint32_t node = (first + i) % scene->nodes + 1;
		struct cluster_view view = cluster_view(scene->cluster, node);

		if (view.role == STORE_VOTER && view.is_leader == is_leader)
			return node;
	}
	test_fail(__FILE__, __LINE__, "no such voter");
}

/* Milliseconds from now until the leader says that the member is dead, and that so many may fail. */
static void await_repair(struct scene *scene, uint64_t id, uint32_t tolerance, uint64_t *dead_ms,
			 uint64_t *whole_ms)
{
	uint64_t began = now_ms(scene);

	*dead_ms = *whole_ms = 0;
	while (*whole_ms == 0 && now_ms(scene) - began < 10000) {
		const struct store_status *status = leader_status(scene);

		if (*dead_ms == 0 && is_dead(status, id))
			*dead_ms = now_ms(scene) - began;
		if (*dead_ms != 0 && status->tolerance >= tolerance && !is_voter(status, id))
			*whole_ms = now_ms(scene) - began;
		cluster_run(scene->cluster, STEP_MS);
	}
	CHECK(*whole_ms != 0);
}

struct times {
	uint64_t dead_worst, repair_worst;
};

static void lose_voters(uint64_t seed, struct times *times)
{
	struct scene scene;

	set_up(&scene, seed);
	/* As many as there are standbys for, one after the other. */
	for (uint32_t i = 0; i < scene.nodes - scene.voters; i++) {
		uint32_t lost = some_voter(&scene, (seed + i) % 4 == 0);
		uint64_t id = cluster_view(scene.cluster, lost).id, dead_ms, whole_ms;
		uint32_t said = cluster_said(scene.cluster, "store: takes a member for dead");

		act_sim_crash(cluster_sim(scene.cluster), lost);
		await_repair(&scene, id, scene.voters / 2, &dead_ms, &whole_ms);
		CHECK_EQ(cluster_said(scene.cluster, "store: takes a member for dead"), said + 1);
		if (dead_ms > times->dead_worst)
			times->dead_worst = dead_ms;
		if (whole_ms - dead_ms > times->repair_worst)
			times->repair_worst = whole_ms - dead_ms;
		cluster_run(scene.cluster, 1000);
	}
	tear_down(&scene);
}

static uint64_t number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	uint64_t number = fallback;

	return text != NULL && str_to_u64(str_from(text), &number) == OK ? number : fallback;
}

TEST_SLOW(a_voter_that_is_lost_is_dead_within_two_seconds_and_replaced_within_one_more, 3600)
{
	uint64_t one = number_of("ROLES_SEED", 0), first = one ? one : 1;
	uint64_t last = one ? one : number_of("ROLES_SEEDS", SEEDS);
	struct times times = { 0 };

	for (uint64_t seed = first; seed <= last; seed++)
		lose_voters(seed, &times);
	printf("declared dead after at most %llu ms, replaced at most %llu ms later\n",
	       (unsigned long long)times.dead_worst, (unsigned long long)times.repair_worst);
	CHECK(times.dead_worst <= 2000);
	CHECK(times.repair_worst <= 1000);
}

/* Who is away for less than that keeps its vote, and nobody's role changes. */
TEST(a_voter_that_is_away_for_a_second_keeps_its_vote)
{
	struct scene scene;
	uint32_t steps;

	set_up(&scene, 3);
	steps = cluster_said(scene.cluster, "store: takes a step of membership");
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t away = some_voter(&scene, false);

		act_sim_crash(cluster_sim(scene.cluster), away);
		cluster_run(scene.cluster, 1000);
		act_sim_restart(cluster_sim(scene.cluster), away);
		cluster_run(scene.cluster, 3000);
	}
	CHECK_EQ(cluster_said(scene.cluster, "store: takes a step of membership"), steps);
	CHECK_EQ(cluster_said(scene.cluster, "store: takes a member for dead"), 0);
	tear_down(&scene);
}

/* ---- the leader's place ---- */

static bool is_led_by(struct cluster *cluster, uint32_t node)
{
	return cluster_leader(cluster) == node;
}

TEST(a_leader_whose_disk_is_slow_hands_over_to_one_whose_disk_is_not)
{
	const struct act_sim_disk slow = { .delay_min_us = 60000, .delay_max_us = 90000 };
	struct scene scene;
	uint32_t leader;

	set_up(&scene, 6);
	leader = cluster_leader(scene.cluster);
	act_sim_disk(cluster_sim(scene.cluster), leader, &slow);
	cluster_run(scene.cluster, 55000);
	CHECK(is_led_by(scene.cluster, leader)); /* not for a moment's slowness */
	for (uint32_t i = 0; i < 600 && is_led_by(scene.cluster, leader); i++)
		cluster_run(scene.cluster, 1000);
	CHECK(!is_led_by(scene.cluster, leader));
	cluster_run(scene.cluster, 60000);
	CHECK(!is_led_by(scene.cluster, leader)); /* and it stays away from there */
	tear_down(&scene);
}

static void say_memory(struct act_sim *sim, uint32_t node, const char *text)
{
	const struct seams_files *files = act_sim_files(sim, node);
	struct seams_file *file;

	(void)!files->mkdir(files->self, "/proc", 0755);
	CHECK_STATUS(files->open(files->self, "/proc/meminfo",
				 SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0644, &file),
		     OK);
	CHECK_STATUS(files->write(files->self, file, text, strlen(text), 0), OK);
	files->close(files->self, file);
}

static void make_short(struct act_sim *sim, uint32_t node, bool is_of_memory)
{
	const struct act_sim_disk small = { .delay_min_us = 50,
					    .delay_max_us = 3000,
					    .size_bytes = 128 * MIB };

	if (is_of_memory)
		say_memory(sim, node, "MemTotal:  1000000 kB\nMemAvailable:  90000 kB\n");
	else
		act_sim_disk(sim, node, &small);
}

/* What is short may be short for a moment. */
TEST(a_leader_whose_machine_is_short_of_memory_or_disk_hands_over_to_one_that_is_not)
{
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = seed }, 3);
		uint32_t leader = cluster_leader(cluster);

		make_short(cluster_sim(cluster), leader, seed == 1);
		cluster_run(cluster, 55000);
		CHECK(is_led_by(cluster, leader));
		for (uint32_t i = 0; i < 400 && is_led_by(cluster, leader); i++)
			cluster_run(cluster, 1000);
		CHECK(!is_led_by(cluster, leader));
		cluster_free(cluster);
	}
}

static enum status stop_for_a_while(struct scene *scene, uint32_t node)
{
	struct store_member_leave leave = { .id = cluster_view(scene->cluster, node).id,
					    .is_for_a_while = true };
	const struct store_member_answer *answer =
	    cluster_ask(scene->cluster, node, NULL, &store_member_leave_type, &leave, NULL);

	return answer ? answer->status : UNAVAILABLE;
}

/* Milliseconds until another one leads, and says that what may fail is as before. */
static uint64_t measure_hand_over(struct scene *scene, uint32_t leader)
{
	uint64_t began = now_ms(scene);

	CHECK_STATUS(stop_for_a_while(scene, leader), OK);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t now = cluster_leader(scene->cluster);

		if (now != 0 && now != leader && cluster_view(scene->cluster, now).is_leader)
			return now_ms(scene) - began;
		cluster_run(scene->cluster, 1);
	}
	test_fail(__FILE__, __LINE__, "nobody took over");
}

TEST(who_stops_for_a_while_hands_over_within_50_ms_and_gets_a_vote_again_when_one_is_free)
{
	uint64_t worst = 0;

	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct scene scene;
		uint32_t leader;
		uint64_t took;

		set_up(&scene, seed);
		leader = cluster_leader(scene.cluster);
		took = measure_hand_over(&scene, leader);
		if (took > worst)
			worst = took;
		/* The next leader has to be told, too: it asks as its machine would, until somebody leads whom it can ask. */
		for (uint32_t i = 0; i < 50 && stop_for_a_while(&scene, leader) != OK; i++)
			cluster_run(scene.cluster, 5);
		cluster_run(scene.cluster, 200);
		CHECK(cluster_view(scene.cluster, leader).role == STORE_STANDBY);
		CHECK_EQ(leader_status(&scene)->tolerance, scene.voters / 2);
		act_sim_crash(cluster_sim(scene.cluster), leader);
		cluster_run(scene.cluster, 5000);
		CHECK_EQ(leader_status(&scene)->tolerance, scene.voters / 2);
		act_sim_restart(cluster_sim(scene.cluster), leader);
		cluster_run(scene.cluster, 3000);
		/* It is trusted at once: the next one that is lost is replaced, if need be by it. */
		act_sim_crash(cluster_sim(scene.cluster), some_voter(&scene, false));
		cluster_run(scene.cluster, 3500);
		CHECK_EQ(leader_status(&scene)->tolerance, scene.voters / 2);
		tear_down(&scene);
	}
	CHECK(worst <= 50);
}

/* ---- two machines and a witness ---- */

/* Milliseconds until a write by way of that node is done. */
static uint64_t write_again(struct cluster *cluster, uint32_t node)
{
	uint64_t began = act_sim_now_ms(cluster_sim(cluster));
	const struct store_write_answer *answer;

	do {
		cluster_run(cluster, 1);
		answer = cluster_write(cluster, node, "k", "v");
	} while (!answer || answer->status != OK);
	return act_sim_now_ms(cluster_sim(cluster)) - began;
}

static bool is_whole(struct cluster *cluster)
{
	uint32_t leader = cluster_leader(cluster);

	return leader != 0 && cluster_view(cluster, leader).voters == 3 &&
	       cluster_status(cluster, leader)->tolerance == 1;
}

TEST(two_and_a_witness_bear_the_loss_of_any_one)
{
	enum { WITNESS = 3 };
	uint64_t worst = 0;

	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct cluster *cluster = cluster_new(&(struct cluster_config){ .seed = seed });

		for (uint32_t i = 1; i <= WITNESS; i++)
			cluster_start(cluster, i, i < WITNESS ? CLUSTER_STORE : CLUSTER_WITNESS);
		CHECK(cluster_await_voters(cluster, 3));
		for (uint32_t turn = 0; turn < 6; turn++) {
			uint32_t leader = cluster_leader(cluster), other = 3 - leader;
			uint32_t lost = turn % 3 == 0 ? leader : turn % 3 == 1 ? other : WITNESS;
			uint64_t took;

			CHECK(leader != WITNESS);
			act_sim_crash(cluster_sim(cluster), lost);
			took = write_again(cluster, lost == leader ? other : leader);
			worst = took > worst ? took : worst;
			cluster_run(cluster, 3000);
			CHECK(cluster_leader(cluster) != WITNESS);
			CHECK_STATUS(
			    cluster_write(cluster, lost == leader ? other : leader, "k", "w")->status,
			    OK);
			cluster_converge(cluster);
			for (uint32_t i = 0; i < 400 && !is_whole(cluster); i++)
				cluster_run(cluster, 100);
			CHECK(is_whole(cluster));
		}
		cluster_free(cluster);
	}
	CHECK(worst <= 2000);
}
