#include "actors/server/flow/level.h"

#include <math.h>
#include <stdlib.h>

#include "actors/server/cache/cache.h"
#include "datastore/schema/flowcontrol.h"

#define CATCH_ALL STR("catch-all")
#define EXEMPT STR("exempt")
#define CATCH_ALL_SHARES 5
#define WIDTH_FRACTION 0.15 /* upstream's: of a level's seats for one request */

typedef const struct flowcontrol_priority_level_configuration configuration;
typedef const struct flowcontrol_flow_schema flow_schema;

const char *const level_refusal_names[LEVEL_REFUSALS] = { "queue-full", "concurrency-limit",
							  "time-out", "cancelled" };

void levels_init(struct levels *levels, uint32_t seats, struct list *ready, struct mono now)
{
	*levels = (struct levels){
		.seats = seats, .ready = ready, .lent = now, .seen = { UINT64_MAX, UINT64_MAX }
	};
	list_init(&levels->levels);
	list_init(&levels->schemas);
	levels_refresh(levels, NULL, NULL, now);
}

static void level_free(struct level *level)
{
	list_remove(&level->link);
	fair_queue_fini(&level->queue);
	object_unref(level->object);
	mem_free(level);
}

static void schema_free(struct level_schema *schema)
{
	list_remove(&schema->link);
	object_unref(schema->object);
	mem_free(schema);
}

void levels_fini(struct levels *levels)
{
	list_each (&levels->schemas, link)
		schema_free(list_item(link, struct level_schema, link));
	list_each (&levels->levels, link)
		level_free(list_item(link, struct level, link));
	mem_free(levels->order);
}

/* ---- levels ------------------------------------------------------------------------------------------------------ */

static struct level *find_level(const struct levels *levels, struct str name)
{
	list_each (&levels->levels, link) {
		struct level *level = list_item(link, struct level, link);

		if (str_eq(level->name, name))
			return level;
	}
	return NULL;
}

static struct level *take_level(struct levels *levels, struct str name, const struct object *object,
				struct mono now)
{
	struct level *level = find_level(levels, name);

	if (level == NULL) {
		level = mem_new(struct level);
		level->retry.after_s = 1;
		fair_queue_init(&level->queue, levels->ready, now);
		list_push(&levels->levels, &level->link);
	}
	if (object != NULL)
		object_ref(object);
	object_unref(level->object);
	level->object = object;
	level->name = object != NULL ? object_name(object) : name;
	level->uid = object != NULL ? object_uid(object) : STR("");
	level->is_current = true;
	level->hand_size = 0;
	level->queue.limits.lanes = level->queue.limits.length_max = 0;
	return level;
}

static void read_limited(struct level *level,
			 const struct flowcontrol_limited_priority_level_configuration *limited)
{
	const struct flowcontrol_queuing_configuration *queuing = limited->limit_response->queuing;

	level->shares = limited->nominal_concurrency_shares;
	level->lendable_percent = limited->lendable_percent;
	level->borrowing_percent =
	    limited->has.borrowing_limit_percent ? limited->borrowing_limit_percent : -1;
	if (queuing == NULL)
		return;
	level->queue.limits.lanes = (uint32_t)queuing->queues;
	level->queue.limits.length_max = (uint32_t)queuing->queue_length_limit;
	level->hand_size = (uint32_t)queuing->hand_size;
}

/* What validation lets through; what was stored by others is not trusted to be that. */
static void check_lanes(struct level *level)
{
	struct fair_limits *limits = &level->queue.limits;

	if (level->hand_size > FAIR_HAND_MAX)
		level->hand_size = FAIR_HAND_MAX;
	if (level->hand_size > limits->lanes)
		level->hand_size = limits->lanes;
	if (level->hand_size == 0)
		limits->lanes = 0;
	if (level->shares < 0)
		level->shares = 0;
	limits->hand_size = level->hand_size;
	limits->is_exempt = level->is_exempt;
}

static bool read_level(void *arg, struct str key, const struct object *object)
{
	struct levels *levels = arg;
	configuration *read = object->record;
	struct level *level = take_level(levels, object_name(object), object, levels->lent);

	(void)key;
	level->is_exempt = str_is(read->spec->type, "Exempt");
	level->shares = level->lendable_percent = 0;
	level->borrowing_percent = -1;
	if (read->spec->limited != NULL && read->spec->limited->limit_response != NULL)
		read_limited(level, read->spec->limited);
	if (level->is_exempt && read->spec->exempt != NULL) {
		level->shares = read->spec->exempt->nominal_concurrency_shares;
		level->lendable_percent = read->spec->exempt->lendable_percent;
	}
	check_lanes(level);
	return true;
}

