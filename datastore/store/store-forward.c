/*
 * What another one leads: a request goes on to the leader, and its answer back to whoever asked.
 *
 *     tried ──answer──> over
 *       │ ^
 *       │ └── another one leads, or STORE_FORWARD_AGAIN_MS later
 *       └── refused as by one who does not lead (any more), or nobody knows ──> waits ──STORE_FORWARD_MS, no leader──> over
 *                                                        nobody leads ────────────^
 *
 * A command is tried again as long as that cannot make it happen twice. If no try was taken anything may be; else a write that has a
 * request number, by which whoever applies it knows it again. For that to be true whatever is late, a try holds only for the term that
 * it was made in: in one term a leader hears what we say in order, and a leader of a later term has applied what it
 * keeps of earlier ones before it takes a further try. And it takes it only while the number would still be known (store-write.c).
 */
#include "datastore/store/store-forward.h"

#include <assert.h>

#include "datastore/store/store-private.h"

static void mark_forwarded(const struct act_type *type, union store_body *body)
{
	void *any = body;
	if (type == &store_write_type)
		body->write.is_forwarded = true;
	else if (type == &store_lease_grant_type)
		((struct store_lease_grant *)any)->is_forwarded = true;
	else if (type == &store_lease_keep_type)
		((struct store_lease_keep *)any)->is_forwarded = true;
	else if (type == &store_lease_revoke_type)
		((struct store_lease_revoke *)any)->is_forwarded = true;
	else if (type == &store_lease_show_type)
		((struct store_lease_show *)any)->is_forwarded = true;
	else if (type == &store_compact_type)
		((struct store_compact *)any)->is_forwarded = true;
	else if (type == &store_member_add_type)
		body->add.is_forwarded = true;
	else if (type == &store_member_remove_type)
		((struct store_member_remove *)any)->is_forwarded = true;
	else if (type == &store_member_promote_type)
		((struct store_member_promote *)any)->is_forwarded = true;
	else if (type == &store_member_leave_type)
		((struct store_member_leave *)any)->is_forwarded = true;
	else if (type == &store_transfer_type)
		((struct store_transfer *)any)->is_forwarded = true;
}

/* Where a type of request keeps the arena that its body owns. */
static struct arena **arena_of(const struct act_type *type, union store_body *body)
{
	if (type == &store_write_type)
		return &body->write.arena;
	if (type == &store_member_add_type)
		return &body->add.arena;
	return NULL;
}

static uint32_t size_of(const struct act_type *type, const union store_body *body)
{
	if (type != &store_write_type)
		return sizeof *body;
	const struct command command = { .kind = COMMAND_WRITE, .write = body->write };
	return sizeof *body + command_size(&command);
}

static bool is_command(const struct act_type *type)
{
	return type == &store_write_type || type == &store_lease_grant_type ||
	       type == &store_lease_revoke_type || type == &store_compact_type;
}

static bool may_be_repeated(const struct store_forward *forward)
{
	return is_command(forward->type) &&
	       (!forward->is_doubtful ||
		(forward->type == &store_write_type && forward->body.write.request));
}

static void release(struct store *store, struct store_forward *forward)
{
	store->forwards.bytes -= forward->bytes;
	arena_free(forward->arena);
}

static struct store_forward take_out(struct store *store, uint32_t at)
{
	struct store_forward forward = store->forwards.all.at[at];
	vec_swap_remove(&store->forwards.all, at);
	return forward;
}

static void give_up(struct store *store, uint32_t at, enum status status)
{
	struct store_forward forward = take_out(store, at);
	store_answer_failure(store, forward.ticket, forward.type,
			     forward.is_doubtful ? TIMEOUT : status);
	release(store, &forward);
}

/* ---- trying ---- */

/* Across a link a body is encoded before the call returns, so what it points to stays ours. */
static enum status try_leader(struct store *store, struct store_forward *forward)
{
	struct act_ref leader = store_peer(store, store->seen.leader);
	int64_t left_ms = (forward->until.ns - act_now(store->act).ns) / TIME_MS;
	uint64_t number = ++store->forwards.last_number;
	if (act_ref_is_nil(leader) || store->seen.leader == store->seen.id || left_ms <= 0)
		return UNAVAILABLE;
	if (forward->type == &store_write_type)
		forward->body.write.for_term = store->seen.term;
	forward->leader = store->seen.leader;
	forward->term = store->seen.term;
	forward->number = 0;
	TRY(act_request(store->act, leader, forward->type, &forward->body, (uint32_t)left_ms,
			STORE_TAG(TAG_FORWARD, number)));
	forward->number = number;
	return OK;
}

