#include "tests/sim/cluster-private.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/base.h"
#include "tests/lib/test.h"

#define CONVERGE_MS 120000U

/* ---- life ---- */

uint32_t cluster_said(struct cluster *cluster, const char *event)
{
	return sayings_count(&cluster->sayings, event);
}

struct cluster *cluster_new(const struct cluster_config *config)
{
	struct cluster *cluster = mem_new(struct cluster);

	cluster->config = *config;
	cluster->sim = act_sim_new(config->seed);
	for (uint32_t i = 0; i < store_type_count; i++)
		cluster->types[cluster->type_count++] = store_types[i];
	for (uint32_t i = 0; i < config->type_count; i++) {
		CHECK(cluster->type_count < TYPES_MAX);
		cluster->types[cluster->type_count++] = config->types[i];
	}
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++) {
		struct node *node = &cluster->nodes[i];

		node->cluster = cluster;
		node->number = i;
		snprintf(node->name, sizeof node->name, "n%u", i);
	}
	sayings_open(&cluster->sayings, cluster->sim, getenv("SIM_LOG"));
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	act_sim_free(cluster->sim);
	sayings_close(&cluster->sayings);
	mem_free(cluster);
}

struct act_sim *cluster_sim(struct cluster *cluster)
{
	return cluster->sim;
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

static void put_child(struct node *node, const struct act_child *child)
{
	CHECK(!node->is_started && node->child_count < CLUSTER_PARTS);
	node->children[node->child_count++] = *child;
}

/* The store and its usher come first, whatever was placed before. */
static void put_own(struct node *node)
{
	const struct cluster_config *config = &node->cluster->config;
	struct node **self = arena_new_of(test_arena(), struct node *);

	*self = node;
	memmove(node->children + 2, node->children, node->child_count * sizeof *node->children);
	node->child_count += 2;
	CHECK(node->child_count <= CLUSTER_PARTS);
	node->store = (struct store_config){
		.folder = "/data",
		.name = str_from(node->name),
		.address = str_from(node->name),
		.is_first = node->number == 1,
		.is_witness = node->kind == CLUSTER_WITNESS,
		.segment_bytes = 64U * KIB,
		.history_s = (uint32_t)or_default(config->history_s, 20),
		.kept_entries = or_default(config->kept_entries, 100),
		.checkpoint_ms = (uint32_t)or_default(config->checkpoint_ms, 2000),
	};
	node->children[0] = (struct act_child){ .id = "usher", .class = &usher_class, .args = self };
	node->children[1] =
	    (struct act_child){ .id = "store", .class = &store_class, .args = &node->store };
	if (node->kind != CLUSTER_CLIENTS)
		return;
	memmove(node->children + 1, node->children + 2,
		(node->child_count - 2) * sizeof *node->children);
	node->child_count--;
}

void cluster_place(struct cluster *cluster, uint32_t node, const struct act_child *child)
{
	put_child(&cluster->nodes[node], child);
}

void cluster_start(struct cluster *cluster, uint32_t number, enum cluster_kind kind)
{
	struct node *node = &cluster->nodes[number];

	CHECK(number >= 1 && number <= CLUSTER_NODES && !node->is_started);
	node->kind = kind;
	put_own(node);
	node->is_started = true;
	node->root = (struct act_supervisor){ .children = node->children,
					      .child_count = node->child_count,
					      .max_restarts = 1000,
					      .within_ms = 10000,
					      .backoff_min_ms = 10,
					      .backoff_max_ms = 1000 };
	const struct act_host_config config = { .name = "core",
						.host = CLUSTER_HOST,
						.root = &node->root,
						.types = cluster->types,
						.type_count = cluster->type_count };
	CHECK_STATUS(act_sim_host(cluster->sim, number, &config), OK);
}

void cluster_keep_out(struct cluster *cluster, uint32_t node, bool is_kept_out)
{
	cluster->nodes[node].is_kept_out = is_kept_out;
}

/* ---- wiping ---- */

struct names {
	VEC(struct str) all;
};

static void take_name(void *arg, struct str name)
{
	struct names *names = arg;

	vec_push(&names->all, arena_str(test_arena(), name));
}

static void wipe_folder(const struct seams_files *files, const char *folder)
{
	struct names names = { 0 };
	struct seams_stat stat;

	if (files->list(files->self, folder, take_name, &names) != OK)
		return;
	for (uint32_t i = 0; i < names.all.len; i++) {
		const char *path =
		    arena_printf(test_arena(), "%s/" STR_FMT, folder, STR_ARG(names.all.at[i])).at;
		if (files->stat(files->self, path, &stat) == OK && stat.is_folder)
			wipe_folder(files, path);
		CHECK_STATUS(files->unlink(files->self, path), OK);
	}
	CHECK_STATUS(files->sync_folder(files->self, folder), OK);
	vec_fini(&names.all);
}

void cluster_wipe(struct cluster *cluster, uint32_t node)
{
	CHECK(!act_sim_is_up(cluster->sim, node));
	wipe_folder(act_sim_files(cluster->sim, node), "/data");
	cluster->nodes[node].store.is_first = false; /* the cluster has begun: it joins */
}

/* ---- views ---- */

static bool is_store(const struct cluster *cluster, uint32_t number)
{
	const struct node *node = &cluster->nodes[number];

	return node->is_started && node->kind != CLUSTER_CLIENTS;
}

struct cluster_view cluster_view(struct cluster *cluster, uint32_t node)
{
	if (!is_store(cluster, node) || !act_sim_is_up(cluster->sim, node))
		return (struct cluster_view){ 0 };
	return cluster->nodes[node].view;
}

uint32_t cluster_leader(struct cluster *cluster)
{
	uint32_t leader = 0;
	uint64_t term = 0;

	for (uint32_t i = 1; i <= CLUSTER_NODES; i++) {
		struct cluster_view view = cluster_view(cluster, i);

		if (view.is_leader && view.term > term) {
			leader = i;
			term = view.term;
		}
	}
	return leader;
}

uint32_t cluster_node_of(struct cluster *cluster, uint64_t id)
{
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++)
		if (is_store(cluster, i) && cluster->nodes[i].view.id == id)
			return i;
	return 0;
}

