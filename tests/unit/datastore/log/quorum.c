#include "tests/unit/datastore/log/quorum.h"

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

struct quorum {
	struct quorum_config config;
	struct dice dice;
	int64_t now_ms;
	struct node nodes[QUORUM_NODES];
	VEC(struct packet) packets;
	bool cut[QUORUM_NODES][QUORUM_NODES];
	/* The truth, as far as anybody was told: by index, and the leaders by term. */
	VEC(struct applied) truth;
	VEC(uint64_t) leaders;
	VEC(struct pending_read) reads;
	uint64_t acknowledged, completed_reads, tokens, snapshots, elections, steps, commands;
};

#define BROKEN(quorum, ...)                                                                       \
	do {                                                                                      \
		char broken_[512];                                                                \
		snprintf(broken_, sizeof broken_, __VA_ARGS__);                                   \
		test_fail(__FILE__, __LINE__, "seed %llu at %lld ms: %s",                         \
			  (unsigned long long)(quorum)->config.seed, (long long)(quorum)->now_ms, \
			  broken_);                                                               \
	} while (0)

struct dice *quorum_dice(struct quorum *quorum)
{
	return &quorum->dice;
}

struct mono quorum_now(const struct quorum *quorum)
{
	return (struct mono){ quorum->now_ms * TIME_MS };
}

int32_t quorum_node_of(struct quorum *quorum, uint64_t id)
{
	for (uint32_t i = 0; i < quorum->config.nodes; i++)
		if (quorum->nodes[i].id == id)
			return (int32_t)i;
	return -1;
}

struct replica *quorum_replica(struct quorum *quorum, uint32_t node)
{
	return quorum->nodes[node].replica;
}

/* ---- raft's promises ---- */

static uint64_t hash_entry(const struct entry *entry)
{
	return hash_mix(hash_bytes(entry->kind, entry->bytes, entry->len), entry->term);
}

static bool is_witness(const struct quorum *quorum, uint32_t at)
{
	return quorum->config.witness != 0 && at == quorum->config.witness;
}

static void check_truth(struct quorum *quorum, uint32_t at, const struct entry *entry)
{
	while (quorum->truth.len < entry->index)
		vec_push(&quorum->truth, (struct applied){ 0 });
	struct applied *truth = &quorum->truth.at[entry->index - 1];
	struct applied mine = { entry->index, entry->term, hash_entry(entry) };
	/* A witness has the numbers alone. */
	if (is_witness(quorum, at)) {
		if (truth->index != 0 && truth->term != mine.term)
			BROKEN(quorum, "the witness has another term at index %llu",
			       (unsigned long long)entry->index);
		return;
	}
	if (truth->index == 0)
		*truth = mine;
	else if (truth->hash != mine.hash)
		BROKEN(quorum, "node %u applies another entry at index %llu", at,
		       (unsigned long long)entry->index);
}

static void check_leader(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	const struct core *core = node->replica->core;
	bool is_leader = core_role(core) == CORE_LEADER;
	if (!is_leader || node->was_leader) {
		node->was_leader = is_leader;
		return;
	}
	node->was_leader = true;
	if (is_witness(quorum, at))
		BROKEN(quorum, "the witness leads");
	uint64_t term = core_term(core);
	while (quorum->leaders.len <= term)
		vec_push(&quorum->leaders, 0);
	uint64_t *leader = &quorum->leaders.at[term];
	if (*leader != 0 && *leader != node->id)
		BROKEN(quorum, "two leaders in term %llu", (unsigned long long)term);
	quorum->elections += *leader == 0;
	*leader = node->id;
	/* Leader completeness: whatever anybody has applied is in its log, or below it. */
	const struct window *window = core_window(core);
	for (uint64_t index = window->base_index + 1; index <= quorum->truth.len; index++) {
		const struct entry *entry = window_at(window, index);
		const struct applied *truth = &quorum->truth.at[index - 1];
		if (truth->index != 0 && (!entry || hash_entry(entry) != truth->hash))
			BROKEN(quorum, "leader of term %llu lacks entry %llu",
			       (unsigned long long)term, (unsigned long long)index);
	}
}