/* We lead ourselves. It is answered here, or waits again. */
static void try_here(struct store *store, uint32_t at)
{
	struct store_forward forward = take_out(store, at);
	forward.number = 0;
	if (forward.type == &store_write_type && !forward.is_guest)
		forward.body.write.for_term = store->seen.term;
	enum status status = store_take_again(store, &forward);
	if (status == UNAVAILABLE || (forward.is_doubtful && (status == BUSY || status == FULL))) {
		vec_push(&store->forwards.all, forward);
		return;
	}
	if (status != OK)
		store_answer_failure(store, forward.ticket, forward.type, status);
	release(store, &forward);
}

static void try_again(struct store *store, uint32_t at)
{
	struct store_forward *forward = &store->forwards.all.at[at];
	if (forward->type == &store_write_type)
		forward->body.write.since = forward->since;
	if (act_now(store->act).ns >= forward->until.ns)
		give_up(store, at, UNAVAILABLE);
	else if (store_is_leader(store))
		try_here(store, at);
	else if (try_leader(store, forward) != OK)
		forward->number = 0;
}

/* Whoever passed it on sees to it that the next leader gets it. */
static void try_guest(struct store *store, uint32_t at)
{
	const struct store_forward *guest = &store->forwards.all.at[at];
	if (guest->term == store->seen.term && store_is_leader(store) &&
	    !replica_is_handing_over(store->replica) && act_now(store->act).ns < guest->until.ns)
		try_here(store, at);
	else
		give_up(store, at, UNAVAILABLE);
}

/* It is with one who no longer leads, and nobody may ever answer. */
static bool is_overtaken(const struct store *store, const struct store_forward *forward)
{
	return store->seen.leader &&
	       (forward->leader != store->seen.leader || forward->term != store->seen.term);
}

static void go_on(struct store *store, uint32_t at)
{
	struct store_forward *forward = &store->forwards.all.at[at];
	bool was_doubtful = forward->is_doubtful;
	if (forward->is_guest) {
		try_guest(store, at);
		return;
	}
	if (forward->number != 0) {
		if (!is_overtaken(store, forward))
			return;
		forward->is_doubtful = true;
		if (!may_be_repeated(forward)) {
			forward->is_doubtful = was_doubtful;
			return;
		}
	}
	try_again(store, at);
}

static void arm(struct store *store, uint32_t after_ms)
{
	if (store->forwards.timer && after_ms)
		return;
	if (store->forwards.timer)
		act_cancel(store->act, store->forwards.timer);
	store->forwards.timer = act_after(store->act, after_ms, &store_forward_again_type,
					  &(struct store_forward_again){ 0 });
}

void store_on_forward_again(struct store *store)
{
	bool is_waiting = false;
	store->forwards.timer = 0;
	/* What is taken here may end all of them; what waits again is put behind. */
	for (uint32_t i = store->forwards.all.len; i-- > 0;)
		if (i < store->forwards.all.len)
			go_on(store, i);
	for (uint32_t i = 0; i < store->forwards.all.len && !is_waiting; i++)
		is_waiting = store->forwards.all.at[i].number == 0;
	if (is_waiting)
		arm(store, STORE_FORWARD_AGAIN_MS);
}

/* Not within the call that found out: what is taken here calls the replica. */
void store_forward_leader(struct store *store)
{
	if (store->forwards.all.len)
		arm(store, 0);
}

/* ---- passing on ---- */

/* A witness has no revision, and does not lead either. */
static uint64_t since(const struct store *store)
{
	uint64_t revision = store->index ? index_revision(store->index) : 0;
	return revision ? revision : 1;
}

static struct store_forward make_forward(struct store *store, const struct act_msg *msg)
{
	struct store_forward forward = { .type = msg->type, .since = since(store) };
	assert(msg->type->size <= sizeof forward.body);
	memcpy(&forward.body, msg->body, msg->type->size);
	mark_forwarded(msg->type, &forward.body);
	/* It was in doubt already when it came. */
	if (msg->type == &store_write_type && forward.body.write.since)
		forward.since = forward.body.write.since;
	forward.bytes = size_of(msg->type, &forward.body);
	forward.until = (struct mono){ act_now(store->act).ns + STORE_FORWARD_MS * TIME_MS };
	return forward;
}

/* As long as electing the next leader takes; store_write_second ends what waits longer. A witness counts no seconds. */
static bool may_wait(const struct store *store, const struct act_type *type)
{
	return is_command(type) && !store->config->is_witness &&
	       store->leaderless_s < STORE_LEADERLESS_S;
}

