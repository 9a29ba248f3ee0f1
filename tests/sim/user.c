#include "tests/lib/test.h"
#include "tests/sim/people.h"

#define TRIES 6U
#define NOISE_BYTES 600U

enum user_tag { TAG_WRITE = 1, TAG_READ, TAG_RANGE };

struct user_go_on {
	char nothing;
};
static ACT_TYPE(user_go_on);

/* What it is about, and what it remembers of each key. */
struct user {
	const struct person *person;
	uint32_t seen[LEDGER_REGISTERS]; /* the operation whose value it saw last; 0: nothing */
	uint64_t revisions[LEDGER_REGISTERS]; /* and the revision the key had */
	/* The operation under way; 0: none. */
	uint32_t op;
	enum ledger_kind kind;
	uint32_t key, second, noise_bytes;
	uint64_t expected, request, floor;
	uint32_t tries;
	bool is_serializable;
	bool is_doubtful; /* some try may have been applied */
};

static int64_t now_ns(struct act *act)
{
	return act_now(act).ns;
}

static void later(struct act *act, uint64_t ms)
{
	act_after(act, ms, &user_go_on_type, &(struct user_go_on){ 0 });
}

static void rest(struct act *act, struct user *user)
{
	user->op = 0;
	later(act, 1 + person_below(act, user->person->pause_ms));
}

/* ---- writing ---- */

static void fill_op(struct user *user, struct arena *arena, struct store_op *op, uint32_t key)
{
	*op = (struct store_op){ .kind = user->kind == LEDGER_DELETE ? STORE_DELETE : STORE_PUT,
				 .key = ledger_key(user->person->ledger, key),
				 .expected = user->expected };
	if (user->kind != LEDGER_DELETE)
		op->value = ledger_value(arena, user->op, user->noise_bytes);
}

static void send_write(struct act *act, struct user *user)
{
	struct arena *arena = arena_new(0);
	struct store_op *ops = arena_array(arena, struct store_op, 2);
	struct store_write write = { .arena = arena,
				     .success = ops,
				     .success_count = user->kind == LEDGER_PAIR ? 2 : 1,
				     .request = user->request };

	fill_op(user, arena, &ops[0], user->key);
	fill_op(user, arena, &ops[1], user->second);
	user->tries++;
	if (act_request(act, person_store(act, user->person), &store_write_type, &write,
			500 + (uint32_t)person_below(act, 6000), TAG_WRITE) == OK)
		return;
	arena_free(arena);
	later(act, 20 + person_below(act, 200));
}

static void give_up(struct act *act, struct user *user)
{
	if (!user->is_doubtful)
		ledger_end(user->person->ledger, user->op, LEDGER_LOST, 0, now_ns(act));
	rest(act, user);
}

static void try_again(struct act *act, struct user *user)
{
	if (user->tries < TRIES)
		later(act, 10 + person_below(act, 300));
	else
		give_up(act, user);
}

static void learn(struct user *user, uint32_t key, uint32_t op, uint64_t revision)
{
	user->seen[key] = op;
	user->revisions[key] = revision;
}

static void take_done(struct act *act, struct user *user, const struct store_write_answer *answer)
{
	bool is_delete = user->kind == LEDGER_DELETE;

	CHECK(answer->is_success);
	ledger_end(user->person->ledger, user->op, LEDGER_DONE, answer->revision, now_ns(act));
	learn(user, user->key, is_delete ? 0 : user->op, is_delete ? 0 : answer->revision);
	if (user->kind == LEDGER_PAIR)
		learn(user, user->second, user->op, answer->revision);
	rest(act, user);
}

static void take_write(struct act *act, struct user *user, const struct act_msg *msg)
{
	const struct store_write_answer *answer = msg->status == OK ? msg->body : NULL;
	enum status status = answer ? answer->status : TIMEOUT;

	switch (status) {
	case OK: take_done(act, user, answer); break;
	case EXISTS:
		if (user->is_doubtful) { /* an earlier try may find nothing there and be applied yet */
			rest(act, user);
			break;
		}
		__attribute__((fallthrough));
	case NOT_FOUND:
	case CONFLICT:
		CHECK(user->kind == LEDGER_SWAP || user->kind == LEDGER_DELETE);
		ledger_end(user->person->ledger, user->op, LEDGER_REFUSED, answer->revision,
			   now_ns(act));
		rest(act, user);
		break;
	case TIMEOUT:
		user->is_doubtful = true;
		try_again(act, user);
		break;
	case UNAVAILABLE:
	case BUSY:
	case FULL: try_again(act, user); break;
	default: test_fail(__FILE__, __LINE__, "a write says %s", status_name(status));
	}
}