static void check_matching(struct quorum *quorum, uint32_t a, uint32_t b)
{
	const struct window *left = core_window(quorum->nodes[a].replica->core);
	const struct window *right = core_window(quorum->nodes[b].replica->core);
	uint64_t last =
	    window_last(left) < window_last(right) ? window_last(left) : window_last(right);
	bool must_match = false;
	for (uint64_t index = last; index > 0; index--) {
		const struct entry *x = window_at(left, index), *y = window_at(right, index);
		if (!x || !y)
			return;
		must_match |= x->term == y->term;
		bool has_both = !is_witness(quorum, a) && !is_witness(quorum, b);
		if (must_match &&
		    (x->term != y->term || (has_both && hash_entry(x) != hash_entry(y))))
			BROKEN(quorum, "logs of %u and %u differ below a match, at %llu", a, b,
			       (unsigned long long)index);
	}
}

static void check_all(struct quorum *quorum)
{
	for (uint32_t a = 0; a < quorum->config.nodes; a++)
		for (uint32_t b = a + 1; b < quorum->config.nodes; b++)
			if (quorum->nodes[a].replica && quorum->nodes[b].replica)
				check_matching(quorum, a, b);
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

static void apply(struct quorum *quorum, uint32_t at, const struct entry *entry)
{
	struct node *node = &quorum->nodes[at];
	/* Its state is where its log begins, which it is told. */
	while (is_witness(quorum, at) && applied_index(node) + 1 < entry->index)
		vec_push(&node->applied, (struct applied){ 0 });
	if (entry->index != applied_index(node) + 1)
		BROKEN(quorum, "node %u is given %llu after %llu", at,
		       (unsigned long long)entry->index, (unsigned long long)applied_index(node));
	check_truth(quorum, at, entry);
	vec_push(&node->applied, (struct applied){ entry->index, entry->term, hash_entry(entry) });
	if (entry->kind == ENTRY_MEMBERS && !is_witness(quorum, at))
		keep_list(node, entry->index, entry_payload(entry));
	if (entry->index > quorum->acknowledged && node->was_leader)
		quorum->acknowledged = entry->index; /* it would answer its clients now */
}

/* ---- acting on outputs ---- */

static int64_t in_ms(struct quorum *quorum, uint32_t limit)
{
	return quorum->now_ms + (limit > 0 ? dice_below(&quorum->dice, limit + 1) : 0);
}

static void send_once(struct quorum *quorum, uint32_t from, uint32_t to, struct str bytes)
{
	vec_push(&quorum->packets, (struct packet){ .from = from,
						    .to = to,
						    .at_ms = in_ms(quorum, quorum->config.delay_ms),
						    .bytes = mem_copy(bytes.at, bytes.len),
						    .len = bytes.len,
						    .session = quorum->nodes[to].session });
}

static void send_all(struct quorum *quorum, uint32_t from)
{
	struct node *node = &quorum->nodes[from];
	for (uint32_t i = 0; i < node->out.messages.len; i++) {
		const struct replica_message *message = &node->out.messages.at[i];
		int32_t to = quorum_node_of(quorum, message->to);
		if (to < 0 || quorum->cut[from][to])
			continue;
		if (!dice_chance(&quorum->dice, quorum->config.loss_per_mille))
			send_once(quorum, from, (uint32_t)to, message->bytes);
		if (dice_chance(&quorum->dice, quorum->config.loss_per_mille))
			send_once(quorum, from, (uint32_t)to, message->bytes);
	}
}

static void complete_reads(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	for (uint32_t i = 0; i < node->out.reads.len; i++) {
		const struct replica_read *read = &node->out.reads.at[i];
		for (uint32_t k = 0; k < quorum->reads.len; k++) {
			struct pending_read *pending = &quorum->reads.at[k];
			if (pending->token != read->token)
				continue;
			if (read->status == OK && applied_index(node) < pending->at_least)
				BROKEN(quorum, "read on %u at %llu misses %llu", at,
				       (unsigned long long)applied_index(node),
				       (unsigned long long)pending->at_least);
			quorum->completed_reads += read->status == OK;
			vec_swap_remove(&quorum->reads, k);
			break;
		}
	}
}

static void begin_jobs(struct quorum *quorum, struct node *node)
{
	if (node->out.log_job) {
		node->log_job = node->out.log_job;
		node->log_at_ms = node->disk_ms > quorum->config.disk_ms
				      ? quorum->now_ms + node->disk_ms
				      : in_ms(quorum, quorum->config.disk_ms);
	}
	if (node->out.background_job) {
		node->background_job = node->out.background_job;
		node->background_at_ms = in_ms(quorum, 20);
	}
}

static void act(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	quorum->steps++;
	check_leader(quorum, at);
	for (uint32_t i = 0; i < node->out.committed.len; i++)
		apply(quorum, at, node->out.committed.at[i]);
	complete_reads(quorum, at);
	send_all(quorum, at);
	begin_jobs(quorum, node);
	if (node->out.offer.from != 0 && node->fetches_from < 0) {
		node->fetches_from = quorum_node_of(quorum, node->out.offer.from);
		node->fetch_at_ms = in_ms(quorum, 200);
	}
	if (node->out.is_failed)
		BROKEN(quorum, "node %u failed: %s", at, node->out.why.text);
	bool has_more = is_witness(quorum, at) && node->out.committed.len > 0;
	replica_output_clear(&node->out);
	if (!has_more)
		return;
	struct replica_state state = { .index = applied_index(node) };
	replica_state_durable(node->replica, &state, quorum_now(quorum), &node->out);
	act(quorum, at);
}

/* The donor's state as it is now, as a copy of its database would be: everything applied and durable there. */
static void fetch(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	int32_t from = node->fetches_from;
	node->fetches_from = -1;
	if (from < 0 || !quorum->nodes[from].replica || quorum->cut[at][from])
		return;
	struct node *donor = &quorum->nodes[from];
	if (donor->durable <= applied_index(node))
		return;
	uint64_t index = donor->durable;
	struct replica_state state = state_of(donor, index);
	if (replica_install(node->replica, &state, quorum_now(quorum), &node->out) == OK) {
		forget_after(node, 0);
		for (uint64_t i = 0; i < index; i++)
			vec_push(&node->applied, donor->applied.at[i]);
		for (uint32_t i = 0; i < donor->lists.len; i++)
			if (donor->lists.at[i].index <= index)
				keep_list(node, donor->lists.at[i].index,
					  text_str(&donor->lists.at[i].bytes));
		node->durable = index;
		quorum->snapshots++;
	}
	act(quorum, at);
}

/* ---- nodes ---- */

void quorum_restart(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	struct replica_config config = { .files = &node->files,
					 .random = &node->random,
					 .folder = FOLDER,
					 .segment_bytes = SEGMENT,
					 .kept_entries = quorum->config.kept_entries,
					 .is_managing = quorum->config.is_managing,
					 .is_witness = is_witness(quorum, at) };
	struct fault why = { 0 };
	if (node->replica)
		return;
	struct replica_state state = state_of(node, node->durable);
	const struct replica_state *known = is_witness(quorum, at) ? NULL : &state;
	if (replica_open(&config, known, &node->replica, &why) != OK)
		BROKEN(quorum, "node %u does not open: %s", at, why.text);
	if (node->id != 0 && node->id != replica_id(node->replica))
		BROKEN(quorum, "node %u forgot its id", at);
	node->id = replica_id(node->replica);
	if (at == 0 && replica_is_pristine(node->replica) && node->durable == 0) {
		struct member self = { .name = STR("n0"), .address = STR("a0") };
		if (replica_bootstrap(node->replica, &self, &why) != OK)
			BROKEN(quorum, "cannot bootstrap: %s", why.text);
	}
	node->was_leader = false;
	node->fetches_from = -1;
	replica_start(node->replica, quorum_now(quorum), &node->out);
	act(quorum, at);
}

static void tell_loss(struct quorum *quorum, uint64_t id)
{
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct node *node = &quorum->nodes[i];
		if (!node->replica)
			continue;
		replica_peer_lost(node->replica, id, quorum_now(quorum), &node->out);
		act(quorum, i);
	}
}