static void take_mandatory_level(struct levels *levels, struct str name, int32_t shares,
				 struct mono now)
{
	struct level *level = find_level(levels, name);

	if (level != NULL && level->is_current)
		return;
	level = take_level(levels, name, NULL, now);
	level->is_exempt = shares == 0;
	level->shares = shares;
	level->lendable_percent = 0;
	level->borrowing_percent = -1;
	check_lanes(level);
}

static void drop_levels(struct levels *levels)
{
	list_each (&levels->levels, link) {
		struct level *level = list_item(link, struct level, link);
		bool is_named = false;

		list_each (&levels->schemas, other)
			is_named |= list_item(other, struct level_schema, link)->level == level;
		if (!level->is_current && !is_named && fair_queue_is_idle(&level->queue))
			level_free(level);
	}
}

/* ---- seats ------------------------------------------------------------------------------------------------------- */

static uint32_t rounded(double value)
{
	return value <= 0 ? 0 : (uint32_t)round(value);
}

/* MAX(1, MIN(15 %, seats / hand)): one request may not take what a whole hand of flows has. */
static uint32_t width_max_of(const struct level *level)
{
	uint32_t of_all = (uint32_t)ceil(level->nominal * WIDTH_FRACTION), of_hand;

	if (level->hand_size == 0)
		return 0;
	of_hand = level->nominal / level->hand_size;
	if (of_hand < of_all)
		of_all = of_hand;
	return of_all > 0 ? of_all : 1;
}

static void divide(struct levels *levels)
{
	int64_t sum = 0;

	list_each (&levels->levels, link)
		sum += list_item(link, struct level, link)->shares;
	levels->nominal_sum = 0;
	list_each (&levels->levels, link) {
		struct level *level = list_item(link, struct level, link);
		double nominal =
		    sum > 0 ? ceil((double)levels->seats * level->shares / (double)sum) : 0;
		uint32_t lendable = rounded(nominal * level->lendable_percent / 100.0);

		level->nominal = (uint32_t)nominal;
		level->least = lendable < level->nominal ? level->nominal - lendable : 0;
		level->most =
		    level->borrowing_percent < 0
			? level->nominal + levels->seats
			: level->nominal + rounded(nominal * level->borrowing_percent / 100.0);
		level->width_max = width_max_of(level);
		levels->nominal_sum += level->nominal;
	}
}

/* At least what it wanted at most of late, as far as that is its own. */
static uint32_t least_now(const struct level *level)
{
	double own =
	    level->queue.demand.high < level->nominal ? level->queue.demand.high : level->nominal;

	return own > level->least ? (uint32_t)own : level->least;
}

static void set_current(struct level *level, double seats, struct mono now)
{
	struct fair_limits limits = level->queue.limits;

	level->current = limits.seats = rounded(seats);
	limits.nominal = level->nominal;
	fair_queue_configure(&level->queue, &limits, now);
}

static uint32_t list_len(const struct list *list)
{
	uint32_t len = 0;

	list_each (list, link)
		len++;
	return len;
}

struct lending {
	struct demand_share *shares;
	uint32_t count;
	double left, least,
	    least_now; /* seats: that the exempt ones leave; that must be; that were wanted */
};

/* Exempt levels have what they want, the others divide what is left. */
static void gather(struct levels *levels, struct lending *lending, struct mono now)
{
	list_each (&levels->levels, link) {
		struct level *level = list_item(link, struct level, link);
		uint32_t least = least_now(level);

		level->target =
		    level->queue.demand.smoothed > least ? level->queue.demand.smoothed : least;
		if (level->is_exempt) {
			lending->left -= least;
			set_current(level, least, now);
			continue;
		}
		lending->shares[lending->count++] = (struct demand_share){
			.lower = least, .upper = fmax(level->most, least), .target = level->target
		};
		lending->least += level->least;
		lending->least_now += least;
	}
}

