#include "actors/etcd/etcd-private.h"

#include <stdlib.h>

#define SPREAD_BYTES \
	(64U * KIB) /* from here on to make one answer of it costs more than its parts do */

#define ROWS_EXPECTED_MAX 65536U

/*
 * Range: pages of the store put together, at the revision of the first.
 *
 * The store bounds a page by bytes and etcd does not, so a range of everything asks for one page after the other. The first
 * read is linearizable unless the caller wants none of that; those that follow read the same revision on the same replica.
 */

/* ---- what was asked for, out of what was found -------------------------------------------------------------- */

static bool is_in_order(const struct etcd_range *range)
{
	return range->target == ETCD_BY_KEY && range->order != ETCD_DESCENDING;
}

static bool is_sorted(const struct etcd_range *range)
{
	/* etcd takes no order for ascending, once there is another target than the key. */
	return range->target != ETCD_BY_KEY || range->order == ETCD_DESCENDING;
}

static bool is_sieved(const struct etcd_range *range)
{
	return range->min_mod != 0 || range->max_mod != 0 || range->min_create != 0 ||
	       range->max_create != 0;
}

uint32_t etcd_range_limit(const struct etcd_range *range)
{
	if (range->limit <= 0 || range->limit > UINT32_MAX || is_sieved(range) ||
	    !is_in_order(range))
		return 0;
	return (uint32_t)range->limit;
}

static bool is_wanted(const struct etcd_range *range, const struct store_row *row)
{
	int64_t mod = (int64_t)row->mod_revision, create = (int64_t)row->create_revision;

	return (range->max_mod == 0 || mod <= range->max_mod) &&
	       (range->min_mod == 0 || mod >= range->min_mod) &&
	       (range->max_create == 0 || create <= range->max_create) &&
	       (range->min_create == 0 || create >= range->min_create);
}

static void sieve(const struct etcd_range *range, struct store_row *rows, uint32_t *count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < *count; i++)
		if (is_wanted(range, &rows[i]))
			rows[kept++] = rows[i];
	*count = kept;
}

static int order_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *left, const void *right, void *arg)
{
	const struct etcd_range *range = arg;
	const struct store_row *a = left, *b = right;
	int order = 0;

	switch ((enum etcd_target)range->target) {
	case ETCD_BY_KEY: order = str_cmp(a->key, b->key); break;
	case ETCD_BY_VERSION: order = order_u64(a->version, b->version); break;
	case ETCD_BY_CREATE: order = order_u64(a->create_revision, b->create_revision); break;
	case ETCD_BY_MOD: order = order_u64(a->mod_revision, b->mod_revision); break;
	case ETCD_BY_VALUE: order = str_cmp(a->value, b->value); break;
	}
	if (range->order == ETCD_DESCENDING)
		order = -order;
	return order != 0 ? order : str_cmp(a->key, b->key); /* etcd leaves this open */
}

void etcd_range_shape(const struct etcd_range *range, struct store_row *rows, uint32_t *count,
		      bool *more)
{
	if (is_sieved(range))
		sieve(range, rows, count);
	if (is_sorted(range) && *count > 1)
		qsort_r(rows, *count, sizeof *rows, compare, (void *)(uintptr_t)range);
	if (range->limit > 0 && *count > range->limit) {
		*count = (uint32_t)range->limit;
		*more = true;
	}
	if (range->is_keys_only)
		for (uint32_t i = 0; i < *count; i++)
			rows[i].value = STR_NONE;
}

static void reply(struct etcd_call *call);

/* ---- asking ---------------------------------------------------------------------------------------------------- */

void etcd_range_begin(struct etcd_call *call, struct str message)
{
	struct etcd_ranging *ranging = arena_new_of(call->arena, struct etcd_ranging);
	enum etcd_fault why;

	call->state = ranging;
	ranging->done = reply;
	ranging->too_large = ETCD_ANSWER_TOO_LARGE;
	if (!etcd_message_range(message, &ranging->asked, &why)) {
		etcd_call_fail(call, why);
		return;
	}
	ranging->limit = etcd_range_limit(&ranging->asked);
	ranging->revision = ranging->asked.revision > 0 ? (uint64_t)ranging->asked.revision : 0;
	etcd_range_ask(call);
}

/* The first key that is not there yet. */
static struct str from_of(const struct etcd_ranging *ranging, struct arena *arena)
{
	struct str last;
	char *next;

	if (ranging->count == 0)
		return arena_str(arena, ranging->asked.key);
	last = ranging->rows[ranging->count - 1].key;
	next = arena_alloc(arena, last.len + 1U);
	memcpy(next, last.at, last.len);
	next[last.len] = '\0';
	return str_of(next, last.len + 1U);
}

