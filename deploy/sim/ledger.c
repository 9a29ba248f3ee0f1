#include "deploy/sim/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/sim/claim.h"
#include "deploy/sim/linear.h"

/* What one revision did to one key. */
struct change {
	bool is_there, is_delete;
	uint32_t op; /* that wrote the value */
	uint64_t create, version, lease;
};

struct moment {
	struct change changes[LEDGER_KEYS];
};

struct operation {
	enum ledger_kind kind;
	enum ledger_end end;
	uint32_t key, second, expected, seen;
	int64_t begun_ns, ended_ns;
	uint64_t floor, revision;
	uint32_t applied; /* how many changes carry its number */
};

/* What a range said; looked at when all changes are known. */
struct range {
	uint64_t revision;
	uint32_t first, last;
	uint64_t mods[LEDGER_KEYS]; /* 0: not there */
	uint32_t ops[LEDGER_KEYS];
	uint64_t creates[LEDGER_KEYS], versions[LEDGER_KEYS];
};

struct stream {
	uint64_t after, told; /* every change in between was told */
	uint64_t count;
};

struct tenancy {
	uint64_t lease;
	uint32_t key;
	int64_t until_ns; /* lives at least until then */
	bool is_revoked, is_gone;
};

struct ledger {
	bool is_over;
	struct arena *arena; /* of keys */
	struct str keys[LEDGER_KEYS], from, end;
	VEC(struct moment) moments;       /* by revision */
	VEC(struct operation) operations; /* by number; 0 is nobody's */
	VEC(struct range) ranges;
	VEC(struct stream) streams;
	VEC(struct tenancy) tenancies;
	uint64_t floor;
	struct ledger_counts counts;
};

/* ---- life ---- */

struct ledger *ledger_new(const char *prefix)
{
	static const char *const keys[LEDGER_KEYS] = { "r/0", "r/1", "r/2", "r/3", "r/4",
						       "r/5", "t/0", "t/1", "t/2", "t/3" };
	struct ledger *ledger = mem_new(struct ledger);

	ledger->arena = arena_new(0);
	for (uint32_t i = 0; i < LEDGER_KEYS; i++)
		ledger->keys[i] = arena_printf(ledger->arena, "%s%s", prefix, keys[i]);
	ledger->from = arena_printf(ledger->arena, "%sr/", prefix);
	ledger->end = arena_printf(ledger->arena, "%su", prefix);
	vec_add(&ledger->operations);
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	vec_fini(&ledger->moments);
	vec_fini(&ledger->operations);
	vec_fini(&ledger->ranges);
	vec_fini(&ledger->streams);
	vec_fini(&ledger->tenancies);
	arena_free(ledger->arena);
	mem_free(ledger);
}

void ledger_set_over(struct ledger *ledger)
{
	ledger->is_over = true;
}

bool ledger_is_over(const struct ledger *ledger)
{
	return ledger->is_over;
}

uint64_t ledger_floor(const struct ledger *ledger)
{
	return ledger->floor;
}

static void see(struct ledger *ledger, uint64_t revision)
{
	if (revision > ledger->floor)
		ledger->floor = revision;
}

/* ---- keys and values ---- */

struct str ledger_key(const struct ledger *ledger, uint32_t key)
{
	return ledger->keys[key];
}

/* LEDGER_KEYS if it is none of ours. */
static uint32_t key_number(const struct ledger *ledger, struct str key)
{
	uint32_t i = 0;

	while (i < LEDGER_KEYS && !str_eq(key, ledger->keys[i]))
		i++;
	return i;
}

void ledger_bounds(const struct ledger *ledger, struct str *out_from, struct str *out_end)
{
	*out_from = ledger->from;
	*out_end = ledger->end;
}

/* "(op 17:abc)": found in the midst of anything, and it needs no escape. */
struct str ledger_value(struct arena *arena, uint32_t op, uint32_t noise_bytes)
{
	struct text text = text_in(arena, noise_bytes + 32);

