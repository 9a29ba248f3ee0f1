#include "tests/unit/datastore/log/quorum-private.h"

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

/* ---- the state of a node ---- */

uint64_t quorum_applied_index(const struct node *node)
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
	while (quorum_is_witness(quorum, at) && quorum_applied_index(node) + 1 < entry->index)
		vec_push(&node->applied, (struct applied){ 0 });
	if (entry->index != quorum_applied_index(node) + 1)
		BROKEN(quorum, "node %u is given %llu after %llu", at,
		       (unsigned long long)entry->index,
		       (unsigned long long)quorum_applied_index(node));
	quorum_check_truth(quorum, at, entry);
	vec_push(&node->applied,
		 (struct applied){ entry->index, entry->term, quorum_hash_entry(entry) });
	if (entry->kind == ENTRY_MEMBERS && !quorum_is_witness(quorum, at))
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
			if (read->status == OK && quorum_applied_index(node) < pending->at_least)
				BROKEN(quorum, "read on %u at %llu misses %llu", at,
				       (unsigned long long)quorum_applied_index(node),
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

void quorum_act(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	quorum->steps++;
	quorum_check_leader(quorum, at);
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
	if (node->out.missing != 0)
		BROKEN(quorum, "node %u had acknowledged entry %llu and has it no more", at,
		       (unsigned long long)node->out.missing);
	bool has_more = quorum_is_witness(quorum, at) && node->out.committed.len > 0;
	replica_output_clear(&node->out);
	if (!has_more)
		return;
	struct replica_state state = { .index = quorum_applied_index(node) };
	replica_state_durable(node->replica, &state, quorum_now(quorum), &node->out);
	quorum_act(quorum, at);
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
	if (donor->durable <= quorum_applied_index(node))
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
	quorum_act(quorum, at);
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
					 .is_witness = quorum_is_witness(quorum, at) };
	struct fault why = { 0 };
	if (node->replica)
		return;
	struct replica_state state = state_of(node, node->durable);
	const struct replica_state *known = quorum_is_witness(quorum, at) ? NULL : &state;
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
	quorum_act(quorum, at);
}

static void tell_loss(struct quorum *quorum, uint64_t id)
{
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct node *node = &quorum->nodes[i];
		if (!node->replica)
			continue;
		replica_peer_lost(node->replica, id, quorum_now(quorum), &node->out);
		quorum_act(quorum, i);
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
	forget_after(node, quorum_is_witness(quorum, at) ? 0 : node->durable);
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
	quorum_act(quorum, at);
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
			quorum_act(quorum, packet.to);
		}
		mem_free(packet.bytes);
	}
}

static void write_behind(struct quorum *quorum, uint32_t at)
{
	struct node *node = &quorum->nodes[at];
	if (quorum_is_witness(quorum, at) || quorum_applied_index(node) == node->durable ||
	    !dice_chance(&quorum->dice, 50))
		return;
	node->durable +=
	    1 + dice_below(&quorum->dice, (uint32_t)(quorum_applied_index(node) - node->durable));
	struct replica_state state = state_of(node, node->durable);
	replica_state_durable(node->replica, &state, quorum_now(quorum), &node->out);
	quorum_act(quorum, at);
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
		quorum_act(quorum, at);
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
			quorum_check_all(quorum);
	}
}

bool quorum_until(struct quorum *quorum, bool (*check)(struct quorum *quorum), uint32_t ms)
{
	for (uint32_t i = 0; i < ms && !check(quorum); i++)
		quorum_run(quorum, 1);
	return check(quorum);
}