/* ---- running and asking ---- */

void cluster_run(struct cluster *cluster, uint64_t ms)
{
	act_sim_run_for(cluster->sim, ms, NULL, NULL);
}

struct until {
	struct cluster *cluster;
	bool (*check)(struct cluster *cluster);
};

static bool check_until(void *arg)
{
	struct until *until = arg;

	return until->check(until->cluster);
}

bool cluster_until(struct cluster *cluster, bool (*check)(struct cluster *cluster), uint64_t ms)
{
	struct until until = { cluster, check };

	return check(cluster) ||
	       act_sim_run_for(cluster->sim, ms, check_until, &until) == ACT_SIM_CLAIM;
}

bool cluster_has_leader(struct cluster *cluster)
{
	return cluster_leader(cluster) != 0;
}

bool cluster_is_available(struct cluster *cluster)
{
	uint32_t leader = cluster_leader(cluster), up = 0;

	if (leader == 0 || cluster->nodes[leader].view.voters < 3)
		return false;
	for (uint32_t i = 0; i < cluster->nodes[leader].view.members; i++) {
		const struct store_member *member = &cluster->nodes[leader].members[i];

		up += member->role == STORE_VOTER &&
		      cluster_view(cluster, cluster_node_of(cluster, member->id)).is_up;
	}
	return up > cluster->nodes[leader].view.voters / 2;
}

static bool know_of(struct cluster *cluster, uint32_t voters)
{
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++) {
		struct cluster_view view = cluster_view(cluster, i);

		if (view.is_up && view.role != STORE_NOT_MEMBER && view.voters != voters)
			return false;
	}
	return cluster_has_leader(cluster);
}

bool cluster_await_voters(struct cluster *cluster, uint32_t voters)
{
	for (uint32_t i = 0; i < 300 && !know_of(cluster, voters); i++)
		cluster_run(cluster, 100);
	cluster_run(cluster, 200); /* what they know is agreed upon by then */
	return know_of(cluster, voters);
}

