#include "tests/unit/datastore/log/cluster.h"

#include <stdio.h>

#include "datastore/log/replica-private.h"
#include "tests/lib/test.h"

#define FOLDER "log"
#define SEGMENT (64U * KIB)

struct packet {
	uint32_t from, to;
	int64_t at_ms;
	char *bytes;
	uint32_t len;
	uint32_t session; /* of the receiver: what was sent to an earlier life does not arrive */
};

struct applied {
	uint64_t index, term, hash;
};

struct list_at {
	uint64_t index;
	struct text bytes;
};

struct node {
	struct disk *disk;
	struct seams_files files;
	struct dice dice;
	struct seams_random random;
	struct replica *replica;
	struct replica_output out;
	uint64_t id;
	uint32_t session;
	/* The state: everything applied, and how much of it is durable. */
	VEC(struct applied) applied; /* of index i at i-1; index 0: came with a snapshot */
	VEC(struct list_at) lists;
	uint64_t durable;
	struct replica_job *log_job, *background_job;
	int64_t log_at_ms, background_at_ms;
	uint32_t disk_ms;
	int32_t fetches_from; /* node; -1: no snapshot under way */
	int64_t fetch_at_ms;
	bool was_leader;
};

struct pending_read {
	uint64_t token, at_least;
	uint32_t node, session;
};

struct cluster {
	struct cluster_config config;
	struct dice dice;
	int64_t now_ms;
	struct node nodes[CLUSTER_NODES];
	VEC(struct packet) packets;
	bool cut[CLUSTER_NODES][CLUSTER_NODES];
	/* The truth, as far as anybody was told: by index, and the leaders by term. */
	VEC(struct applied) truth;
	VEC(uint64_t) leaders;
	VEC(struct pending_read) reads;
	uint64_t acknowledged, completed_reads, tokens, snapshots, elections, steps, commands;
};

#define BROKEN(cluster, ...)                                              \
	do {                                                              \
		char broken_[512];                                        \
		snprintf(broken_, sizeof broken_, __VA_ARGS__);           \
		test_fail(__FILE__, __LINE__, "seed %llu at %lld ms: %s", \
			  (unsigned long long)(cluster)->config.seed,     \
			  (long long)(cluster)->now_ms, broken_);         \
	} while (0)

struct dice *cluster_dice(struct cluster *cluster)
{
	return &cluster->dice;
}

struct mono cluster_now(const struct cluster *cluster)
{
	return (struct mono){ cluster->now_ms * TIME_MS };
}

int32_t cluster_node_of(struct cluster *cluster, uint64_t id)
{
	for (uint32_t i = 0; i < cluster->config.nodes; i++)
		if (cluster->nodes[i].id == id)
			return (int32_t)i;
	return -1;
}

struct replica *cluster_replica(struct cluster *cluster, uint32_t node)
{
	return cluster->nodes[node].replica;
}

/* ---- raft's promises ---- */

static uint64_t hash_entry(const struct entry *entry)
{
	return hash_mix(hash_bytes(entry->kind, entry->bytes, entry->len), entry->term);
}

static void check_truth(struct cluster *cluster, uint32_t at, const struct entry *entry)
{
	while (cluster->truth.len < entry->index)
		vec_push(&cluster->truth, (struct applied){ 0 });
	struct applied *truth = &cluster->truth.at[entry->index - 1];
	struct applied mine = { entry->index, entry->term, hash_entry(entry) };
	if (truth->index == 0)
		*truth = mine;
	else if (truth->hash != mine.hash)
		BROKEN(cluster, "node %u applies another entry at index %llu", at,
		       (unsigned long long)entry->index);
}

static void check_leader(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	const struct core *core = node->replica->core;
	bool is_leader = core_role(core) == CORE_LEADER;
	if (!is_leader || node->was_leader) {
		node->was_leader = is_leader;
		return;
	}
	node->was_leader = true;
	uint64_t term = core_term(core);
	while (cluster->leaders.len <= term)
		vec_push(&cluster->leaders, 0);
	uint64_t *leader = &cluster->leaders.at[term];
	if (*leader != 0 && *leader != node->id)
		BROKEN(cluster, "two leaders in term %llu", (unsigned long long)term);
	cluster->elections += *leader == 0;
	*leader = node->id;
	/* Leader completeness: whatever anybody has applied is in its log, or below it. */
	const struct window *window = core_window(core);
	for (uint64_t index = window->base_index + 1; index <= cluster->truth.len; index++) {
		const struct entry *entry = window_at(window, index);
		const struct applied *truth = &cluster->truth.at[index - 1];
		if (truth->index != 0 && (!entry || hash_entry(entry) != truth->hash))
			BROKEN(cluster, "leader of term %llu lacks entry %llu",
			       (unsigned long long)term, (unsigned long long)index);
	}
}