void etcd_range_ask(struct etcd_call *call)
{
	const struct etcd_ranging *ranging = call->state;
	const struct etcd_range *asked = &ranging->asked;
	struct arena *arena = arena_new(0);
	struct store_range range = { .arena = arena,
				     .key = from_of(ranging, arena),
				     .end = arena_str(arena, asked->end),
				     .revision = ranging->revision,
				     .is_count_only = asked->is_count_only,
				     .is_kept = true,
				     .is_serializable =
					 asked->is_serializable || ranging->is_begun };

	range.limit = ranging->limit > 0 ? ranging->limit - ranging->count : 0;
	/* To be sorted by its value a row must have one. */
	range.is_keys_only = asked->is_keys_only && asked->target != ETCD_BY_VALUE;
	etcd_call_ask(call, &store_range_type, &range, arena);
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static void reply(struct etcd_call *call)
{
	struct etcd_ranging *ranging = call->state;
	struct etcd_header header = etcd_header(call->etcd, ranging->latest);
	bool is_long = ranging->bytes >= SPREAD_BYTES;
	struct etcd_spread spread = { .out = etcd_reply_for(ranging->count,
							    is_long ? 0 : ranging->bytes) };
	struct proto_out *out = &spread.out;

	etcd_range_shape(&ranging->asked, ranging->rows, &ranging->count, &ranging->more);
	etcd_reply_int(out, 4, ranging->total);
	etcd_reply_bool(out, 3, ranging->more);
	if (is_long)
		etcd_spread_rows(&spread, 2, ranging->rows, ranging->count);
	else
		etcd_reply_rows(out, 2, ranging->rows, ranging->count);
	etcd_reply_header(out, &header);
	if (is_long)
		etcd_call_reply_spread(call, &spread);
	else
		etcd_call_reply(call, out);
}

/* What the whole range has is known with its first page; beyond a bound that is believed as it comes. */
static uint32_t rows_expected(const struct etcd_ranging *ranging,
			      const struct store_range_answer *page, uint32_t needed)
{
	uint64_t all =
	    ranging->limit > 0 && ranging->limit < page->count ? ranging->limit : page->count;

	if (ranging->cap > 0 || !page->more || all > ROWS_EXPECTED_MAX)
		return ranging->cap == 0 ? needed : 2 * needed;
	return all > needed ? (uint32_t)all : needed;
}

static void add_rows(struct etcd_ranging *ranging, struct arena *arena,
		     const struct store_range_answer *page)
{
	uint32_t needed = ranging->count + page->row_count;

	if (!ranging->is_begun && !page->more) { /* the only one, which is kept */
		ranging->rows = page->rows;
		ranging->count = page->row_count;
		for (uint32_t i = 0; i < page->row_count; i++)
			ranging->bytes += page->rows[i].key.len + page->rows[i].value.len;
		return;
	}
	if (ranging->cap < needed) {
		uint32_t cap = rows_expected(ranging, page, needed);

		ranging->rows =
		    arena_grow(arena, ranging->rows, ranging->cap * sizeof *ranging->rows,
			       cap * sizeof *ranging->rows);
		ranging->cap = cap;
	}
	for (uint32_t i = 0; i < page->row_count; i++) {
		ranging->rows[ranging->count++] = page->rows[i];
		ranging->bytes += page->rows[i].key.len + page->rows[i].value.len;
	}
}

static void take_page(struct etcd_call *call, const struct act_msg *msg)
{
	struct etcd_ranging *ranging = call->state;
	const struct store_range_answer *page = ACT_AS(msg, store_range_answer);
	bool is_cut;

	add_rows(ranging, call->arena, page);
	if (!ranging->is_begun) {
		ranging->is_begun = true;
		ranging->revision = page->revision;
		ranging->latest = page->latest > page->revision ? page->latest : page->revision;
		ranging->total = page->count;
		etcd_saw_revision(call->etcd, ranging->latest);
	}
	/* By the page's bytes, not by what was asked for. */
	is_cut = page->more && (ranging->limit == 0 || ranging->count < ranging->limit);
	ranging->more = page->more && !is_cut;
	etcd_call_keep(call, msg, page->arena);
	if (ranging->bytes > LIMIT_RESPONSE_BYTES)
		etcd_call_fail(call, ranging->too_large);
	else if (is_cut)
		etcd_range_ask(call);
	else
		ranging->done(call);
}

void etcd_range_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	if (status == OK)
		take_page(call, msg);
	else if (status == BAD_REQUEST)
		etcd_call_fail(call, ETCD_FUTURE_REVISION);
	else
		etcd_call_fail_status(call, status);
}