	text_lit(&text, "(op ");
	text_add_u64(&text, op);
	text_add_char(&text, ':');
	for (uint32_t i = 0; i < noise_bytes; i++)
		text_add_char(&text, (char)('a' + (op + i) % 26));
	text_add_char(&text, ')');
	return text_str(&text);
}

/* The operation that wrote it; the noise must be its own too. */
static uint32_t op_of(struct ledger *ledger, struct str value)
{
	int64_t at = str_find(value, STR("(op "));
	struct str rest, noise;
	uint64_t op = 0;

	CLAIM(at >= 0);
	rest = str_slice(value, (uint32_t)at + 4, value.len);
	CLAIM_OK(str_to_u64(str_cut(&rest, ':'), &op));
	CLAIM(op > 0 && op < ledger->operations.len);
	noise = str_cut(&rest, ')');
	CLAIM(rest.at != NULL);
	for (uint32_t i = 0; i < noise.len; i++)
		CLAIM_EQ(noise.at[i], 'a' + (op + i) % 26);
	return (uint32_t)op;
}

/* ---- operations ---- */

uint32_t ledger_begin(struct ledger *ledger, enum ledger_kind kind, uint32_t key, uint32_t second,
		      uint32_t expected, int64_t now_ns)
{
	vec_push(&ledger->operations, (struct operation){ .kind = kind,
							  .key = key,
							  .second = second,
							  .expected = expected,
							  .begun_ns = now_ns,
							  .ended_ns = LINEAR_NEVER,
							  .floor = ledger->floor });
	return ledger->operations.len - 1;
}

void ledger_end(struct ledger *ledger, uint32_t number, enum ledger_end end, uint64_t revision,
		int64_t now_ns)
{
	struct operation *op = &ledger->operations.at[number];

	CLAIM_EQ(op->end, LEDGER_OPEN);
	op->end = end;
	op->ended_ns = now_ns;
	op->revision = revision;
	if (end == LEDGER_DONE && revision != 0)
		CLAIM(revision > op->floor);
	if (end == LEDGER_REFUSED && revision != 0)
		CLAIM(revision >= op->floor);
	if (end != LEDGER_LOST)
		see(ledger, revision);
}

static void take_row(struct ledger *ledger, struct range *range, const struct store_row *row)
{
	uint32_t key = key_number(ledger, row->key);

	if (key == LEDGER_KEYS)
		return; /* a probe of the test's own */
	CLAIM(key >= range->first && key < range->last);
	CLAIM(row->mod_revision <= range->revision || range->revision == 0);
	CLAIM_EQ(range->mods[key], 0);
	range->mods[key] = row->mod_revision;
	range->ops[key] = op_of(ledger, row->value);
	range->creates[key] = row->create_revision;
	range->versions[key] = row->version;
}

uint32_t ledger_read(struct ledger *ledger, uint32_t op, uint32_t first, uint32_t last,
		     const struct store_range_answer *answer, uint64_t floor, int64_t now_ns)
{
	struct range range = { .revision = answer->revision, .first = first, .last = last };

	CLAIM(answer->revision >= floor || answer->revision == 0);
	CLAIM(!answer->more);
	for (uint32_t i = 0; i < answer->row_count; i++)
		take_row(ledger, &range, &answer->rows[i]);
	if (answer->revision != 0)
		vec_push(&ledger->ranges, range);
	see(ledger, answer->revision);
	if (op != 0) {
		ledger->operations.at[op].end = LEDGER_DONE;
		ledger->operations.at[op].ended_ns = now_ns;
		ledger->operations.at[op].seen = range.ops[first];
	}
	return range.ops[first];
}

/* ---- changes ---- */

uint32_t ledger_stream(struct ledger *ledger, uint64_t after)
{
	vec_push(&ledger->streams, (struct stream){ .after = after, .told = after });
	return ledger->streams.len - 1;
}

static struct moment *moment_of(struct ledger *ledger, uint64_t revision)
{
	while (ledger->moments.len <= revision)
		vec_add(&ledger->moments);
	return &ledger->moments.at[revision];
}