static void check_matching(struct cluster *cluster, uint32_t a, uint32_t b)
{
	const struct window *left = core_window(cluster->nodes[a].replica->core);
	const struct window *right = core_window(cluster->nodes[b].replica->core);
	uint64_t last =
	    window_last(left) < window_last(right) ? window_last(left) : window_last(right);
	bool must_match = false;
	for (uint64_t index = last; index > 0; index--) {
		const struct entry *x = window_at(left, index), *y = window_at(right, index);
		if (!x || !y)
			return;
		must_match |= x->term == y->term;
		if (must_match && (x->term != y->term || hash_entry(x) != hash_entry(y)))
			BROKEN(cluster, "logs of %u and %u differ below a match, at %llu", a, b,
			       (unsigned long long)index);
	}
}

static void check_all(struct cluster *cluster)
{
	for (uint32_t a = 0; a < cluster->config.nodes; a++)
		for (uint32_t b = a + 1; b < cluster->config.nodes; b++)
			if (cluster->nodes[a].replica && cluster->nodes[b].replica)
				check_matching(cluster, a, b);
}

/* ---- the state of a node ---- */

static uint64_t applied_index(const struct node *node)
{
	return node->applied.len;
}

static struct replica_state state_of(const struct node *node, uint64_t index)
{
	struct replica_state state = { .index = index };
	if (index > 0)
		state.term = node->applied.at[index - 1].term;
	for (uint32_t i = 0; i < node->lists.len; i++)
		if (node->lists.at[i].index <= index) {
			state.members_index = node->lists.at[i].index;
			state.members = text_str(&node->lists.at[i].bytes);
		}
	return state;
}

static void keep_list(struct node *node, uint64_t index, struct str bytes)
{
	struct list_at *list = vec_add(&node->lists);
	list->index = index;
	list->bytes = text_new(LIMIT_ENTRY_BYTES);
	text_add(&list->bytes, bytes);
}

static void forget_after(struct node *node, uint64_t index)
{
	node->applied.len = (uint32_t)index;
	while (node->lists.len > 0 && node->lists.at[node->lists.len - 1].index > index)
		text_fini(&vec_pop(&node->lists).bytes);
}

static void apply(struct cluster *cluster, uint32_t at, const struct entry *entry)
{
	struct node *node = &cluster->nodes[at];
	if (entry->index != applied_index(node) + 1)
		BROKEN(cluster, "node %u is given %llu after %llu", at,
		       (unsigned long long)entry->index, (unsigned long long)applied_index(node));
	check_truth(cluster, at, entry);
	vec_push(&node->applied, (struct applied){ entry->index, entry->term, hash_entry(entry) });
	if (entry->kind == ENTRY_MEMBERS)
		keep_list(node, entry->index, entry_payload(entry));
	if (entry->index > cluster->acknowledged && node->was_leader)
		cluster->acknowledged = entry->index; /* it would answer its clients now */
}

/* ---- acting on outputs ---- */

static int64_t in_ms(struct cluster *cluster, uint32_t limit)
{
	return cluster->now_ms + (limit > 0 ? dice_below(&cluster->dice, limit + 1) : 0);
}

static void send_once(struct cluster *cluster, uint32_t from, uint32_t to, struct str bytes)
{
	vec_push(&cluster->packets,
		 (struct packet){ .from = from,
				  .to = to,
				  .at_ms = in_ms(cluster, cluster->config.delay_ms),
				  .bytes = mem_copy(bytes.at, bytes.len),
				  .len = bytes.len,
				  .session = cluster->nodes[to].session });
}

static void send_all(struct cluster *cluster, uint32_t from)
{
	struct node *node = &cluster->nodes[from];
	for (uint32_t i = 0; i < node->out.messages.len; i++) {
		const struct replica_message *message = &node->out.messages.at[i];
		int32_t to = cluster_node_of(cluster, message->to);
		if (to < 0 || cluster->cut[from][to])
			continue;
		if (!dice_chance(&cluster->dice, cluster->config.loss_per_mille))
			send_once(cluster, from, (uint32_t)to, message->bytes);
		if (dice_chance(&cluster->dice, cluster->config.loss_per_mille))
			send_once(cluster, from, (uint32_t)to, message->bytes);
	}
}