struct cluster *cluster_of(const struct cluster_config *config, uint32_t stores)
{
	struct cluster *cluster = cluster_new(config);

	for (uint32_t i = 1; i <= stores; i++)
		cluster_start(cluster, i, CLUSTER_STORE);
	cluster_converge(cluster);
	CHECK(cluster_await_voters(cluster, stores < 3 ? 1 : stores < 7 ? 3 : 5));
	return cluster;
}

struct asking {
	const char *to;
	const struct act_type *type;
	const void *body;
	enum status status;
};

static void do_ask(struct act *act, void *state, void *arg)
{
	struct asking *asking = arg;
	struct act_ref to = act_named(act, asking->to ? asking->to : "store");

	(void)state;
	asking->status =
	    act_request(act, to, asking->type, asking->body, USHER_ANSWER_MS, TAG_ASKED);
}

/* Or the one that asked is no more. */
static bool check_answered(struct cluster *cluster)
{
	return cluster->is_answered ||
	       !act_ref_eq(cluster->asker, cluster->nodes[cluster->asking].usher) ||
	       !act_sim_is_up(cluster->sim, cluster->asking);
}

const void *cluster_ask(struct cluster *cluster, uint32_t node, const char *to,
			const struct act_type *type, const void *body, enum status *status)
{
	struct act_host *host = act_sim_host_of(cluster->sim, node, CLUSTER_HOST);
	struct asking asking = { to, type, body, UNAVAILABLE };

	cluster->is_answered = false;
	CHECK(host != NULL);
	CHECK(act_host_enter(host, cluster->nodes[node].usher, do_ask, &asking));
	cluster->asking = node;
	cluster->asker = cluster->nodes[node].usher;
	cluster->status = asking.status == OK ? GONE : asking.status;
	cluster->answer = NULL;
	if (asking.status == OK)
		CHECK(cluster_until(cluster, check_answered, USHER_ANSWER_MS + 1000));
	if (status)
		*status = cluster->status;
	return cluster->answer;
}

const struct store_status *cluster_status(struct cluster *cluster, uint32_t node)
{
	struct store_ask_status ask = { 0 };
	const struct store_status *status =
	    cluster_ask(cluster, node, NULL, &store_ask_status_type, &ask, NULL);

	CHECK(status != NULL);
	return status;
}

enum status cluster_promote(struct cluster *cluster, uint32_t node, enum store_role role)
{
	struct store_member_promote promote = { .id = cluster->nodes[node].view.id, .role = role };
	uint32_t leader = cluster_leader(cluster);
	const struct store_member_answer *answer;

	if (leader == 0)
		return UNAVAILABLE;
	answer = cluster_ask(cluster, leader, NULL, &store_member_promote_type, &promote, NULL);
	return answer ? answer->status : UNAVAILABLE;
}

enum status cluster_transfer(struct cluster *cluster, uint32_t to_node)
{
	struct store_transfer transfer = { .id = cluster->nodes[to_node].view.id };
	uint32_t leader = cluster_leader(cluster);
	const struct store_member_answer *answer;

	if (leader == 0)
		return UNAVAILABLE;
	answer = cluster_ask(cluster, leader, NULL, &store_transfer_type, &transfer, NULL);
	return answer ? answer->status : UNAVAILABLE;
}

const struct store_write_answer *cluster_write(struct cluster *cluster, uint32_t node,
					       const char *key, const char *value)
{
	struct store_write write = { .arena = arena_new(0), .success_count = 1 };
	struct store_op *op = arena_new_of(write.arena, struct store_op);

	op->kind = value ? STORE_PUT : STORE_DELETE;
	op->key = arena_str(write.arena, str_from(key));
	op->value = arena_str(write.arena, str_from(value));
	op->expected = STORE_ANY_REVISION;
	write.success = op;
	write.request = act_sim_random(cluster->sim) | 1;
	return cluster_ask(cluster, node, NULL, &store_write_type, &write, NULL);
}