/* ---- reading ---- */

static void send_range(struct act *act, struct user *user)
{
	bool is_one = user->kind == LEDGER_READ && user->op != 0;
	struct store_range range = { .key = ledger_key(user->person->ledger, user->key),
				     .is_serializable = user->is_serializable };

	if (!is_one)
		ledger_bounds(user->person->ledger, &range.key, &range.end);
	user->tries++;
	user->floor = user->is_serializable ? 0 : ledger_floor(user->person->ledger);
	if (act_request(act, person_store(act, user->person), &store_range_type, &range,
			500 + (uint32_t)person_below(act, 6000),
			is_one ? TAG_READ : TAG_RANGE) != OK)
		later(act, 20 + person_below(act, 200));
}

static void take_row(struct user *user, uint32_t op, const struct store_range_answer *answer)
{
	learn(user, user->key, op, answer->row_count ? answer->rows[0].mod_revision : 0);
}

static void take_range(struct act *act, struct user *user, const struct act_msg *msg)
{
	const struct store_range_answer *answer = msg->status == OK ? msg->body : NULL;
	struct ledger *ledger = user->person->ledger;

	if (!answer || answer->status != OK) {
		/* A read changes nothing: one that failed is forgotten. */
		user->op = 0;
		later(act, 10 + person_below(act, 300));
		return;
	}
	if (msg->tag == TAG_RANGE)
		ledger_read(ledger, 0, 0, LEDGER_KEYS, answer, user->floor, now_ns(act));
	else
		take_row(user,
			 ledger_read(ledger, user->op, user->key, user->key + 1, answer,
				     user->floor, now_ns(act)),
			 answer);
	rest(act, user);
}

/* ---- what next ---- */

static void choose(struct act *act, struct user *user)
{
	uint64_t dice = person_below(act, 100);

	user->key = (uint32_t)person_below(act, LEDGER_REGISTERS);
	user->second =
	    (user->key + 1 + (uint32_t)person_below(act, LEDGER_REGISTERS - 1)) % LEDGER_REGISTERS;
	user->expected = STORE_ANY_REVISION;
	user->noise_bytes = (uint32_t)person_below(act, NOISE_BYTES);
	user->request = act_random(act) | 1;
	user->is_serializable = dice >= 90;
	user->is_doubtful = false;
	user->tries = 0;
	user->kind = dice < 25   ? LEDGER_PUT
		     : dice < 40 ? LEDGER_SWAP
		     : dice < 48 ? LEDGER_DELETE
		     : dice < 56 ? LEDGER_PAIR
				 : LEDGER_READ;
	if (user->kind == LEDGER_SWAP || user->kind == LEDGER_DELETE)
		user->expected = user->revisions[user->key];
	/* Deleting what is not there is refused in any case. */
	if (user->kind == LEDGER_DELETE && user->expected == 0)
		user->kind = LEDGER_READ;
}

static void begin(struct act *act, struct user *user)
{
	bool is_range;

	if (ledger_is_over(user->person->ledger))
		return;
	choose(act, user);
	is_range = user->kind == LEDGER_READ && (user->is_serializable || person_below(act, 3) == 0);
	user->op = is_range ? 0
			    : ledger_begin(user->person->ledger, user->kind, user->key,
					   user->second, user->seen[user->key], now_ns(act));
	if (user->kind == LEDGER_READ)
		send_range(act, user);
	else
		send_write(act, user);
}

static void go_on(struct act *act, struct user *user)
{
	if (user->op != 0 && user->kind != LEDGER_READ)
		send_write(act, user);
	else
		begin(act, user);
}

static enum status user_init(struct act *act, void *state, const void *args)
{
	struct user *user = state;

	user->person = args;
	rest(act, user);
	return OK;
}

static enum act_verdict user_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct user *user = state;

	if (ACT_IS(msg, user_go_on))
		go_on(act, user);
	else if (msg->kind == ACT_ANSWER && msg->tag == TAG_WRITE)
		take_write(act, user, msg);
	else if (msg->kind == ACT_ANSWER)
		take_range(act, user, msg);
	return ACT_OK;
}

const struct act_class user_class = { .name = "user",
				      .state_size = sizeof(struct user),
				      .init = user_init,
				      .receive = user_receive };
