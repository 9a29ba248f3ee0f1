#include "actors/server/verb/carry.h"

#include "actors/server/server-private.h"

#define AGAIN_MS 20U
#define PAST_PAGE 64U

struct carry_again {
	char nothing;
};
static const ACT_TYPE(carry_again, .id = 0);

/* What the questions point to; the request has it, and each message as long as it is on its way in this host. */
struct held {
	struct arena *arena;
	uint32_t refs;
};

enum errand_state { ERRAND_ASKED, ERRAND_LOOKS, ERRAND_PAST };

struct errand {
	struct request *request;
	const struct act_type *type;
	union {
		struct store_write write;
		struct store_range range;
		struct store_lease_grant grant;
	} body;
	struct held *held;
	struct list link; /* of those that wait */
	enum errand_state state;
	uint64_t since; /* the revision before the first try */
	uint64_t seen;  /* at which the key was looked at */
	uint64_t below; /* of the page of changes that is asked for */
	bool is_doubtful;
	bool has_looked; /* and found that it can be tried as if for the first time */
	bool is_there;   /* the key */
};

static void unhold(void *arg)
{
	struct held *held = arg;

	if (--held->refs == 0)
		arena_free(held->arena);
}

static struct held *hold(struct arena *arena)
{
	struct held *held = arena_new_of(arena, struct held);

	*held = (struct held){ arena, 1 };
	return held;
}

/* For one message, which frees it. */
static struct arena *lend(struct held *held)
{
	struct arena *arena = arena_new_tight(0);

	held->refs++;
	arena_on_free(arena, unhold, held);
	return arena;
}