static void complete_reads(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	for (uint32_t i = 0; i < node->out.reads.len; i++) {
		const struct replica_read *read = &node->out.reads.at[i];
		for (uint32_t k = 0; k < cluster->reads.len; k++) {
			struct pending_read *pending = &cluster->reads.at[k];
			if (pending->token != read->token)
				continue;
			if (read->status == OK && applied_index(node) < pending->at_least)
				BROKEN(cluster, "read on %u at %llu misses %llu", at,
				       (unsigned long long)applied_index(node),
				       (unsigned long long)pending->at_least);
			cluster->completed_reads += read->status == OK;
			vec_swap_remove(&cluster->reads, k);
			break;
		}
	}
}

static void begin_jobs(struct cluster *cluster, struct node *node)
{
	if (node->out.log_job) {
		node->log_job = node->out.log_job;
		node->log_at_ms = node->disk_ms > cluster->config.disk_ms
				      ? cluster->now_ms + node->disk_ms
				      : in_ms(cluster, cluster->config.disk_ms);
	}
	if (node->out.background_job) {
		node->background_job = node->out.background_job;
		node->background_at_ms = in_ms(cluster, 20);
	}
}

static void act(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	cluster->steps++;
	check_leader(cluster, at);
	for (uint32_t i = 0; i < node->out.committed.len; i++)
		apply(cluster, at, node->out.committed.at[i]);
	complete_reads(cluster, at);
	send_all(cluster, at);
	begin_jobs(cluster, node);
	if (node->out.offer.from != 0 && node->fetches_from < 0) {
		node->fetches_from = cluster_node_of(cluster, node->out.offer.from);
		node->fetch_at_ms = in_ms(cluster, 200);
	}
	if (node->out.is_failed)
		BROKEN(cluster, "node %u failed: %s", at, node->out.why.text);
	replica_output_clear(&node->out);
}

/* The donor's state as it is now, as a copy of its database would be: everything applied and durable there. */
static void fetch(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	int32_t from = node->fetches_from;
	node->fetches_from = -1;
	if (from < 0 || !cluster->nodes[from].replica || cluster->cut[at][from])
		return;
	struct node *donor = &cluster->nodes[from];
	if (donor->durable <= applied_index(node))
		return;
	uint64_t index = donor->durable;
	struct replica_state state = state_of(donor, index);
	if (replica_install(node->replica, &state, cluster_now(cluster), &node->out) == OK) {
		forget_after(node, 0);
		for (uint64_t i = 0; i < index; i++)
			vec_push(&node->applied, donor->applied.at[i]);
		for (uint32_t i = 0; i < donor->lists.len; i++)
			if (donor->lists.at[i].index <= index)
				keep_list(node, donor->lists.at[i].index,
					  text_str(&donor->lists.at[i].bytes));
		node->durable = index;
		cluster->snapshots++;
	}
	act(cluster, at);
}

/* ---- nodes ---- */

void cluster_restart(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	struct replica_config config = { .files = &node->files,
					 .random = &node->random,
					 .folder = FOLDER,
					 .segment_bytes = SEGMENT,
					 .kept_entries = cluster->config.kept_entries,
					 .is_managing = cluster->config.is_managing };
	struct fault why = { 0 };
	if (node->replica)
		return;
	struct replica_state state = state_of(node, node->durable);
	if (replica_open(&config, &state, &node->replica, &why) != OK)
		BROKEN(cluster, "node %u does not open: %s", at, why.text);
	if (node->id != 0 && node->id != replica_id(node->replica))
		BROKEN(cluster, "node %u forgot its id", at);
	node->id = replica_id(node->replica);
	if (at == 0 && replica_is_pristine(node->replica) && node->durable == 0) {
		struct member self = { .name = STR("n0"), .address = STR("a0") };
		if (replica_bootstrap(node->replica, &self, &why) != OK)
			BROKEN(cluster, "cannot bootstrap: %s", why.text);
	}
	node->was_leader = false;
	node->fetches_from = -1;
	replica_start(node->replica, cluster_now(cluster), &node->out);
	act(cluster, at);
}

static void tell_loss(struct cluster *cluster, uint64_t id)
{
	for (uint32_t i = 0; i < cluster->config.nodes; i++) {
		struct node *node = &cluster->nodes[i];
		if (!node->replica)
			continue;
		replica_peer_lost(node->replica, id, cluster_now(cluster), &node->out);
		act(cluster, i);
	}
}