static void lend(struct levels *levels, struct mono now)
{
	struct lending lending = { .left = levels->nominal_sum };
	uint32_t at = 0;
	double part = 0;

	lending.shares = mem_zalloc((list_len(&levels->levels) + 1) * sizeof *lending.shares);
	gather(levels, &lending, now);
	levels->fair_fraction = 0;
	if (lending.left > lending.least_now)
		levels->fair_fraction = demand_divide(lending.left, lending.shares, lending.count);
	else if (lending.left > lending.least)
		part = (lending.left - lending.least) / (lending.least_now - lending.least);
	list_each (&levels->levels, link) {
		struct level *level = list_item(link, struct level, link);
		const struct demand_share *share = &lending.shares[at];

		if (level->is_exempt)
			continue;
		at++;
		set_current(level,
			    lending.left > lending.least_now
				? share->share
				: level->least + round((share->lower - level->least) * part),
			    now);
	}
	mem_free(lending.shares);
}

/* ---- schemas ----------------------------------------------------------------------------------------------------- */

static struct level_schema *find_schema(const struct levels *levels, struct str name,
					const struct level *level)
{
	list_each (&levels->schemas, link) {
		struct level_schema *schema = list_item(link, struct level_schema, link);

		if (schema->level == level && str_eq(schema->name, name))
			return schema;
	}
	return NULL;
}

static void take_schema(struct levels *levels, struct str name, struct str level_name,
			const struct object *object, int32_t precedence)
{
	struct level *level = find_level(levels, level_name);
	struct level_schema *schema;

	if (level == NULL || !level->is_current)
		return; /* it dangles */
	schema = find_schema(levels, name, level);
	if (schema == NULL) {
		schema = mem_new(struct level_schema);
		schema->level = level;
		list_push(&levels->schemas, &schema->link);
	}
	if (object != NULL)
		object_ref(object);
	object_unref(schema->object);
	schema->object = object;
	schema->name = object != NULL ? object_name(object) : name;
	schema->uid = object != NULL ? object_uid(object) : STR("");
	schema->precedence = precedence;
	schema->is_current = true;
	levels->order_len++;
}

static bool read_schema(void *arg, struct str key, const struct object *object)
{
	flow_schema *read = object->record;

	(void)key;
	if (read->spec->priority_level_configuration != NULL)
		take_schema(arg, object_name(object), read->spec->priority_level_configuration->name,
			    object, read->spec->matching_precedence);
	return true;
}

static void take_mandatory_schema(struct levels *levels, struct str name, int32_t precedence)
{
	const struct level_schema *schema = find_schema(levels, name, find_level(levels, name));

	if (schema == NULL || !schema->is_current)
		take_schema(levels, name, name, NULL, precedence);
}

static int compare(const void *a, const void *b)
{
	const struct level_schema *x = *(struct level_schema *const *)a;
	const struct level_schema *y = *(struct level_schema *const *)b;

	if (x->precedence != y->precedence)
		return x->precedence < y->precedence ? -1 : 1;
	return str_cmp(x->name, y->name);
}

