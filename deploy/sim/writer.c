#include "deploy/sim/citizens.h"
#include "deploy/sim/claim.h"
#include "deploy/sim/dig.h"

#define TRIES 4U
#define NOISE_BYTES 200U
#define PLACE "/api/v1/namespaces/r/configmaps"

enum writer_tag { TAG_WRITE = 1, TAG_READ, TAG_LIST };

struct writer_go_on {
	char nothing;
};
static ACT_TYPE(writer_go_on);

struct writer {
	const struct citizen *citizen;
	uint32_t seen[LEDGER_REGISTERS]; /* the operation whose value it saw last; 0: nothing */
	uint64_t revisions[LEDGER_REGISTERS];
	bool is_stale[LEDGER_REGISTERS]; /* it was refused for what it saw: it must look again */
	/* The operation under way; 0: none. */
	uint32_t op, key, noise_bytes, tries;
	enum ledger_kind kind;
	uint64_t floor;
	bool is_doubtful; /* some try may have been applied */
};

static int64_t now_ns(struct act *act)
{
	return act_now(act).ns;
}

static void later(struct act *act, uint64_t ms)
{
	act_after(act, ms, &writer_go_on_type, &(struct writer_go_on){ 0 });
}

static void rest(struct act *act, struct writer *writer)
{
	writer->op = 0;
	later(act, 1 + citizen_below(act, writer->citizen->pause_ms));
}

static uint32_t patience_ms(struct act *act)
{
	return 500 + (uint32_t)citizen_below(act, 8000);
}

static struct str place_of(struct arena *arena, uint32_t key)
{
	return arena_printf(arena, PLACE "/%u", key);
}

/* ---- writing: under a precondition, the revision that it saw; 0: that there is none ---- */

static struct api_call write_call(const struct writer *writer, struct arena *arena)
{
	uint64_t revision = writer->revisions[writer->key];
	struct text body = text_in(arena, 4096);

	if (writer->kind == LEDGER_DELETE) {
		text_printf(&body, "{\"preconditions\":{\"resourceVersion\":\"%llu\"}}",
			    (unsigned long long)revision);
		return citizen_call_new("DELETE", place_of(arena, writer->key), text_str(&body));
	}
	text_printf(&body, "{\"metadata\":{\"name\":\"%u\"", writer->key);
	if (revision != 0)
		text_printf(&body, ",\"resourceVersion\":\"%llu\"", (unsigned long long)revision);
	text_printf(&body, "},\"data\":{\"v\":\"" STR_FMT "\"}}",
		    STR_ARG(ledger_value(arena, writer->op, writer->noise_bytes)));
	if (revision == 0)
		return citizen_call_new("POST", STR(PLACE), text_str(&body));
	return citizen_call_new("PUT", place_of(arena, writer->key), text_str(&body));
}

static void send_write(struct act *act, struct writer *writer)
{
	struct arena *arena = arena_new(0);
	struct api_call call = write_call(writer, arena);

	writer->tries++;
	if (citizen_call(act, writer->citizen, 0, &call, patience_ms(act), TAG_WRITE) != OK)
		later(act, 20 + citizen_below(act, 200));
	arena_free(arena);
}

static void end_write(struct act *act, struct writer *writer, enum ledger_end end, uint64_t revision)
{
	writer->is_stale[writer->key] = end != LEDGER_DONE;
	if (end != LEDGER_OPEN)
		ledger_end(writer->citizen->ledger, writer->op, end, revision, now_ns(act));
	rest(act, writer);
}

/* One that names a revision is applied once at most, however often it is asked for; one that creates is not. */
static void try_again(struct act *act, struct writer *writer)
{
	bool may_repeat = !writer->is_doubtful || writer->revisions[writer->key] != 0;

	if (may_repeat && writer->tries < TRIES)
		later(act, 10 + citizen_below(act, 300));
	else
		end_write(act, writer, writer->is_doubtful ? LEDGER_OPEN : LEDGER_LOST, 0);
}

static void take_done(struct act *act, struct writer *writer, const struct api_answer *answer)
{
	struct arena *arena = arena_new(0);
	uint64_t revision = dig_number(arena, answer->body, "metadata.resourceVersion");
	bool is_delete = writer->kind == LEDGER_DELETE;

	CLAIM(is_delete || revision != 0);
	writer->seen[writer->key] = is_delete ? 0 : writer->op;
	writer->revisions[writer->key] = is_delete ? 0 : revision;
	end_write(act, writer, LEDGER_DONE, is_delete ? 0 : revision);
	arena_free(arena);
}

static void take_write(struct act *act, struct writer *writer, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->status == OK ? msg->body : NULL;
	int32_t code = answer ? answer->code : 504;

	if (code == 200 || code == 201) {
		take_done(act, writer, answer);
	} else if (code == 404 && writer->revisions[writer->key] == 0) {
		end_write(act, writer, LEDGER_LOST, 0); /* its namespace is not there yet */
	} else if (code == 404 || code == 409) {
		/* What was doubtful may be what stands in the way now. */
		end_write(act, writer, writer->is_doubtful ? LEDGER_OPEN : LEDGER_REFUSED, 0);
	} else if (code == 429) {
		try_again(act, writer);
	} else {
		if (code < 500)
			claim_fail(__FILE__, __LINE__, "a write says %d " STR_FMT, code,
				   STR_ARG(answer->body));
		writer->is_doubtful = true;
		try_again(act, writer);
	}
}