static void stop_job(struct cluster *cluster, struct node *node, struct replica_job **job)
{
	if (!*job)
		return;
	/* The power fails somewhere in its middle, or before or after it. */
	disk_fail_after(node->disk, dice_below(&cluster->dice, 12), IO);
	(*job)->run(*job);
	replica_job_done(node->replica, *job, cluster_now(cluster), &node->out);
	*job = NULL;
}

void cluster_crash(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	if (!node->replica)
		return;
	while (node->log_job || node->background_job) {
		stop_job(cluster, node, &node->background_job);
		stop_job(cluster, node, &node->log_job);
		/* A job that was done leads to the next one. */
		node->log_job = node->out.log_job;
		node->background_job = node->out.background_job;
		replica_output_clear(&node->out);
	}
	replica_close(node->replica);
	node->replica = NULL;
	disk_crash(node->disk);
	node->session++;
	node->was_leader = false;
	forget_after(node, node->durable);
	if (cluster->config.tells_losses)
		tell_loss(cluster, node->id);
}

void cluster_cut(struct cluster *cluster, uint32_t a, uint32_t b, bool is_cut)
{
	cluster->cut[a][b] = cluster->cut[b][a] = is_cut;
}

void cluster_heal(struct cluster *cluster)
{
	memset(cluster->cut, 0, sizeof cluster->cut);
}

void cluster_slow_disk(struct cluster *cluster, uint32_t node, uint32_t ms)
{
	cluster->nodes[node].disk_ms = ms;
}

struct cluster *cluster_new(const struct cluster_config *config)
{
	struct cluster *cluster = mem_new(struct cluster);
	cluster->config = *config;
	cluster->dice.state = config->seed * 7919 + 1;
	cluster->now_ms = 1000;
	assert(config->nodes <= CLUSTER_NODES);
	for (uint32_t i = 0; i < config->nodes; i++) {
		struct node *node = &cluster->nodes[i];
		node->disk = disk_new(config->seed * 131 + i);
		node->files = disk_files(node->disk);
		node->dice.state = config->seed * 977 + i;
		node->random = dice_seam(&node->dice);
		replica_output_init(&node->out);
		cluster_restart(cluster, i);
	}
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->config.nodes; i++) {
		struct node *node = &cluster->nodes[i];
		cluster->config.tells_losses = false;
		cluster_crash(cluster, i);
		forget_after(node, 0);
		vec_fini(&node->applied);
		vec_fini(&node->lists);
		replica_output_fini(&node->out);
		disk_free(node->disk);
	}
	for (uint32_t i = 0; i < cluster->packets.len; i++)
		mem_free(cluster->packets.at[i].bytes);
	vec_fini(&cluster->packets);
	vec_fini(&cluster->truth);
	vec_fini(&cluster->leaders);
	vec_fini(&cluster->reads);
	mem_free(cluster);
}

/* ---- time ---- */

static void finish_job(struct cluster *cluster, uint32_t at, struct replica_job **slot)
{
	struct node *node = &cluster->nodes[at];
	struct replica_job *job = *slot;
	*slot = NULL;
	job->run(job);
	replica_job_done(node->replica, job, cluster_now(cluster), &node->out);
	act(cluster, at);
}

static void deliver(struct cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->packets.len;) {
		struct packet packet = cluster->packets.at[i];
		if (packet.at_ms > cluster->now_ms) {
			i++;
			continue;
		}
		vec_remove(&cluster->packets, i);
		struct node *to = &cluster->nodes[packet.to];
		if (to->replica && to->session == packet.session &&
		    !cluster->cut[packet.from][packet.to]) {
			replica_receive(to->replica, cluster->nodes[packet.from].id,
					str_of(packet.bytes, packet.len), cluster_now(cluster),
					&to->out);
			act(cluster, packet.to);
		}
		mem_free(packet.bytes);
	}
}

static void write_behind(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	if (applied_index(node) == node->durable || !dice_chance(&cluster->dice, 50))
		return;
	node->durable +=
	    1 + dice_below(&cluster->dice, (uint32_t)(applied_index(node) - node->durable));
	struct replica_state state = state_of(node, node->durable);
	replica_state_durable(node->replica, &state, cluster_now(cluster), &node->out);
	act(cluster, at);
}

