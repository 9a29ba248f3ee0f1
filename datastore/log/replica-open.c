/*
 * Opening and closing a replica: what is on disk, whether it fits the state, and the first member of all.
 */
#include "datastore/log/replica-private.h"

static enum status reset_log(struct replica *replica, const struct replica_state *state,
			     struct fault *why)
{
	struct wal_found *found = &replica->found;
	struct wal_work work = { .has_base = true, .is_reset = true, .has_meta = true };
	work.base = (struct wal_base){ .index = state->index,
				       .term = state->term,
				       .members_index = state->members_index,
				       .members = state->members };
	/* A vote of a term that the snapshot has left behind does not matter any more. */
	if (found->term < state->term) {
		found->term = state->term;
		found->vote = 0;
	}
	work.term = found->term;
	work.vote = found->vote;
	wal_run(replica->wal, &work);
	for (uint32_t i = 0; i < found->entries.len; i++)
		entry_unref(found->entries.at[i]);
	vec_clear(&found->entries);
	found->committed = 0;
	found->base = work.base;
	if (work.status != OK)
		return fault_set(why, work.status, "", "%s", work.why.text);
	return OK;
}

/* A state that was restored becomes that of a new cluster, under the id that this log was given when it was made. */
static enum status found_on(struct replica *replica, const struct replica_state *state,
			    struct fault *why)
{
	struct replica_state founded = *state;
	struct member first = *replica->config.founder;
	struct members members = { 0 };
	first.id = replica->found.id;
	first.role = MEMBER_VOTER;
	if (members_put(&members, &first) != OK)
		return fault_set(why, INVALID, "", "name, address or domain is too long");
	struct text text = text_new(LIMIT_ENTRY_BYTES);
	members_encode(&members, &text);
	founded.members_index = state->index;
	founded.members = text_str(&text);
	enum status status = reset_log(replica, &founded, why);
	replica_keep_base(replica, state->index, state->term, founded.members_index,
			  founded.members);
	replica->found.base.members = replica->base.members;
	text_fini(&text);
	return status;
}

static uint64_t term_in(const struct wal_found *found, uint64_t index)
{
	if (index == found->base.index)
		return found->base.term;
	if (index < found->base.index || index > found->base.index + found->entries.len)
		return 0;
	return found->entries.at[index - found->base.index - 1]->term;
}

/* Makes log and state fit, or says why they cannot. */
static enum status reconcile(struct replica *replica, const struct replica_state *state,
			     struct fault *why)
{
	struct wal_found *found = &replica->found;
	struct members members;
	if (state->index < found->base.index)
		return fault_set(why, CORRUPT, "",
				 "the state ends at entry %llu and the log begins after %llu: the "
				 "state was lost; this member must return under a new id",
				 (unsigned long long)state->index,
				 (unsigned long long)found->base.index);
	if (state->index == 0 || term_in(found, state->index) == state->term) {
		if (found->base.index == 0)
			return OK;
		return members_decode(found->base.members, found->base.members_index, &members, why);
	}
	if (!state->members_index && replica->config.founder && found->base.index == 0 &&
	    !found->entries.len)
		return found_on(replica, state, why);
	TRY(members_decode(state->members, state->members_index, &members, why));
	return reset_log(replica, state, why);
}

static void make_core(struct replica *replica)
{
	const struct replica_config *config = &replica->config;
	struct core_config core = { .id = replica->id,
				    .election_ms = config->election_ms,
				    .heartbeat_ms = config->heartbeat_ms,
				    .is_witness = config->is_witness };
	config->random->fill(config->random->self, &core.seed, sizeof core.seed);
	replica->core = core_new(&core);
}

static void complete_config(struct replica *replica, const struct replica_config *config)
{
	replica->config = *config;
	if (config->election_ms == 0)
		replica->config.election_ms = REPLICA_ELECTION_MS;
	if (config->heartbeat_ms == 0)
		replica->config.heartbeat_ms = REPLICA_HEARTBEAT_MS;
	if (config->segment_bytes == 0)
		replica->config.segment_bytes = LIMIT_LOG_SEGMENT_BYTES;
	if (config->kept_entries == 0)
		replica->config.kept_entries = LIMIT_LOG_KEPT_ENTRIES;
	if (config->kept_bytes == 0)
		replica->config.kept_bytes = LIMIT_LOG_KEPT_BYTES;
	replica->wal_config = (struct wal_config){ .files = config->files,
						   .clock = config->clock,
						   .random = config->random,
						   .folder = config->folder,
						   .segment_bytes = replica->config.segment_bytes };
}