static const struct store_op *op_of(const struct errand *errand)
{
	return &errand->body.write.success[0];
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

static enum status send(struct request *r, const struct act_type *type, const void *body)
{
	return act_request(r->server->act, r->server->feed.store, type, body, LIMIT_REQUEST_MS * 10,
			   r->tag);
}

static enum status send_again(struct request *r, struct errand *errand, struct arena *arena)
{
	struct store_write write;
	struct store_range range;

	if (errand->type == &store_write_type) {
		write = errand->body.write;
		write.arena = arena;
		write.since = errand->is_doubtful && !errand->has_looked ? errand->since : 0;
		return send(r, errand->type, &write);
	}
	if (errand->type != &store_range_type)
		return send(r, errand->type, &errand->body);
	range = errand->body.range;
	range.arena = arena;
	return send(r, errand->type, &range);
}

static enum status send_look(struct request *r, const struct errand *errand, struct arena *arena)
{
	struct store_range range = { .arena = arena, .key = op_of(errand)->key };

	return send(r, &store_range_type, &range);
}

static enum status send_past(struct request *r, const struct errand *errand, struct arena *arena)
{
	struct store_past past = { .arena = arena,
				   .key = op_of(errand)->key,
				   .below = errand->below,
				   .limit = PAST_PAGE,
				   .min_revision = errand->seen };

	return send(r, &store_past_type, &past);
}

static enum status ask(struct request *r)
{
	struct errand *errand = r->errand;
	bool has_bytes = errand->type != &store_lease_grant_type;
	struct arena *arena = has_bytes ? lend(errand->held) : NULL;
	enum status status = UNAVAILABLE;

	switch (errand->state) {
	case ERRAND_ASKED: status = send_again(r, errand, arena); break;
	case ERRAND_LOOKS: status = send_look(r, errand, arena); break;
	case ERRAND_PAST: status = send_past(r, errand, arena); break;
	}
	r->is_at_store = status == OK;
	if (status != OK)
		arena_free(arena);
	return status;
}

/* The store is away, or about to be there: this says nothing of what was asked. */
static bool is_away(enum status status)
{
	return status == UNAVAILABLE || status == GONE || status == NOT_FOUND;
}

static void wait(struct request *r)
{
	struct server *server = r->server;

	list_push(&server->carried, &r->errand->link);
	if (server->carry_timer == 0)
		server->carry_timer =
		    act_after(server->act, AGAIN_MS, &carry_again_type, &(struct carry_again){ 0 });
}

enum next carry_ask(struct request *r, const struct act_type *type, const void *body)
{
	struct errand *errand = arena_new_of(r->arena, struct errand);
	enum status status;

	assert(type->size <= sizeof errand->body);
	*errand = (struct errand){ .request = r, .type = type, .since = r->server->feed.revision };
	errand->since += errand->since == 0;
	memcpy(&errand->body, body, type->size);
	list_init(&errand->link);
	r->errand = errand;
	if (type != &store_lease_grant_type) {
		errand->held = hold(request_store_arena(r));
		arena_on_free(r->arena, unhold, errand->held);
		r->store_arena = NULL;
	}
	r->store_asked = act_now(r->server->act);
	status = ask(r);
	if (status != OK && !is_away(status) && status != BUSY) {
		r->errand = NULL;
		return request_fail_status(r, status, NULL);
	}
	if (status != OK)
		wait(r);
	return WAIT;
}

/* ---- what becomes of it ---------------------------------------------------------------------------------------- */

static bool go_on(struct request *r, enum errand_state state)
{
	r->errand->state = state;
	if (ask(r) != OK)
		wait(r);
	return false;
}

/* What the store would have said. */
static bool is_over(enum status status, uint64_t revision, const struct act_msg **msg,
		    struct carried *room)
{
	room->answer = (struct store_write_answer){ .status = status,
						    .revision = revision,
						    .is_success = status == OK };
	room->msg = (struct act_msg){ .kind = ACT_ANSWER,
				      .type = &store_write_answer_type,
				      .body = &room->answer };
	*msg = &room->msg;
	return true;
}

static bool is_refused(const struct errand *errand, const struct act_msg **msg, struct carried *room)
{
	enum status status = op_of(errand)->expected == 0 ? EXISTS
			     : errand->is_there           ? CONFLICT
							  : NOT_FOUND;

	return is_over(status, 0, msg, room);
}

static bool is_ours(const struct errand *errand, const struct store_row *row)
{
	const struct store_op *op = op_of(errand);

	return op->kind == STORE_PUT && row->mod_revision > errand->since &&
	       row->mod_revision > op->expected && str_eq(row->value, op->value);
}

static bool try_afresh(struct request *r)
{
	r->errand->has_looked = true;
	return go_on(r, ERRAND_ASKED);
}

static bool looked(struct request *r, const struct act_msg **msg, struct carried *room)
{
	struct errand *errand = r->errand;
	const struct store_range_answer *answer = (*msg)->body;
	const struct store_op *op = op_of(errand);
	const struct store_row *row = answer->row_count > 0 ? &answer->rows[0] : NULL;

	errand->is_there = row != NULL;
	errand->seen = answer->revision;
	errand->below = 0;
	if (row != NULL && is_ours(errand, row))
		return is_over(OK, row->mod_revision, msg, room);
	if (op->kind == STORE_DELETE && (row == NULL || row->create_revision > op->expected))
		return is_over(OK, answer->revision, msg, room);
	if (row != NULL && row->mod_revision == op->expected)
		return try_afresh(r);
	if (op->kind == STORE_DELETE)
		return is_refused(errand, msg, room);
	return go_on(r, ERRAND_PAST);
}

static bool saw_past(struct request *r, const struct act_msg **msg, struct carried *room)
{
	struct errand *errand = r->errand;
	const struct store_past_answer *answer = (*msg)->body;
	bool is_end = !answer->more;

	for (uint32_t i = 0; i < answer->count; i++) {
		const struct store_past_change *change = &answer->changes[i];

		is_end = is_end || change->row.mod_revision <= errand->since;
		if (!change->is_delete && is_ours(errand, &change->row))
			return is_over(OK, change->row.mod_revision, msg, room);
		errand->below = change->row.mod_revision;
	}
	if (!is_end)
		return go_on(r, ERRAND_PAST);
	if (answer->oldest > errand->since + 1)
		return is_over(TIMEOUT, 0, msg, room);
	if (op_of(errand)->expected == 0 && !errand->is_there)
		return try_afresh(r);
	return is_refused(errand, msg, room);
}

/* The store has answered, and may not know. */
static bool wrote(struct request *r, const struct act_msg *msg)
{
	const struct store_write_answer *answer = msg->body;
	struct errand *errand = r->errand;

	switch (answer->status) {
	case TIMEOUT: errand->is_doubtful = true; return go_on(r, ERRAND_LOOKS);
	case UNAVAILABLE:
	case BUSY:
	case FULL:
		if (!errand->is_doubtful)
			return true;
		wait(r);
		return false;
	case EXISTS:
	case CONFLICT:
	case NOT_FOUND:
		/* Another key's: so the first one was as we had seen it. */
		return !errand->has_looked || answer->refused_op > 0 || go_on(r, ERRAND_LOOKS);
	default: return true;
	}
}

static bool is_final(const struct request *r, const struct act_msg *msg)
{
	return !is_away(msg->status) && !(msg->status == BUSY && r->errand->is_doubtful);
}

bool carry_answered(struct request *r, const struct act_msg **msg, struct carried *room)
{
	struct errand *errand = r->errand;
	enum status status = store_outcome(*msg);
	bool is_write = errand->type == &store_write_type;

	if (errand->state == ERRAND_ASKED) {
		if ((*msg)->status == OK)
			return !is_write || wrote(r, *msg);
		if (is_final(r, *msg))
			return true;
		errand->is_doubtful |= is_write;
		errand->has_looked = false;
	} else if (status == OK) {
		return errand->state == ERRAND_LOOKS ? looked(r, msg, room) : saw_past(r, msg, room);
	} else if (!is_away(status) && status != BUSY) {
		return is_over(TIMEOUT, 0, msg, room);
	}
	wait(r);
	return false;
}

void carry_leave(struct request *r)
{
	if (r->errand != NULL)
		list_remove(&r->errand->link);
	r->errand = NULL;
}

/* ---- waiting ------------------------------------------------------------------------------------------------------ */

void carry_wake(struct server *server)
{
	struct list ready;

	list_init(&ready);
	while (!list_is_empty(&server->carried)) {
		struct list *link = server->carried.next;

		list_remove(link);
		list_push(&ready, link);
	}
	while (!list_is_empty(&ready)) {
		struct errand *errand = list_item(ready.next, struct errand, link);

		list_remove(&errand->link);
		if (ask(errand->request) != OK)
			wait(errand->request);
	}
}

bool carry_receive(struct server *server, const struct act_msg *msg)
{
	if (!ACT_IS(msg, carry_again))
		return false;
	server->carry_timer = 0;
	carry_wake(server);
	return true;
}