static void turn(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	if (node->replica && node->log_job && node->log_at_ms <= cluster->now_ms)
		finish_job(cluster, at, &node->log_job);
	if (node->replica && node->background_job && node->background_at_ms <= cluster->now_ms)
		finish_job(cluster, at, &node->background_job);
	if (node->replica && node->fetches_from >= 0 && node->fetch_at_ms <= cluster->now_ms)
		fetch(cluster, at);
	if (node->replica)
		write_behind(cluster, at);
	if (node->replica && replica_wake_at(node->replica).ns <= cluster->now_ms * TIME_MS) {
		replica_tick(node->replica, cluster_now(cluster), &node->out);
		act(cluster, at);
	}
}

void cluster_run(struct cluster *cluster, uint32_t ms)
{
	for (int64_t end = cluster->now_ms + ms; cluster->now_ms < end;) {
		cluster->now_ms++;
		deliver(cluster);
		for (uint32_t i = 0; i < cluster->config.nodes; i++)
			turn(cluster, i);
		if (cluster->now_ms % 256 == 0)
			check_all(cluster);
	}
}

bool cluster_until(struct cluster *cluster, bool (*check)(struct cluster *cluster), uint32_t ms)
{
	for (uint32_t i = 0; i < ms && !check(cluster); i++)
		cluster_run(cluster, 1);
	return check(cluster);
}

/* ---- use ---- */

int32_t cluster_leader(struct cluster *cluster)
{
	int32_t best = -1;
	uint64_t term = 0;
	for (uint32_t i = 0; i < cluster->config.nodes; i++) {
		struct replica_status status;
		if (!cluster->nodes[i].replica)
			continue;
		replica_status(cluster->nodes[i].replica, &status);
		if (status.role == CORE_LEADER && status.is_established && status.term > term) {
			best = (int32_t)i;
			term = status.term;
		}
	}
	return best;
}

bool cluster_has_leader(struct cluster *cluster)
{
	return cluster_leader(cluster) >= 0;
}

enum status cluster_submit(struct cluster *cluster, uint32_t at, uint32_t payload_len)
{
	struct node *node = &cluster->nodes[at];
	uint64_t index, term;
	char payload[4096];
	if (!node->replica)
		return UNAVAILABLE;
	memset(payload, 'x', sizeof payload);
	snprintf(payload, sizeof payload, "%llu", (unsigned long long)++cluster->commands);
	enum status status = replica_submit(node->replica, str_of(payload, payload_len),
					    cluster_now(cluster), &node->out, &index, &term);
	act(cluster, at);
	return status;
}

enum status cluster_read(struct cluster *cluster, uint32_t at)
{
	struct node *node = &cluster->nodes[at];
	if (!node->replica)
		return UNAVAILABLE;
	vec_push(&cluster->reads, (struct pending_read){ .token = ++cluster->tokens,
							 .at_least = cluster->acknowledged,
							 .node = at,
							 .session = node->session });
	enum status status =
	    replica_read_index(node->replica, cluster->tokens, cluster_now(cluster), &node->out);
	act(cluster, at);
	return status;
}

static bool change_role(struct cluster *cluster, uint64_t id, enum member_role role)
{
	for (uint32_t tries = 0; tries < 600; tries++) {
		int32_t leader = cluster_leader(cluster);
		cluster_run(cluster, 100);
		if (leader < 0 || !cluster->nodes[leader].replica)
			continue;
		struct node *node = &cluster->nodes[leader];
		const struct member *member = members_find(replica_members(node->replica), id);
		if (member && member->role == role && !core_is_changing(node->replica->core))
			return true;
		enum status ignored =
		    replica_assign(node->replica, id, role, cluster_now(cluster), &node->out);
		(void)ignored; /* tried again */
		act(cluster, (uint32_t)leader);
	}
	return false;
}

void cluster_try_assign(struct cluster *cluster, uint32_t at, enum member_role role)
{
	int32_t leader = cluster_leader(cluster);
	if (leader < 0)
		return;
	struct node *node = &cluster->nodes[leader];
	enum status ignored = replica_assign(node->replica, cluster->nodes[at].id, role,
					     cluster_now(cluster), &node->out);
	(void)ignored;
	act(cluster, (uint32_t)leader);
}

void cluster_transfer(struct cluster *cluster, uint32_t leader)
{
	struct node *node = &cluster->nodes[leader];
	enum status ignored = replica_transfer(node->replica, 0, cluster_now(cluster), &node->out);
	(void)ignored; /* there may be nobody */
	act(cluster, leader);
}

bool cluster_assign(struct cluster *cluster, uint32_t node, enum member_role role)
{
	return change_role(cluster, cluster->nodes[node].id, role);
}