enum status replica_open(const struct replica_config *config, const struct replica_state *state,
			 struct replica **out, struct fault *why)
{
	struct replica *replica = mem_new(struct replica);
	complete_config(replica, config);
	enum status status = wal_open(&replica->wal_config, &replica->wal, &replica->found, why);
	const struct wal_base *found = &replica->found.base;
	const struct replica_state own = { .index = found->index,
					   .term = found->term,
					   .members_index = found->members_index,
					   .members = found->members };
	if (config->is_witness)
		state = &own;
	if (status == OK)
		status = reconcile(replica, state, why);
	if (status != OK) {
		replica_close(replica);
		return status;
	}
	replica->config.founder = NULL; /* the caller's */
	const struct wal_base *base = &replica->found.base;
	if (base->index > 0)
		replica_keep_base(replica, base->index, base->term, base->members_index,
				  base->members);
	replica->id = replica->found.id;
	replica->given = replica->state_index = state->index;
	replica->spare_count = wal_spare_count(replica->wal);
	replica->is_filling = wal_is_filling(replica->wal);
	replica->next_spare = wal_next_spare(replica->wal);
	replica->log_job =
	    (struct log_job){ .job = { .run = replica_run_log_job, .drop = replica_drop_log_job },
			      .replica = replica };
	replica->spare_job = (struct spare_job){ .job = { .run = replica_run_spare_job,
							  .drop = replica_drop_spare_job },
						 .replica = replica };
	core_update_init(&replica->update, NULL);
	make_core(replica);
	*out = replica;
	return OK;
}

void replica_close(struct replica *replica)
{
	if (!replica)
		return;
	/* A job that runs uses what is freed here: the owner waits for it first. */
	assert(!replica->log_job.is_busy && !replica->spare_job.is_busy);
	for (uint32_t i = 0; i < replica->found.entries.len; i++)
		entry_unref(replica->found.entries.at[i]);
	for (uint32_t i = 0; i < replica->unwritten.len; i++)
		entry_unref(replica->unwritten.at[i]);
	for (uint32_t i = 0; i < replica->held.len; i++)
		mem_free(replica->held.at[i].at);
	vec_fini(&replica->found.entries);
	vec_fini(&replica->unwritten);
	vec_fini(&replica->held);
	vec_fini(&replica->new_spares);
	vec_fini(&replica->reads);
	vec_fini(&replica->peers);
	wal_work_fini(&replica->log_job.work);
	core_update_fini(&replica->update);
	core_free(replica->core);
	wal_close(replica->wal);
	mem_free(replica->base_members);
	mem_free(replica);
}

bool replica_is_writing(const struct replica *replica)
{
	return replica->log_job.is_busy;
}

bool replica_is_pristine(const struct replica *replica)
{
	return replica->is_started
		   ? core_last(replica->core) == 0
		   : replica->found.base.index == 0 && replica->found.entries.len == 0;
}

enum status replica_bootstrap(struct replica *replica, const struct member *self, struct fault *why)
{
	struct wal_found *found = &replica->found;
	struct members members = { 0 };
	struct member first = *self;
	assert(!replica->is_started);
	if (!replica_is_pristine(replica))
		return fault_set(why, EXISTS, "", "this member has a log already");
	first.id = replica->id;
	first.role = MEMBER_VOTER;
	if (members_put(&members, &first) != OK)
		return fault_set(why, INVALID, "", "name, address or domain is too long");
	struct text text = text_new(LIMIT_ENTRY_BYTES);
	members_encode(&members, &text);
	struct entry *entry = entry_new(1, 1, ENTRY_MEMBERS, text_str(&text));
	text_fini(&text);
	struct wal_work work = { .has_meta = true, .term = 1 };
	vec_push(&work.entries, entry);
	wal_run(replica->wal, &work);
	wal_work_fini(&work);
	if (work.status != OK) {
		entry_unref(entry);
		return fault_set(why, work.status, "", "%s", work.why.text);
	}
	found->term = 1;
	vec_push(&found->entries, entry);
	return OK;
}