static void check_expiry(struct ledger *ledger, uint32_t key, uint64_t lease, int64_t now_ns)
{
	for (uint32_t i = 0; i < ledger->tenancies.len; i++) {
		struct tenancy *tenancy = &ledger->tenancies.at[i];

		if (tenancy->lease != lease || tenancy->key != key || tenancy->is_gone)
			continue;
		tenancy->is_gone = true;
		ledger->counts.expiries++;
		CLAIM(tenancy->is_revoked || now_ns >= tenancy->until_ns);
	}
}

/* The lease that the key had before this revision. */
static uint64_t lease_before(const struct ledger *ledger, uint32_t key, uint64_t revision)
{
	while (revision-- > 0)
		if (ledger->moments.at[revision].changes[key].is_there)
			return ledger->moments.at[revision].changes[key].lease;
	return 0;
}

static void learn(struct ledger *ledger, uint64_t revision, uint32_t key,
		  const struct change *change, int64_t now_ns)
{
	struct change *known = &moment_of(ledger, revision)->changes[key];

	if (known->is_there) {
		CLAIM_EQ(change->is_delete, known->is_delete);
		CLAIM_EQ(change->op, known->op);
		if (known->version == 0)
			*known = *change; /* who told it first did not know */
		if (change->version == 0)
			return;
		CLAIM_EQ(change->create, known->create);
		CLAIM_EQ(change->version, known->version);
		CLAIM_EQ(change->lease, known->lease);
		return;
	}
	*known = *change;
	if (change->op != 0)
		ledger->operations.at[change->op].applied++;
	if (change->is_delete && key >= LEDGER_REGISTERS)
		check_expiry(ledger, key, lease_before(ledger, key, revision), now_ns);
}

static void take_event(struct ledger *ledger, const struct store_event *event, int64_t now_ns)
{
	uint32_t key = key_number(ledger, event->row.key);
	struct change change = { .is_there = true, .is_delete = event->is_delete };

	if (key == LEDGER_KEYS)
		return;
	if (!event->is_delete) {
		change.op = op_of(ledger, event->row.value);
		change.create = event->row.create_revision;
		change.version = event->row.version;
		change.lease = event->row.lease;
	}
	learn(ledger, event->row.mod_revision, key, &change, now_ns);
}

void ledger_events(struct ledger *ledger, uint32_t number, const struct store_events *events,
		   int64_t now_ns)
{
	struct stream *stream = &ledger->streams.at[number];
	uint64_t last = stream->told, seen[LEDGER_KEYS + 1] = { 0 };

	CLAIM(events->revision >= stream->told);
	for (uint32_t i = 0; i < events->count; i++) {
		const struct store_event *event = &events->events[i];
		uint64_t revision = event->row.mod_revision;
		uint32_t key = key_number(ledger, event->row.key);

		CLAIM(revision > stream->told && revision >= last && revision <= events->revision);
		CLAIM(key == LEDGER_KEYS || seen[key] < revision); /* twice at once */
		seen[key] = last = revision;
		take_event(ledger, event, now_ns);
		stream->count += key < LEDGER_KEYS;
	}
	ledger->counts.events += events->count;
	stream->told = events->revision;
	see(ledger, events->revision);
}

/* ---- leases ---- */

static struct tenancy *find_tenancy(struct ledger *ledger, uint64_t lease)
{
	for (uint32_t i = 0; i < ledger->tenancies.len; i++)
		if (ledger->tenancies.at[i].lease == lease)
			return &ledger->tenancies.at[i];
	return NULL;
}

void ledger_lease(struct ledger *ledger, uint32_t key, uint64_t lease, uint32_t ttl_s,
		  int64_t asked_ns)
{
	struct tenancy *tenancy = find_tenancy(ledger, lease);
	int64_t until_ns = asked_ns + ttl_s * TIME_S;

	if (!tenancy) {
		ledger->counts.leases++;
		tenancy = vec_add(&ledger->tenancies);
		tenancy->lease = lease;
		tenancy->key = key;
	}
	if (until_ns > tenancy->until_ns)
		tenancy->until_ns = until_ns;
}