static void stop_job(struct quorum *quorum, struct node *node, struct replica_job **job)
{
	if (!*job)
		return;
	/* The power fails somewhere in its middle, or before or after it. */
	disk_fail_after(node->disk, dice_below(&quorum->dice, 12), IO);
	(*job)->run(*job);
	replica_job_done(node->replica, *job, quorum_now(quorum), &node->out);
	*job = NULL;
}

void quorum_crash(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	if (!node->replica)
		return;
	while (node->log_job || node->background_job) {
		stop_job(quorum, node, &node->background_job);
		stop_job(quorum, node, &node->log_job);
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
	forget_after(node, is_witness(quorum, at) ? 0 : node->durable);
	if (!quorum->config.tells_losses)
		return;
	/* What a link has not delivered by then it does not deliver. */
	for (uint32_t i = 0; i < quorum->packets.len;) {
		if (quorum->packets.at[i].from != at) {
			i++;
			continue;
		}
		mem_free(quorum->packets.at[i].bytes);
		vec_remove(&quorum->packets, i);
	}
	tell_loss(quorum, node->id);
}

void quorum_cut(struct quorum *quorum, uint32_t a, uint32_t b, bool is_cut)
{
	quorum->cut[a][b] = quorum->cut[b][a] = is_cut;
}

void quorum_heal(struct quorum *quorum)
{
	memset(quorum->cut, 0, sizeof quorum->cut);
}

void quorum_fill_disk(struct quorum *quorum, uint32_t node)
{
	disk_limit(quorum->nodes[node].disk, 1);
}

void quorum_slow_disk(struct quorum *quorum, uint32_t node, uint32_t ms)
{
	quorum->nodes[node].disk_ms = ms;
}

struct quorum *quorum_new(const struct quorum_config *config)
{
	struct quorum *quorum = mem_new(struct quorum);
	quorum->config = *config;
	quorum->dice.state = config->seed * 7919 + 1;
	quorum->now_ms = 1000;
	assert(config->nodes <= QUORUM_NODES);
	for (uint32_t i = 0; i < config->nodes; i++) {
		struct node *node = &quorum->nodes[i];
		node->disk = disk_new(config->seed * 131 + i);
		node->files = disk_files(node->disk);
		node->dice.state = config->seed * 977 + i;
		node->random = dice_seam(&node->dice);
		replica_output_init(&node->out);
		quorum_restart(quorum, i);
	}
	return quorum;
}

void quorum_free(struct quorum *quorum)
{
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct node *node = &quorum->nodes[i];
		quorum->config.tells_losses = false;
		quorum_crash(quorum, i);
		forget_after(node, 0);
		vec_fini(&node->applied);
		vec_fini(&node->lists);
		replica_output_fini(&node->out);
		disk_free(node->disk);
	}
	for (uint32_t i = 0; i < quorum->packets.len; i++)
		mem_free(quorum->packets.at[i].bytes);
	vec_fini(&quorum->packets);
	vec_fini(&quorum->truth);
	vec_fini(&quorum->leaders);
	vec_fini(&quorum->reads);
	mem_free(quorum);
}