static void arrange(struct levels *levels)
{
	uint32_t at = 0;

	mem_free(levels->order);
	levels->order = mem_alloc(levels->order_len * sizeof(struct level_schema *));
	list_each (&levels->schemas, link) {
		struct level_schema *schema = list_item(link, struct level_schema, link);

		if (schema->is_current)
			levels->order[at++] = schema;
		else if (schema->tickets == 0)
			schema_free(schema);
	}
	assert(at == levels->order_len);
	qsort(levels->order, at, sizeof(struct level_schema *), compare);
	levels->last = find_schema(levels, CATCH_ALL, find_level(levels, CATCH_ALL));
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static void forget_all(struct levels *levels)
{
	list_each (&levels->levels, link)
		list_item(link, struct level, link)->is_current = false;
	list_each (&levels->schemas, link)
		list_item(link, struct level_schema, link)->is_current = false;
	levels->order_len = 0;
}

static void read_all(struct levels *levels, struct cache *schemas, struct cache *configurations,
		     struct mono now)
{
	forget_all(levels);
	if (configurations != NULL)
		cache_each(configurations, STR(""), STR_NONE, read_level, levels);
	take_mandatory_level(levels, EXEMPT, 0, now);
	take_mandatory_level(levels, CATCH_ALL, CATCH_ALL_SHARES, now);
	if (schemas != NULL)
		cache_each(schemas, STR(""), STR_NONE, read_schema, levels);
	take_mandatory_schema(levels, EXEMPT, 1);
	take_mandatory_schema(levels, CATCH_ALL, INT32_MAX);
	arrange(levels);
	drop_levels(levels);
	divide(levels);
	lend(levels, now);
}

void levels_refresh(struct levels *levels, struct cache *schemas, struct cache *configurations,
		    struct mono now)
{
	uint64_t seen[2] = { schemas != NULL ? cache_changed(schemas) : 0,
			     configurations != NULL ? cache_changed(configurations) : 0 };

	if (seen[0] == levels->seen[0] && seen[1] == levels->seen[1])
		return;
	levels->seen[0] = seen[0];
	levels->seen[1] = seen[1];
	read_all(levels, schemas, configurations, now);
}

void levels_tick(struct levels *levels, struct mono now)
{
	if (now.ns - levels->lent.ns < LEVELS_LEND_MS * TIME_MS)
		return;
	levels->lent = now;
	list_each (&levels->schemas, link) {
		struct level_schema *schema = list_item(link, struct level_schema, link);

		if (!schema->is_current && schema->tickets == 0)
			schema_free(schema);
	}
	drop_levels(levels);
	divide(levels);
	list_each (&levels->levels, link)
		demand_sum_up(&list_item(link, struct level, link)->queue.demand, now);
	lend(levels, now);
}

/* ---- asking -------------------------------------------------------------------------------------------------------- */

/* A mandatory one that nobody has made. */
static bool matches_mandatory(const struct level_schema *schema, const struct flow_asked *asked)
{
	return !schema->level->is_exempt || user_is_in(asked->user, GROUP_MASTERS);
}

struct str level_schema_distinguisher(const struct level_schema *schema,
				      const struct flow_asked *asked)
{
	flow_schema *read = schema->object != NULL ? schema->object->record : NULL;

	if (read != NULL)
		return flow_schema_distinguisher(read->spec, asked);
	return schema->level->is_exempt ? STR("") : asked->user->name;
}

struct level_schema *levels_match(const struct levels *levels, const struct flow_asked *asked)
{
	for (uint32_t i = 0; i < levels->order_len; i++) {
		struct level_schema *schema = levels->order[i];
		flow_schema *read = schema->object != NULL ? schema->object->record : NULL;

		if (read == NULL ? matches_mandatory(schema, asked)
				 : flow_schema_matches(read->spec, asked))
			return schema;
	}
	return levels->last;
}

void level_schema_done(struct level_schema *schema)
{
	assert(schema->tickets > 0);
	schema->tickets--; /* what is over goes with the next tick */
}

/* ---- refusing ------------------------------------------------------------------------------------------------------ */

/* Of the last `after_s` seconds, this one apart. */
static uint32_t refused_of_late(const struct level *level)
{
	uint32_t sum = 0;

	for (int64_t i = 1; i <= level->retry.after_s; i++)
		sum += level->retry.past[(level->retry.second - i + LEVEL_RETRY_MAX_S + 1) %
					 (LEVEL_RETRY_MAX_S + 1)];
	return sum;
}

/* As TCP does: doubled when there are many, and not again before that time has passed; one less when there are few. */
static void move_retry(struct level *level)
{
	uint32_t after_s = level->retry.after_s, refused = refused_of_late(level);

	if (level->retry.second - level->retry.moved >= after_s && refused >= 3 * after_s) {
		level->retry.after_s =
		    after_s * 2 > LEVEL_RETRY_MAX_S ? LEVEL_RETRY_MAX_S : after_s * 2;
		level->retry.moved = level->retry.second;
	} else if (refused < after_s && after_s > 1) {
		level->retry.after_s--;
	}
}

uint32_t level_retry_after(struct level *level, struct mono now)
{
	const int64_t slots = LEVEL_RETRY_MAX_S + 1;
	int64_t second = now.ns / TIME_S, at = level->retry.second + 1;
	uint32_t after_s;

	if (second - at >= slots)
		at = second - slots + 1;
	if (at <= second) {
		for (; at <= second; at++)
			level->retry.past[at % slots] = 0;
		level->retry.second = second;
		move_retry(level);
	}
	after_s = level->retry.after_s;
	level->retry.past[second % slots]++;
	return after_s;
}