void ledger_unlease(struct ledger *ledger, uint64_t lease)
{
	struct tenancy *tenancy = find_tenancy(ledger, lease);

	if (tenancy)
		tenancy->is_revoked = true;
}

/* ---- the end ---- */

static void check_applied(const struct ledger *ledger, uint32_t number)
{
	const struct operation *op = &ledger->operations.at[number];
	uint32_t writes = op->kind == LEDGER_PAIR ? 2 : 1;
	const struct moment *moment;

	if (op->revision == 0) {
		CLAIM(op->kind == LEDGER_DELETE || op->applied == writes);
		return;
	}
	CLAIM(op->revision < ledger->moments.len);
	moment = &ledger->moments.at[op->revision];
	CLAIM(moment->changes[op->key].is_there);
	if (op->kind == LEDGER_DELETE) {
		CLAIM(moment->changes[op->key].is_delete);
		return;
	}
	CLAIM_EQ(moment->changes[op->key].op, number);
	CLAIM_EQ(op->applied, writes);
	if (op->kind == LEDGER_PAIR)
		CLAIM_EQ(moment->changes[op->second].op, number);
}

static void check_operation(struct ledger *ledger, uint32_t number)
{
	const struct operation *op = &ledger->operations.at[number];
	uint32_t writes = op->kind == LEDGER_PAIR ? 2 : 1;

	if (op->kind == LEDGER_READ) {
		ledger->counts.reads += op->end == LEDGER_DONE;
		return;
	}
	ledger->counts.operations++;
	switch (op->end) {
	case LEDGER_OPEN:
		ledger->counts.open++;
		CLAIM(op->applied == 0 || op->applied == writes);
		break;
	case LEDGER_DONE:
		ledger->counts.done++;
		check_applied(ledger, number);
		break;
	case LEDGER_REFUSED:
	case LEDGER_LOST:
		ledger->counts.refused += op->end == LEDGER_REFUSED;
		ledger->counts.lost += op->end == LEDGER_LOST;
		CLAIM_EQ(op->applied, 0);
		break;
	}
}

/* The state of a key as the changes make it. */
struct state {
	uint64_t mod, create, version;
	uint32_t op;
};

static void advance(struct state states[LEDGER_KEYS], const struct moment *moment, uint64_t revision)
{
	for (uint32_t key = 0; key < LEDGER_KEYS; key++) {
		const struct change *change = &moment->changes[key];
		struct state *state = &states[key];

		if (!change->is_there)
			continue;
		if (change->is_delete) {
			CLAIM(state->mod != 0); /* nothing was there to be deleted */
			*state = (struct state){ 0 };
			continue;
		}
		const uint64_t create = state->mod ? state->create : revision;

		CLAIM(change->version == 0 || change->version == state->version + 1);
		CLAIM(change->version == 0 || change->create == create);
		*state = (struct state){ revision, create, state->version + 1, change->op };
	}
}

static int by_revision(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return (left->revision > right->revision) - (left->revision < right->revision);
}

static void check_range(const struct state states[LEDGER_KEYS], const struct range *range)
{
	for (uint32_t key = range->first; key < range->last; key++) {
		CLAIM_EQ(range->mods[key], states[key].mod);
		CLAIM_EQ(range->ops[key], states[key].op);
		if (range->versions[key] == 0)
			continue; /* not told */
		CLAIM_EQ(range->creates[key], states[key].create);
		CLAIM_EQ(range->versions[key], states[key].version);
	}
}

static void check_ranges(struct ledger *ledger)
{
	struct state states[LEDGER_KEYS] = { 0 };
	uint64_t revision = 0;

	if (ledger->ranges.len > 0)
		qsort(ledger->ranges.at, ledger->ranges.len, sizeof *ledger->ranges.at, by_revision);
	for (uint32_t i = 0; i < ledger->ranges.len; i++) {
		const struct range *range = &ledger->ranges.at[i];

		for (; revision < range->revision && revision + 1 < ledger->moments.len;)
			advance(states, &ledger->moments.at[revision + 1], revision + 1), revision++;
		check_range(states, range);
	}
	for (; revision + 1 < ledger->moments.len; revision++)
		advance(states, &ledger->moments.at[revision + 1], revision + 1);
	ledger->counts.ranges = ledger->ranges.len;
}