/* ---- time ---- */

static void finish_job(struct quorum *quorum, uint32_t at, struct replica_job **slot)
{
	struct node *node = &quorum->nodes[at];
	struct replica_job *job = *slot;
	*slot = NULL;
	job->run(job);
	replica_job_done(node->replica, job, quorum_now(quorum), &node->out);
	act(quorum, at);
}

static void deliver(struct quorum *quorum)
{
	for (uint32_t i = 0; i < quorum->packets.len;) {
		struct packet packet = quorum->packets.at[i];
		if (packet.at_ms > quorum->now_ms) {
			i++;
			continue;
		}
		vec_remove(&quorum->packets, i);
		struct node *to = &quorum->nodes[packet.to];
		if (to->replica && to->session == packet.session &&
		    !quorum->cut[packet.from][packet.to]) {
			replica_receive(to->replica, quorum->nodes[packet.from].id,
					str_of(packet.bytes, packet.len), quorum_now(quorum),
					&to->out);
			act(quorum, packet.to);
		}
		mem_free(packet.bytes);
	}
}

static void write_behind(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	if (is_witness(quorum, at) || applied_index(node) == node->durable ||
	    !dice_chance(&quorum->dice, 50))
		return;
	node->durable +=
	    1 + dice_below(&quorum->dice, (uint32_t)(applied_index(node) - node->durable));
	struct replica_state state = state_of(node, node->durable);
	replica_state_durable(node->replica, &state, quorum_now(quorum), &node->out);
	act(quorum, at);
}

