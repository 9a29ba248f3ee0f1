#include <assert.h>

#include "datastore/store/store-private.h"

/* ---- answering ---- */

/* Every refusal is an answer with a body: a bare status is the runtime's and says that nobody knows what happened. */
void store_answer_failure(struct store *store, struct act_ticket ticket,
			  const struct act_type *request, enum status status)
{
	struct act *act = store->act;
	if (request == &store_write_type)
		act_answer(act, ticket, &store_write_answer_type,
			   &(struct store_write_answer){ .status = status });
	else if (request == &store_compact_type)
		act_answer(act, ticket, &store_compact_answer_type,
			   &(struct store_compact_answer){ .status = status });
	else if (request == &store_member_add_type || request == &store_member_remove_type ||
		 request == &store_member_promote_type || request == &store_member_leave_type ||
		 request == &store_transfer_type)
		act_answer(act, ticket, &store_member_answer_type,
			   &(struct store_member_answer){ .status = status });
	else if (request)
		act_answer(act, ticket, &store_lease_answer_type,
			   &(struct store_lease_answer){ .status = status });
}

static void answer_write(struct store *store, const struct store_waiter *waiter,
			 struct store_write_answer *answer, struct arena *arena)
{
	answer->arena = arena;
	if (act_answer(store->act, waiter->ticket, &store_write_answer_type, answer) != OK)
		arena_free(arena);
}

static void answer_other(struct store *store, const struct store_waiter *waiter,
			 const struct index_answer *answer)
{
	if (waiter->type == &store_compact_type)
		act_answer(store->act, waiter->ticket, &store_compact_answer_type,
			   &(struct store_compact_answer){
			       .status = answer->status,
			       .revision = answer->revision,
			       .compact_revision = index_compact_revision(store->index) });
	else
		act_answer(store->act, waiter->ticket, &store_lease_answer_type,
			   &(struct store_lease_answer){ .status = answer->status,
							 .revision = answer->revision,
							 .id = waiter->lease,
							 .ttl_s = waiter->ttl_s });
}

/* ---- gathering ---- */

static void batch_free(struct store *store, struct store_batch *batch)
{
	store->waiting -= batch->waiters.len;
	store->waiting_bytes -= batch->bytes.len;
	text_fini(&batch->bytes);
	vec_fini(&batch->waiters);
	mem_free(batch);
}

/* The batch that has room for `size` more bytes; a command larger than a batch gets one of its own. */
static struct store_batch *batch_for(struct store *store, uint32_t size)
{
	if (store->gathering.len) {
		struct store_batch *last = store->gathering.at[store->gathering.len - 1];
		if (last->bytes.len + size <= LIMIT_LOG_BATCH_BYTES)
			return last;
	}
	struct store_batch *batch = mem_new(struct store_batch);
	batch->bytes = text_new(LIMIT_ENTRY_BYTES);
	command_begin(&batch->bytes);
	store->waiting_bytes += batch->bytes.len;
	vec_push(&store->gathering, batch);
	return batch;
}

/* The table writes more slowly than the log: what it does not have yet is in memory. A table that has no room is not waited for. */
static bool has_to_wait(const struct store *store)
{
	return store->history.unwritten_bytes > STORE_BEHIND_BYTES && store->is_writing &&
	       !store->is_table_full;
}

/*
 * While the disk has an entry, what comes gathers: it would be written no earlier, and what gathers until then is one entry, one
 * write and one round instead of several. The end of each write asks again.
 */
static bool may_submit(const struct store *store)
{
	return store->in_flight.len < STORE_IN_FLIGHT && !replica_is_writing(store->replica) &&
	       !has_to_wait(store);
}

static void gather(struct store *store, const struct command *command,
		   const struct store_waiter *waiter)
{
	uint32_t size = command_size(command);
	struct store_batch *batch = batch_for(store, size);
	uint32_t before = batch->bytes.len;
	text_reserve(&batch->bytes, size);
	command_pack(&batch->bytes, command);
	assert(!batch->bytes.is_cut);
	vec_push(&batch->waiters, *waiter);
	store->waiting++;
	store->waiting_bytes += batch->bytes.len - before;
	/* Behind all that waits in the mailbox now: those join the same entry. */
	if (!store->is_flush_sent && may_submit(store)) {
		store->is_flush_sent =
		    act_send(store->act, act_self(store->act), &store_flush_commands_type,
			     &(struct store_flush_commands){ 0 }) == OK;
		if (!store->is_flush_sent) { /* the mailbox is full: there is nothing to wait for */
			store_submit(store);
			store_settle(store);
		}
	}
}

static bool is_overloaded(const struct store *store)
{
	return store->waiting >= LIMIT_PROPOSALS ||
	       store->waiting_bytes >= 16U * LIMIT_LOG_BATCH_BYTES;
}

static bool is_behind(const struct store *store)
{
	return history_end(&store->history) - store->history.written > STORE_BEHIND_CHANGES;
}