struct str cluster_read(struct cluster *cluster, uint32_t node, const char *key)
{
	struct store_range range = { .arena = arena_new(0) };
	const struct store_range_answer *answer;

	range.key = arena_str(range.arena, str_from(key));
	answer = cluster_ask(cluster, node, NULL, &store_range_type, &range, NULL);
	CHECK(answer != NULL);
	CHECK_STATUS(answer->status, OK);
	return answer->row_count ? answer->rows[0].value : STR_NONE;
}

/* ---- the end of all faults ---- */

static bool are_all_members(struct cluster *cluster)
{
	if (!cluster_has_leader(cluster))
		return false;
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++) {
		struct cluster_view view = cluster_view(cluster, i);

		if (is_store(cluster, i) && !cluster->nodes[i].is_kept_out &&
		    (!view.is_up || view.role == STORE_NOT_MEMBER || view.leader == 0))
			return false;
	}
	return true;
}

/* Spares and witnesses have nothing. */
static bool has_all_of(struct cluster *cluster, uint32_t node, uint64_t revision)
{
	const struct store_status *status;

	if (!is_store(cluster, node) || cluster->nodes[node].is_kept_out ||
	    cluster->nodes[node].kind == CLUSTER_WITNESS)
		return true;
	status = cluster_status(cluster, node);
	return status->role == STORE_SPARE || status->revision >= revision;
}

static bool have_all_the_same(struct cluster *cluster)
{
	uint32_t leader = cluster_leader(cluster);
	uint64_t revision = leader ? cluster_status(cluster, leader)->revision : 0;

	for (uint32_t i = 1; leader && i <= CLUSTER_NODES; i++)
		if (!has_all_of(cluster, i, revision))
			return false;
	return leader != 0;
}

static void print_node(struct cluster *cluster, uint32_t node)
{
	static const char *const roles[] = { "no member", "spare", "standby", "voter" };
	const struct store_status *status;

	if (!is_store(cluster, node) || !act_sim_is_up(cluster->sim, node)) {
		if (is_store(cluster, node))
			fprintf(stderr, "n%u is down\n", node);
		return;
	}
	status = cluster_status(cluster, node);
	fprintf(stderr,
		"n%u id %llu: %s, term %llu, leader %llu, revision %llu, log %llu %llu %llu;", node,
		(unsigned long long)status->id, roles[status->role],
		(unsigned long long)status->term, (unsigned long long)status->leader,
		(unsigned long long)status->revision, (unsigned long long)status->applied_index,
		(unsigned long long)status->commit_index, (unsigned long long)status->last_index);
	for (uint32_t i = 0; i < status->member_count; i++)
		fprintf(stderr, " " STR_FMT " %llu %s%s", STR_ARG(status->members[i].name),
			(unsigned long long)status->members[i].id, roles[status->members[i].role],
			status->members[i].is_alive ? " alive" : "");
	fprintf(stderr, "\n");
}

static void print_cluster(struct cluster *cluster)
{
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++)
		print_node(cluster, i);
}

void cluster_converge(struct cluster *cluster)
{
	const struct act_sim_net net = { 100, 2000, 0, 1000 };
	const struct act_sim_disk disk = { .delay_min_us = 50,
					   .delay_max_us = 3000,
					   .is_tearing = true };
	uint64_t deadline = act_sim_now_ms(cluster->sim) + CONVERGE_MS;

	act_sim_calm(cluster->sim);
	act_sim_net(cluster->sim, &net);
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++) {
		if (!cluster->nodes[i].is_started)
			continue;
		act_sim_disk(cluster->sim, i, &disk);
		act_sim_restart(cluster->sim, i);
	}
	while (!are_all_members(cluster) || !have_all_the_same(cluster)) {
		if (act_sim_now_ms(cluster->sim) >= deadline) {
			print_cluster(cluster);
			test_fail(__FILE__, __LINE__, "the cluster does not come to rest");
		}
		cluster_run(cluster, 100);
	}
}