static void turn(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	if (node->replica && node->log_job && node->log_at_ms <= quorum->now_ms)
		finish_job(quorum, at, &node->log_job);
	if (node->replica && node->background_job && node->background_at_ms <= quorum->now_ms)
		finish_job(quorum, at, &node->background_job);
	if (node->replica && node->fetches_from >= 0 && node->fetch_at_ms <= quorum->now_ms)
		fetch(quorum, at);
	if (node->replica)
		write_behind(quorum, at);
	if (node->replica && replica_wake_at(node->replica).ns <= quorum->now_ms * TIME_MS) {
		replica_tick(node->replica, quorum_now(quorum), &node->out);
		act(quorum, at);
	}
}

void quorum_run(struct quorum *quorum, uint32_t ms)
{
	for (int64_t end = quorum->now_ms + ms; quorum->now_ms < end;) {
		quorum->now_ms++;
		deliver(quorum);
		for (uint32_t i = 0; i < quorum->config.nodes; i++)
			turn(quorum, i);
		if (quorum->now_ms % 256 == 0)
			check_all(quorum);
	}
}

bool quorum_until(struct quorum *quorum, bool (*check)(struct quorum *quorum), uint32_t ms)
{
	for (uint32_t i = 0; i < ms && !check(quorum); i++)
		quorum_run(quorum, 1);
	return check(quorum);
}

/* ---- use ---- */

int32_t quorum_leader(struct quorum *quorum)
{
	int32_t best = -1;
	uint64_t term = 0;
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct replica_status status;
		if (!quorum->nodes[i].replica)
			continue;
		replica_status(quorum->nodes[i].replica, &status);
		if (status.role == CORE_LEADER && status.is_established && status.term > term) {
			best = (int32_t)i;
			term = status.term;
		}
	}
	return best;
}

bool quorum_has_leader(struct quorum *quorum)
{
	return quorum_leader(quorum) >= 0;
}

enum status quorum_submit(struct quorum *quorum, uint32_t at, uint32_t payload_len)
{
	struct node *node = &quorum->nodes[at];
	uint64_t index, term;
	char payload[4096];
	if (!node->replica)
		return UNAVAILABLE;
	memset(payload, 'x', sizeof payload);
	snprintf(payload, sizeof payload, "%llu", (unsigned long long)++quorum->commands);
	enum status status = replica_submit(node->replica, str_of(payload, payload_len),
					    quorum_now(quorum), &node->out, &index, &term);
	act(quorum, at);
	return status;
}