/* Makes a command of a request; false: it is none of ours. */
static bool command_of(struct store *store, const struct act_type *type, const void *body,
		       struct command *out, struct store_waiter *waiter, bool *is_forwarded)
{
	*waiter = (struct store_waiter){ .type = type };
	if (type == &store_write_type) {
		*out = (struct command){ .kind = COMMAND_WRITE,
					 .write = *(const struct store_write *)body };
		*is_forwarded = out->write.is_forwarded;
	} else if (type == &store_lease_grant_type) {
		*out = (struct command){ .kind = COMMAND_LEASE_GRANT,
					 .grant = *(const struct store_lease_grant *)body };
		while (!out->grant.id) /* positive, as etcd's are */
			out->grant.id = act_random(store->act) >> 1;
		waiter->lease = out->grant.id;
		waiter->ttl_s = out->grant.ttl_s;
		*is_forwarded = out->grant.is_forwarded;
	} else if (type == &store_lease_revoke_type) {
		*out = (struct command){ .kind = COMMAND_LEASE_REVOKE,
					 .revoke = *(const struct store_lease_revoke *)body };
		waiter->lease = out->revoke.id;
		*is_forwarded = out->revoke.is_forwarded;
	} else if (type == &store_compact_type) {
		*out = (struct command){ .kind = COMMAND_COMPACT,
					 .compact = *(const struct store_compact *)body };
		*is_forwarded = out->compact.is_forwarded;
	} else {
		return false;
	}
	return true;
}

/*
 * A further try of a write may be taken only while an earlier one that was applied would be known for what it is. Nothing but what
 * waits here comes before it, once all of the terms before ours is applied.
 */
static enum status check_again(const struct store *store, const struct command *command)
{
	uint64_t since = command->kind == COMMAND_WRITE ? command->write.since : 0;
	if (!since)
		return OK;
	if (store->applied_term != store->seen.term)
		return UNAVAILABLE;
	return index_revision(store->index) + store->waiting < since + LIMIT_STORE_REQUESTS
		   ? OK
		   : TIMEOUT;
}

ACT_BRANCH(seems_overloaded, 20, "the store's leader refuses a write as if it were overloaded");

/* As leader. */
static enum status take(struct store *store, const struct command *command,
			const struct store_waiter *waiter)
{
	if (replica_is_handing_over(store->replica) ||
	    (command->kind == COMMAND_WRITE && command->write.for_term &&
	     command->write.for_term != store->seen.term)) /* it was tried elsewhere since */
		return UNAVAILABLE;
	if (is_overloaded(store) || act_buggify(store->act, &seems_overloaded))
		return BUSY;
	if (is_behind(store) || store->seen.is_full)
		return FULL;
	TRY(check_again(store, command));
	gather(store, command, waiter);
	return OK;
}

/*
 * Not taken, but it can be soon: by us, when what earlier terms left is applied, which a new leader knows some milliseconds after its election;
 * by whoever we are handing over to. What another store passed on is ours to hold in the first case, and its own in the second.
 */
static bool may_hold(const struct store *store, const struct command *command, bool is_forwarded)
{
	if (replica_is_handing_over(store->replica))
		return !is_forwarded;
	return is_forwarded && command->kind == COMMAND_WRITE &&
	       command->write.for_term == store->seen.term;
}

void store_on_command(struct store *store, const struct act_msg *msg)
{
	struct command command;
	struct store_waiter waiter;
	bool is_forwarded = false;
	if (!command_of(store, msg->type, msg->body, &command, &waiter, &is_forwarded))
		return;
	if (msg->kind == ACT_REQUEST)
		waiter.ticket = act_ticket(msg);
	else
		waiter.type = NULL;
	enum status status = command_check(&command, NULL);
	if (status == OK && store_is_leader(store)) {
		if (is_forwarded)
			replica_was_asked(store->replica);
		status = take(store, &command, &waiter);
		if (status == UNAVAILABLE && msg->kind == ACT_REQUEST &&
		    may_hold(store, &command, is_forwarded) &&
		    store_hold(store, msg, is_forwarded) == OK)
			return;
	} else if (status == OK)
		status = is_forwarded || store_pass_on(store, msg) != OK ? UNAVAILABLE : OK;
	if (status != OK)
		store_answer_failure(store, waiter.ticket, waiter.type, status);
}

enum status store_take_again(struct store *store, const struct store_forward *forward)
{
	struct command command;
	struct store_waiter waiter;
	bool is_forwarded;
	assert(store_is_leader(store));
	if (!command_of(store, forward->type, &forward->body, &command, &waiter, &is_forwarded))
		return UNAVAILABLE;
	waiter.ticket = forward->ticket;
	waiter.is_doubtful = forward->is_doubtful;
	return take(store, &command, &waiter);
}

void store_propose(struct store *store, const struct command *command)
{
	assert(command_check(command, NULL) == OK);
	gather(store, command, &(struct store_waiter){ 0 });
}

void store_on_flush_commands(struct store *store)
{
	store->is_flush_sent = false;
	store_submit(store);
	store_settle(store);
}