/* What the message holds is the forward's from now on. */
static enum status keep(struct store *store, const struct act_msg *msg, struct store_forward *out)
{
	*out = make_forward(store, msg);
	struct arena **arena = arena_of(msg->type, &out->body);
	if (store->forwards.all.len >= LIMIT_PROPOSALS ||
	    store->forwards.bytes + out->bytes > STORE_FORWARD_BYTES)
		return BUSY;
	out->arena = act_keep(store->act, msg);
	if (arena && *arena)
		out->arena = *arena;
	if (arena)
		*arena = NULL;
	store->forwards.bytes += out->bytes;
	return OK;
}

enum status store_hold(struct store *store, const struct act_msg *msg, bool is_guest)
{
	struct store_forward forward;
	assert(msg->kind == ACT_REQUEST && is_command(msg->type));
	TRY(keep(store, msg, &forward));
	forward.ticket = act_ticket(msg);
	forward.is_guest = is_guest;
	forward.term = store->seen.term;
	vec_push(&store->forwards.all, forward);
	arm(store, STORE_FORWARD_AGAIN_MS);
	return OK;
}

enum status store_pass_on(struct store *store, const struct act_msg *msg)
{
	struct store_forward forward;
	TRY(keep(store, msg, &forward));
	enum status status = try_leader(store, &forward);
	if (msg->kind != ACT_REQUEST || (status != OK && !may_wait(store, msg->type))) {
		release(store, &forward);
		return status;
	}
	forward.ticket = act_ticket(msg);
	vec_push(&store->forwards.all, forward);
	if (status != OK)
		arm(store, STORE_FORWARD_AGAIN_MS);
	return OK;
}

static uint32_t find_forward(const struct store *store, uint64_t number)
{
	uint32_t i = 0;
	while (i < store->forwards.all.len && store->forwards.all.at[i].number != number)
		i++;
	return i;
}

static struct arena **answer_arena(const struct act_type *type, void *body)
{
	if (type == &store_write_answer_type)
		return &((struct store_write_answer *)body)->arena;
	if (type == &store_lease_answer_type)
		return &((struct store_lease_answer *)body)->arena;
	return NULL;
}

static void pass_answer(struct store *store, struct act_ticket ticket, const struct act_msg *msg)
{
	char body[sizeof(struct store_member_answer) + sizeof(struct store_write_answer)];
	assert(msg->type->size <= sizeof body);
	memcpy(body, msg->body, msg->type->size);
	struct arena **arena = answer_arena(msg->type, body);
	struct arena *kept = act_keep(store->act, msg);
	if (arena && !*arena)
		*arena = kept;
	struct arena *owned = arena ? *arena : kept;
	if (act_answer(store->act, ticket, msg->type, body) != OK || !arena)
		arena_free(owned);
}

enum outcome { FINAL, NOT_TAKEN, UNKNOWN };

/* What the end of a try says. Whatever was decided when it was applied is final, also of a further one. */
static enum outcome outcome_of(const struct store_forward *forward, const struct act_msg *msg)
{
	if (msg->status != OK)
		return UNKNOWN;
	switch (*(const enum status *)msg->body) {
	case TIMEOUT: return UNKNOWN;
	case UNAVAILABLE: return NOT_TAKEN;
	case BUSY:
	case FULL: return forward->is_doubtful ? NOT_TAKEN : FINAL;
	default: return FINAL;
	}
}

void store_on_forwarded(struct store *store, const struct act_msg *msg)
{
	uint32_t at = find_forward(store, STORE_TAG_NUMBER(msg->tag));
	if (at == store->forwards.all.len)
		return;
	struct store_forward *forward = &store->forwards.all.at[at];
	enum outcome outcome = outcome_of(forward, msg);
	if (msg->status == OK && (outcome == FINAL || !is_command(forward->type))) {
		struct store_forward done = take_out(store, at);
		pass_answer(store, done.ticket, msg);
		release(store, &done);
		return;
	}
	forward->is_doubtful |= outcome == UNKNOWN;
	forward->number = 0;
	if (may_be_repeated(forward) && act_now(store->act).ns < forward->until.ns)
		arm(store, is_overtaken(store, forward) ? 0 : STORE_FORWARD_AGAIN_MS);
	else
		give_up(store, at, UNAVAILABLE);
}

/* ---- the end ---- */

void store_fail_forwards(struct store *store)
{
	while (store->forwards.all.len) {
		struct store_forward *last = &store->forwards.all.at[store->forwards.all.len - 1];
		last->is_doubtful |= last->number != 0;
		give_up(store, store->forwards.all.len - 1, UNAVAILABLE);
	}
}

void store_forwards_fini(struct store *store)
{
	for (uint32_t i = 0; i < store->forwards.all.len; i++)
		release(store, &store->forwards.all.at[i]);
	vec_fini(&store->forwards.all);
}