enum status quorum_read(struct quorum *quorum, uint32_t at)
{
	if (is_witness(quorum, at))
		return UNAVAILABLE; /* it has nothing to be read */
	struct node *node = &quorum->nodes[at];
	if (!node->replica)
		return UNAVAILABLE;
	vec_push(&quorum->reads, (struct pending_read){ .token = ++quorum->tokens,
							.at_least = quorum->acknowledged,
							.node = at,
							.session = node->session });
	enum status status =
	    replica_read_index(node->replica, quorum->tokens, quorum_now(quorum), &node->out);
	act(quorum, at);
	return status;
}

static bool change_role(struct quorum *quorum, uint64_t id, enum member_role role)
{
	for (uint32_t tries = 0; tries < 600; tries++) {
		int32_t leader = quorum_leader(quorum);
		quorum_run(quorum, 100);
		if (leader < 0 || !quorum->nodes[leader].replica)
			continue;
		struct node *node = &quorum->nodes[leader];
		const struct member *member = members_find(replica_members(node->replica), id);
		if (member && member->role == role && !core_is_changing(node->replica->core))
			return true;
		enum status ignored =
		    replica_assign(node->replica, id, role, quorum_now(quorum), &node->out);
		(void)ignored; /* tried again */
		act(quorum, (uint32_t)leader);
	}
	return false;
}

void quorum_try_assign(struct quorum *quorum, uint32_t at, enum member_role role)
{
	int32_t leader = quorum_leader(quorum);
	if (leader < 0)
		return;
	struct node *node = &quorum->nodes[leader];
	enum status ignored = replica_assign(node->replica, quorum->nodes[at].id, role,
					     quorum_now(quorum), &node->out);
	(void)ignored;
	act(quorum, (uint32_t)leader);
}

void quorum_transfer(struct quorum *quorum, uint32_t leader)
{
	struct node *node = &quorum->nodes[leader];
	enum status ignored = replica_transfer(node->replica, 0, quorum_now(quorum), &node->out);
	(void)ignored; /* there may be nobody */
	act(quorum, leader);
}

void quorum_stop(struct quorum *quorum, uint32_t leader, bool is_told)
{
	struct node *node = &quorum->nodes[leader];
	for (uint32_t i = 0; is_told && i < quorum->config.nodes; i++)
		if (i != leader && quorum->nodes[i].replica)
			replica_expect_leave(quorum->nodes[i].replica, node->id, false,
					     quorum_now(quorum));
	CHECK_STATUS(replica_leave(node->replica, node->id, false, quorum_now(quorum), &node->out),
		     OK);
	act(quorum, leader);
}

bool quorum_assign(struct quorum *quorum, uint32_t node, enum member_role role)
{
	return change_role(quorum, quorum->nodes[node].id, role);
}

enum status quorum_add(struct quorum *quorum, uint32_t at)
{
	int32_t leader = quorum_leader(quorum);
	char name[8], address[8];
	if (leader < 0)
		return UNAVAILABLE;
	snprintf(name, sizeof name, "n%u", at);
	snprintf(address, sizeof address, "a%u", at);
	struct member member = { .id = quorum->nodes[at].id,
				 .is_witness = is_witness(quorum, at),
				 .name = str_from(name),
				 .address = str_from(address) };
	struct node *node = &quorum->nodes[leader];
	enum status status = replica_add(node->replica, &member, quorum_now(quorum), &node->out);
	act(quorum, (uint32_t)leader);
	return status;
}