static void fail_batch(struct store *store, struct store_batch *batch, enum status status)
{
	for (uint32_t i = 0; i < batch->waiters.len; i++) {
		const struct store_waiter *waiter = &batch->waiters.at[i];
		store_answer_failure(store, waiter->ticket, waiter->type,
				     waiter->is_doubtful ? TIMEOUT : status);
	}
	batch_free(store, batch);
}

static void submit_first(struct store *store)
{
	struct store_batch *batch = store->gathering.at[0];
	vec_remove(&store->gathering, 0);
	enum status status =
	    replica_submit(store->replica, text_str(&batch->bytes), act_now(store->act),
			   &store->out, &batch->index, &batch->term);
	if (status == OK)
		vec_push(&store->in_flight, batch);
	else /* nothing of it happened */
		fail_batch(store, batch, status);
}

void store_submit(struct store *store)
{
	while (store->gathering.len && may_submit(store))
		submit_first(store);
}

void store_submit_rest(struct store *store)
{
	while (store->gathering.len && store->in_flight.len < STORE_IN_FLIGHT)
		submit_first(store);
}

void store_fail_gathering(struct store *store)
{
	while (store->gathering.len) {
		struct store_batch *batch = vec_pop(&store->gathering);
		fail_batch(store, batch, UNAVAILABLE);
	}
	vec_fini(&store->gathering);
}

/* They may yet be agreed upon, by others. */
void store_fail_in_flight(struct store *store)
{
	while (store->in_flight.len) {
		struct store_batch *batch = vec_pop(&store->in_flight);
		fail_batch(store, batch, TIMEOUT);
	}
	vec_fini(&store->in_flight);
	store_fail_forwards(store);
}

/* Without a majority nobody can say any more what becomes of them. */
void store_write_second(struct store *store)
{
	store->leaderless_s = store->seen.leader ? 0 : store->leaderless_s + 1;
	if (store->leaderless_s != STORE_LEADERLESS_S)
		return;
	store_fail_in_flight(store);
	store_reads_leaderless(store);
}

/* Without answers: the actor is no more. */
void store_write_fini(struct store *store)
{
	for (uint32_t i = 0; i < store->gathering.len; i++)
		batch_free(store, store->gathering.at[i]);
	for (uint32_t i = 0; i < store->in_flight.len; i++)
		batch_free(store, store->in_flight.at[i]);
	vec_fini(&store->gathering);
	vec_fini(&store->in_flight);
	store_forwards_fini(store);
}

/* ---- applying ---- */

/* The batch that this entry is, if it is one of ours; those whose place it took are lost and answered. */
static struct store_batch *take_batch(struct store *store, const struct entry *entry)
{
	while (store->in_flight.len && store->in_flight.at[0]->index <= entry->index) {
		struct store_batch *batch = store->in_flight.at[0];
		vec_remove(&store->in_flight, 0);
		if (batch->index == entry->index && batch->term == entry->term)
			return batch;
		fail_batch(store, batch, UNAVAILABLE);
	}
	return NULL;
}

static void apply_one(struct store *store, const struct command *command, uint64_t term,
		      const struct store_waiter *waiter)
{
	struct index_answer answer;
	if (!waiter || !waiter->type) {
		index_apply(store->index, command, term, NULL, NULL);
		return;
	}
	bool is_write = command->kind == COMMAND_WRITE;
	struct arena *arena = is_write ? arena_new(0) : NULL;
	index_apply(store->index, command, term, arena, &answer);
	if (is_write)
		answer_write(store, waiter, &answer.write, arena);
	else
		answer_other(store, waiter, &answer);
}

static void apply_commands(struct store *store, const struct entry *entry)
{
	struct store_batch *batch = take_batch(store, entry);
	struct arena *arena = arena_new(0);
	struct fixed in;
	enum status status = command_open(entry_payload(entry), &in);
	for (uint32_t i = 0; status == OK && fixed_left(&in); i++) {
		struct command command;
		status = command_next(&in, arena, &command);
		if (status == OK)
			apply_one(store, &command, entry->term,
				  batch ? &batch->waiters.at[i] : NULL);
	}
	arena_free(arena);
	if (batch)
		batch_free(store, batch);
	if (status != OK)
		act_fail(store->act, "entry %llu of the log is not of this release",
			 (unsigned long long)entry->index);
	store_table_dirty(store);
}

static void apply_members(struct store *store, const struct entry *entry)
{
	text_clear(&store->members.bytes);
	text_add(&store->members.bytes, entry_payload(entry));
	store->members.index = entry->index;
	store_table_dirty(store);
}

void store_apply(struct store *store, const struct entry *entry)
{
	assert(entry->index == store->applied_index + 1);
	bool is_first = store->applied_term != entry->term;
	store->applied_index = entry->index;
	store->applied_term = entry->term;
	if (is_first && entry->term == store->seen.term)
		store_forward_leader(store); /* what waited for that can be taken now */
	if (entry->kind == ENTRY_COMMAND) {
		apply_commands(store, entry);
		return;
	}
	struct store_batch *batch = take_batch(store, entry);
	assert(!batch); /* ours are commands */
	if (entry->kind == ENTRY_MEMBERS)
		apply_members(store, entry);
}