static uint64_t changes_until(const uint64_t *sums, uint32_t len, uint64_t revision)
{
	return sums[revision < len ? revision : len - 1];
}

/* What was seen is true and was in order, so it is everything if it is as much. */
static void check_streams(struct ledger *ledger)
{
	uint32_t len = ledger->moments.len;
	uint64_t *sums = mem_zalloc((len + 1) * sizeof *sums);

	for (uint32_t i = 1; i < len; i++) {
		sums[i] = sums[i - 1];
		for (uint32_t key = 0; key < LEDGER_KEYS; key++)
			sums[i] += ledger->moments.at[i].changes[key].is_there;
	}
	for (uint32_t i = 0; len > 0 && i < ledger->streams.len; i++) {
		const struct stream *stream = &ledger->streams.at[i];

		CLAIM_EQ(stream->count, changes_until(sums, len, stream->told) -
					    changes_until(sums, len, stream->after));
	}
	ledger->counts.streams = ledger->streams.len;
	mem_free(sums);
}

/* By values alone. What is known not to have happened says nothing; what nobody knows of and was not applied neither. */
static bool linear_of(const struct ledger *ledger, uint32_t number, uint32_t key,
		      struct linear_op *out)
{
	const struct operation *op = &ledger->operations.at[number];
	bool is_about = op->key == key || (op->kind == LEDGER_PAIR && op->second == key);
	bool is_conditional =
	    op->kind == LEDGER_SWAP || (op->kind == LEDGER_DELETE && op->expected != LEDGER_ANY);

	if (!is_about || op->end == LEDGER_LOST)
		return false;
	if (op->end == LEDGER_OPEN &&
	    (op->kind == LEDGER_READ || (op->kind != LEDGER_DELETE && op->applied == 0)))
		return false;
	*out = (struct linear_op){ .kind = op->kind == LEDGER_READ ? LINEAR_READ
					   : is_conditional        ? LINEAR_SWAP
								   : LINEAR_WRITE,
				   .called = op->begun_ns,
				   .returned = op->end == LEDGER_OPEN ? LINEAR_NEVER : op->ended_ns,
				   .value = op->kind == LEDGER_READ     ? op->seen
					    : op->kind == LEDGER_DELETE ? 0
									: number,
				   .expected = op->expected,
				   .is_refused = op->end == LEDGER_REFUSED };
	return true;
}

static void check_linear(const struct ledger *ledger, uint32_t key)
{
	struct linear_op *ops = mem_zalloc(LINEAR_OPS * sizeof *ops);
	uint32_t count = 0;

	for (uint32_t i = 1; i < ledger->operations.len; i++) {
		CLAIM(count < LINEAR_OPS);
		count += linear_of(ledger, i, key, &ops[count]);
	}
	if (!linear_check(ops, count, 0)) {
		linear_explain(ops, count, 0);
		claim_fail(__FILE__, __LINE__,
			   "what was read and written of " STR_FMT " is not linearizable",
			   STR_ARG(ledger_key(ledger, key)));
	}
	mem_free(ops);
}

void ledger_check_rows(struct ledger *ledger, const struct store_range_answer *answer)
{
	CLAIM_OK(answer->status);
	ledger_read(ledger, 0, 0, LEDGER_KEYS, answer, ledger->floor, 0);
}

struct ledger_counts ledger_close(struct ledger *ledger)
{
	for (uint32_t i = 1; i < ledger->operations.len; i++)
		check_operation(ledger, i);
	check_ranges(ledger);
	check_streams(ledger);
	for (uint32_t key = 0; key < LEDGER_REGISTERS; key++)
		check_linear(ledger, key);
	ledger->counts.revision = ledger->floor;
	return ledger->counts;
}