/* ---- reading ---- */

struct rows {
	struct writer *writer;
	struct arena *arena;
	struct store_row rows[LEDGER_KEYS];
	uint32_t count;
};

static void take_row(void *arg, struct str object)
{
	struct rows *rows = arg;
	struct store_row *row = &rows->rows[rows->count];
	struct str name = dig(rows->arena, object, "metadata.name");
	uint64_t key;

	if (str_to_u64(name, &key) != OK)
		return; /* of every namespace */
	CLAIM(rows->count < LEDGER_KEYS && key < LEDGER_REGISTERS);
	row->key = ledger_key(rows->writer->citizen->ledger, (uint32_t)key);
	row->value = object;
	row->mod_revision = dig_number(rows->arena, object, "metadata.resourceVersion");
	rows->count++;
}

static void take_list(struct act *act, struct writer *writer, struct arena *arena,
		      const struct api_answer *answer)
{
	struct rows rows = { .writer = writer, .arena = arena };
	struct store_range_answer range = { .rows = rows.rows };

	dig_each(arena, answer->body, "items", take_row, &rows);
	range.row_count = rows.count;
	range.revision = dig_number(arena, answer->body, "metadata.resourceVersion");
	CLAIM(range.revision != 0);
	ledger_read(writer->citizen->ledger, 0, 0, LEDGER_REGISTERS, &range, writer->floor,
		    now_ns(act));
}

static void take_one(struct act *act, struct writer *writer, struct arena *arena,
		     const struct api_answer *answer)
{
	struct rows rows = { .writer = writer, .arena = arena };
	struct store_range_answer range = { .rows = rows.rows };

	if (answer->code == 200)
		take_row(&rows, answer->body);
	range.row_count = rows.count;
	writer->seen[writer->key] = ledger_read(writer->citizen->ledger, writer->op, writer->key,
						writer->key + 1, &range, 0, now_ns(act));
	writer->revisions[writer->key] = rows.rows[0].mod_revision;
	writer->is_stale[writer->key] = false;
}

static void take_read(struct act *act, struct writer *writer, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->status == OK ? msg->body : NULL;
	int32_t code = answer ? answer->code : 504;
	struct arena *arena = arena_new(0);

	if (code == 200 && msg->tag == TAG_LIST)
		take_list(act, writer, arena, answer);
	else if (msg->tag == TAG_READ && (code == 200 || code == 404))
		take_one(act, writer, arena, answer);
	else if (code < 500 && code != 429)
		claim_fail(__FILE__, __LINE__, "a read says %d " STR_FMT, code,
			   STR_ARG(answer->body));
	arena_free(arena);
	rest(act, writer); /* a read that failed changes nothing and is forgotten */
}

static void send_read(struct act *act, struct writer *writer)
{
	struct arena *arena = arena_new(0);
	bool is_list = writer->op == 0;
	struct api_call call =
	    citizen_call_new("GET", is_list ? STR(PLACE) : place_of(arena, writer->key), STR_NONE);

	writer->floor = ledger_floor(writer->citizen->ledger);
	if (citizen_call(act, writer->citizen, 0, &call, patience_ms(act),
			 is_list ? TAG_LIST : TAG_READ) != OK)
		later(act, 20 + citizen_below(act, 200));
	arena_free(arena);
}

/* ---- what next ---- */

static void choose(struct act *act, struct writer *writer)
{
	uint64_t dice = citizen_below(act, 100);

	writer->key = (uint32_t)citizen_below(act, LEDGER_REGISTERS);
	writer->noise_bytes = (uint32_t)citizen_below(act, NOISE_BYTES);
	writer->is_doubtful = false;
	writer->tries = 0;
	writer->kind = dice < 45 ? LEDGER_SWAP : dice < 55 ? LEDGER_DELETE : LEDGER_READ;
	if (writer->is_stale[writer->key] ||
	    (writer->kind == LEDGER_DELETE && writer->revisions[writer->key] == 0))
		writer->kind = LEDGER_READ;
}

static void begin(struct act *act, struct writer *writer)
{
	struct ledger *ledger = writer->citizen->ledger;

	if (ledger_is_over(ledger))
		return;
	choose(act, writer);
	writer->op = 0;
	if (writer->kind != LEDGER_READ || citizen_below(act, 3) > 0)
		writer->op = ledger_begin(ledger, writer->kind, writer->key, 0,
					  writer->seen[writer->key], now_ns(act));
	if (writer->kind == LEDGER_READ)
		send_read(act, writer);
	else
		send_write(act, writer);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct writer *writer = state;

	if (ACT_IS(msg, writer_go_on) && writer->op != 0 && writer->kind != LEDGER_READ)
		send_write(act, writer);
	else if (ACT_IS(msg, writer_go_on))
		begin(act, writer);
	else if (msg->kind == ACT_ANSWER && msg->tag == TAG_WRITE)
		take_write(act, writer, msg);
	else if (msg->kind == ACT_ANSWER)
		take_read(act, writer, msg);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct writer *writer = state;

	writer->citizen = args;
	rest(act, writer);
	return OK;
}

const struct act_class writer_class = {
	.name = "writer", .state_size = sizeof(struct writer), .init = init, .receive = receive
};