bool cluster_join(struct cluster *cluster, uint32_t at, enum member_role role)
{
	char name[8], address[8];
	snprintf(name, sizeof name, "n%u", at);
	snprintf(address, sizeof address, "a%u", at);
	struct member member = { .id = cluster->nodes[at].id,
				 .name = str_from(name),
				 .address = str_from(address) };
	for (uint32_t tries = 0; tries < 600; tries++) {
		int32_t leader = cluster_leader(cluster);
		cluster_run(cluster, 100);
		if (leader < 0 || !cluster->nodes[leader].replica)
			continue;
		struct node *node = &cluster->nodes[leader];
		if (members_find(replica_members(node->replica), member.id) &&
		    !core_is_changing(node->replica->core))
			break;
		enum status ignored =
		    replica_add(node->replica, &member, cluster_now(cluster), &node->out);
		(void)ignored; /* tried again */
		act(cluster, (uint32_t)leader);
	}
	if (role == MEMBER_SPARE || cluster->config.is_managing)
		return true;
	return change_role(cluster, member.id, MEMBER_STANDBY) &&
	       (role == MEMBER_STANDBY || change_role(cluster, member.id, role));
}

uint64_t cluster_acknowledged(const struct cluster *cluster)
{
	return cluster->acknowledged;
}

uint64_t cluster_reads(const struct cluster *cluster)
{
	return cluster->completed_reads;
}

uint64_t cluster_snapshots(const struct cluster *cluster)
{
	return cluster->snapshots;
}

uint64_t cluster_applied(struct cluster *cluster, uint32_t node)
{
	return applied_index(&cluster->nodes[node]);
}

uint64_t cluster_elections(const struct cluster *cluster)
{
	return cluster->elections;
}

uint64_t cluster_steps(const struct cluster *cluster)
{
	return cluster->steps;
}

static bool is_converged(struct cluster *cluster)
{
	int32_t leader = cluster_leader(cluster);
	if (leader < 0)
		return false;
	const struct members *members = replica_members(cluster->nodes[leader].replica);
	uint64_t last = core_last(cluster->nodes[leader].replica->core);
	for (uint32_t i = 0; i < cluster->config.nodes; i++) {
		const struct member *member = members_find(members, cluster->nodes[i].id);
		if (member && member->role != MEMBER_SPARE &&
		    applied_index(&cluster->nodes[i]) != last)
			return false;
	}
	return true;
}

static void print_all(struct cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->config.nodes; i++) {
		struct node *node = &cluster->nodes[i];
		struct replica_status status;
		replica_status(node->replica, &status);
		const struct members *members = replica_members(node->replica);
		fprintf(stderr,
			"node %u: %s term %llu leader %d commit %llu persisted %llu last %llu "
			"first %llu applied %llu refused %llu; voters at %llu:",
			i, (const char *[]){ "follower", "candidate", "leader" }[status.role],
			(unsigned long long)status.term, cluster_node_of(cluster, status.leader),
			(unsigned long long)status.commit, (unsigned long long)status.persisted,
			(unsigned long long)status.last, (unsigned long long)status.log_first,
			(unsigned long long)applied_index(node), (unsigned long long)status.refused,
			(unsigned long long)members->index);
		for (uint32_t k = 0; k < members->len; k++)
			fprintf(stderr, " %d=%s", cluster_node_of(cluster, members->at[k].id),
				member_role_name(members->at[k].role));
		fprintf(stderr, "\n");
	}
}

void cluster_converge(struct cluster *cluster)
{
	cluster_heal(cluster);
	cluster->config.loss_per_mille = 0;
	for (uint32_t i = 0; i < cluster->config.nodes; i++) {
		cluster_restart(cluster, i);
		cluster->nodes[i].disk_ms = 0;
	}
	bool is_done = cluster_until(cluster, is_converged, 30000);
	if (!is_done)
		print_all(cluster);
	if (!is_done)
		BROKEN(cluster, "members do not come to have the same");
	check_all(cluster);
	for (uint64_t index = 1; index <= cluster->acknowledged; index++)
		if (cluster->truth.at[index - 1].index == 0)
			BROKEN(cluster, "entry %llu was acknowledged and is nowhere",
			       (unsigned long long)index);
	uint64_t applied = applied_index(&cluster->nodes[cluster_leader(cluster)]);
	if (applied < cluster->acknowledged)
		BROKEN(cluster, "acknowledged %llu, kept %llu",
		       (unsigned long long)cluster->acknowledged, (unsigned long long)applied);
}