bool quorum_join(struct quorum *quorum, uint32_t at, enum member_role role)
{
	uint64_t id = quorum->nodes[at].id;
	for (uint32_t tries = 0; tries < 600; tries++) {
		int32_t leader = quorum_leader(quorum);
		quorum_run(quorum, 100);
		if (leader < 0 || !quorum->nodes[leader].replica)
			continue;
		struct node *node = &quorum->nodes[leader];
		if (members_find(replica_members(node->replica), id) &&
		    !core_is_changing(node->replica->core))
			break;
		enum status ignored = quorum_add(quorum, at);
		(void)ignored; /* tried again */
	}
	if (role == MEMBER_SPARE || quorum->config.is_managing)
		return true;
	return change_role(quorum, id, MEMBER_STANDBY) &&
	       (role == MEMBER_STANDBY || change_role(quorum, id, role));
}

uint64_t quorum_acknowledged(const struct quorum *quorum)
{
	return quorum->acknowledged;
}

uint64_t quorum_reads(const struct quorum *quorum)
{
	return quorum->completed_reads;
}

uint64_t quorum_snapshots(const struct quorum *quorum)
{
	return quorum->snapshots;
}

uint64_t quorum_applied(struct quorum *quorum, uint32_t node)
{
	return applied_index(&quorum->nodes[node]);
}

uint64_t quorum_elections(const struct quorum *quorum)
{
	return quorum->elections;
}

uint64_t quorum_steps(const struct quorum *quorum)
{
	return quorum->steps;
}

static bool is_converged(struct quorum *quorum)
{
	int32_t leader = quorum_leader(quorum);
	if (leader < 0)
		return false;
	const struct members *members = replica_members(quorum->nodes[leader].replica);
	uint64_t last = core_last(quorum->nodes[leader].replica->core);
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		const struct member *member = members_find(members, quorum->nodes[i].id);
		uint64_t has = is_witness(quorum, i) ? core_last(quorum->nodes[i].replica->core)
						     : applied_index(&quorum->nodes[i]);
		if (member && member->role != MEMBER_SPARE && has != last)
			return false;
	}
	return true;
}

static void print_all(struct quorum *quorum)
{
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct node *node = &quorum->nodes[i];
		struct replica_status status;
		replica_status(node->replica, &status);
		const struct members *members = replica_members(node->replica);
		fprintf(stderr,
			"node %u: %s term %llu leader %d commit %llu persisted %llu last %llu "
			"first %llu applied %llu refused %llu; voters at %llu:",
			i, (const char *[]){ "follower", "candidate", "leader" }[status.role],
			(unsigned long long)status.term, quorum_node_of(quorum, status.leader),
			(unsigned long long)status.commit, (unsigned long long)status.persisted,
			(unsigned long long)status.last, (unsigned long long)status.log_first,
			(unsigned long long)applied_index(node), (unsigned long long)status.refused,
			(unsigned long long)members->index);
		for (uint32_t k = 0; k < members->len; k++)
			fprintf(stderr, " %d=%s", quorum_node_of(quorum, members->at[k].id),
				member_role_name(members->at[k].role));
		fprintf(stderr, "\n");
	}
}

void quorum_converge(struct quorum *quorum)
{
	quorum_heal(quorum);
	quorum->config.loss_per_mille = 0;
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		quorum_restart(quorum, i);
		quorum->nodes[i].disk_ms = 0;
	}
	bool is_done = quorum_until(quorum, is_converged, 30000);
	if (!is_done)
		print_all(quorum);
	if (!is_done)
		BROKEN(quorum, "members do not come to have the same");
	check_all(quorum);
	for (uint64_t index = 1; index <= quorum->acknowledged; index++)
		if (quorum->truth.at[index - 1].index == 0)
			BROKEN(quorum, "entry %llu was acknowledged and is nowhere",
			       (unsigned long long)index);
	uint64_t applied = applied_index(&quorum->nodes[quorum_leader(quorum)]);
	if (applied < quorum->acknowledged)
		BROKEN(quorum, "acknowledged %llu, kept %llu",
		       (unsigned long long)quorum->acknowledged, (unsigned long long)applied);
}
